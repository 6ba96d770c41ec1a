//! One HTTPS request to a key service: a connection, a request, an answer, all of them bounded.
//!
//! A service is asked once per scope, so there is no pool: a connection that is made anew cannot be stale.
//! The calls block, with a small runtime of their own, because holders of keys are asked beside the server's
//! tasks. Plain HTTP is for an agent on this machine only.

use std::fmt;
use std::fs::File;
use std::io::Read;
use std::net::{IpAddr, SocketAddr};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Response, header};
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Incoming;
use hyper_util::rt::TokioIo;
use phi::WrapError;
use rustls::RootCertStore;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::time::{sleep, timeout};
use tokio_rustls::TlsConnector;
use url::{Host, Url};
use zeroize::Zeroizing;

use crate::limits;

/// What is wrong with a key service's settings. Never holds a secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ConfigProblem(pub &'static str);

impl fmt::Display for ConfigProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

impl std::error::Error for ConfigProblem {}

const BUSY: WrapError = WrapError::Unavailable("it asks us to slow down");

/// Where a service is and whom to believe that it is the service.
pub(crate) struct Service {
    host: String,
    port: u16,
    /// Host and port as the `Host` header has them.
    authority: HeaderValue,
    tls: Option<(TlsConnector, ServerName<'static>)>,
    timeout: Duration,
}

/// An answer, whatever its status. No Debug: the body may hold a key.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) body: Zeroizing<Vec<u8>>,
}

impl Service {
    /// The service at `url` (`https://host[:port]`); its certificate is checked against the authorities in
    /// the PEM text `roots`, or against the public ones. `timeout` is for one request.
    pub(crate) fn new(url: &str, roots: Option<&str>, timeout: Duration) -> Result<Self, ConfigProblem> {
        let url = Url::parse(url).map_err(|_| ConfigProblem("its address is not a URL"))?;
        let (Some(host), Some(port)) = (url.host(), url.port_or_known_default()) else {
            return Err(ConfigProblem("its address names no host"));
        };
        if !matches!(url.path(), "" | "/") || url.query().is_some() || !url.username().is_empty() {
            return Err(ConfigProblem("its address is more than scheme, host and port"));
        }
        let is_here = match &host {
            Host::Domain(name) => *name == "localhost",
            Host::Ipv4(address) => address.is_loopback(),
            Host::Ipv6(address) => address.is_loopback(),
        };
        let authority = match url.port() {
            Some(port) => format!("{host}:{port}"),
            None => host.to_string(),
        };
        // URIs write IPv6 in brackets, resolvers and certificates do not.
        let host = host.to_string().trim_matches(['[', ']']).to_owned();
        let tls = match url.scheme() {
            "https" => {
                let name = ServerName::try_from(host.clone())
                    .map_err(|_| ConfigProblem("its address names no host"))?;
                Some((connector(roots)?, name))
            }
            "http" if is_here => None,
            _ => return Err(ConfigProblem("its address is not https")),
        };
        let authority =
            HeaderValue::try_from(authority).map_err(|_| ConfigProblem("its address names no host"))?;
        Ok(Self { host, port, authority, tls, timeout })
    }

    /// Host and port, as the `Host` header has them.
    pub(crate) fn authority(&self) -> &str {
        self.authority.to_str().unwrap_or_default()
    }

    /// POSTs what `prepare` makes, anew for each attempt; tries again where that may help. Blocks.
    /// `is_busy` knows the refusals that mean no more than "later".
    ///
    /// # Errors
    /// [`WrapError::Unavailable`] when there is no answer, or only answers of a busy or failing service (429
    /// and 5xx).
    pub(crate) fn post(
        &self,
        path: &str,
        is_busy: fn(&[u8]) -> bool,
        mut prepare: impl FnMut() -> (HeaderMap, Vec<u8>),
    ) -> Result<Answer, WrapError> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(|_| WrapError::Unavailable("no request can be made"))?;
        let answer = runtime.block_on(async {
            let mut attempt = 1;
            loop {
                let (headers, body) = prepare();
                let result = self.attempt(path, headers, body).await;
                let result = match result {
                    Ok(answer) if answer.status >= 400 && is_busy(&answer.body) => Err(BUSY),
                    other => other,
                };
                if result.is_ok() || attempt == limits::ATTEMPTS {
                    return result;
                }
                sleep(limits::PAUSE * (1 << (attempt - 1))).await;
                attempt += 1;
            }
        });
        // Dropping it would wait for a name that is being looked up.
        runtime.shutdown_background();
        answer
    }

    async fn attempt(&self, path: &str, headers: HeaderMap, body: Vec<u8>) -> Result<Answer, WrapError> {
        let stream = timeout(limits::CONNECT, self.connect())
            .await
            .map_err(|_| WrapError::Unavailable("it cannot be reached in time"))??;
        let request = self.request(path, headers, body)?;
        let answer = timeout(self.timeout, exchange(stream, request))
            .await
            .map_err(|_| WrapError::Unavailable("it does not answer in time"))??;
        match answer.status {
            429 => Err(BUSY),
            500.. => Err(WrapError::Unavailable("it is failing, sealed or in maintenance")),
            _ => Ok(answer),
        }
    }

    fn request(
        &self,
        path: &str,
        headers: HeaderMap,
        body: Vec<u8>,
    ) -> Result<Request<Full<Bytes>>, WrapError> {
        let mut request = Request::new(Full::new(Bytes::from(body)));
        *request.method_mut() = Method::POST;
        *request.uri_mut() =
            path.parse().map_err(|_| WrapError::Unavailable("the key's name cannot stand in a URL"))?;
        *request.headers_mut() = headers;
        request.headers_mut().insert(header::HOST, self.authority.clone());
        Ok(request)
    }

    async fn connect(&self) -> Result<Box<dyn Stream>, WrapError> {
        let addresses: Vec<SocketAddr> = match self.host.parse::<IpAddr>() {
            Ok(address) => vec![SocketAddr::new(address, self.port)],
            Err(_) => tokio::net::lookup_host((self.host.as_str(), self.port))
                .await
                .map_err(|_| WrapError::Unavailable("its name cannot be resolved"))?
                .take(limits::ADDRESSES)
                .collect(),
        };
        let tcp = TcpStream::connect(addresses.as_slice())
            .await
            .map_err(|_| WrapError::Unavailable("it cannot be reached"))?;
        match &self.tls {
            None => Ok(Box::new(tcp)),
            Some((connector, name)) => {
                let tls = connector.connect(name.clone(), tcp).await;
                Ok(Box::new(tls.map_err(|_| WrapError::Unavailable("TLS fails: is its authority known?"))?))
            }
        }
    }
}

trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}

async fn exchange(stream: Box<dyn Stream>, request: Request<Full<Bytes>>) -> Result<Answer, WrapError> {
    let broken = |_| WrapError::Unavailable("the connection broke");
    let (mut sender, connection) =
        hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.map_err(broken)?;
    let connection = tokio::spawn(connection);
    let response: Response<Incoming> = sender.send_request(request).await.map_err(broken)?;
    let status = response.status().as_u16();
    let body = Limited::new(response.into_body(), limits::ANSWER_BYTES)
        .collect()
        .await
        .map_err(|_| WrapError::Unavailable("its answer broke off or is too long"))?;
    connection.abort();
    Ok(Answer { status, body: Zeroizing::new(body.to_bytes().to_vec()) })
}

/// How TLS is spoken to a service whose certificate is checked against the authorities in the PEM text `roots`, or against
/// the public ones.
///
/// # Errors
/// [`ConfigProblem`] when the text holds no usable authority.
pub fn connector(roots: Option<&str>) -> Result<TlsConnector, ConfigProblem> {
    let mut trusted = RootCertStore::empty();
    match roots {
        None => trusted.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned()),
        Some(pem) => {
            for certificate in CertificateDer::pem_slice_iter(pem.as_bytes()) {
                let certificate =
                    certificate.map_err(|_| ConfigProblem("its authority is no certificate"))?;
                trusted.add(certificate).map_err(|_| ConfigProblem("its authority is no certificate"))?;
            }
        }
    }
    if trusted.is_empty() {
        return Err(ConfigProblem("the file of its authority holds no certificate"));
    }
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|_| ConfigProblem("TLS cannot be set up"))?
        .with_root_certificates(trusted)
        .with_no_client_auth();
    Ok(TlsConnector::from(Arc::new(config)))
}

/// A header that is never printed.
pub(crate) fn secret_header(value: &str) -> Result<HeaderValue, WrapError> {
    let mut value = HeaderValue::from_str(value.trim())
        .map_err(|_| WrapError::Unavailable("our credentials cannot stand in a header"))?;
    value.set_sensitive(true);
    Ok(value)
}

/// Headers from a list.
pub(crate) fn headers(list: Vec<(HeaderName, HeaderValue)>) -> HeaderMap {
    list.into_iter().collect()
}

/// A small file with a secret in it.
pub(crate) fn read_secret(path: &Path) -> Result<Zeroizing<String>, WrapError> {
    let unreadable = |_| WrapError::Unavailable("the file with our credentials cannot be read");
    let mut text = Zeroizing::new(String::with_capacity(limits::FILE_BYTES as usize));
    File::open(path)
        .map_err(unreadable)?
        .take(limits::FILE_BYTES)
        .read_to_string(&mut text)
        .map_err(unreadable)?;
    Ok(text)
}
