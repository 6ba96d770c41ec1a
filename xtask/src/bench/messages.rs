//! `bench messages`: how many messages are accepted, durably, and what that costs.

use crate::bench::Setup;
use crate::bench::baselines::{Database, fsync_loop, pgbench};
use crate::bench::kannel::{self, Spool};
use crate::bench::pairs::alternate;
use crate::bench::server::{Options, Server};
use crate::bench::table::{Row, Table};

const CONNECTIONS: u32 = 64;
/// Pairs of runs without and with HIPAA mode; odd, so that there is a median.
const PAIRS: usize = 3;

/// What the figures must hold (issue 3), on two cores with the load on them too.
const RATE: f64 = 6_000.0;
const P99_MS: f64 = 50.0;
const PEAK_MIB: f64 = 200.0;
const HIPAA_COST_PERCENT: f64 = 20.0;
const POSTGRES_RATE: f64 = 3_000.0;
const TIMES_KANNEL: f64 = 4.0;

pub(crate) fn run(setup: &Setup) -> Result<Table, String> {
    let mut table = Table::new("messages");
    table.rows.push(fsync_loop(setup)?);
    let plain = Server::start(setup, Options::default())?;
    let single = plain.measure(setup, "SQLite", 1)?;
    table.rows.extend(single.into_iter().take(1));
    drop(plain);
    let measure = |case, hipaa| {
        Server::start(setup, Options { hipaa, ..Options::default() })?.measure(setup, case, CONNECTIONS)
    };
    // CPU time, not rate: it says what the mode costs whatever else the machine does.
    let micros = |rows: &Vec<Row>| rows[1].server_us.unwrap_or(f64::NAN);
    let pairs = alternate(
        PAIRS,
        || measure("SQLite", false),
        || measure("SQLite, HIPAA project", true),
        |plain, hipaa| (micros(hipaa) / micros(plain) - 1.0) * 100.0,
    )?;
    let (plain, hipaa) = pairs.median;
    let rate = plain[0].rate.unwrap_or_default();
    table.at_least("durable messages, 64 connections", rate, RATE, "messages/s");
    table.at_most("their p99", plain[0].latency_ms.map_or(f64::INFINITY, |[_, p99, _]| p99), P99_MS, "ms");
    table.at_most("peak memory", plain[0].peak_mib.unwrap_or(f64::INFINITY), PEAK_MIB, "MiB");
    table.at_most("what HIPAA mode costs, in CPU time", pairs.cost, HIPAA_COST_PERCENT, "%");
    table.notes.push(format!(
        "HIPAA mode: the pair with the median cost of {PAIRS} pairs is shown; the costs were {}.",
        pairs.costs
    ));
    table.rows.extend(plain);
    table.rows.extend(hipaa);

    match &setup.postgres {
        Some(server) => on_postgres(setup, server, &mut table)?,
        None => table.notes.push("PostgreSQL was not measured: there is no server.".to_owned()),
    }
    for (spool, promise) in [
        (Spool::Synced, "Kannel's accepted sends with the same promise (spool mounted `sync`)"),
        (Spool::NotSynced, "Kannel's accepted sends as it comes, which promises less (spool not fsynced)"),
    ] {
        match kannel::measure(setup, CONNECTIONS, spool)? {
            Ok(row) => {
                let times = rate / row.rate.unwrap_or(f64::INFINITY);
                table.at_least(&format!("messages accepted, {promise}"), times, TIMES_KANNEL, "times");
                table.rows.push(row);
            }
            Err(reason) => table.notes.push(format!("NOT RUN: {promise}: {reason}.")),
        }
    }
    Ok(table)
}

fn on_postgres(setup: &Setup, server: &str, table: &mut Table) -> Result<(), String> {
    table.rows.push(pgbench(setup, server)?);
    let database = Database::create(server, "switchward_bench")?;
    let url = database.url();
    let running = Server::start(setup, Options { database: Some(&url), ..Options::default() })?;
    let rows: Vec<Row> = running.measure(setup, "PostgreSQL", CONNECTIONS)?;
    drop(running);
    table.at_least("on PostgreSQL", rows[0].rate.unwrap_or_default(), POSTGRES_RATE, "messages/s");
    table.rows.extend(rows);
    Ok(())
}
