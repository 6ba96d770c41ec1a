//! An MMSC behind real TLS, with a script: the stub of these tests. It speaks the documented protocol and understands
//! what it gets by looking for words in it.

use std::collections::VecDeque;
use std::net::Ipv4Addr;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use http::{HeaderMap, Request, Response};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_rustls::TlsAcceptor;

/// What is answered to a submission.
#[derive(Clone)]
pub(crate) enum Step {
    /// Taken under this name; without one when it is empty.
    Take(&'static str),
    /// A status of MM7.
    Status(u32),
    /// A status of HTTP with this body.
    Http(u16, &'static str),
    /// The connection ends once the submission was read.
    Break,
}

/// A submission as it came.
#[derive(Clone)]
pub(crate) struct Seen {
    pub(crate) path: String,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
}

impl Seen {
    /// The text of the first element of this name in the envelope.
    pub(crate) fn element(&self, name: &str) -> String {
        let text = String::from_utf8_lossy(&self.body);
        let after = text.split_once(&format!("<{name}>")).map(|(_, after)| after);
        after.and_then(|after| after.split_once('<')).map(|(value, _)| value.to_owned()).unwrap_or_default()
    }
}

#[derive(Default)]
struct Shared {
    script: Mutex<VecDeque<Step>>,
    seen: Mutex<Vec<Seen>>,
}

/// The MMSC. It closes when it is dropped.
pub(crate) struct Mmsc {
    port: u16,
    shared: Arc<Shared>,
    listener: JoinHandle<()>,
    folder: TempDir,
}

impl Drop for Mmsc {
    fn drop(&mut self) {
        self.listener.abort();
    }
}

impl Mmsc {
    /// One with a certificate for `localhost`, that takes everything until it is told otherwise.
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let (folder, acceptor) = certified();
        let shared = Arc::<Shared>::default();
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
        Self { port, shared, listener, folder }
    }

    pub(crate) fn url(&self) -> String {
        format!("https://localhost:{}/mm7", self.port)
    }

    pub(crate) fn ca_file(&self) -> PathBuf {
        self.folder.path().join("ca.pem")
    }

    /// What happens to the next submissions.
    pub(crate) fn script(&self, steps: &[Step]) {
        self.shared.script.lock().unwrap_or_else(PoisonError::into_inner).extend(steps.iter().cloned());
    }

    /// What has come so far.
    pub(crate) fn seen(&self) -> Vec<Seen> {
        self.shared.seen.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

fn certified() -> (TempDir, TlsAcceptor) {
    let (authority, config) = test_kit::certificates();
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("ca.pem"), &authority).unwrap();
    (folder, TlsAcceptor::from(Arc::new(config)))
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
    let body = body.collect().await.map_err(|_| Broken)?.to_bytes().to_vec();
    let count = {
        let mut seen = shared.seen.lock().unwrap_or_else(PoisonError::into_inner);
        seen.push(Seen { path: parts.uri.to_string(), headers: parts.headers, body });
        seen.len()
    };
    let step = shared.script.lock().unwrap_or_else(PoisonError::into_inner).pop_front();
    let (status, body) = match step {
        None => (200, submit_rsp(1000, &format!("m-{count}"))),
        Some(Step::Take(id)) => (200, submit_rsp(1000, id)),
        Some(Step::Status(code)) => (200, submit_rsp(code, "")),
        Some(Step::Http(status, body)) => (status, body.to_owned()),
        Some(Step::Break) => return Err(Broken),
    };
    let response = Response::builder().status(status).header("content-type", "text/xml");
    Ok(response.body(Full::from(body)).unwrap())
}

fn submit_rsp(code: u32, id: &str) -> String {
    let id = if id.is_empty() { String::new() } else { format!("<MessageID>{id}</MessageID>") };
    envelope(
        "tx",
        &format!(
            "<SubmitRsp xmlns=\"http://www.3gpp.org/ftp/Specs/archive/23_series/23.140/schema/REL-6-MM7-1-4\">\
             <MM7Version>6.8.0</MM7Version><Status><StatusCode>{code}</StatusCode></Status>{id}</SubmitRsp>"
        ),
    )
}

/// An envelope of the MMSC.
pub(crate) fn envelope(transaction: &str, body: &str) -> String {
    format!(
        "<?xml version=\"1.0\"?><soap:Envelope xmlns:soap=\"http://schemas.xmlsoap.org/soap/envelope/\"><soap:Header>\
         <TransactionID xmlns=\"urn:any\" soap:mustUnderstand=\"1\">{transaction}</TransactionID></soap:Header>\
         <soap:Body>{body}</soap:Body></soap:Envelope>"
    )
}
