//! The restore drill: a server under load is backed up, rotated and killed; another machine gets its backup
//! and answers for it, and what was deleted stays deleted.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use data_encoding::BASE64;
use serde_json::Value;

use crate::program::{Server, init, parsed, problem_of, run, stdout_of, text};

/// Messages before the first backup.
const MESSAGES: usize = 40;
/// What a restore of some hundred messages may take on a small machine, unoptimised.
const RESTORE_LIMIT: Duration = Duration::from_secs(30);

/// The first account, as a client of its API.
#[derive(Clone)]
struct Client {
    sid: String,
    authorization: String,
    address: std::net::SocketAddr,
}

impl Client {
    fn new(made: &Value, server: &Server) -> Self {
        let field = |name: &str| made[name].as_str().expect("text").to_owned();
        let credentials = format!("{}:{}", field("account_sid"), field("auth_token"));
        let authorization = BASE64.encode(credentials.as_bytes());
        Self { sid: field("account_sid"), authorization, address: server.address }
    }

    fn ask(&self, method: &str, path: &str, form: &str) -> (u16, Value) {
        let request = format!(
            "{method} /2010-04-01/Accounts/{}/{path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\
            Authorization: Basic {}\r\nContent-Type: application/x-www-form-urlencoded\r\n\
            Content-Length: {}\r\n\r\n{form}",
            self.sid,
            self.authorization,
            form.len()
        );
        let mut stream = std::net::TcpStream::connect(self.address).expect("the port is open");
        parsed(&crate::program::exchange(&mut stream, request.as_bytes()))
    }

    fn send(&self, body: &str) -> String {
        let form = format!("To=%2B14155552671&From=%2B14155550100&Body={body}");
        let (status, message) = self.ask("POST", "Messages.json", &form);
        assert_eq!(status, 201, "{message}");
        message["sid"].as_str().expect("a SID").to_owned()
    }

    /// The text of a message; `None` when there is no such message.
    fn body(&self, sid: &str) -> Option<String> {
        let (status, message) = self.ask("GET", &format!("Messages/{sid}.json"), "");
        match status {
            200 => Some(message["body"].as_str().expect("text").to_owned()),
            404 => None,
            other => panic!("{other}: {message}"),
        }
    }

    /// Waits until the message has arrived: what is on its way is neither deleted nor redacted.
    fn wait_for(&self, sid: &str) {
        let deadline = Instant::now() + crate::program::PATIENCE;
        loop {
            let (_, message) = self.ask("GET", &format!("Messages/{sid}.json"), "");
            if message["status"] == "delivered" {
                return;
            }
            assert!(Instant::now() < deadline, "{message}");
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

/// The value of a line such as `root   abc`.
fn line<'a>(output: &'a str, name: &str) -> &'a str {
    let found = output.lines().find_map(|line| line.strip_prefix(name));
    found.unwrap_or_else(|| panic!("no {name} in {output}")).trim()
}

fn restore(backups: &Path, data: &Path, key: &Path, more: &[&str]) -> std::process::Output {
    let mut arguments =
        vec!["restore", "--from", text(backups), "--data", text(data), "--master-key", text(key)];
    arguments.extend(more);
    run(&arguments)
}

#[test]
fn a_killed_server_is_restored_elsewhere_and_what_was_deleted_stays_deleted() {
    let dir = tempfile::tempdir().expect("a folder");
    let (data, backups) = (dir.path().join("data"), dir.path().join("backups"));
    let made = init(&data, &[]);
    let server = Server::start(&data);
    let client = Client::new(&made, &server);
    let sent: BTreeMap<String, String> = (0..MESSAGES)
        .map(|number| {
            let body = format!("text-{number}");
            (client.send(&body), body)
        })
        .collect();
    let mut sids = sent.keys().cloned();
    let (deleted, redacted) = (sids.next().expect("many"), sids.next().expect("many"));
    client.wait_for(&deleted);
    client.wait_for(&redacted);
    let first = stdout_of(&["backup", "create", "--data", text(&data), "--to", text(&backups)]);

    assert_eq!(client.ask("DELETE", &format!("Messages/{deleted}.json"), "").0, 204);
    assert_eq!(client.ask("POST", &format!("Messages/{redacted}.json"), "Body=").0, 200);

    // Reads and writes go on while keys are rotated and moved and the second backup is made.
    let stop = Arc::new(AtomicBool::new(false));
    let load = {
        let (client, stop) = (client.clone(), Arc::clone(&stop));
        std::thread::spawn(move || {
            let mut all = Vec::new();
            while !stop.load(Ordering::Relaxed) {
                let body = format!("during-{}", all.len());
                let sid = client.send(&body);
                assert_eq!(client.body(&sid).as_deref(), Some(body.as_str()));
                all.push((sid, body));
            }
            all
        })
    };
    let status = stdout_of(&["keys", "status", "--data", text(&data), "--json"]);
    let status: Value = serde_json::from_str(&status).expect("JSON");
    let scopes = status["scopes"].as_u64().expect("a number");
    let rotated = stdout_of(&["keys", "rotate", "--data", text(&data)]);
    assert!(rotated.starts_with(&format!("{scopes} keys were made")), "{rotated}");
    let moved = stdout_of(&["keys", "rewrap", "--all", "--data", text(&data)]);
    assert!(moved.starts_with(&format!("{} keys were moved", 2 * scopes)), "{moved}");
    for (sid, body) in sent.iter().filter(|(sid, _)| **sid != deleted && **sid != redacted) {
        assert_eq!(client.body(sid).as_ref(), Some(body), "sealed under the older key");
    }
    let before_backup = stdout_of(&["backup", "create", "--data", text(&data), "--to", text(&backups)]);
    stop.store(true, Ordering::Relaxed);
    let during = load.join().expect("no request failed");
    assert!(!during.is_empty());
    // Nothing is said to the server: it is killed.
    drop(server);

    let key = data.join("master.key");
    let whole = stdout_of(&["backup", "verify", "--from", text(&backups), "--data", text(&data)]);
    assert!(whole.ends_with("The backup is whole.\n"));
    let started = Instant::now();
    let elsewhere = dir.path().join("elsewhere");
    let root = line(&before_backup, "root");
    let output = restore(&backups, &elsewhere, &key, &["--expect-root", root]);
    let took = started.elapsed();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(took < RESTORE_LIMIT, "{took:?}");
    let verified = stdout_of(&["ledger", "verify", "--data", text(&elsewhere)]);
    assert!(verified.ends_with("The ledger is intact.\n"), "{verified}");
    {
        let server = Server::start(&elsewhere);
        let client = Client::new(&init(&elsewhere, &[]), &server);
        for (sid, body) in &sent {
            let expected = match sid {
                sid if *sid == deleted => None,
                sid if *sid == redacted => Some(""),
                _ => Some(body.as_str()),
            };
            assert_eq!(client.body(sid).as_deref(), expected, "{sid}");
        }
        // Of what was written while the backup was made, a beginning is in it.
        let restored: Vec<_> = during.iter().map(|(sid, _)| client.body(sid)).collect();
        let count = restored.iter().take_while(|body| body.is_some()).count();
        assert!(restored[count..].iter().all(Option::is_none));
        assert!(during.iter().zip(&restored[..count]).all(|((_, body), found)| Some(body) == found.as_ref()));
        client.send("again");
    }

    // The first content with the newest keys: older, and yet nothing of what was deleted.
    let old = dir.path().join("old");
    let content = line(&first, "content");
    let output = restore(&backups, &old, &key, &["--content", content, "--expect-root", root]);
    assert_eq!(output.status.code(), Some(1), "an older state than the expected one is reported");
    let report = String::from_utf8(output.stdout).expect("text");
    assert!(report.contains("NOT FOUND") && report.contains("more entries"), "{report}");
    {
        let server = Server::start(&old);
        let client = Client::new(&init(&old, &[]), &server);
        assert_eq!(client.body(&deleted), None);
        assert_eq!(client.body(&redacted).as_deref(), Some(""));
        let kept = sent.iter().filter(|(sid, _)| **sid != deleted && **sid != redacted);
        for (sid, body) in kept {
            assert_eq!(client.body(sid).as_ref(), Some(body));
        }
        assert_eq!(client.body(&during[0].0), None, "it is newer than the content");
    }

    let refused = problem_of(&["restore", "--from", text(&backups), "--data", text(&old)]);
    assert!(refused.contains("is not empty"), "{refused}");
    let refused = problem_of(&["restore", "--from", text(&backups), "--data", text(&dir.path().join("new"))]);
    assert!(refused.contains("the master key is missing"), "{refused}");
}
