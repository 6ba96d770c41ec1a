//! Copying rows out of a PostgreSQL database and into a new one.
//!
//! Out: one read-only transaction that sees the database as it was when it began, walked with cursors. In:
//! one transaction, its rows pipelined.

use std::future::Future;

use base::Clock;
use deadpool_postgres::{Object, Pool};
use tokio::sync::{mpsc, oneshot};
use tokio::time::timeout;
use tokio_postgres::Error;

use crate::copy::{Chunk, CopiedRow, CopyIn, CopyOut, Section};
use crate::error::unavailable;
use crate::limits;
use crate::postgres::{MIGRATION_LOCK, connection, explain, is_broken, migrate, own};
use crate::postgres_group::Query;
use crate::postgres_planner::READ_ALL;
use crate::postgres_writer::pipeline;
use crate::sql::Statement;
use crate::{OpenError, StoreError};

const BEGIN_OUT: &str = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";
const BEGIN_IN: &str = "BEGIN ISOLATION LEVEL READ COMMITTED";
const IS_EMPTY: &str = "SELECT count(*) FROM scope_keys";

/// Begins to copy the database as it is now.
pub(crate) async fn copy_out(pool: &Pool) -> Result<CopyOut, StoreError> {
    let client = begin(pool, &format!("{BEGIN_OUT}{READ_ALL}")).await?;
    let mut rows = 0;
    for section in Section::ALL {
        let row = in_time(client.query_one(&section.count(), &[])).await?;
        let count: i64 = row.try_get(0).map_err(|error| explain(&error))?;
        rows += u64::try_from(count).unwrap_or_default();
    }
    let (sender, chunks) = mpsc::channel(limits::COPY_CHUNKS);
    tokio::spawn(async move {
        let last = match read_all(&client, &sender).await {
            // Nobody wants any more.
            Ok(false) => None,
            Ok(true) => Some(Ok(Vec::new())),
            Err(error) => Some(Err(error)),
        };
        // The connection ends with its transaction.
        drop(Object::take(client));
        if let Some(last) = last {
            // Whoever asked may have gone.
            let _ = sender.send(last).await;
        }
    });
    Ok(CopyOut { chunks, rows })
}

/// A connection in a transaction.
async fn begin(pool: &Pool, sql: &str) -> Result<Object, StoreError> {
    let mut attempt = 1;
    loop {
        let client = connection(pool).await?;
        match timeout(limits::POSTGRES_ANSWER, client.batch_execute(sql)).await {
            Ok(Ok(())) => return Ok(client),
            // An idle connection may have broken unnoticed.
            Ok(Err(error)) if is_broken(&error) && attempt < limits::POSTGRES_ATTEMPTS => {
                drop(Object::take(client));
                attempt += 1;
            }
            Ok(Err(error)) => return Err(explain(&error)),
            Err(_) => return Err(late()),
        }
    }
}

fn late() -> StoreError {
    unavailable("the server did not answer in time")
}

async fn in_time<T>(query: impl Future<Output = Result<T, Error>>) -> Result<T, StoreError> {
    let answer = timeout(limits::POSTGRES_ANSWER, query).await.map_err(|_| late())?;
    answer.map_err(|error| explain(&error))
}

/// Sends every row; false when nobody wants them any more.
async fn read_all(
    client: &Object,
    chunks: &mpsc::Sender<Result<Chunk, StoreError>>,
) -> Result<bool, StoreError> {
    let fetch = format!("FETCH FORWARD {} FROM copied", limits::COPY_ROWS);
    for section in Section::ALL {
        let declare = format!("DECLARE copied NO SCROLL CURSOR FOR {}", section.select());
        in_time(client.batch_execute(&declare)).await?;
        loop {
            let rows = in_time(client.query(&fetch, &[])).await?;
            if rows.is_empty() {
                break;
            }
            let chunk = rows.iter().map(|row| {
                let row = own(row).map_err(|error| explain(&error))?;
                CopiedRow::new(section, row)
            });
            if chunks.send(Ok(chunk.collect::<Result<_, StoreError>>()?)).await.is_err() {
                return Ok(false);
            }
        }
        in_time(client.batch_execute("CLOSE copied")).await?;
    }
    Ok(true)
}

/// Begins to put rows into a database without any, in one transaction.
pub(crate) async fn copy_in(pool: Pool, clock: &dyn Clock) -> Result<CopyIn, OpenError> {
    migrate(&pool, clock).await?;
    let client = begin(&pool, BEGIN_IN).await?;
    // Whoever opens the database meanwhile waits here, and then finds what was put in.
    in_time(client.batch_execute(MIGRATION_LOCK)).await?;
    let row = in_time(client.query_one(IS_EMPTY, &[])).await?;
    if row.try_get::<_, i64>(0).map_err(|error| explain(&error))? != 0 {
        return Err(OpenError::NotEmpty);
    }
    let (chunks, mut waiting) = mpsc::channel(limits::COPY_CHUNKS);
    let (answer, done) = oneshot::channel();
    tokio::spawn(async move {
        let written = write_all(&client, &mut waiting).await;
        // Without a commit, the connection's end is the transaction's.
        drop(Object::take(client));
        pool.close();
        // Whoever asked may have gone.
        let _ = answer.send(written);
    });
    Ok(CopyIn { chunks, done })
}

async fn write_all(client: &Object, chunks: &mut mpsc::Receiver<Chunk>) -> Result<(), StoreError> {
    loop {
        let chunk = chunks.recv().await.ok_or_else(|| unavailable("the copy broke off"))?;
        if chunk.is_empty() {
            return in_time(client.batch_execute("COMMIT")).await;
        }
        let statements: Vec<Statement> = chunk.into_iter().filter_map(CopiedRow::insert).collect();
        let queries: Vec<_> = statements.iter().map(|statement| Query::one(statement, None)).collect();
        let answers = timeout(limits::POSTGRES_ANSWER, pipeline(client, &queries)).await;
        for answer in answers.map_err(|_| late())? {
            answer.map_err(|error| explain(&error))?;
        }
    }
}
