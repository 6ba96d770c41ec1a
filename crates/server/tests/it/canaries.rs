//! One search over everything that a server leaves behind: protected text and numbers go in by every way there is, also
//! by those that are refused, and must come out where they are meant to and stand nowhere else.
//!
//! Searched are the data folder with its log (with PostgreSQL also every table and the server's write-ahead log) as it is
//! while the server runs and after it has stopped, both files of a
//! backup, the program's log at its most talkative, metrics, traces (when it is built with them), every refusal as it was
//! answered, alerts and the delivery log as they are stored and as the API shows them, the ledger, and what the
//! commands print.

use std::fs;
use std::io::Write;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use base::AccountSid;
use data_encoding::{BASE64, HEXLOWER_PERMISSIVE};
use phi::{DataKey, LocalKey, SystemRandom};
use serde_json::Value;
use store::{Database, Options, Query, Scope, Store};
use test_kit::{SinkReply, TestDatabase, WebhookSink};
use tokio::runtime::Runtime;
use webhooks::{Alert, WebhookDelivery};

use crate::operations::get;
use crate::program::{PATIENCE, Server, exchange, parsed, switchward, text};
use crate::scan::{Canary, Place, Scan};

/// The patient and what is written to them; these arrive where they are meant to.
const PATIENT: &str = "4155550187";
const SENT_NAME: &str = "Quillfeather";
const SENT_TEXT: &str = "Cholecystectomy";
/// What the patient writes, and what is answered.
const WRITER: &str = "4155550164";
const ARRIVED: &str = "Palpitations";
const REPLY: &str = "Nitroglycerin";

const CANARIES: &[Canary] = &[
    Canary { way: "recipient", text: PATIENT },
    Canary { way: "outbound text", text: SENT_NAME },
    Canary { way: "outbound text", text: SENT_TEXT },
    Canary { way: "sender", text: WRITER },
    Canary { way: "inbound text", text: ARRIVED },
    Canary { way: "reply in TwiML", text: REPLY },
    Canary { way: "outbound medium", text: "Sonography" },
    Canary { way: "path of a medium", text: "Colonoscopy" },
    Canary { way: "inbound medium", text: "Endoscopy" },
    Canary { way: "recipient of a refusal", text: "4155550129" },
    Canary { way: "number looked up", text: "4155550136" },
    Canary { way: "filter of a list", text: "4155550171" },
    Canary { way: "answer of a failing webhook", text: "Thrombocytopenia" },
    Canary { way: "TwiML that cannot be read", text: "Amitriptyline" },
    Canary { way: "query of a refused callback", text: "Hollingsworth" },
    Canary { way: "refused callback over http", text: "Featherstone" },
    Canary { way: "refused media", text: "Mammography" },
    Canary { way: "value of a wrong field", text: "Levothyroxine" },
    Canary { way: "name of an unknown parameter", text: "Bartholomew" },
    Canary { way: "value of an unknown parameter", text: "Schizophrenia" },
    Canary { way: "broken JSON", text: "Wolverhampton" },
    Canary { way: "JSON of the wrong form", text: "Hydrocodone" },
    Canary { way: "path", text: "Peppercorn" },
    Canary { way: "path of no route", text: "Nightingale" },
    Canary { way: "query", text: "Appendicitis" },
    Canary { way: "host", text: "Abernathy" },
    Canary { way: "user name", text: "Winterbottom" },
    Canary { way: "password", text: "Sertraline" },
    Canary { way: "header", text: "Gooseberry" },
    Canary { way: "baggage", text: "Marmaduke" },
    Canary { way: "method", text: "Methotrexate" },
    Canary { way: "friendly name", text: "Throckmorton" },
    Canary { way: "name of an account", text: "Cholmondeley" },
    Canary { way: "name of a key", text: "Postlethwaite" },
    Canary { way: "name of an organization", text: "Ramsbottom" },
    Canary { way: "statement of an attestation", text: "Leatherbarrow" },
    Canary { way: "recipient of nobody's callback", text: "4155550193" },
    Canary { way: "tags", text: "Tuberculosis" },
    Canary { way: "long text", text: "Carbamazepine" },
    Canary { way: "raw bytes", text: "Fluoxetine" },
];

/// A caller of the API, who keeps what was refused.
pub(crate) struct Caller {
    address: SocketAddr,
    pub(crate) sid: String,
    key: String,
    refusals: Vec<u8>,
}

impl Caller {
    pub(crate) fn new(address: SocketAddr, account: &Value) -> Self {
        let word = |name: &str| account[name].as_str().expect("text").to_owned();
        let key = BASE64.encode(format!("{}:{}", word("account_sid"), word("auth_token")).as_bytes());
        Self { address, sid: word("account_sid"), key, refusals: Vec::new() }
    }

    /// Any request, by its first line, what comes after it in the head, and its body; an answer of 4xx is kept.
    fn raw(&mut self, line: &str, head: &str, body: &str) -> (u16, Value) {
        let key = if head.contains("Authorization") {
            String::new()
        } else {
            format!("Authorization: Basic {}\r\n", self.key)
        };
        let host = if head.contains("Host:") { "" } else { "Host: 127.0.0.1\r\n" };
        let length = body.len();
        let request = format!(
            "{line} HTTP/1.1\r\n{host}{key}{head}Content-Length: {length}\r\nConnection: close\r\n\r\n{body}"
        );
        let mut stream = std::net::TcpStream::connect(self.address).expect("the port is open");
        stream.set_read_timeout(Some(PATIENCE)).expect("a timeout");
        let answer = exchange(&mut stream, request.as_bytes());
        let (status, json) = parsed(&answer);
        if status >= 400 {
            self.refusals.extend_from_slice(answer.as_bytes());
        }
        (status, json)
    }

    pub(crate) fn form(&mut self, path: &str, fields: &[(&str, &str)]) -> (u16, Value) {
        let form = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        let head = "Content-Type: application/x-www-form-urlencoded\r\n";
        self.raw(&format!("POST {path}"), head, &form)
    }

    pub(crate) fn json(&mut self, path: &str, body: &str) -> (u16, Value) {
        self.raw(&format!("POST {path}"), "Content-Type: application/json\r\n", body)
    }

    pub(crate) fn get(&mut self, path: &str) -> (u16, Value) {
        self.raw(&format!("GET {path}"), "", "")
    }

    pub(crate) fn account(&self, rest: &str) -> String {
        format!("/2010-04-01/Accounts/{}/{rest}", self.sid)
    }
}

pub(crate) fn eventually<T>(what: &str, mut attempt: impl FnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + PATIENCE * 2;
    loop {
        if let Some(found) = attempt() {
            return found;
        }
        assert!(Instant::now() < deadline, "this did not happen in time: {what}");
        thread::sleep(Duration::from_millis(50));
    }
}

/// A command on this database.
fn on(database: Option<&TestDatabase>, arguments: &[&str]) -> Command {
    let mut command = switchward(arguments);
    if let Some(database) = database {
        command.env("SWITCHWARD_DATABASE", database.url());
    }
    command
}

fn printed(mut command: Command) -> Vec<u8> {
    let output = command.output().expect("the binary runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    [output.stdout, output.stderr].concat()
}

/// Every table of a database of PostgreSQL.
fn tables(when: &str, database: Option<&TestDatabase>) -> Vec<Place> {
    let tables = database.map(TestDatabase::tables).unwrap_or_default();
    tables.into_iter().map(|(name, bytes)| Place::new(format!("tables, {when}/{name}"), bytes)).collect()
}

#[test]
fn protected_text_stands_nowhere_but_where_it_is_meant_to() {
    search(None);
}

#[test]
fn protected_text_stands_nowhere_on_postgres_either() {
    if let Some(database) = TestDatabase::create() {
        search(Some(&database));
    }
}

/// Goal: what the search above looks at is what PostgreSQL holds. Method: words planted in a table stand in the table's
/// bytes and in the log.
#[test]
fn words_in_a_table_of_postgres_are_found_in_its_bytes_and_in_the_log() {
    let Some(database) = TestDatabase::create() else { return };
    let began = database.log_position();
    database.plant(SENT_NAME, SENT_TEXT);
    let log = database.log_since(&began).map(|bytes| Place::new("write-ahead log", bytes));
    for place in tables("planted", Some(&database)).into_iter().chain(log) {
        let found = Scan::of(CANARIES).search(&place).join(" ");
        assert!(found.contains(SENT_NAME) && found.contains(SENT_TEXT), "{}: {found}", place.name);
    }
}

fn search(database: Option<&TestDatabase>) {
    let log_began = database.map(TestDatabase::log_position);
    let dir = tempfile::tempdir().expect("a folder");
    let [data, backups, temporary] = ["data", "backups", "tmp"].map(|name| dir.path().join(name));
    fs::create_dir(&temporary).expect("a folder");
    let account =
        on(database, &["init", "--data", text(&data), "--json", "--hipaa"]).output().expect("it runs");
    let account: Value = serde_json::from_slice(&account.stdout).expect("one JSON object");
    let runtime = Runtime::new().expect("a runtime");
    let sink = runtime.block_on(WebhookSink::start());
    #[cfg(feature = "otel")]
    let collector = crate::collector::Collector::start(200);
    #[cfg(feature = "otel")]
    let traces = format!("[traces]\nendpoint = \"http://{}\"\n", collector.address);
    #[cfg(not(feature = "otel"))]
    let traces = String::new();
    let config = settings(dir.path(), &data, &sink, &traces);
    let mut command = on(database, &["serve", "--config", text(&config)]);
    command.env("TMPDIR", &temporary);
    let mut server = Server::start_command(command);
    let operations = server.operations();
    let mut caller = Caller::new(server.address, &account);

    let mut places = Vec::new();
    let meant = drive(&mut caller, &account, &sink);
    named(&mut caller, &account, &data);
    places.extend(Place::folder("data folder, served", &data));
    places.extend(tables("served", database));
    let backup = on(database, &["backup", "create", "--data", text(&data), "--to", text(&backups)]);
    places.push(Place::new("output of `backup create`", printed(backup)));
    places.extend(Place::folder("backup", &backups));
    places.push(Place::new("metrics", get(operations, "/metrics").1));
    places.push(Place::new("readiness", get(operations, "/readyz").1));
    places.extend(shown(&mut caller));
    places.push(Place::new("refusals", std::mem::take(&mut caller.refusals)));

    let (status, _) = server.terminate();
    assert!(status.success());
    places.push(Place::new("log", server.rest_of_log()));
    places.extend(Place::folder("data folder, stopped", &data));
    places.extend(tables("stopped", database));
    places.extend(Place::folder("temporary folder", &temporary));
    #[cfg(feature = "otel")]
    {
        let spans = collector.spans();
        for name in ["webhook delivery", "carrier hand-over", "guard", "store commit"] {
            assert!(spans.iter().any(|span| span.name == name), "{name}: no span");
        }
        places.push(Place::new("traces", collector.bytes()));
    }
    places.extend(runtime.block_on(stored(&data, database, &account)));
    let verify = on(database, &["ledger", "verify", "--data", text(&data)]);
    places.push(Place::new("output of `ledger verify`", printed(verify)));
    let mut kinds = vec!["backup/", "log", "metrics", "alerts", "deliveries", "ledger", "refusals"];
    kinds.extend(cfg!(feature = "otel").then_some("traces"));
    match (database, &log_began) {
        (Some(database), Some(began)) => {
            kinds.extend([
                "tables, served/documents",
                "tables, served/document_index",
                "tables, stopped/journal",
            ]);
            if let Some(log) = database.log_since(began) {
                places.push(Place::new("write-ahead log", log));
                kinds.push("write-ahead log");
            } else {
                let note = b"not searched: the test server's write-ahead log cannot be read from here\n";
                std::io::stderr().write_all(note).expect("somebody listens");
            }
        }
        _ => kinds.extend(["data folder, served/switchward.db-wal", "data folder, stopped/switchward.db"]),
    }
    check(&Scan::of(CANARIES), &kinds, &places, &meant);
}

/// Nothing where nothing may be, everything where it is meant to be, and a search that is not blind in any place.
fn check(scan: &Scan<'_>, kinds: &[&str], places: &[Place], meant: &[(Place, Vec<&'static str>)]) {
    for kind in kinds {
        let bytes: usize =
            places.iter().filter(|place| place.name.starts_with(kind)).map(|place| place.bytes.len()).sum();
        assert!(bytes > 500, "{kind}: there was nothing to search");
    }
    let content = places.iter().filter(|place| place.name.starts_with("backup/")).count();
    assert_eq!(content, 2, "a backup is two files");
    let found: Vec<String> = places.iter().flat_map(|place| scan.search(place)).collect();
    assert!(found.is_empty(), "{}", found.join("\n"));
    for (place, texts) in meant {
        let found = scan.search(place);
        for wanted in texts {
            assert!(
                found.iter().any(|line| line.contains(wanted)),
                "{}: {wanted} did not arrive",
                place.name
            );
        }
    }
    for place in places {
        scan.prove(place);
    }
}

fn settings(dir: &Path, data: &Path, sink: &WebhookSink, traces: &str) -> PathBuf {
    let (authority, config) = (dir.join("sink.pem"), dir.join("switchward.toml"));
    fs::write(&authority, sink.authority_pem()).expect("a file");
    let settings = format!(
        "data = {:?}\nlisten = \"127.0.0.1:0\"\nsimulator = true\nlog = \"trace\"\n\
         [operations]\nlisten = \"127.0.0.1:0\"\n\
         [webhooks]\nallow_to = [\"127.0.0.0/8\"]\nca = [\"sink.pem\"]\n{traces}",
        text(data)
    );
    fs::write(&config, settings).expect("a file");
    config
}

/// Sends every canary its way; returns the places where some are meant to be, with these.
fn drive(caller: &mut Caller, account: &Value, sink: &WebhookSink) -> Vec<(Place, Vec<&'static str>)> {
    let number = account["phone_number"].as_str().expect("text").to_owned();
    sink.answer(
        "/status",
        SinkReply { status: 500, body: "Thrombocytopenia".into(), ..SinkReply::default() },
    );
    sink.answer(
        "/inbound",
        SinkReply::twiml(&format!("<Response><Message>{REPLY} for {ARRIVED}</Message></Response>")),
    );
    sink.answer("/unreadable", SinkReply::twiml("<Response><Say>Amitriptyline</Say><Message>"));

    let text = format!("{SENT_NAME}: {SENT_TEXT} at 9, call {PATIENT}");
    let (patient, callback) = (format!("+1{PATIENT}"), sink.url("/status"));
    let messages = caller.account("Messages.json");
    let picture = [&b"\x89PNG\r\n\x1a\n"[..], b"Sonography of the liver"].concat();
    sink.answer("/Colonoscopy.png", SinkReply { status: 200, body: picture.into(), ..SinkReply::default() });
    let medium = sink.url("/Colonoscopy.png");
    let sent = [
        ("To", &*patient),
        ("From", &*number),
        ("Body", &*text),
        ("StatusCallback", &*callback),
        ("MediaUrl", &*medium),
    ];
    assert_eq!(caller.form(&messages, &sent).0, 201);
    let handset = format!("/switchward/v1/simulator/handsets/{patient}/messages");
    let shown = eventually("the handset shows the message", || {
        let (_, answer) = caller.get(&handset);
        answer["messages"].as_array().filter(|messages| !messages.is_empty()).map(|_| answer.to_string())
    });

    let (_, numbers) = caller.get(&caller.account("IncomingPhoneNumbers.json"));
    let number_sid = numbers["incoming_phone_numbers"][0]["sid"].as_str().expect("a number").to_owned();
    let configure = caller.account(&format!("IncomingPhoneNumbers/{number_sid}.json"));
    let writer = format!("/switchward/v1/simulator/handsets/+1{WRITER}/messages");
    assert!(shown.contains("image/png"), "{shown}");
    let medium = BASE64.encode(b"\xff\xd8\xff\xe0 Endoscopy");
    let written = format!(
        "{{\"to\":\"{number}\",\"body\":\"{ARRIVED} since noon, {WRITER}\",\"media\":[\"{medium}\"]}}"
    );
    for path in ["/inbound", "/unreadable"] {
        let settings = [("SmsUrl", &*sink.url(path)), ("FriendlyName", "Throckmorton")];
        assert_eq!(caller.form(&configure, &settings).0, 200);
        assert_eq!(caller.json(&writer, &written).0, 201);
        eventually("the clinic is told", || {
            sink.requests().iter().any(|request| request.path == path).then_some(())
        });
    }
    refused(caller, sink, &number);
    eventually("the reply is on the handset", || {
        caller.get(&writer).1.to_string().contains(REPLY).then_some(())
    });
    let replied = caller.get(&writer).1.to_string();
    eventually("every failure is an alert", || {
        let (_, alerts) = caller.get("/monitor/v1/Alerts");
        let told = alerts.to_string();
        ["\"11200\"", "\"12100\""].iter().all(|code| told.contains(code)).then_some(())
    });
    let told: Vec<u8> = sink.requests().iter().flat_map(|request| request.body.to_vec()).collect();
    vec![
        (Place::new("the patient's handset", shown), vec![SENT_NAME, SENT_TEXT, PATIENT]),
        (Place::new("the writer's handset", replied), vec![REPLY]),
        (Place::new("the clinic's server", told), vec![PATIENT, WRITER, ARRIVED]),
    ]
}

/// Names and statements that people make up; they are accepted, shown to their owner, and found again.
fn named(caller: &mut Caller, account: &Value, data: &Path) {
    let number = account["phone_number"].as_str().expect("text");
    let name = [("FriendlyName", "Cholmondeley")];
    assert_eq!(caller.form("/2010-04-01/Accounts.json", &name).0, 201);
    assert_eq!(caller.form(&format!("/2010-04-01/Accounts/{}.json", caller.sid), &name).0, 200);
    assert_eq!(caller.form(&caller.account("Keys.json"), &[("FriendlyName", "Postlethwaite")]).0, 201);
    let (_, found) = caller.get("/2010-04-01/Accounts.json?FriendlyName=Cholmondeley");
    assert_eq!(found["accounts"].as_array().map(Vec::len), Some(2), "{found}");
    let path = caller.account("IncomingPhoneNumbers.json?FriendlyName=Throckmorton");
    let (_, found) = caller.get(&path);
    assert_eq!(found["incoming_phone_numbers"].as_array().map(Vec::len), Some(1), "{found}");
    let token = fs::read_to_string(data.join("operator.token")).expect("a token");
    let operator = BASE64.encode(format!("operator:{}", token.trim()).as_bytes());
    let head = format!("Authorization: Basic {operator}\r\nContent-Type: application/json\r\n");
    let organization = "{\"friendly_name\":\"Ramsbottom\"}";
    assert_eq!(caller.raw("POST /switchward/v1/Organizations", &head, organization).0, 201);
    let settings = format!("/switchward/v1/Accounts/{}/Settings", caller.sid);
    assert_eq!(caller.json(&settings, "{\"inherit_self_service\":false}").0, 200);
    let switched = "{\"inherit_self_service\":true,\"attestation\":\
                    {\"statement\":\"Leatherbarrow was there\",\"signer\":\"Leatherbarrow\"}}";
    let (status, answer) = caller.json(&settings, switched);
    assert_eq!(status, 200, "{answer}");
    // A callback to a port that nobody listens on fails in another way.
    let sent = [
        ("To", "+14155550193"),
        ("From", number),
        ("Body", "x"),
        ("StatusCallback", "https://localhost:1/status"),
    ];
    assert_eq!(caller.form(&caller.account("Messages.json"), &sent).0, 201);
    eventually("nobody answers", || {
        let path = format!("/switchward/v1/Accounts/{}/WebhookDeliveries", caller.sid);
        caller.get(&path).1.to_string().contains("https://localhost:1/status").then_some(())
    });
}

/// Everything that is refused, each for another reason.
fn refused(caller: &mut Caller, sink: &WebhookSink, number: &str) {
    let messages = caller.account("Messages.json");
    let to = "+14155550129";
    let mut send = |fields: &[(&str, &str)]| {
        let mut all = vec![("To", to), ("From", number)];
        all.extend(fields);
        let (status, answer) = caller.form(&messages, &all);
        assert!((400..500).contains(&status) || status == 501, "{fields:?}: {answer}");
    };
    let phi_query = format!("{}?patientName=Hollingsworth", sink.url("/status"));
    send(&[("Body", "x"), ("StatusCallback", &phi_query)]);
    send(&[("Body", "x"), ("StatusCallback", "http://clinic.example/Featherstone")]);
    send(&[("Body", "x"), ("MediaUrl", "https://clinic.example/scan.png?patientName=Mammography")]);
    send(&[("Body", "x"), ("MediaUrl", "http://clinic.example/Mammography.png")]);
    send(&[("Body", "x"), ("MessagingServiceSid", "Levothyroxine")]);
    send(&[("Body", "x"), ("ValidityPeriod", "Levothyroxine")]);
    send(&[("Body", "x"), ("SendAt", "Levothyroxine")]);
    send(&[("Body", "x"), ("ContentSid", "Levothyroxine")]);
    send(&[("Body", "x"), ("Bartholomew", "Schizophrenia")]);
    send(&[("Body", "x"), ("Tags", "{\"ward\":\"Tuberculosis\"}")]);
    send(&[("Body", &"Carbamazepine ".repeat(200))]);
    send(&[("To", "Levothyroxine"), ("Body", "x")]);
    let answered = |(status, answer): (u16, Value), what: &str| {
        assert!((400..500).contains(&status) || status == 501, "{what}: {status} {answer}");
    };
    for (field, value) in [("To", "Levothyroxine"), ("To", "+4420794155550129"), ("From", "Levothyroxine")] {
        let form = [("To", to), ("From", number), ("Body", "x")].map(|pair| match pair.0 == field {
            true => (field, value),
            false => pair,
        });
        answered(caller.form(&messages, &form), "an address that is none");
    }
    let settings = format!("/switchward/v1/Accounts/{}/Settings", caller.sid);
    answered(caller.json(&settings, "{\"webhook_authorities\": [\"Wolverhampton"), "broken JSON");
    answered(caller.json(&settings, "{\"body_redaction\": \"Hydrocodone\"}"), "JSON of the wrong form");
    answered(caller.json(&settings, "{\"Hydrocodone\": 1}"), "JSON of the wrong form");
    answered(caller.get(&caller.account("Messages/Peppercorn.json")), "a SID that is none");
    answered(caller.get("/2010-04-01/Nightingale/4155550129"), "a path of no route");
    answered(caller.get(&format!("{messages}?Appendicitis=Appendicitis")), "an unknown query");
    answered(caller.get(&format!("{messages}?PageToken=Appendicitis")), "a page that is none");
    answered(caller.get(&format!("{messages}?DateSent=Appendicitis")), "a date that is none");
    answered(caller.raw("GET /Abernathy", "Host: Abernathy.example\r\n", ""), "another host");
    answered(caller.raw(&format!("Methotrexate {messages}"), "", ""), "a method nobody knows");
    let wrong = BASE64.encode(b"Winterbottom:Sertraline");
    let wrong = format!("Authorization: Basic {wrong}\r\n");
    answered(caller.raw(&format!("GET {messages}"), &wrong, ""), "credentials of nobody");
    let head = "Content-Type: application/Gooseberry\r\n";
    answered(caller.raw(&format!("POST {messages}"), head, "Fluoxetine \u{0}\u{1}"), "another content type");
    let noise = "X-Patient: Gooseberry\r\nbaggage: patient=Marmaduke\r\ntracestate: a=Marmaduke\r\n\
                 traceparent: 00-00000000000000000000014155550187-00f067aa0ba902b7-01\r\n";
    answered(caller.raw("GET /2010-04-01/Accounts/ACx.json", noise, ""), "an account that is none");
    // Looking up and listing are allowed: their answers are for the caller, and what was asked stays nowhere.
    let (status, found) = caller.get("/lookups/v2/PhoneNumbers/+14155550136");
    assert!(status == 200 || status == 403, "{found}");
    assert_eq!(caller.get(&format!("{messages}?To=%2B14155550171&PageSize=1")).0, 200);
}

/// Alerts and the delivery log, as the API shows them.
fn shown(caller: &mut Caller) -> Vec<Place> {
    let mut places = Vec::new();
    let deliveries = format!("/switchward/v1/Accounts/{}/WebhookDeliveries", caller.sid);
    for (name, path, key) in
        [("alerts", "/monitor/v1/Alerts", "alerts"), ("deliveries", &deliveries, "deliveries")]
    {
        let (status, list) = caller.get(path);
        assert_eq!(status, 200, "{list}");
        let rows = list[key].as_array().unwrap_or_else(|| panic!("{list}"));
        assert!(!rows.is_empty(), "{name}: none");
        places.push(Place::new(format!("{name}, listed"), list.to_string()));
        for row in rows {
            let sid = row["sid"].as_str().expect("a SID");
            let (status, one) = caller.get(&format!("{path}/{sid}"));
            assert_eq!(status, 200, "{one}");
            places.push(Place::new(format!("{name}, {sid}"), one.to_string()));
        }
    }
    places
}

/// The same as they are stored, opened with the system's own keys, and every entry of the ledger.
async fn stored(data: &Path, database: Option<&TestDatabase>, account: &Value) -> Vec<Place> {
    let key = fs::read_to_string(data.join("master.key")).expect("a key");
    let key = HEXLOWER_PERMISSIVE.decode(key.trim().as_bytes()).expect("hexadecimal");
    let store = Store::open(Options {
        database: match database {
            Some(database) => Database::Postgres(database.url()),
            None => Database::Sqlite(data.join("switchward.db")),
        },
        wrapper: Arc::new(LocalKey::new(DataKey::from_bytes(key.try_into().expect("32 bytes")))),
        clock: Arc::new(base::SystemClock),
        random: Arc::new(SystemRandom),
    })
    .await
    .expect("nobody else has it open");
    let sid: AccountSid = account["account_sid"].as_str().expect("text").parse().expect("a SID");
    let scoped = store.scope(Scope::account(sid));
    let (mut alerts, mut deliveries, mut ledger) = (Vec::new(), Vec::new(), Vec::new());
    let all = || Query { limit: 100, ..Query::default() };
    for alert in scoped.list::<Alert>(all()).await.expect("alerts").documents {
        assert!(alert.content.is_none(), "RT-DEBUG-1: of a HIPAA project nothing is kept");
        alerts.extend(serde_json::to_vec(&alert.facts).expect("JSON"));
    }
    for delivery in scoped.list::<WebhookDelivery>(all()).await.expect("deliveries").documents {
        deliveries.extend(serde_json::to_vec(&delivery.facts).expect("JSON"));
    }
    for scope in store.scopes().await.expect("scopes") {
        for row in store.scope(scope).journal(0, 1_000).await.expect("the ledger") {
            ledger.extend(row.entry);
        }
    }
    store.close().await;
    vec![
        Place::new("alerts, stored", alerts),
        Place::new("deliveries, stored", deliveries),
        Place::new("ledger, stored", ledger),
    ]
}
