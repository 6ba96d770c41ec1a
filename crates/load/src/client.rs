//! One keep-alive connection to the measured server.

use std::io::{Error, ErrorKind, Result, Write};
use std::net::SocketAddr;

use data_encoding::BASE64;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

use crate::http::{Reader, answer};
use crate::limits::ANSWER;

/// How parameters are sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Method {
    /// As a form in the body.
    Post,
    /// As JSON in the body.
    PostJson,
    /// As the query.
    Get,
}

/// What is asked, and as whom.
#[derive(Clone)]
pub(crate) struct Target {
    /// Where the server listens.
    pub(crate) address: SocketAddr,
    /// The method.
    pub(crate) method: Method,
    /// The path, without a query; its placeholders are filled like those of the parameters.
    pub(crate) path: String,
    /// The value of the header `Authorization`, if any; see [`Target::basic`].
    pub(crate) authorization: Option<String>,
}

impl Target {
    /// The header of HTTP Basic (RFC 7617).
    pub(crate) fn basic(user: &str, password: &str) -> String {
        format!("Basic {}", BASE64.encode(format!("{user}:{password}").as_bytes()))
    }

    /// What follows the path and the query.
    fn headers(&self) -> String {
        let mut text = format!(" HTTP/1.1\r\nHost: {}\r\n", self.address);
        if let Some(authorization) = &self.authorization {
            text.push_str(&format!("Authorization: {authorization}\r\n"));
        }
        match self.method {
            Method::Post => text.push_str("Content-Type: application/x-www-form-urlencoded\r\n"),
            Method::PostJson => text.push_str("Content-Type: application/json\r\n"),
            Method::Get => {}
        }
        text
    }
}

/// A connection.
pub(crate) struct Client {
    address: SocketAddr,
    method: Method,
    headers: String,
    open: Option<(TcpStream, Reader)>,
    request: Vec<u8>,
}

impl Client {
    pub(crate) fn new(target: &Target) -> Self {
        Self {
            address: target.address,
            method: target.method,
            headers: target.headers(),
            open: None,
            request: Vec::new(),
        }
    }

    /// Connects, when there is no connection.
    async fn connect(&mut self) -> Result<()> {
        if self.open.is_none() {
            let stream = tokio::time::timeout(ANSWER, TcpStream::connect(self.address))
                .await
                .map_err(|_| Error::from(ErrorKind::TimedOut))??;
            stream.set_nodelay(true)?;
            self.open = Some((stream, Reader::new()));
        }
        Ok(())
    }

    /// Sends parameters to a path and returns the status of the answer.
    pub(crate) async fn send(&mut self, path: &str, form: &str) -> Result<u16> {
        self.connect().await?;
        self.compose(path, form)?;
        let exchange = tokio::time::timeout(ANSWER, self.exchange()).await;
        let result = exchange.unwrap_or_else(|_| Err(ErrorKind::TimedOut.into()));
        if !matches!(result, Ok((_, false))) {
            self.open = None;
        }
        result.map(|(status, _)| status)
    }

    fn compose(&mut self, path: &str, form: &str) -> Result<()> {
        let request = &mut self.request;
        request.clear();
        match self.method {
            Method::Get => write!(request, "GET {path}?{form}{}\r\n", self.headers),
            Method::Post | Method::PostJson => {
                let length = form.len();
                write!(request, "POST {path}{}Content-Length: {length}\r\n\r\n{form}", self.headers)
            }
        }
    }

    async fn exchange(&mut self) -> Result<(u16, bool)> {
        let (stream, reader) = self.open.as_mut().ok_or(ErrorKind::NotConnected)?;
        stream.write_all(&self.request).await?;
        let head = reader.next(stream, answer).await?.ok_or(ErrorKind::UnexpectedEof)?;
        Ok((head.status, head.closes))
    }
}
