//! Copying rows out of an SQLite file and into a new one.
//!
//! Out: a thread with a connection of its own reads everything inside one read transaction, beside the
//! writer. While it lasts the log cannot be emptied, so it grows by what is written meanwhile.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use base::Clock;
use rusqlite::Connection;
use tokio::sync::{mpsc, oneshot};

use crate::copy::{Chunk, CopiedRow, CopyIn, CopyOut, Section};
use crate::error::unavailable;
use crate::limits;
use crate::sql::{Row, Statement};
use crate::sqlite::{connect, create_private, explain, io_error, lock, migrate, own, run, spawn};
use crate::sqlite_writer::empty_log;
use crate::{OpenError, StoreError};

/// Counts the copies that are being made, so that nobody waits for the log to become empty meanwhile.
pub(crate) struct Copying(Arc<AtomicUsize>);

impl Copying {
    pub(crate) fn begin(count: &Arc<AtomicUsize>) -> Self {
        count.fetch_add(1, Ordering::Relaxed);
        Self(Arc::clone(count))
    }
}

impl Drop for Copying {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Begins to copy the file as it is now. Blocks.
pub(crate) fn copy_out(path: &Path, copying: Copying) -> Result<CopyOut, StoreError> {
    let connection = connect(path).map_err(|error| explain(&error))?;
    connection.pragma_update(None, "query_only", true).map_err(|error| explain(&error))?;
    connection.execute_batch("BEGIN").map_err(|error| explain(&error))?;
    let mut rows = 0;
    for section in Section::ALL {
        let (counts, _) = run(&connection, &Statement::new(section.count(), Vec::new()).returning())?;
        rows += counts.into_iter().next().map_or(Ok(0), |mut row| row.count())?;
    }
    let (sender, chunks) = mpsc::channel(limits::COPY_CHUNKS);
    let body = move || {
        let last = match read_all(&connection, &sender) {
            // Nobody wants any more.
            Ok(false) => return,
            Ok(true) => Ok(Vec::new()),
            Err(error) => Err(error),
        };
        drop(connection);
        drop(copying);
        // Whoever asked may have gone.
        let _ = sender.blocking_send(last);
    };
    spawn("store-copy", body).map_err(|_| unavailable("no thread can be started"))?;
    Ok(CopyOut { chunks, rows })
}

/// Sends every row; false when nobody wants them any more.
fn read_all(
    connection: &Connection,
    chunks: &mpsc::Sender<Result<Chunk, StoreError>>,
) -> Result<bool, StoreError> {
    for section in Section::ALL {
        let mut prepared = connection.prepare(&section.select()).map_err(|error| explain(&error))?;
        let columns = prepared.column_count();
        let mut rows = prepared.raw_query();
        let (mut chunk, mut size) = (Vec::new(), 0);
        while let Some(row) = rows.next().map_err(|error| explain(&error))? {
            let values = (0..columns).map(|column| row.get_ref(column).map(own)).collect::<Result<_, _>>();
            let row = CopiedRow::new(section, Row::new(values.map_err(|error| explain(&error))?))?;
            size += row.size();
            chunk.push(row);
            if chunk.len() == limits::COPY_ROWS || size > limits::COPY_BYTES {
                size = 0;
                if chunks.blocking_send(Ok(std::mem::take(&mut chunk))).is_err() {
                    return Ok(false);
                }
            }
        }
        if !chunk.is_empty() && chunks.blocking_send(Ok(chunk)).is_err() {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Makes a file that rows are put into, in one transaction. Blocks.
pub(crate) fn copy_in(path: &Path, clock: &dyn Clock) -> Result<CopyIn, OpenError> {
    let held = lock(path)?;
    create_private(path).map_err(|error| io_error(&error))?;
    let mut connection = connect(path).map_err(|error| explain(&error))?;
    migrate(&mut connection, clock)?;
    let is_empty = connection
        .query_row("SELECT count(*) = 0 FROM scope_keys", [], |row| row.get::<_, bool>(0))
        .map_err(|error| explain(&error))?;
    if !is_empty {
        return Err(OpenError::NotEmpty);
    }
    let (chunks, waiting) = mpsc::channel(limits::COPY_CHUNKS);
    let (answer, done) = oneshot::channel();
    spawn("store-copy", move || {
        let written = write_all(&connection, waiting);
        drop((connection, held));
        // Whoever asked may have gone.
        let _ = answer.send(written);
    })?;
    Ok(CopyIn { chunks, done })
}

fn write_all(connection: &Connection, mut chunks: mpsc::Receiver<Chunk>) -> Result<(), StoreError> {
    let execute = |sql: &str| connection.execute_batch(sql).map_err(|error| explain(&error));
    execute("BEGIN IMMEDIATE")?;
    loop {
        // Without the last chunk nothing is kept: the connection's end is the transaction's.
        let chunk = chunks.blocking_recv().ok_or_else(|| unavailable("the copy broke off"))?;
        if chunk.is_empty() {
            break;
        }
        for statement in chunk.into_iter().filter_map(CopiedRow::insert) {
            run(connection, &statement)?;
        }
    }
    execute("COMMIT")?;
    empty_log(connection).map(drop).map_err(|error| explain(&error))
}
