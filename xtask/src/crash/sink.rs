//! The webhook sink: a customer's server that survives the kill and keeps what it was told.

use std::io::{self, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use super::http;

/// One status callback as it came in.
pub(crate) struct Callback {
    pub(crate) sid: String,
    pub(crate) status: String,
    /// The idempotency token: the same in every attempt.
    pub(crate) token: String,
    /// From when to when it was here without an answer.
    pub(crate) unanswered: (Instant, Instant),
}

/// A running sink. It ends with the program.
#[derive(Clone)]
pub(crate) struct Sink {
    pub(crate) port: u16,
    received: Arc<Mutex<Vec<Callback>>>,
    pause: Duration,
}

impl Sink {
    pub(crate) fn start() -> Result<Self, String> {
        Self::start_slow(Duration::ZERO)
    }

    /// One that takes so long for every answer.
    pub(crate) fn start_slow(pause: Duration) -> Result<Self, String> {
        let failed = |error: io::Error| format!("the webhook sink cannot listen: {error}");
        let listener = TcpListener::bind("127.0.0.1:0").map_err(failed)?;
        let port = listener.local_addr().map_err(failed)?.port();
        let sink = Self { port, received: Arc::default(), pause };
        let kept = sink.clone();
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let sink = kept.clone();
                // It ends with an error when the server is killed; what was read whole is kept.
                thread::spawn(move || sink.serve(stream));
            }
        });
        Ok(sink)
    }

    /// What came in so far.
    pub(crate) fn received(&self) -> MutexGuard<'_, Vec<Callback>> {
        self.received.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn serve(&self, stream: TcpStream) -> io::Result<()> {
        let mut stream = BufReader::new(stream);
        loop {
            http::line(&mut stream)?;
            let headers = http::headers(&mut stream)?;
            let header =
                |name: &str| headers.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str());
            let length = header("content-length").and_then(|value| value.parse().ok()).unwrap_or(0);
            let form = http::body(&mut stream, length)?;
            let field = |name: &str| {
                let pair = form.split('&').find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='));
                pair.unwrap_or_default().to_owned()
            };
            let token = header("i-twilio-idempotency-token").unwrap_or_default().to_owned();
            let now = Instant::now();
            let callback = Callback {
                sid: field("MessageSid"),
                status: field("MessageStatus"),
                token,
                unanswered: (now, now + self.pause),
            };
            self.received().push(callback);
            thread::sleep(self.pause);
            stream.get_mut().write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")?;
        }
    }
}
