//! The other side: processes that speak SMPP and are driven by lines of JSON.

use std::io::{BufRead, BufReader, Write};
use std::ops::{Deref, DerefMut};
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::time::Duration;

use serde_json::Value;
use tokio::sync::mpsc;
use tokio::time::timeout;

use crate::smsc::given;

/// How long anything of the peer may take.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

/// A process that is told what to do and tells what happens; it ends with this value.
pub(crate) struct Process {
    child: Child,
    input: ChildStdin,
    events: mpsc::UnboundedReceiver<Value>,
}

/// A running SMSC made of node and the package smpp.
pub(crate) struct Peer {
    process: Process,
    pub(crate) port: u16,
}

impl Deref for Peer {
    type Target = Process;

    fn deref(&self) -> &Process {
        &self.process
    }
}

impl DerefMut for Peer {
    fn deref_mut(&mut self) -> &mut Process {
        &mut self.process
    }
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
        let modules = given("SWITCHWARD_SMPP_PEER", "a node_modules with the package smpp")?;
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/peer/smsc.js");
        let mut command = Command::new("node");
        command.arg(script).args(arguments).env("NODE_PATH", modules);
        let mut process = Process::start(command);
        let port = process.next("listening").await["port"].as_u64().unwrap().try_into().unwrap();
        Some(Self { process, port })
    }

    /// Tells it how to behave, and waits until it does; events before that are passed over.
    pub(crate) async fn plan(&mut self, mut plan: Value) {
        plan["do"] = "plan".into();
        self.tell(plan);
        self.next("planned").await;
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

impl Process {
    /// Starts it.
    pub(crate) fn start(mut command: Command) -> Self {
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let (input, output) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
        let (sender, events) = mpsc::unbounded_channel();
        std::thread::spawn(move || {
            for line in BufReader::new(output).lines().map_while(Result::ok) {
                if sender.send(serde_json::from_str(&line).unwrap()).is_err() {
                    return;
                }
            }
        });
        Self { child, input, events }
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

    /// The next event of any kind.
    pub(crate) async fn any(&mut self) -> Value {
        timeout(PATIENCE, self.events.recv()).await.expect("an event").expect("the peer lives")
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It ends by itself when its input does; a test must not leave it behind whatever happens.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}
