//! PostgreSQL: a pool for reads, and tasks that commit groups of batches.
//!
//! A group is one transaction: everything that waits is sent in one pipeline, checked, and
//! committed. When a batch of it fails, the transaction is rolled back, the group is tried again
//! without the failed ones, and these are then tried alone, so that no batch suffers from another.
//! Any number of processes may share a database; `chain.rs` says how they share the journal.
//!
//! A connection that breaks answers `Unavailable`; the pool makes a new one for the next group.

use std::sync::{Arc, Mutex, PoisonError};

use base::Clock;
use deadpool_postgres::{Manager, ManagerConfig, Object, Pool, RecyclingMethod, Runtime};
use tokio::sync::{Notify, mpsc, oneshot};
use tokio::task::JoinHandle;
use tokio_postgres::error::SqlState;
use tokio_postgres::types::{ToSql, Type};
use tokio_postgres::{Config, Error};

use crate::copy::CopyOut;
use crate::engine::ChainKey;
use crate::error::{closed, unavailable};
use crate::limits;
use crate::postgres_copy::copy_out;
use crate::postgres_group::Query;
use crate::postgres_planner::{Growth, settle};
use crate::postgres_tls::{self, Tls};
use crate::postgres_wake::Wake;
use crate::postgres_writer::{Manner, Waiting, Writer};
use crate::schema::{self, Dialect};
use crate::sql::{Outcome, Prepared, Row, Statement};
use crate::steady::Waves;
use crate::{OpenError, StoreError, StoreMeasures, steady};

/// Held while migrating, so that processes starting together do not get in each other's way. The
/// number means nothing; it only must not change.
pub(crate) const MIGRATION_LOCK: &str = "SELECT pg_advisory_xact_lock(7714905120036)";

/// An open PostgreSQL database.
pub(crate) struct Postgres {
    pool: Pool,
    writer: Mutex<Option<mpsc::Sender<Waiting>>>,
    alone: Writer,
    batchers: Mutex<Vec<JoinHandle<()>>>,
    wake: Wake,
    waves: Waves,
}

impl Postgres {
    /// Connects and migrates.
    pub(crate) async fn open(
        url: &str,
        clock: Arc<dyn Clock>,
        key: ChainKey,
        measures: Arc<StoreMeasures>,
        jobs_changed: Arc<Notify>,
    ) -> Result<Self, OpenError> {
        let pool = pool(url)?;
        migrate(&pool, clock.as_ref()).await?;

        let (writer, work) = mpsc::channel(limits::WRITE_QUEUE);
        let work = Arc::new(tokio::sync::Mutex::new(work));
        let growth = Arc::<Growth>::default();
        let alone = Writer { pool: pool.clone(), clock, key, measures, growth };
        let batchers = (0..limits::POSTGRES_BATCHERS)
            .map(|_| tokio::spawn(alone.clone().run(Arc::clone(&work))))
            .collect();
        let (config, tls) = configuration(url)?;
        let wake = Wake::start(config, tls, jobs_changed);
        let (writer, batchers) = (Mutex::new(Some(writer)), Mutex::new(batchers));
        Ok(Self { pool, writer, alone, batchers, wake, waves: Waves::default() })
    }

    pub(crate) async fn submit(&self, batch: Prepared) -> Result<Outcome, StoreError> {
        let (answer, done) = oneshot::channel();
        let writer = self.writer.lock().unwrap_or_else(PoisonError::into_inner).clone();
        writer.ok_or_else(closed)?.try_send((batch, answer)).map_err(|error| match error {
            mpsc::error::TrySendError::Full(_) => unavailable("the write queue is full"),
            mpsc::error::TrySendError::Closed(_) => closed(),
        })?;
        done.await.unwrap_or_else(|_| Err(closed()))
    }

    /// Tells the other processes that there is work.
    pub(crate) fn tell_of_work(&self) {
        self.wake.tell();
    }

    /// One batch in a transaction of its own, which does not wait for the journal's head.
    pub(crate) async fn submit_alone(&self, batch: Prepared) -> Result<Outcome, StoreError> {
        let result = self.alone.write_alone(&batch, Manner::Unlocked).await;
        self.alone.measures.writing.note(&batch, &result);
        result
    }

    pub(crate) async fn query(&self, statement: Statement) -> Result<Vec<Row>, StoreError> {
        self.alone.measures.reads.increment();
        let mut attempt = 1;
        loop {
            let client = connection(&self.pool).await?;
            let answer = tokio::time::timeout(limits::POSTGRES_ANSWER, run(&client, &statement)).await;
            match answer {
                Ok(Ok((rows, _))) => return Ok(rows),
                // An idle connection may have broken unnoticed; a read can be asked again.
                Ok(Err(error)) if is_broken(&error) && attempt < limits::POSTGRES_ATTEMPTS => {
                    drop(Object::take(client));
                    attempt += 1;
                }
                Ok(Err(error)) => return Err(explain(&error)),
                Err(_) => {
                    drop(Object::take(client));
                    return Err(unavailable("the server did not answer in time"));
                }
            }
        }
    }

    /// Begins to copy everything as it is now.
    pub(crate) async fn copy_out(&self) -> Result<CopyOut, StoreError> {
        copy_out(&self.pool).await
    }

    pub(crate) async fn generation(&self) -> Result<i64, StoreError> {
        self.waves.generation(|| async { steady::from_rows(self.query(steady::read()).await?) }).await
    }

    /// Writes what is queued and closes all connections.
    pub(crate) async fn close(&self) {
        self.wake.stop();
        drop(self.writer.lock().unwrap_or_else(PoisonError::into_inner).take());
        let batchers = std::mem::take(&mut *self.batchers.lock().unwrap_or_else(PoisonError::into_inner));
        for batcher in batchers {
            if batcher.await.is_err() {
                tracing::error!("a task of the store ended by a panic");
            }
        }
        self.pool.close();
    }
}

/// How to connect, and for how long to try.
fn configuration(url: &str) -> Result<(Config, Tls), OpenError> {
    let (mut config, tls) = postgres_tls::parse(url)?;
    if config.get_connect_timeout().is_none() {
        config.connect_timeout(limits::POSTGRES_CONNECT);
    }
    Ok((config, tls))
}

/// A pool of connections to the server; none is made yet.
pub(crate) fn pool(url: &str) -> Result<Pool, OpenError> {
    let (config, tls) = configuration(url)?;
    let manager =
        Manager::from_config(config, tls, ManagerConfig { recycling_method: RecyclingMethod::Fast });
    Pool::builder(manager)
        .max_size(limits::POSTGRES_CONNECTIONS)
        .post_create(settle())
        .wait_timeout(Some(limits::POSTGRES_CONNECT))
        .create_timeout(Some(limits::POSTGRES_CONNECT))
        .runtime(Runtime::Tokio1)
        .build()
        .map_err(|_| OpenError::Unavailable("the connection pool cannot be made".into()))
}

pub(crate) async fn connection(pool: &Pool) -> Result<Object, StoreError> {
    pool.get().await.map_err(|error| match error {
        deadpool_postgres::PoolError::Closed => closed(),
        deadpool_postgres::PoolError::Backend(error) => explain(&error),
        deadpool_postgres::PoolError::Timeout(_) => unavailable("no connection could be had in time"),
        _ => unavailable("no connection could be had"),
    })
}

pub(crate) async fn migrate(pool: &Pool, clock: &dyn Clock) -> Result<(), OpenError> {
    let failed = |error: Error| OpenError::from(explain(&error));
    let mut client = connection(pool).await?;
    if setting(&client, "synchronous_commit").await? == "off" {
        return Err(OpenError::NotDurable);
    }
    if setting(&client, "fsync").await? == "off" {
        tracing::warn!("the server runs with fsync off: a power cut may lose or damage data");
    }
    let transaction = client.transaction().await.map_err(failed)?;
    transaction.batch_execute(MIGRATION_LOCK).await.map_err(failed)?;
    transaction.batch_execute(&schema::bootstrap(Dialect::Postgres)).await.map_err(failed)?;
    let applied = transaction.query(schema::APPLIED, &[]).await.map_err(failed)?;
    let applied = applied.iter().map(own).collect::<Result<_, _>>().map_err(failed)?;
    for migration in schema::pending(applied, Dialect::Postgres)? {
        transaction.batch_execute(&migration.sql).await.map_err(failed)?;
        let now = clock.now().micros();
        let arguments: [&(dyn ToSql + Sync); 4] =
            [&migration.number, &migration.name, &migration.checksum, &now];
        transaction.execute(schema::NOTE_APPLIED, &arguments).await.map_err(failed)?;
    }
    transaction.commit().await.map_err(failed)
}

async fn setting(client: &Object, name: &str) -> Result<String, OpenError> {
    let row = client
        .query_one("SELECT current_setting($1)", &[&name])
        .await
        .map_err(|error| OpenError::from(explain(&error)))?;
    row.try_get(0).map_err(|error| explain(&error).into())
}

/// Runs one statement: its rows, if they are wanted, and how many it touched or returned.
pub(crate) async fn run(client: &Object, statement: &Statement) -> Result<(Vec<Row>, u64), Error> {
    let query = Query::one(statement, None);
    let prepared = client.prepare_typed_cached(query.sql, &query.types).await?;
    send(client, &prepared, &query).await
}

/// Runs one prepared statement. The first poll sends it; answers come in the order of sending.
pub(crate) async fn send(
    client: &Object,
    prepared: &tokio_postgres::Statement,
    query: &Query<'_>,
) -> Result<(Vec<Row>, u64), Error> {
    let arguments = query.arguments();
    if query.wants_rows {
        let rows = client.query(prepared, &arguments).await?;
        let rows = rows.iter().map(own).collect::<Result<Vec<_>, _>>()?;
        let count = rows.len() as u64;
        return Ok((rows, count));
    }
    client.execute(prepared, &arguments).await.map(|count| (Vec::new(), count))
}

pub(crate) fn own(row: &tokio_postgres::Row) -> Result<Row, Error> {
    let value = |index: usize| match *row.columns()[index].type_() {
        Type::BOOL => row.try_get(index).map(|truth: Option<bool>| truth.map(i64::from).into()),
        Type::TEXT => row.try_get(index).map(|text: Option<String>| text.into()),
        Type::BYTEA => row.try_get(index).map(|bytes: Option<Vec<u8>>| bytes.into()),
        _ => row.try_get(index).map(|number: Option<i64>| number.into()),
    };
    (0..row.len()).map(value).collect::<Result<_, _>>().map(Row::new)
}

/// Whether the connection is gone, or the server says that it is about to be.
pub(crate) fn is_broken(error: &Error) -> bool {
    let ending = [SqlState::ADMIN_SHUTDOWN, SqlState::CRASH_SHUTDOWN, SqlState::CANNOT_CONNECT_NOW];
    error.is_closed() || error.code().is_some_and(|code| ending.contains(code))
}

/// The error without its message and detail, which may quote values.
pub(crate) fn explain(error: &Error) -> StoreError {
    StoreError::Unavailable(match error.code() {
        Some(code) => format!("PostgreSQL error {}", code.code()),
        None if error.is_closed() => "the connection to the server broke".into(),
        None => "the server cannot be reached".into(),
    })
}
