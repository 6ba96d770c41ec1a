//! Stands between a client and the server, passes everything on, and writes down what was asked and answered.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

use crate::program::PATIENCE;

/// One request and its answer.
#[derive(Clone)]
pub(crate) struct Exchange {
    /// The request line and the headers, as they came.
    pub(crate) head: String,
    pub(crate) body: Vec<u8>,
    pub(crate) answer: Vec<u8>,
}

impl Exchange {
    pub(crate) fn method(&self) -> &str {
        self.head.split(' ').next().expect("a method")
    }

    /// Path and query.
    pub(crate) fn target(&self) -> &str {
        self.head.split(' ').nth(1).expect("a target")
    }

    pub(crate) fn has_credentials(&self) -> bool {
        self.head.to_ascii_lowercase().contains("\nauthorization:")
    }
}

/// A listener that lives as long as the test process.
pub(crate) struct Recorder {
    pub(crate) address: SocketAddr,
    seen: Arc<Mutex<Vec<Exchange>>>,
}

impl Recorder {
    /// In front of `server`.
    pub(crate) fn start(server: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("an address");
        let seen = Arc::new(Mutex::new(Vec::new()));
        let kept = Arc::clone(&seen);
        thread::spawn(move || {
            for client in listener.incoming() {
                let (client, kept) = (client.expect("a connection"), Arc::clone(&kept));
                thread::spawn(move || pass_on(client, server, &kept));
            }
        });
        Self { address, seen }
    }

    /// Everything so far, in the order of the answers.
    pub(crate) fn seen(&self) -> Vec<Exchange> {
        self.seen.lock().expect("no thread has panicked").clone()
    }
}

/// One request of a connection; the server is asked to close, so its answer ends where the connection does.
fn pass_on(mut client: TcpStream, server: SocketAddr, kept: &Mutex<Vec<Exchange>>) {
    client.set_read_timeout(Some(PATIENCE)).expect("a timeout");
    let mut reader = BufReader::new(client.try_clone().expect("a second handle"));
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        match reader.read_line(&mut head) {
            // A client that connects and goes away again has asked nothing.
            Ok(0) | Err(_) => return,
            Ok(_) => {}
        }
    }
    let length = head.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse().expect("a length"))
    });
    let mut body = vec![0; length.unwrap_or(0)];
    reader.read_exact(&mut body).expect("the body is as long as it says");
    let (line, rest) = head.split_once("\r\n").expect("a request line");
    let mut upstream = TcpStream::connect(server).expect("the server listens");
    let asked = [format!("{line}\r\nConnection: close\r\n{rest}").as_bytes(), &body].concat();
    upstream.write_all(&asked).expect("the server reads");
    let mut answer = Vec::new();
    upstream.read_to_end(&mut answer).expect("the server answers");
    kept.lock().expect("no thread has panicked").push(Exchange { head, body, answer: answer.clone() });
    // The client may have given up; then there is nobody to tell.
    let _unheard = client.write_all(&answer);
}
