//! A clock that leaps forward: the leases in hand end, and no job runs beside itself.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use jobs::Queue;
use tokio::sync::mpsc;

use crate::bench::{Bench, QUEUE, finish, patiently, told};

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
