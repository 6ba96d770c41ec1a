//! An audit of an account as large as they get, served by a synthetic service: what it takes in memory, and that it asks
//! no more than it announces.

use std::collections::HashMap;
use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::Stdio;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Instant;

use audit::resource::{Purpose, Resource};
use serde_json::{Value, json};

use crate::program::{stdout_of, switchward, text, wait};

const MESSAGES: usize = 100_000;
const NUMBERS: usize = 1_000;
const SUBACCOUNTS: usize = 200;
/// What each subaccount has besides.
const MESSAGES_OF_SUBACCOUNTS: usize = 500;
const NUMBERS_OF_SUBACCOUNTS: usize = 25;
/// The most memory an audit may take. The program's allocator moves what grows instead of extending it, so that what is
/// left behind is zeroed: a tenth more at the peak.
const PEAK_BYTES: u64 = 215 * 1024 * 1024;
/// Requests that read every account here to its end.
const ENOUGH: usize = 60_000;

/// A service that makes its answers up: an account of the size above, with every list that the audit knows.
struct Synthetic {
    address: SocketAddr,
    /// Requests by path, without their query.
    asked: Arc<Mutex<HashMap<String, usize>>>,
}

impl Synthetic {
    fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("an address");
        let asked = Arc::new(Mutex::new(HashMap::new()));
        let counted = Arc::clone(&asked);
        thread::spawn(move || {
            for client in listener.incoming() {
                let (client, counted) = (client.expect("a connection"), Arc::clone(&counted));
                thread::spawn(move || serve(client, &counted));
            }
        });
        Self { address, asked }
    }

    fn requests(&self) -> usize {
        self.asked.lock().expect("no thread has panicked").values().sum()
    }

    fn requests_for(&self, end: &str) -> usize {
        let asked = self.asked.lock().expect("no thread has panicked");
        asked.iter().filter(|(path, _)| path.ends_with(end)).map(|(_, count)| count).sum()
    }
}

fn account(index: usize) -> String {
    format!("AC{index:032x}")
}

/// Answers requests until the client goes away.
fn serve(client: TcpStream, counted: &Mutex<HashMap<String, usize>>) {
    client.set_nodelay(true).expect("an option");
    let mut reader = BufReader::new(client.try_clone().expect("a second handle"));
    let mut writer = client;
    loop {
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            match reader.read_line(&mut head) {
                Ok(0) | Err(_) => return,
                Ok(_) => {}
            }
        }
        let target = head.split(' ').nth(1).expect("a target");
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        *counted.lock().expect("no thread has panicked").entry(path.to_owned()).or_default() += 1;
        let page = query.split('&').find_map(|pair| pair.strip_prefix("Page=")).unwrap_or("0");
        let (status, body) = answer(path, page.parse().expect("a page"));
        let body = body.to_string();
        let head = format!(
            "HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n",
            body.len()
        );
        if writer.write_all(&[head.as_bytes(), body.as_bytes()].concat()).is_err() {
            return;
        }
    }
}

fn answer(path: &str, page: usize) -> (&'static str, Value) {
    const OK: &str = "200 OK";
    if path == "/2010-04-01/Accounts.json" {
        let one = |index: usize| {
            json!({
                "sid": account(index), "owner_account_sid": account(0), "status": "active",
                "friendly_name": format!("Clinic {index}"), "date_created": "Thu, 01 Jan 2026 00:00:00 +0000",
            })
        };
        return (OK, list(path, "accounts", SUBACCOUNTS + 1, page, one));
    }
    let of = path.split('/').find(|part| part.starts_with("AC")).unwrap_or_default();
    let is_main = of.trim_end_matches(".json") == account(0);
    if path.ends_with("/Messages.json") {
        let count = if is_main { MESSAGES } else { MESSAGES_OF_SUBACCOUNTS };
        return (OK, list(path, "messages", count, page, message));
    }
    if path.ends_with("/IncomingPhoneNumbers.json") {
        let count = if is_main { NUMBERS } else { NUMBERS_OF_SUBACCOUNTS };
        return (OK, list(path, "incoming_phone_numbers", count, page, number));
    }
    match resource(path) {
        Some(resource) if resource.list.is_empty() => (OK, json!({ "sid": format!("XX{:032x}", 7) })),
        Some(resource) => {
            (OK, list(path, resource.list, 2, page, |index| json!({ "sid": format!("XX{index:032x}") })))
        }
        None => ("404 Not Found", json!({ "code": 20404, "status": 404 })),
    }
}

/// The resource of the audit's tables that lies at a path.
fn resource(path: &str) -> Option<&'static Resource> {
    let parts: Vec<&str> = path.split('/').skip(1).collect();
    audit::products::resources().filter(|it| it.purpose != Purpose::Probe && it.product != "segment").find(
        |it| {
            let own = it.path.split('?').next().expect("a path");
            let product = if it.product == "api" { String::new() } else { format!("/{}", it.product) };
            let template = format!("{product}{own}");
            let template: Vec<&str> = template.split('/').skip(1).collect();
            template.len() == parts.len()
                && template.iter().zip(&parts).all(|(wanted, part)| match wanted.split_once('}') {
                    Some((_, end)) => part.ends_with(end),
                    None => wanted == part,
                })
        },
    )
}

fn list(path: &str, key: &str, count: usize, page: usize, one: impl Fn(usize) -> Value) -> Value {
    const PAGE: usize = 100;
    let items: Vec<Value> = (page * PAGE..count.min((page + 1) * PAGE)).map(one).collect();
    let next = ((page + 1) * PAGE < count)
        .then(|| format!("{path}?PageSize={PAGE}&Page={}&PageToken=PA{page}", page + 1));
    let mut body = json!({ "next_page_uri": next, "page_size": PAGE });
    body[key] = items.into();
    body
}

fn message(index: usize) -> Value {
    json!({
        "sid": format!("SM{index:032x}"), "to": "+14155550123", "from": "+14155550100", "num_media": "0",
        "body": format!("Synthetic text {index}: {}", "lorem ipsum dolor sit amet ".repeat(10)),
        "direction": "outbound-api", "status": "delivered", "date_created": "Thu, 01 Jan 2026 00:00:00 +0000",
    })
}

fn number(index: usize) -> Value {
    json!({
        "sid": format!("PN{index:032x}"), "phone_number": "+14155550100", "friendly_name": format!("Line {index}"),
        // Each with faults, so that there is evidence to keep.
        "sms_url": format!("http://app{}.clinic.example.org/sms?patient_name=x", index % 40), "sms_method": "GET",
        "voice_url": "https://voice.clinic.example.org/calls",
    })
}

/// What the audit took.
struct Taken {
    peak_bytes: u64,
    report: Value,
    seconds: f64,
}

/// The memory is read while the audit waits for somebody to take its report from the pipe: all is done by then.
fn audit(service: &Synthetic, budget: usize) -> Taken {
    let dir = tempfile::tempdir().expect("a folder");
    let (out, state) = (dir.path().join("evidence"), dir.path().join("state.json"));
    let base = format!("http://{}", service.address);
    let budget = budget.to_string();
    let mut command = switchward(&["audit", "--base-url", &base, "--assume-designated", "--sample"]);
    command.args(["--budget", &budget, "--out", text(&out), "--state", text(&state), "--format", "csv"]);
    command.args(["--credentials", text(&credentials(dir.path())), "--fail-on", "never"]);
    command.env("TWILIO_ACCOUNT_SID", account(0)).env("TWILIO_AUTH_TOKEN", "synthetic");
    let started = Instant::now();
    let mut child = command.stdout(Stdio::piped()).spawn().expect("the binary runs");
    let mut printed = child.stdout.take().expect("it was asked for");
    let mut first = [0; 1];
    printed.read_exact(&mut first).expect("a report");
    let status = fs::read_to_string(format!("/proc/{}/status", child.id())).expect("Linux says");
    let seconds = started.elapsed().as_secs_f64();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).expect("a peak");
    let kib: u64 = peak.trim().trim_end_matches(" kB").parse().expect("a number");
    let mut rest = Vec::new();
    printed.read_to_end(&mut rest).expect("the rest of the report");
    assert!(rest.len() > 1_000_000, "the pipe held the audit back: {}", rest.len());
    assert!(wait(&mut child).success());
    let report = serde_json::from_slice(&fs::read(out.join("report.json")).expect("a report")).expect("JSON");
    Taken { peak_bytes: kib * 1024, report, seconds }
}

/// Every subaccount has credentials of its own, so that everything is read of each.
fn credentials(folder: &std::path::Path) -> std::path::PathBuf {
    use std::os::unix::fs::OpenOptionsExt;
    let file = folder.join("credentials.toml");
    let mut options = fs::OpenOptions::new();
    let mut open = options.write(true).create_new(true).mode(0o600).open(&file).expect("a file");
    for index in 1..=SUBACCOUNTS {
        let sid = account(index);
        writeln!(open, "[[credential]]\naccount = \"{sid}\"\nuser = \"{sid}\"\nsecret = \"synthetic\"")
            .expect("it is written");
    }
    file
}

/// Goal: an account with 100,000 messages, 1,000 numbers and 200 subaccounts is held in 215 MiB, within the budget that was
/// announced, both where that cuts the reading short and where it does not.
#[test]
#[expect(clippy::print_stderr, reason = "the figures of docs/audit.md are read here")]
fn holds_a_large_account_in_215_mib_within_the_announced_budget() {
    let plan = stdout_of(&["audit", "--plan", "--sample"]);
    let last = plan.trim_end().lines().last().expect("a line");
    let numbers: Vec<usize> = last.split([' ', ',']).filter_map(|word| word.parse().ok()).collect();
    let [per_account, budget, _] = numbers[..] else { panic!("{last}") };
    for (budget, is_read_whole) in [(budget, false), (ENOUGH, true)] {
        let service = Synthetic::start();
        let Taken { peak_bytes, report, seconds } = audit(&service, budget);
        let requests = service.requests();
        let mib = peak_bytes / 1024 / 1024;
        eprintln!("budget {budget}: {requests} requests, {mib} MiB, {seconds:.0} s");
        assert!(peak_bytes < PEAK_BYTES, "{mib} MiB");
        assert!(requests <= budget, "{requests} of {budget}");
        assert!(requests <= (SUBACCOUNTS + 1) * per_account);
        assert_eq!(report["requests"]["made"], requests);
        assert_eq!(report["subjects"].as_array().map(Vec::len), Some(SUBACCOUNTS + 1));
        let main = account(0);
        assert_eq!(service.requests_for(&format!("{main}/IncomingPhoneNumbers.json")), NUMBERS / 100);
        assert_eq!(service.requests_for(&format!("{main}/Messages.json")), 2, "a sample, not all of them");
        let sources = report["sources"].as_array().expect("sources");
        // Probes were not allowed, and no designation file names an Organization or how long things are kept.
        let unasked = sources.iter().any(|it| {
            let request = it["request"].as_str().expect("a request");
            it["outcomes"]["not_asked"].is_number()
                && request.starts_with("GET /")
                && !["{organization}", "{expired:"].iter().any(|it| request.contains(it))
        });
        assert_eq!(unasked, !is_read_whole);
        // What the budget left out is not observed, and passes nowhere.
        let rules = report["rules"].as_array().expect("rules");
        let https = rules.iter().find(|it| it["id"] == "GEN-HTTPS-2").expect("the rule");
        let answers = https["answers"].as_array().expect("answers");
        assert_eq!(answers.len(), SUBACCOUNTS + 1);
        let failing = answers.iter().filter(|it| it["verdict"] == "fail").count();
        assert_eq!(answers.iter().filter(|it| it["verdict"] == "pass").count(), 0);
        assert_eq!(failing == SUBACCOUNTS + 1, is_read_whole, "{failing}");
    }
}
