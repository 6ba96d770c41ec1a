//! Jobs that cannot be done end up parked: kept, told of, and in nobody's way.

use std::sync::{Arc, Mutex};

use jobs::limits::{FAILURES_PARKED, LEASE};
use jobs::{Outcome, Queue, Reason, Runner, backoff};
use store::{Lease, Scope, StoreError};
use tokio::sync::mpsc;

use crate::bench::{Bench, QUEUE, finish, patiently, text, told};

/// A runner that remembers what was parked, and writes an entry with it.
fn remembering(bench: &mut Bench) -> Arc<Mutex<Vec<(String, Reason)>>> {
    let parked = Arc::<Mutex<Vec<(String, Reason)>>>::default();
    let kept = Arc::clone(&parked);
    let runner = Runner::new(bench.store.clone(), bench.stop.subscribe());
    bench.runner = runner.on_park(Arc::new(move |batch, lease: &Lease, reason| {
        batch.record(b"parked".to_vec());
        kept.lock().unwrap().push((lease.id.clone(), reason));
    }));
    parked
}

async fn until_parked(bench: &Bench, count: u64) {
    let look = async {
        while bench.store.jobs().parked_count().await.unwrap() != count {
            tokio::task::yield_now().await;
        }
    };
    patiently(look).await;
}

#[tokio::test]
async fn a_job_that_fails_or_panics_every_time_is_parked_and_the_next_of_its_key_goes_on() {
    for (panics, reason) in [(false, Reason::Failed), (true, Reason::Panicked)] {
        let mut bench = Bench::start().await;
        let parked = remembering(&mut bench);
        let (tell, mut heard) = mpsc::unbounded_channel();
        let store = bench.store.clone();
        bench.runner.start(Queue::new(QUEUE, 4, move |lease| {
            let (store, tell) = (store.clone(), tell.clone());
            async move {
                tell.send((text(&lease), lease.attempts)).unwrap();
                if text(&lease) == "poison" {
                    assert!(!panics, "poison");
                    return Outcome::Failed(StoreError::Conflict);
                }
                finish(&store, &lease).await
            }
        }));
        bench.enqueue(Some("key"), &["poison"]).await;
        for failures in 1..FAILURES_PARKED {
            assert_eq!(told(&mut heard).await, ("poison".into(), failures));
            bench.until_due_at(bench.now().plus(backoff(failures))).await;
            if failures + 1 == FAILURES_PARKED {
                bench.enqueue(Some("key"), &["after it"]).await;
            }
            bench.advance(backoff(failures));
        }
        assert_eq!(told(&mut heard).await, ("poison".into(), FAILURES_PARKED));
        until_parked(&bench, 1).await;
        assert_eq!(told(&mut heard).await, ("after it".into(), 1));

        let kept = bench.store.jobs().parked(None, 10).await.unwrap();
        assert_eq!((kept[0].scope, kept[0].reason.as_str()), (Scope::SYSTEM, reason.as_str()));
        assert_eq!(*parked.lock().unwrap(), [(kept[0].id.clone(), reason)]);
        let store = bench.stopped().await;
        assert_eq!(
            store.journal().head().await.unwrap().sequence,
            1,
            "the entry and the parking are one commit"
        );
        assert_eq!(store.jobs().depth(QUEUE).await.unwrap(), 0);
        store.close().await;
    }
}

#[tokio::test]
async fn a_job_that_takes_its_process_along_is_parked_by_the_next() {
    let mut bench = Bench::start().await;
    bench.enqueue(None, &["fatal"]).await;
    for failures in 0..FAILURES_PARKED {
        let taken = bench.take(1).await;
        assert_eq!(taken.leases[0].failures, failures);
        bench.clock.advance(LEASE);
    }
    let parked = remembering(&mut bench);
    bench.runner.start(Queue::new(QUEUE, 4, |_| async { unreachable!("it is not tried again") }));
    until_parked(&bench, 1).await;
    assert_eq!(parked.lock().unwrap()[0].1, Reason::Abandoned);
    bench.stopped().await.close().await;
}

/// A job that a handler puts back itself is no failure, however often that happens.
#[tokio::test]
async fn waiting_is_no_failure() {
    let mut bench = Bench::start().await;
    let (tell, mut heard) = mpsc::unbounded_channel();
    let store = bench.store.clone();
    bench.runner.start(Queue::new(QUEUE, 1, move |lease| {
        let (store, tell) = (store.clone(), tell.clone());
        async move {
            tell.send((lease.attempts, lease.failures)).unwrap();
            match lease.attempts {
                1 => Outcome::Failed(StoreError::Conflict),
                attempt if attempt > FAILURES_PARKED + 2 => finish(&store, &lease).await,
                _ => Outcome::RetryAt(store.clock().now()),
            }
        }
    }));
    bench.enqueue(None, &["patient"]).await;
    assert_eq!(told(&mut heard).await, (1, 0));
    bench.until_due_at(bench.now().plus(backoff(1))).await;
    bench.advance(backoff(1));
    assert_eq!(told(&mut heard).await, (2, 1));
    for attempts in 3..=FAILURES_PARKED + 3 {
        assert_eq!(told(&mut heard).await, (attempts, 0));
    }
    let store = bench.stopped().await;
    assert_eq!(store.jobs().parked_count().await.unwrap(), 0);
    store.close().await;
}
