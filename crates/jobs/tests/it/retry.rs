//! A job is run until it is done: once when all goes well, again after a failure or a crash.

use std::time::Duration;

use jobs::limits::{FIRST_BACKOFF, LEASE};
use jobs::{Outcome, Queue, backoff};
use store::StoreError;
use tokio::sync::mpsc;

use crate::bench::{Bench, QUEUE, finish, patiently, telling, text, told};

#[tokio::test]
async fn runs_a_job_once() {
    let mut bench = Bench::start().await;
    let (tell, mut heard) = mpsc::unbounded_channel();
    bench.enqueue(None, &["before the queue starts"]).await;
    bench.runner.start(telling(&bench.store, QUEUE, tell));
    assert_eq!(told(&mut heard).await, "before the queue starts");
    bench.enqueue(None, &["after"]).await;
    assert_eq!(told(&mut heard).await, "after");
    bench.advance(LEASE * 2);
    let store = bench.stopped().await;
    assert_eq!(store.jobs().depth(QUEUE).await.unwrap(), 0);
    assert!(heard.try_recv().is_err(), "neither ran twice");
    store.close().await;
}

#[tokio::test]
async fn retries_a_failing_job_with_growing_pauses() {
    let mut bench = Bench::start().await;
    let (tell, mut heard) = mpsc::unbounded_channel();
    let store = bench.store.clone();
    bench.runner.start(Queue::new(QUEUE, 1, move |lease| {
        let (store, tell) = (store.clone(), tell.clone());
        async move {
            tell.send((lease.attempts, lease.id.clone())).unwrap();
            match lease.attempts {
                4 => finish(&store, &lease).await,
                _ => Outcome::Failed(StoreError::Conflict),
            }
        }
    }));
    bench.enqueue(None, &["job"]).await;
    let mut ids = Vec::new();
    for attempt in 1..=4 {
        let (attempts, id) = told(&mut heard).await;
        assert_eq!(attempts, attempt);
        ids.push(id);
        if attempt < 4 {
            let pause = FIRST_BACKOFF * (1 << (attempt - 1));
            assert_eq!(backoff(attempt), pause);
            bench.until_due_at(bench.now().plus(pause)).await;
            bench.advance(pause - Duration::from_micros(1));
            assert!(bench.take(1).await.leases.is_empty(), "not before its time");
            bench.advance(Duration::from_micros(1));
        }
    }
    ids.dedup();
    assert_eq!(ids.len(), 1, "a job keeps its id, which others know it by");
    let store = bench.stopped().await;
    assert_eq!(store.jobs().depth(QUEUE).await.unwrap(), 0);
    store.close().await;
}

#[tokio::test]
async fn runs_a_job_again_when_its_handler_says() {
    let mut bench = Bench::start().await;
    let (tell, mut heard) = mpsc::unbounded_channel();
    let (store, later) = (bench.store.clone(), bench.now().plus(Duration::from_secs(3_600)));
    bench.runner.start(Queue::new(QUEUE, 1, move |lease| {
        let (store, tell) = (store.clone(), tell.clone());
        async move {
            tell.send(lease.attempts).unwrap();
            match lease.attempts {
                1 => Outcome::RetryAt(later),
                _ => finish(&store, &lease).await,
            }
        }
    }));
    bench.enqueue(None, &["job"]).await;
    assert_eq!(told(&mut heard).await, 1);
    bench.until_due_at(later).await;
    bench.advance(Duration::from_secs(3_600));
    assert_eq!(told(&mut heard).await, 2);
    bench.stopped().await.close().await;
}

#[tokio::test]
async fn a_panicking_handler_loses_neither_its_job_nor_its_queue() {
    let mut bench = Bench::start().await;
    let (tell, mut heard) = mpsc::unbounded_channel();
    let store = bench.store.clone();
    bench.runner.start(Queue::new(QUEUE, 1, move |lease| {
        let (store, tell) = (store.clone(), tell.clone());
        async move {
            tell.send((text(&lease), lease.attempts)).unwrap();
            assert!(
                text(&lease) != "bad" || lease.attempts > 1,
                "the first attempt fails in a way nobody foresaw"
            );
            finish(&store, &lease).await
        }
    }));
    bench.enqueue(None, &["bad"]).await;
    assert_eq!(told(&mut heard).await, ("bad".into(), 1));
    bench.enqueue(None, &["good"]).await;
    assert_eq!(told(&mut heard).await, ("good".into(), 1), "the queue goes on");
    bench.until_due_at(bench.now().plus(backoff(1))).await;
    bench.advance(backoff(1));
    assert_eq!(told(&mut heard).await, ("bad".into(), 2), "and its job is tried again");
    let store = bench.stopped().await;
    assert_eq!(store.jobs().depth(QUEUE).await.unwrap(), 0);
    store.close().await;
}

#[tokio::test]
async fn runs_a_job_of_the_far_future_when_its_time_has_come() {
    let mut bench = Bench::start().await;
    let (tell, mut heard) = mpsc::unbounded_channel();
    bench.runner.start(telling(&bench.store, QUEUE, tell));
    let year = Duration::from_secs(365 * 86_400);
    bench.enqueue_at(QUEUE, bench.now().plus(year), "next year").await;
    bench.enqueue(None, &["now"]).await;
    assert_eq!(told(&mut heard).await, "now");
    bench.advance(year - Duration::from_secs(1));
    bench.enqueue(None, &["nearly a year later"]).await;
    assert_eq!(told(&mut heard).await, "nearly a year later");
    bench.advance(Duration::from_secs(1));
    assert_eq!(told(&mut heard).await, "next year");
    bench.stopped().await.close().await;
}

/// The store wakes one waiter per change. With several queues it must not matter which: a queue that
/// is not woken looks again after [`jobs::limits::IDLE_POLL`], and eighty such pauses end the patience.
#[tokio::test]
async fn a_change_wakes_the_queue_it_is_about() {
    let mut bench = Bench::start().await;
    let (tell, mut heard) = mpsc::unbounded_channel();
    for queue in ["one", "two", "three"] {
        bench.runner.start(telling(&bench.store, queue, tell.clone()));
    }
    let rounds = async {
        for round in 0..40 {
            for queue in ["one", "two", "three"] {
                let payload = format!("{queue} {round}");
                bench.enqueue_at(queue, bench.now(), &payload).await;
                assert_eq!(heard.recv().await, Some(payload));
            }
        }
    };
    patiently(rounds).await;
    bench.stopped().await.close().await;
}
