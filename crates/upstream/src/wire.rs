//! One request over https: a connection, a request, an answer, each with an end, and an error that says whether the
//! request may have been read.
//!
//! There is no pool. On a connection that was kept open, a request can be lost with the connection and nobody knows
//! whether it was read; on a new one, whatever fails before the request is written has certainly not happened.

use std::net::{IpAddr, SocketAddr};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use base::Timestamp;
use bytes::Bytes;
use data_encoding::BASE64;
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HOST, RETRY_AFTER, USER_AGENT};
use http::{HeaderValue, Method, Request, StatusCode};
use http_body_util::{BodyExt, Full, Limited};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use zeroize::Zeroizing;

use crate::config::{AccountConfig, origin};
use crate::limits::{ADDRESSES, ANSWER_BYTES, CONNECT, LONGEST_RETRY_AFTER, READ};

/// How a request failed without an answer. The text is for logs and holds nothing of the request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum WireError {
    /// The upstream cannot have read it.
    NotSent(&'static str),
    /// It may have.
    Unknown(&'static str),
}

/// An answer, whatever its status. No `Debug`: it may hold protected data.
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    /// `Retry-After` in seconds, if it is given that way; never longer than is believed.
    pub(crate) retry_after: Option<Duration>,
    pub(crate) body: Zeroizing<Vec<u8>>,
}

/// How one account is reached.
pub(crate) struct Wire {
    host: String,
    port: u16,
    authority: HeaderValue,
    name: ServerName<'static>,
    tls: TlsConnector,
    authorization: HeaderValue,
}

impl Wire {
    /// Prepares what an account needs; the text says what is wrong.
    pub(crate) fn new(config: &AccountConfig) -> Result<Self, String> {
        let url = origin(&config.base_url).ok_or("`base_url` is not https://host")?;
        let (host, port) = (url.host_str().unwrap_or_default(), url.port().unwrap_or(443));
        let authority = match url.port() {
            Some(port) => format!("{host}:{port}"),
            None => host.to_owned(),
        };
        // URLs write IPv6 in brackets, resolvers and certificates do not.
        let host = host.trim_matches(['[', ']']).to_owned();
        let no_name = "`base_url` names no host";
        let name = ServerName::try_from(host.clone()).map_err(|_| no_name)?;
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let tls = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|error| error.to_string())?
            .with_root_certificates(roots(config.ca_file.as_deref())?)
            .with_no_client_auth();
        let pair = Zeroizing::new(format!("{}:{}", config.key_sid, config.secret.reveal()));
        let basic = Zeroizing::new(format!("Basic {}", BASE64.encode(pair.as_bytes())));
        let mut authorization =
            HeaderValue::from_str(&basic).map_err(|_| "the key cannot stand in a header")?;
        authorization.set_sensitive(true);
        let authority = HeaderValue::try_from(authority).map_err(|_| no_name)?;
        Ok(Self { host, port, authority, name, tls: TlsConnector::from(Arc::new(tls)), authorization })
    }

    /// `GET`. The path holds nothing of a person.
    pub(crate) async fn get(&self, path: &str) -> Result<Answer, WireError> {
        self.exchange(Method::GET, path, Bytes::new()).await
    }

    /// `POST` of a form.
    pub(crate) async fn post(&self, path: &str, form: String) -> Result<Answer, WireError> {
        self.exchange(Method::POST, path, Bytes::from(form)).await
    }

    async fn exchange(&self, method: Method, path: &str, form: Bytes) -> Result<Answer, WireError> {
        let request = self.request(method, path, form)?;
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
                body: Zeroizing::new(body),
            })
        };
        let answer = timeout(READ, answering).await;
        connection.abort();
        answer.unwrap_or(Err(WireError::Unknown("it does not answer in time")))
    }

    fn request(&self, method: Method, path: &str, form: Bytes) -> Result<Request<Full<Bytes>>, WireError> {
        let mut request = Request::builder()
            .method(&method)
            .uri(path)
            .header(HOST, &self.authority)
            .header(AUTHORIZATION, &self.authorization)
            .header(ACCEPT, "application/json")
            .header(USER_AGENT, "switchward");
        if method == Method::POST {
            request = request.header(CONTENT_TYPE, "application/x-www-form-urlencoded");
        }
        request.body(Full::new(form)).map_err(|_| WireError::NotSent("the path is no path"))
    }

    async fn connect(&self) -> Result<TlsStream<TcpStream>, WireError> {
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
        let failed = |_| WireError::NotSent("TLS fails: is its authority known?");
        self.tls.connect(self.name.clone(), stream).await.map_err(failed)
    }
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

/// An RFC 2822 or ISO 8601 time, as Twilio's APIs write it.
pub(crate) fn time(text: &str) -> Option<Timestamp> {
    Timestamp::parse_rfc2822(text).or_else(|| Timestamp::parse_iso8601(text))
}
