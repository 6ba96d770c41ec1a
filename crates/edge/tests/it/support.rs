//! A running edge with a service that reports what it saw, and clients that speak raw HTTP to it.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use edge::{CertificateAuthority, Connection, EdgeConfig, SniResolver, WallClock};
use http::{Request, Response};
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Full};
use hyper::body::{Body, Frame, Incoming, SizeHint};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::version::{TLS12, TLS13};
use rustls::{ClientConfig, RootCertStore, SupportedProtocolVersion};
use tempfile::TempDir;
use time::OffsetDateTime;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Notify, oneshot};
use tokio::task::JoinHandle;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

/// A deadline for the tests themselves: reached only when something hangs.
const PATIENCE: Duration = Duration::from_secs(20);
/// More than the socket buffers of both sides hold.
pub(crate) const HUGE_BODY_BYTES: usize = 64 * 1024 * 1024;
/// What `/huge` is made of.
static PIECE: [u8; 64 * 1024] = [b'x'; 64 * 1024];
/// A deadline of the edge that a test waits for.
pub(crate) const SHORT: Duration = Duration::from_millis(50);

/// Fails the test instead of hanging.
pub(crate) async fn soon<T>(operation: impl Future<Output = T>) -> T {
    tokio::time::timeout(PATIENCE, operation).await.expect("the edge did not react")
}

/// Signals between a test and the requests it runs.
#[derive(Default)]
pub(crate) struct Signals {
    /// `/slow` has been reached.
    pub(crate) started: Notify,
    /// `/slow` may answer.
    pub(crate) release: Notify,
    /// The body of `/huge` has been dropped.
    pub(crate) dropped: Notify,
}

/// A body of many pieces that reports when it is no longer wanted.
struct Pieces {
    left: usize,
    signals: Arc<Signals>,
}

impl Body for Pieces {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        if self.left == 0 {
            return Poll::Ready(None);
        }
        self.left -= PIECE.len();
        Poll::Ready(Some(Ok(Frame::data(Bytes::from_static(&PIECE)))))
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.left as u64)
    }
}

impl Drop for Pieces {
    fn drop(&mut self) {
        self.signals.dropped.notify_one();
    }
}

pub(crate) struct Edge {
    pub(crate) address: SocketAddr,
    pub(crate) authority: Arc<CertificateAuthority>,
    pub(crate) signals: Arc<Signals>,
    pub(crate) stop: oneshot::Sender<()>,
    pub(crate) served: JoinHandle<std::io::Result<()>>,
    _dir: TempDir,
}

pub(crate) fn system_clock() -> WallClock {
    Arc::new(OffsetDateTime::now_utc)
}

/// Starts an edge; `adjust` changes its limits.
pub(crate) async fn start(adjust: impl FnOnce(&mut EdgeConfig)) -> Edge {
    let dir = tempfile::tempdir().unwrap();
    let now = OffsetDateTime::now_utc();
    let authority = Arc::new(CertificateAuthority::load_or_create(dir.path(), None, now).unwrap());
    let resolver = SniResolver::new(Arc::clone(&authority), None, system_clock());
    let mut config = EdgeConfig::new(edge::tls::server_config(resolver).unwrap());
    adjust(&mut config);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let signals = Arc::new(Signals::default());
    let (stop, stopped) = oneshot::channel();
    let seen = Arc::clone(&signals);
    let service = tower::service_fn(move |request: Request<Incoming>| report(request, Arc::clone(&seen)));
    let served = tokio::spawn(edge::serve(listener, config, service, async {
        // A test that drops the sender also wants the edge to stop.
        let _dropped = stopped.await;
    }));
    Edge { address, authority, signals, stop, served, _dir: dir }
}

/// Answers with the request line and the connection as the service sees them.
async fn report(
    request: Request<Incoming>,
    signals: Arc<Signals>,
) -> Result<Response<UnsyncBoxBody<Bytes, Infallible>>, Infallible> {
    match request.uri().path() {
        "/slow" => {
            signals.started.notify_one();
            signals.release.notified().await;
        }
        "/huge" => {
            let body = Pieces { left: HUGE_BODY_BYTES, signals };
            return Ok(Response::new(body.boxed_unsync()));
        }
        "/large" => {
            let body = Full::new(Bytes::from(vec![b'x'; HUGE_BODY_BYTES]));
            return Ok(Response::new(body.boxed_unsync()));
        }
        _ => {}
    }
    let connection = request.extensions().get::<Connection>().expect("every request carries its connection");
    let text = format!(
        "{} {} {} tunnel={} loopback={}",
        request.method(),
        request.uri(),
        connection.scheme.as_str(),
        connection.via_tunnel,
        connection.loopback
    );
    Ok(Response::new(Full::new(Bytes::from(text)).boxed_unsync()))
}

impl Edge {
    pub(crate) async fn connect(&self) -> TcpStream {
        TcpStream::connect(self.address).await.unwrap()
    }

    /// Opens a tunnel, or returns the refusal.
    pub(crate) async fn tunnel(&self, authority: &str) -> Result<TcpStream, String> {
        let mut stream = self.connect().await;
        let head = format!("CONNECT {authority} HTTP/1.1\r\nhost: {authority}\r\n\r\n");
        stream.write_all(head.as_bytes()).await.unwrap();
        let head = read_head(&mut stream).await;
        if head.starts_with("HTTP/1.1 200 ") {
            return Ok(stream);
        }
        let body = read_body(&mut stream, &head).await;
        Err(format!("{head}{body}"))
    }

    /// A TLS handshake that trusts nothing but this edge's authority.
    pub(crate) async fn handshake<T: AsyncRead + AsyncWrite + Unpin>(
        &self,
        stream: T,
        name: &str,
        version: &'static SupportedProtocolVersion,
    ) -> std::io::Result<TlsStream<T>> {
        let connector = TlsConnector::from(trusting(self.authority.ca_pem(), version));
        let name = ServerName::try_from(name.to_owned()).unwrap();
        soon(connector.connect(name, stream)).await
    }

    /// As [`Self::handshake`], with TLS 1.3.
    pub(crate) async fn tls<T: AsyncRead + AsyncWrite + Unpin>(
        &self,
        stream: T,
        name: &str,
    ) -> std::io::Result<TlsStream<T>> {
        self.handshake(stream, name, &TLS13).await
    }

    /// As [`Self::handshake`], with TLS 1.2.
    pub(crate) async fn tls12<T: AsyncRead + AsyncWrite + Unpin>(
        &self,
        stream: T,
        name: &str,
    ) -> std::io::Result<TlsStream<T>> {
        self.handshake(stream, name, &TLS12).await
    }
}

pub(crate) fn roots(ca_pem: &str) -> RootCertStore {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_slice(ca_pem.as_bytes()).unwrap()).unwrap();
    roots
}

fn trusting(ca_pem: &str, version: &'static SupportedProtocolVersion) -> Arc<ClientConfig> {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    Arc::new(
        ClientConfig::builder_with_provider(provider)
            .with_protocol_versions(&[version])
            .unwrap()
            .with_root_certificates(roots(ca_pem))
            .with_no_client_auth(),
    )
}

/// Sends one request and returns head and body of the answer; the connection stays open.
pub(crate) async fn exchange<T: AsyncRead + AsyncWrite + Unpin>(
    stream: &mut T,
    request_line: &str,
) -> String {
    let head = format!("{request_line} HTTP/1.1\r\nhost: api.twilio.com\r\n\r\n");
    stream.write_all(head.as_bytes()).await.unwrap();
    stream.flush().await.unwrap();
    read_answer(stream).await
}

pub(crate) async fn read_answer<T: AsyncRead + Unpin>(stream: &mut T) -> String {
    let head = read_head(stream).await;
    let body = read_body(stream, &head).await;
    format!("{head}{body}")
}

async fn read_head<T: AsyncRead + Unpin>(stream: &mut T) -> String {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(soon(stream.read_u8()).await.unwrap());
    }
    String::from_utf8(head).unwrap()
}

async fn read_body<T: AsyncRead + Unpin>(stream: &mut T, head: &str) -> String {
    let length = head
        .lines()
        .find_map(|line| line.strip_prefix("content-length: "))
        .map_or(0, |length| length.parse().unwrap());
    let mut body = vec![0; length];
    soon(stream.read_exact(&mut body)).await.unwrap();
    String::from_utf8(body).unwrap()
}

/// Waits until the edge has closed the connection; how (end or reset) does not matter.
pub(crate) async fn closed<T: AsyncRead + Unpin>(stream: &mut T) {
    let mut rest = Vec::new();
    if let Ok(count) = soon(stream.read_to_end(&mut rest)).await {
        assert_eq!(count, 0, "closed without an answer");
    }
}
