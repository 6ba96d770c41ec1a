//! What `switchward audit` puts on the network, and what it keeps: seen by a recorder in front of the server, by the
//! account's own receiver, and in everything that the audit prints and writes.

use std::fs;
use std::path::Path;

use serde_json::Value;
use test_kit::{SinkReply, WebhookSink};
use tokio::runtime::Runtime;

use crate::canaries::{Caller, eventually};
use crate::program::{Server, init, run, stdout_of, switchward, text};
use crate::recorder::{Exchange, Recorder};
use crate::scan::{Canary, Place, Scan};

/// The simulated handset that takes a message and never gives a receipt: its text is not redacted meanwhile.
const SILENT: &str = "4155559011";
const CANARIES: &[Canary] = &[
    Canary { way: "recipient of a message", text: SILENT },
    Canary { way: "text of a message", text: "Cholecystectomy" },
    Canary { way: "name of the account", text: "Cholmondeley" },
    Canary { way: "name of a number", text: "Throckmorton" },
    Canary { way: "name of a key", text: "Postlethwaite" },
    Canary { way: "path of a callback", text: "Peppercorn" },
    Canary { way: "query of a callback", text: "Appendicitis" },
    Canary { way: "user of a callback", text: "Winterbottom" },
    Canary { way: "password of a callback", text: "Sertraline" },
    Canary { way: "answer of a callback", text: "Thrombocytopenia" },
];
/// What is not GET in an audit: nothing, on the account's side.
const ANNOUNCED_ONCE: &str = "/2010-04-01/Accounts.json";
/// What the probes of media and callbacks ask the API for; `--plan --probe` announces them in words.
const OF_PROBES: [(&str, &str); 13] = [
    ("Probe of plain HTTP", "/2010-04-01/Accounts.json"),
    ("Probe of callbacks", "/2010-04-01/Accounts/{account}/IncomingPhoneNumbers.json"),
    ("Probe of callbacks", "/2010-04-01/Accounts/{account}/Applications.json"),
    ("Probe of callbacks", "/messaging/v1/Services"),
    ("Probe of callbacks", "/conversations/v1/Configuration/Webhooks"),
    ("Probe of callbacks", "/conversations/v1/Configuration/Addresses"),
    ("Probe of recording media", "/2010-04-01/Accounts/{account}/Recordings.json?DateCreated%3C={day}"),
    ("Probe of message media", "/2010-04-01/Accounts/{account}/Messages.json?DateSent%3C={day}"),
    ("Probe of message media", "/2010-04-01/Accounts/{account}/Messages/{1}/Media.json"),
    ("Probe of video media", "/video/v1/Recordings?DateCreatedBefore={day}"),
    ("Probe of the life of video media URLs", "/video/v1/Recordings/{1}/Media?Ttl=3601"),
    ("Probe of media attached to tasks", "/taskrouter/v1/Workspaces"),
    ("Probe of media attached to tasks", "/taskrouter/v1/Workspaces/{1}/Tasks"),
];

/// What `--plan` announces: paths as this server has them, and how many requests in all.
struct Announced {
    paths: Vec<String>,
    at_most: usize,
}

fn announced(more: &[&str]) -> Announced {
    let mut arguments = vec!["audit", "--provider", "switchward", "--plan"];
    arguments.extend(more);
    let plan = stdout_of(&arguments);
    let mut paths = Vec::new();
    for line in plan.lines().filter_map(|line| line.strip_prefix("  ")) {
        // What is asked once stands there without a product.
        let (product, rest) =
            if line.starts_with("GET /") { ("api", line) } else { line.split_once(' ').expect("a product") };
        let Some(path) = rest.trim_start().strip_prefix("GET /") else { continue };
        let path = path.split([' ', ',']).next().expect("a path");
        paths.push(if product == "api" { format!("/{path}") } else { format!("/{product}/{path}") });
    }
    let total = plan.lines().find_map(|line| line.strip_prefix("At most ")).expect("a total");
    let at_most = total.split(' ').next().and_then(|number| number.parse().ok()).expect("a number");
    Announced { paths, at_most }
}

/// Whether a target is one that a path with placeholders stands for, with nothing but the paging of a list added.
fn is_one_of(target: &str, template: &str) -> bool {
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let (wanted, fixed) = template.split_once('?').unwrap_or((template, ""));
    let segments = |path: &str| path.split('/').map(str::to_owned).collect::<Vec<_>>();
    let (asked, planned) = (segments(path), segments(wanted));
    let is_sid = |text: &str| text.trim_end_matches(".json").bytes().all(|byte| byte.is_ascii_alphanumeric());
    let alike = |(asked, planned): (&String, &String)| match planned.find('{') {
        Some(_) => is_sid(asked) && asked.ends_with(planned.rsplit('}').next().expect("an end")),
        None => asked == planned,
    };
    let paging = ["PageSize", "Page", "PageToken"];
    asked.len() == planned.len()
        && asked.iter().zip(&planned).all(alike)
        && query.split('&').filter(|pair| !pair.is_empty()).all(|pair| {
            let name = pair.split('=').next().expect("a name");
            paging.contains(&name) || fixed.split('&').any(|it| it.split('=').next() == Some(name))
        })
}

fn account_with_text_everywhere(caller: &mut Caller, account: &Value, sink: &WebhookSink) {
    let number = account["phone_number"].as_str().expect("a number");
    let name = |text| [("FriendlyName", text)];
    assert_eq!(
        caller.form(&format!("/2010-04-01/Accounts/{}.json", caller.sid), &name("Cholmondeley")).0,
        200
    );
    assert_eq!(caller.form(&caller.account("Keys.json"), &name("Postlethwaite")).0, 201);
    let (_, numbers) = caller.get(&caller.account("IncomingPhoneNumbers.json"));
    let sid = numbers["incoming_phone_numbers"][0]["sid"].as_str().expect("a number").to_owned();
    let url = sink.url("/Peppercorn?x=Appendicitis").replace("://", "://Winterbottom:Sertraline@");
    let settings = [("SmsUrl", url.as_str()), ("FriendlyName", "Throckmorton")];
    let (status, answer) =
        caller.form(&caller.account(&format!("IncomingPhoneNumbers/{sid}.json")), &settings);
    assert_eq!(status, 200, "{answer}");
    let to = format!("+1{SILENT}");
    let sent = [("To", &*to), ("From", number), ("Body", "Cholecystectomy at nine")];
    let (status, answer) = caller.form(&caller.account("Messages.json"), &sent);
    assert_eq!(status, 201, "{answer}");
    let message = caller.account(&format!("Messages/{}.json", answer["sid"].as_str().expect("a SID")));
    eventually("the message is on its way", || (caller.get(&message).1["status"] == "sent").then_some(()));
}

/// Goal: the checker never writes to the audited account, makes the requests it announces and no others, and keeps and
/// prints no text of the account. Method: see the head of this file; whatever it could have kept did pass the recorder.
#[test]
fn asks_what_it_announces_writes_nothing_and_keeps_no_text() {
    let dir = tempfile::tempdir().expect("a folder");
    let data = dir.path().join("data");
    let account = init(&data, &["--hipaa"]);
    let server = Server::start(&data);
    let runtime = Runtime::new().expect("a runtime");
    let sink = runtime.block_on(WebhookSink::start());
    sink.answer(
        "/Peppercorn",
        SinkReply { status: 403, body: "Thrombocytopenia".into(), ..SinkReply::default() },
    );
    let authority = dir.path().join("sink.pem");
    fs::write(&authority, sink.authority_pem()).expect("a file");
    let mut caller = Caller::new(server.address, &account);
    account_with_text_everywhere(&mut caller, &account, &sink);

    let recorder = Recorder::start(server.address);
    let base = format!("http://{}", recorder.address);
    let (state, out) = (dir.path().join("state.json"), dir.path().join("evidence"));
    let probing = ["--sample", "--probe"];
    let mut arguments = vec!["audit", "--provider", "switchward", "--base-url", &base, "--assume-designated"];
    arguments.extend(["--ca", text(&authority), "--allow-probe-to", "127.0.0.0/8"]);
    arguments.extend(["--state", text(&state), "--out", text(&out), "--fail-on", "never"]);
    arguments.extend(probing);
    let mut command = switchward(&arguments);
    command.env("SWITCHWARD_LOG", "trace");
    command.env("TWILIO_ACCOUNT_SID", account["account_sid"].as_str().expect("a SID"));
    command.env("TWILIO_AUTH_TOKEN", account["auth_token"].as_str().expect("a token"));
    let output = command.output().expect("the binary runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));

    let seen = recorder.seen();
    only_what_was_announced(&seen, &announced(&probing));
    let report: Value =
        serde_json::from_slice(&fs::read(out.join("report.json")).expect("a report")).expect("JSON");
    let told = report["requests"]["made"].as_u64().expect("a number");
    // A handshake for the certificate, four for the versions, one POST; and what the server keeps in place of files is
    // read before the audit counts.
    let (at_callbacks, stated) = (6, ["Register", "Signers", "Attestations", "Exceptions"]);
    let is_stated = |it: &&Exchange| it.target().starts_with("/switchward/v1/");
    assert_eq!(seen.iter().filter(is_stated).count(), stated.len());
    assert_eq!(told, (seen.len() - stated.len()) as u64 + at_callbacks, "it counts every request");
    let reached = sink.requests();
    let reached: Vec<_> =
        reached.iter().map(|it| (it.method.as_str(), it.path.as_str(), &it.body[..])).collect();
    assert_eq!(reached, [("POST", "/Peppercorn?x=Appendicitis", &b"SwitchwardAuditProbe=synthetic"[..])]);
    let rules = report["rules"].as_array().expect("rules");
    for rule in ["GEN-HTTPS-3", "GEN-SIG-2"] {
        let found = rules.iter().find(|it| it["id"] == rule).expect("the rule");
        assert_eq!(found["answers"][0]["observed"], "pass", "{rule}: the probe reached the receiver");
    }
    no_text(&seen, &output, &state, &out);
}

fn only_what_was_announced(seen: &[Exchange], announced: &Announced) {
    assert!(seen.len() > 50, "{}", seen.len());
    assert!(seen.len() <= announced.at_most, "{} of {}", seen.len(), announced.at_most);
    for exchange in seen {
        let target = exchange.target();
        assert_eq!((exchange.method(), exchange.body.len()), ("GET", 0), "{target}");
        let planned = announced.paths.iter().any(|path| is_one_of(target, path));
        let of_probe = OF_PROBES.iter().any(|(_, path)| is_one_of(target, path));
        assert!(planned || of_probe, "{target} was not announced");
    }
    let open: Vec<&str> = seen.iter().filter(|it| !it.has_credentials()).map(Exchange::target).collect();
    assert_eq!(open, [ANNOUNCED_ONCE], "the probe of plain HTTP alone goes without credentials here");
}

fn no_text(seen: &[Exchange], output: &std::process::Output, state: &Path, out: &Path) {
    let scan = Scan::of(CANARIES);
    let passed: Vec<u8> = seen.iter().flat_map(|exchange| exchange.answer.clone()).collect();
    let passed = scan.search(&Place::new("answers", passed));
    for canary in CANARIES.iter().filter(|canary| canary.way != "answer of a callback") {
        assert!(passed.iter().any(|line| line.contains(canary.way)), "{} did not pass", canary.way);
    }
    let mut places = vec![
        Place::new("stdout", output.stdout.clone()),
        Place::new("stderr", output.stderr.clone()),
        Place::new("--state", fs::read(state).expect("a file")),
    ];
    places.extend(Place::folder("--out", out));
    assert_eq!(places.len(), 3 + 7);
    for place in &places {
        let found = scan.search(place);
        assert!(found.is_empty(), "{}", found.join("\n"));
        scan.prove(place);
    }
}

/// Goal: an audited account leads no probe into the network of whoever audits it. Method: the same account, without
/// `--allow-probe-to`: its receiver on this machine sees nothing, not even a connection, and nothing is said of it.
#[test]
fn probes_of_callbacks_do_not_reach_inside_unless_allowed() {
    let dir = tempfile::tempdir().expect("a folder");
    let data = dir.path().join("data");
    let account = init(&data, &["--hipaa"]);
    let server = Server::start(&data);
    let runtime = Runtime::new().expect("a runtime");
    let sink = runtime.block_on(WebhookSink::start());
    let mut caller = Caller::new(server.address, &account);
    account_with_text_everywhere(&mut caller, &account, &sink);
    let base = format!("http://{}", server.address);
    let mut command = switchward(&["audit", "--provider", "switchward", "--base-url", &base]);
    command.args(["--assume-designated", "--probe", "--format", "json", "--fail-on", "never"]);
    command.env("TWILIO_ACCOUNT_SID", account["account_sid"].as_str().expect("a SID"));
    command.env("TWILIO_AUTH_TOKEN", account["auth_token"].as_str().expect("a token"));
    let report: Value =
        serde_json::from_slice(&command.output().expect("the binary runs").stdout).expect("a report");
    let rules = report["rules"].as_array().expect("rules");
    for rule in ["GEN-HTTPS-3", "GEN-SIG-2"] {
        let found = rules.iter().find(|it| it["id"] == rule).expect("the rule");
        assert_eq!(found["verdict"], "not_observed", "{rule}");
    }
    assert!(sink.requests().is_empty());
    let wrong = run(&["audit", "--probe", "--allow-probe-to", "10.0.0.1/8"]);
    assert_eq!(wrong.status.code(), Some(2), "{}", String::from_utf8_lossy(&wrong.stderr));
}

/// Goal: `audit` goes where SDKs go. Method: it is given nothing but what `switchward env` prints, and reads the server
/// through its CONNECT proxy, by the vendor's host names, trusting the private authority alone.
#[test]
fn goes_through_the_platforms_own_proxy_as_sdks_do() {
    let dir = tempfile::tempdir().expect("a folder");
    let data = dir.path().join("data");
    let account = init(&data, &["--hipaa"]);
    let server = Server::start(&data);
    let listen = server.address.to_string();
    let printed = stdout_of(&["env", "--data", text(&data), "--listen", &listen]);
    let called = |arguments: &[&str], without: &[&str]| {
        let mut command = switchward(arguments);
        for line in printed.lines().filter_map(|line| line.strip_prefix("export ")) {
            let (name, value) = line.split_once('=').expect("a name and a value");
            if !without.contains(&name) {
                command.env(name, value.trim_matches('\''));
            }
        }
        command.output().expect("the binary runs")
    };
    let audit = |provider: &str, without: &[&str], more: &[&str]| {
        let arguments = ["audit", "--provider", provider, "--assume-designated", "--format", "json"];
        called(&[&arguments[..], &["--fail-on", "never"], more].concat(), without)
    };
    let report = |output: &std::process::Output| -> Value {
        serde_json::from_slice(&output.stdout)
            .unwrap_or_else(|_| panic!("{}", String::from_utf8_lossy(&output.stderr)))
    };
    let read = |report: &Value, resource: &str| -> Value {
        let sources = report["sources"].as_array().expect("sources");
        sources.iter().find(|it| it["resource"] == resource).expect("the resource")["outcomes"].clone()
    };
    for provider in ["switchward", "twilio"] {
        let report = report(&audit(provider, &[], &["--sample", "--probe"]));
        assert_eq!(report["subjects"][0]["id"], account["account_sid"]);
        // One of each: the API's own host, and hosts of other products.
        for resource in ["IncomingPhoneNumbers", "IAM Keys", "PublicKeys", "Alerts"] {
            assert_eq!(read(&report, resource), serde_json::json!({ "read": 1 }), "{provider} {resource}");
        }
        // Through a proxy nobody could say who answers a plain request.
        for probe in ["Probe of plain HTTP", "Probe of the API's TLS versions"] {
            assert_eq!(read(&report, probe), serde_json::json!({ "not_asked": 1 }), "{probe}");
        }
    }
    assert_eq!(report(&audit("switchward", &[], &[]))["host"], listen.as_str());

    // What people stated to the server goes the same way, in both directions.
    let register = dir.path().join("register.toml");
    let party = "[[party]]\nname = \"Example Hospital\"\nhosts = [\"app.hospital.example.org\"]\nown = true\ncontact = \"it@hospital.example.org\"\n";
    std::fs::write(&register, party).expect("a file");
    let imported = called(&["register", "import", text(&register)], &[]);
    assert!(imported.status.success(), "{}", String::from_utf8_lossy(&imported.stderr));
    let exported = called(&["register", "export"], &[]);
    assert!(String::from_utf8_lossy(&exported.stdout).contains("app.hospital.example.org"));

    // Without the authority nothing is read, and no credentials are sent: the certificate does not verify.
    let stranger = report(&audit("twilio", &["NODE_EXTRA_CA_CERTS"], &["--budget", "1"]));
    assert_eq!(read(&stranger, "IncomingPhoneNumbers"), serde_json::json!({ "not_asked": 1 }));
    let told = |output: &std::process::Output| String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(told(&audit("switchward", &["NODE_EXTRA_CA_CERTS"], &[])).contains("NODE_EXTRA_CA_CERTS"));
    assert!(told(&audit("switchward", &["HTTPS_PROXY", "https_proxy"], &[])).contains("--base-url"));
    assert!(
        told(&audit("switchward", &["NODE_EXTRA_CA_CERTS"], &["--ca", text(&data.join("ca.pem"))]))
            .is_empty()
    );
}
