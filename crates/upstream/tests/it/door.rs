//! A door: a platform of the tests behind real TLS, with a script of faults. The stub of these tests: what it refuses by
//! itself, the platform behind it has not seen.

use std::collections::VecDeque;
use std::net::Ipv4Addr;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use axum::body::Body;
use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tempfile::TempDir;
use test_kit::TestApp;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_rustls::TlsAcceptor;

/// What happens to a request.
#[derive(Clone)]
pub(crate) enum Fault {
    /// Answered by the door: status, headers, body.
    Answer(u16, Vec<(&'static str, String)>, String),
    /// The connection ends before the platform has seen the request.
    BreakBefore,
    /// The platform does what is asked, and the connection ends before its answer.
    BreakAfter,
    /// Nothing is the matter.
    Pass,
}

/// A request as it came.
#[derive(Clone)]
pub(crate) struct Seen {
    pub(crate) method: String,
    /// With its query.
    pub(crate) path: String,
    pub(crate) status: Option<u16>,
}

#[derive(Default)]
struct Shared {
    app: OnceLock<Arc<TestApp>>,
    /// For requests whose path begins so.
    faults: Mutex<Vec<(String, VecDeque<Fault>)>>,
    seen: Mutex<Vec<Seen>>,
}

/// The door. It closes when it is dropped.
pub(crate) struct Door {
    pub(crate) port: u16,
    pub(crate) authority: String,
    shared: Arc<Shared>,
    listener: JoinHandle<()>,
    folder: TempDir,
}

impl Drop for Door {
    fn drop(&mut self) {
        self.listener.abort();
    }
}

impl Door {
    /// A door with a certificate for this machine, behind which nobody is yet.
    pub(crate) async fn build() -> Self {
        let (authority, config) = test_kit::certificates();
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let shared = Arc::<Shared>::default();
        let acceptor = TlsAcceptor::from(Arc::new(config));
        let served = Arc::clone(&shared);
        let listener = tokio::spawn(async move {
            while let Ok((socket, _)) = listener.accept().await {
                let (acceptor, shared) = (acceptor.clone(), Arc::clone(&served));
                tokio::spawn(async move {
                    let Ok(stream) = acceptor.accept(socket).await else { return };
                    let service = service_fn(move |request| respond(request, Arc::clone(&shared)));
                    let http = hyper::server::conn::http1::Builder::new();
                    drop(http.serve_connection(TokioIo::new(stream), service).await);
                });
            }
        });
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("ca.pem"), &authority).unwrap();
        Self { port, authority, shared, listener, folder }
    }

    /// Puts a platform behind it.
    pub(crate) fn open(&self, app: Arc<TestApp>) {
        assert!(self.shared.app.set(app).is_ok(), "one platform");
    }

    pub(crate) fn base(&self) -> String {
        format!("https://localhost:{}", self.port)
    }

    pub(crate) fn ca_file(&self) -> PathBuf {
        self.folder.path().join("ca.pem")
    }

    /// What happens to the next requests whose path begins so.
    pub(crate) fn script(&self, path: &str, faults: &[Fault]) {
        let mut all = self.shared.faults.lock().unwrap_or_else(PoisonError::into_inner);
        all.push((path.to_owned(), faults.iter().cloned().collect()));
    }

    /// What has come so far.
    pub(crate) fn seen(&self) -> Vec<Seen> {
        self.shared.seen.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// How many requests of this method came to paths that begin so.
    pub(crate) fn count(&self, method: &str, path: &str) -> usize {
        let seen = self.seen();
        seen.iter().filter(|seen| seen.method == method && seen.path.starts_with(path)).count()
    }
}

/// An error ends the connection without an answer.
#[derive(Debug)]
struct Broken;

impl std::fmt::Display for Broken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("broken")
    }
}

impl std::error::Error for Broken {}

async fn respond(request: Request<Incoming>, shared: Arc<Shared>) -> Result<Response<Full<Bytes>>, Broken> {
    let (parts, body) = request.into_parts();
    let body = body.collect().await.map_err(|_| Broken)?.to_bytes();
    let (method, path) = (parts.method.to_string(), parts.uri.to_string());
    let fault = {
        let mut all = shared.faults.lock().unwrap_or_else(PoisonError::into_inner);
        let mut scripts = all.iter_mut().filter(|(start, faults)| {
            // The method may stand in front.
            let start = start.as_str();
            !faults.is_empty() && (path.starts_with(start) || format!("{method} {path}").starts_with(start))
        });
        scripts.next().and_then(|(_, faults)| faults.pop_front()).unwrap_or(Fault::Pass)
    };
    let note = |status| {
        let seen = Seen { method: method.clone(), path: path.clone(), status };
        shared.seen.lock().unwrap_or_else(PoisonError::into_inner).push(seen);
    };
    match fault {
        Fault::Answer(status, headers, text) => {
            note(Some(status));
            let mut response = Response::builder().status(status);
            for (name, value) in headers {
                response = response.header(name, value);
            }
            Ok(response.body(Full::from(text)).unwrap())
        }
        Fault::BreakBefore => {
            note(None);
            Err(Broken)
        }
        fault => {
            let app = shared.app.get().expect("a platform behind the door");
            let is_own = path.starts_with("/switchward/");
            let target = if is_own { path.clone() } else { path.replacen(".json", "", 1) };
            let mut inside = Request::builder().method(parts.method.clone()).uri(target);
            *inside.headers_mut().unwrap() = parts.headers;
            let inside = inside.body(Body::from(body)).unwrap();
            let reply = app.send(if is_own { "switchward" } else { "api" }, inside).await;
            if matches!(fault, Fault::BreakAfter) {
                note(None);
                return Err(Broken);
            }
            note(Some(reply.status));
            let mut response = Response::builder().status(reply.status);
            if let Some(kind) = reply.headers.get("content-type") {
                response = response.header("content-type", kind);
            }
            Ok(response.body(Full::from(reply.bytes)).unwrap())
        }
    }
}

/// What a vendor says in its API's shape.
pub(crate) fn problem(status: u16, code: u32) -> Fault {
    let text = format!(r#"{{"code": {code}, "message": "stub", "status": {status}}}"#);
    Fault::Answer(status, vec![("content-type", "application/json".to_owned())], text)
}
