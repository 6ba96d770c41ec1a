//! A bucket of our own, so that it can fail in every way: S3's requests over loopback, each signature checked by the other
//! implementation that is here, which agrees with AWS's published values.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::fmt::Write;
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use futures_util::stream;
use http::{HeaderMap, Method, Request, Response, StatusCode, Uri, header};
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Full, StreamBody};
use hyper::body::{Frame, Incoming};
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use kms::sigv4::{Signable, Signer};
use rcgen::{CertifiedKey, generate_simple_self_signed};
use rustls::pki_types::PrivatePkcs8KeyDer;
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;

pub const BUCKET: &str = "clinic-media";
pub const REGION: &str = "eu-central-1";
pub const KEY_ID: &str = "AKIDEXAMPLE";
pub const SECRET: &str = "secret/of+the-bucket";
/// Names on one page of a list.
const PAGE: usize = 3;
/// When everything in the bucket was written.
const WRITTEN: &str = "2026-01-15T12:00:00.000Z";

/// What becomes of the next requests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// 503, "SlowDown".
    Busy,
    /// No answer.
    Silent,
    /// An answer that breaks off.
    Short,
}

#[derive(Default)]
struct State {
    objects: BTreeMap<String, Bytes>,
    uploads: BTreeMap<String, BTreeMap<u32, Bytes>>,
    faults: Vec<Fault>,
    /// All requests from now on.
    always: Option<Fault>,
    /// Method and target of each request.
    asked: Vec<(Method, String)>,
}

/// The bucket. It ends with the test's runtime.
#[derive(Clone)]
pub struct Bucket {
    state: Arc<Mutex<State>>,
    address: SocketAddr,
    /// The authority of its certificate, when it has one.
    pub authority: Option<String>,
}

impl Bucket {
    pub async fn start() -> Self {
        Self::listen(false).await
    }

    /// The same over TLS, with a certificate of its own.
    pub async fn start_with_tls() -> Self {
        Self::listen(true).await
    }

    async fn listen(has_tls: bool) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let state = Arc::<Mutex<State>>::default();
        let (tls, authority) = if has_tls { acceptor() } else { (None, None) };
        let shared = Arc::clone(&state);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(Arc::clone(&shared), stream, tls.clone()));
            }
        });
        Self { state, address, authority }
    }

    pub fn endpoint(&self) -> String {
        let scheme = if self.authority.is_some() { "https" } else { "http" };
        format!("{scheme}://{}", self.address)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The next requests go wrong like this.
    pub fn fail(&self, faults: &[Fault]) {
        self.state().faults.extend(faults);
    }

    /// All go wrong, or none.
    pub fn fail_always(&self, fault: Option<Fault>) {
        self.state().always = fault;
    }

    /// What is in it.
    pub fn objects(&self) -> BTreeMap<String, Bytes> {
        self.state().objects.clone()
    }

    /// Puts something else under a name.
    pub fn replace(&self, name: &str, bytes: Bytes) {
        self.state().objects.insert(name.to_owned(), bytes);
    }

    /// Uploads that were begun and neither ended nor taken back.
    pub fn open_uploads(&self) -> usize {
        self.state().uploads.len()
    }

    /// How often it was asked.
    pub fn asked(&self) -> usize {
        self.state().asked.len()
    }
}

fn acceptor() -> (Option<TlsAcceptor>, Option<String>) {
    let CertifiedKey { cert, signing_key } =
        generate_simple_self_signed(["127.0.0.1".to_owned()]).expect("a certificate");
    let key = PrivatePkcs8KeyDer::from(signing_key.serialize_der());
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_no_client_auth()
        .with_single_cert(vec![cert.der().clone()], key.into())
        .expect("a certificate with its key");
    (Some(TlsAcceptor::from(Arc::new(config))), Some(cert.pem()))
}

async fn serve(state: Arc<Mutex<State>>, stream: TcpStream, tls: Option<TlsAcceptor>) {
    let service = service_fn(move |request| answer(Arc::clone(&state), request));
    let http = hyper::server::conn::http1::Builder::new();
    // Who hangs up does so on purpose in these tests.
    match tls {
        None => drop(http.serve_connection(TokioIo::new(stream), service).await),
        Some(tls) => {
            if let Ok(stream) = tls.accept(stream).await {
                drop(http.serve_connection(TokioIo::new(stream), service).await);
            }
        }
    }
}

type Answer = Response<Full<Bytes>>;

/// What goes out: an answer, or one that breaks off.
type Sent = Response<UnsyncBoxBody<Bytes, io::Error>>;

async fn answer(state: Arc<Mutex<State>>, request: Request<Incoming>) -> Result<Sent, Infallible> {
    let (answer, is_short) = decide(state, request).await;
    if !is_short {
        return Ok(answer.map(|body| body.map_err(|never| match never {}).boxed_unsync()));
    }
    let parts = [Ok(Frame::data(Bytes::from_static(b"half"))), Err(io::Error::other("it breaks off"))];
    Ok(Response::new(StreamBody::new(stream::iter(parts)).boxed_unsync()))
}

async fn decide(state: Arc<Mutex<State>>, request: Request<Incoming>) -> (Answer, bool) {
    let (parts, body) = request.into_parts();
    let body = body.collect().await.map(|body| body.to_bytes()).unwrap_or_default();
    let fault = {
        let mut state = state.lock().unwrap_or_else(PoisonError::into_inner);
        state.asked.push((parts.method.clone(), parts.uri.to_string()));
        let next = (!state.faults.is_empty()).then(|| state.faults.remove(0));
        next.or(state.always)
    };
    match fault {
        Some(Fault::Busy) => return (error(StatusCode::SERVICE_UNAVAILABLE, "SlowDown"), false),
        Some(Fault::Silent) => std::future::pending().await,
        None | Some(Fault::Short) => {}
    }
    if !is_signed(&parts.method, &parts.uri, &parts.headers, &body) {
        return (error(StatusCode::FORBIDDEN, "SignatureDoesNotMatch"), false);
    }
    let mut state = state.lock().unwrap_or_else(PoisonError::into_inner);
    let answer = state.carry_out(&parts.method, &parts.uri, &parts.headers, body);
    (answer, fault == Some(Fault::Short))
}

fn error(status: StatusCode, code: &str) -> Answer {
    reply(status, format!("<Error><Code>{code}</Code><Message>x</Message></Error>").into())
}

fn reply(status: StatusCode, body: Bytes) -> Answer {
    let mut answer = Response::new(Full::new(body));
    *answer.status_mut() = status;
    answer
}

/// Whether the request is signed with the key of the bucket, body and all (Signature Version 4).
fn is_signed(method: &Method, uri: &Uri, headers: &HeaderMap, body: &[u8]) -> bool {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let given = text("authorization");
    let names =
        given.split("SignedHeaders=").nth(1).and_then(|rest| rest.split(',').next()).unwrap_or_default();
    let signed: Vec<(&str, &str)> = names.split(';').map(|name| (name, text(name))).collect();
    let mut query: Vec<String> =
        uri.query().unwrap_or_default().split('&').filter(|pair| !pair.is_empty()).map(with_equals).collect();
    query.sort();
    let request = Signable {
        method: method.as_str(),
        path: uri.path(),
        query: &query.join("&"),
        headers: &signed,
        body,
    };
    let signer = Signer { access_key_id: KEY_ID, secret_access_key: SECRET, region: REGION, service: "s3" };
    let same = |text: &str| text.replace(", ", ",");
    same(&signer.authorization(&request, text("x-amz-date"))) == same(given)
}

fn with_equals(pair: &str) -> String {
    if pair.contains('=') { pair.to_owned() } else { format!("{pair}=") }
}

impl State {
    fn carry_out(&mut self, method: &Method, uri: &Uri, headers: &HeaderMap, body: Bytes) -> Answer {
        let query: BTreeMap<String, String> =
            url::form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes()).into_owned().collect();
        let Some(name) = uri.path().strip_prefix(&format!("/{BUCKET}")) else {
            return error(StatusCode::NOT_FOUND, "NoSuchBucket");
        };
        let name = name.trim_start_matches('/').to_owned();
        let upload = query.get("uploadId").cloned();
        match (method.as_str(), upload) {
            ("GET", _) if name.is_empty() => self.list(&query),
            ("POST", None) if query.contains_key("uploads") => {
                self.uploads.insert(name.clone(), BTreeMap::new());
                let xml = format!(
                    "<InitiateMultipartUploadResult><UploadId>{name}</UploadId></InitiateMultipartUploadResult>"
                );
                reply(StatusCode::OK, xml.into())
            }
            ("PUT", Some(upload)) => {
                let number = query.get("partNumber").and_then(|number| number.parse().ok()).unwrap_or(0);
                let Some(parts) = self.uploads.get_mut(&upload) else {
                    return error(StatusCode::NOT_FOUND, "NoSuchUpload");
                };
                parts.insert(number, body);
                with_etag(reply(StatusCode::OK, Bytes::new()))
            }
            ("POST", Some(upload)) => {
                let Some(parts) = self.uploads.remove(&upload) else {
                    return error(StatusCode::NOT_FOUND, "NoSuchUpload");
                };
                self.objects.insert(name, parts.into_values().collect::<Vec<_>>().concat().into());
                let xml = "<CompleteMultipartUploadResult><ETag>\"e\"</ETag></CompleteMultipartUploadResult>";
                reply(StatusCode::OK, xml.into())
            }
            ("DELETE", Some(upload)) => {
                self.uploads.remove(&upload);
                reply(StatusCode::NO_CONTENT, Bytes::new())
            }
            ("PUT", None) => {
                self.objects.insert(name, body);
                with_etag(reply(StatusCode::OK, Bytes::new()))
            }
            ("DELETE", None) => {
                self.objects.remove(&name);
                reply(StatusCode::NO_CONTENT, Bytes::new())
            }
            ("GET" | "HEAD", _) => match self.objects.get(&name) {
                None => error(StatusCode::NOT_FOUND, "NoSuchKey"),
                Some(object) => with_etag(read(object, headers)),
            },
            _ => error(StatusCode::METHOD_NOT_ALLOWED, "MethodNotAllowed"),
        }
    }

    fn list(&self, query: &BTreeMap<String, String>) -> Answer {
        let prefix = query.get("prefix").map_or("", String::as_str);
        let after = query.get("continuation-token").map_or("", String::as_str);
        let named: Vec<_> = self
            .objects
            .iter()
            .filter(|(name, _)| name.starts_with(prefix) && name.as_str() > after)
            .collect();
        let mut xml = format!("<ListBucketResult><IsTruncated>{}</IsTruncated>", named.len() > PAGE);
        for (name, object) in named.iter().take(PAGE) {
            let size = object.len();
            let _ = write!(
                xml,
                "<Contents><Key>{name}</Key><LastModified>{WRITTEN}</LastModified><ETag>\"e\"</ETag><Size>{size}</Size></Contents>"
            );
        }
        if named.len() > PAGE {
            let _ = write!(xml, "<NextContinuationToken>{}</NextContinuationToken>", named[PAGE - 1].0);
        }
        xml.push_str("</ListBucketResult>");
        reply(StatusCode::OK, xml.into())
    }
}

fn with_etag(mut answer: Answer) -> Answer {
    answer.headers_mut().insert(header::ETAG, http::HeaderValue::from_static("\"e\""));
    let written = http::HeaderValue::from_static("Thu, 15 Jan 2026 12:00:00 GMT");
    answer.headers_mut().insert(header::LAST_MODIFIED, written);
    answer
}

fn read(object: &Bytes, headers: &HeaderMap) -> Answer {
    let range = headers.get(header::RANGE).and_then(|range| range.to_str().ok());
    let Some((start, end)) = range.and_then(|range| range.strip_prefix("bytes=")?.split_once('-')) else {
        let mut answer = reply(StatusCode::OK, object.clone());
        // Also of one without a byte, and to HEAD.
        answer.headers_mut().insert(header::CONTENT_LENGTH, object.len().into());
        return answer;
    };
    let start: usize = start.parse().unwrap_or(0);
    let end = end.parse().unwrap_or(usize::MAX).saturating_add(1).min(object.len());
    if start >= object.len() {
        return error(StatusCode::RANGE_NOT_SATISFIABLE, "InvalidRange");
    }
    let mut answer = reply(StatusCode::PARTIAL_CONTENT, object.slice(start..end));
    let value = format!("bytes {start}-{}/{}", end - 1, object.len());
    answer.headers_mut().insert(header::CONTENT_RANGE, value.parse().expect("a header"));
    answer
}
