//! One connection from its first byte to its end: TLS or not, HTTP, and `CONNECT` tunnels that end here.

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{Method, Request, Response};
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Empty};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::upgrade::OnUpgrade;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::{OwnedSemaphorePermit, mpsc, watch};
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;
use tower::util::BoxCloneSyncService;
use tower::{BoxError, ServiceExt};

use crate::first_byte::{Protocol, detect};
use crate::hosts::connect_allowed;
use crate::limits::{DRAIN_HEAD_TIMEOUT, MIN_HTTP_BUFFER_BYTES};
use crate::listener::EdgeConfig;
use crate::refusal::Refusal;
use crate::watch::{Activity, ServedBody, Serving, Watched};

/// The service that answers requests, with its types erased: connections need not know them.
pub(crate) type EdgeService =
    BoxCloneSyncService<Request<Incoming>, Response<UnsyncBoxBody<Bytes, BoxError>>, BoxError>;

/// How the bytes of a request were protected on their way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scheme {
    /// TLS, ended in this process.
    Https,
    /// In the clear.
    Http,
}

impl Scheme {
    /// `https` or `http`, as links need it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Https => "https",
            Self::Http => "http",
        }
    }
}

/// How a request reached us; every request carries one among its extensions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Connection {
    /// The other end of the TCP connection.
    pub peer: SocketAddr,
    /// TLS or not, inside the tunnel if there is one.
    pub scheme: Scheme,
    /// True if the request came through `CONNECT`.
    pub via_tunnel: bool,
    /// True if the peer is on this machine.
    pub loopback: bool,
}

/// How far the shutdown has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Phase {
    /// New requests are welcome.
    Running,
    /// Running requests are finished, no new ones are taken.
    Draining,
    /// Everything ends now.
    Cancelled,
}

/// A connection's view of the server's life, and the server's way to see that the connection still lives.
#[derive(Clone)]
pub(crate) struct Life {
    pub(crate) phase: watch::Receiver<Phase>,
    /// Never used to send: the receiver learns when the last clone is dropped.
    pub(crate) _alive: mpsc::Sender<()>,
}

impl Life {
    /// Returns once the phase is reached, or the server is gone altogether.
    async fn reached(&self, phase: Phase) {
        let mut receiver = self.phase.clone();
        // An error means that the server has dropped its end, which is as final as `Cancelled`.
        let _gone = receiver.wait_for(|now| *now >= phase).await;
    }
}

/// What the layers of one connection share.
#[derive(Clone)]
pub(crate) struct Context {
    pub(crate) config: Arc<EdgeConfig>,
    pub(crate) service: EdgeService,
    pub(crate) life: Life,
    pub(crate) peer: SocketAddr,
    pub(crate) permit: Arc<OwnedSemaphorePermit>,
}

/// Serves a connection or tunnel until it ends or the server is cancelled.
pub(crate) async fn serve_connection<T>(stream: T, via_tunnel: bool, context: Context)
where
    T: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let life = context.life.clone();
    tokio::select! {
        () = serve_protocol(stream, via_tunnel, context) => {}
        () = life.reached(Phase::Cancelled) => {}
    }
}

async fn serve_protocol<T>(stream: T, via_tunnel: bool, context: Context)
where
    T: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let config = Arc::clone(&context.config);
    let detected = tokio::select! {
        detected = within(config.first_byte_timeout, detect(stream)) => detected,
        () = context.life.reached(Phase::Draining) => return,
    };
    let (protocol, stream) = match detected {
        Ok(Some(detected)) => detected,
        Ok(None) => return,
        Err(error) => return ended("waiting for the first byte", &error),
    };
    match protocol {
        Protocol::Http => serve_http(stream, Scheme::Http, via_tunnel, context).await,
        Protocol::Tls => {
            let handshake = TlsAcceptor::from(Arc::clone(&config.tls)).accept(stream);
            match within(config.tls_handshake_timeout, handshake).await {
                Ok(stream) => serve_http(stream, Scheme::Https, via_tunnel, context).await,
                Err(error) => ended("TLS handshake", &error),
            }
        }
    }
}

async fn serve_http<T>(stream: T, scheme: Scheme, via_tunnel: bool, context: Context)
where
    T: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let connection = Connection {
        peer: context.peer,
        scheme,
        via_tunnel,
        loopback: context.peer.ip().to_canonical().is_loopback(),
    };
    let config = Arc::clone(&context.config);
    let life = context.life.clone();
    let activity = Activity::new();
    let stream =
        Watched::new(stream, Arc::clone(&activity), config.write_stall_timeout, Arc::clone(&context.permit));
    let watched = Arc::clone(&activity);
    let service = service_fn(move |request| answer(request, connection, context.clone(), watched.serve()));
    let served = http1::Builder::new()
        .header_read_timeout(None)
        .max_header_size(config.max_header_bytes)
        .max_buf_size(config.max_header_bytes.max(MIN_HTTP_BUFFER_BYTES))
        .serve_connection(TokioIo::new(stream), service)
        .with_upgrades();
    let mut served = pin!(served);
    let mut head = config.header_timeout;
    let mut draining = false;
    loop {
        tokio::select! {
            result = served.as_mut() => {
                if let Err(error) = result {
                    // Its text names the failure, never what was received.
                    tracing::debug!(%error, "connection ended");
                }
                return;
            }
            () = activity.expired(head, config.idle_timeout) => {
                tracing::debug!("connection closed: no complete request in time");
                return;
            }
            () = life.reached(Phase::Draining), if !draining => {
                draining = true;
                // Idle connections are closed by the call below; one that is inside a request head is not.
                head = head.min(DRAIN_HEAD_TIMEOUT);
                served.as_mut().graceful_shutdown();
            }
        }
    }
}

/// Answers one request: what is meant for a proxy here, everything else by the service.
async fn answer(
    mut request: Request<Incoming>,
    connection: Connection,
    context: Context,
    serving: Serving,
) -> Result<Response<ServedBody>, BoxError> {
    let response = if request.method() == Method::CONNECT {
        connect(&mut request, connection, context)
    } else if request.uri().authority().is_some() {
        refuse(Refusal::AbsoluteForm)
    } else {
        request.extensions_mut().insert(connection);
        let limit = context.config.request_timeout;
        match timeout(limit, context.service.oneshot(request)).await {
            Ok(response) => response?,
            Err(_) => refuse(Refusal::RequestTimeout),
        }
    };
    Ok(response.map(|body| ServedBody::new(body, serving)))
}

/// Opens a tunnel that ends in this process, or refuses.
fn connect(
    request: &mut Request<Incoming>,
    connection: Connection,
    context: Context,
) -> Response<UnsyncBoxBody<Bytes, BoxError>> {
    if connection.via_tunnel || connection.scheme == Scheme::Https {
        return refuse(Refusal::ConnectNested);
    }
    let authority = request.uri().authority().map(http::uri::Authority::as_str);
    if !authority.is_some_and(connect_allowed) {
        tracing::debug!("CONNECT refused: not a host we answer for");
        return refuse(Refusal::ConnectHost);
    }
    let upgrade = hyper::upgrade::on(request);
    tokio::spawn(serve_tunnel(upgrade, context));
    Response::new(Empty::new().map_err(Into::into).boxed_unsync())
}

/// The tunnel as a boxed future: it contains the same code as the connection that opened it.
fn serve_tunnel(upgrade: OnUpgrade, context: Context) -> Pin<Box<dyn Future<Output = ()> + Send>> {
    Box::pin(async move {
        match upgrade.await {
            Ok(upgraded) => serve_connection(TokioIo::new(upgraded), true, context).await,
            Err(error) => tracing::debug!(%error, "tunnel not opened"),
        }
    })
}

fn refuse(refusal: Refusal) -> Response<UnsyncBoxBody<Bytes, BoxError>> {
    refusal.response().map(|body| body.map_err(Into::into).boxed_unsync())
}

/// The result of an I/O operation, or `TimedOut`.
async fn within<R>(limit: Duration, operation: impl Future<Output = io::Result<R>>) -> io::Result<R> {
    timeout(limit, operation).await.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()))
}

/// Peers come and go and send nonsense: worth a line for who looks, without what they sent.
fn ended(stage: &'static str, error: &io::Error) {
    tracing::debug!(stage, kind = ?error.kind(), "connection ended");
}
