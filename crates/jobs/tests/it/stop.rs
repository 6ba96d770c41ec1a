//! Stopping: what is in hand is finished, what is not stays for the next start.

use std::sync::Arc;

use jobs::{Queue, Runner};
use tokio::sync::{Notify, mpsc, watch};

use crate::bench::{Bench, QUEUE, finish, patiently, telling, text, told};

#[tokio::test]
async fn finishes_what_is_in_hand_and_takes_nothing_more() {
    let mut bench = Bench::start().await;
    let (tell, mut heard) = mpsc::unbounded_channel();
    let (store, go_on) = (bench.store.clone(), Arc::new(Notify::new()));
    let wait = Arc::clone(&go_on);
    bench.runner.start(Queue::new(QUEUE, 1, move |lease| {
        let (store, tell, wait) = (store.clone(), tell.clone(), Arc::clone(&wait));
        async move {
            tell.send(text(&lease)).unwrap();
            wait.notified().await;
            finish(&store, &lease).await
        }
    }));
    bench.enqueue(None, &["in hand", "waiting"]).await;
    assert_eq!(told(&mut heard).await, "in hand");
    bench.stop.send(true).unwrap();
    go_on.notify_one();
    let Bench { store, runner, .. } = bench;
    patiently(runner.stopped()).await;
    assert!(heard.try_recv().is_err(), "the second was not begun");
    assert_eq!(store.jobs().depth(QUEUE).await.unwrap(), 1, "and the first is done");

    let (_stop, stopped) = watch::channel(false);
    let (tell, mut heard) = mpsc::unbounded_channel();
    let mut next = Runner::new(store.clone(), stopped);
    next.start(telling(&store, QUEUE, tell));
    assert_eq!(told(&mut heard).await, "waiting", "the next start does it");
    store.close().await;
}

#[tokio::test]
async fn an_idle_runner_stops_at_once() {
    let mut bench = Bench::start().await;
    let (tell, _heard) = mpsc::unbounded_channel();
    bench.runner.start(telling(&bench.store, "one", tell.clone()));
    bench.runner.start(telling(&bench.store, "two", tell));
    bench.stopped().await.close().await;
}

#[tokio::test]
async fn a_runner_without_queues_is_stopped_already() {
    patiently(Bench::start().await.runner.stopped()).await;
}

#[tokio::test]
async fn stops_when_nobody_can_tell_it_to_any_more() {
    let mut bench = Bench::start().await;
    let (tell, _heard) = mpsc::unbounded_channel();
    bench.runner.start(telling(&bench.store, QUEUE, tell));
    let Bench { stop, runner, .. } = bench;
    drop(stop);
    patiently(runner.stopped()).await;
}
