//! Durable work: jobs that were committed with the change that caused them, run at least once.
//!
//! A [`Queue`] names a handler. The [`Runner`] leases due jobs from the store and calls it. The
//! handler does its work and commits the result *together with* `batch.finish(&lease)`, so a job
//! and its effect are one transaction; when the process dies in between, the lease runs out and
//! the job is run again (`keeping` says why not beside itself). Order within an `ordering_key` is the store's promise.
//!
//! Jobs of a queue may need different things, each of which can be slow or gone. A queue that runs [`Queue::by_lane`]
//! lets none of them take more slots than it leaves free, so that the others always find some; a [`Gate`] says which
//! lane is worth a try at all.
//!
//! A job that fails, panics or takes its process along again and again is *parked*: kept, but out of the way, until an
//! operator decides about it.

mod keeping;
mod lanes;
pub mod limits;
mod rounds;
mod runner;

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use base::Timestamp;
use base::measure::{Counter, Histogram};
use store::{Lane, Lease, StoreError};

use crate::limits::{FIRST_BACKOFF, LONGEST_BACKOFF};

pub use rounds::Rounds;
pub use runner::{OnPark, Runner};

/// How a handler ended.
#[derive(Debug)]
pub enum Outcome {
    /// It committed its effect together with the end of the job.
    Done,
    /// Nothing was done yet; run the job again then.
    RetryAt(Timestamp),
    /// The store failed or the state changed underneath; run the job again after a back-off, but not for ever.
    Failed(StoreError),
}

impl From<StoreError> for Outcome {
    fn from(error: StoreError) -> Self {
        Self::Failed(error)
    }
}

/// Why a job was parked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// Its payload does not open.
    Unreadable,
    /// Its handler failed [`limits::FAILURES_PARKED`] times in a row, the last time with an error.
    Failed,
    /// The same, the last time with a panic.
    Panicked,
    /// The same, the last time without a trace: the process ended, or the lease was not enough.
    Abandoned,
}

impl Reason {
    /// The word that is stored and shown.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Unreadable => "unreadable",
            Self::Failed => "failed",
            Self::Panicked => "panicked",
            Self::Abandoned => "abandoned",
        }
    }
}

/// Whether jobs of a lane are worth a try.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Gate {
    /// As many as the queue allows.
    Open,
    /// One at a time, to find out.
    Trial,
    /// None before `until`. Those due by `overdue` have waited long enough: they are run to be given up.
    Closed {
        /// When there may be a trial.
        until: Timestamp,
        /// The due time of the youngest job that is given up.
        overdue: Timestamp,
    },
}

type Running = Pin<Box<dyn Future<Output = Outcome> + Send>>;

/// A queue and what runs its jobs.
#[derive(Clone)]
pub struct Queue {
    name: &'static str,
    concurrency: usize,
    handler: Arc<dyn Fn(Arc<Lease>) -> Running + Send + Sync>,
    gate: Option<Arc<dyn Fn(Lane) -> Gate + Send + Sync>>,
    measures: Arc<QueueMeasures>,
}

/// What a queue counts; times in microseconds.
#[derive(Debug)]
pub struct QueueMeasures {
    /// Runs that ended their job.
    pub done: Counter,
    /// Runs that put their job off.
    pub retried: Counter,
    /// Runs that failed.
    pub failed: Counter,
    /// Runs whose handler panicked.
    pub panicked: Counter,
    /// Jobs that were parked.
    pub parked: Counter,
    /// How long runs took that did not panic.
    pub run_time: Histogram,
}

impl Default for QueueMeasures {
    fn default() -> Self {
        let [done, retried, failed, panicked, parked] = Default::default();
        Self { done, retried, failed, panicked, parked, run_time: Histogram::of_times() }
    }
}

impl Queue {
    /// A queue whose jobs `handler` runs, at most `concurrency` at a time.
    pub fn new<F, R>(name: &'static str, concurrency: usize, handler: F) -> Self
    where
        F: Fn(Arc<Lease>) -> R + Send + Sync + 'static,
        R: Future<Output = Outcome> + Send + 'static,
    {
        Self {
            name,
            concurrency,
            handler: Arc::new(move |lease| Box::pin(handler(lease))),
            gate: None,
            measures: Arc::default(),
        }
    }

    /// Its name.
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// What it counts.
    pub fn measures(&self) -> Arc<QueueMeasures> {
        Arc::clone(&self.measures)
    }

    /// Keeps lanes apart: one holds at most as many slots as it leaves free, so a lane alone has half of them and a
    /// hundred that never end still leave some. `gate` is asked before jobs of a lane are leased.
    #[must_use]
    pub fn by_lane(mut self, gate: impl Fn(Lane) -> Gate + Send + Sync + 'static) -> Self {
        self.gate = Some(Arc::new(gate));
        self
    }
}

/// The pause after the `failures`-th failure: doubling, within bounds.
pub fn backoff(failures: u32) -> Duration {
    FIRST_BACKOFF.saturating_mul(1 << failures.saturating_sub(1).min(20)).min(LONGEST_BACKOFF)
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
