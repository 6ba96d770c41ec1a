//! Runs the built binary, with time limits, and talks to it over real sockets.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;

/// How long a start, a stop or an answer may take.
pub(crate) const PATIENCE: Duration = Duration::from_secs(10);

/// A command of the binary, without settings of the machine the tests run on.
pub(crate) fn switchward(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_switchward"));
    command.args(arguments).env_remove("SWITCHWARD_MASTER_KEY").env_remove("SWITCHWARD_LOG");
    command.env_remove("SWITCHWARD_DATABASE");
    for name in ["HTTPS_PROXY", "https_proxy", "NO_PROXY", "no_proxy", "NODE_EXTRA_CA_CERTS"] {
        command.env_remove(name);
    }
    command.env_remove("TWILIO_REGION").env_remove("TWILIO_EDGE");
    command.stdin(Stdio::null());
    command
}

/// Runs a command to its end.
pub(crate) fn run(arguments: &[&str]) -> Output {
    switchward(arguments).output().expect("the binary runs")
}

/// What a command that must succeed printed.
pub(crate) fn stdout_of(arguments: &[&str]) -> String {
    let output = run(arguments);
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("text")
}

/// The message of a command that must fail.
pub(crate) fn problem_of(arguments: &[&str]) -> String {
    let output = run(arguments);
    assert_eq!(output.status.code(), Some(1), "{arguments:?}");
    String::from_utf8(output.stderr).expect("text")
}

/// What `init --json` prints for this folder.
pub(crate) fn init(data: &Path, more: &[&str]) -> Value {
    let mut arguments = vec!["init", "--data", text(data), "--json"];
    arguments.extend(more);
    serde_json::from_str(&stdout_of(&arguments)).expect("one JSON object")
}

/// A path as an argument.
pub(crate) fn text(path: &Path) -> &str {
    path.to_str().expect("temporary folders have plain names")
}

/// A server that runs until it is stopped or dropped.
pub(crate) struct Server {
    child: Child,
    pub(crate) address: SocketAddr,
    log: mpsc::Receiver<String>,
}

impl Server {
    /// Starts a server with the simulator on a free port.
    pub(crate) fn start(data: &Path) -> Self {
        Self::start_with(data, &[])
    }

    /// The same with more arguments.
    pub(crate) fn start_with(data: &Path, more: &[&str]) -> Self {
        let mut arguments = vec!["serve", "--data", text(data), "--listen", "127.0.0.1:0", "--simulator"];
        arguments.extend(more);
        Self::start_from(&arguments)
    }

    /// Starts a server with these arguments and no others.
    pub(crate) fn start_from(arguments: &[&str]) -> Self {
        Self::start_command(switchward(arguments))
    }

    /// Starts a server by this whole command.
    pub(crate) fn start_command(mut command: Command) -> Self {
        let mut child =
            command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().expect("the binary runs");
        let stderr = child.stderr.take().expect("it was asked for");
        let (sender, log) = mpsc::channel();
        thread::spawn(move || {
            for line in BufReader::new(stderr).lines().map_while(Result::ok) {
                if sender.send(line).is_err() {
                    break;
                }
            }
        });
        let mut server = Self { child, address: SocketAddr::from(([127, 0, 0, 1], 0)), log };
        let line = server.log_line("listening");
        let address = line["fields"]["address"].as_str().expect("an address");
        server.address = address.parse().expect("an address");
        server
    }

    /// Its process.
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// The next log line with this message.
    pub(crate) fn log_line(&self, message: &str) -> Value {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            let line = self.log.recv_timeout(left).unwrap_or_else(|_| panic!("no log line {message:?}"));
            let line: Value = serde_json::from_str(&line).expect("every log line is JSON");
            if line["fields"]["message"] == message {
                return line;
            }
        }
    }

    /// Where its operations address is, which it says once, after it says where it listens.
    pub(crate) fn operations(&self) -> SocketAddr {
        let line = self.log_line("metrics and readiness");
        line["fields"]["address"].as_str().expect("an address").parse().expect("an address")
    }

    /// Every log line up to the end of the program, as text.
    pub(crate) fn rest_of_log(&self) -> String {
        let mut all = String::new();
        while let Ok(line) = self.log.recv_timeout(PATIENCE) {
            all.push_str(&line);
            all.push('\n');
        }
        all
    }

    /// Asks it to stop, as a service manager does, and waits.
    pub(crate) fn terminate(&mut self) -> (ExitStatus, Duration) {
        let asked = Instant::now();
        let status = Command::new("kill").args(["-TERM", &self.child.id().to_string()]).status();
        assert!(status.expect("`kill` runs").success());
        let status = wait(&mut self.child);
        (status, asked.elapsed())
    }

    /// Sends raw bytes and reads what comes back until the server closes or the answer is complete.
    pub(crate) fn raw(&self, request: &[u8]) -> String {
        let mut stream = TcpStream::connect(self.address).expect("the port is open");
        exchange(&mut stream, request)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended by itself, as it was told to.
        let _ended = self.child.kill();
        let _status = self.child.wait();
    }
}

/// Waits for a process, within reason.
pub(crate) fn wait(child: &mut Child) -> ExitStatus {
    let (sender, receiver) = mpsc::channel::<()>();
    let id = child.id().to_string();
    let watchdog = thread::spawn(move || {
        if receiver.recv_timeout(PATIENCE).is_err_and(|error| error == mpsc::RecvTimeoutError::Timeout) {
            let _killed = Command::new("kill").args(["-KILL", &id]).status();
        }
    });
    let status = child.wait().expect("a child can be waited for");
    drop(sender);
    watchdog.join().expect("the watchdog ends");
    status
}

/// Sends a request and reads everything until the other side closes, or a whole answer with a length is there.
pub(crate) fn exchange(stream: &mut (impl Read + Write), request: &[u8]) -> String {
    // The server may answer and close before it has read everything.
    let _refused_early = stream.write_all(request);
    let mut answer = Vec::new();
    let mut buffer = [0; 4096];
    while !is_complete(&answer) {
        match stream.read(&mut buffer) {
            Ok(0) | Err(_) => break,
            Ok(count) => answer.extend_from_slice(&buffer[..count]),
        }
    }
    String::from_utf8_lossy(&answer).into_owned()
}

fn is_complete(answer: &[u8]) -> bool {
    let text = String::from_utf8_lossy(answer);
    let Some((head, body)) = text.split_once("\r\n\r\n") else { return false };
    let head = head.to_ascii_lowercase();
    match head.split("content-length: ").nth(1) {
        Some(rest) => {
            let length: usize = rest.split("\r\n").next().unwrap_or_default().parse().expect("a length");
            body.len() >= length
        }
        None => head.starts_with("http/1.1 200") && !head.contains("transfer-encoding"),
    }
}

/// The status and the JSON body of a raw answer.
pub(crate) fn parsed(answer: &str) -> (u16, Value) {
    let (head, body) = answer.split_once("\r\n\r\n").unwrap_or_else(|| panic!("no answer: {answer:?}"));
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).expect("a status");
    (status, serde_json::from_str(body).unwrap_or(Value::Null))
}
