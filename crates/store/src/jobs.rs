//! Jobs: durable work, leased to one worker at a time, done in order per key, and kept apart by lane.
//!
//! Order is that of the time a job was first due, then that of enqueueing. A job can be leased only when no unfinished
//! job of its queue and key comes before it: one put back for a later attempt holds the others up, one scheduled for
//! next year does not.
//!
//! A *lane* is what a job needs and might not get, such as a destination. A worker first looks which lanes of its queue
//! have work ([`Jobs::look`]) and then takes a share of each ([`Jobs::take`]), so that no lane is in the way of another,
//! whatever is queued in it. Neither step reads more rows than it returns or moves.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use base::Timestamp;
use data_encoding::HEXLOWER;
use phi::{CipherError, Digest};
use tokio::sync::Notify;

use crate::batch::PAYLOAD;
use crate::jobs_sql::{self, DEPTH, DROP_OF_SCOPE, EXTEND, TOKEN_BYTES};
use crate::keys::identity;
use crate::sql::{self, Prepared, Statement, Step};
use crate::{Scope, Store, StoreError, limits};

/// Bytes of a lane.
const LANE_BYTES: usize = 16;

/// What keeps jobs of one queue apart: a keyed digest of the name it was given, or nothing.
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Lane(Option<[u8; LANE_BYTES]>);

impl Lane {
    /// The lane of jobs that named none.
    pub const NONE: Self = Self(None);

    /// The lane of a name, given as its digest ([`crate::Store::lane`]).
    pub fn of(digest: &Digest) -> Self {
        Self(digest.0.first_chunk().copied())
    }

    pub(crate) fn bytes(&self) -> Vec<u8> {
        self.0.map_or_else(Vec::new, |bytes| bytes.to_vec())
    }

    fn read(bytes: &[u8]) -> Result<Self, StoreError> {
        match bytes {
            [] => Ok(Self::NONE),
            bytes => bytes.try_into().map(|bytes| Self(Some(bytes))).map_err(|_| StoreError::Sealed),
        }
    }
}

impl fmt::Debug for Lane {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "lane {}", HEXLOWER.encode(&self.bytes()))
    }
}

/// A job to be enqueued.
pub struct NewJob {
    /// The queue it waits in.
    pub queue: &'static str,
    /// What keeps it apart from others of its queue, if anything does. Only its keyed digest is stored.
    pub lane: Option<String>,
    /// Jobs of one queue and key are done one after the other. Only its keyed digest is stored.
    pub ordering_key: Option<String>,
    /// Not before this instant.
    pub due_at: Timestamp,
    /// What to do; sealed under the key of the batch's scope.
    pub payload: Vec<u8>,
}

/// A lane in which something waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Waiting {
    /// Which lane.
    pub lane: Lane,
    /// When its next job may be leased; the past means now. It may yet turn out to wait for another job of its key.
    pub due_at: Timestamp,
}

/// What to take from one lane.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Share {
    /// Which lane.
    pub lane: Lane,
    /// Jobs at most; never more than [`limits::CLAIM_JOBS`].
    pub limit: usize,
    /// Only jobs that were due by then.
    pub due_by: Timestamp,
}

/// What [`Jobs::take`] gave.
#[derive(Debug, Default)]
pub struct Taken {
    /// The leased jobs, in order.
    pub leases: Vec<Lease>,
    /// Leased jobs whose payload does not open and never will; what they hold is empty.
    pub unreadable: Vec<Lease>,
    /// Jobs that were due but wait for another one of their key.
    pub held: usize,
}

/// A job this process may work on until its lease ends.
#[derive(Clone)]
pub struct Lease {
    /// The job's id; the same in every attempt, so it serves as an idempotency key.
    pub id: String,
    /// The queue it came from.
    pub queue: String,
    /// The lane it waited in.
    pub lane: Lane,
    /// The scope it was enqueued in.
    pub scope: Scope,
    /// Which attempt this is, from 1.
    pub attempts: u32,
    /// Attempts before this one, in a row, that ended without an outcome: by an error, a panic or the end of a lease.
    pub failures: u32,
    /// When it was enqueued.
    pub created_at: Timestamp,
    /// When it was first due.
    pub due_at: Timestamp,
    /// What to do.
    pub payload: Vec<u8>,
    /// The job's place in its table.
    pub(crate) sequence: i64,
    /// Known to the holder only: whoever leases the job after this lease ended has another.
    pub(crate) token: Vec<u8>,
    /// The digest of its ordering key: others may wait for this job.
    pub(crate) ordering: Option<Vec<u8>>,
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
    /// The lanes of a queue that have work, now or later: up to [`limits::LOOK_LANES`] of them, in order, from the one
    /// after `after` on.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn look(&self, queue: &'static str, after: Option<Lane>) -> Result<Vec<Waiting>, StoreError> {
        let start = after.map_or_else(Vec::new, |lane| {
            // The first value of bytes that is greater.
            let mut bytes = lane.bytes();
            bytes.push(0);
            bytes
        });
        let rows = self.0.engine().query(jobs_sql::look(queue, start)).await?;
        rows.into_iter()
            .map(|mut row| {
                let lane = Lane::read(&row.blob()?)?;
                Ok(Waiting { lane, due_at: Timestamp::from_micros(row.integer()?) })
            })
            .collect()
    }

    /// Leases due jobs of several lanes for `lease`. No two workers get the same job while its lease lasts.
    ///
    /// A share's limit counts the jobs looked at: those that wait for another of their key are held back and out of
    /// the way of the next call. Jobs of a destroyed scope are removed; those whose key cannot be had now are put back.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn take(
        &self,
        queue: &'static str,
        shares: &[Share],
        lease: Duration,
    ) -> Result<Taken, StoreError> {
        let mut token = vec![0; TOKEN_BYTES];
        self.0.random().fill(&mut token);
        let until = self.0.clock().now().plus(lease);
        let locks_rows = self.0.engine().locks_rows();
        let mut steps = Vec::with_capacity(shares.len());
        let mut taken = Taken::default();
        for share in shares {
            steps.extend(jobs_sql::take(queue, share, until, &token, locks_rows).into_iter().map(Step::Run));
        }
        let rows = self.0.engine().submit_alone(Prepared::new(steps)).await?.rows;
        for mut row in rows {
            if row.truth()? {
                taken.held += 1;
                continue;
            }
            let lease = read_lease(queue, &token, &mut row)?;
            self.open(lease, row, &mut taken).await?;
        }
        taken.leases.sort_by_key(|lease| (lease.due_at, lease.sequence));
        Ok(taken)
    }

    /// Makes the lease end `duration` from now.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] when the lease was lost; [`StoreError::Unavailable`].
    pub async fn extend(&self, lease: &Lease, duration: Duration) -> Result<(), StoreError> {
        let until = self.0.clock().now().plus(duration);
        let statement = jobs_sql::held(EXTEND, lease, vec![until.micros().into()]);
        self.0.engine().submit(Prepared::one(statement)).await.map(drop)
    }

    /// To be called when the clock was set back to `now`: jobs whose times it wrote before would wait for a time that
    /// was never meant. No retry waits longer than `longest_pause` then, no lease of a dead process lasts longer than
    /// `lease`, and what was due at once is due. Reads all jobs.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn after_step_back(
        &self,
        now: Timestamp,
        longest_pause: Duration,
        lease: Duration,
    ) -> Result<(), StoreError> {
        let statement = jobs_sql::after_step_back(now, now.plus(longest_pause), now.plus(lease));
        self.0.engine().submit(Prepared::one(statement)).await.map(drop)
    }

    /// When the next job of the queue can be looked at, which may be now or in the past; `None` when there is none.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn next_due(&self, queue: &'static str) -> Result<Option<Timestamp>, StoreError> {
        let (mut next, mut after) = (None, None);
        loop {
            let page = self.look(queue, after).await?;
            next = next.into_iter().chain(page.iter().map(|waiting| waiting.due_at)).min();
            match page.last() {
                Some(last) if page.len() == limits::LOOK_LANES => after = Some(last.lane),
                _ => return Ok(next),
            }
        }
    }

    /// Unfinished jobs of the queue, leased ones included and parked ones not.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn depth(&self, queue: &'static str) -> Result<u64, StoreError> {
        let rows = self.0.engine().query(Statement::new(DEPTH, vec![queue.into()])).await?;
        rows.into_iter().next().map_or(Ok(0), |mut row| row.count())
    }

    /// Notified after commits that enqueue or reschedule a job, or finish one that others may wait for: of this
    /// process, and on PostgreSQL of the others soon after. That can be missed, so ask now and then as well.
    pub fn changed(&self) -> Arc<Notify> {
        Arc::clone(self.0.jobs_changed())
    }

    /// Opens the payload of a leased job; `row` goes on with it.
    async fn open(&self, mut lease: Lease, mut row: sql::Row, taken: &mut Taken) -> Result<(), StoreError> {
        let (scope, epoch) = (lease.scope, row.integer()?);
        let (sealed, wrapped) = (row.blob()?, row.optional_blob()?);
        if wrapped.is_none() {
            let removal = Statement::new(DROP_OF_SCOPE, vec![scope.to_string().into()]);
            return self.0.engine().submit(Prepared::one(removal)).await.map(drop);
        }
        let key = match self.0.keys().open(self.0.engine(), scope, epoch).await {
            Ok(key) => key,
            // Not the job's fault, so it does not count as a failure of it.
            Err(error) => {
                tracing::error!(queue = %lease.queue, %scope, %error, "the key of a job cannot be had; it waits");
                let later = self.0.clock().now().plus(limits::KEY_PAUSE);
                let back = jobs_sql::reschedule(&lease, later, lease.failures);
                return self.0.engine().submit(Prepared::one(back)).await.map(drop);
            }
        };
        match key.unseal(&identity(&[&scope.to_string(), "job", &lease.id, PAYLOAD]), &sealed) {
            Ok(payload) => {
                lease.payload = payload;
                taken.leases.push(lease);
            }
            Err(CipherError) => taken.unreadable.push(lease),
        }
        Ok(())
    }
}

/// Reads the columns of a lease, up to those of its payload.
fn read_lease(queue: &'static str, token: &[u8], row: &mut sql::Row) -> Result<Lease, StoreError> {
    let number = |number: i64| u32::try_from(number).unwrap_or(u32::MAX);
    Ok(Lease {
        due_at: Timestamp::from_micros(row.integer()?),
        sequence: row.integer()?,
        id: row.text()?,
        lane: Lane::read(&row.blob()?)?,
        scope: Scope::parse(&row.text()?).ok_or(StoreError::Sealed)?,
        attempts: number(row.integer()?),
        failures: number(row.integer()?),
        created_at: Timestamp::from_micros(row.integer()?),
        ordering: row.optional_blob()?,
        queue: queue.to_owned(),
        token: token.to_vec(),
        payload: Vec::new(),
    })
}
