//! Jobs: in order per key, leased to one worker, never lost.

use std::collections::HashSet;
use std::time::Duration;

use store::{Lease, NewJob, Store, StoreError};

use crate::harness::{Bench, Message, account, message, now, sid, store_with};

const LEASE: Duration = Duration::from_secs(30);
const SECOND: Duration = Duration::from_secs(1);

async fn enqueue(store: &Store, payload: &str, key: Option<&str>, delay: Duration) {
    let mut batch = store.batch(account(1));
    batch.enqueue(NewJob {
        queue: "send",
        ordering_key: key.map(str::to_owned),
        due_at: now(store).plus(delay),
        payload: payload.as_bytes().to_vec(),
    });
    store.commit(batch).await.unwrap();
}

async fn claim(store: &Store) -> Vec<Lease> {
    store.jobs().claim("send", 10, LEASE).await.unwrap()
}

fn payloads(leases: &[Lease]) -> Vec<&str> {
    leases.iter().map(|lease| std::str::from_utf8(&lease.payload).unwrap()).collect()
}

async fn finish(store: &Store, lease: &Lease) -> Result<(), StoreError> {
    let mut batch = store.batch(lease.scope);
    batch.finish(lease);
    store.commit(batch).await.map(drop)
}

pub(crate) async fn jobs_come_in_order_per_key(bench: &Bench) {
    let store = store_with(bench, account(1)).await;
    for (payload, key) in [("a1", Some("a")), ("a2", Some("a")), ("b1", Some("b")), ("x", None), ("y", None)]
    {
        enqueue(&store, payload, key, Duration::ZERO).await;
    }
    assert_eq!(store.jobs().depth("send").await.unwrap(), 5);
    let first = claim(&store).await;
    assert_eq!(payloads(&first), ["a1", "b1", "x", "y"]);
    assert_eq!((first[0].attempts, first[0].scope, first[0].queue.as_str()), (1, account(1), "send"));
    assert!(claim(&store).await.is_empty(), "a2 waits for a1");
    assert_eq!(store.jobs().next_due("send").await.unwrap(), Some(now(&store).plus(LEASE)));
    finish(&store, &first[0]).await.unwrap();
    assert_eq!(payloads(&claim(&store).await), ["a2"]);
    assert!(store.jobs().claim("other", 10, LEASE).await.unwrap().is_empty());
    assert_eq!(store.jobs().depth("send").await.unwrap(), 4);
    store.close().await;
}

pub(crate) async fn a_scheduled_job_holds_nothing_up_but_a_retried_one_does(bench: &Bench) {
    let store = store_with(bench, account(1)).await;
    enqueue(&store, "far", Some("a"), SECOND * 1_000).await;
    enqueue(&store, "first", Some("a"), Duration::ZERO).await;
    enqueue(&store, "second", Some("a"), SECOND).await;
    let first = claim(&store).await;
    assert_eq!(payloads(&first), ["first"]);
    bench.clock.advance(SECOND * 2);
    let mut batch = store.batch(account(1));
    batch.reschedule(&first[0], now(&store).plus(SECOND * 5));
    store.commit(batch).await.unwrap();
    assert!(claim(&store).await.is_empty(), "second waits for the retry of first");
    assert_eq!(store.jobs().next_due("send").await.unwrap(), Some(now(&store).plus(SECOND * 5)));

    bench.clock.advance(SECOND * 5);
    let again = claim(&store).await;
    assert_eq!(payloads(&again), ["first"]);
    assert_eq!((again[0].attempts, &again[0].id), (2, &first[0].id));
    finish(&store, &again[0]).await.unwrap();
    let second = claim(&store).await;
    assert_eq!(payloads(&second), ["second"]);
    finish(&store, &second[0]).await.unwrap();
    assert!(claim(&store).await.is_empty());
    bench.clock.advance(SECOND * 1_000);
    assert_eq!(payloads(&claim(&store).await), ["far"]);
    store.close().await;
}

pub(crate) async fn an_expired_lease_is_lost(bench: &Bench) {
    let store = store_with(bench, account(1)).await;
    enqueue(&store, "job", None, Duration::ZERO).await;
    let first = claim(&store).await;
    bench.clock.advance(LEASE - SECOND);
    store.jobs().extend(&first[0], LEASE).await.unwrap();
    bench.clock.advance(SECOND * 2);
    assert!(claim(&store).await.is_empty(), "the lease was extended");
    bench.clock.advance(LEASE);
    let second = claim(&store).await;
    assert_eq!(second[0].attempts, 2);
    assert_eq!(store.jobs().extend(&first[0], LEASE).await, Err(StoreError::Conflict));
    assert_eq!(finish(&store, &first[0]).await, Err(StoreError::Conflict));
    finish(&store, &second[0]).await.unwrap();
    assert_eq!(finish(&store, &second[0]).await, Err(StoreError::Conflict));
    assert_eq!(store.jobs().depth("send").await.unwrap(), 0);
    assert_eq!(store.jobs().next_due("send").await.unwrap(), None);
    store.close().await;
}

pub(crate) async fn a_lost_lease_undoes_the_whole_batch(bench: &Bench) {
    let scope = account(1);
    let store = store_with(bench, scope).await;
    enqueue(&store, "job", None, Duration::ZERO).await;
    let lost = claim(&store).await;
    bench.clock.advance(LEASE);
    assert_eq!(claim(&store).await.len(), 1);
    for put_back in [false, true] {
        let mut batch = store.batch(scope);
        batch.insert::<Message>(message(1, now(&store), "x"));
        batch.record(b"done".to_vec());
        if put_back {
            batch.reschedule(&lost[0], now(&store));
        } else {
            batch.finish(&lost[0]);
        }
        assert_eq!(store.commit(batch).await, Err(StoreError::Conflict));
    }
    assert!(store.scope(scope).get::<Message>(sid(1)).await.unwrap().is_none());
    assert_eq!(store.journal().head().await.unwrap().sequence, 0);
    store.close().await;
}

pub(crate) async fn no_job_is_claimed_twice(bench: &Bench) {
    const JOBS: usize = 300;
    let store = store_with(bench, account(1)).await;
    let mut batch = store.batch(account(1));
    for number in 0..JOBS {
        batch.enqueue(NewJob {
            queue: "send",
            ordering_key: (number % 3 == 0).then(|| format!("key {}", number % 7)),
            due_at: now(&store),
            payload: number.to_string().into_bytes(),
        });
    }
    store.commit(batch).await.unwrap();
    let mut workers = Vec::new();
    for _ in 0..6 {
        let store = store.clone();
        workers.push(tokio::spawn(async move {
            let mut done = Vec::new();
            while store.jobs().depth("send").await.unwrap() > 0 {
                for lease in store.jobs().claim("send", 7, LEASE).await.unwrap() {
                    finish(&store, &lease).await.unwrap();
                    done.push(lease.payload);
                }
            }
            done
        }));
    }
    let mut done = Vec::new();
    for worker in workers {
        done.extend(worker.await.unwrap());
    }
    assert_eq!(done.len(), JOBS);
    assert_eq!(done.into_iter().collect::<HashSet<_>>().len(), JOBS);
    store.close().await;
}

pub(crate) async fn workers_are_told_of_new_work(bench: &Bench) {
    let store = store_with(bench, account(1)).await;
    let changed = store.jobs().changed();
    enqueue(&store, "job", Some("a"), Duration::ZERO).await;
    changed.notified().await;
    let leases = claim(&store).await;
    finish(&store, &leases[0]).await.unwrap();
    changed.notified().await;
    store.close().await;
}

pub(crate) async fn payloads_and_keys_are_not_readable(bench: &Bench) {
    let store = store_with(bench, account(1)).await;
    enqueue(&store, "job one", Some("a"), Duration::ZERO).await;
    enqueue(&store, "job two", None, Duration::ZERO).await;
    // A payload put into another job does not open; its job is left out, the others still come.
    bench
        .execute(
            "UPDATE jobs SET payload = (SELECT o.payload FROM jobs o WHERE o.ordering_key IS NOT NULL)
             WHERE ordering_key IS NULL",
        )
        .await;
    let leases = claim(&store).await;
    assert_eq!(payloads(&leases), ["job one"]);
    assert_eq!(format!("{:?}", leases[0]), format!("job {} in send, attempt 1", leases[0].id));
    store.close().await;
}
