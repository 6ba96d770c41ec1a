//! Parked jobs: what could not be done, taken out of its queue and kept for the operator to decide.
//!
//! A parked job is claimed by nobody and holds up nobody. What it was to do stays sealed in it; what is shown of it is
//! where it came from and why it was parked.

use base::Timestamp;

use crate::jobs::{Jobs, Lease};
use crate::jobs_sql::{self, held};
use crate::sql::{Expect, Row, Statement};
use crate::{Scope, StoreError, limits};

const PARK: &str = "INSERT INTO parked_jobs
    (id, queue, lane, ordering_key, attempts, failures, reason, created_at, parked_at, scope, epoch, payload)
    SELECT id, queue, lane, ordering_key, attempts, failures, $3, created_at, $4, scope, epoch, payload
    FROM jobs WHERE sequence = $1 AND token = $2";
const REQUEUE: &str = "INSERT INTO jobs
    (id, queue, lane, ordering_key, ordered_at, available_at, attempts, failures, created_at, scope, epoch, payload)
    SELECT id, queue, lane, ordering_key, $2, $2, attempts, 0, created_at, scope, epoch, payload
    FROM parked_jobs WHERE id = $1";
const DISCARD: &str = "DELETE FROM parked_jobs WHERE id = $1";
const LIST: &str =
    "SELECT id, queue, scope, attempts, failures, reason, created_at, parked_at FROM parked_jobs
    WHERE (parked_at, id) > ($1, $2) ORDER BY parked_at, id LIMIT $3";
const ONE: &str =
    "SELECT id, queue, scope, attempts, failures, reason, created_at, parked_at FROM parked_jobs
    WHERE id = $1";
const COUNT: &str = "SELECT count(*) FROM parked_jobs";

/// A job that was parked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParkedJob {
    /// The job's id.
    pub id: String,
    /// The queue it was taken out of.
    pub queue: String,
    /// The scope it was enqueued in.
    pub scope: Scope,
    /// How often it was attempted.
    pub attempts: u32,
    /// How many attempts had failed in a row before the last.
    pub failures: u32,
    /// Why it was parked: a word of ours.
    pub reason: String,
    /// When it was enqueued.
    pub created_at: Timestamp,
    /// When it was parked.
    pub parked_at: Timestamp,
}

impl Jobs {
    /// Parked jobs in the order of their parking, after the one at `after`: up to `limit`, at most
    /// [`limits::PAGE_ROWS`].
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn parked(
        &self,
        after: Option<(Timestamp, &str)>,
        limit: usize,
    ) -> Result<Vec<ParkedJob>, StoreError> {
        let (at, id) = after.map_or((i64::MIN, ""), |(at, id)| (at.micros(), id));
        let limit = i64::try_from(limit.min(limits::PAGE_ROWS)).expect("a page is small");
        let arguments = vec![at.into(), id.to_owned().into(), limit.into()];
        let rows = self.0.engine().query(Statement::new(LIST, arguments)).await?;
        rows.into_iter().map(parked_job).collect()
    }

    /// One parked job.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn parked_job(&self, id: &str) -> Result<Option<ParkedJob>, StoreError> {
        let rows = self.0.engine().query(Statement::new(ONE, vec![id.to_owned().into()])).await?;
        rows.into_iter().next().map(parked_job).transpose()
    }

    /// How many jobs are parked.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn parked_count(&self) -> Result<u64, StoreError> {
        let rows = self.0.engine().query(Statement::new(COUNT, Vec::new())).await?;
        rows.into_iter().next().map_or(Ok(0), |mut row| row.count())
    }
}

fn parked_job(mut row: Row) -> Result<ParkedJob, StoreError> {
    let number = |number: i64| u32::try_from(number).unwrap_or(u32::MAX);
    Ok(ParkedJob {
        id: row.text()?,
        queue: row.text()?,
        scope: Scope::parse(&row.text()?).ok_or(StoreError::Sealed)?,
        attempts: number(row.integer()?),
        failures: number(row.integer()?),
        reason: row.text()?,
        created_at: Timestamp::from_micros(row.integer()?),
        parked_at: Timestamp::from_micros(row.integer()?),
    })
}

/// Moves a leased job out of its queue, and lets the next one of its key go.
pub(crate) fn park(lease: &Lease, reason: &'static str, now: Timestamp) -> Vec<Statement> {
    let mut statements = vec![held(PARK, lease, vec![reason.into(), now.micros().into()])];
    statements.extend(jobs_sql::finish(lease));
    statements
}

/// Puts a parked job at the end of its queue.
pub(crate) fn requeue(id: &str, now: Timestamp) -> [Statement; 2] {
    let arguments = vec![id.to_owned().into(), now.micros().into()];
    let back = Statement::new(REQUEUE, arguments).expecting(Expect::One(StoreError::Conflict));
    [back, discard(id)]
}

/// Removes a parked job for good.
pub(crate) fn discard(id: &str) -> Statement {
    Statement::new(DISCARD, vec![id.to_owned().into()]).expecting(Expect::One(StoreError::Conflict))
}
