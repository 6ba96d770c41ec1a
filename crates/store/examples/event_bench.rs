//! Measures the log of events against the least that any log would have to do: the same events, sealed the same way,
//! appended to a bare file with one `fdatasync` for all that wait.
//!
//! `cargo xtask bench ingest` runs it: `event_bench FOLDER SECONDS` prints one line of JSON. The figures are events
//! per second; a request brings [`EVENTS`] of them, about people who are known.

use std::error::Error;
use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use base::{AccountSid, Clock, Sid, SystemClock};
use phi::{DataKey, Digest, LocalKey, Phi, SystemRandom};
use serde_json::value::RawValue;
use store::{Database, NewEvent, Options, Scope, Store, Subject, SubjectKey};
use tokio::sync::{mpsc, oneshot};

/// Events of a request.
const EVENTS: usize = 100;
/// Requests in flight.
const CONCURRENCY: usize = 64;
/// Bytes of an event, as SDKs send them.
const EVENT_BYTES: usize = 600;

type Failure = Box<dyn Error + Send + Sync>;

fn main() -> Result<(), Failure> {
    let mut arguments = std::env::args().skip(1);
    let usage = "event_bench FOLDER SECONDS";
    let folder = PathBuf::from(arguments.next().ok_or(usage)?);
    let time = Duration::from_secs(arguments.next().ok_or(usage)?.parse()?);
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let bare = runtime.block_on(bare(&folder.join("bare"), time))?;
    let store = runtime.block_on(stored(folder.join("events.db"), time))?;
    let rows = serde_json::json!([
        { "case": "a bare file: events sealed, appended, one `fdatasync` for all that wait", "rate": bare },
        { "case": "the log in the store, on SQLite", "rate": store },
    ]);
    writeln!(std::io::stdout(), "{rows}")?;
    Ok(())
}

fn body() -> Result<Phi<Box<RawValue>>, Failure> {
    Ok(Phi::new(RawValue::from_string(format!("\"{}\"", "x".repeat(EVENT_BYTES - 2)))?))
}

/// Runs `request` over and over in [`CONCURRENCY`] tasks; events per second.
async fn drive<F, R>(time: Duration, request: F) -> Result<f64, Failure>
where
    F: Fn(u64) -> R + Clone + Send + 'static,
    R: Future<Output = Result<(), Failure>> + Send,
{
    let (done, start) = (Arc::new(AtomicU64::new(0)), Instant::now());
    let mut tasks = Vec::new();
    for _ in 0..CONCURRENCY {
        let (done, request) = (Arc::clone(&done), request.clone());
        tasks.push(tokio::spawn(async move {
            while start.elapsed() < time {
                request(done.fetch_add(1, Ordering::Relaxed)).await?;
            }
            Ok::<(), Failure>(())
        }));
    }
    for task in tasks {
        task.await??;
    }
    Ok((done.load(Ordering::Relaxed) * EVENTS as u64) as f64 / start.elapsed().as_secs_f64())
}

async fn bare(path: &Path, time: Duration) -> Result<f64, Failure> {
    let mut file = File::create(path)?;
    let (submit, mut waiting) = mpsc::channel::<(Vec<u8>, oneshot::Sender<()>)>(CONCURRENCY);
    let writer = std::thread::spawn(move || -> std::io::Result<()> {
        while let Some(first) = waiting.blocking_recv() {
            let mut group = vec![first];
            while let Ok(more) = waiting.try_recv() {
                group.push(more);
            }
            for (bytes, _) in &group {
                file.write_all(bytes)?;
            }
            file.sync_data()?;
            for (_, answer) in group {
                // Whoever asked is still there: nobody gives up in this program.
                let _ = answer.send(());
            }
        }
        Ok(())
    });
    let key = Arc::new(DataKey::generate(&SystemRandom));
    let body = body()?;
    let rate = drive(time, move |_| {
        let (submit, key, body) = (submit.clone(), Arc::clone(&key), body.clone());
        async move {
            let mut bytes = Vec::new();
            for _ in 0..EVENTS {
                bytes.extend_from_slice(&body.seal(&key, b"event")?);
            }
            let (answer, done) = oneshot::channel();
            submit.send((bytes, answer)).await?;
            Ok(done.await?)
        }
    })
    .await?;
    writer.join().map_err(|_| "the writer panicked")??;
    std::fs::remove_file(path)?;
    Ok(rate)
}

async fn stored(path: PathBuf, time: Duration) -> Result<f64, Failure> {
    let store = Store::open(Options {
        database: Database::Sqlite(path),
        wrapper: Arc::new(LocalKey::generate()),
        clock: Arc::new(SystemClock),
        random: Arc::new(SystemRandom),
    })
    .await?;
    let scope = Scope::account(AccountSid::generate(&SystemRandom));
    let mut batch = store.batch(scope);
    batch.create_scope(scope);
    let mut keys: Vec<SubjectKey> = Vec::new();
    for number in 0..EVENTS {
        let mut digest = [0; 32];
        digest[..8].copy_from_slice(&number.to_be_bytes());
        keys.push(batch.add_subject(Subject::sid(&Digest(digest)), SystemClock.now()));
    }
    store.commit(batch).await?;
    let (keys, body, own) = (Arc::new(keys), Arc::new(body()?), store.clone());
    let rate = drive(time, move |number| {
        let (store, keys, body) = (own.clone(), Arc::clone(&keys), Arc::clone(&body));
        async move {
            let present: Vec<_> = keys.iter().map(SubjectKey::sid).collect();
            let about: Vec<_> = keys.iter().map(|key| [key]).collect();
            let events: Vec<_> = about
                .iter()
                .zip(0_u64..)
                .map(|(subjects, place)| {
                    let mut name = [0; store::EVENT_NAME_BYTES];
                    name[..8].copy_from_slice(&number.to_be_bytes());
                    name[8..].copy_from_slice(&place.to_be_bytes());
                    NewEvent { name, subjects, body: &body }
                })
                .collect();
            let mut batch = store.batch(scope);
            batch.append_events("SO0", SystemClock.now(), &present, &events);
            store.commit(batch).await?;
            Ok(())
        }
    })
    .await?;
    store.close().await;
    Ok(rate)
}
