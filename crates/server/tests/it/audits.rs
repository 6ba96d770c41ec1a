//! `switchward audit` from outside: against a running server, against recorded accounts, and by mistake.

use std::fs;
use std::net::SocketAddr;
use std::path::Path;
use std::process::Output;

use ::audit::files::Register;
use data_encoding::BASE64;
use serde_json::Value;

use crate::program::{Server, init, parsed, problem_of, run, stdout_of, switchward, text};

const FIXTURES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../audit/tests/fixtures");
/// Exit status when something was found.
const FOUND: i32 = 3;

/// An audit of a running server as its own account, with `--assume-designated`; the report it prints.
fn audit(address: SocketAddr, account: &Value, more: &[&str]) -> (Output, Value) {
    let base = format!("http://{address}");
    let mut arguments = vec![
        "audit",
        "--provider",
        "switchward",
        "--base-url",
        &base,
        "--assume-designated",
        "--format",
        "json",
    ];
    arguments.extend(more);
    let mut command = switchward(&arguments);
    command.env("TWILIO_ACCOUNT_SID", account["account_sid"].as_str().expect("a SID"));
    command.env("TWILIO_AUTH_TOKEN", account["auth_token"].as_str().expect("a token"));
    let output = command.output().expect("the binary runs");
    let report = serde_json::from_slice(&output.stdout).expect("a report");
    (output, report)
}

/// Rules that fail, with the fields that the evidence names.
fn failing(report: &Value) -> Vec<(String, Vec<String>)> {
    let rules = report["rules"].as_array().expect("rules");
    let failing = rules.iter().filter(|rule| rule["verdict"] == "fail");
    failing
        .map(|rule| {
            let evidence = rule["answers"][0]["evidence"].as_array().expect("evidence");
            let fields = evidence.iter().map(|it| it["field"].as_str().unwrap_or_default().to_owned());
            (rule["id"].as_str().expect("an id").to_owned(), fields.collect())
        })
        .collect()
}

fn post(server: &Server, account: &Value, path: &str, form: &str) -> (u16, Value) {
    let sid = account["account_sid"].as_str().expect("a SID");
    let token = account["auth_token"].as_str().expect("a token");
    let login = BASE64.encode(format!("{sid}:{token}").as_bytes());
    let request = format!(
        "POST /2010-04-01/Accounts/{sid}/{path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Basic {login}\r\n\
         Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{form}",
        form.len()
    );
    parsed(&server.raw(request.as_bytes()))
}

/// Goal: the faults that are planted are found, and no others. Method: an account as it comes is audited, then one
/// setting of its number is spoilt, then it is audited again.
#[test]
fn finds_the_planted_faults_and_only_those() {
    let dir = tempfile::tempdir().expect("a folder");
    let data = dir.path().join("data");
    let account = init(&data, &[]);
    let server = Server::start(&data);
    let (_, before) = audit(server.address, &account, &[]);
    let before = failing(&before);

    let number = account["phone_number"].as_str().expect("a number").trim_start_matches('+').to_owned();
    let (status, list) = {
        let sid = account["account_sid"].as_str().expect("a SID");
        let login =
            BASE64.encode(format!("{sid}:{}", account["auth_token"].as_str().expect("a token")).as_bytes());
        let request = format!(
            "GET /2010-04-01/Accounts/{sid}/IncomingPhoneNumbers.json HTTP/1.1\r\nHost: 127.0.0.1\r\n\
             Authorization: Basic {login}\r\nConnection: close\r\n\r\n"
        );
        parsed(&server.raw(request.as_bytes()))
    };
    assert_eq!(status, 200);
    let sid = list["incoming_phone_numbers"][0]["sid"].as_str().expect("a SID").to_owned();
    let spoilt = "SmsUrl=http%3A%2F%2Fapp.hospital.example.org%2Fsms&SmsMethod=GET";
    let (status, body) = post(&server, &account, &format!("IncomingPhoneNumbers/{sid}.json"), spoilt);
    assert_eq!(status, 200, "{body}");

    let (output, after) = audit(server.address, &account, &[]);
    assert_eq!(output.status.code(), Some(FOUND));
    let after = failing(&after);
    let new: Vec<&str> =
        after.iter().filter(|found| !before.contains(found)).map(|(rule, _)| rule.as_str()).collect();
    for rule in ["GEN-HTTPS-2", "ART-CTRL-TRANS", "ART-CTRL-INTEG"] {
        assert!(new.contains(&rule), "{rule} in {new:?}");
    }
    // An unregistered host, without https, by GET: these rules ask about nothing else, or add up those that do.
    let about_urls = [
        "GEN-HTTPS-2",
        "GEN-AUTH-1",
        "ART-CTRL-TRANS",
        "ART-CTRL-INTEG",
        "SMS-BOT-1",
        "SMS-REDACT-1",
        "CON-SHARED-2",
        "ART-RULES-1",
    ];
    assert!(
        new.iter()
            .all(|rule| about_urls.contains(rule) || rule.ends_with("-BOT-1") || rule.contains("-INH-")),
        "{new:?}"
    );
    let shown = String::from_utf8(output.stdout).expect("text");
    assert!(!shown.contains(&number), "no number of anybody stands in a report");
}

#[test]
fn judges_recorded_accounts_the_same_every_time() {
    let file = |name: &str| format!("{FIXTURES}/{name}");
    let (account, fixtures) = ("AC0000000000000000000000000000bad1", file("twilio-bad.json"));
    let (designation, register) = (file("designation.toml"), file("register.toml"));
    let dir = tempfile::tempdir().expect("a folder");
    let state = dir.path().join("state.json");
    let mut arguments = vec!["audit", "--account", account, "--fixtures", &fixtures, "--today", "2026-11-26"];
    arguments.extend(["--designation", &designation, "--register", &register, "--sample"]);
    let audit = |out: &Path, more: &[&str]| {
        let mut arguments = arguments.clone();
        arguments.extend(["--out", text(out)]);
        arguments.extend(more);
        let output = run(&arguments);
        assert_eq!(output.status.code(), Some(FOUND), "{}", String::from_utf8_lossy(&output.stderr));
    };
    let (one, other) = (dir.path().join("one"), dir.path().join("other"));
    audit(&one, &["--state", text(&state)]);
    audit(&other, &[]);
    let names = fs::read_dir(&one).expect("a folder").map(|it| it.expect("a file").file_name());
    let names: Vec<_> = names.collect();
    assert_eq!(names.len(), 7);
    for name in names {
        assert_eq!(
            fs::read(one.join(&name)).expect("a file"),
            fs::read(other.join(&name)).expect("a file"),
            "{name:?}"
        );
    }
    let reports = (one.join("report.json"), other.join("report.json"));
    let diff = stdout_of(&["audit", "diff", "--json", text(&reports.0), text(&reports.1)]);
    let diff: Value = serde_json::from_str(&diff).expect("a diff");
    assert_eq!(diff["changes"].as_array().map(Vec::len), Some(0), "{diff}");
    // What was seen can be judged again without a request, and an interrupted audit goes on from it.
    let mut again = vec!["audit", "--observations", text(&state), "--designation", &designation];
    again.extend(["--register", &register, "--format", "json"]);
    assert_eq!(run(&again).stdout, fs::read(&reports.0).expect("a report"));
    audit(&dir.path().join("third"), &["--state", text(&state)]);
}

#[test]
fn attests_what_no_api_shows() {
    let dir = tempfile::tempdir().expect("a folder");
    let file = |name: &str| text(&dir.path().join(name)).to_owned();
    let (key, attestations, evidence) = (file("key"), file("attestations.toml"), file("evidence.pdf"));
    let made = stdout_of(&["audit", "keygen", "--out", &key]);
    let public =
        made.split("key = \"").nth(1).and_then(|rest| rest.split('"').next()).expect("a key").to_owned();
    assert!(problem_of(&["audit", "keygen", "--out", &key]).contains("exists already"));
    fs::write(&evidence, "the briefing of the staff").expect("a file");
    assert!(stdout_of(&["audit", "attest", "GEN-SUP-1"]).contains('?'), "it shows the question");
    let mut attest = vec!["audit", "attest", "GEN-SUP-1", "--yes", "--everywhere", "--by", "Sample Officer"];
    attest.extend([
        "--expires",
        "2099-01-01",
        "--evidence",
        &evidence,
        "--key",
        &key,
        "--attestations",
        &attestations,
    ]);
    stdout_of(&attest);

    let designation = fs::read_to_string(format!("{FIXTURES}/designation.toml")).expect("a file");
    let signer =
        format!("\n[[signer]]\nname = \"Sample Officer\"\nrole = \"Privacy officer\"\nkey = \"{public}\"\n");
    let known = file("designation.toml");
    fs::write(&known, format!("{designation}{signer}")).expect("a file");
    let verdict = |attestations: &str| {
        let fixtures = format!("{FIXTURES}/twilio-good.json");
        let mut arguments =
            vec!["audit", "--account", "AC00000000000000000000000000000a11", "--fixtures", &fixtures];
        arguments.extend([
            "--designation",
            &known,
            "--attestations",
            attestations,
            "--format",
            "json",
            "--fail-on",
            "never",
        ]);
        let report: Value = serde_json::from_str(&stdout_of(&arguments)).expect("a report");
        let rules = report["rules"].as_array().expect("rules").clone();
        rules.iter().find(|rule| rule["id"] == "GEN-SUP-1").expect("the rule")["verdict"].clone()
    };
    assert_eq!(verdict(&attestations), "attested");
    // One letter changed: it is nobody's word any more.
    let forged = file("forged.toml");
    let text = fs::read_to_string(&attestations).expect("a file");
    fs::write(&forged, text.replace("2099-01-01", "2098-01-01")).expect("a file");
    assert_eq!(verdict(&forged), "not_observed");
}

#[test]
fn says_what_it_would_ask_and_what_is_wrong() {
    let plan = stdout_of(&["audit", "--plan", "--probe"]);
    assert!(plan.contains("GET /2010-04-01/Accounts/{account}/IncomingPhoneNumbers.json"));
    assert!(plan.contains("[probe]") && plan.contains("At most "));
    assert!(!plan.contains("Messages.json"), "content only with --sample");
    let plan = stdout_of(&["audit", "--plan", "--provider", "switchward"]);
    assert!(plan.contains("GET /switchward/v1/Accounts/{account}/Register, unless --register is given"));
    assert!(problem_of(&["audit"]).contains("TWILIO_ACCOUNT_SID"));
    assert!(
        problem_of(&["audit", "--provider", "switchward", "--account", "AC1", "--fixtures", "/nowhere"])
            .contains("/nowhere")
    );
    let mut clear = switchward(&["audit", "--account", "AC1", "--base-url", "http://audited.example.org"]);
    let clear = clear.env("TWILIO_AUTH_TOKEN", "token").output().expect("the binary runs");
    assert!(String::from_utf8_lossy(&clear.stderr).contains("must be https"));
    let dir = tempfile::tempdir().expect("a folder");
    let wrong = dir.path().join("designation.toml");
    fs::write(&wrong, "[[account]]\nsid = \"AC1\"\ndesignated = true\nsigner = \"x\"\n").expect("a file");
    let problem = problem_of(&["audit", "--account", "AC1", "--designation", text(&wrong)]);
    assert!(problem.contains("designation.toml:2: `sid`"), "{problem}");
}

/// Goal: what people state reaches the server from files, comes back the same, and the audit reads it there. Method: a
/// register, a signer and an attestation go in by the command line and the API; an audit is given no file.
#[test]
fn the_audit_reads_what_the_server_keeps() {
    let dir = tempfile::tempdir().expect("a folder");
    let file = |name: &str| text(&dir.path().join(name)).to_owned();
    let account = init(&dir.path().join("data"), &[]);
    let server = Server::start(&dir.path().join("data"));
    let base = format!("http://{}", server.address);
    let register = |arguments: &[&str]| {
        let mut command = switchward(&["register"]);
        command.args(arguments).args(["--base-url", &base]);
        command.env("TWILIO_ACCOUNT_SID", account["account_sid"].as_str().expect("a SID"));
        command.env("TWILIO_AUTH_TOKEN", account["auth_token"].as_str().expect("a token"));
        let output = command.output().expect("the binary runs");
        (
            output.status.success(),
            String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned(),
        )
    };
    assert_eq!(register(&["export"]), (true, String::new()), "nothing is kept yet");
    let parties = fs::read_to_string(format!("{FIXTURES}/register.toml")).expect("a file");
    fs::write(file("register.toml"), &parties).expect("a file");
    let (done, said) = register(&["import", &file("register.toml")]);
    assert!(done && said.starts_with("2 parties"), "{said}");
    let (_, exported) = register(&["export"]);
    let read = |name, text| Register::read(name, text).expect("a register");
    assert_eq!(read("given", &parties), read("exported", &exported));
    fs::write(file("wrong.toml"), parties.replace("own = true", "own = 1")).expect("a file");
    let (done, said) = register(&["import", &file("wrong.toml")]);
    assert!(!done && said.contains("wrong.toml:4: `own`"), "{said}");

    let made = stdout_of(&["audit", "keygen", "--out", &file("key")]);
    let public = made.split("key = \"").nth(1).and_then(|rest| rest.split('"').next()).expect("a key");
    let signer = format!(r#"{{"name": "Sample Officer", "role": "Privacy officer", "key": "{public}"}}"#);
    let sid = account["account_sid"].as_str().expect("a SID");
    let login =
        BASE64.encode(format!("{sid}:{}", account["auth_token"].as_str().expect("a token")).as_bytes());
    let request = format!(
        "POST /switchward/v1/Accounts/{sid}/Signers HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Basic {login}\r\n\
         Content-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{signer}",
        signer.len()
    );
    assert_eq!(parsed(&server.raw(request.as_bytes())).0, 201);
    let stated = file("attestations.toml");
    let mut attest = vec!["audit", "attest", "GEN-SUP-1", "--yes", "--everywhere", "--by", "Sample Officer"];
    let (expires, key, evidence) = ("2099-01-01", file("key"), "https://wiki.example.org/1");
    attest.extend(["--expires", expires, "--evidence", evidence, "--key", &key, "--attestations", &stated]);
    stdout_of(&attest);
    let signed = fs::read_to_string(&stated).expect("a file");
    let exception = "\n[[exception]]\nrule = \"GEN-HTTPS-2\"\nsubject = \"*\"\nowner = \"Sample Officer\"\nreason = \"Next week.\"\nexpires = \"2099-01-01\"\n";
    fs::write(&stated, format!("{signed}{exception}")).expect("a file");
    assert_eq!(register(&["attest", &stated]).1, "2 statements were taken, 0 were there already\n");
    assert_eq!(register(&["attest", &stated]).1, "0 statements were taken, 2 were there already\n");
    fs::write(file("forged.toml"), signed.replace("2099-01-01", "2098-01-01")).expect("a file");
    let (done, said) = register(&["attest", &file("forged.toml")]);
    assert!(!done && said.contains("GEN-SUP-1 was refused with status 400"), "{said}");

    let list = format!(
        "GET /2010-04-01/Accounts/{sid}/IncomingPhoneNumbers.json HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Basic {login}\r\nConnection: close\r\n\r\n"
    );
    let (_, list) = parsed(&server.raw(list.as_bytes()));
    let number = list["incoming_phone_numbers"][0]["sid"].as_str().expect("a SID");
    let set = |url: &str| {
        post(&server, &account, &format!("IncomingPhoneNumbers/{number}.json"), &format!("SmsUrl={url}")).0
    };
    let verdict = |report: &Value, rule: &str| {
        let rules = report["rules"].as_array().expect("rules");
        rules.iter().find(|it| it["id"] == rule).expect("the rule").clone()
    };
    assert_eq!(set("https%3A%2F%2Fapp.hospital.example.org%2Fsms"), 200);
    let (_, report) = audit(server.address, &account, &[]);
    assert_eq!(verdict(&report, "GEN-SUP-1")["verdict"], "attested");
    assert_ne!(verdict(&report, "ART-CTRL-INTEG")["verdict"], "fail", "the host is in the register");
    assert_eq!(set("http%3A%2F%2Felsewhere.example.net%2Fsms"), 200);
    let (_, report) = audit(server.address, &account, &[]);
    assert_eq!(verdict(&report, "ART-CTRL-INTEG")["verdict"], "fail");
    let https = verdict(&report, "GEN-HTTPS-2");
    assert_eq!(
        (&https["verdict"], &https["answers"][0]["exception"]["owner"]),
        (&"fail".into(), &"Sample Officer".into())
    );
    // A file that is given goes before what the server keeps.
    fs::write(file("none.toml"), "").expect("a file");
    let (_, report) = audit(server.address, &account, &["--attestations", &file("none.toml")]);
    assert_eq!(verdict(&report, "GEN-SUP-1")["verdict"], "not_observed");
}
