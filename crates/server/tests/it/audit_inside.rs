//! `switchward audit --data`: a Switchward judges itself by its own store, ledger and keys, while it runs or not.

use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::canaries::Caller;
use crate::program::{Server, init, problem_of, run, stdout_of, switchward, text};

fn report(data: &Path, more: &[&str]) -> Value {
    let mut arguments = vec!["audit", "--provider", "switchward", "--data", text(data), "--format", "json"];
    arguments.extend(["--fail-on", "never"]);
    arguments.extend(more);
    serde_json::from_str(&stdout_of(&arguments)).expect("a report")
}

fn rule<'a>(report: &'a Value, id: &str) -> &'a Value {
    let rules = report["rules"].as_array().expect("rules");
    rules.iter().find(|rule| rule["id"] == id).expect("the rule")
}

/// Goal: the settings, the designation, the ledger and the keys of the data folder are the evidence, and each rule names
/// the tests that prove it, in every form that is for people or systems to keep.
#[test]
fn judges_itself_by_its_own_store_and_names_the_tests() {
    let dir = tempfile::tempdir().expect("a folder");
    let (data, out) = (dir.path().join("data"), dir.path().join("evidence"));
    let account = init(&data, &["--hipaa"]);
    let report = report(&data, &["--out", text(&out)]);
    assert_eq!(report["subjects"][0]["id"], account["account_sid"]);
    assert_eq!(
        (&report["subjects"][0]["designated"], &report["requests"]["made"]),
        (&true.into(), &0.into())
    );
    let verified: Value =
        serde_json::from_str(&stdout_of(&["ledger", "verify", "--data", text(&data), "--json"]))
            .expect("JSON");
    for name in ["intact", "entries", "root"] {
        assert_eq!(report["inside"]["ledger"][name], verified[name], "{name}");
    }
    let status = stdout_of(&["keys", "status", "--data", text(&data), "--json"]);
    let status: Value = serde_json::from_str(&status).expect("JSON");
    assert_eq!(report["inside"]["keys"]["master_key"], status["master_key"]);
    assert_eq!(report["inside"]["keys"]["scopes"], status["scopes"]);

    let listed: Value = serde_json::from_str(&stdout_of(&["rules", "--json"])).expect("JSON");
    for listed in listed["rules"].as_array().expect("rules") {
        let id = listed["id"].as_str().or(listed["rule"]["id"].as_str()).expect("an id");
        let rule = rule(&report, id);
        assert_eq!(rule["built"]["tests"], listed["tests"], "{id}");
        assert_eq!(rule["built"]["status"], listed["status"], "{id}");
        let by_truth_table = id.starts_with("DES-");
        assert!(rule["verdict"] != "pass" || listed["status"] == "proven" || by_truth_table, "{id}");
    }
    for id in ["SMS-REDACT-1", "SMS-REDACT-2", "SMS-GEO-1", "GEN-HTTPS-2", "ART-CTRL-AUDIT", "CON-BAA-1"] {
        assert_eq!(rule(&report, id)["verdict"], "pass", "{id}");
    }
    // No register is kept yet, so nothing shows that hosts are checked.
    assert_eq!(rule(&report, "ART-CTRL-INTEG")["verdict"], "not_observed");
    for name in ["report.html", "oscal-component-definition.json", "report.json"] {
        let written = fs::read_to_string(out.join(name)).expect("a file");
        assert!(written.contains("sms_redact_1__"), "{name}");
        assert!(written.contains(verified["root"].as_str().expect("a root")), "{name}");
    }
}

#[test]
fn looks_into_a_server_that_runs_and_asks_its_api_too_when_told_to() {
    let dir = tempfile::tempdir().expect("a folder");
    let data = dir.path().join("data");
    let account = init(&data, &["--hipaa"]);
    let server = Server::start(&data);
    let mut caller = Caller::new(server.address, &account);
    let register = format!("/switchward/v1/Accounts/{}/Register", caller.sid);
    let party = r#"{"name": "Example Hospital", "hosts": ["app.hospital.example.org"], "own": true, "contact": "it@hospital.example.org"}"#;
    let (status, answer) = caller.json(&register, party);
    assert_eq!(status, 201, "{answer}");
    assert_eq!(rule(&report(&data, &[]), "ART-CTRL-INTEG")["verdict"], "pass");

    let base = format!("http://{}", server.address);
    let mut command = switchward(&["audit", "--provider", "switchward", "--data", text(&data)]);
    command.args(["--base-url", &base, "--format", "json", "--fail-on", "never"]);
    command.env("TWILIO_ACCOUNT_SID", &caller.sid);
    command.env("TWILIO_AUTH_TOKEN", account["auth_token"].as_str().expect("a token"));
    let both: Value =
        serde_json::from_slice(&command.output().expect("the binary runs").stdout).expect("a report");
    assert!(both["requests"]["made"].as_u64().expect("a number") > 30);
    assert_eq!(rule(&both, "SMS-REDACT-1")["verdict"], "pass");
    // What the API shows against a rule that is not built stands.
    let keys = rule(&both, "ART-CTRL-ACCESS");
    assert_eq!((&keys["verdict"], &keys["built"]["status"]), (&"fail".into(), &"declared".into()));
}

#[test]
fn an_account_that_nobody_designated_passes_nothing() {
    let dir = tempfile::tempdir().expect("a folder");
    let data = dir.path().join("data");
    init(&data, &[]);
    let report = report(&data, &[]);
    assert_eq!(report["subjects"][0]["designated"], false);
    let passing = report["rules"].as_array().expect("rules").iter().filter(|rule| rule["verdict"] == "pass");
    let passing: Vec<&str> = passing.map(|rule| rule["id"].as_str().expect("an id")).collect();
    assert!(passing.iter().all(|id| id.starts_with("DES-")), "{passing:?}");
    assert!(problem_of(&["audit", "--data", text(&data)]).contains("--provider switchward"));
    let nothing = run(&["audit", "--provider", "switchward", "--data", "/nowhere"]);
    assert_eq!(nothing.status.code(), Some(1));
}
