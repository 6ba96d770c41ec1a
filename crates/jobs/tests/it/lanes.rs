//! Lanes: what does not end in one is not waited for in another.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use jobs::{Gate, Queue};
use store::{Lane, NewJob, Scope};
use tokio::sync::{Notify, mpsc};

use crate::bench::{Bench, QUEUE, finish, patiently, text, told};

async fn enqueue(bench: &Bench, lane: &str, count: usize) {
    let mut batch = bench.store.batch(Scope::SYSTEM);
    for _ in 0..count {
        batch.enqueue(NewJob {
            queue: QUEUE,
            lane: Some(lane.to_owned()),
            ordering_key: None,
            due_at: bench.now(),
            payload: lane.as_bytes().to_vec(),
        });
    }
    bench.store.commit(batch).await.unwrap();
}

/// One lane has a thousand jobs that never end, queued first. Every job of the nine others is done meanwhile.
#[tokio::test]
async fn jobs_that_never_end_hold_up_their_own_lane_only() {
    const SLOTS: usize = 16;
    let mut bench = Bench::start().await;
    let (tell, mut heard) = mpsc::unbounded_channel();
    let (store, never, stuck) = (bench.store.clone(), Arc::new(Notify::new()), Arc::new(Mutex::new(0_usize)));
    let (end, counter) = (Arc::clone(&never), Arc::clone(&stuck));
    let queue = Queue::new(QUEUE, SLOTS, move |lease| {
        let (store, tell) = (store.clone(), tell.clone());
        let (end, counter) = (Arc::clone(&end), Arc::clone(&counter));
        async move {
            if text(&lease) == "dead" {
                *counter.lock().unwrap() += 1;
                end.notified().await;
            } else {
                tell.send(text(&lease)).unwrap();
            }
            finish(&store, &lease).await
        }
    });
    enqueue(&bench, "dead", 1_000).await;
    bench.runner.start(queue.by_lane(|_| Gate::Open));
    for lane in 0..9 {
        enqueue(&bench, &format!("healthy {lane}"), 20).await;
    }
    let mut done = HashMap::<String, usize>::new();
    for _ in 0..9 * 20 {
        *done.entry(told(&mut heard).await).or_default() += 1;
    }
    assert!(done.len() == 9 && done.values().all(|count| *count == 20), "{done:?}");
    let held = *stuck.lock().unwrap();
    assert!((1..=SLOTS / 2).contains(&held), "the dead lane holds {held} of {SLOTS} slots");

    bench.stop.send(true).unwrap();
    never.notify_waiters();
    let Bench { store, runner, .. } = bench;
    patiently(runner.stopped()).await;
    store.close().await;
}

#[tokio::test]
async fn a_closed_gate_keeps_its_lane_waiting_until_it_opens() {
    let mut bench = Bench::start().await;
    let (tell, mut heard) = mpsc::unbounded_channel();
    let gates = Arc::new(Mutex::new(HashMap::<Lane, Gate>::new()));
    let closed = bench.store.lane("closed");
    let until = bench.now().plus(std::time::Duration::from_secs(60));
    gates.lock().unwrap().insert(closed, Gate::Closed { until, overdue: base::Timestamp::from_seconds(0) });
    let (store, asked) = (bench.store.clone(), Arc::clone(&gates));
    let queue = Queue::new(QUEUE, 4, move |lease| {
        let (store, tell) = (store.clone(), tell.clone());
        async move {
            tell.send(text(&lease)).unwrap();
            finish(&store, &lease).await
        }
    });
    bench
        .runner
        .start(queue.by_lane(move |lane| asked.lock().unwrap().get(&lane).copied().unwrap_or(Gate::Open)));
    enqueue(&bench, "closed", 2).await;
    enqueue(&bench, "open", 20).await;
    for _ in 0..20 {
        assert_eq!(told(&mut heard).await, "open");
    }
    assert!(heard.try_recv().is_err());
    gates.lock().unwrap().insert(closed, Gate::Trial);
    bench.store.jobs().changed().notify_one();
    for _ in 0..2 {
        assert_eq!(told(&mut heard).await, "closed");
    }
    bench.stopped().await.close().await;
}
