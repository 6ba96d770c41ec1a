//! A clock that leaps forward: the leases in hand end, and no job runs beside itself. One that goes back: nothing waits
//! for a time that was never meant, nor what is written by those who had read the time before.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use jobs::Queue;
use store::Lease;
use tokio::sync::mpsc;

use crate::bench::{Bench, QUEUE, finish, patiently, telling, told};

/// Counts handlers that run at the same time.
#[derive(Default)]
struct Beside {
    now: AtomicUsize,
    most: AtomicUsize,
}

struct Inside(Arc<Beside>);

impl Beside {
    fn enter(self: &Arc<Self>) -> Inside {
        let now = self.now.fetch_add(1, Ordering::SeqCst) + 1;
        self.most.fetch_max(now, Ordering::SeqCst);
        Inside(Arc::clone(self))
    }
}

impl Drop for Inside {
    fn drop(&mut self) {
        self.0.now.fetch_sub(1, Ordering::SeqCst);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_clock_that_leaps_forward_runs_nothing_beside_itself() {
    let mut bench = Bench::start().await;
    let (tell, mut heard) = mpsc::unbounded_channel();
    let beside = Arc::new(Beside::default());
    let (store, counted) = (bench.store.clone(), Arc::clone(&beside));
    bench.runner.start(Queue::new(QUEUE, 4, move |lease| {
        let (store, tell, counted) = (store.clone(), tell.clone(), Arc::clone(&counted));
        async move {
            let _inside = counted.enter();
            tell.send(lease.attempts).unwrap();
            match lease.attempts {
                1 => std::future::pending().await,
                _ => finish(&store, &lease).await,
            }
        }
    }));
    bench.enqueue(None, &["job"]).await;
    assert_eq!(told(&mut heard).await, 1);
    bench.advance(Duration::from_secs(3 * 3_600));
    assert_eq!(told(&mut heard).await, 2);
    let store = patiently(bench.stopped()).await;
    assert_eq!(store.jobs().depth(QUEUE).await.unwrap(), 0);
    assert_eq!(beside.most.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn what_is_written_late_by_a_clock_that_went_back_is_not_waited_for() {
    const HOUR: Duration = Duration::from_secs(3_600);
    let mut bench = Bench::start().await;
    bench.enqueue(None, &["retried", "late"]).await;
    let leases = bench.take(2).await.leases;
    let before = bench.now();
    let store = bench.store.clone();
    let put_back = async |lease: &Lease| {
        let mut batch = store.batch(lease.scope);
        batch.reschedule(lease, before, 1);
        store.commit(batch).await.unwrap();
    };
    let (tell, mut heard) = mpsc::unbounded_channel();
    bench.runner.start(telling(&bench.store, QUEUE, tell));
    bench.enqueue(None, &["the clock is watched"]).await;
    assert_eq!(told(&mut heard).await, "the clock is watched");

    bench.clock.set_back(HOUR);
    put_back(&leases[0]).await;
    assert_eq!(told(&mut heard).await, "retried");
    put_back(&leases[1]).await;
    assert_eq!(told(&mut heard).await, "late");
    bench.stopped().await;
}
