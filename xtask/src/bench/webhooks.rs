//! `bench webhooks`: signed status callbacks to one sink, and to ten of which one is dead.
//!
//! What a dead sink costs is the median of several pairs of runs, one after the other and in turn first: the machine is
//! not the same from one minute to the next.
//!
//! A backlog is made first: the sinks answer late until every message has been handed over, so that nothing but webhooks
//! is left to be done. Then they answer at once, and the time is taken until the backlog is gone.

use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::bench::Setup;
use crate::bench::pairs::alternate;
use crate::bench::process::{Process, finished};
use crate::bench::server::{Options, Server, accepted};
use crate::bench::table::{Row, Table};

const CONNECTIONS: u32 = 64;
/// Messages whose callbacks (queued, sent, delivered) are the backlog, per second of the run.
const MESSAGES_PER_SECOND: u64 = 2_000;
/// How late the sinks answer while the backlog is made.
const LATE_MS: &str = "400";
const SINKS: usize = 10;
/// Pairs of runs without and with a dead sink; odd, so that there is a median.
const PAIRS: usize = 7;
const POLL: Duration = Duration::from_millis(100);
const DRAIN_LIMIT: Duration = Duration::from_secs(120);

/// What the figures must hold (issue 3).
const RATE: f64 = 8_000.0;
const DEAD_SINK_COST_PERCENT: f64 = 5.0;

pub(crate) fn run(setup: &Setup) -> Result<Table, String> {
    let mut table = Table::new("webhooks");
    let one = drain(setup, "one sink", 1, 0)?;
    table.at_least("signed webhooks to one sink", one.rate.unwrap_or_default(), RATE, "webhooks/s");
    table.rows.push(one);
    let rate = |row: &Row| row.rate.unwrap_or(f64::NAN);
    let pairs = alternate(
        PAIRS,
        || drain(setup, "nine sinks", SINKS - 1, 0),
        || drain(setup, "nine sinks beside one that never answers", SINKS, 1),
        |healthy, beside| (1.0 - rate(beside) / rate(healthy)) * 100.0,
    )?;
    table.at_most("what one dead sink of ten costs the others", pairs.cost, DEAD_SINK_COST_PERCENT, "%");
    table.notes.push(format!(
        "The dead sink: the pair with the median cost of {PAIRS} pairs is shown; the costs were {}.",
        pairs.costs
    ));
    table.rows.extend([pairs.median.0, pairs.median.1]);
    Ok(table)
}

/// Makes a backlog and measures how fast it goes. The dead sinks' part of it is not waited for.
fn drain(setup: &Setup, case: &str, sinks: usize, dead: usize) -> Result<Row, String> {
    let server = Server::start(setup, Options::default())?;
    let mut receive = Command::new(setup.programs.join("load"));
    receive.arg("receive").args([
        "--late",
        LATE_MS,
        "--sinks",
        &sinks.to_string(),
        "--silent",
        &dead.to_string(),
    ]);
    let mut sink = Process::start_talking("load", &mut receive)?;
    let ports = sink.hear()?;
    let ports: Vec<u64> = ports["ports"].as_array().into_iter().flatten().filter_map(Value::as_u64).collect();
    let each = MESSAGES_PER_SECOND * setup.seconds / (sinks - dead) as u64;
    // Its connections are shared out, so that every sink's backlog grows at once.
    let loads: Vec<_> = ports
        .iter()
        .map(|port| {
            let more = format!("&StatusCallback=http%3A%2F%2F127.0.0.1%3A{port}%2Fstatus");
            let mut command = server.load(setup, CONNECTIONS / ports.len() as u32, &more);
            command.args(["--requests", &each.to_string()]);
            thread::spawn(move || finished("load", &mut command))
        })
        .collect();
    for load in loads {
        accepted(&load.join().map_err(|_| "a load's thread panicked")??.0)?;
    }
    server.wait_for_hand_over()?;
    let before = (server.process.cpu()?, sink.cpu()?, arrived(&sink.ask("prompt")?, dead));
    let started = Instant::now();
    let mut last = (started, before.2);
    while last.0.elapsed() < POLL * 10 {
        if started.elapsed() > DRAIN_LIMIT {
            return Err(format!("webhooks still arrive after {} s", DRAIN_LIMIT.as_secs()));
        }
        thread::sleep(POLL);
        let now = arrived(&sink.ask("count")?, dead);
        if now > last.1 {
            last = (Instant::now(), now);
        }
    }
    let count = last.1 - before.2;
    let micros = |time: Duration| Some(time.as_secs_f64() * 1e6 / count);
    Ok(Row {
        case: format!("{case}, a backlog of {count:.0}"),
        rate: Some(count / (last.0 - started).as_secs_f64()),
        server_us: micros(server.process.cpu()? - before.0),
        load_us: micros(sink.cpu()? - before.1),
        peak_mib: Some(server.process.peak_mib()?),
        ..Row::default()
    })
}

/// Signed requests at the sinks that answer.
fn arrived(answer: &Value, dead: usize) -> f64 {
    let sinks = answer["sinks"].as_array().into_iter().flatten().skip(dead);
    sinks.filter_map(|sink| sink["signed"].as_f64()).sum()
}
