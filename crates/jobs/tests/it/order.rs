//! Jobs of one key are done one after the other, jobs of different keys beside each other.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use jobs::{Outcome, Queue};
use store::StoreError;
use tokio::sync::{Barrier, mpsc};

use crate::bench::{Bench, QUEUE, finish, patiently, text, told};

#[tokio::test]
async fn keeps_the_order_of_a_key_with_many_at_once() {
    let mut bench = Bench::start().await;
    let (tell, mut heard) = mpsc::unbounded_channel();
    let (store, running) = (bench.store.clone(), Arc::new(Mutex::new(HashMap::<String, usize>::new())));
    bench.runner.start(Queue::new(QUEUE, 8, move |lease| {
        let (store, tell, running) = (store.clone(), tell.clone(), Arc::clone(&running));
        async move {
            let text = text(&lease);
            let key = text.split(' ').next().unwrap().to_owned();
            let count = |by: isize| {
                let mut running = running.lock().unwrap();
                let now = running.entry(key.clone()).or_default();
                *now = now.checked_add_signed(by).unwrap();
                *now
            };
            assert_eq!(count(1), 1, "two jobs of {key} run at once");
            tell.send(text).unwrap();
            for _ in 0..5 {
                tokio::task::yield_now().await;
            }
            count(-1);
            finish(&store, &lease).await
        }
    }));
    for number in 0..10 {
        for key in ["a", "b", "c"] {
            bench.enqueue(Some(key), &[&format!("{key} {number}")]).await;
        }
    }
    let mut seen: HashMap<String, Vec<String>> = HashMap::new();
    for _ in 0..30 {
        let text = told(&mut heard).await;
        let (key, number) = text.split_once(' ').unwrap();
        seen.entry(key.to_owned()).or_default().push(number.to_owned());
    }
    let expected: Vec<String> = (0..10).map(|number| number.to_string()).collect();
    assert!(seen.len() == 3 && seen.values().all(|numbers| *numbers == expected), "{seen:?}");
    bench.stopped().await.close().await;
}

#[tokio::test]
async fn a_failed_job_holds_up_its_key_and_no_other() {
    let mut bench = Bench::start().await;
    let (tell, mut heard) = mpsc::unbounded_channel();
    let store = bench.store.clone();
    bench.runner.start(Queue::new(QUEUE, 4, move |lease| {
        let (store, tell) = (store.clone(), tell.clone());
        async move {
            let text = text(&lease);
            if text == "a 0" && lease.attempts == 1 {
                return Outcome::Failed(StoreError::Conflict);
            }
            let outcome = finish(&store, &lease).await;
            tell.send(text).unwrap();
            outcome
        }
    }));
    bench.enqueue(Some("a"), &["a 0", "a 1"]).await;
    bench.until_due_at(bench.now().plus(jobs::backoff(1))).await;
    bench.enqueue(Some("b"), &["b 0"]).await;
    assert_eq!(told(&mut heard).await, "b 0");
    bench.advance(jobs::backoff(1));
    assert_eq!(told(&mut heard).await, "a 0");
    assert_eq!(told(&mut heard).await, "a 1");
    bench.stopped().await.close().await;
}

/// Every job waits for two others, so they can only end when three run at once; a fourth would show.
#[tokio::test]
async fn runs_as_many_at_once_as_the_queue_allows_and_no_more() {
    let mut bench = Bench::start().await;
    let (tell, mut heard) = mpsc::unbounded_channel();
    let (store, barrier, running) =
        (bench.store.clone(), Arc::new(Barrier::new(3)), Arc::new(AtomicUsize::new(0)));
    bench.runner.start(Queue::new(QUEUE, 3, move |lease| {
        let (store, tell) = (store.clone(), tell.clone());
        let (barrier, running) = (Arc::clone(&barrier), Arc::clone(&running));
        async move {
            tell.send(running.fetch_add(1, Ordering::SeqCst) + 1).unwrap();
            barrier.wait().await;
            let outcome = finish(&store, &lease).await;
            running.fetch_sub(1, Ordering::SeqCst);
            outcome
        }
    }));
    bench.enqueue(None, &["1", "2", "3", "4", "5", "6", "7", "8", "9"]).await;
    for _ in 0..9 {
        assert!(told(&mut heard).await <= 3);
    }
    let store = patiently(bench.stopped()).await;
    assert_eq!(store.jobs().depth(QUEUE).await.unwrap(), 0);
    store.close().await;
}
