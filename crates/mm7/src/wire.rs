//! One request to an MMSC: a connection, a request, an answer, each with an end, and an error that says whether the
//! request may have been read.
//!
//! There is no pool, for the reason that `upstream` has none: on a connection that was kept open a request can be lost
//! with the connection, and nobody knows whether it was read.

use std::net::{IpAddr, SocketAddr};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use data_encoding::BASE64;
use http::header::{AUTHORIZATION, CONTENT_TYPE, HOST, RETRY_AFTER, USER_AGENT};
use http::{HeaderValue, Request, StatusCode};
use http_body_util::{BodyExt, Full, Limited};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use zeroize::Zeroizing;

use crate::config::RelayConfig;
use crate::limits::{ADDRESSES, ANSWER_BYTES, CONNECT, LONGEST_RETRY_AFTER, READ};

/// How a request failed without an answer. The text is for logs and holds nothing of the request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum WireError {
    /// The MMSC cannot have read it.
    NotSent(&'static str),
    /// It may have.
    Unknown(&'static str),
}

/// An answer, whatever its status. No `Debug`.
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    /// `Retry-After` in seconds, if it is given that way; never longer than is believed.
    pub(crate) retry_after: Option<Duration>,
    pub(crate) body: Vec<u8>,
}

/// How one MMSC is reached.
pub(crate) struct Wire {
    host: String,
    port: u16,
    path: String,
    authority: HeaderValue,
    /// None where it is on this machine and speaks no TLS.
    tls: Option<(TlsConnector, ServerName<'static>)>,
    authorization: Option<HeaderValue>,
}

impl Wire {
    /// Prepares what an MMSC needs; the text says what is wrong.
    pub(crate) fn new(config: &RelayConfig) -> Result<Self, String> {
        let url = config.address().ok_or("`url` is no place that messages may go to")?;
        let host = url.host_str().unwrap_or_default();
        let authority = match url.port() {
            Some(port) => format!("{host}:{port}"),
            None => host.to_owned(),
        };
        let no_name = "`url` names no host";
        let authority = HeaderValue::try_from(authority).map_err(|_| no_name)?;
        // URLs write IPv6 in brackets, resolvers and certificates do not.
        let host = host.trim_matches(['[', ']']).to_owned();
        let tls = match url.scheme() {
            "https" => {
                let name = ServerName::try_from(host.clone()).map_err(|_| no_name)?;
                Some((connector(config.ca_file.as_deref())?, name))
            }
            _ => None,
        };
        let port = url.port_or_known_default().ok_or(no_name)?;
        let authorization = authorization(config)?;
        Ok(Self { host, port, path: url.path().to_owned(), authority, tls, authorization })
    }

    /// Posts a body.
    pub(crate) async fn post(&self, content_type: &str, body: Vec<u8>) -> Result<Answer, WireError> {
        let request = self.request(content_type, body)?;
        let late = WireError::NotSent("it cannot be reached in time");
        let stream = timeout(CONNECT, self.connect()).await.map_err(|_| late)??;
        let (mut sender, connection) = http1::handshake(TokioIo::new(stream))
            .await
            .map_err(|_| WireError::NotSent("the connection broke before the request"))?;
        let connection = tokio::spawn(connection);
        let answering = async {
            let broken = |_| WireError::Unknown("the connection broke after the request");
            let response = sender.send_request(request).await.map_err(broken)?;
            let (parts, body) = response.into_parts();
            let seconds = parts.headers.get(RETRY_AFTER).and_then(|value| value.to_str().ok()?.parse().ok());
            let body = Limited::new(body, ANSWER_BYTES).collect().await;
            // What the status says stands, with or without the rest.
            let body = body.map(|body| body.to_bytes().to_vec()).unwrap_or_default();
            Ok(Answer {
                status: parts.status,
                retry_after: seconds.map(|seconds| Duration::from_secs(seconds).min(LONGEST_RETRY_AFTER)),
                body,
            })
        };
        let answer = timeout(READ, answering).await;
        connection.abort();
        answer.unwrap_or(Err(WireError::Unknown("it does not answer in time")))
    }

    fn request(&self, content_type: &str, body: Vec<u8>) -> Result<Request<Full<Bytes>>, WireError> {
        let mut request = Request::post(&self.path)
            .header(HOST, &self.authority)
            .header(CONTENT_TYPE, content_type)
            // SOAP 1.1 §6.1.1: there must be one; MM7 gives it no meaning.
            .header("SOAPAction", "\"\"")
            .header(USER_AGENT, "switchward");
        if let Some(authorization) = &self.authorization {
            request = request.header(AUTHORIZATION, authorization);
        }
        request.body(Full::new(Bytes::from(body))).map_err(|_| WireError::NotSent("the path is no path"))
    }

    async fn connect(&self) -> Result<Box<dyn Stream>, WireError> {
        let addresses: Vec<SocketAddr> = match self.host.parse::<IpAddr>() {
            Ok(address) => vec![SocketAddr::new(address, self.port)],
            Err(_) => tokio::net::lookup_host((self.host.as_str(), self.port))
                .await
                .map_err(|_| WireError::NotSent("its name cannot be resolved"))?
                .take(ADDRESSES)
                .collect(),
        };
        let unreachable = |_| WireError::NotSent("it cannot be reached");
        let stream = TcpStream::connect(addresses.as_slice()).await.map_err(unreachable)?;
        stream.set_nodelay(true).map_err(unreachable)?;
        let Some((tls, name)) = &self.tls else { return Ok(Box::new(stream)) };
        let failed = |_| WireError::NotSent("TLS fails: is its authority known?");
        Ok(Box::new(tls.connect(name.clone(), stream).await.map_err(failed)?))
    }
}

/// A connection, with TLS or on this machine.
trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}

fn authorization(config: &RelayConfig) -> Result<Option<HeaderValue>, String> {
    let (Some(username), Some(password)) = (&config.username, &config.password) else { return Ok(None) };
    let pair = Zeroizing::new(format!("{username}:{}", password.reveal()));
    let basic = Zeroizing::new(format!("Basic {}", BASE64.encode(pair.as_bytes())));
    let mut value = HeaderValue::from_str(&basic).map_err(|_| "the user cannot stand in a header")?;
    value.set_sensitive(true);
    Ok(Some(value))
}

fn connector(ca_file: Option<&Path>) -> Result<TlsConnector, String> {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let tls = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| error.to_string())?
        .with_root_certificates(roots(ca_file)?)
        .with_no_client_auth();
    Ok(TlsConnector::from(Arc::new(tls)))
}

fn roots(file: Option<&Path>) -> Result<RootCertStore, String> {
    let mut roots = RootCertStore::empty();
    let Some(file) = file else {
        roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
        return Ok(roots);
    };
    let unusable = |what: &str| format!("{} {what}", file.display());
    let read = CertificateDer::pem_file_iter(file).map_err(|_| unusable("cannot be read"))?;
    for certificate in read {
        let certificate = certificate.map_err(|_| unusable("holds no usable certificate"))?;
        roots.add(certificate).map_err(|_| unusable("holds a certificate that is no authority"))?;
    }
    if roots.is_empty() { Err(unusable("holds no certificate")) } else { Ok(roots) }
}
