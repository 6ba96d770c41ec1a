//! The operations address: metrics that show nothing of anybody, readiness with reasons, and the end.

use std::fs;
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use data_encoding::BASE64;
use serde_json::Value;

use crate::program::{PATIENCE, Server, exchange, init, parsed, text};

const TEXT: &str = "Your+appointment+canary-4711";
const PATIENT: &str = "+14155550142";

/// A server with an operations address, from a configuration file with these lines more.
fn start(dir: &Path, more: &str) -> (Server, SocketAddr) {
    let config = dir.join("switchward.toml");
    let settings = format!(
        "data = {:?}\nlisten = \"127.0.0.1:0\"\nsimulator = true\n\
         [operations]\nlisten = \"127.0.0.1:0\"\n{more}",
        text(&dir.join("data"))
    );
    fs::write(&config, settings).expect("a file");
    let server = Server::start_from(&["serve", "--config", text(&config)]);
    let address = server.operations();
    (server, address)
}

pub(crate) fn get(address: SocketAddr, path: &str) -> (u16, String) {
    let mut stream = TcpStream::connect(address).expect("the address is open");
    stream.set_read_timeout(Some(PATIENCE)).expect("a timeout");
    let request = format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
    let answer = exchange(&mut stream, request.as_bytes());
    let body = answer.split_once("\r\n\r\n").map(|(_, body)| body.to_owned()).unwrap_or_default();
    (parsed(&answer).0, body)
}

/// The number of the sample that starts like this.
pub(crate) fn sample(page: &str, start: &str) -> Option<f64> {
    let line = page.lines().find(|line| line.starts_with(start))?;
    line.rsplit_once(' ')?.1.parse().ok()
}

fn message(user: &str, password: &str, sid: &str, form: &str) -> Vec<u8> {
    let key = BASE64.encode(format!("{user}:{password}").as_bytes());
    format!(
        "POST /2010-04-01/Accounts/{sid}/Messages.json HTTP/1.1\r\nHost: 127.0.0.1\r\n\
         Authorization: Basic {key}\r\nContent-Type: application/x-www-form-urlencoded\r\n\
         Content-Length: {}\r\nConnection: close\r\n\r\n{form}",
        form.len()
    )
    .into_bytes()
}

#[test]
fn metrics_count_what_happens_and_name_nobody() {
    let dir = tempfile::tempdir().expect("a folder");
    let account = init(&dir.path().join("data"), &[]);
    let word = |name: &str| account[name].as_str().expect("text");
    let (server, operations) = start(dir.path(), "");
    let (sid, token) = (word("account_sid"), word("auth_token"));
    let form = format!("To=%2B{}&From=%2B{}&Body={TEXT}", &PATIENT[1..], &word("phone_number")[1..]);
    assert_eq!(parsed(&server.raw(&message(sid, token, sid, &form))).0, 201);
    assert_eq!(parsed(&server.raw(&message(sid, "canary-password", sid, &form))).0, 401);
    let delivered = "switchward_messages_total{outcome=\"delivered\"}";
    let deadline = Instant::now() + PATIENCE;
    let mut page = get(operations, "/metrics").1;
    while sample(&page, delivered).is_none() {
        assert!(Instant::now() < deadline, "{page}");
        thread::sleep(Duration::from_millis(50));
        page = get(operations, "/metrics").1;
    }
    let messages = "{product=\"api\",method=\"POST\",route=\"/2010-04-01/Accounts/{AccountSid}/Messages\"";
    for (start, least) in [
        (format!("switchward_requests_total{messages},status=\"2xx\"}}"), 1.0),
        (format!("switchward_requests_total{messages},status=\"4xx\"}}"), 1.0),
        (format!("switchward_request_seconds_count{messages}}}"), 2.0),
        ("switchward_messages_total{outcome=\"queued\"}".to_owned(), 1.0),
        ("switchward_failed_logins_total".to_owned(), 1.0),
        ("switchward_store_batches_total{outcome=\"committed\"}".to_owned(), 4.0),
        ("switchward_store_sync_seconds_count".to_owned(), 4.0),
        ("switchward_job_runs_total{queue=\"messages.send\",outcome=\"done\"}".to_owned(), 1.0),
        ("switchward_ready{part=\"store\"}".to_owned(), 1.0),
        ("switchward_ledger_entries".to_owned(), 3.0),
        ("switchward_parked_jobs".to_owned(), 0.0),
        ("switchward_quarantines_overdue".to_owned(), 0.0),
        ("switchward_inboxes_overdue".to_owned(), 0.0),
        ("switchward_webhooks_total{outcome=\"delivered\"}".to_owned(), 0.0),
        ("switchward_webhook_open_circuits".to_owned(), 0.0),
        ("process_resident_memory_bytes".to_owned(), 1e6),
        ("process_open_fds".to_owned(), 3.0),
        ("switchward_build_info{version=".to_owned(), 1.0),
    ] {
        let found = sample(&page, &start).unwrap_or_else(|| panic!("{start} is missing:\n{page}"));
        assert!(found >= least, "{start} {found}");
    }
    for canary in [sid, token, PATIENT, &PATIENT[1..], "canary", word("phone_number"), word("api_key_sid")] {
        assert!(!page.contains(canary), "{canary} is in the metrics");
    }
}

#[test]
fn whatever_callers_make_up_adds_no_series() {
    let dir = tempfile::tempdir().expect("a folder");
    let (server, operations) = start(dir.path(), "");
    let ask = |number: usize| {
        for line in [
            format!("GET /2010-04-01/Accounts/AC{number:032x}/Messages.json"),
            format!("BREW{number} /made-up-{number}"),
            format!("GET /product{number}/v1/Things"),
        ] {
            let request = format!("{line} HTTP/1.1\r\nHost: h{number}.example\r\nConnection: close\r\n\r\n");
            server.raw(request.as_bytes());
        }
    };
    let series = || {
        let page = get(operations, "/metrics").1;
        let names = page.lines().filter(|line| !line.starts_with('#'));
        names.map(|line| line.rsplit_once(' ').expect("a value").0.to_owned()).collect::<Vec<_>>()
    };
    ask(0);
    let before = series();
    for number in 1..40 {
        ask(number);
    }
    assert_eq!(series(), before);
}

#[test]
fn readiness_has_reasons_for_the_operator_alone() {
    let dir = tempfile::tempdir().expect("a folder");
    let (server, operations) = start(dir.path(), "");
    let (status, body) = get(operations, "/readyz");
    let report: Value = serde_json::from_str(&body).expect("JSON");
    assert_eq!((status, &report["ready"]), (200, &Value::Bool(true)), "{report}");
    let parts = report["parts"].as_array().expect("a list");
    let names: Vec<_> = parts.iter().map(|part| part["part"].as_str().expect("a name")).collect();
    assert_eq!(names, ["store", "ledger", "disk", "carrier"]);
    assert!(parts.iter().all(|part| part["ready"] == true), "{report}");
    assert_eq!(get(server.address, "/readyz"), (200, String::new()), "nothing more for everybody");
    assert_eq!(get(server.address, "/metrics").0, 404);
    assert_eq!(get(operations, "/healthz").0, 200);
    assert_eq!(get(operations, "/2010-04-01/Accounts.json").0, 404);
}

#[test]
fn a_stop_is_announced_before_the_port_closes() {
    let dir = tempfile::tempdir().expect("a folder");
    let (mut server, operations) = start(dir.path(), "stop_notice_seconds = 1\n");
    let address = server.address;
    let seen = thread::scope(|scope| {
        let watcher = scope.spawn(move || {
            let deadline = Instant::now() + PATIENCE;
            while Instant::now() < deadline {
                let (status, body) = get(operations, "/readyz");
                if status == 503 {
                    // The port still takes requests, and says the same in fewer words.
                    return (body, get(address, "/readyz"), get(address, "/healthz").0);
                }
                thread::sleep(Duration::from_millis(10));
            }
            panic!("the stop was never announced");
        });
        server.terminate();
        watcher.join().expect("the watcher sees the announcement")
    });
    assert!(seen.0.contains("it is stopping"), "{}", seen.0);
    assert_eq!((seen.1, seen.2), ((503, String::new()), 200));
}

#[test]
fn limits_of_the_file_hold_for_every_account() {
    let dir = tempfile::tempdir().expect("a folder");
    let account = init(&dir.path().join("data"), &[]);
    let word = |name: &str| account[name].as_str().expect("text");
    let (server, operations) = start(dir.path(), "[limits]\nrequests_per_second = 1\n");
    let (sid, token) = (word("account_sid"), word("auth_token"));
    let statuses: Vec<u16> = (0..20).map(|_| parsed(&server.raw(&message(sid, token, sid, ""))).0).collect();
    assert!(statuses.contains(&400) && statuses.contains(&429), "{statuses:?}");
    let page = get(operations, "/metrics").1;
    assert!(sample(&page, "switchward_throttled_requests_total{limit=\"rate\"}") >= Some(1.0), "{page}");
}
