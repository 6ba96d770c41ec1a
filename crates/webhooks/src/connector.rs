//! The only place that opens a socket for a webhook: resolve, check each address, connect to a checked address, verify.
//!
//! The check sits here, below name resolution and below the HTTP client, because a check anywhere above can be passed
//! by an IP literal, an odd spelling of one, a redirect, or a name that resolves differently the second time.

use std::error::Error;
use std::future::Future;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use base::{IpRange, may_reach};
use http::Uri;
use hyper::rt::{Read, ReadBufCursor, Write};
use hyper_util::client::legacy::connect::{Connected, Connection};
use hyper_util::rt::TokioIo;
use rustls::pki_types::ServerName;
use rustls::{AlertDescription, CertificateError};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tower::Service;

use crate::egress::Egress;
use crate::error::SendError;
use crate::limits;

/// Opens connections to checked addresses only.
#[derive(Clone)]
pub(crate) struct Connector {
    allowed_private: Arc<[IpRange]>,
    config: Arc<rustls::ClientConfig>,
    tls: TlsConnector,
    egress: Arc<Egress>,
    connect_timeout: Duration,
}

impl Connector {
    pub(crate) fn new(
        allowed_private: &[IpRange],
        tls: Arc<rustls::ClientConfig>,
        egress: Egress,
        connect_timeout: Duration,
    ) -> Connector {
        Connector {
            allowed_private: allowed_private.into(),
            tls: TlsConnector::from(Arc::clone(&tls)),
            config: tls,
            egress: Arc::new(egress),
            connect_timeout,
        }
    }

    async fn connect(self, uri: Uri) -> Result<Stream, SendError> {
        let host = uri.host().ok_or(SendError::Dns)?;
        let host = bare(host);
        let https = uri.scheme_str() == Some("https");
        let port = uri.port_u16().unwrap_or(if https { 443 } else { 80 });
        let tcp = self.dial(host, port).await?;
        if !https {
            return Ok(Stream::Plain(TokioIo::new(tcp)));
        }
        let name = ServerName::try_from(host.to_owned()).map_err(|_| SendError::CertificateName)?;
        let tls = self.tls.connect(name, tcp).await.map_err(|error| handshake_failure(&error))?;
        Ok(Stream::Tls(TokioIo::new(Box::new(tls))))
    }

    /// A connection to a checked address of a host.
    pub(crate) async fn dial(&self, host: &str, port: u16) -> Result<TcpStream, SendError> {
        let addresses = self.allowed_addresses(bare(host), port).await?;
        let tcp = self.open(&addresses).await?;
        // A webhook is one small write and one small read: waiting to fill a segment only costs time.
        tcp.set_nodelay(true).map_err(|_| SendError::Connect)?;
        Ok(tcp)
    }

    /// How TLS is spoken to what is not HTTP: the same trust, and no word of a protocol above it, which some servers
    /// refuse when it is not theirs.
    pub(crate) fn tls(&self) -> TlsConnector {
        let mut config = (*self.config).clone();
        config.alpn_protocols.clear();
        TlsConnector::from(Arc::new(config))
    }

    async fn allowed_addresses(&self, host: &str, port: u16) -> Result<Vec<SocketAddr>, SendError> {
        let resolved: Vec<SocketAddr> = match host.parse::<IpAddr>() {
            Ok(address) => vec![SocketAddr::new(address, port)],
            Err(_) => tokio::net::lookup_host((host, port)).await.map_err(|_| SendError::Dns)?.collect(),
        };
        if resolved.is_empty() {
            return Err(SendError::Dns);
        }
        let allowed: Vec<SocketAddr> = resolved
            .into_iter()
            .filter(|address| may_reach(address.ip(), &self.allowed_private))
            .take(limits::ADDRESSES_TRIED)
            .collect();
        if allowed.is_empty() { Err(SendError::AddressRefused) } else { Ok(allowed) }
    }

    /// Tries one address after the other. Each but the last gets only its share of the usual time, so that a dead one
    /// cannot use up all; the last may take what the request and the hard limit allow.
    async fn open(&self, addresses: &[SocketAddr]) -> Result<TcpStream, SendError> {
        let Some((last, earlier)) = addresses.split_last() else {
            return Err(SendError::Dns);
        };
        let count = u32::try_from(addresses.len()).unwrap_or(u32::MAX);
        let share = self.connect_timeout / count;
        for address in earlier {
            if let Ok(Ok(stream)) = timeout(share, self.egress.dial(*address)).await {
                return Ok(stream);
            }
        }
        self.egress.dial(*last).await
    }
}

impl Service<Uri> for Connector {
    type Response = Stream;
    type Error = SendError;
    type Future = Pin<Box<dyn Future<Output = Result<Stream, SendError>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), SendError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, uri: Uri) -> Self::Future {
        let connect = self.clone().connect(uri);
        // The pool may keep connecting for a request that has given up: this is the end of that.
        Box::pin(async {
            timeout(limits::CONNECT_TIMEOUT_MAX, connect).await.unwrap_or(Err(SendError::ConnectTimeout))
        })
    }
}

/// URIs write IPv6 in brackets, resolvers and certificates do not.
pub(crate) fn bare(host: &str) -> &str {
    host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host)
}

fn handshake_failure(error: &io::Error) -> SendError {
    let rustls_error = error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>());
    match rustls_error {
        Some(rustls::Error::InvalidCertificate(problem)) => certificate_failure(problem),
        Some(rustls::Error::AlertReceived(alert)) => alert_failure(*alert),
        _ => SendError::TlsHandshake,
    }
}

/// What the other side's TLS alert means; in TLS 1.3 it refuses our certificate only after the handshake (RFC 8446 §2).
fn alert_failure(alert: AlertDescription) -> SendError {
    match alert {
        AlertDescription::CertificateRequired
        | AlertDescription::BadCertificate
        | AlertDescription::UnsupportedCertificate
        | AlertDescription::CertificateRevoked
        | AlertDescription::CertificateExpired
        | AlertDescription::CertificateUnknown
        | AlertDescription::UnknownCA
        | AlertDescription::AccessDenied
        | AlertDescription::DecryptError => SendError::ClientCertificateRefused,
        _ => SendError::TlsHandshake,
    }
}

fn certificate_failure(problem: &CertificateError) -> SendError {
    match problem {
        CertificateError::Expired
        | CertificateError::ExpiredContext { .. }
        | CertificateError::NotValidYet
        | CertificateError::NotValidYetContext { .. } => SendError::CertificateExpired,
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
            SendError::CertificateName
        }
        _ => SendError::CertificateUntrusted,
    }
}

/// The [`SendError`] that a lower layer wrapped, or a TLS alert that says as much, if there is one.
pub(crate) fn find_send_error(error: &(dyn Error + 'static)) -> Option<SendError> {
    let mut next = Some(error);
    while let Some(error) = next {
        if let Some(found) = error.downcast_ref::<SendError>() {
            return Some(*found);
        }
        let alert = error.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
        if let Some(rustls::Error::AlertReceived(alert)) = alert.and_then(|inner| inner.downcast_ref()) {
            return Some(alert_failure(*alert));
        }
        next = error.source();
    }
    None
}

/// A connection to a checked address.
pub(crate) enum Stream {
    Plain(TokioIo<TcpStream>),
    Tls(TokioIo<Box<TlsStream<TcpStream>>>),
}

impl Connection for Stream {
    fn connected(&self) -> Connected {
        Connected::new()
    }
}

impl Read for Stream {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Stream::Plain(stream) => Pin::new(stream).poll_read(context, buffer),
            Stream::Tls(stream) => Pin::new(stream).poll_read(context, buffer),
        }
    }
}

impl Write for Stream {
    fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Stream::Plain(stream) => Pin::new(stream).poll_write(context, bytes),
            Stream::Tls(stream) => Pin::new(stream).poll_write(context, bytes),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Stream::Plain(stream) => Pin::new(stream).poll_flush(context),
            Stream::Tls(stream) => Pin::new(stream).poll_flush(context),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Stream::Plain(stream) => Pin::new(stream).poll_shutdown(context),
            Stream::Tls(stream) => Pin::new(stream).poll_shutdown(context),
        }
    }
}
