//! `bench lists`: pages of a large account's messages, by every filter the API has.
//!
//! The messages come in from the simulator's handsets, a portion on each of several days of its clock. Then pages are
//! asked for by several connections at once, each request for another patient.

use crate::bench::Setup;
use crate::bench::baselines::Database;
use crate::bench::process::finished;
use crate::bench::server::{Options, Server, accepted, latency};
use crate::bench::table::{Row, Table};

/// Messages in the account.
const MESSAGES: u64 = 1_000_000;
/// Days on which they came in.
const DAYS: u64 = 10;
/// Patients they came from, as many from each.
const PATIENTS: u64 = 20_000;
const FILL_CONNECTIONS: u32 = 64;
/// Who asks for pages at once.
const READERS: u32 = 4;
const DAY_SECONDS: u64 = 86_400;

/// What a page must hold (issue 5).
const P99_MS: f64 = 20.0;

pub(crate) fn run(setup: &Setup) -> Result<Table, String> {
    let mut table = Table::new("pages");
    on(setup, "SQLite", None, &mut table)?;
    match &setup.postgres {
        Some(server) => {
            let database = Database::create(server, "switchward_lists")?;
            on(setup, "PostgreSQL", Some(&database.url()), &mut table)?;
        }
        None => table.notes.push("PostgreSQL was not measured: there is no server.".to_owned()),
    }
    table.notes.push(format!(
        "{MESSAGES} messages of {PATIENTS} patients to one number on {DAYS} days; {READERS} readers, pages of 50."
    ));
    Ok(table)
}

/// Fills an account and measures its pages.
fn on(setup: &Setup, name: &str, database: Option<&str>, table: &mut Table) -> Result<(), String> {
    let server = Server::start(setup, Options { database, ..Options::default() })?;
    let today = fill(setup, &server, name)?;
    server.process.settle()?;
    let (patient, own) = ("%2B1415{line}", server.number().trim_start_matches('+'));
    let day = |ago: u64| base::Timestamp::from_seconds(today - (ago * DAY_SECONDS).cast_signed()).iso8601();
    let on_day = |ago| format!("DateSent={}", &day(ago)[.."2026-01-15".len()]);
    let (first, last) = (on_day(DAYS / 2), on_day(0));
    for (filter, form) in [
        ("no filter", String::new()),
        ("From a patient", format!("From={patient}")),
        ("To the number of all", format!("To=%2B{own}")),
        ("To the number of all, From a patient", format!("To=%2B{own}&From={patient}")),
        ("DateSent a day in the middle", first.clone()),
        (
            "DateSent before it, To the number of all",
            format!("{}&To=%2B{own}", first.replacen('=', "%3C=", 1)),
        ),
        ("DateSent the last day, From a patient", format!("{last}&From={patient}")),
        ("all three", format!("{first}&To=%2B{own}&From={patient}")),
    ] {
        let mut command = server.requests(setup, READERS, &server.messages_path(), &form);
        command.args(["--get", "--lines", &PATIENTS.to_string()]);
        command.args(["--seconds", &setup.seconds.to_string()]);
        let before = server.process.cpu()?;
        let (answer, load_cpu) = finished("load", &mut command)?;
        let pages = accepted(&answer)?;
        let latency = latency(&answer);
        let what = format!("{name}, {filter}");
        table.at_most(
            &format!("p99, {what}"),
            latency.map_or(f64::INFINITY, |[_, p99, _]| p99),
            P99_MS,
            "ms",
        );
        table.rows.push(Row {
            case: what,
            rate: answer["rate"].as_f64(),
            server_us: Some((server.process.cpu()? - before).as_secs_f64() * 1e6 / pages),
            load_us: Some(load_cpu.as_secs_f64() * 1e6 / pages),
            latency_ms: latency,
            peak_mib: Some(server.process.peak_mib()?),
        });
    }
    Ok(())
}

/// Lets the messages come in, and returns the simulator's time at the end, in seconds since the Unix epoch.
fn fill(setup: &Setup, server: &Server, name: &str) -> Result<i64, String> {
    let handset = "/switchward/v1/simulator/handsets/%2B1415{line}/messages";
    let body = format!(r#"{{"to":"{}","body":"I can come at half past nine."}}"#, server.number());
    for day in 0..DAYS {
        println!("{name}: {} of {MESSAGES} messages have come in", day * MESSAGES / DAYS);
        let mut command = server.requests(setup, FILL_CONNECTIONS, handset, &body);
        command.args(["--json", "--lines", &PATIENTS.to_string()]);
        accepted(&finished("load", command.args(["--requests", &(MESSAGES / DAYS).to_string()]))?.0)?;
        if day + 1 < DAYS {
            let body = format!(r#"{{"advance_seconds":{DAY_SECONDS}}}"#);
            let mut command = server.requests(setup, 1, "/switchward/v1/simulator/clock", &body);
            accepted(&finished("load", command.args(["--json", "--requests", "1"]))?.0)?;
        }
    }
    let since = std::time::UNIX_EPOCH.elapsed().map_err(|_| "the clock stands before 1970")?.as_secs();
    Ok((since + (DAYS - 1) * DAY_SECONDS).cast_signed())
}
