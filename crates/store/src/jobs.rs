//! Jobs: durable work, leased to one worker at a time and in order per key.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use base::Timestamp;
use tokio::sync::Notify;

use crate::{Scope, Store, StoreError};

/// A job to be enqueued.
pub struct NewJob {
    /// The queue it waits in.
    pub queue: &'static str,
    /// Jobs of one queue and key are done one after the other; stored as a keyed digest.
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
    pub(crate) token: Vec<u8>,
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
    /// Leases up to `limit` due jobs for `lease`; no two workers get the same job.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn claim(&self, queue: &'static str, limit: usize, lease: Duration) -> Result<Vec<Lease>, StoreError> {
        let _ = (queue, limit, lease);
        unimplemented!()
    }

    /// Makes the lease end `lease` from now.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] when the lease was lost.
    pub async fn extend(&self, lease: &Lease, duration: Duration) -> Result<(), StoreError> {
        let _ = (lease, duration);
        unimplemented!()
    }

    /// When the next job of the queue can be claimed; `None` when there is none.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn next_due(&self, queue: &'static str) -> Result<Option<Timestamp>, StoreError> {
        let _ = queue;
        unimplemented!()
    }

    /// Unfinished jobs of the queue.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn depth(&self, queue: &'static str) -> Result<u64, StoreError> {
        let _ = queue;
        unimplemented!()
    }

    /// Notified after commits of this process that enqueue or reschedule a job, or finish one that
    /// others wait for.
    pub fn changed(&self) -> Arc<Notify> {
        unimplemented!()
    }
}
