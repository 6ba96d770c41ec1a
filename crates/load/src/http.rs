//! Reading HTTP/1.1 messages off a connection: a head, and a body of known length.

use std::io::{Error, ErrorKind, Result};

use tokio::io::AsyncReadExt;
use tokio::net::TcpStream;

use crate::limits::{HEADERS, MESSAGE_BYTES};

/// What a head says.
pub(crate) struct Head {
    /// The status of an answer; 0 for a request.
    pub(crate) status: u16,
    /// Where the body begins.
    pub(crate) length: usize,
    /// Bytes of the body.
    pub(crate) body: usize,
    /// Whether the other side closes the connection afterwards.
    pub(crate) closes: bool,
    /// Whether it carries a webhook's signature.
    pub(crate) signed: bool,
}

/// One side of a connection, with what was read ahead.
pub(crate) struct Reader {
    buffer: Vec<u8>,
    /// What of the buffer the previous message took up.
    taken: usize,
}

impl Reader {
    pub(crate) fn new() -> Self {
        Self { buffer: Vec::with_capacity(4096), taken: 0 }
    }

    /// The next message; `None` when the connection ended before one began.
    pub(crate) async fn next(
        &mut self,
        stream: &mut TcpStream,
        parse: fn(&[u8]) -> Result<Option<Head>>,
    ) -> Result<Option<Head>> {
        self.buffer.drain(..self.taken);
        self.taken = 0;
        let mut head = None;
        loop {
            if head.is_none() && !self.buffer.is_empty() {
                head = parse(&self.buffer)?;
            }
            if let Some(Head { length, body, .. }) = head
                && self.buffer.len() >= length + body
            {
                self.taken = length + body;
                return Ok(head);
            }
            if self.buffer.len() > MESSAGE_BYTES {
                return Err(Error::new(ErrorKind::InvalidData, "the message is too large"));
            }
            if stream.read_buf(&mut self.buffer).await? == 0 {
                let is_between = self.buffer.is_empty();
                return if is_between { Ok(None) } else { Err(ErrorKind::UnexpectedEof.into()) };
            }
        }
    }
}

/// The head of an answer.
pub(crate) fn answer(bytes: &[u8]) -> Result<Option<Head>> {
    let mut headers = [httparse::EMPTY_HEADER; HEADERS];
    let mut parsed = httparse::Response::new(&mut headers);
    match parsed.parse(bytes).map_err(malformed)? {
        httparse::Status::Partial => Ok(None),
        httparse::Status::Complete(length) => head(parsed.code.unwrap_or(0), length, parsed.headers),
    }
}

/// The head of a request.
pub(crate) fn request(bytes: &[u8]) -> Result<Option<Head>> {
    let mut headers = [httparse::EMPTY_HEADER; HEADERS];
    let mut parsed = httparse::Request::new(&mut headers);
    match parsed.parse(bytes).map_err(malformed)? {
        httparse::Status::Partial => Ok(None),
        httparse::Status::Complete(length) => head(0, length, parsed.headers),
    }
}

fn malformed(_: httparse::Error) -> Error {
    Error::new(ErrorKind::InvalidData, "this is not HTTP/1.1")
}

fn head(status: u16, length: usize, headers: &[httparse::Header<'_>]) -> Result<Option<Head>> {
    let mut head = Head { status, length, body: 0, closes: false, signed: false };
    for header in headers {
        if header.name.eq_ignore_ascii_case("content-length") {
            let text = std::str::from_utf8(header.value).unwrap_or_default();
            head.body =
                text.parse().ok().filter(|&bytes| bytes <= MESSAGE_BYTES).ok_or_else(|| {
                    Error::new(ErrorKind::InvalidData, "the length of the body is not usable")
                })?;
        } else if header.name.eq_ignore_ascii_case("connection") {
            head.closes = header.value.eq_ignore_ascii_case(b"close");
        } else if header.name.eq_ignore_ascii_case("x-twilio-signature") {
            head.signed = true;
        } else if header.name.eq_ignore_ascii_case("transfer-encoding") {
            return Err(Error::new(ErrorKind::InvalidData, "only bodies of known length are read"));
        }
    }
    Ok(Some(head))
}
