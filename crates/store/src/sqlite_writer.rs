//! SQLite's writer thread: everything waiting is written in one transaction, one fsync for all.
//!
//! A group whose batches all succeed, which is nearly every one, is written straight through. When one
//! fails, the group is rolled back and written again with a savepoint for each batch, so that none
//! suffers from another: a savepoint copies every page its batch touches. Answers are given after the
//! commit. When SQLite gives up the whole transaction (disk full, I/O error), every batch of
//! the group is answered `Unavailable`.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::time::Instant;

use base::Clock;
use base::measure::Stopwatch;
use rusqlite::Connection;
use tokio::sync::{mpsc, oneshot};

use crate::chain::Tail;
use crate::counters::Counts;
use crate::engine::ChainKey;
use crate::error::unavailable;
use crate::limits;
use crate::sql::{Outcome, Prepared, Row, Statement, Step};
use crate::sqlite::{explain, run};
use crate::steady::Generation;
use crate::{StoreError, StoreMeasures};

/// What waits for the writer.
pub(crate) enum Work {
    Batch(Prepared, oneshot::Sender<Result<Outcome, StoreError>>),
    Stop,
}

type Waiting = (Prepared, oneshot::Sender<Result<Outcome, StoreError>>);

/// What the writer thread writes with.
pub(crate) struct Writer {
    pub(crate) connection: Connection,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) key: ChainKey,
    pub(crate) generation: Generation,
    pub(crate) measures: Arc<StoreMeasures>,
}

/// The writer thread: runs until it is stopped or nobody can submit any more.
pub(crate) fn write(writer: &Writer, mut work: mpsc::Receiver<Work>, checkpoints: Checkpoints) {
    let mut stopping = false;
    let mut written = 0;
    while !stopping {
        let Some(Work::Batch(batch, answer)) = work.blocking_recv() else { break };
        let mut steps = batch.steps.len();
        let mut group = vec![(batch, answer)];
        while group.len() < limits::SQLITE_GROUP && steps < limits::GROUP_STEPS {
            match work.try_recv() {
                Ok(Work::Batch(batch, answer)) => {
                    steps += batch.steps.len();
                    group.push((batch, answer));
                }
                Ok(Work::Stop) => {
                    stopping = true;
                    break;
                }
                Err(_) => break,
            }
        }
        commit_group(writer, group);
        written += steps;
        if written >= limits::SQLITE_CHECKPOINT_STEPS {
            written = 0;
            checkpoints.request(&writer.connection);
        }
    }
    drop(checkpoints);
    if let Err(error) = empty_log(&writer.connection) {
        tracing::warn!(error = %explain(&error), "the log could not be emptied into the file");
    }
}

fn commit_group(writer: &Writer, group: Vec<Waiting>) {
    let (batches, answers): (Vec<_>, Vec<_>) = group.into_iter().unzip();
    let written = write_straight(writer, &batches).or_else(|_| {
        roll_back(&writer.connection);
        write_apart(writer, &batches)
    });
    // On disk and not answered yet: whoever asks after the answer must not be told from memory.
    if batches.iter().any(|batch| batch.moves_generation) {
        writer.generation.fetch_add(1, Ordering::SeqCst);
    }
    let results = written.unwrap_or_else(|error| {
        roll_back(&writer.connection);
        tracing::error!(%error, batches = batches.len(), "a group of batches was not written");
        batches.iter().map(|_| Err(error.clone())).collect()
    });
    for (batch, result) in batches.iter().zip(&results) {
        writer.measures.writing.note(batch, result);
    }
    for (answer, result) in answers.into_iter().zip(results) {
        // Whoever submitted may have gone; the batch is written all the same.
        let _ = answer.send(result);
    }
}

/// Ends a transaction that failed, if SQLite has not done so itself.
fn roll_back(connection: &Connection) {
    if !connection.is_autocommit()
        && let Err(error) = connection.execute_batch("ROLLBACK")
    {
        tracing::error!(error = %explain(&error), "a transaction could not be rolled back");
    }
}

/// How each batch of a group ended.
type Results = Vec<Result<Outcome, StoreError>>;

/// Writes a group whose batches all succeed. `Err` means that one did not, and nothing was written.
fn write_straight(writer: &Writer, batches: &[Prepared]) -> Result<Results, StoreError> {
    begin(writer)?;
    let mut shared = Shared::default();
    let results = batches.iter().map(|batch| {
        run_batch(writer, batch, &mut shared).map(|outcome| Ok(outcome.in_group(batches.len())))
    });
    let results = results.collect::<Result<_, _>>()?;
    commit(writer, shared, batches.len())?;
    Ok(results)
}

/// Writes a group, each batch for itself. `Err` means that nothing at all was written.
fn write_apart(writer: &Writer, batches: &[Prepared]) -> Result<Results, StoreError> {
    begin(writer)?;
    let mut shared = Shared::default();
    let mut results = Vec::with_capacity(batches.len());
    for batch in batches {
        let before = shared.clone();
        execute(writer, "SAVEPOINT batch")?;
        let result = run_batch(writer, batch, &mut shared);
        if writer.connection.is_autocommit() {
            return Err(result.err().unwrap_or_else(|| unavailable("SQLite gave up the transaction")));
        }
        if result.is_err() {
            shared = before;
            execute(writer, "ROLLBACK TO batch")?;
        }
        execute(writer, "RELEASE batch")?;
        results.push(result.map(|outcome| outcome.in_group(batches.len())));
    }
    commit(writer, shared, batches.len())?;
    Ok(results)
}

/// Writes what the batches counted, and the journal's end back, if it was moved, and commits.
fn commit(writer: &Writer, Shared { chain, counts }: Shared, batches: usize) -> Result<(), StoreError> {
    for statement in counts.statements() {
        run_counted(writer, &statement)?;
    }
    if let Some(tail) = chain.tail.filter(|_| chain.changed) {
        let statement = tail.write(writer.key.get().ok_or(StoreError::Sealed)?);
        let (_, count) = run_counted(writer, &statement)?;
        statement.expect.check(count)?;
    }
    let stopwatch = Stopwatch::start();
    execute(writer, "COMMIT")?;
    writer.measures.sync_time.record_time(stopwatch.elapsed());
    writer.measures.group_sizes.record(batches as u64);
    Ok(())
}

fn begin(writer: &Writer) -> Result<(), StoreError> {
    writer.measures.transactions.increment();
    execute(writer, "BEGIN IMMEDIATE")
}

fn run_counted(writer: &Writer, statement: &Statement) -> Result<(Vec<Row>, u64), StoreError> {
    writer.measures.statements.increment();
    run(&writer.connection, statement)
}

fn execute(writer: &Writer, sql: &str) -> Result<(), StoreError> {
    let done = writer.connection.prepare_cached(sql).and_then(|mut prepared| prepared.execute([]));
    done.map(drop).map_err(|error| explain(&error))
}

/// What the batches of one group write together, once.
#[derive(Clone, Default)]
struct Shared {
    chain: Chain,
    counts: Counts,
}

/// The journal's end within one group: read when the first record comes.
#[derive(Clone, Copy, Default)]
struct Chain {
    tail: Option<Tail>,
    changed: bool,
}

fn run_batch(writer: &Writer, batch: &Prepared, shared: &mut Shared) -> Result<Outcome, StoreError> {
    let Writer { clock, key, .. } = writer;
    let Shared { chain, counts } = shared;
    let mut outcome = Outcome::default();
    for step in &batch.steps {
        match step {
            Step::Run(statement) if counts.take(statement) => {}
            Step::Run(statement) => {
                let (rows, count) = run_counted(writer, statement)?;
                statement.expect.check(count)?;
                outcome.rows.extend(rows);
            }
            Step::Record { scope, entry } => {
                let mut tail = match chain.tail {
                    Some(tail) => tail,
                    None => {
                        let (rows, _) = run_counted(writer, &Tail::read())?;
                        Tail::genuine(rows, key.get().ok_or(StoreError::Sealed)?)?
                    }
                };
                run_counted(writer, &tail.append(clock.now(), scope, entry))?;
                outcome.sequences.push(tail.sequence);
                *chain = Chain { tail: Some(tail), changed: true };
            }
        }
    }
    Ok(outcome)
}

/// Checkpoints of the log: made by a thread of their own, and by the writer only when the log has
/// grown too long, because a writer that never pauses would let it grow for ever.
#[derive(Clone)]
pub(crate) struct Checkpoints {
    wanted: SyncSender<()>,
    log_pages: Arc<AtomicI64>,
    /// How many copies are being made: each reads one state of the file for as long as it lasts, so the log
    /// cannot be emptied, and whoever waited for that would hold up every writer.
    copying: Arc<AtomicUsize>,
}

impl Checkpoints {
    pub(crate) fn new(copying: Arc<AtomicUsize>) -> (Self, Receiver<()>) {
        let (wanted, requests) = sync_channel(1);
        (Self { wanted, log_pages: Arc::new(AtomicI64::new(0)), copying }, requests)
    }

    /// The checkpoint thread.
    pub(crate) fn run(self, connection: &Connection, requests: &Receiver<()>) {
        let Self { wanted, log_pages, copying } = self;
        // Its own sender would keep the thread waiting for ever.
        drop(wanted);
        let mut emptied = Instant::now();
        loop {
            let left = limits::SQLITE_LOG_KEPT.saturating_sub(emptied.elapsed());
            let is_copying = || copying.load(Ordering::Relaxed) > 0;
            let pages = match requests.recv_timeout(left) {
                Err(RecvTimeoutError::Disconnected) => return,
                Err(RecvTimeoutError::Timeout) if is_copying() => {
                    emptied = Instant::now();
                    continue;
                }
                Ok(()) if !left.is_zero() || is_copying() => {
                    connection.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |row| row.get(1))
                }
                Ok(()) | Err(RecvTimeoutError::Timeout) => {
                    emptied = Instant::now();
                    empty_log(connection)
                }
            };
            match pages {
                Ok(pages) => log_pages.store(pages, Ordering::Relaxed),
                Err(error) => tracing::warn!(error = %explain(&error), "a checkpoint failed"),
            }
        }
    }

    /// Asks for a checkpoint; a second request while one waits is the same request.
    fn request(&self, connection: &Connection) {
        let is_copying = self.copying.load(Ordering::Relaxed) > 0;
        if !is_copying && self.log_pages.load(Ordering::Relaxed) > limits::SQLITE_LOG_PAGES {
            self.log_pages.store(0, Ordering::Relaxed);
            if let Err(error) = connection.query_row("PRAGMA wal_checkpoint(RESTART)", [], |_| Ok(())) {
                tracing::warn!(error = %explain(&error), "the log could not be restarted");
            }
        } else {
            // Full means that one is asked for already.
            let _ = self.wanted.try_send(());
        }
    }
}

/// Moves the log into the file and empties it, and answers how many pages are left in it. Until then a
/// destroyed key still stands in the log, although `secure_delete` has overwritten it in the file.
pub(crate) fn empty_log(connection: &Connection) -> rusqlite::Result<i64> {
    connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get(1))
}

#[cfg(test)]
mod tests {
    use std::sync::OnceLock;

    use base::{Timestamp, VirtualClock};

    use super::*;

    const INSERT: &str = "INSERT INTO rows (number, filling) VALUES ($1, $2)";

    fn submit(writer: &Writer, filling: &[usize]) -> Vec<Result<Outcome, StoreError>> {
        let (group, answers): (Vec<_>, Vec<_>) = filling
            .iter()
            .zip(0_i64..)
            .map(|(size, number)| {
                let statement = Statement::new(INSERT, vec![number.into(), vec![7; *size].into()]);
                let (answer, done) = oneshot::channel();
                ((Prepared::one(statement), answer), done)
            })
            .unzip();
        commit_group(writer, group);
        answers.into_iter().map(|done| done.blocking_recv().expect("every batch is answered")).collect()
    }

    fn writer(connection: Connection) -> Writer {
        let clock = Arc::new(VirtualClock::standing_at(Timestamp::from_seconds(0)));
        let (key, generation) = (Arc::new(OnceLock::new()), Generation::default());
        Writer { connection, clock, key, generation, measures: Arc::default() }
    }

    /// Goal: a group shares one transaction and one fsync, however many batches it has.
    #[test]
    fn a_group_is_one_commit() {
        let folder = tempfile::TempDir::new().expect("a folder");
        let connection = Connection::open(folder.path().join("group.db")).expect("a file");
        connection.execute_batch("CREATE TABLE rows (number INTEGER, filling BLOB);").expect("a table");
        let writer = writer(connection);
        assert!(submit(&writer, &[10; 50]).iter().all(Result::is_ok));
        let measures = &writer.measures;
        let commits: u64 = measures.sync_time.read().1.iter().sum();
        assert_eq!((measures.transactions.value(), commits, measures.statements.value()), (1, 1, 50));
    }

    /// What a shredded document leaves behind is in the log only, and for a bounded time.
    #[test]
    fn nothing_that_was_deleted_is_left_once_the_log_is_emptied() {
        const NEEDLE: &[u8] = b"a wrapped key that is destroyed";
        let folder = tempfile::TempDir::new().expect("a folder");
        let is_on_disk = || {
            std::fs::read_dir(folder.path()).expect("a folder").any(|file| {
                let bytes = std::fs::read(file.expect("a file").path()).expect("readable");
                bytes.windows(NEEDLE.len()).any(|window| window == NEEDLE)
            })
        };
        let connection = Connection::open(folder.path().join("log.db")).expect("a file");
        connection
            .execute_batch(
                "PRAGMA journal_mode = WAL; PRAGMA secure_delete = ON; CREATE TABLE rows (filling BLOB);",
            )
            .expect("a table");
        connection.execute("INSERT INTO rows VALUES ($1)", [NEEDLE]).expect("a row");
        connection.execute("DELETE FROM rows", []).expect("deleted");
        assert!(is_on_disk(), "the log still has it");
        assert_eq!(empty_log(&connection).expect("nobody reads"), 0);
        assert!(!is_on_disk());
    }

    #[test]
    fn the_checkpoint_thread_ends_with_the_writer() {
        let folder = tempfile::TempDir::new().expect("a folder");
        let connection = Connection::open(folder.path().join("end.db")).expect("a file");
        let (checkpoints, wanted) = Checkpoints::new(Arc::default());
        let state = checkpoints.clone();
        let thread = std::thread::spawn(move || state.run(&connection, &wanted));
        drop(checkpoints);
        thread.join().expect("it ends");
    }

    /// SQLite gives up the whole transaction when the disk is full; here a bound on the file's size
    /// stands for the disk.
    #[test]
    fn a_full_disk_makes_the_whole_group_unavailable_and_passes() {
        let folder = tempfile::TempDir::new().expect("a folder");
        let connection = Connection::open(folder.path().join("small.db")).expect("a file");
        connection
            .execute_batch("CREATE TABLE rows (number INTEGER, filling BLOB); PRAGMA max_page_count = 20;")
            .expect("a table");
        let writer = writer(connection);
        let connection = &writer.connection;
        assert!(submit(&writer, &[10]).iter().all(Result::is_ok) && !writer.measures.writing.fails());
        assert!(submit(&writer, &[200_000]).iter().all(Result::is_err) && writer.measures.writing.fails());
        let results = submit(&writer, &[10, 200_000, 10]);
        assert!(
            results.iter().any(|result| matches!(result, Err(StoreError::Unavailable(_)))),
            "the big one cannot be written"
        );
        let acknowledged = 1 + results.iter().filter(|result| result.is_ok()).count() as isize;
        let count = |connection: &Connection| -> isize {
            connection.query_row("SELECT count(*) FROM rows", [], |row| row.get(0)).expect("a count")
        };
        assert_eq!(count(connection), acknowledged, "acknowledged means written, and nothing else is");

        connection.execute_batch("PRAGMA max_page_count = 1000").expect("room");
        assert!(submit(&writer, &[10, 200_000]).iter().all(Result::is_ok));
        assert_eq!(count(connection), acknowledged + 2);
        assert!(!writer.measures.writing.fails());
    }
}
