//! `cargo xtask crash`: the server is killed (`kill -9`) at random moments under load, started again on the
//! same data, and nothing it acknowledged may be missing.
//!
//! The carrier and the customer's webhook sink are outside the server and survive the kill, so what was
//! handed over or told twice is seen. Read in this order: `site` (the server), `smsc` (the carrier), `sink`,
//! `load`, `truth` (what must hold), `pair` (two servers of one database). The seed repeats the schedule of kills; how the threads interleave
//! is the machine's.

pub(crate) mod chance;
pub(crate) mod http;
pub(crate) mod load;
mod pair;
pub(crate) mod sink;
pub(crate) mod site;
pub(crate) mod smsc;
pub(crate) mod truth;

use std::path::Path;
use std::sync::Arc;
use std::thread::sleep;
use std::time::Duration;

use self::chance::{Chance, fresh_seed};
use self::load::{Load, Target};
use self::sink::Sink;
use self::site::Site;
use self::smsc::Smsc;
use self::truth::Truth;
use crate::leak;
use crate::metadata::Metadata;
use crate::postgres::{Server, database_of, query};
use crate::steps::{Context, Outcome, StepResult};

/// From the start of the process to `/readyz`.
pub(crate) const RESTART_LIMIT: Duration = Duration::from_secs(5);
/// Kills of the step, per database: PostgreSQL's take longer, because another worker is first seen to be dead.
const STEP_SQLITE: u64 = 40;
const STEP_POSTGRES: u64 = 10;
/// Kills of one of two servers in the step.
const STEP_PAIR: u64 = 4;
/// Kills between two complete checks.
const KILLS_PER_CHECK: u64 = 10;
/// Kills after which a long run tells how far it is: whoever stops it then knows what was shown.
const KILLS_PER_LINE: u64 = 100;
/// Kills of the command without `--times`.
const USUAL_TIMES: u64 = 50;
const MOST_TIMES: u64 = 100_000;

const HELP: &str = "Usage: cargo xtask crash [--times N] [--database sqlite|postgres|pair] [--seed S]

Kills the server under load, starts it again on the same data, and looks for what is lost.

  --times N      kills (50)
  --database D   sqlite (the default), postgres, or pair: two servers on one PostgreSQL, one of them killed
  --seed S       repeats the schedule of an earlier run
";

/// Messages that one connection posts before a kill at most.
const MESSAGES: usize = 24;
/// The longest load before a kill.
const LOAD_MS: u64 = 900;
/// The longest time between the end of the load and a kill that comes when queues are being emptied.
const DRAIN_MS: u64 = 400;
/// The longest time between a start and a kill that comes during the start.
const START_MS: u64 = 300;

/// What a run is asked for.
struct Plan {
    times: u64,
    database: Option<String>,
    seed: u64,
}

/// The step `crash`.
pub(crate) fn step(context: &mut Context) -> StepResult {
    let binary = leak::build_binary(context)?;
    crash(&binary, &context.target, &Plan { times: STEP_SQLITE, database: None, seed: fresh_seed() })?;
    match context.postgres.as_ref().map(|server| server.url().to_owned()) {
        None => Ok(Outcome::PassedInPart("no crash on PostgreSQL: no server".to_owned())),
        Some(url) => {
            on_postgres(&url, &binary, &context.target, (STEP_POSTGRES, fresh_seed()), crash)?;
            on_postgres(&url, &binary, &context.target, (STEP_PAIR, fresh_seed()), pair::crash)?;
            Ok(Outcome::Passed)
        }
    }
}

/// `cargo xtask crash`.
pub(crate) fn command(arguments: &[String]) -> Result<bool, String> {
    if matches!(arguments, [help] if help == "--help" || help == "-h") {
        print!("{HELP}");
        return Ok(true);
    }
    let (mut times, mut seed, mut database) = (USUAL_TIMES, fresh_seed(), "sqlite");
    for pair in arguments.chunks(2) {
        let [name, value] = pair else { return Err(format!("`{}` needs a value", pair[0])) };
        let number = || value.parse::<u64>().map_err(|_| format!("`{name}` needs a number"));
        match name.as_str() {
            "--times" => times = number()?.clamp(1, MOST_TIMES),
            "--seed" => seed = number()?,
            "--database" if ["sqlite", "postgres", "pair"].contains(&value.as_str()) => database = value,
            _ => return Err(format!("`crash` does not know `{name} {value}`")),
        }
    }
    let metadata = Metadata::of_workspace()?;
    let target = metadata.target_directory;
    let mut context =
        Context { root: metadata.workspace_root, target: target.clone(), write: false, postgres: None };
    let binary = leak::build_binary(&context)?;
    if database == "sqlite" {
        crash(&binary, &target, &Plan { times, database: None, seed })?;
        return Ok(true);
    }
    crate::postgres::run(&mut context)?;
    let url = context.postgres.as_ref().map(Server::url).ok_or("there is no PostgreSQL here")?;
    let crash = if database == "pair" { pair::crash } else { crash };
    on_postgres(url, &binary, &target, (times, seed), crash)?;
    Ok(true)
}

/// What kills, and looks for what is lost.
type Crash = fn(&Path, &Path, &Plan) -> Result<(), String>;

/// On a database of its own, which is dropped afterwards.
fn on_postgres(
    server: &str,
    binary: &Path,
    target: &Path,
    (times, seed): (u64, u64),
    crash: Crash,
) -> Result<(), String> {
    let name = format!("switchward_crash_{}", std::process::id());
    query(server, &format!("CREATE DATABASE {name}"))?;
    let plan = Plan { times, database: Some(database_of(server, &name)), seed };
    let crashed = crash(binary, target, &plan);
    query(server, &format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)"))?;
    crashed
}

fn crash(binary: &Path, target: &Path, plan: &Plan) -> Result<(), String> {
    let engine = if plan.database.is_some() { "postgres" } else { "sqlite" };
    println!(
        "{} kills on {engine}; again with --times {0} --database {engine} --seed {}",
        plan.times, plan.seed
    );
    let home = target.join("crash").join(engine);
    let (smsc, sink) = (Smsc::start(plan.seed)?, Sink::start()?);
    let site = Site::make(binary, &home, &home.join("data"), plan.database.as_deref(), smsc.port)?;
    let target = Target {
        address: site.address,
        account: site.account.clone(),
        sink: sink.port,
        next: Arc::default(),
        most: MESSAGES,
    };
    let mut chance = Chance::new(plan.seed);
    let mut truth = Truth::new();
    let mut restarts = Vec::new();
    for kill in 1..=plan.times {
        let mut server = site.start()?;
        match chance.below(10) {
            0 => {
                sleep(Duration::from_millis(chance.below(START_MS)));
                server.kill()?;
            }
            moment => {
                restarts.push(server.wait_ready()?);
                let load = Load::start(&target);
                sleep(Duration::from_millis(chance.below(LOAD_MS)));
                if moment == 1 {
                    load.stop();
                    sleep(Duration::from_millis(chance.below(DRAIN_MS)));
                }
                // Told first, so that a connection that breaks does not connect again.
                load.stop();
                server.kill()?;
                truth.add(load.posted()?);
            }
        }
        if kill % KILLS_PER_CHECK == 0 || kill == plan.times {
            let mut server = site.start()?;
            restarts.push(server.wait_ready()?);
            let settled = truth.settle(&site, &smsc, &sink).map_err(|e| format!("after kill {kill}: {e}"))?;
            server.kill()?;
            truth.against_ledger(&site, &settled).map_err(|e| format!("after kill {kill}: {e}"))?;
            if kill % KILLS_PER_LINE == 0 {
                println!("{kill} kills: {} acknowledged, nothing lost", truth.tally.acknowledged);
            }
        }
    }
    report(&truth, restarts)
}

fn report(truth: &Truth, mut restarts: Vec<Duration>) -> Result<(), String> {
    restarts.sort();
    let median = restarts.get(restarts.len() / 2).copied().unwrap_or_default();
    let longest = restarts.last().copied().unwrap_or_default();
    let tally = &truth.tally;
    println!(
        "acknowledged {}, unanswered {} (of these and {} refused there are {}), handed over twice {}, \
         callbacks {} ({} of them more than once), ledger entries {}",
        tally.acknowledged,
        tally.unanswered,
        tally.refused,
        tally.unanswered_kept,
        tally.handed_twice,
        tally.callbacks,
        tally.callbacks_twice,
        tally.ledger_entries
    );
    println!("{} starts: ready after {median:.2?} (median), {longest:.2?} (longest)", restarts.len());
    if tally.acknowledged == 0 {
        return Err("nothing was acknowledged, so nothing was shown".to_owned());
    }
    if longest > RESTART_LIMIT {
        return Err(format!("a start took {longest:.2?}"));
    }
    Ok(())
}
