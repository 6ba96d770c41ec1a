//! `bench ingest`: how many events are accepted in batches over HTTP, durably, and what that costs; beside the least
//! that any log would have to do.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::process::Command;
use std::time::{Duration, Instant};

use data_encoding::BASE64;
use serde_json::{Value, json};

use crate::bench::Setup;
use crate::bench::baselines::fsync_loop;
use crate::bench::process::finished;
use crate::bench::server::{Options, Server, accepted, latency};
use crate::bench::table::{Row, Table};
use crate::shell;

const CONNECTIONS: u32 = 16;
/// Events of a batch: what the Python SDK sends at once.
pub(crate) const EVENTS: usize = 100;
const ANSWER: Duration = Duration::from_secs(30);
const WARM_UP: u64 = 1;

/// What the figures must hold (issue 7), on two cores with the load on them too.
const RATE: f64 = 20_000.0;
const PEAK_MIB: f64 = 300.0;

pub(crate) fn run(setup: &Setup) -> Result<Table, String> {
    let mut table = Table::new("events");
    let disk = fsync_loop(setup)?;
    let case = format!("disk: one `fdatasync` for each batch of {EVENTS}, of 4 KiB");
    table.rows.push(Row { case, rate: disk.rate.map(|rate| rate * EVENTS as f64), ..Row::default() });
    let folder = setup.folder.join("events");
    shell::fresh_folder(&folder)?;
    let mut command = Command::new(setup.programs.join("examples").join("event_bench"));
    command.arg(&folder).arg(setup.seconds.min(3).to_string());
    let (answer, _) = finished("event_bench", &mut command)?;
    for row in answer.as_array().ok_or("event_bench did not print a list")? {
        let case = row["case"].as_str().unwrap_or_default().to_owned();
        table.rows.push(Row { case, rate: row["rate"].as_f64(), ..Row::default() });
    }
    let server = Server::start(setup, Options::default())?;
    let key = write_key(&server)?;
    let known = measure(setup, &server, "people who are known, a new device in each batch", &|run| {
        batch(&key, run, "u-")
    })?;
    let new = measure(setup, &server, "everybody is new", &|run| batch(&key, run, &format!("{run}-{{n}}-")))?;
    table.at_least("durable events", known.rate.unwrap_or_default(), RATE, "events/s");
    table.at_most("peak memory", new.peak_mib.unwrap_or(f64::INFINITY), PEAK_MIB, "MiB");
    table.rows.extend([known, new]);
    table.notes.push(format!(
        "Over HTTP: {CONNECTIONS} connections, batches of {EVENTS} events of about 450 bytes, each with a name of its own; \
         an event counts once its batch is answered with 200. The latencies are those of a batch."
    ));
    Ok(table)
}

/// The body of a batch; the load puts a number in place of `{n}`. Events of different runs have different names.
pub(crate) fn batch(key: &str, run: &str, person: &str) -> String {
    let event = |place: usize| {
        let mut event = json!({
            "type": "track", "event": "Appointment Booked", "messageId": format!("{run}-{{n}}-{place}"),
            "userId": format!("{person}{place}"), "timestamp": "2026-01-15T12:00:00.000Z",
            "properties": { "clinic": "North", "ward": place, "reminder": true, "channel": "web", "minutes": 20 },
            "context": { "library": { "name": "analytics-node", "version": "3.1.0" },
                "page": { "path": "/booking", "title": "Book an appointment" }, "locale": "en-US" },
            "integrations": {}, "_metadata": { "nodeVersion": "22.0.0", "jsRuntime": "node" },
        });
        if place == 0 {
            event["anonymousId"] = format!("{run}-{{n}}").into();
        }
        event
    };
    let batch: Vec<_> = (0..EVENTS).map(event).collect();
    json!({ "writeKey": key, "sentAt": "2026-01-15T12:00:01.000Z", "batch": batch }).to_string()
}

fn measure(setup: &Setup, server: &Server, case: &str, body: &dyn Fn(&str) -> String) -> Result<Row, String> {
    let load = |run: &str, seconds: u64| {
        let mut command = Command::new(setup.programs.join("load"));
        command.arg("post").arg("--address").arg(server.address().to_string()).args(["--path", "/v1/batch"]);
        command.args(["--form", &body(run), "--connections", &CONNECTIONS.to_string()]);
        command.args(["--seconds", &seconds.to_string()]);
        finished("load", &mut command)
    };
    load(&format!("warm-up {case}"), WARM_UP)?;
    let (before, started) = (server.process.cpu()?, Instant::now());
    let (answer, load_cpu) = load(case, setup.seconds)?;
    let batches = accepted(&answer)?;
    let events = batches * EVENTS as f64;
    let cpu = server.process.cpu()? - before;
    let micros = |time: Duration| Some(time.as_secs_f64() * 1e6 / events);
    Ok(Row {
        case: format!("over HTTP: {case}"),
        rate: Some(events / started.elapsed().as_secs_f64()),
        server_us: micros(cpu),
        load_us: micros(load_cpu),
        latency_ms: latency(&answer),
        peak_mib: Some(server.process.peak_mib()?),
    })
}

/// The write key of a new source.
fn write_key(server: &Server) -> Result<String, String> {
    let account = format!("/switchward/v1/Accounts/{}", server.account());
    let workspace = post(server, &format!("{account}/Workspaces"), &json!({ "name": "Clinic" }))?;
    let sid = workspace["sid"].as_str().ok_or("the workspace has no SID")?;
    let source = post(server, &format!("{account}/Workspaces/{sid}/Sources"), &json!({ "name": "Website" }))?;
    let key = source["write_keys"][0].as_str().ok_or("the source has no write key")?;
    Ok(key.to_owned())
}

/// Makes something by our own API.
pub(crate) fn post(server: &Server, path: &str, body: &Value) -> Result<Value, String> {
    ask(server, "POST", path, &login(server), body)
}

/// Asks our own API for something.
pub(crate) fn get(server: &Server, path: &str) -> Result<Value, String> {
    ask(server, "GET", path, &login(server), &Value::Null)
}

fn login(server: &Server) -> String {
    let login = BASE64.encode(format!("{}:{}", server.account(), server.token()).as_bytes());
    format!("Basic {login}")
}

/// One request, on a connection of its own.
pub(crate) fn ask(
    server: &Server,
    method: &str,
    path: &str,
    authorization: &str,
    body: &Value,
) -> Result<Value, String> {
    let failed = |e: std::io::Error| format!("{method} {path}: {e}");
    let body = if body.is_null() { String::new() } else { body.to_string() };
    let mut stream = TcpStream::connect(server.address()).map_err(failed)?;
    stream.set_read_timeout(Some(ANSWER)).map_err(failed)?;
    let head = format!(
        "{method} {path} HTTP/1.1\r\nHost: {}\r\nAuthorization: {authorization}\r\nContent-Type: application/json\r\n\
         Content-Length: {}\r\nConnection: close\r\n\r\n",
        server.address(),
        body.len()
    );
    stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(body.as_bytes())).map_err(failed)?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).map_err(failed)?;
    let (head, json) =
        answer.split_once("\r\n\r\n").ok_or_else(|| format!("{method} {path} was not answered"))?;
    if !head.starts_with("HTTP/1.1 20") {
        return Err(format!("{method} {path}: {}", head.lines().next().unwrap_or_default()));
    }
    serde_json::from_str(json).map_err(|_| format!("{method} {path} was not answered with JSON"))
}
