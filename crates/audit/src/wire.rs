//! HTTPS requests of the audit: bounded, pooled, never redirected, and never printed.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use data_encoding::BASE64;
use http::{HeaderValue, Method, Request, Response, header};
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Incoming;
use hyper::client::conn::http1::SendRequest;
use hyper_util::rt::TokioIo;
use rustls::RootCertStore;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use url::Url;
use zeroize::Zeroizing;

use crate::limits;
use crate::way::{Named, Opened, Way};

/// What a request authenticates with. No Debug: it is a secret.
#[derive(Clone)]
pub struct Credential {
    /// The account, or Organization, it belongs to.
    pub account: String,
    /// `Authorization`, ready to be sent.
    authorization: Zeroizing<String>,
}

impl Credential {
    /// HTTP Basic: an account SID with its token, or a key with its secret.
    pub fn basic(account: &str, user: &str, secret: &str) -> Credential {
        let pair = Zeroizing::new(format!("{user}:{secret}"));
        let encoded = Zeroizing::new(BASE64.encode(pair.as_bytes()));
        Credential {
            account: account.to_owned(),
            authorization: Zeroizing::new(format!("Basic {}", *encoded)),
        }
    }

    /// A bearer token (Segment).
    pub fn bearer(token: &str) -> Credential {
        Credential::of_organization("", token)
    }

    /// A bearer token of an Organization of Twilio's, which is asked for what accounts do not show.
    pub fn of_organization(sid: &str, token: &str) -> Credential {
        Credential { account: sid.to_owned(), authorization: Zeroizing::new(format!("Bearer {token}")) }
    }

    fn sign(&self, request: &mut Request<Full<Bytes>>) -> Result<(), Broken> {
        let mut value = HeaderValue::from_str(&self.authorization).map_err(|_| Broken::Unreachable)?;
        value.set_sensitive(true);
        request.headers_mut().insert(header::AUTHORIZATION, value);
        Ok(())
    }
}

/// An answer, whatever its status. No Debug: a body may hold anything.
pub struct Reply {
    /// HTTP status.
    pub status: u16,
    /// `Retry-After`, when it is a number of seconds.
    pub retry_after: Option<Duration>,
    /// The body, at most [`limits::ANSWER_BYTES`].
    pub body: Bytes,
}

/// Why there is no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Broken {
    /// Nobody is reached there.
    Unreachable,
    /// The certificate does not verify.
    Certificate,
    /// TLS fails for another reason.
    Tls,
    /// It took too long.
    Slow,
    /// The connection broke, or what came is not HTTP, or too much of it.
    Garbled,
    /// The audited account names a host inside our own network, which the audit does not ask.
    NotPublic,
}

/// Makes requests.
pub struct Wire {
    service: TlsConnector,
    /// A callback's certificate is judged by the public authorities, whatever the service's own is.
    callbacks: TlsConnector,
    way: Way,
    idle: Mutex<HashMap<String, Vec<SendRequest<Full<Bytes>>>>>,
}

trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}

/// Whose certificates count.
#[derive(Clone, Copy)]
pub enum Trust<'a> {
    /// The public authorities.
    Public,
    /// Those and the authorities in this PEM text.
    PublicAnd(&'a str),
    /// The authorities in this PEM text and no others.
    Only(&'a str),
}

impl Wire {
    /// Trusts these authorities, and goes this way.
    ///
    /// # Errors
    /// When the PEM text holds no certificate, or a broken one.
    pub fn new(trust: Trust<'_>, way: Way) -> Result<Wire, &'static str> {
        let service = connector(trust)?;
        let callbacks = match trust {
            Trust::Public | Trust::PublicAnd(_) => service.clone(),
            Trust::Only(pem) => connector(Trust::PublicAnd(pem))?,
        };
        Ok(Wire { service, callbacks, way, idle: Mutex::new(HashMap::new()) })
    }

    /// Whether a request for this URL would go through a proxy.
    pub fn goes_through_proxy(&self, url: &Url) -> bool {
        self.way.proxy_for(url).is_some()
    }

    /// GETs a URL of the service.
    ///
    /// # Errors
    /// [`Broken`] when there is no answer.
    pub async fn get(&self, url: &str, credential: Option<&Credential>) -> Result<Reply, Broken> {
        let url = Url::parse(url).map_err(|_| Broken::Unreachable)?;
        let mut request = request(Method::GET, &url, Bytes::new())?;
        if let Some(credential) = credential {
            credential.sign(&mut request)?;
        }
        self.exchange(&url, Named::ByUs, request).await
    }

    /// GETs a URL without credentials, wherever it leads.
    ///
    /// # Errors
    /// [`Broken`] when there is no answer, or nobody may be asked there.
    pub async fn get_as_stranger(&self, url: &str, named: Named) -> Result<Reply, Broken> {
        let url = Url::parse(url).map_err(|_| Broken::Unreachable)?;
        self.exchange(&url, named, request(Method::GET, &url, Bytes::new())?).await
    }

    /// POSTs JSON to a URL of the service.
    ///
    /// # Errors
    /// [`Broken`] when there is no answer.
    pub async fn post_json(&self, url: &str, credential: &Credential, body: Bytes) -> Result<Reply, Broken> {
        let url = Url::parse(url).map_err(|_| Broken::Unreachable)?;
        let mut request = request(Method::POST, &url, body)?;
        request.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        credential.sign(&mut request)?;
        self.exchange(&url, Named::ByUs, request).await
    }

    /// POSTs to a URL that the audited account named, without credentials. The body's media type stands among the
    /// headers.
    ///
    /// # Errors
    /// [`Broken`] when there is no answer, or nobody may be asked there.
    pub async fn post_to_callback(
        &self,
        url: &Url,
        headers: &[(&'static str, &'static str)],
        body: &'static [u8],
    ) -> Result<Reply, Broken> {
        let mut request = request(Method::POST, url, Bytes::from_static(body))?;
        for (name, value) in headers {
            request.headers_mut().insert(*name, HeaderValue::from_static(value));
        }
        self.exchange(url, Named::ByThem, request).await
    }

    /// Connects, verifies the certificate, and goes away without a request.
    ///
    /// # Errors
    /// [`Broken`] when that does not succeed.
    pub async fn shake_hands(&self, url: &Url, named: Named) -> Result<(), Broken> {
        timeout(limits::CONNECT, self.connect(url, named)).await.unwrap_or(Err(Broken::Slow)).map(drop)
    }

    /// Connects, sends bytes that begin a conversation, and gives the first ones of the answer; fewer than were asked
    /// for when the other side closes.
    ///
    /// # Errors
    /// [`Broken`] when nobody is reached, or answers nothing in time.
    pub async fn greet(
        &self,
        url: &Url,
        named: Named,
        greeting: &[u8],
        most: usize,
    ) -> Result<Vec<u8>, Broken> {
        let spoken = async {
            let mut stream = self.open(url, named).await?;
            stream.write_all(greeting).await.map_err(|_| Broken::Unreachable)?;
            let mut answer = Vec::with_capacity(most);
            let most = u64::try_from(most).map_err(|_| Broken::Garbled)?;
            // A connection that is reset is an answer too: no.
            let _end = stream.take(most).read_to_end(&mut answer).await;
            Ok(answer)
        };
        timeout(limits::CONNECT, spoken).await.unwrap_or(Err(Broken::Slow))
    }

    async fn exchange(
        &self,
        url: &Url,
        named: Named,
        request: Request<Full<Bytes>>,
    ) -> Result<Reply, Broken> {
        let exchange = self.exchange_untimed(url, named, request);
        timeout(limits::REQUEST, exchange).await.unwrap_or(Err(Broken::Slow))
    }

    async fn exchange_untimed(
        &self,
        url: &Url,
        named: Named,
        request: Request<Full<Bytes>>,
    ) -> Result<Reply, Broken> {
        let origin = url.origin().ascii_serialization();
        // Only connections to the service are used again: the account's hosts are asked once each.
        let idle = if named == Named::ByUs { self.idle_connection(&origin).await } else { None };
        let mut sender = match idle {
            Some(sender) => sender,
            None => {
                let stream =
                    timeout(limits::CONNECT, self.connect(url, named)).await.unwrap_or(Err(Broken::Slow))?;
                let (sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream))
                    .await
                    .map_err(|_| Broken::Garbled)?;
                tokio::spawn(connection);
                sender
            }
        };
        let answer = sender.send_request(request).await.map_err(|_| Broken::Garbled)?;
        let reply = read(answer).await?;
        if named == Named::ByUs {
            self.keep(origin, sender);
        }
        Ok(reply)
    }

    async fn idle_connection(&self, origin: &str) -> Option<SendRequest<Full<Bytes>>> {
        loop {
            let mut sender = self.idle.lock().ok()?.get_mut(origin)?.pop()?;
            if sender.ready().await.is_ok() {
                return Some(sender);
            }
        }
    }

    fn keep(&self, origin: String, sender: SendRequest<Full<Bytes>>) {
        if let Ok(mut idle) = self.idle.lock() {
            let kept = idle.entry(origin).or_default();
            if kept.len() < limits::AT_ONCE {
                kept.push(sender);
            }
        }
    }

    async fn open(&self, url: &Url, named: Named) -> Result<Box<dyn Stream>, Broken> {
        Ok(match self.way.open(url, named).await? {
            Opened::Directly(tcp) => {
                tcp.set_nodelay(true).map_err(|_| Broken::Unreachable)?;
                Box::new(tcp)
            }
            Opened::Through(tunnel) => Box::new(tunnel),
        })
    }

    async fn connect(&self, url: &Url, named: Named) -> Result<Box<dyn Stream>, Broken> {
        let stream = self.open(url, named).await?;
        if url.scheme() == "http" {
            return Ok(stream);
        }
        let host = url.host_str().ok_or(Broken::Unreachable)?.trim_matches(['[', ']']);
        let name = ServerName::try_from(host.to_owned()).map_err(|_| Broken::Unreachable)?;
        let connector = if named == Named::ByUs { &self.service } else { &self.callbacks };
        let tls = connector.connect(name, stream).await.map_err(|error| {
            let inner = error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>());
            match inner {
                Some(rustls::Error::InvalidCertificate(_)) => Broken::Certificate,
                _ => Broken::Tls,
            }
        })?;
        Ok(Box::new(tls))
    }
}

fn connector(trust: Trust<'_>) -> Result<TlsConnector, &'static str> {
    const NO_AUTHORITY: &str = "holds no certificate in PEM form";
    let mut roots = RootCertStore::empty();
    if let Trust::Public | Trust::PublicAnd(_) = trust {
        roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
    }
    if let Trust::PublicAnd(pem) | Trust::Only(pem) = trust {
        let read: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem.as_bytes()).collect();
        let read = read.map_err(|_| NO_AUTHORITY)?;
        if read.is_empty() {
            return Err(NO_AUTHORITY);
        }
        for root in read {
            roots.add(root).map_err(|_| NO_AUTHORITY)?;
        }
    }
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let tls = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("the provider supports TLS 1.2 and 1.3")
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(TlsConnector::from(Arc::new(tls)))
}

/// A request that names its host, for a connection to that host.
fn request(method: Method, url: &Url, body: Bytes) -> Result<Request<Full<Bytes>>, Broken> {
    let mut request = Request::new(Full::new(body));
    *request.method_mut() = method;
    *request.uri_mut() =
        url[url::Position::BeforePath..url::Position::AfterQuery].parse().map_err(|_| Broken::Unreachable)?;
    let own = request.headers_mut();
    let host = &url[url::Position::BeforeHost..url::Position::AfterPort];
    own.insert(header::HOST, HeaderValue::from_str(host).map_err(|_| Broken::Unreachable)?);
    own.insert(header::USER_AGENT, HeaderValue::from_static("switchward-audit"));
    own.insert(header::ACCEPT, HeaderValue::from_static("application/json"));
    Ok(request)
}

async fn read(answer: Response<Incoming>) -> Result<Reply, Broken> {
    let status = answer.status().as_u16();
    let retry_after = answer
        .headers()
        .get(header::RETRY_AFTER)
        .and_then(|value| value.to_str().ok()?.trim().parse().ok())
        .map(Duration::from_secs);
    let body = Limited::new(answer.into_body(), limits::ANSWER_BYTES);
    let body = body.collect().await.map_err(|_| Broken::Garbled)?.to_bytes();
    Ok(Reply { status, retry_after, body })
}
