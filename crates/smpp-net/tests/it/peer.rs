//! The other side: a node process that plays the SMSC.

use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::time::Duration;

use serde_json::Value;
use tokio::sync::mpsc;
use tokio::time::timeout;

/// How long anything of the peer may take.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

/// A running SMSC; it ends with this value.
pub(crate) struct Peer {
    child: Child,
    input: ChildStdin,
    events: mpsc::UnboundedReceiver<Value>,
    pub(crate) port: u64,
}

/// The `node_modules` with the package; `None`, said aloud, when the test cannot run here.
#[expect(clippy::disallowed_methods, reason = "how a test is told of software that it needs")]
#[expect(clippy::print_stderr, reason = "a test that did not run must say so")]
fn node_modules() -> Option<PathBuf> {
    let folder = std::env::var_os("SWITCHWARD_SMPP_PEER").filter(|folder| !folder.is_empty());
    if folder.is_none() {
        eprintln!("skipped: SWITCHWARD_SMPP_PEER does not name a node_modules with the package smpp");
    }
    folder.map(PathBuf::from)
}

impl Peer {
    /// An SMSC on a free port; `None` when the test cannot run here.
    pub(crate) async fn start() -> Option<Self> {
        Self::start_with(&[]).await
    }

    /// An SMSC that speaks TLS with this key and certificate.
    pub(crate) async fn start_tls(key: &Path, certificate: &Path) -> Option<Self> {
        Self::start_with(&[key, certificate]).await
    }

    async fn start_with(arguments: &[&Path]) -> Option<Self> {
        let modules = node_modules()?;
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/peer/smsc.js");
        let mut child = Command::new("node")
            .arg(script)
            .args(arguments)
            .env("NODE_PATH", modules)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let (input, output) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
        let (sender, events) = mpsc::unbounded_channel();
        std::thread::spawn(move || {
            for line in BufReader::new(output).lines().map_while(Result::ok) {
                if sender.send(serde_json::from_str(&line).unwrap()).is_err() {
                    return;
                }
            }
        });
        let mut peer = Self { child, input, events, port: 0 };
        peer.port = peer.next("listening").await["port"].as_u64().unwrap();
        Some(peer)
    }

    /// Tells it to do something.
    pub(crate) fn tell(&mut self, command: Value) {
        writeln!(self.input, "{command}").unwrap();
    }

    /// The next event of this kind; others before it are passed over.
    pub(crate) async fn next(&mut self, kind: &str) -> Value {
        loop {
            let event = timeout(PATIENCE, self.any()).await.expect(kind);
            if event["event"] == kind {
                return event;
            }
        }
    }

    /// Tells it how to behave, and waits until it does; events before that are passed over.
    pub(crate) async fn plan(&mut self, mut plan: Value) {
        plan["do"] = "plan".into();
        self.tell(plan);
        self.next("planned").await;
    }

    /// The next event of any kind.
    pub(crate) async fn any(&mut self) -> Value {
        timeout(PATIENCE, self.events.recv()).await.expect("an event").expect("the peer lives")
    }

    /// The status with which something was answered.
    pub(crate) async fn answered(&mut self, tag: &str) -> u64 {
        loop {
            let event = self.next("answered").await;
            if event["tag"] == tag {
                return event["status"].as_u64().unwrap();
            }
        }
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        // It ends by itself when its input does; a test must not leave it behind whatever happens.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}
