//! The one seam between what is stored and where: submit a batch, run a read.

use std::sync::{Arc, OnceLock};

use base::Clock;
use phi::DigestKey;
use tokio::sync::Notify;

use crate::copy::CopyOut;
use crate::postgres::Postgres;
use crate::sql::{Outcome, Prepared, Row, Statement};
use crate::sqlite::Sqlite;
use crate::{Database, OpenError, StoreError, StoreMeasures};

/// The key of the journal head's MAC. It is derived from the system's key, which is read through
/// the engine itself, so it is filled in once that has happened.
pub(crate) type ChainKey = Arc<OnceLock<Arc<DigestKey>>>;

/// An open database of either kind.
pub(crate) enum Engine {
    Sqlite(Sqlite),
    Postgres(Postgres),
}

impl Engine {
    pub(crate) async fn open(
        database: Database,
        clock: Arc<dyn Clock>,
        key: ChainKey,
        measures: Arc<StoreMeasures>,
        jobs_changed: Arc<Notify>,
    ) -> Result<Self, OpenError> {
        match database {
            Database::Sqlite(path) => {
                let open = move || Sqlite::open(&path, clock, key, measures).map(Self::Sqlite);
                tokio::task::spawn_blocking(open)
                    .await
                    .map_err(|_| OpenError::Unavailable("opening the file was interrupted".into()))?
            }
            Database::Postgres(url) => {
                Postgres::open(&url, clock, key, measures, jobs_changed).await.map(Self::Postgres)
            }
        }
    }

    /// Writes a batch; it is on disk when this returns `Ok`.
    pub(crate) async fn submit(&self, batch: Prepared) -> Result<Outcome, StoreError> {
        match self {
            Self::Sqlite(sqlite) => sqlite.submit(batch).await,
            Self::Postgres(postgres) => postgres.submit(batch).await,
        }
    }

    /// Writes a batch that waits for no other: what holds locks that others wait for, and must not wait itself.
    pub(crate) async fn submit_alone(&self, batch: Prepared) -> Result<Outcome, StoreError> {
        match self {
            Self::Sqlite(sqlite) => sqlite.submit(batch).await,
            Self::Postgres(postgres) => postgres.submit_alone(batch).await,
        }
    }

    /// Runs one read.
    pub(crate) async fn query(&self, statement: Statement) -> Result<Vec<Row>, StoreError> {
        match self {
            Self::Sqlite(sqlite) => sqlite.query(statement.returning()).await,
            Self::Postgres(postgres) => postgres.query(statement.returning()).await,
        }
    }

    /// Begins to copy everything as it is now.
    pub(crate) async fn copy_out(&self) -> Result<CopyOut, StoreError> {
        match self {
            Self::Sqlite(sqlite) => sqlite.copy_out().await,
            Self::Postgres(postgres) => postgres.copy_out().await,
        }
    }

    /// Tells other processes on this database that there is work; a file has none.
    pub(crate) fn tell_of_work(&self) {
        if let Self::Postgres(postgres) = self {
            postgres.tell_of_work();
        }
    }

    /// The generation of what is steady, as of some instant after this call.
    pub(crate) async fn generation(&self) -> Result<i64, StoreError> {
        match self {
            Self::Sqlite(sqlite) => Ok(sqlite.generation()),
            Self::Postgres(postgres) => postgres.generation().await,
        }
    }

    /// Whether rows can be locked, and locked ones passed over.
    pub(crate) fn locks_rows(&self) -> bool {
        matches!(self, Self::Postgres(_))
    }

    pub(crate) async fn close(&self) {
        match self {
            Self::Sqlite(sqlite) => sqlite.close().await,
            Self::Postgres(postgres) => postgres.close().await,
        }
    }
}
