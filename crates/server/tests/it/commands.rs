//! The commands that need no running server.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

use serde_json::Value;

use crate::program::{init, problem_of, run, stdout_of, text};

const KEYS: [&str; 7] =
    ["organization", "account_sid", "auth_token", "api_key_sid", "api_key_secret", "phone_number", "ca_cert"];

#[test]
fn init_prints_the_same_every_time_and_keeps_it_private() {
    let dir = tempfile::tempdir().expect("a folder");
    let data = dir.path().join("data");
    let first = init(&data, &[]);
    let mut keys: Vec<&str> = first.as_object().expect("an object").keys().map(String::as_str).collect();
    keys.sort_unstable();
    let mut expected = KEYS;
    expected.sort_unstable();
    assert_eq!(keys, expected);
    assert_eq!(first["phone_number"], "+14155550100");
    let ca = Path::new(first["ca_cert"].as_str().expect("a path"));
    assert!(ca.is_absolute() && ca.exists());
    assert_eq!(init(&data, &[]), first);

    assert_eq!(mode(&data), 0o700);
    for name in ["master.key", "operator.token", "first-account.json", "ca.key"] {
        assert_eq!(mode(&data.join(name)), 0o600, "{name}");
    }
    for entry in fs::read_dir(&data).expect("a folder") {
        let name = entry.expect("an entry").file_name().into_string().expect("plain names");
        assert!(!name.starts_with('.'), "{name} was left behind");
    }
}

#[test]
fn init_and_env_refuse_what_they_cannot_do_safely() {
    let dir = tempfile::tempdir().expect("a folder");
    let data = dir.path().join("data");
    assert!(problem_of(&["env", "--data", text(&data)]).contains("cannot use the data folder"));
    fs::create_dir(&data).expect("a folder");
    assert!(problem_of(&["env", "--data", text(&data)]).contains("run `switchward init` first"));
    init(&data, &[]);
    let key = data.join("master.key");
    fs::set_permissions(&key, fs::Permissions::from_mode(0o644)).expect("a mode");
    let problem = problem_of(&["ledger", "verify", "--data", text(&data)]);
    assert!(problem.contains("accessible to other users"), "{problem}");
    fs::write(&key, format!("{}\n", "ab".repeat(32))).expect("a key");
    fs::set_permissions(&key, fs::Permissions::from_mode(0o600)).expect("a mode");
    let problem = problem_of(&["ledger", "verify", "--data", text(&data)]);
    assert!(problem.contains("needs the master key"), "{problem}");
    fs::remove_file(&key).expect("a file");
    let problem = problem_of(&["ledger", "verify", "--data", text(&data)]);
    assert!(problem.contains("is missing"), "{problem}");
}

#[test]
fn env_is_understood_by_a_shell_and_can_never_reach_the_real_service() {
    let dir = tempfile::tempdir().expect("a folder");
    let data = dir.path().join("it's a folder");
    let account = init(&data, &[]);
    for (listen, proxy) in
        [("127.0.0.1:8080", "http://127.0.0.1:8080"), ("0.0.0.0:9443", "http://127.0.0.1:9443")]
    {
        let lines = stdout_of(&["env", "--data", text(&data), "--listen", listen]);
        assert!(!lines.contains("TWILIO_REGION="), "{lines}");
        let script = format!(
            "{lines}\nprintf '%s\\n' \"$HTTPS_PROXY\" \"$HTTP_PROXY\" \"$https_proxy\" \"$REQUESTS_CA_BUNDLE\" \
             \"$NODE_EXTRA_CA_CERTS\" \"$TWILIO_ACCOUNT_SID\" \"$TWILIO_AUTH_TOKEN\" \"[${{TWILIO_REGION-unset}}]\" \"$NO_PROXY\""
        );
        let shown = Command::new("sh")
            .args(["-euc", &script])
            .env("TWILIO_REGION", "localhost:8443/")
            .env("NO_PROXY", "*")
            .env("https_proxy", "http://proxy.example:3128")
            .output()
            .expect("a shell");
        let shown = String::from_utf8(shown.stdout).expect("text");
        let word = |name: &str| account[name].as_str().expect("text").to_owned();
        let ca = word("ca_cert");
        let expected = [
            proxy.to_owned(),
            proxy.to_owned(),
            proxy.to_owned(),
            ca.clone(),
            ca,
            word("account_sid"),
            word("auth_token"),
            "[unset]".to_owned(),
            "localhost,127.0.0.1,::1".to_owned(),
        ];
        assert_eq!(shown.lines().collect::<Vec<_>>(), expected);
    }
}

#[test]
fn ledger_verify_sees_an_altered_byte() {
    let dir = tempfile::tempdir().expect("a folder");
    let data = dir.path().join("data");
    init(&data, &[]);
    let verify = ["ledger", "verify", "--data", text(&data), "--json"];
    let report: Value = serde_json::from_str(&stdout_of(&verify)).expect("JSON");
    assert_eq!(report["intact"], true);
    assert!(report["entries"].as_u64().expect("a number") > 0);

    let database = data.join("switchward.db");
    let mut content = fs::read(&database).expect("a database");
    let action = b"claim_number";
    let at = content.windows(action.len()).position(|window| window == action).expect("an entry");
    content[at] ^= 1;
    fs::write(&database, content).expect("a database");
    let output = run(&verify);
    assert_eq!(output.status.code(), Some(1));
    let report: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!(report["intact"], false);
    assert!(report["faults"][0].as_str().expect("a fault").contains("does not link"), "{report}");
}

#[test]
fn ledger_verify_does_not_make_a_database() {
    let dir = tempfile::tempdir().expect("a folder");
    let problem = problem_of(&["ledger", "verify", "--data", text(dir.path())]);
    assert!(problem.contains("there is no database"), "{problem}");
    assert_eq!(fs::read_dir(dir.path()).expect("a folder").count(), 0);
}

#[test]
fn rules_lists_every_rule_with_its_status() {
    let report: Value = serde_json::from_str(&stdout_of(&["rules", "--json"])).expect("JSON");
    let rules = report["rules"].as_array().expect("rules");
    assert_eq!(report["counts"]["total"].as_u64().expect("a number"), rules.len() as u64);
    for rule in rules {
        let status = rule["status"].as_str().expect("a status");
        assert!(["declared", "enforced", "proven"].contains(&status), "{rule}");
    }
    let table = stdout_of(&["rules"]);
    assert!(table.lines().any(|line| line.starts_with("SMS-GEO-1 ")), "{table}");
    assert!(table.contains(&format!("{} rules", rules.len())), "{table}");
}

#[test]
fn compat_counts_what_is_served() {
    let products: Value = serde_json::from_str(&stdout_of(&["compat", "--json"])).expect("JSON");
    let api = products.as_array().expect("products").iter().find(|product| product["product"] == "api");
    let api = api.expect("the 2010 API");
    assert_eq!(api["published"], 197);
    let operations = api["operations"].as_array().expect("operations");
    let served = |method: &str, path: &str| {
        let found = operations.iter().find(|row| row["method"] == method && row["path"] == path);
        found.map(|row| row["served"] == true)
    };
    assert_eq!(served("POST", "/2010-04-01/Accounts/{AccountSid}/Messages"), Some(true));
    assert_eq!(served("POST", "/2010-04-01/Accounts/{AccountSid}/Calls"), Some(true));
    assert_eq!(served("POST", "/2010-04-01/Accounts/{AccountSid}/Queues"), Some(false));
    assert!(stdout_of(&["compat"]).lines().any(|line| line.starts_with("lookups ")));
}

#[test]
fn docs_are_written_and_then_found_current() {
    let dir = tempfile::tempdir().expect("a folder");
    let docs = dir.path().join("docs");
    let check = ["docs", "--check", "--dir", text(&docs)];
    assert_eq!(run(&check).status.code(), Some(1));
    stdout_of(&["docs", "--dir", text(&docs)]);
    stdout_of(&check);
    for (page, word) in [
        ("errors.md", "| 21610 | 400 |"),
        ("rules.md", "| SMS-GEO-1 |"),
        ("compat/README.md", "[api](api.md)"),
        ("compat/api.md", "CreateMessage"),
    ] {
        let page = fs::read_to_string(docs.join(page)).expect("a page");
        assert!(page.contains(word), "{word}");
    }
    fs::write(docs.join("compat/gone.md"), "old").expect("a page");
    fs::write(docs.join("errors.md"), "old").expect("a page");
    let stale = String::from_utf8(run(&check).stdout).expect("text");
    assert!(stale.contains("errors.md is not") && stale.contains("compat/gone.md is not"), "{stale}");
    stdout_of(&["docs", "--dir", text(&docs)]);
    assert!(!docs.join("compat/gone.md").exists());
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).expect("it exists").permissions().mode() & 0o777
}
