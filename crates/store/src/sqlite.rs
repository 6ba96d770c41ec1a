//! SQLite: one writer thread that group-commits, a few reader threads, one process per file.
//!
//! The file is in WAL mode with `synchronous=FULL`: a commit is on disk when it returns.
//! `secure_delete` overwrites what is deleted, so a destroyed key leaves no trace in the file.

use std::fs::{File, OpenOptions, TryLockError};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

use base::Clock;
use rusqlite::config::DbConfig;
use rusqlite::types::ValueRef;
use rusqlite::{Connection, OpenFlags};
use tokio::sync::{mpsc, oneshot};

use crate::copy::CopyOut;
use crate::engine::ChainKey;
use crate::error::{closed, unavailable};
use crate::schema::{self, Dialect};
use crate::sql::{Outcome, Prepared, Row, Statement, Value};
use crate::sqlite_copy::{Copying, copy_out};
use crate::sqlite_points::Points;
use crate::sqlite_writer::{Checkpoints, Work, Writer, write};
use crate::steady::Generation;
use crate::{OpenError, StoreError, StoreMeasures, jobs_sql, limits};

/// A read waiting for a reader thread.
struct Read {
    statement: Statement,
    answer: oneshot::Sender<Result<Vec<Row>, StoreError>>,
}

/// An open SQLite file.
pub(crate) struct Sqlite {
    path: PathBuf,
    /// How many copies are being made.
    copying: Arc<AtomicUsize>,
    writer: mpsc::Sender<Work>,
    readers: Mutex<Option<SyncSender<Read>>>,
    points: Points,
    measures: Arc<StoreMeasures>,
    generation: Generation,
    threads: Mutex<Threads>,
}

#[derive(Default)]
struct Threads {
    readers: Vec<JoinHandle<()>>,
    writer: Vec<JoinHandle<()>>,
}

impl Sqlite {
    /// Opens the file, makes it when absent, and migrates it. Blocks.
    pub(crate) fn open(
        path: &Path,
        clock: Arc<dyn Clock>,
        key: ChainKey,
        measures: Arc<StoreMeasures>,
    ) -> Result<Self, OpenError> {
        let lock = lock(path)?;
        create_private(path).map_err(|error| io_error(&error))?;
        let mut connection = connect(path).map_err(|error| explain(&error))?;
        migrate(&mut connection, clock.as_ref())?;
        // Its pages are changed by itself alone, so what it keeps stays good; readers' do not.
        connection
            .pragma_update(None, "cache_size", -limits::SQLITE_WRITER_CACHE_KIB)
            .map_err(|error| explain(&error))?;

        let (writer, work) = mpsc::channel(limits::WRITE_QUEUE);
        let copying = Arc::<AtomicUsize>::default();
        let (checkpoints, wanted) = Checkpoints::new(Arc::clone(&copying));
        let checkpointer = connect(path).map_err(|error| explain(&error))?;
        let mut threads = Threads::default();
        let state = checkpoints.clone();
        let generation = Generation::default();
        let (moved, written) = (Arc::clone(&generation), Arc::clone(&measures));
        threads.writer.push(spawn("store-checkpoint", move || state.run(&checkpointer, &wanted))?);
        threads.writer.push(spawn("store-writer", move || {
            write(
                &Writer { connection, clock, key, generation: moved, measures: written },
                work,
                checkpoints,
            );
            drop(lock);
        })?);

        let (readers, reads) = sync_channel(limits::READ_QUEUE);
        let reads = Arc::new(Mutex::new(reads));
        for _ in 0..limits::SQLITE_READERS {
            let connection = connect_to_read(path).map_err(|error| explain(&error))?;
            let reads = Arc::clone(&reads);
            threads.readers.push(spawn("store-reader", move || serve(&connection, &reads))?);
        }
        let points = Points::open(path).map_err(|error| explain(&error))?;
        let (readers, threads) = (Mutex::new(Some(readers)), Mutex::new(threads));
        Ok(Self { path: path.to_owned(), copying, writer, readers, points, measures, generation, threads })
    }

    pub(crate) async fn submit(&self, batch: Prepared) -> Result<Outcome, StoreError> {
        let (answer, done) = oneshot::channel();
        self.writer.try_send(Work::Batch(batch, answer)).map_err(|error| match error {
            mpsc::error::TrySendError::Full(_) => unavailable("the write queue is full"),
            mpsc::error::TrySendError::Closed(_) => closed(),
        })?;
        done.await.unwrap_or_else(|_| Err(closed()))
    }

    pub(crate) fn generation(&self) -> i64 {
        self.generation.load(Ordering::SeqCst)
    }

    pub(crate) async fn query(&self, statement: Statement) -> Result<Vec<Row>, StoreError> {
        self.measures.reads.increment();
        if statement.is_point
            && let Some(rows) = self.points.query(&statement)
        {
            return rows;
        }
        let (answer, done) = oneshot::channel();
        let readers = self.readers.lock().unwrap_or_else(PoisonError::into_inner).clone();
        readers.ok_or_else(closed)?.try_send(Read { statement, answer }).map_err(|error| match error {
            TrySendError::Full(_) => unavailable("the read queue is full"),
            TrySendError::Disconnected(_) => closed(),
        })?;
        done.await.unwrap_or_else(|_| Err(closed()))
    }

    /// Begins to copy everything as it is now.
    pub(crate) async fn copy_out(&self) -> Result<CopyOut, StoreError> {
        let (path, copying) = (self.path.clone(), Copying::begin(&self.copying));
        let begun = tokio::task::spawn_blocking(move || copy_out(&path, copying)).await;
        begun.unwrap_or_else(|_| Err(unavailable("the copy was interrupted")))
    }

    /// Writes what is queued, empties the log into the file and lets go of it.
    pub(crate) async fn close(&self) {
        self.points.close();
        drop(self.readers.lock().unwrap_or_else(PoisonError::into_inner).take());
        let threads = std::mem::take(&mut *self.threads.lock().unwrap_or_else(PoisonError::into_inner));
        // A writer that is gone already needs no telling.
        let _ = self.writer.send(Work::Stop).await;
        let joined = tokio::task::spawn_blocking(move || {
            for thread in threads.readers.into_iter().chain(threads.writer) {
                if thread.join().is_err() {
                    tracing::error!("a thread of the store ended by a panic");
                }
            }
        });
        if joined.await.is_err() {
            tracing::error!("the threads of the store could not be waited for");
        }
    }
}

/// Takes the lock that keeps other processes away. It is a file of its own, because closing any
/// handle of the database file would drop SQLite's own locks.
pub(crate) fn lock(path: &Path) -> Result<File, OpenError> {
    let mut name = path.as_os_str().to_owned();
    name.push("-lock");
    let file = private().open(PathBuf::from(name)).map_err(|error| io_error(&error))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(OpenError::Locked),
        Err(TryLockError::Error(error)) => Err(io_error(&error)),
    }
}

fn private() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}

/// Makes the file before SQLite does, readable by its owner only; SQLite gives its log the same
/// permissions. The folder is synced, so that the file itself survives a power cut.
pub(crate) fn create_private(path: &Path) -> std::io::Result<()> {
    let is_new = !path.exists();
    let file = private().open(path)?;
    #[cfg(unix)]
    file.set_permissions(std::os::unix::fs::PermissionsExt::from_mode(0o600))?;
    file.sync_all()?;
    if is_new && let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        File::open(folder)?.sync_all()?;
    }
    Ok(())
}

pub(crate) fn connect(path: &Path) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(limits::SQLITE_BUSY)?;
    connection.set_prepared_statement_cache_capacity(limits::SQLITE_STATEMENTS);
    // A plan may not depend on what is bound (a page's LIMIT): every run would plan anew.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.pragma_update(None, "secure_delete", true)?;
    connection.pragma_update(None, "temp_store", "MEMORY")?;
    connection.pragma_update(None, "trusted_schema", false)?;
    // Checkpoints are made beside the writer, not inside its commits.
    connection.pragma_update(None, "wal_autocheckpoint", 0)?;
    Ok(connection)
}

pub(crate) fn connect_to_read(path: &Path) -> rusqlite::Result<Connection> {
    let connection = connect(path)?;
    connection.pragma_update(None, "query_only", true)?;
    Ok(connection)
}

pub(crate) fn migrate(connection: &mut Connection, clock: &dyn Clock) -> Result<(), OpenError> {
    let failed = |error: rusqlite::Error| OpenError::from(explain(&error));
    let transaction =
        connection.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate).map_err(failed)?;
    transaction.execute_batch(&schema::bootstrap(Dialect::Sqlite)).map_err(failed)?;
    let (applied, _) = run(&transaction, &Statement::new(schema::APPLIED, Vec::new()).returning())?;
    for migration in schema::pending(applied, Dialect::Sqlite)? {
        transaction.execute_batch(&migration.sql).map_err(failed)?;
        let arguments = vec![
            migration.number.into(),
            migration.name.into(),
            migration.checksum.into(),
            clock.now().micros().into(),
        ];
        run(&transaction, &Statement::new(schema::NOTE_APPLIED, arguments))?;
    }
    // Nobody else has the file, so whoever held a lease is gone.
    run(&transaction, &jobs_sql::release_all(clock.now()))?;
    transaction.commit().map_err(failed)
}

pub(crate) fn spawn(name: &str, body: impl FnOnce() + Send + 'static) -> Result<JoinHandle<()>, OpenError> {
    std::thread::Builder::new().name(name.into()).spawn(body).map_err(|error| io_error(&error))
}

/// A reader thread: answers until the store is closed.
fn serve(connection: &Connection, reads: &Mutex<Receiver<Read>>) {
    loop {
        let read = reads.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok(Read { statement, answer }) = read else { return };
        if !answer.is_closed() {
            // Whoever asked may have given up meanwhile; then nobody misses the answer.
            let _ = answer.send(run(connection, &statement).map(|(rows, _)| rows));
        }
    }
}

/// Runs one statement: its rows, if they are wanted, and how many it touched or returned.
pub(crate) fn run(connection: &Connection, statement: &Statement) -> Result<(Vec<Row>, u64), StoreError> {
    run_raw(connection, statement).map_err(|error| explain(&error))
}

fn run_raw(connection: &Connection, statement: &Statement) -> rusqlite::Result<(Vec<Row>, u64)> {
    let mut prepared = connection.prepare_cached(&statement.sql)?;
    for (position, value) in statement.arguments.iter().enumerate() {
        let index = parameter(&prepared, position + 1)?;
        match value {
            Value::Integer(value) => prepared.raw_bind_parameter(index, value)?,
            Value::Text(value) => prepared.raw_bind_parameter(index, value.as_deref())?,
            Value::Blob(value) => prepared.raw_bind_parameter(index, value.as_deref())?,
        }
    }
    let columns = prepared.column_count();
    if columns == 0 {
        let changed = prepared.raw_execute()?;
        return Ok((Vec::new(), changed as u64));
    }
    let mut found = Vec::new();
    let mut count = 0;
    let mut rows = prepared.raw_query();
    while let Some(row) = rows.next()? {
        count += 1;
        if statement.wants_rows {
            let values = (0..columns).map(|column| row.get_ref(column).map(own)).collect::<Result<_, _>>()?;
            found.push(Row::new(values));
        }
    }
    Ok((found, count))
}

/// Where SQLite has the parameter `$number`: it numbers them by first appearance, so the name decides.
fn parameter(prepared: &rusqlite::Statement<'_>, number: usize) -> rusqlite::Result<usize> {
    let is_it = |name: &str| name.strip_prefix('$').and_then(|digits| digits.parse().ok()) == Some(number);
    if prepared.parameter_name(number).is_some_and(is_it) {
        return Ok(number);
    }
    let name = format!("${number}");
    prepared.parameter_index(&name)?.ok_or(rusqlite::Error::InvalidParameterName(name))
}

pub(crate) fn own(value: ValueRef<'_>) -> Value {
    match value {
        ValueRef::Null => Value::Integer(None),
        ValueRef::Integer(value) => Value::Integer(Some(value)),
        // No column is a float; STRICT tables see to that.
        ValueRef::Real(_) => Value::Integer(None),
        ValueRef::Text(text) => Value::Text(Some(String::from_utf8_lossy(text).into_owned().into())),
        ValueRef::Blob(bytes) => Value::Blob(Some(bytes.to_vec())),
    }
}

/// The error without its message, which may quote values.
pub(crate) fn explain(error: &rusqlite::Error) -> StoreError {
    match error.sqlite_error() {
        Some(code) => StoreError::Unavailable(format!("SQLite error {}: {code}", code.extended_code)),
        None => unavailable("SQLite refused a statement"),
    }
}

pub(crate) fn io_error(error: &std::io::Error) -> OpenError {
    OpenError::Unavailable(format!("file error: {}", error.kind()))
}
