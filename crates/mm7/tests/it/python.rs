//! An MMSC of Python's standard library: it reads our requests with `email` and `xml.etree`, and writes what it tells
//! with them. A stub that speaks the documented protocol, and nobody's product.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use data_encoding::BASE64;
use serde_json::Value;
use tokio::sync::mpsc;
use tokio::time::timeout;

use crate::mmsc::Mmsc;
use crate::site::{CANARY, OWN, PATIENT, PICTURE, Site};

/// How long anything of the peer may take.
const PATIENCE: Duration = Duration::from_secs(20);

/// The process; it ends with this value.
struct Peer {
    child: Child,
    events: mpsc::UnboundedReceiver<Value>,
}

impl Drop for Peer {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// The Python to run it with.
#[expect(clippy::disallowed_methods, reason = "how a test is told of software that it needs")]
#[expect(clippy::print_stderr, reason = "a test that did not run must say so")]
fn python() -> Option<PathBuf> {
    let path = std::env::var_os("SWITCHWARD_MM7_PYTHON").filter(|path| !path.is_empty());
    if path.is_none() {
        eprintln!("skipped: SWITCHWARD_MM7_PYTHON does not name a Python 3.9 or later");
    }
    path.map(PathBuf::from)
}

fn script() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/peer/mmsc.py")
}

impl Peer {
    fn start(python: &Path) -> Self {
        let mut child =
            Command::new(python).arg(script()).arg("serve").stdout(Stdio::piped()).spawn().unwrap();
        let output = child.stdout.take().unwrap();
        let (sender, events) = mpsc::unbounded_channel();
        std::thread::spawn(move || {
            for line in BufReader::new(output).lines().map_while(Result::ok) {
                if sender.send(serde_json::from_str(&line).unwrap()).is_err() {
                    return;
                }
            }
        });
        Self { child, events }
    }

    async fn next(&mut self) -> Value {
        timeout(PATIENCE, self.events.recv()).await.expect("an event").expect("the peer lives")
    }
}

/// What the peer would send us: content type and body.
fn written(python: &Path, what: &str) -> (String, Vec<u8>) {
    let output = Command::new(python).arg(script()).args([what, PATIENT, OWN]).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let told: Value = serde_json::from_slice(&output.stdout).unwrap();
    let body = BASE64.decode(told["body"].as_str().unwrap().as_bytes()).unwrap();
    (told["content_type"].as_str().unwrap().to_owned(), body)
}

#[tokio::test(flavor = "multi_thread")]
async fn another_parser_reads_what_is_handed_over() {
    let Some(python) = python() else { return };
    let mut peer = Peer::start(&python);
    let port = peer.next().await["port"].as_u64().unwrap();
    let mmsc = Mmsc::start().await;
    let ca = mmsc.ca_file();
    // On this machine, where MM7 may go without TLS.
    let site = Site::start_at(mmsc, &format!("http://127.0.0.1:{port}/mm7"), &ca, "").await;
    let sid = site.send(&format!("{CANARY} — Grüße\n<&>")).await;
    let got = peer.next().await;
    site.wait(sid, "sent").await;
    assert_eq!(got["defects"], Value::Array(Vec::new()));
    assert_eq!((&got["from"], &got["to"]), (&OWN.into(), &PATIENT.into()));
    assert_eq!(
        (&got["vasp"], &got["vas"], &got["user"]),
        (&"clinic".into(), &"reminders".into(), &"clinic:our-password".into())
    );
    assert_eq!(got["report"], "true");
    let parts = got["parts"].as_array().unwrap();
    assert_eq!(parts.len(), 2);
    assert_eq!(
        (&parts[0]["type"], &parts[0]["text"]),
        (&"text/plain".into(), &format!("{CANARY} — Grüße\n<&>").into())
    );
    assert_eq!(
        (&parts[1]["type"], &parts[1]["base64"]),
        (&"image/png".into(), &BASE64.encode(PICTURE).into())
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_another_writer_tells_is_read() {
    let Some(python) = python() else { return };
    let site = Site::start().await;
    let sid = site.send("Look").await;
    site.wait(sid, "sent").await;
    let (kind, body) = written(&python, "report");
    site.tell(&kind, body).await.assert_status(200);
    site.wait(sid, "delivered").await;
    for _ in 0..2 {
        let (kind, body) = written(&python, "deliver");
        let told = site.tell(&kind, body).await;
        assert!(told.assert_status(200).text.contains("<StatusCode>1000<"));
    }
    let received = site.received().await;
    assert_eq!(received.len(), 1, "boundaries differ, the message is the same");
    assert_eq!((&received[0]["body"], &received[0]["num_media"]), (&"Danke schön".into(), &"2".into()));
}
