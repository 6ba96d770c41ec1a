//! An HTTPS server whose answers a test decides, and which can fail in the ways a network does.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use http::{HeaderMap, Response, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

/// A request as it came.
pub(crate) struct Received {
    pub(crate) path: String,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
}

impl Received {
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }
}

/// What happens to a request instead of an answer.
pub(crate) enum Fault {
    /// This status with this body.
    Status(u16, &'static str),
    /// No answer at all, for as long as the test lasts.
    Silence,
    /// The connection ends.
    HangUp,
}

type Handler = dyn Fn(&Received) -> (u16, String) + Send + Sync;

/// A running stub; it ends with its runtime.
pub(crate) struct Stub {
    pub(crate) url: String,
    /// PEM of the authority that its certificate comes from.
    pub(crate) authority: String,
    state: Arc<State>,
    _runtime: tokio::runtime::Runtime,
}

struct State {
    faults: Mutex<VecDeque<Fault>>,
    requests: Mutex<Vec<String>>,
    handler: Box<Handler>,
}

impl Stub {
    pub(crate) fn start(handler: impl Fn(&Received) -> (u16, String) + Send + Sync + 'static) -> Self {
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
        let url = format!("https://localhost:{}", listener.local_addr().unwrap().port());
        let (acceptor, authority) = tls();
        let (faults, requests) = (Mutex::default(), Mutex::default());
        let state = Arc::new(State { faults, requests, handler: Box::new(handler) });
        runtime.spawn(accept(listener, acceptor, Arc::clone(&state)));
        Self { url, authority, state, _runtime: runtime }
    }

    /// What happens to the next requests, one after the other.
    pub(crate) fn fail(&self, faults: impl IntoIterator<Item = Fault>) {
        self.state.faults.lock().unwrap().extend(faults);
    }

    /// The paths that were asked for since the last call.
    pub(crate) fn requests(&self) -> Vec<String> {
        std::mem::take(&mut *self.state.requests.lock().unwrap())
    }
}

async fn accept(listener: TcpListener, acceptor: TlsAcceptor, state: Arc<State>) {
    while let Ok((tcp, _)) = listener.accept().await {
        let (acceptor, state) = (acceptor.clone(), Arc::clone(&state));
        tokio::spawn(async move {
            // A client that does not trust us hangs up here.
            let Ok(tls) = acceptor.accept(tcp).await else { return };
            let service = service_fn(|request: http::Request<hyper::body::Incoming>| {
                let state = Arc::clone(&state);
                async move {
                    let (head, body) = request.into_parts();
                    let body = body.collect().await.unwrap().to_bytes().to_vec();
                    let received = Received { path: head.uri.to_string(), headers: head.headers, body };
                    answer(&state, &received).await
                }
            });
            // A connection that ends in the middle is what some tests want.
            let _ = http1::Builder::new().serve_connection(TokioIo::new(tls), service).await;
        });
    }
}

async fn answer(state: &State, received: &Received) -> Result<Response<Full<Bytes>>, Failed> {
    state.requests.lock().unwrap().push(received.path.clone());
    let fault = state.faults.lock().unwrap().pop_front();
    let (status, body) = match fault {
        None => (state.handler)(received),
        Some(Fault::Status(status, body)) => (status, body.to_owned()),
        Some(Fault::HangUp) => return Err(Failed),
        Some(Fault::Silence) => std::future::pending().await,
    };
    let mut response = Response::new(Full::new(Bytes::from(body)));
    *response.status_mut() = StatusCode::from_u16(status).unwrap();
    Ok(response)
}

#[derive(Debug)]
struct Failed;

impl std::fmt::Display for Failed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("the stub hangs up")
    }
}

impl std::error::Error for Failed {}

fn tls() -> (TlsAcceptor, String) {
    let mut params = CertificateParams::default();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let authority = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
    let key = KeyPair::generate().unwrap();
    let leaf = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
    let leaf = leaf.signed_by(&key, &authority).unwrap();
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![leaf.der().clone()], key)
        .unwrap();
    (TlsAcceptor::from(Arc::new(config)), authority.pem())
}
