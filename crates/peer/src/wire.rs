//! One request over HTTP: a connection, a request, an answer, each with an end, and an error that says whether the
//! request can have been read.
//!
//! There is no pool. On a connection that was kept open, a request can be lost with the connection and nobody knows
//! whether it was read; on a new one, whatever fails before the request is written has certainly not happened.

use std::net::{IpAddr, SocketAddr};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use data_encoding::BASE64;
use http::header::{AUTHORIZATION, HOST, RETRY_AFTER, USER_AGENT};
use http::{HeaderName, HeaderValue, Method, Request, StatusCode};
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
use url::Url;
use zeroize::Zeroizing;

use crate::Password;
use crate::limits::{ADDRESSES, CONNECT, LONGEST_RETRY_AFTER};

/// Why there is no answer, in words that are safe to log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WireError {
    /// The server cannot have read it.
    NotSent(&'static str),
    /// It may have been read or not.
    Unknown(&'static str),
}

/// An answer, whatever its status. No `Debug`: it may hold protected data.
pub struct Answer {
    /// Its status.
    pub status: StatusCode,
    /// `Retry-After` in seconds, as far as it is believed.
    pub retry_after: Option<Duration>,
    /// Its body; empty when it broke off or is too long, because what the status says stands without it.
    pub body: Zeroizing<Vec<u8>>,
}

/// How one server is reached.
pub struct Wire {
    host: String,
    port: u16,
    /// Host and port as the `Host` header has them.
    authority: HeaderValue,
    /// None where the address is no https.
    tls: Option<(TlsConnector, ServerName<'static>)>,
    authorization: Option<HeaderValue>,
    read: Duration,
    answer_bytes: usize,
}

impl Wire {
    /// Prepares what the server at `url` needs, whose certificate is checked against the authorities in `ca_file` or the
    /// public ones. It is given user and password (HTTP Basic), `read` to answer from the first byte of the request on,
    /// and `answer_bytes` for its answer.
    ///
    /// # Errors
    /// What is wrong, in words for the operator.
    pub fn new(
        url: &Url,
        ca_file: Option<&Path>,
        login: Option<(&str, &Password)>,
        (read, answer_bytes): (Duration, usize),
    ) -> Result<Self, String> {
        let no_name = "its address names no host";
        let host = url.host_str().unwrap_or_default();
        let authority = match url.port() {
            Some(port) => format!("{host}:{port}"),
            None => host.to_owned(),
        };
        let authority = HeaderValue::try_from(authority).map_err(|_| no_name)?;
        // URIs write IPv6 in brackets, resolvers and certificates do not.
        let host = host.trim_matches(['[', ']']).to_owned();
        let tls = match url.scheme() {
            "http" => None,
            _ => {
                let name = ServerName::try_from(host.clone()).map_err(|_| no_name)?;
                Some((connector(ca_file)?, name))
            }
        };
        let port = url.port_or_known_default().ok_or(no_name)?;
        let authorization = login.map(|(user, password)| basic(user, password)).transpose()?;
        Ok(Self { host, port, authority, tls, authorization, read, answer_bytes })
    }

    /// Sends one request and waits for its answer.
    ///
    /// # Errors
    /// [`WireError`].
    pub async fn send(
        &self,
        method: Method,
        path: &str,
        headers: &[(HeaderName, &str)],
        body: Bytes,
    ) -> Result<Answer, WireError> {
        let request = self.request(method, path, headers, body)?;
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
            let body = Limited::new(body, self.answer_bytes).collect().await;
            // What the status says stands, with or without the rest.
            let body = body.map(|body| body.to_bytes().to_vec()).unwrap_or_default();
            Ok(Answer {
                status: parts.status,
                retry_after: seconds.map(|seconds| Duration::from_secs(seconds).min(LONGEST_RETRY_AFTER)),
                body: Zeroizing::new(body),
            })
        };
        let answer = timeout(self.read, answering).await;
        connection.abort();
        answer.unwrap_or(Err(WireError::Unknown("it does not answer in time")))
    }

    fn request(
        &self,
        method: Method,
        path: &str,
        headers: &[(HeaderName, &str)],
        body: Bytes,
    ) -> Result<Request<Full<Bytes>>, WireError> {
        let mut request = Request::builder()
            .method(method)
            .uri(path)
            .header(HOST, &self.authority)
            .header(USER_AGENT, "switchward");
        if let Some(authorization) = &self.authorization {
            request = request.header(AUTHORIZATION, authorization);
        }
        for (name, value) in headers {
            request = request.header(name, *value);
        }
        request.body(Full::new(body)).map_err(|_| WireError::NotSent("the path is no path"))
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

fn basic(user: &str, password: &Password) -> Result<HeaderValue, String> {
    let pair = Zeroizing::new(format!("{user}:{}", password.reveal()));
    let basic = Zeroizing::new(format!("Basic {}", BASE64.encode(pair.as_bytes())));
    let mut value = HeaderValue::from_str(&basic).map_err(|_| "the user cannot stand in a header")?;
    value.set_sensitive(true);
    Ok(value)
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
