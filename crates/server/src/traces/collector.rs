//! One connection to the collector, made when it is needed and kept while it holds.

use std::fs;
use std::sync::Arc;

use bytes::Bytes;
use http::{Request, header};
use http_body_util::{BodyExt, Full, Limited};
use hyper::client::conn::http1::{self, SendRequest};
use hyper_util::rt::TokioIo;
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, RootCertStore};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use url::Url;
use webhooks::read_authorities;

use super::limits;
use crate::config;
use crate::problem::{Problem, Result};

/// Why a batch was not taken.
#[derive(Clone, Copy, Debug)]
pub(super) enum Refusal {
    /// It may be taken later.
    Later(&'static str),
    /// It never will be.
    Never(u16),
}

/// Where traces go.
pub(crate) struct Collector {
    url: Url,
    /// The name that its certificate is for, where TLS is spoken.
    tls: Option<(TlsConnector, ServerName<'static>)>,
    connection: Option<SendRequest<Full<Bytes>>>,
    /// The share of traces that are recorded.
    pub(super) sample: f64,
}

impl Collector {
    /// The collector that the configuration names.
    ///
    /// # Errors
    /// When the authority of its certificate cannot be used.
    pub(crate) fn load(settings: &config::Traces) -> Result<Option<Self>> {
        let Some(url) = settings.endpoint.clone() else { return Ok(None) };
        let tls = match url.scheme() {
            "https" => Some((connector(settings)?, server_name(&url)?)),
            _ => None,
        };
        Ok(Some(Self { url, tls, connection: None, sample: settings.sample }))
    }

    /// Sends a body and reads the answer.
    pub(super) async fn send(&mut self, body: Bytes) -> Result<Bytes, Refusal> {
        let mut connection = match self.connection.take().filter(|connection| !connection.is_closed()) {
            Some(connection) => connection,
            None => timeout(limits::CONNECT, self.connect())
                .await
                .map_err(|_| Refusal::Later("it cannot be reached in time"))??,
        };
        let request = Request::post(self.url.path())
            .header(header::HOST, self.authority())
            .header(header::CONTENT_TYPE, "application/json")
            .body(Full::new(body))
            .map_err(|_| Refusal::Later("its address cannot be asked"))?;
        let exchange = async {
            let broken = |_| Refusal::Later("the connection broke");
            connection.ready().await.map_err(broken)?;
            let answer = connection.send_request(request).await.map_err(broken)?;
            let status = answer.status().as_u16();
            let body = Limited::new(answer.into_body(), limits::ANSWER_BYTES).collect().await;
            let body = body.map_err(|_| Refusal::Later("its answer broke off or is too long"))?.to_bytes();
            Ok((status, body))
        };
        let (status, body) = timeout(limits::ANSWER, exchange)
            .await
            .map_err(|_| Refusal::Later("it does not answer in time"))??;
        self.connection = Some(connection);
        match status {
            200..=299 => Ok(body),
            // The only ones to try again (OTLP specification, "Retryable Response Codes").
            429 | 502 | 503 | 504 => Err(Refusal::Later("it asks us to come later")),
            _ => Err(Refusal::Never(status)),
        }
    }

    async fn connect(&self) -> Result<SendRequest<Full<Bytes>>, Refusal> {
        let unreachable = |_| Refusal::Later("it cannot be reached");
        let host = self.url.host_str().unwrap_or_default().trim_matches(['[', ']']);
        let port = self.url.port_or_known_default().unwrap_or_default();
        let tcp = TcpStream::connect((host, port)).await.map_err(unreachable)?;
        let stream: Box<dyn Stream> = match &self.tls {
            None => Box::new(tcp),
            Some((connector, name)) => {
                let tls = connector.connect(name.clone(), tcp).await;
                Box::new(tls.map_err(|_| Refusal::Later("TLS fails: is its authority known?"))?)
            }
        };
        let (sender, connection) = http1::handshake(TokioIo::new(stream))
            .await
            .map_err(|_| Refusal::Later("the connection broke"))?;
        // It ends with the sender.
        tokio::spawn(connection);
        Ok(sender)
    }

    fn authority(&self) -> String {
        let host = self.url.host_str().unwrap_or_default();
        self.url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
    }
}

trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}

fn server_name(url: &Url) -> Result<ServerName<'static>> {
    let host = url.host_str().unwrap_or_default().trim_matches(['[', ']']).to_owned();
    ServerName::try_from(host).map_err(|_| Problem::new("the collector of traces has no name to check"))
}

fn connector(settings: &config::Traces) -> Result<TlsConnector> {
    let mut roots = RootCertStore::empty();
    match &settings.ca {
        None => roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned()),
        Some(file) => {
            let pem = fs::read_to_string(file).map_err(|error| Problem::file("cannot read", file, &error))?;
            let unusable = |error: String| Problem::new(format!("{}: {error}", file.display()));
            for authority in read_authorities(&pem).map_err(|error| unusable(error.to_string()))? {
                roots.add(authority).map_err(|error| unusable(error.to_string()))?;
            }
        }
    }
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| Problem::new(format!("TLS cannot be set up: {error}")))?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(TlsConnector::from(Arc::new(config)))
}
