//! A store with a standing clock, a runner on it, and ways to wait without sleeping.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use base::{Timestamp, VirtualClock};
use jobs::limits::LEASE;
use jobs::{Queue, Runner};
use phi::{LocalKey, SystemRandom};
use store::{Database, Lane, Lease, NewJob, Options, Scope, Share, Store, Taken};
use tempfile::TempDir;
use tokio::sync::{mpsc, watch};

/// The queue most tests use.
pub const QUEUE: &str = "test";

/// Longer than anything here takes; a test that reaches it has failed.
const PATIENCE: Duration = Duration::from_secs(20);

pub struct Bench {
    pub store: Store,
    pub clock: Arc<VirtualClock>,
    pub stop: watch::Sender<bool>,
    pub runner: Runner,
    _folder: TempDir,
}

impl Bench {
    pub async fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let clock = Arc::new(VirtualClock::standing_at(Timestamp::from_seconds(1_760_000_000)));
        let options = Options {
            database: Database::Sqlite(folder.path().join("switchward.db")),
            wrapper: Arc::new(LocalKey::generate()),
            clock: clock.clone(),
            random: Arc::new(SystemRandom),
        };
        let store = Store::open(options).await.unwrap();
        let (stop, stopped) = watch::channel(false);
        let runner = Runner::new(store.clone(), stopped);
        Self { store, clock, stop, runner, _folder: folder }
    }

    pub fn now(&self) -> Timestamp {
        self.store.clock().now()
    }

    /// Enqueues jobs that are due now, in one commit, all under this ordering key.
    pub async fn enqueue(&self, key: Option<&str>, payloads: &[&str]) {
        let mut batch = self.store.batch(Scope::SYSTEM);
        for payload in payloads {
            batch.enqueue(NewJob {
                queue: QUEUE,
                lane: None,
                ordering_key: key.map(str::to_owned),
                due_at: self.now(),
                payload: payload.as_bytes().to_vec(),
            });
        }
        self.store.commit(batch).await.unwrap();
    }

    /// Leases what is due in no lane, as another worker would.
    pub async fn take(&self, limit: usize) -> Taken {
        let share = Share { lane: Lane::NONE, limit, due_by: self.now() };
        self.store.jobs().take(QUEUE, &[share], LEASE).await.unwrap()
    }

    pub async fn enqueue_at(&self, queue: &'static str, due_at: Timestamp, payload: &str) {
        let payload = payload.as_bytes().to_vec();
        let mut batch = self.store.batch(Scope::SYSTEM);
        batch.enqueue(NewJob { queue, lane: None, ordering_key: None, due_at, payload });
        self.store.commit(batch).await.unwrap();
    }

    /// Moves the clock and tells the queues, as the simulator does.
    pub fn advance(&self, by: Duration) {
        self.clock.advance(by);
        self.store.jobs().changed().notify_one();
    }

    /// Tells every queue to stop, and waits until they have.
    pub async fn stopped(self) -> Store {
        self.stop.send(true).unwrap();
        patiently(self.runner.stopped()).await;
        self.store
    }

    /// Waits until the next job of the queue can be claimed at `at`: a failed one was put back.
    pub async fn until_due_at(&self, at: Timestamp) {
        let look = async {
            while self.store.jobs().next_due(QUEUE).await.unwrap() != Some(at) {
                tokio::task::yield_now().await;
            }
        };
        patiently(look).await;
    }
}

/// Fails the test instead of hanging it.
pub async fn patiently<T>(work: impl Future<Output = T>) -> T {
    tokio::time::timeout(PATIENCE, work).await.expect("it happens at once or never")
}

/// What a handler told the test.
pub async fn told<T>(heard: &mut mpsc::UnboundedReceiver<T>) -> T {
    patiently(heard.recv()).await.expect("the queue is running")
}

pub fn text(lease: &Lease) -> String {
    String::from_utf8(lease.payload.clone()).unwrap()
}

/// Ends a job together with nothing else.
pub async fn finish(store: &Store, lease: &Lease) -> jobs::Outcome {
    let mut batch = store.batch(lease.scope);
    batch.finish(lease);
    match store.commit(batch).await {
        Ok(_) => jobs::Outcome::Done,
        Err(error) => error.into(),
    }
}

/// A queue that finishes every job and then tells its payload.
pub fn telling(store: &Store, queue: &'static str, tell: mpsc::UnboundedSender<String>) -> Queue {
    let store = store.clone();
    Queue::new(queue, 4, move |lease| {
        let (store, tell) = (store.clone(), tell.clone());
        async move {
            let outcome = finish(&store, &lease).await;
            tell.send(text(&lease)).unwrap();
            outcome
        }
    })
}
