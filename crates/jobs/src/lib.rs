//! Durable work: jobs that were committed with the change that caused them, run at least once.
//!
//! A [`Queue`] names a handler. The [`Runner`] leases due jobs from the store and calls it. The
//! handler does its work and commits the result *together with* `batch.finish(&lease)`, so a job
//! and its effect are one transaction; when the process dies in between, the lease runs out and
//! the job is run again. Order within an `ordering_key` is the store's promise.

pub mod limits;

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use base::Timestamp;
use store::{Lease, Store, StoreError};
use tokio::sync::{Notify, Semaphore, watch};
use tokio::task::{JoinError, JoinSet};

use crate::limits::{FIRST_BACKOFF, IDLE_POLL, LEASE, LONGEST_BACKOFF};

/// How a handler ended.
#[derive(Debug)]
pub enum Outcome {
    /// It committed its effect together with the end of the job.
    Done,
    /// Nothing was done yet; run the job again then.
    RetryAt(Timestamp),
    /// The store failed or the state changed underneath; run the job again after a back-off.
    Failed(StoreError),
}

impl From<StoreError> for Outcome {
    fn from(error: StoreError) -> Self {
        Self::Failed(error)
    }
}

type Running = Pin<Box<dyn Future<Output = Outcome> + Send>>;

/// A queue and what runs its jobs.
#[derive(Clone)]
pub struct Queue {
    name: &'static str,
    concurrency: usize,
    handler: Arc<dyn Fn(Arc<Lease>) -> Running + Send + Sync>,
}

impl Queue {
    /// A queue whose jobs `handler` runs, at most `concurrency` at a time.
    pub fn new<F, R>(name: &'static str, concurrency: usize, handler: F) -> Self
    where
        F: Fn(Arc<Lease>) -> R + Send + Sync + 'static,
        R: Future<Output = Outcome> + Send + 'static,
    {
        Self { name, concurrency, handler: Arc::new(move |lease| Box::pin(handler(lease))) }
    }
}

/// Runs queues until told to stop.
pub struct Runner {
    store: Store,
    stop: watch::Receiver<bool>,
    wake: Arc<Notify>,
    tasks: JoinSet<()>,
}

impl Runner {
    /// A runner that stops when `stop` becomes true or nobody holds its other end any more.
    pub fn new(store: Store, stop: watch::Receiver<bool>) -> Self {
        Self { store, stop, wake: Arc::default(), tasks: JoinSet::new() }
    }

    /// Starts a queue.
    pub fn start(&mut self, queue: Queue) {
        if self.tasks.is_empty() {
            self.tasks.spawn(wake_all(
                self.store.jobs().changed(),
                Arc::clone(&self.wake),
                self.stop.clone(),
            ));
        }
        let (store, wake, stop) = (self.store.clone(), Arc::clone(&self.wake), self.stop.clone());
        self.tasks.spawn(run_queue(store, queue, wake, stop));
    }

    /// Waits until every queue has stopped; jobs in hand are finished first.
    pub async fn stopped(mut self) {
        while let Some(ended) = self.tasks.join_next().await {
            if ended.is_err() {
                tracing::error!("a queue ended by a panic");
            }
        }
    }
}

/// Tells every queue that something changed. The store wakes one waiter only, which could be a
/// queue that the change is not about.
async fn wake_all(changed: Arc<Notify>, wake: Arc<Notify>, mut stop: watch::Receiver<bool>) {
    while !*stop.borrow() {
        let next = changed.notified();
        tokio::pin!(next);
        // Listening again before telling, so that a change in between is told too.
        next.as_mut().enable();
        wake.notify_waiters();
        tokio::select! {
            () = next => {}
            told = stop.changed() => if told.is_err() { return },
        }
    }
}

async fn run_queue(store: Store, queue: Queue, changed: Arc<Notify>, mut stop: watch::Receiver<bool>) {
    let permits = Arc::new(Semaphore::new(queue.concurrency));
    let mut in_hand = JoinSet::new();
    while !*stop.borrow() {
        // Registered before looking, so that a job committed while we look is not missed.
        let wake = changed.notified();
        tokio::pin!(wake);
        wake.as_mut().enable();

        while let Some(ended) = in_hand.try_join_next() {
            note_panic(queue.name, ended);
        }
        let free = permits.available_permits();
        if free == 0 {
            // Whatever is due has to wait for one of those in hand.
            tokio::select! {
                Some(ended) = in_hand.join_next() => note_panic(queue.name, ended),
                told = stop.changed() => if told.is_err() { break },
            }
            continue;
        }
        let leases = store.jobs().claim(queue.name, free, LEASE).await.unwrap_or_else(|error| {
            tracing::warn!(queue = queue.name, %error, "jobs could not be claimed");
            Vec::new()
        });
        if leases.is_empty() {
            let pause = pause(&store, queue.name).await;
            tokio::select! {
                () = wake => {}
                () = tokio::time::sleep(pause) => {}
                Some(ended) = in_hand.join_next(), if !in_hand.is_empty() => note_panic(queue.name, ended),
                told = stop.changed() => if told.is_err() { break },
            }
            continue;
        }
        for lease in leases {
            let permit = Arc::clone(&permits).acquire_owned().await.expect("the semaphore is never closed");
            let (store, handler) = (store.clone(), Arc::clone(&queue.handler));
            in_hand.spawn(async move {
                run_job(&store, handler(Arc::new(lease.clone())), &lease).await;
                drop(permit);
            });
        }
    }
    while let Some(ended) = in_hand.join_next().await {
        note_panic(queue.name, ended);
    }
}

/// A handler that panicked leaves its job to the end of the lease; its message may hold content.
fn note_panic(queue: &'static str, ended: Result<(), JoinError>) {
    if ended.is_err() {
        tracing::error!(queue, "a job's handler panicked; the job is run again when its lease ends");
    }
}

/// How long to sleep when nothing is due: until the next job, but never longer than the poll,
/// because another process may add one.
async fn pause(store: &Store, queue: &'static str) -> Duration {
    match store.jobs().next_due(queue).await {
        Ok(Some(due)) => due.since(store.clock().now()).clamp(Duration::from_millis(5), IDLE_POLL),
        _ => IDLE_POLL,
    }
}

async fn run_job(store: &Store, work: Running, lease: &Lease) {
    // A panic in a handler must not lose the job: it is caught by the task, and the lease runs out.
    let retry_at = match work.await {
        Outcome::Done => return,
        Outcome::RetryAt(at) => at,
        Outcome::Failed(error) => {
            tracing::warn!(queue = %lease.queue, job = %lease.id, attempts = lease.attempts, %error, "a job failed and will be retried");
            store.clock().now().plus(backoff(lease.attempts))
        }
    };
    let mut batch = store.batch(lease.scope);
    batch.reschedule(lease, retry_at);
    if let Err(error) = store.commit(batch).await {
        tracing::warn!(queue = %lease.queue, job = %lease.id, %error, "a job could not be rescheduled; its lease will run out");
    }
}

/// The pause after the `attempts`-th failure: doubling, within bounds.
pub fn backoff(attempts: u32) -> Duration {
    FIRST_BACKOFF.saturating_mul(1 << attempts.saturating_sub(1).min(20)).min(LONGEST_BACKOFF)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn backoff_doubles_within_bounds() {
        assert_eq!(backoff(0), FIRST_BACKOFF);
        assert_eq!(backoff(1), FIRST_BACKOFF);
        assert_eq!(backoff(3), FIRST_BACKOFF * 4);
        assert_eq!(backoff(u32::MAX), LONGEST_BACKOFF);
    }
}
