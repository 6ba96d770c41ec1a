//! A stand-in for an OpenTelemetry collector: takes what is posted and keeps it as it came. That the official
//! definitions read it is shown by `conformance/traces.py`.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::program::PATIENCE;

/// The stand-in; it listens as long as the test runs.
pub(crate) struct Collector {
    pub(crate) address: SocketAddr,
    taken: Arc<Mutex<Vec<Vec<u8>>>>,
}

/// A span as it was received.
#[derive(Debug)]
pub(crate) struct Received {
    pub(crate) trace: String,
    pub(crate) id: String,
    pub(crate) parent: String,
    pub(crate) name: String,
    pub(crate) whole: Value,
}

impl Received {
    /// An attribute, as text.
    pub(crate) fn attribute(&self, key: &str) -> Option<&str> {
        let attributes = self.whole["attributes"].as_array()?;
        let value = &attributes.iter().find(|attribute| attribute["key"] == key)?["value"];
        value["stringValue"].as_str().or_else(|| value["intValue"].as_str())
    }
}

impl Collector {
    /// Listens; answers everything with this status.
    pub(crate) fn start(status: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("an address");
        let taken = Arc::<Mutex<Vec<Vec<u8>>>>::default();
        let kept = Arc::clone(&taken);
        thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let kept = Arc::clone(&kept);
                thread::spawn(move || serve(stream, status, &kept));
            }
        });
        Self { address, taken }
    }

    /// What was received so far, heads included.
    pub(crate) fn bytes(&self) -> Vec<u8> {
        self.taken().concat()
    }

    /// Waits until the spans received satisfy `enough`.
    pub(crate) fn wait_for(&self, enough: impl Fn(&[Received]) -> bool) -> Vec<Received> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let spans = self.spans();
            if enough(&spans) {
                return spans;
            }
            assert!(Instant::now() < deadline, "{spans:#?}");
            thread::sleep(Duration::from_millis(50));
        }
    }

    /// Every span received so far.
    pub(crate) fn spans(&self) -> Vec<Received> {
        self.taken().iter().flat_map(|request| spans_of(request)).collect()
    }

    fn taken(&self) -> MutexGuard<'_, Vec<Vec<u8>>> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn spans_of(request: &[u8]) -> Vec<Received> {
    let text = std::str::from_utf8(request).expect("JSON is text");
    let (_, body) = text.split_once("\r\n\r\n").expect("a head and a body");
    let body: Value = serde_json::from_str(body).expect("JSON");
    let spans = body["resourceSpans"][0]["scopeSpans"][0]["spans"].as_array().expect("spans").clone();
    let word = |span: &Value, name: &str| span[name].as_str().unwrap_or_default().to_owned();
    let received = |span: Value| Received {
        trace: word(&span, "traceId"),
        id: word(&span, "spanId"),
        parent: word(&span, "parentSpanId"),
        name: word(&span, "name"),
        whole: span,
    };
    spans.into_iter().map(received).collect()
}

/// Requests of one connection, each with a length, as HTTP/1.1 has them.
fn serve(mut stream: TcpStream, status: u16, kept: &Mutex<Vec<Vec<u8>>>) {
    let (mut pending, mut buffer) = (Vec::new(), [0; 16 * 1024]);
    loop {
        while let Some(length) = whole(&pending) {
            let rest = pending.split_off(length);
            let request = std::mem::replace(&mut pending, rest);
            kept.lock().unwrap_or_else(PoisonError::into_inner).push(request);
            let answer = format!("HTTP/1.1 {status} x\r\nContent-Length: 2\r\n\r\n{{}}");
            if stream.write_all(answer.as_bytes()).is_err() {
                return;
            }
        }
        match stream.read(&mut buffer) {
            Ok(0) | Err(_) => return,
            Ok(count) => pending.extend_from_slice(&buffer[..count]),
        }
    }
}

/// The length of the first request, once all of it is there.
fn whole(pending: &[u8]) -> Option<usize> {
    let head = pending.windows(4).position(|window| window == b"\r\n\r\n")? + 4;
    let text = String::from_utf8_lossy(&pending[..head]).to_ascii_lowercase();
    let length: usize = text.split("content-length: ").nth(1)?.split("\r\n").next()?.parse().ok()?;
    (pending.len() >= head + length).then_some(head + length)
}
