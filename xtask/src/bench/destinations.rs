//! `bench destinations`: events from the log to webhook destinations, through a tracking plan, filters, grants and a
//! mapping; and what one destination that never answers costs nine others.
//!
//! A backlog is made first, while the sinks answer late. Then they answer at once, and the time is taken until every
//! destination that answers has been given all of it, as the server counts it. What a dead destination costs is the
//! median of pairs of runs, as in `bench webhooks`.

use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::bench::Setup;
use crate::bench::ingest::{self, EVENTS};
use crate::bench::pairs::alternate;
use crate::bench::process::{Process, finished};
use crate::bench::server::{Options, Server, accepted};
use crate::bench::table::{Row, Table};

const CONNECTIONS: &str = "16";
/// Batches of the backlog, per second of the run.
const BATCHES_PER_SECOND: u64 = 150;
/// How late the sinks answer while the backlog is made.
const LATE_MS: &str = "400";
/// Destinations of the first measurement.
const DESTINATIONS: usize = 3;
/// Destinations of the second, of which one may be dead.
const MANY: usize = 10;
/// Pairs of runs without and with a dead one; odd, so that there is a median.
const PAIRS: usize = 5;
const POLL: Duration = Duration::from_millis(100);
const DRAIN_LIMIT: Duration = Duration::from_secs(180);

/// What the figures must hold (issue 7).
const RATE: f64 = 10_000.0;
const DEAD_COST_PERCENT: f64 = 5.0;

pub(crate) fn run(setup: &Setup) -> Result<Table, String> {
    let mut table = Table::new("events");
    let three = drain(setup, "three destinations", DESTINATIONS, 0)?;
    table.at_least("events to three destinations", three.rate.unwrap_or_default(), RATE, "events/s");
    table.rows.push(three);
    let rate = |row: &Row| row.rate.unwrap_or(f64::NAN);
    let pairs = alternate(
        PAIRS,
        || drain(setup, "nine destinations", MANY - 1, 0),
        || drain(setup, "nine destinations beside one that never answers", MANY, 1),
        |healthy, beside| (1.0 - rate(beside) / rate(healthy)) * 100.0,
    )?;
    table.at_most("what one dead destination of ten costs the others", pairs.cost, DEAD_COST_PERCENT, "%");
    table.notes.push(format!(
        "An event counts once, when every destination that answers has it; requests are of {EVENTS} events. The dead \
         destination: the pair with the median cost of {PAIRS} pairs is shown; the costs were {}.",
        pairs.costs
    ));
    table.rows.extend([pairs.median.0, pairs.median.1]);
    Ok(table)
}

/// Makes a backlog and measures how fast it goes. The dead destinations' part of it is not waited for.
fn drain(setup: &Setup, case: &str, destinations: usize, dead: usize) -> Result<Row, String> {
    let server = Server::start(setup, Options::default())?;
    let mut receive = Command::new(setup.programs.join("load"));
    let (sinks, silent) = (destinations.to_string(), dead.to_string());
    receive.arg("receive").args(["--late", LATE_MS, "--sinks", &sinks, "--silent", &silent]);
    let mut sink = Process::start_talking("load", &mut receive)?;
    let heard = sink.hear()?;
    let ports: Vec<u64> = heard["ports"].as_array().into_iter().flatten().filter_map(Value::as_u64).collect();
    let place = Place::make(&server, &ports)?;
    let batches = BATCHES_PER_SECOND * setup.seconds;
    let mut command = Command::new(setup.programs.join("load"));
    command.arg("post").arg("--address").arg(server.address().to_string()).args(["--path", "/v1/batch"]);
    command.args(["--form", &ingest::batch(&place.key, case, "u-"), "--connections", CONNECTIONS]);
    command.args(["--requests", &batches.to_string()]);
    let (answer, _) = finished("load", &mut command)?;
    let wanted = accepted(&answer)? * EVENTS as f64;
    let before = (server.process.cpu()?, sink.cpu()?, place.given(&server, dead)?);
    sink.ask("prompt")?;
    let started = Instant::now();
    while place.given(&server, dead)? < wanted {
        if started.elapsed() > DRAIN_LIMIT {
            return Err(format!("events still wait after {} s", DRAIN_LIMIT.as_secs()));
        }
        thread::sleep(POLL);
    }
    let (time, count) = (started.elapsed(), wanted - before.2);
    let micros = |time: Duration| Some(time.as_secs_f64() * 1e6 / count);
    Ok(Row {
        case: format!("{case}, a backlog of {count:.0}"),
        rate: Some(count / time.as_secs_f64()),
        server_us: micros(server.process.cpu()? - before.0),
        load_us: micros(sink.cpu()? - before.1),
        peak_mib: Some(server.process.peak_mib()?),
        ..Row::default()
    })
}

/// A source with a plan and destinations, one for each sink.
struct Place {
    key: String,
    destinations: Vec<String>,
}

impl Place {
    fn make(server: &Server, ports: &[u64]) -> Result<Self, String> {
        let account = format!("/switchward/v1/Accounts/{}", server.account());
        let workspace = ingest::post(server, &format!("{account}/Workspaces"), &json!({ "name": "Clinic" }))?;
        let workspace = workspace["sid"].as_str().ok_or("the workspace has no SID")?;
        let below = format!("{account}/Workspaces/{workspace}");
        let source = ingest::post(server, &format!("{below}/Sources"), &json!({ "name": "Website" }))?;
        let sid = source["sid"].as_str().ok_or("the source has no SID")?;
        let key = source["write_keys"][0].as_str().ok_or("the source has no write key")?.to_owned();
        let token = json!({ "name": "Bench", "roles": ["workspace_owner"] });
        let token = ingest::post(server, &format!("{below}/Tokens"), &token)?;
        plan(server, token["token"].as_str().ok_or("there is no token")?, sid)?;
        let mut destinations = Vec::new();
        for (number, port) in ports.iter().enumerate() {
            let settings = json!({ "url": format!("http://127.0.0.1:{port}/events"), "batch_size": EVENTS });
            let new = json!({ "name": format!("Sink {number}"), "source_sid": sid, "kind": "webhook",
                "settings": settings });
            let made = ingest::post(server, &format!("{below}/Destinations"), &new)?;
            let one = made["sid"].as_str().ok_or("the destination has no SID")?.to_owned();
            let path = format!("{account}/Destinations/{one}");
            ingest::post(server, &format!("{path}/Filters"), &filters())?;
            ingest::post(server, &format!("{path}/Grants"), &grants())?;
            ingest::post(server, &format!("{path}/Mappings"), &mappings())?;
            ingest::post(server, &path, &json!({ "enabled": true }))?;
            destinations.push(one);
        }
        Ok(Self { key, destinations })
    }

    /// The events that every destination has which is not dead.
    fn given(&self, server: &Server, dead: usize) -> Result<f64, String> {
        let mut least = f64::INFINITY;
        // The sinks that never answer are the first ones.
        for destination in self.destinations.iter().skip(dead) {
            let path =
                format!("/switchward/v1/Accounts/{}/Destinations/{destination}/Deliveries", server.account());
            let answer = ingest::get(server, &path)?;
            let rows = answer["deliveries"].as_array().into_iter().flatten();
            let delivered = rows.filter(|row| row["outcome"] == "delivered");
            least = least.min(delivered.filter_map(|row| row["events"].as_f64()).sum());
        }
        Ok(least)
    }
}

/// A plan that every event of the load keeps to.
fn plan(server: &Server, token: &str, source: &str) -> Result<(), String> {
    let bearer = format!("Bearer {token}");
    let ask = |method: &str, path: &str, body: &Value| ingest::ask(server, method, path, &bearer, body);
    let made = ask("POST", "/tracking-plans", &json!({ "name": "Bookings", "type": "LIVE" }))?;
    let plan = made["data"]["trackingPlan"]["id"].as_str().ok_or("the plan has no id")?.to_owned();
    let schema = json!({ "properties": { "properties": { "required": ["clinic"], "properties": {
        "clinic": { "type": "string" }, "ward": { "type": "integer" }, "minutes": { "type": "integer" },
    } } } });
    let rule = json!({ "type": "TRACK", "key": "Appointment Booked", "version": 1, "jsonSchema": schema });
    ask("PUT", &format!("/tracking-plans/{plan}/rules"), &json!({ "rules": [rule] }))?;
    ask("POST", &format!("/tracking-plans/{plan}/sources"), &json!({ "sourceId": source }))?;
    Ok(())
}

fn filters() -> Value {
    json!({ "filters": [
        { "title": "No tests", "if": "properties.clinic = 'Test'", "actions": [{ "type": "DROP" }] },
        { "title": "No channel", "if": "all",
            "actions": [{ "type": "DROP_PROPERTIES", "fields": { "properties": ["channel"] } }] },
    ] })
}

fn grants() -> Value {
    let paths =
        ["event", "userId", "timestamp", "properties.clinic", "properties.ward", "properties.minutes"];
    let grant = |path| json!({ "path": path, "reason": "it is measured" });
    json!({ "grant": paths.map(grant), "signer": "Bench" })
}

fn mappings() -> Value {
    let path = |path: &str| json!({ "@path": path });
    let mapping = json!({ "name": path("$.event"), "who": path("$.userId"), "at": path("$.timestamp"),
        "clinic": path("$.properties.clinic"), "ward": path("$.properties.ward") });
    json!({ "mappings": [{ "name": "Bookings", "trigger": "event = 'Appointment Booked'", "mapping": mapping }] })
}
