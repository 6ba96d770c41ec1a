//! Measures how fast the carrier hands messages to an SMSC over one bind, the durable record of their names
//! included.
//!
//! `cargo xtask bench smpp` runs it beside `switchward smsc`: `submit_bench FOLDER ADDRESS SECONDS` prints
//! one line of JSON.

use std::error::Error;
use std::io::Write;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use base::{AccountSid, MessageSid, Sid, SystemClock};
use kit::Services;
use kit::gate::{Gate, GateConfig};
use messaging::Inbox;
use messaging::carrier::{Carrier, Reference, Submission};
use phi::{LocalKey, SystemRandom};
use smpp_net::{SmppCarrier, SmppConfig};
use store::{Database, Options, Scope, Store};
use tokio::sync::watch;

/// Submissions that may be unanswered at a time, and that are under way.
const WINDOW: usize = 100;
/// How long the bind may take.
const PATIENCE: Duration = Duration::from_secs(10);
const BODY: &str = "Your appointment is tomorrow at 9:30.";

type Failure = Box<dyn Error + Send + Sync>;

fn main() -> Result<(), Failure> {
    let mut arguments = std::env::args().skip(1);
    let usage = "submit_bench FOLDER ADDRESS SECONDS";
    let folder = PathBuf::from(arguments.next().ok_or(usage)?);
    let smsc: SocketAddr = arguments.next().ok_or(usage)?.parse()?;
    let time = Duration::from_secs(arguments.next().ok_or(usage)?.parse()?);
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let line = runtime.block_on(measure(folder, smsc, time))?;
    writeln!(std::io::stdout(), "{line}")?;
    Ok(())
}

async fn measure(folder: PathBuf, smsc: SocketAddr, time: Duration) -> Result<String, Failure> {
    let blob_folder = folder.join("blobs");
    let store = Store::open(Options {
        database: Database::Sqlite(folder.join("submit.db")),
        wrapper: Arc::new(LocalKey::generate()),
        clock: Arc::new(SystemClock),
        random: Arc::new(SystemRandom),
    })
    .await?;
    let account = AccountSid::generate(&SystemRandom);
    let mut batch = store.batch(Scope::account(account));
    batch.create_scope(Scope::account(account));
    store.commit(batch).await?;

    let carrier = SmppCarrier::new(SmppConfig::parse(&configuration(smsc))?, store.clone())?;
    let (stop, stopped) = watch::channel(false);
    let gate = Arc::new(Gate::new(GateConfig::default()));
    let blobs = blobs::Blobs::in_folder(&blob_folder)?;
    let api_base = String::new();
    let services = Services { store: store.clone(), operator: None, gate, blobs, api_base };
    let inbox = Inbox::new(Arc::new(services));
    let running = tokio::spawn(carrier.clone().run(inbox, stopped));
    tokio::time::timeout(PATIENCE, carrier.until("bench", true)).await?;

    let is_over = Arc::new(AtomicBool::new(false));
    let started = Instant::now();
    let mut tasks = Vec::new();
    for _ in 0..WINDOW {
        let (carrier, is_over) = (carrier.clone(), Arc::clone(&is_over));
        tasks.push(tokio::spawn(async move {
            let mut taken = Vec::new();
            while !is_over.load(Ordering::Relaxed) {
                let sent = Instant::now();
                let reference = Reference { account, message: MessageSid::generate(&SystemRandom) };
                let answer = carrier.submit(submission(reference)).await;
                answer.map_err(|problem| format!("a submission was not taken: {problem:?}"))?;
                taken.push(sent.elapsed());
            }
            Ok::<_, String>(taken)
        }));
    }
    tokio::time::sleep(time).await;
    is_over.store(true, Ordering::Relaxed);
    let mut taken = Vec::new();
    for task in tasks {
        taken.extend(task.await??);
    }
    let elapsed = started.elapsed();
    stop.send_replace(true);
    running.await?;
    taken.sort_unstable();
    let micros = |place: usize| taken.get(place).map_or(0, Duration::as_micros);
    let (count, last) = (taken.len(), taken.len().saturating_sub(1));
    Ok(format!(
        "{{\"accepted\":{count},\"rate\":{},\"p50_us\":{},\"p99_us\":{},\"max_us\":{}}}",
        count as f64 / elapsed.as_secs_f64(),
        micros(count / 2),
        micros(count * 99 / 100),
        micros(last),
    ))
}

fn configuration(smsc: SocketAddr) -> String {
    format!(
        "[[binds]]\nname = \"bench\"\nhost = \"{}\"\nport = {}\nsystem_id = \"bench\"\npassword = \"bench\"\n\
         tls = false\nwindow = {WINDOW}\nrate_per_second = {}\n",
        smsc.ip(),
        smsc.port(),
        smpp_net::limits::MOST_PER_SECOND
    )
}

fn submission(reference: Reference) -> Submission {
    Submission {
        reference,
        from: "+14155550100".to_owned(),
        to: "+14155550177".to_owned(),
        body: BODY.to_owned(),
        segments: 1,
        media: Vec::new(),
        is_mms: false,
        private_path: false,
        register: None,
        valid_until: base::Timestamp::from_seconds(4_102_444_800),
    }
}
