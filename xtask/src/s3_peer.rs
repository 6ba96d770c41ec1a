//! An S3 that is not ours, for the tests of `blobs`: PyPI's moto, on loopback for as long as the tests run.

use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::sdk;
use crate::shell;
use crate::steps::Context;

/// Names its endpoint to the tests; when it is set already, that one is used.
const VARIABLE: &str = "SWITCHWARD_S3_PEER";
/// How long it may take to listen.
const START_LIMIT: Duration = Duration::from_secs(60);
const PAUSE: Duration = Duration::from_millis(100);

/// The peer; stopped when dropped.
pub(crate) struct Peer {
    running: Child,
    endpoint: String,
}

impl Drop for Peer {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.running.kill();
        let _ = self.running.wait();
    }
}

impl Peer {
    /// The variable that names it to the tests.
    pub(crate) fn variable(&self) -> (&'static str, &str) {
        (VARIABLE, &self.endpoint)
    }
}

/// Starts it; the reason when it cannot be had here. `Ok(None)` when the environment names another.
pub(crate) fn start(context: &Context) -> Result<Option<Peer>, &'static str> {
    if shell::environment(VARIABLE).is_some() {
        return Ok(None);
    }
    if shell::on_path("python3").is_none() {
        return Err("the tests against moto's S3 did not run: no python3 here");
    }
    let folder = context.target.join("s3-peer");
    let installed = sdk::prepare_python(&context.root.join("crates/blobs/tests/peer"), &folder);
    if let Err(problem) = installed {
        println!("{problem}");
        return Err("the tests against moto's S3 did not run: it cannot be installed");
    }
    let not_started = "the tests against moto's S3 did not run: it does not start";
    let address =
        TcpListener::bind("127.0.0.1:0").and_then(|free| free.local_addr()).map_err(|_| not_started)?;
    let mut program = Command::new(folder.join("bin").join("moto_server"));
    program.args(["-H", "127.0.0.1", "-p", &address.port().to_string()]);
    let running = program.stdout(Stdio::null()).stderr(Stdio::null()).spawn().map_err(|_| not_started)?;
    let peer = Peer { running, endpoint: format!("http://{address}") };
    let end = Instant::now() + START_LIMIT;
    while TcpStream::connect(address).is_err() {
        if Instant::now() > end {
            return Err(not_started);
        }
        std::thread::sleep(PAUSE);
    }
    Ok(Some(peer))
}
