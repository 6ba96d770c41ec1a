//! What the store counts about itself, and what its users want counted once it is on disk.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use base::Timestamp;
use base::measure::{Counter, Histogram, SIZE_BOUNDS};

use crate::sql::{Row, Statement};
use crate::writing::Writing;
use crate::{Jobs, StoreError};

/// Columns of one index only, so that a long queue is quick to look at.
const SURVEY: &str =
    "SELECT queue, count(*), count(CASE WHEN available_at <= $1 THEN 1 END), min(available_at)
    FROM jobs WHERE id <> '' GROUP BY queue ORDER BY queue";

/// Something that happened, in words of ours: `("messages", "delivered")`. Never anything that came in, so
/// there are as many of them as the code has words.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Tally {
    /// What it happened to, in the plural.
    pub what: &'static str,
    /// What happened.
    pub outcome: &'static str,
}

/// What the store counts; times in microseconds.
#[derive(Debug)]
pub struct StoreMeasures {
    /// Batches that are on disk.
    pub commits: Counter,
    /// Batches that are not, because the store could not be written.
    pub unavailable: Counter,
    /// Statements that read, outside of the writers' transactions.
    pub reads: Counter,
    /// Statements inside the writers' transactions, without those that begin and end them.
    pub statements: Counter,
    /// Transactions that a writer began; [`Self::sync_time`] has those that were committed.
    pub transactions: Counter,
    /// From handing a batch over until it is on disk.
    pub commit_time: Histogram,
    /// Batches that were written together.
    pub group_sizes: Histogram,
    /// The commit itself: SQLite's fsync, or PostgreSQL's answer.
    pub sync_time: Histogram,
    tallies: Mutex<BTreeMap<Tally, u64>>,
    pub(crate) writing: Writing,
}

impl Default for StoreMeasures {
    fn default() -> Self {
        Self {
            commits: Counter::default(),
            unavailable: Counter::default(),
            reads: Counter::default(),
            statements: Counter::default(),
            transactions: Counter::default(),
            commit_time: Histogram::of_times(),
            group_sizes: Histogram::new(SIZE_BOUNDS),
            sync_time: Histogram::of_times(),
            tallies: Mutex::default(),
            writing: Writing::default(),
        }
    }
}

impl StoreMeasures {
    /// What has been counted with [`crate::Batch::tally`], by kind and outcome.
    pub fn tallies(&self) -> BTreeMap<Tally, u64> {
        self.tallies.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(crate) fn count(&self, committed: &[Tally]) {
        if committed.is_empty() {
            return;
        }
        let mut tallies = self.tallies.lock().unwrap_or_else(PoisonError::into_inner);
        for tally in committed {
            *tallies.entry(*tally).or_insert(0) += 1;
        }
    }
}

/// How much waits in a queue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QueueState {
    /// The queue.
    pub queue: String,
    /// Unfinished jobs, leased ones included and parked ones not.
    pub jobs: u64,
    /// Those that could be run now and are not.
    pub due: u64,
    /// For how long the first of them could have been run.
    pub oldest_due: Duration,
}

impl Jobs {
    /// How much waits in each queue that has jobs.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn survey(&self) -> Result<Vec<QueueState>, StoreError> {
        let now = self.0.clock().now();
        let rows = self.0.engine().query(Statement::new(SURVEY, vec![now.micros().into()])).await?;
        let state = |mut row: Row| {
            Ok(QueueState {
                queue: row.text()?,
                jobs: row.count()?,
                due: row.count()?,
                oldest_due: now.since(Timestamp::from_micros(row.integer()?)),
            })
        };
        rows.into_iter().map(state).collect()
    }
}
