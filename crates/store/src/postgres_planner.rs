//! PostgreSQL's planner, told what it cannot know of a database that is new.
//!
//! Every statement of ours walks along an index made for it. Without statistics the planner cannot see that a walk along
//! half a key is longer than one along the whole, and keeps such a plan for as long as the connection lives; the server
//! makes statistics by itself only once a minute.

use std::sync::atomic::{AtomicU64, Ordering};

use deadpool_postgres::{Hook, HookError, Pool};

use crate::limits;
use crate::postgres::{connection, explain};

/// What every connection begins with: no plan that reads a whole table while an index will do.
const SETTINGS: &str =
    "SET enable_seqscan = off; SET enable_hashjoin = off; SET enable_mergejoin = off; SET jit = off";
/// What a transaction begins with that reads everything.
pub(crate) const READ_ALL: &str =
    "; SET LOCAL enable_seqscan = on; SET LOCAL enable_hashjoin = on; SET LOCAL enable_mergejoin = on";
const ANALYZE: &str =
    "ANALYZE scope_keys, documents, document_keys, document_index, directory, jobs, journal";

/// Settles a new connection.
pub(crate) fn settle() -> Hook {
    Hook::async_fn(|client, _| {
        Box::pin(async move { client.batch_execute(SETTINGS).await.map_err(HookError::Backend) })
    })
}

/// How many documents this process has written.
#[derive(Debug, Default)]
pub(crate) struct Growth(AtomicU64);

impl Growth {
    /// Counts more of them; whether there are so many that statistics are due.
    pub(crate) fn add(&self, documents: u64) -> bool {
        let before = self.0.fetch_add(documents, Ordering::Relaxed);
        limits::POSTGRES_ANALYZED.iter().any(|size| before < *size && before + documents >= *size)
    }
}

/// Makes statistics. That they could not be made is no failure of anything else.
pub(crate) async fn analyze(pool: Pool) {
    let result = match connection(&pool).await {
        Ok(client) => client.batch_execute(ANALYZE).await.map_err(|error| explain(&error)),
        Err(error) => Err(error),
    };
    if let Err(error) = result {
        tracing::warn!(%error, "PostgreSQL made no statistics; it will by itself, if `autovacuum` is on");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statistics_are_due_once_for_each_size() {
        let growth = Growth::default();
        let due: Vec<u64> = (1..=1_100).filter(|_| growth.add(1)).collect();
        assert_eq!(due, [256, 1_024]);
        assert!(growth.add(1_000_000) && !growth.add(1));
    }
}
