//! Jobs: in order per key, leased to one worker, never lost.

use std::collections::HashSet;
use std::time::Duration;

use base::Timestamp;
use store::{Database, Lane, Lease, NewJob, Share, Store, StoreError, Taken, Waiting, limits};

use crate::harness::{Bench, Message, account, message, now, on_sqlite, sid, store_with};

const LEASE: Duration = Duration::from_secs(30);
const SECOND: Duration = Duration::from_secs(1);

async fn enqueue(store: &Store, payload: &str, key: Option<&str>, delay: Duration) {
    let mut batch = store.batch(account(1));
    batch.enqueue(NewJob {
        queue: "send",
        lane: None,
        ordering_key: key.map(str::to_owned),
        due_at: now(store).plus(delay),
        payload: payload.as_bytes().to_vec(),
    });
    store.commit(batch).await.unwrap();
}

/// Takes up to `limit` jobs of every lane that has some.
async fn take(store: &Store, queue: &'static str, limit: usize) -> Taken {
    let now = now(store);
    let waiting = store.jobs().look(queue, None).await.unwrap();
    let share = |waiting: Waiting| Share { lane: waiting.lane, limit, due_by: now };
    let shares: Vec<_> = waiting.into_iter().map(share).collect();
    store.jobs().take(queue, &shares, LEASE).await.unwrap()
}

async fn claim(store: &Store) -> Vec<Lease> {
    take(store, "send", 10).await.leases
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
    assert!(take(&store, "other", 10).await.leases.is_empty());
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
    batch.reschedule(&first[0], now(&store).plus(SECOND * 5), 0);
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
            batch.reschedule(&lost[0], now(&store), 0);
        } else {
            batch.finish(&lost[0]);
        }
        assert_eq!(store.commit(batch).await, Err(StoreError::Conflict));
    }
    assert!(store.scope(scope).get::<Message>(sid(1)).await.unwrap().is_none());
    assert_eq!(store.journal().head().await.unwrap().sequence, 0);
    store.close().await;
}

/// Two stores on one database, as two processes have them; a file has one.
async fn two(bench: &Bench) -> [Store; 2] {
    let store = store_with(bench, account(1)).await;
    let second = match bench.database {
        Database::Postgres(_) => bench.open().await,
        Database::Sqlite(_) => store.clone(),
    };
    [store, second]
}

/// The clock stands, so a job that is held when it should not be is never done, and the test does not end.
pub(crate) async fn no_job_is_claimed_twice_and_none_is_forgotten(bench: &Bench) {
    const JOBS: usize = 300;
    let stores = two(bench).await;
    let mut batch = stores[0].batch(account(1));
    for number in 0..JOBS {
        batch.enqueue(NewJob {
            queue: "send",
            lane: Some(format!("lane {}", number % 3)),
            ordering_key: (number % 2 == 0).then(|| format!("key {}", number % 7)),
            due_at: now(&stores[0]),
            payload: number.to_string().into_bytes(),
        });
    }
    stores[0].commit(batch).await.unwrap();
    let mut workers = Vec::new();
    for number in 0..6 {
        let store = stores[number % 2].clone();
        workers.push(tokio::spawn(async move {
            let mut done = Vec::new();
            while store.jobs().depth("send").await.unwrap() > 0 {
                for lease in take(&store, "send", 5).await.leases {
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
    for store in stores {
        store.close().await;
    }
}

/// A job is enqueued, and somebody looks for work, after the transaction that ends the one in front of it has let the next
/// one go and before it commits. Were the new one held behind what is about to end, nobody would be left to let it go: the
/// clock hardly moves, so its hold would not end. PostgreSQL stops in between, because another transaction has a row that
/// the batch removes at its end.
pub(crate) async fn a_job_enqueued_while_the_one_before_it_ends_does_not_wait(bench: &Bench) {
    const LIMIT: Duration = Duration::from_secs(2);
    let [first, second] = two(bench).await;
    let scope = account(1);
    let mut batch = first.batch(scope);
    batch.insert::<Message>(message(1, now(&first), "x"));
    first.commit(batch).await.unwrap();
    enqueue(&first, "in front", Some("a"), Duration::ZERO).await;
    let front = claim(&first).await.remove(0);

    let row = bench.hold("SELECT sid FROM documents FOR UPDATE").await;
    let mut batch = first.batch(scope);
    batch.finish(&front);
    batch.delete(&first.scope(scope).get::<Message>(sid(1)).await.unwrap().unwrap());
    let finishing = tokio::spawn({
        let store = first.clone();
        async move { store.commit(batch).await }
    });
    while row.is_some() && bench.waiting().await == 0 {}
    let enqueueing = tokio::spawn({
        let store = second.clone();
        async move { enqueue(&store, "next", Some("a"), Duration::ZERO).await }
    });
    // Either it is committed by now or it waits as well: whatever can be seen is taken or held.
    while row.is_some() && !enqueueing.is_finished() && bench.waiting().await < 2 {}
    let mut leases = claim(&second).await;
    drop(row);
    finishing.await.unwrap().unwrap();
    enqueueing.await.unwrap();
    // A later claim looks again at what it has held itself, and only at that.
    bench.clock.advance(Duration::from_millis(1));
    let claimed = tokio::time::timeout(LIMIT, async {
        while leases.is_empty() {
            leases = claim(&second).await;
        }
    });
    claimed.await.expect("nothing holds it");
    assert_eq!(payloads(&leases), ["next"]);
    for store in [first, second] {
        store.close().await;
    }
}

pub(crate) async fn a_lane_is_not_in_the_way_of_another(bench: &Bench) {
    let store = store_with(bench, account(1)).await;
    let mut batch = store.batch(account(1));
    let job = |lane: Option<String>, payload: &str| NewJob {
        queue: "send",
        lane,
        ordering_key: None,
        due_at: now(&store),
        payload: payload.as_bytes().to_vec(),
    };
    for number in 0..limits::LOOK_LANES + 20 {
        batch.enqueue(job(Some(number.to_string()), "one of many"));
    }
    for _ in 0..1_000 {
        batch.enqueue(job(Some("crowded".into()), "crowd"));
    }
    batch.enqueue(job(None, "without a lane"));
    store.commit(batch).await.unwrap();

    let first = store.jobs().look("send", None).await.unwrap();
    assert_eq!((first.len(), first[0].lane), (limits::LOOK_LANES, Lane::NONE));
    let rest = store.jobs().look("send", Some(first.last().unwrap().lane)).await.unwrap();
    assert_eq!(rest.len(), 22, "every lane is found once, however much waits in it");
    let lanes: HashSet<_> = first.iter().chain(&rest).map(|waiting| waiting.lane).collect();
    assert_eq!(lanes.len(), limits::LOOK_LANES + 22);
    assert!(store.jobs().look("other", None).await.unwrap().is_empty());

    let share = |lane: &str, limit| Share { lane: store.lane(lane), limit, due_by: now(&store) };
    let shares = [share("crowded", 2), share("7", 2), share("unknown", 2)];
    let taken = store.jobs().take("send", &shares, LEASE).await.unwrap();
    let mut got = payloads(&taken.leases);
    got.sort_unstable();
    assert_eq!(got, ["crowd", "crowd", "one of many"]);
    assert!(taken.leases.iter().any(|lease| lease.lane == store.lane("7")));
    let earlier = Share { due_by: Timestamp::from_seconds(1), ..share("crowded", 2) };
    assert!(store.jobs().take("send", &[earlier], LEASE).await.unwrap().leases.is_empty());
    store.close().await;
}

pub(crate) async fn a_held_job_goes_when_the_one_before_it_ends(bench: &Bench) {
    let store = store_with(bench, account(1)).await;
    for payload in ["1", "2", "3"] {
        enqueue(&store, payload, Some("a"), Duration::ZERO).await;
    }
    let taken = take(&store, "send", 10).await;
    assert_eq!((payloads(&taken.leases), taken.held), (vec!["1"], 2));
    let again = take(&store, "send", 10).await;
    assert_eq!((again.leases.len(), again.held), (0, 0), "those that wait are not looked at again");
    finish(&store, &taken.leases[0]).await.unwrap();
    assert_eq!(store.jobs().next_due("send").await.unwrap(), Some(now(&store)));
    let second = claim(&store).await;
    assert_eq!((payloads(&second), second[0].attempts, second[0].failures), (vec!["2"], 1, 0));

    // Whoever had it is gone: both come back when its lease ends, in order.
    bench.clock.advance(LEASE);
    let second = claim(&store).await;
    assert_eq!((payloads(&second), second[0].attempts, second[0].failures), (vec!["2"], 2, 1));
    let mut batch = store.batch(account(1));
    batch.park(&second[0], "failed");
    store.commit(batch).await.unwrap();
    assert_eq!(payloads(&claim(&store).await), ["3"], "a parked job holds up nobody");
    store.close().await;
}

pub(crate) async fn a_parked_job_is_kept_until_somebody_decides(bench: &Bench) {
    let store = store_with(bench, account(1)).await;
    for payload in ["bad", "worse"] {
        enqueue(&store, payload, None, Duration::ZERO).await;
        let lease = claim(&store).await.remove(0);
        let mut batch = store.batch(lease.scope);
        batch.park(&lease, "panicked");
        store.commit(batch).await.unwrap();
        assert_eq!(finish(&store, &lease).await, Err(StoreError::Conflict));
        bench.clock.advance(SECOND);
    }
    bench.clock.advance(LEASE * 2);
    assert!(claim(&store).await.is_empty());
    assert_eq!(
        (store.jobs().depth("send").await.unwrap(), store.jobs().parked_count().await.unwrap()),
        (0, 2)
    );
    let parked = store.jobs().parked(None, 10).await.unwrap();
    assert_eq!(parked.len(), 2);
    assert_eq!((parked[0].queue.as_str(), parked[0].reason.as_str()), ("send", "panicked"));
    assert_eq!((parked[0].scope, parked[0].attempts), (account(1), 1));
    let after = Some((parked[0].parked_at, parked[0].id.as_str()));
    assert_eq!(store.jobs().parked(after, 10).await.unwrap(), parked[1..]);
    assert_eq!(store.jobs().parked_job(&parked[1].id).await.unwrap().as_ref(), Some(&parked[1]));

    let decide = async |decide: fn(&mut store::Batch, &str), id: &str| {
        let mut batch = store.batch(account(1));
        decide(&mut batch, id);
        store.commit(batch).await
    };
    decide(store::Batch::requeue, &parked[0].id).await.unwrap();
    decide(store::Batch::discard, &parked[1].id).await.unwrap();
    for job in &parked {
        assert_eq!(decide(store::Batch::requeue, &job.id).await, Err(StoreError::Conflict));
        assert_eq!(decide(store::Batch::discard, &job.id).await, Err(StoreError::Conflict));
    }
    let back = claim(&store).await;
    assert_eq!((payloads(&back), back[0].failures, &back[0].id), (vec!["bad"], 0, &parked[0].id));
    assert_eq!(store.jobs().parked_count().await.unwrap(), 0);
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

pub(crate) async fn workers_of_another_process_are_told_too(bench: &Bench) {
    let [store, second] = two(bench).await;
    let changed = second.jobs().changed();
    let told = async {
        loop {
            // The second may not listen yet when the first is told.
            enqueue(&store, "job", None, Duration::ZERO).await;
            if tokio::time::timeout(Duration::from_millis(100), changed.notified()).await.is_ok() {
                break;
            }
        }
    };
    tokio::time::timeout(Duration::from_secs(20), told).await.expect("it is told");
    for store in [store, second] {
        store.close().await;
    }
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
    let taken = take(&store, "send", 10).await;
    let leases = taken.leases;
    assert_eq!(payloads(&leases), ["job one"]);
    assert_eq!(taken.unreadable.iter().map(|lease| lease.payload.len()).collect::<Vec<_>>(), [0]);
    assert_eq!(format!("{:?}", leases[0]), format!("job {} in send, attempt 1", leases[0].id));
    store.close().await;
}

pub(crate) async fn after_a_step_back_nothing_waits_for_a_time_never_meant(bench: &Bench) {
    const DAY: Duration = Duration::from_secs(86_400);
    // The clock of the bench only goes forward: jobs are written as by one that was a day ahead.
    let store = store_with(bench, account(1)).await;
    let real = now(&store);
    bench.clock.advance(DAY);
    enqueue(&store, "retried", None, Duration::ZERO).await;
    enqueue(&store, "leased", None, Duration::ZERO).await;
    let leases = claim(&store).await;
    assert_eq!(payloads(&leases), ["retried", "leased"]);
    let mut batch = store.batch(account(1));
    batch.reschedule(&leases[0], now(&store).plus(DAY), 0);
    store.commit(batch).await.unwrap();
    enqueue(&store, "due", None, Duration::ZERO).await;
    enqueue(&store, "planned", None, DAY).await;

    store.jobs().after_step_back(real, SECOND * 900, LEASE).await.unwrap();
    for (at, expected) in [
        (real, &["due", "retried"][..]),
        (real.plus(LEASE - SECOND), &[]),
        (real.plus(LEASE), &["leased"]),
        (real.plus(DAY * 2 - SECOND), &[]),
        (real.plus(DAY * 2), &["planned"]),
    ] {
        let share = Share { lane: Lane::NONE, limit: 10, due_by: at };
        let taken = store.jobs().take("send", &[share], DAY * 9).await.unwrap();
        let mut found = payloads(&taken.leases);
        found.sort_unstable();
        assert_eq!(found, expected);
    }
    store.close().await;
}

#[test]
fn leases_on_a_file_end_when_it_is_opened_again() {
    on_sqlite(async |bench| {
        let mut store = store_with(bench, account(1)).await;
        enqueue(&store, "job", None, Duration::ZERO).await;
        // One left behind again and again comes back later each time, and in the end is parked.
        for (failures, pause) in [0, 1, 3, 7].into_iter().enumerate() {
            bench.clock.advance(SECOND * pause);
            let lease = claim(&store).await.pop().unwrap();
            assert_eq!(lease.failures as usize, failures);
            store.close().await;
            store = bench.open().await;
        }
        assert!(claim(&store).await.is_empty());
        store.close().await;
    });
}
