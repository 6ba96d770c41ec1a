//! A small HTTP client that does what an SDK behind `switchward env` does: `CONNECT` to the server
//! as its proxy, then TLS that trusts the data folder's CA and nothing else.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use data_encoding::BASE64;
use http::{Method, Request, header};
use http_body_util::{BodyExt, Full, Limited};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use url::form_urlencoded;

use crate::problem::{Problem, Result};

/// How long one exchange may take.
const EXCHANGE: Duration = Duration::from_secs(10);
/// Largest answer that is read, in bytes.
const MAX_ANSWER: usize = 1024 * 1024;
/// Largest head of a proxy's answer, in bytes.
const MAX_PROXY_HEAD: usize = 4096;
/// Where our own API and the simulator are asked for, directly.
const OURS: &str = "localhost";

/// What is sent.
pub(super) enum Payload<'a> {
    Nothing,
    Form(&'a [(&'a str, &'a str)]),
    Json(Value),
}

/// What came back.
pub(super) struct Reply {
    pub(super) status: u16,
    pub(super) body: Value,
}

impl Reply {
    /// A member of the answer, as text; empty when it is absent or null.
    pub(super) fn text(&self, member: &str) -> &str {
        self.body[member].as_str().unwrap_or_default()
    }

    /// This reply, when its status is `status`.
    ///
    /// # Errors
    /// When it is another; the message of an error answer is repeated, it holds no content.
    pub(super) fn expect(self, status: u16, what: &str) -> Result<Self> {
        if self.status == status {
            return Ok(self);
        }
        let (code, message) = (&self.body["code"], self.text("message"));
        Err(Problem::new(format!("{what}: expected {status}, got {} ({code} {message})", self.status)))
    }
}

/// One caller.
#[derive(Clone)]
pub(super) struct Client {
    server: SocketAddr,
    tls: TlsConnector,
    authorization: String,
}

impl Client {
    /// A client of the server at `server` that trusts the CA in `ca_pem`.
    pub(super) fn new(server: SocketAddr, ca_pem: &str, user: &str, password: &str) -> Result<Self> {
        let unusable = |_| Problem::new("the private CA's certificate cannot be used");
        let mut roots = RootCertStore::empty();
        let ca = CertificateDer::from_pem_slice(ca_pem.as_bytes())
            .map_err(|_| Problem::new("the private CA's certificate cannot be read"))?;
        roots.add(ca).map_err(unusable)?;
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(unusable)?
            .with_root_certificates(roots)
            .with_no_client_auth();
        Ok(Self { server, tls: Arc::new(config).into(), authorization: basic(user, password) })
    }

    /// The same client with other credentials.
    pub(super) fn with_credentials(&self, user: &str, password: &str) -> Self {
        Self { authorization: basic(user, password), ..self.clone() }
    }

    /// A request to the 2010 API as an SDK sends it: to `api.twilio.com`, through the tunnel.
    pub(super) async fn api(&self, method: Method, path: &str, payload: Payload<'_>) -> Result<Reply> {
        self.bounded("api.twilio.com", method, path, payload).await
    }

    /// A request to our own API.
    pub(super) async fn ours(&self, method: Method, path: &str, payload: Payload<'_>) -> Result<Reply> {
        self.bounded(OURS, method, path, payload).await
    }

    async fn bounded(&self, host: &str, method: Method, path: &str, payload: Payload<'_>) -> Result<Reply> {
        timeout(EXCHANGE, self.exchange(host, method, path, payload))
            .await
            .map_err(|_| Problem::new("the server did not answer in time"))?
    }

    async fn exchange(&self, host: &str, method: Method, path: &str, payload: Payload<'_>) -> Result<Reply> {
        let failed =
            |stage: &'static str| move |error: std::io::Error| Problem::new(format!("{stage}: {error}"));
        let mut stream = TcpStream::connect(self.server).await.map_err(failed("connecting"))?;
        if host != OURS {
            open_tunnel(&mut stream, host).await.map_err(failed("opening the tunnel"))?;
        }
        let name = ServerName::try_from(host.to_owned()).map_err(|_| Problem::new("not a host name"))?;
        let stream = self.tls.connect(name, stream).await.map_err(failed("TLS"))?;
        let http = |error: hyper::Error| Problem::new(format!("HTTP: {error}"));
        let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.map_err(http)?;
        let driver = tokio::spawn(connection);
        let response = sender.send_request(self.request(host, method, path, payload)?).await.map_err(http)?;
        let status = response.status().as_u16();
        let body = Limited::new(response.into_body(), MAX_ANSWER)
            .collect()
            .await
            .map_err(|error| Problem::new(format!("HTTP: {error}")))?
            .to_bytes();
        driver.abort();
        Ok(Reply { status, body: serde_json::from_slice(&body).unwrap_or(Value::Null) })
    }

    fn request(
        &self,
        host: &str,
        method: Method,
        path: &str,
        payload: Payload<'_>,
    ) -> Result<Request<Full<Bytes>>> {
        let (content_type, body) = match payload {
            Payload::Nothing => (None, String::new()),
            Payload::Form(pairs) => {
                let encoded = form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish();
                (Some("application/x-www-form-urlencoded"), encoded)
            }
            Payload::Json(value) => (Some("application/json"), value.to_string()),
        };
        let mut request = Request::builder()
            .method(method)
            .uri(path)
            .header(header::HOST, host)
            .header(header::AUTHORIZATION, &self.authorization)
            .header(header::CONTENT_LENGTH, body.len());
        if let Some(content_type) = content_type {
            request = request.header(header::CONTENT_TYPE, content_type);
        }
        request.body(Full::new(body.into())).map_err(|_| Problem::new("the request cannot be built"))
    }
}

fn basic(user: &str, password: &str) -> String {
    format!("Basic {}", BASE64.encode(format!("{user}:{password}").as_bytes()))
}

/// Asks the server, as a proxy, for a tunnel to `host` (RFC 9110 §9.3.6).
async fn open_tunnel(stream: &mut TcpStream, host: &str) -> std::io::Result<()> {
    stream.write_all(format!("CONNECT {host}:443 HTTP/1.1\r\nHost: {host}:443\r\n\r\n").as_bytes()).await?;
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        if head.len() >= MAX_PROXY_HEAD {
            return Err(std::io::Error::other("the proxy's answer is too long"));
        }
        head.push(stream.read_u8().await?);
    }
    match head.starts_with(b"HTTP/1.1 200") {
        true => Ok(()),
        false => Err(std::io::Error::other("the proxy refused")),
    }
}
