//! Measures durable commits per second, next to a bare SQLite file with one transaction per request.
//!
//! `cargo run --release -p store --example commit_bench` takes about ten seconds. PostgreSQL is measured
//! when `SWITCHWARD_TEST_POSTGRES` names a server where databases may be created. Each request
//! writes what a sent message does: a document with content, two index entries, a job and an entry
//! of the journal. The bare file gets the same rows, in the clear.

#![allow(clippy::disallowed_methods, reason = "a program that measures reads clock and environment")]

use std::error::Error;
use std::io::Write;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use base::{AccountSid, MessageSid, Sid, SystemClock};
use phi::{LocalKey, Phi, SystemRandom};
use serde::{Deserialize, Serialize};
use store::{Database, Index, IndexValue, Kind, NewDocument, NewJob, Options, Scope, Store};

/// How long each case runs.
const CASE: Duration = Duration::from_millis(1_500);
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
    let folder = tempfile::TempDir::new()?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let mut out = std::io::stdout();
    for concurrency in CONCURRENCY {
        let rate = bare(&folder.path().join(format!("bare-{concurrency}.db")), concurrency)?;
        writeln!(
            out,
            "bare SQLite, a transaction per request, {concurrency:>2} at once: {rate:>7.0} commits/s"
        )?;
    }
    for concurrency in CONCURRENCY {
        let database = Database::Sqlite(folder.path().join(format!("store-{concurrency}.db")));
        let rate = runtime.block_on(sealed(database, concurrency))?;
        writeln!(
            out,
            "store on SQLite,                       {concurrency:>2} at once: {rate:>7.0} commits/s"
        )?;
    }
    let Ok(server) = std::env::var("SWITCHWARD_TEST_POSTGRES") else { return Ok(()) };
    for concurrency in CONCURRENCY {
        let rate = runtime.block_on(postgres(&server, concurrency))?;
        writeln!(
            out,
            "store on PostgreSQL,                   {concurrency:>2} at once: {rate:>7.0} commits/s"
        )?;
    }
    Ok(())
}

fn bare(path: &std::path::Path, concurrency: usize) -> Result<f64, Failure> {
    let connection = rusqlite::Connection::open(path)?;
    connection.execute_batch(BARE_TABLES)?;
    let connection = Mutex::new(connection);
    let done = AtomicU64::new(0);
    let start = Instant::now();
    std::thread::scope(|scope| -> Result<(), Failure> {
        let mut threads = Vec::new();
        for _ in 0..concurrency {
            threads.push(scope.spawn(|| -> Result<(), Failure> {
                while start.elapsed() < CASE {
                    bare_request(&mut connection.lock().unwrap_or_else(PoisonError::into_inner))?;
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

fn bare_request(connection: &mut rusqlite::Connection) -> Result<(), Failure> {
    let sid = MessageSid::generate(&SystemRandom).to_string();
    let transaction = connection.transaction()?;
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
    insert("INSERT INTO journal (entry, chain) VALUES (?1, ?2)", &[&sealed, &wrapped])?;
    transaction.commit()?;
    Ok(())
}

async fn sealed(database: Database, concurrency: usize) -> Result<f64, Failure> {
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
            while start.elapsed() < CASE {
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
        sid: MessageSid::generate(&SystemRandom),
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

async fn postgres(server: &str, concurrency: usize) -> Result<f64, Failure> {
    let name = format!("switchward_bench_{}_{concurrency}", std::process::id());
    let config: tokio_postgres::Config = server.parse()?;
    let (admin, connection) = config.connect(tokio_postgres::NoTls).await?;
    tokio::spawn(connection);
    admin.batch_execute(&format!("CREATE DATABASE {name}")).await?;
    let url = match server.rsplit_once('/') {
        Some((base, _)) if server.contains("://") => format!("{base}/{name}"),
        _ => format!("{server} dbname={name}"),
    };
    let rate = sealed(Database::Postgres(url), concurrency).await;
    admin.batch_execute(&format!("DROP DATABASE {name} WITH (FORCE)")).await?;
    rate
}

fn rate(done: &AtomicU64, start: Instant) -> f64 {
    let count = u32::try_from(done.load(Ordering::Relaxed)).unwrap_or(u32::MAX);
    f64::from(count) / start.elapsed().as_secs_f64()
}
