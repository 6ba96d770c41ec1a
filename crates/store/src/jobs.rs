//! Jobs: durable work, leased to one worker at a time and done in order per key.
//!
//! Order is that of the time a job was first due, then that of enqueueing. A job can be claimed
//! only when no unfinished job of its queue and key comes before it: one put back for a later
//! attempt holds the others up, one scheduled for next year does not.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use base::{Random, Timestamp};
use data_encoding::HEXLOWER;
use phi::{CipherError, Digest};
use tokio::sync::Notify;

use crate::batch::PAYLOAD;
use crate::keys::identity;
use crate::sql::{self, Expect, Prepared, Statement, Step};
use crate::{Scope, Store, StoreError, limits};

/// Bytes of a lease token and of a job's id.
const TOKEN_BYTES: usize = 16;

const ENQUEUE: &str = "INSERT INTO jobs
    (id, queue, ordering_key, ordered_at, available_at, attempts, created_at, scope, epoch, payload)
    VALUES ($1, $2, $3, $4, $4, 0, $5, $6, $7, $8)";
const FINISH: &str = "DELETE FROM jobs WHERE sequence = $1 AND token = $2";
const RESCHEDULE: &str = "UPDATE jobs SET token = NULL, available_at = $3 WHERE sequence = $1 AND token = $2";
const EXTEND: &str = "UPDATE jobs SET available_at = $3 WHERE sequence = $1 AND token = $2";
const DROP_OF_SCOPE: &str = "DELETE FROM jobs WHERE scope = $1";
const DEPTH: &str = "SELECT count(*) FROM jobs WHERE queue = $1";

/// The condition that nothing unfinished comes before job `j`.
const FIRST_IN_ORDER: &str = "(j.ordering_key IS NULL OR NOT EXISTS (SELECT 1 FROM jobs e
    WHERE e.queue = j.queue AND e.ordering_key = j.ordering_key
    AND (e.ordered_at, e.sequence) < (j.ordered_at, j.sequence)))";

/// One conditional update; `lock` is what differs between the databases. The choice is made once
/// (`MATERIALIZED`), so that the limit and the locks hold.
fn claim_sql(locks_rows: bool) -> String {
    let lock = if locks_rows { "FOR UPDATE OF j SKIP LOCKED" } else { "" };
    format!(
        "WITH picked AS MATERIALIZED (SELECT j.sequence FROM jobs j
            WHERE j.queue = $1 AND j.available_at <= $2 AND {FIRST_IN_ORDER}
            ORDER BY j.available_at, j.sequence LIMIT $3 {lock})
        UPDATE jobs SET available_at = $4, token = $5, attempts = attempts + 1
        WHERE sequence IN (SELECT sequence FROM picked)
        RETURNING ordered_at, sequence, id, scope, epoch, attempts, created_at,
            ordering_key IS NOT NULL, payload,
            (SELECT k.wrapped FROM scope_keys k WHERE k.scope = jobs.scope AND k.epoch = jobs.epoch)"
    )
}

fn next_due_sql() -> String {
    format!(
        "SELECT j.available_at FROM jobs j WHERE j.queue = $1 AND {FIRST_IN_ORDER}
        ORDER BY j.available_at, j.sequence LIMIT 1"
    )
}

/// A job to be enqueued.
pub struct NewJob {
    /// The queue it waits in.
    pub queue: &'static str,
    /// Jobs of one queue and key are done one after the other. Only its keyed digest is stored.
    pub ordering_key: Option<String>,
    /// Not before this instant.
    pub due_at: Timestamp,
    /// What to do; sealed under the key of the batch's scope.
    pub payload: Vec<u8>,
}

/// A job this process may work on until its lease ends.
#[derive(Clone)]
pub struct Lease {
    /// The job's id; the same in every attempt, so it serves as an idempotency key.
    pub id: String,
    /// The queue it came from.
    pub queue: String,
    /// The scope it was enqueued in.
    pub scope: Scope,
    /// Which attempt this is, from 1.
    pub attempts: u32,
    /// When it was enqueued.
    pub created_at: Timestamp,
    /// What to do.
    pub payload: Vec<u8>,
    /// The job's place in its table.
    sequence: i64,
    /// Known to the holder only: whoever claims the job after the lease ended has another.
    token: Vec<u8>,
    /// Whether others may wait for this one.
    pub(crate) ordered: bool,
}

impl fmt::Debug for Lease {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "job {} in {}, attempt {}", self.id, self.queue, self.attempts)
    }
}

/// The queues.
#[derive(Clone)]
pub struct Jobs(pub(crate) Store);

impl Jobs {
    /// Leases up to `limit` (at most [`limits::CLAIM_JOBS`]) due jobs for `lease`, in order. No two
    /// workers get the same job while its lease lasts.
    ///
    /// A job whose payload does not open is logged and left out; jobs of a destroyed scope are
    /// removed.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn claim(
        &self,
        queue: &'static str,
        limit: usize,
        lease: Duration,
    ) -> Result<Vec<Lease>, StoreError> {
        let now = self.0.clock().now();
        let mut token = vec![0; TOKEN_BYTES];
        self.0.random().fill(&mut token);
        let limit = i64::try_from(limit.min(limits::CLAIM_JOBS)).expect("the limit is small");
        let arguments = vec![
            queue.into(),
            now.micros().into(),
            limit.into(),
            now.plus(lease).micros().into(),
            token.clone().into(),
        ];
        let sql = claim_sql(self.0.engine().locks_rows());
        let claim = Prepared::one(Statement::new(sql, arguments).returning());
        let rows = self.0.engine().submit(claim).await?.rows;

        let mut claimed = Vec::with_capacity(rows.len());
        for mut row in rows {
            let order = (row.integer()?, row.integer()?);
            match self.open(queue, order.1, &token, row).await {
                Ok(Some(lease)) => claimed.push((order, lease)),
                Ok(None) => {}
                Err(error) => tracing::error!(queue, %error, "a job's payload does not open"),
            }
        }
        claimed.sort_by_key(|(order, _)| *order);
        Ok(claimed.into_iter().map(|(_, lease)| lease).collect())
    }

    /// Makes the lease end `duration` from now.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] when the lease was lost; [`StoreError::Unavailable`].
    pub async fn extend(&self, lease: &Lease, duration: Duration) -> Result<(), StoreError> {
        let until = self.0.clock().now().plus(duration);
        let statement = held(EXTEND, lease, Some(until));
        self.0.engine().submit(Prepared::one(statement)).await.map(drop)
    }

    /// When the next job of the queue can be claimed, which may be now or in the past; `None` when
    /// there is none. Jobs that wait for another one do not count.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn next_due(&self, queue: &'static str) -> Result<Option<Timestamp>, StoreError> {
        let rows = self.0.engine().query(Statement::new(next_due_sql(), vec![queue.into()])).await?;
        let next = rows.into_iter().next().map(|mut row| row.integer()).transpose()?;
        Ok(next.map(Timestamp::from_micros))
    }

    /// Unfinished jobs of the queue, leased ones included.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn depth(&self, queue: &'static str) -> Result<u64, StoreError> {
        let rows = self.0.engine().query(Statement::new(DEPTH, vec![queue.into()])).await?;
        rows.into_iter().next().map_or(Ok(0), |mut row| row.count())
    }

    /// Notified after commits of this process that enqueue or reschedule a job, or finish one that
    /// others may wait for. Work enqueued by other processes is found by asking now and then.
    pub fn changed(&self) -> Arc<Notify> {
        Arc::clone(self.0.jobs_changed())
    }

    async fn open(
        &self,
        queue: &'static str,
        sequence: i64,
        token: &[u8],
        mut row: sql::Row,
    ) -> Result<Option<Lease>, StoreError> {
        let id = row.text()?;
        let scope = Scope::parse(&row.text()?).ok_or(StoreError::Sealed)?;
        let epoch = row.integer()?;
        let attempts = u32::try_from(row.integer()?).unwrap_or(u32::MAX);
        let created_at = Timestamp::from_micros(row.integer()?);
        let ordered = row.truth()?;
        let payload = row.blob()?;
        let Some(wrapped) = row.optional_blob()? else {
            let removal = Statement::new(DROP_OF_SCOPE, vec![scope.to_string().into()]);
            self.0.engine().submit(Prepared::one(removal)).await?;
            return Ok(None);
        };
        let key = self.0.keys().open(scope, epoch, Some(wrapped)).await?;
        let payload = key
            .unseal(&identity(&[&scope.to_string(), "job", &id, PAYLOAD]), &payload)
            .map_err(|CipherError| StoreError::Sealed)?;
        let (queue, token) = (queue.to_owned(), token.to_vec());
        Ok(Some(Lease { id, queue, scope, attempts, created_at, payload, sequence, token, ordered }))
    }
}

/// A job as it is stored.
pub(crate) struct Row {
    pub(crate) id: String,
    pub(crate) queue: &'static str,
    pub(crate) ordering: Option<Digest>,
    pub(crate) due_at: Timestamp,
    pub(crate) created_at: Timestamp,
    pub(crate) scope: Scope,
    pub(crate) epoch: i64,
    pub(crate) payload: Vec<u8>,
}

pub(crate) fn new_id(random: &dyn Random) -> String {
    let mut bytes = [0; TOKEN_BYTES];
    random.fill(&mut bytes);
    HEXLOWER.encode(&bytes)
}

pub(crate) fn enqueue(job: Row) -> Statement {
    let arguments = vec![
        job.id.into(),
        job.queue.into(),
        job.ordering.map(|digest| digest.0.to_vec()).into(),
        job.due_at.micros().into(),
        job.created_at.micros().into(),
        job.scope.to_string().into(),
        job.epoch.into(),
        job.payload.into(),
    ];
    Statement::new(ENQUEUE, arguments)
}

pub(crate) fn finish(lease: &Lease) -> Statement {
    held(FINISH, lease, None)
}

pub(crate) fn reschedule(lease: &Lease, due_at: Timestamp) -> Statement {
    held(RESCHEDULE, lease, Some(due_at))
}

/// What is done to the jobs of a scope that is destroyed.
pub(crate) fn drop_of(scope: Scope) -> Step {
    Step::Run(Statement::new(DROP_OF_SCOPE, vec![scope.to_string().into()]))
}

/// A statement that only the holder of the lease can carry out.
fn held(sql: &'static str, lease: &Lease, at: Option<Timestamp>) -> Statement {
    let mut arguments = vec![lease.sequence.into(), lease.token.clone().into()];
    arguments.extend(at.map(|at| at.micros().into()));
    Statement::new(sql, arguments).expecting(Expect::One(StoreError::Conflict))
}
