//! Accepts connections within the limits, hands each to its own task, and ends them in good order.

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::BodyExt;
use hyper::body::{Body, Incoming};
use rustls::ServerConfig;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc, watch};
use tokio::time::{sleep, timeout};
use tower::util::BoxCloneSyncService;
use tower::{BoxError, Service, ServiceExt};

use crate::connection::{Context, EdgeService, Life, Phase, serve_connection};
use crate::first_byte::{Protocol, detect};
use crate::limits;
use crate::refusal::Refusal;

/// A fatal `internal_error` alert (`RFC 8446 §6`): the refusal that a TLS client understands before a handshake.
const TLS_INTERNAL_ERROR: [u8; 7] = [0x15, 0x03, 0x03, 0x00, 0x02, 0x02, 0x50];
/// Bytes of a refused request that are read at once while it is thrown away.
const DISCARD_BYTES: usize = 1024;

/// Settings of the port. [`EdgeConfig::new`] takes every limit from [`crate::limits`].
#[derive(Clone, Debug)]
pub struct EdgeConfig {
    /// TLS settings, from [`crate::tls::server_config`].
    pub tls: Arc<ServerConfig>,
    /// Connections served at the same time.
    pub max_connections: usize,
    /// Request line and header fields together, in bytes.
    pub max_header_bytes: usize,
    /// How long a new connection or tunnel may stay silent.
    pub first_byte_timeout: Duration,
    /// How long a TLS handshake may take.
    pub tls_handshake_timeout: Duration,
    /// How long one request head may take.
    pub header_timeout: Duration,
    /// How long a kept-alive connection may wait for its next request.
    pub idle_timeout: Duration,
    /// How long a peer may refuse to take bytes.
    pub write_stall_timeout: Duration,
    /// How long a request may take until its answer begins.
    pub request_timeout: Duration,
    /// How long running requests may go on after shutdown was asked for.
    pub shutdown_grace: Duration,
}

impl EdgeConfig {
    /// The default limits with these TLS settings.
    pub fn new(tls: Arc<ServerConfig>) -> Self {
        Self {
            tls,
            max_connections: limits::MAX_CONNECTIONS,
            max_header_bytes: limits::MAX_HEADER_BYTES,
            first_byte_timeout: limits::FIRST_BYTE_TIMEOUT,
            tls_handshake_timeout: limits::TLS_HANDSHAKE_TIMEOUT,
            header_timeout: limits::HEADER_TIMEOUT,
            idle_timeout: limits::IDLE_TIMEOUT,
            write_stall_timeout: limits::WRITE_STALL_TIMEOUT,
            request_timeout: limits::REQUEST_TIMEOUT,
            shutdown_grace: limits::SHUTDOWN_GRACE,
        }
    }
}

/// Serves `listener` until `shutdown` completes and running requests have ended, or their grace is over.
///
/// The service sees every request that is not meant for a proxy, with a [`crate::Connection`] among
/// its extensions. An error of the service closes its connection without an answer.
///
/// # Errors
/// `InvalidInput` if `max_connections` is zero or more than a semaphore can count.
pub async fn serve<S, B>(
    listener: TcpListener,
    config: EdgeConfig,
    service: S,
    shutdown: impl Future<Output = ()>,
) -> io::Result<()>
where
    S: Service<Request<Incoming>, Response = Response<B>> + Clone + Send + Sync + 'static,
    S::Future: Send + 'static,
    S::Error: Into<BoxError>,
    B: Body<Data = Bytes> + Send + 'static,
    B::Error: Into<BoxError>,
{
    if config.max_connections == 0 || config.max_connections > Semaphore::MAX_PERMITS {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "max_connections is out of range"));
    }
    let (phase_sender, phase) = watch::channel(Phase::Running);
    let (alive, mut all_ended) = mpsc::channel::<()>(1);
    let grace = config.shutdown_grace;
    let port = Port {
        places: Arc::new(Semaphore::new(config.max_connections)),
        refusals: Arc::new(Semaphore::new(limits::MAX_REFUSALS)),
        config: Arc::new(config),
        service: BoxCloneSyncService::new(
            service
                .map_response(|response: Response<B>| {
                    response.map(|body| body.map_err(Into::into).boxed_unsync())
                })
                .map_err(Into::into),
        ),
        life: Life { phase, _alive: alive },
    };

    accept_until(&listener, &port, shutdown).await;
    drop(listener);
    drop(port);
    phase_sender.send_replace(Phase::Draining);
    if timeout(grace, all_ended.recv()).await.is_err() {
        tracing::warn!("shutdown: requests still running after the grace period are cancelled");
        phase_sender.send_replace(Phase::Cancelled);
        if timeout(limits::CANCEL_TIMEOUT, all_ended.recv()).await.is_err() {
            tracing::warn!("shutdown: a connection did not end when cancelled");
        }
    }
    Ok(())
}

/// What is needed to admit a connection.
struct Port {
    config: Arc<EdgeConfig>,
    service: EdgeService,
    life: Life,
    places: Arc<Semaphore>,
    refusals: Arc<Semaphore>,
}

async fn accept_until(listener: &TcpListener, port: &Port, shutdown: impl Future<Output = ()>) {
    let mut shutdown = pin!(shutdown);
    let mut failures = 0;
    loop {
        let accepted = tokio::select! {
            biased;
            () = shutdown.as_mut() => return,
            accepted = listener.accept() => accepted,
        };
        let error = match accepted {
            Ok((stream, peer)) => {
                failures = 0;
                port.admit(stream, peer);
                continue;
            }
            Err(error) => error,
        };
        let Some(pause) = pause_after(error.kind(), failures) else {
            tracing::debug!(kind = ?error.kind(), "a connection ended before it was accepted");
            continue;
        };
        failures += 1;
        tracing::warn!(kind = ?error.kind(), os_error = error.raw_os_error(), "accepting failed; pausing");
        tokio::select! {
            () = shutdown.as_mut() => return,
            () = sleep(pause) => {}
        }
    }
}

impl Port {
    /// Starts serving a new connection, or telling it that there is no room.
    fn admit(&self, stream: TcpStream, peer: SocketAddr) {
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(kind = ?error.kind(), "connection ended at once");
            return;
        }
        if let Ok(permit) = Arc::clone(&self.places).try_acquire_owned() {
            let context = Context {
                config: Arc::clone(&self.config),
                service: self.service.clone(),
                life: self.life.clone(),
                peer,
                permit: Arc::new(permit),
            };
            tokio::spawn(serve_connection(stream, false, context));
        } else if let Ok(permit) = Arc::clone(&self.refusals).try_acquire_owned() {
            tokio::spawn(refuse(stream, permit));
        } else {
            tracing::debug!("connection closed: no room even to refuse it");
        }
    }
}

/// Says "busy" in the peer's protocol, within a short time.
async fn refuse(stream: TcpStream, _permit: OwnedSemaphorePermit) {
    let refused = timeout(limits::REFUSAL_TIMEOUT, async {
        let Some((protocol, mut stream)) = detect(stream).await? else {
            return Ok(());
        };
        match protocol {
            Protocol::Tls => stream.write_all(&TLS_INTERNAL_ERROR).await?,
            Protocol::Http => stream.write_all(&Refusal::Busy.bytes()).await?,
        }
        stream.shutdown().await?;
        // Closing with unread bytes would reset the connection and could destroy the answer on its way.
        let mut discarded = [0; DISCARD_BYTES];
        while stream.read(&mut discarded).await? > 0 {}
        io::Result::Ok(())
    });
    match refused.await {
        Ok(Ok(())) => tracing::debug!("connection refused: too many"),
        Ok(Err(error)) => tracing::debug!(kind = ?error.kind(), "refused connection ended"),
        Err(_) => tracing::debug!("refused connection closed: out of time"),
    }
}

/// How long to wait before accepting again; `None` if only the one peer is to blame.
///
/// When the system is out of descriptors or memory the pending connection stays in the queue, and
/// accepting at once would fail at once, forever.
fn pause_after(error: io::ErrorKind, earlier_failures: u32) -> Option<Duration> {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset, Interrupted};
    if matches!(error, ConnectionAborted | ConnectionRefused | ConnectionReset | Interrupted) {
        return None;
    }
    let factor = 2_u32.saturating_pow(earlier_failures);
    let pause = limits::ACCEPT_PAUSE_MIN.saturating_mul(factor);
    Some(pause.min(limits::ACCEPT_PAUSE_MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accepting_backs_off_only_when_the_system_is_at_fault() {
        let exhausted = io::Error::from_raw_os_error(24).kind();
        let pauses: Vec<_> = [0, 1, 2, 6, 7, u32::MAX]
            .map(|failures| pause_after(exhausted, failures).map(|pause| pause.as_millis()))
            .to_vec();
        let expected = [10, 20, 40, 640, 1000, 1000].map(Some);
        assert_eq!(pauses, expected);
        assert_eq!(pause_after(io::ErrorKind::ConnectionAborted, 3), None);
    }
}
