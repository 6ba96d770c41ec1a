//! `switchward review` from outside: two people with keys, a complaint, a text that is opened, and all that is refused
//! on the way.

use std::fs;
use std::path::Path;
use std::process::Output;

use data_encoding::BASE64;
use serde_json::Value;

use crate::program::{Server, init, parsed, stdout_of, switchward, text};

/// What the one message says.
const TEXT: &str = "Zanzibar biopsy result";
const JANE: &str = "Jane Roe";
const JOHN: &str = "John Doe";

/// The operator at a terminal.
struct Terminal {
    base: String,
    token: String,
    account: String,
}

impl Terminal {
    fn output(&self, arguments: &[&str]) -> Output {
        let mut command = switchward(&[&["review"], arguments, &["--base-url", &self.base]].concat());
        command.env("SWITCHWARD_OPERATOR_TOKEN", &self.token).output().expect("the binary runs")
    }

    /// What a command that must succeed prints.
    fn done(&self, arguments: &[&str]) -> Value {
        let output = self.output(arguments);
        let problem = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "{arguments:?}: {problem}");
        serde_json::from_slice(&output.stdout).expect("JSON")
    }

    /// The problem of a command that must fail. It never holds the text.
    fn refused(&self, arguments: &[&str]) -> String {
        let output = self.output(arguments);
        let problem = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(1), "{arguments:?}");
        assert!(output.stdout.is_empty() && !problem.contains(TEXT), "{arguments:?}: {problem}");
        problem
    }

    /// Enrols somebody with a new key; its file.
    fn enrol(&self, dir: &Path, name: &str) -> String {
        let key = text(&dir.join(name)).to_owned();
        let made = stdout_of(&["audit", "keygen", "--out", &key]);
        let public = made.split("key = \"").nth(1).and_then(|rest| rest.split('"').next()).expect("a key");
        let person = ["enrol", "--name", name, "--role", "Trust and safety", "--public", public];
        assert_eq!(self.done(&person)["name"], name);
        key
    }

    fn one<'a>(&'a self, verb: &'a str, review: &'a str, more: &[&'a str]) -> Vec<&'a str> {
        [&[verb, review, "--account", &self.account], more].concat()
    }
}

/// Sends the message; its SID.
fn send(server: &Server, account: &Value) -> String {
    let word = |name: &str| account[name].as_str().expect("text").to_owned();
    let login = BASE64.encode(format!("{}:{}", word("account_sid"), word("auth_token")).as_bytes());
    let form = format!("To=%2B14155550177&From=%2B14155550100&Body={}", TEXT.replace(' ', "+"));
    let request = format!(
        "POST /2010-04-01/Accounts/{}/Messages.json HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Basic {login}\r\n\
         Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{form}",
        word("account_sid"),
        form.len()
    );
    let (status, message) = parsed(&server.raw(request.as_bytes()));
    assert_eq!(status, 201, "{message}");
    message["sid"].as_str().expect("a SID").to_owned()
}

/// Goal: nobody opens a text alone, or without a complaint, or after the end. Method: every step of a review at the
/// terminal, each tried too early or by the wrong person first.
#[test]
fn a_text_is_opened_by_two_people_and_by_nobody_alone() {
    let dir = tempfile::tempdir().expect("a folder");
    let data = dir.path().join("data");
    let made = init(&data, &[]);
    let server = Server::start(&data);
    let message = send(&server, &made);
    let terminal = Terminal {
        base: format!("http://{}", server.address),
        token: fs::read_to_string(data.join("operator.token")).expect("a token").trim().to_owned(),
        account: made["account_sid"].as_str().expect("a SID").to_owned(),
    };
    let account = terminal.account.as_str();
    let jane = terminal.enrol(dir.path(), JANE);
    let john = terminal.enrol(dir.path(), JOHN);

    let asks = |cause| {
        let case = ["request", "--account", account, "--reason", "carrier-complaint", "--cause", cause];
        [&case[..], &["--reference", "CASE-1", "--message", &message, "--by", JANE, "--key", &jane]].concat()
    };
    let nothing = asks("CN00000000000000000000000000000000");
    assert!(terminal.refused(&nothing).contains("403"), "no complaint was recorded");
    let complaint =
        terminal.done(&["complaint", "--account", account, "--from", "carrier", "--reference", "CARRIER-17"]);
    let review = terminal.done(&asks(complaint["sid"].as_str().expect("a SID")));
    assert_eq!(review["state"], "requested");
    let sid = review["sid"].as_str().expect("a SID");

    let by_jane = terminal.one("show", sid, &["--message", &message, "--by", JANE, "--key", &jane]);
    assert!(terminal.refused(&by_jane).contains("403"), "it is not approved");
    // Whoever asked does not approve, a look approves nothing, and another's name takes another's key.
    let own = terminal.one("approve", sid, &["--by", JANE, "--key", &jane, "--yes"]);
    assert!(terminal.refused(&own).contains("403"));
    let look = terminal.one("approve", sid, &["--by", JOHN, "--key", &john]);
    assert_eq!(terminal.done(&look)["state"], "requested");
    let forged = terminal.one("approve", sid, &["--by", JOHN, "--key", &jane, "--yes"]);
    assert!(terminal.refused(&forged).contains("40"));
    let approve = terminal.one("approve", sid, &["--by", JOHN, "--key", &john, "--yes"]);
    assert_eq!(terminal.done(&approve)["state"], "open");

    let opened = terminal.done(&by_jane);
    assert_eq!((&opened["body"], &opened["message_sid"]), (&TEXT.into(), &message.as_str().into()));
    let shown = terminal.done(&terminal.one("show", sid, &[]));
    assert_eq!(shown["openings"].as_array().map(Vec::len), Some(1));
    assert!(!shown.to_string().contains(TEXT));
    let listed = terminal.done(&["list", "--account", account]);
    assert_eq!(listed["reviews"].as_array().map(Vec::len), Some(1));

    assert_eq!(terminal.done(&terminal.one("close", sid, &[]))["state"], "closed");
    assert!(terminal.refused(&by_jane).contains("403"), "it is over");
    let stranger =
        Terminal { token: "wrong".to_owned(), base: terminal.base.clone(), account: account.to_owned() };
    assert!(stranger.refused(&["list"]).contains("401"));

    // What happened is on the ledger, which still verifies.
    drop(server);
    let report = stdout_of(&["ledger", "verify", "--data", text(&data), "--json"]);
    let report: Value = serde_json::from_str(&report).expect("JSON");
    assert_eq!(report["intact"], true);
}
