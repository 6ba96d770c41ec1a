//! Measures durable commits per second, next to a bare SQLite file that gets the same rows in the clear:
//! with a transaction per request, and with a group of requests per transaction.
//!
//! `cargo xtask bench store` runs it: `commit_bench FOLDER SECONDS [POSTGRES-URL]` prints one line of
//! JSON. The URL is of a server where databases may be created. Each request writes what a sent message
//! does: a document with content, two index entries, a job and an entry of the journal.

use std::error::Error;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use base::{AccountSid, Clock, MessageSid, Sid, SystemClock};
use phi::{LocalKey, Phi, SystemRandom};
use serde::{Deserialize, Serialize};
use store::{Database, Index, IndexValue, Kind, NewDocument, NewJob, Options, Scope, Store};

/// Requests in flight.
const CONCURRENCY: [usize; 2] = [1, 64];

const BARE_TABLES: &str = "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;
    CREATE TABLE document (sid TEXT PRIMARY KEY, created_at INTEGER, facts BLOB, content BLOB) STRICT;
    CREATE TABLE document_key (sid TEXT PRIMARY KEY, wrapped BLOB) STRICT;
    CREATE TABLE entry (key TEXT, value BLOB, created_at INTEGER, sid TEXT,
        PRIMARY KEY (key, value, created_at, sid)) STRICT, WITHOUT ROWID;
    CREATE TABLE job (id TEXT PRIMARY KEY, due_at INTEGER, payload BLOB) STRICT;
    CREATE INDEX job_due ON job (due_at);
    CREATE TABLE journal (sequence INTEGER PRIMARY KEY, entry BLOB, chain BLOB) STRICT;";

struct Message;

#[derive(Clone, Serialize, Deserialize)]
struct Facts {
    status: String,
}

#[derive(Serialize, Deserialize)]
struct Content {
    body: String,
}

impl Kind for Message {
    const NAME: &'static str = "message";
    type Sid = MessageSid;
    type Facts = Facts;
    type Content = Content;
}

type Failure = Box<dyn Error + Send + Sync>;

fn main() -> Result<(), Failure> {
    let mut arguments = std::env::args().skip(1);
    let usage = "commit_bench FOLDER SECONDS [POSTGRES-URL]";
    let folder = PathBuf::from(arguments.next().ok_or(usage)?);
    let time = Duration::from_secs(arguments.next().ok_or(usage)?.parse()?);
    let server = arguments.next();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let mut rows = Vec::new();
    let mut add = |case: &str, concurrency: usize, rate: f64| {
        rows.push(serde_json::json!({ "case": format!("{case}, {concurrency} at once"), "rate": rate }));
    };
    for concurrency in CONCURRENCY {
        let path = folder.join(format!("single-{concurrency}.db"));
        add("bare SQLite, a transaction per request", concurrency, bare(&path, time, concurrency)?);
    }
    for concurrency in CONCURRENCY {
        let path = folder.join(format!("group-{concurrency}.db"));
        add("bare SQLite, group commit", concurrency, bare_group(&path, time, concurrency)?);
    }
    for concurrency in CONCURRENCY {
        let database = Database::Sqlite(folder.join(format!("store-{concurrency}.db")));
        let rate = runtime.block_on(sealed(database, time, concurrency))?;
        add("store on SQLite", concurrency, rate);
    }
    for concurrency in CONCURRENCY {
        let Some(server) = &server else { break };
        let rate = runtime.block_on(postgres(server, time, concurrency))?;
        add("store on PostgreSQL", concurrency, rate);
    }
    writeln!(std::io::stdout(), "{}", serde_json::Value::Array(rows))?;
    Ok(())
}

/// Every request is a transaction of its own.
fn bare(path: &Path, time: Duration, concurrency: usize) -> Result<f64, Failure> {
    let connection = rusqlite::Connection::open(path)?;
    connection.execute_batch(BARE_TABLES)?;
    let connection = Mutex::new(connection);
    drive(time, concurrency, || {
        let mut connection = connection.lock().unwrap_or_else(PoisonError::into_inner);
        let transaction = connection.transaction()?;
        bare_request(&transaction)?;
        Ok(transaction.commit()?)
    })
}

/// One thread writes; whatever waits for it is one transaction.
fn bare_group(path: &Path, time: Duration, concurrency: usize) -> Result<f64, Failure> {
    let connection = rusqlite::Connection::open(path)?;
    connection.execute_batch(BARE_TABLES)?;
    let (submit, waiting) = sync_channel(concurrency);
    let writer = std::thread::spawn(move || write_groups(connection, &waiting));
    let rate = drive(time, concurrency, || {
        let (answer, done) = sync_channel(1);
        submit.send(answer)?;
        Ok(done.recv()?)
    })?;
    drop(submit);
    writer.join().map_err(|_| "the writer panicked")?.map_err(|error| error.to_string())?;
    Ok(rate)
}

fn write_groups(
    mut connection: rusqlite::Connection,
    waiting: &Receiver<SyncSender<()>>,
) -> rusqlite::Result<()> {
    while let Ok(first) = waiting.recv() {
        let group: Vec<_> = std::iter::once(first).chain(waiting.try_iter()).collect();
        let transaction = connection.transaction()?;
        for _ in &group {
            bare_request(&transaction)?;
        }
        transaction.commit()?;
        for answer in group {
            // Whoever asked is still there: nobody gives up in this program.
            let _ = answer.send(());
        }
    }
    Ok(())
}

/// Calls `request` from `concurrency` threads and returns how often it ended per second.
fn drive(
    time: Duration,
    concurrency: usize,
    request: impl Fn() -> Result<(), Failure> + Sync,
) -> Result<f64, Failure> {
    let done = AtomicU64::new(0);
    let start = Instant::now();
    std::thread::scope(|scope| -> Result<(), Failure> {
        let mut threads = Vec::new();
        for _ in 0..concurrency {
            threads.push(scope.spawn(|| -> Result<(), Failure> {
                while start.elapsed() < time {
                    request()?;
                    done.fetch_add(1, Ordering::Relaxed);
                }
                Ok(())
            }));
        }
        for thread in threads {
            thread.join().map_err(|_| "a thread panicked")??;
        }
        Ok(())
    })?;
    Ok(rate(&done, start))
}

fn bare_request(transaction: &rusqlite::Transaction<'_>) -> rusqlite::Result<()> {
    let sid = MessageSid::generate_at(&SystemRandom, SystemClock.now()).to_string();
    let insert = |sql: &str, values: &[&dyn rusqlite::ToSql]| -> rusqlite::Result<()> {
        transaction.prepare_cached(sql)?.execute(values).map(drop)
    };
    let (at, sealed, wrapped) = (1_700_000_000_000_000_i64, [7_u8; 90], [7_u8; 61]);
    insert("INSERT INTO document VALUES (?1, ?2, ?3, ?4)", &[&sid, &at, &sealed, &sealed])?;
    insert("INSERT INTO document_key VALUES (?1, ?2)", &[&sid, &wrapped])?;
    for key in ["status", "to"] {
        insert("INSERT INTO entry VALUES (?1, ?2, ?3, ?4)", &[&key, &wrapped, &at, &sid])?;
    }
    insert("INSERT INTO job VALUES (?1, ?2, ?3)", &[&sid, &at, &sealed])?;
    insert("INSERT INTO journal (entry, chain) VALUES (?1, ?2)", &[&sealed, &wrapped])
}

async fn sealed(database: Database, time: Duration, concurrency: usize) -> Result<f64, Failure> {
    let store = Store::open(Options {
        database,
        wrapper: Arc::new(LocalKey::generate()),
        clock: Arc::new(SystemClock),
        random: Arc::new(SystemRandom),
    })
    .await?;
    let account = Scope::account(AccountSid::generate(&SystemRandom));
    let mut batch = store.batch(account);
    batch.create_scope(account);
    store.commit(batch).await?;

    let done = Arc::new(AtomicU64::new(0));
    let start = Instant::now();
    let mut tasks = Vec::new();
    for _ in 0..concurrency {
        let (store, done) = (store.clone(), Arc::clone(&done));
        tasks.push(tokio::spawn(async move {
            while start.elapsed() < time {
                request(&store, account).await?;
                done.fetch_add(1, Ordering::Relaxed);
            }
            Ok::<(), Failure>(())
        }));
    }
    for task in tasks {
        task.await??;
    }
    let rate = rate(&done, start);
    store.close().await;
    Ok(rate)
}

async fn request(store: &Store, account: Scope) -> Result<(), Failure> {
    let now = store.clock().now();
    let digest = store.scope(account).digest_key().await?.digest("to", b"+14155550100");
    let mut batch = store.batch(account);
    batch.insert::<Message>(NewDocument {
        sid: MessageSid::generate_at(&SystemRandom, now),
        parent: None,
        created_at: now,
        event_at: None,
        facts: Facts { status: "queued".into() },
        content: Some(Phi::new(Content { body: "Your appointment is at 9:30 tomorrow.".into() })),
        index: vec![
            Index { key: "status", value: IndexValue::Plain("queued".into()) },
            Index { key: "to", value: IndexValue::Digest(digest) },
        ],
    });
    batch.enqueue(NewJob {
        queue: "send",
        lane: None,
        ordering_key: None,
        due_at: now,
        payload: vec![7; 60],
    });
    batch.record(vec![7; 90]);
    store.commit(batch).await?;
    Ok(())
}

async fn postgres(server: &str, time: Duration, concurrency: usize) -> Result<f64, Failure> {
    let name = format!("switchward_bench_{}_{concurrency}", std::process::id());
    let config: tokio_postgres::Config = server.parse()?;
    let (admin, connection) = config.connect(tokio_postgres::NoTls).await?;
    tokio::spawn(connection);
    admin.batch_execute(&format!("CREATE DATABASE {name}")).await?;
    let url = match server.rsplit_once('/') {
        Some((base, _)) if server.contains("://") => format!("{base}/{name}"),
        _ => format!("{server} dbname={name}"),
    };
    let rate = sealed(Database::Postgres(url), time, concurrency).await;
    admin.batch_execute(&format!("DROP DATABASE {name} WITH (FORCE)")).await?;
    rate
}

fn rate(done: &AtomicU64, start: Instant) -> f64 {
    let count = u32::try_from(done.load(Ordering::Relaxed)).unwrap_or(u32::MAX);
    f64::from(count) / start.elapsed().as_secs_f64()
}
