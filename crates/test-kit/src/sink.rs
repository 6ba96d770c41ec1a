//! The customer's HTTPS server: records what arrives and answers what it was told to.

use std::collections::{HashMap, VecDeque};
use std::convert::Infallible;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderMap, Request, Response};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use rustls::ServerConfig;
use rustls::pki_types::PrivatePkcs8KeyDer;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio_rustls::TlsAcceptor;

/// A request that arrived.
#[derive(Clone, Debug)]
pub struct SinkRequest {
    /// The HTTP method.
    pub method: String,
    /// Path and query as they were written.
    pub path: String,
    /// The headers.
    pub headers: HeaderMap,
    /// The body.
    pub body: Bytes,
}

impl SinkRequest {
    /// The form body, or the query of a GET, as name and value pairs in order.
    pub fn form(&self) -> Vec<(String, String)> {
        let query = self.path.split_once('?').map_or("", |(_, query)| query);
        let encoded = if self.method == "GET" { query.as_bytes() } else { &self.body };
        url::form_urlencoded::parse(encoded).into_owned().collect()
    }

    /// The first value of a parameter.
    pub fn parameter(&self, name: &str) -> Option<String> {
        self.form().into_iter().find(|(given, _)| given == name).map(|(_, value)| value)
    }
}

/// What to answer.
#[derive(Clone, Debug)]
pub struct SinkReply {
    /// The HTTP status.
    pub status: u16,
    /// The content type.
    pub content_type: &'static str,
    /// The body.
    pub body: Bytes,
    /// How long to wait before answering.
    pub delay: Duration,
}

impl Default for SinkReply {
    fn default() -> Self {
        Self { status: 204, content_type: "text/plain", body: Bytes::new(), delay: Duration::ZERO }
    }
}

impl SinkReply {
    /// An empty answer with this status.
    pub fn status(status: u16) -> Self {
        Self { status, ..Self::default() }
    }

    /// TwiML.
    pub fn twiml(body: &str) -> Self {
        let body = Bytes::copy_from_slice(body.as_bytes());
        Self { status: 200, content_type: "text/xml", body, ..Self::default() }
    }

    /// The same answer, later.
    #[must_use]
    pub fn after(self, delay: Duration) -> Self {
        Self { delay, ..self }
    }
}

#[derive(Default)]
struct Script {
    queued: HashMap<String, VecDeque<SinkReply>>,
    usual: HashMap<String, SinkReply>,
    everything: SinkReply,
}

struct Shared {
    script: Mutex<Script>,
    requests: watch::Sender<Vec<SinkRequest>>,
}

impl Shared {
    fn script(&self) -> MutexGuard<'_, Script> {
        self.script.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// An HTTPS server on loopback. It ends when it is dropped.
pub struct WebhookSink {
    address: SocketAddr,
    authority_pem: String,
    shared: Arc<Shared>,
    listener: JoinHandle<()>,
}

impl WebhookSink {
    /// Starts a server with a fresh authority, answering 204 to everything.
    ///
    /// # Panics
    /// When it cannot be set up.
    pub async fn start() -> Self {
        let (authority_pem, config) = certificates();
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a free port");
        let address = listener.local_addr().expect("a bound socket");
        let shared = Arc::new(Shared { script: Mutex::default(), requests: watch::Sender::default() });
        let listener =
            tokio::spawn(listen(listener, TlsAcceptor::from(Arc::new(config)), Arc::clone(&shared)));
        Self { address, authority_pem, shared, listener }
    }

    /// The certificate (PEM) of the authority the server's certificate chains to.
    pub fn authority_pem(&self) -> &str {
        &self.authority_pem
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The URL of a path: `https://localhost:port/path`.
    pub fn url(&self, path: &str) -> String {
        format!("https://localhost:{}{path}", self.address.port())
    }

    /// What `path` (without query) is answered from now on.
    pub fn answer(&self, path: &str, reply: SinkReply) {
        self.shared.script().usual.insert(path.to_owned(), reply);
    }

    /// What every path is answered from now on that has no answer of its own.
    pub fn answer_all(&self, reply: SinkReply) {
        self.shared.script().everything = reply;
    }

    /// What `path` is answered once, before its usual answer; several are given in order.
    pub fn answer_once(&self, path: &str, reply: SinkReply) {
        self.shared.script().queued.entry(path.to_owned()).or_default().push_back(reply);
    }

    /// What has arrived so far.
    pub fn requests(&self) -> Vec<SinkRequest> {
        self.shared.requests.borrow().clone()
    }

    /// Waits until at least `count` requests have arrived, and returns them all. A test that waits
    /// for what never comes is ended by the test runner.
    pub async fn wait_for(&self, count: usize) -> Vec<SinkRequest> {
        let mut arrivals = self.shared.requests.subscribe();
        let arrived = arrivals.wait_for(|requests| requests.len() >= count).await;
        arrived.expect("the sink holds the sender").clone()
    }
}

impl Drop for WebhookSink {
    fn drop(&mut self) {
        self.listener.abort();
    }
}

/// A fresh authority (PEM) and a server certificate of it for this machine, by name and by address.
pub fn certificates() -> (String, ServerConfig) {
    let ca_key = KeyPair::generate().expect("a key");
    let mut ca = CertificateParams::new(Vec::new()).expect("no names");
    ca.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let authority = ca.self_signed(&ca_key).expect("a certificate");
    let issuer = Issuer::new(ca, ca_key);
    let key = KeyPair::generate().expect("a key");
    let names = vec!["localhost".to_owned(), "127.0.0.1".to_owned()];
    let leaf =
        CertificateParams::new(names).expect("valid names").signed_by(&key, &issuer).expect("a certificate");
    let config = ServerConfig::builder_with_provider(Arc::new(rustls::crypto::aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .expect("the provider serves TLS 1.2 and 1.3")
        .with_no_client_auth()
        .with_single_cert(vec![leaf.der().clone()], PrivatePkcs8KeyDer::from(key.serialize_der()).into())
        .expect("the key is the certificate's");
    (authority.pem(), config)
}

async fn listen(listener: TcpListener, acceptor: TlsAcceptor, shared: Arc<Shared>) {
    while let Ok((socket, _)) = listener.accept().await {
        tokio::spawn(serve(socket, acceptor.clone(), Arc::clone(&shared)));
    }
}

/// One connection. A client that does not trust us ends it, which is what some tests are about.
async fn serve(socket: TcpStream, acceptor: TlsAcceptor, shared: Arc<Shared>) {
    let Ok(stream) = acceptor.accept(socket).await else { return };
    let service = service_fn(move |request| respond(request, Arc::clone(&shared)));
    let connection =
        hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service);
    // It ends with an error when the client hangs up; the client's side is what tests look at.
    drop(connection.await);
}

async fn respond(
    request: Request<Incoming>,
    shared: Arc<Shared>,
) -> Result<Response<Full<Bytes>>, Infallible> {
    let (parts, body) = request.into_parts();
    let Ok(body) = body.collect().await else {
        return Ok(Response::builder().status(400).body(Full::default()).expect("a constant"));
    };
    let path = parts.uri.path().to_owned();
    let arrived = SinkRequest {
        method: parts.method.to_string(),
        path: parts.uri.path_and_query().map_or_else(|| path.clone(), ToString::to_string),
        headers: parts.headers,
        body: body.to_bytes(),
    };
    let reply = {
        let mut script = shared.script();
        let queued = script.queued.get_mut(&path).and_then(VecDeque::pop_front);
        queued.or_else(|| script.usual.get(&path).cloned()).unwrap_or_else(|| script.everything.clone())
    };
    shared.requests.send_modify(|requests| requests.push(arrived));
    if !reply.delay.is_zero() {
        tokio::time::sleep(reply.delay).await;
    }
    let response = Response::builder().status(reply.status).header(CONTENT_TYPE, reply.content_type);
    Ok(response.body(Full::new(reply.body)).expect("a scripted answer is well formed"))
}
