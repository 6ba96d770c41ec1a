//! A small HTTP/1.1 client on a kept connection: enough to load the server and to ask it things.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

/// How long the server may take to answer; a restarted PostgreSQL makes requests wait.
const PATIENCE: Duration = Duration::from_secs(40);
const CONNECT: Duration = Duration::from_secs(2);
/// No answer of the server is longer.
const MAX_BODY: usize = 64 * 1024 * 1024;
const MAX_LINE: u64 = 64 * 1024;

/// An answer.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) body: String,
}

/// A connection to the server.
pub(crate) struct Connection {
    stream: BufReader<TcpStream>,
}

impl Connection {
    pub(crate) fn open(address: SocketAddr) -> io::Result<Self> {
        Self::open_with(address, PATIENCE)
    }

    /// A connection that waits so long for answers.
    pub(crate) fn open_with(address: SocketAddr, patience: Duration) -> io::Result<Self> {
        let stream = TcpStream::connect_timeout(&address, CONNECT)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(patience))?;
        stream.set_write_timeout(Some(patience))?;
        Ok(Self { stream: BufReader::new(stream) })
    }

    /// Asks for a path; `authorization` is the whole header value, empty when there is none.
    pub(crate) fn get(&mut self, path: &str, authorization: &str) -> io::Result<Answer> {
        self.exchange(&format!("GET {path} HTTP/1.1\r\nHost: localhost\r\n{}\r\n", header(authorization)))
    }

    /// Posts a form that is encoded already.
    pub(crate) fn post(&mut self, path: &str, authorization: &str, form: &str) -> io::Result<Answer> {
        self.send(path, authorization, "application/x-www-form-urlencoded", form)
    }

    /// Posts JSON.
    pub(crate) fn post_json(&mut self, path: &str, authorization: &str, json: &str) -> io::Result<Answer> {
        self.send(path, authorization, "application/json", json)
    }

    fn send(&mut self, path: &str, authorization: &str, kind: &str, body: &str) -> io::Result<Answer> {
        self.exchange(&format!(
            "POST {path} HTTP/1.1\r\nHost: localhost\r\n{}Content-Type: {kind}\r\nContent-Length: {}\r\n\r\n{body}",
            header(authorization),
            body.len()
        ))
    }

    fn exchange(&mut self, request: &str) -> io::Result<Answer> {
        self.stream.get_mut().write_all(request.as_bytes())?;
        let status = line(&mut self.stream)?;
        let status = status.split(' ').nth(1).and_then(|word| word.parse().ok()).ok_or_else(malformed)?;
        let length = body_length(&mut self.stream)?;
        Ok(Answer { status, body: body(&mut self.stream, length)? })
    }
}

fn header(authorization: &str) -> String {
    if authorization.is_empty() { String::new() } else { format!("Authorization: {authorization}\r\n") }
}

/// Reads the headers to their end; what `Content-Length` says, 0 without one.
pub(crate) fn body_length(stream: &mut impl BufRead) -> io::Result<usize> {
    headers(stream)?.iter().find(|(name, _)| name == "content-length").map_or(Ok(0), |(_, value)| {
        value.parse().ok().filter(|length| *length <= MAX_BODY).ok_or_else(malformed)
    })
}

/// Reads the headers to their end, names in lower case.
pub(crate) fn headers(stream: &mut impl BufRead) -> io::Result<Vec<(String, String)>> {
    let mut found = Vec::new();
    loop {
        let line = line(stream)?;
        if line.is_empty() {
            return Ok(found);
        }
        let (name, value) = line.split_once(':').ok_or_else(malformed)?;
        found.push((name.to_ascii_lowercase(), value.trim().to_owned()));
    }
}

/// Reads a line without its end.
pub(crate) fn line(stream: &mut impl BufRead) -> io::Result<String> {
    let mut text = String::new();
    if stream.take(MAX_LINE).read_line(&mut text)? == 0 {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    Ok(text.trim_end().to_owned())
}

/// Reads a body of this length.
pub(crate) fn body(stream: &mut impl Read, length: usize) -> io::Result<String> {
    let mut bytes = vec![0; length];
    stream.read_exact(&mut bytes)?;
    String::from_utf8(bytes).map_err(|_| malformed())
}

fn malformed() -> io::Error {
    io::ErrorKind::InvalidData.into()
}
