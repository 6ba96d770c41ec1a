//! TLS to PostgreSQL: required and verified for every server that is not on this machine.
//!
//! The server's certificate must be valid for its name. It is checked against the public roots, or
//! against the file that `sslrootcert` names in the URL (PEM; the path as it is, not encoded).

use std::future::Future;
use std::io;
use std::net::IpAddr;
use std::pin::Pin;
use std::str::FromStr;
use std::sync::Arc;
use std::task::{Context, Poll};

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, InvalidDnsNameError, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_postgres::config::{Host, SslMode};
use tokio_postgres::tls::{ChannelBinding, MakeTlsConnect, TlsConnect, TlsStream};
use tokio_postgres::{Config, Socket};

use crate::OpenError;

/// Reads a URL or key-value string: the configuration and how to speak TLS.
pub(crate) fn parse(url: &str) -> Result<(Config, Tls), OpenError> {
    let (url, roots_file) = take_option(url, "sslrootcert");
    let (url, mode) = take_option(&url, "sslmode");
    let mut config = Config::from_str(&url).map_err(|_| refused("the database URL cannot be read"))?;
    let mode = match (mode.as_deref(), is_local(&config)) {
        (Some("require" | "verify-ca" | "verify-full"), _) | (None | Some("prefer"), false) => {
            SslMode::Require
        }
        (None | Some("prefer" | "disable"), true) => SslMode::Disable,
        (Some("disable"), false) => return Err(refused("a server on another machine needs TLS")),
        (Some(_), _) => return Err(refused("the database URL has an unknown sslmode")),
    };
    config.ssl_mode(mode);
    Tls::new(roots_file.as_deref()).map(|tls| (config, tls))
}

fn refused(cause: &str) -> OpenError {
    OpenError::Unavailable(cause.into())
}

/// Takes `name=value` out of a URL's query or of a key-value string.
fn take_option(url: &str, name: &str) -> (String, Option<String>) {
    let (head, options, separator) = match url.split_once("://") {
        Some(_) => match url.split_once('?') {
            Some((base, query)) => (format!("{base}?"), query, '&'),
            None => return (url.to_owned(), None),
        },
        None => (String::new(), url, ' '),
    };
    let mut value = None;
    let mut others = Vec::new();
    for option in options.split(separator) {
        match option.split_once('=') {
            Some((key, found)) if key == name => value = Some(found.to_owned()),
            _ => others.push(option),
        }
    }
    (head + &others.join(&separator.to_string()), value)
}

/// Whether every host is this machine.
fn is_local(config: &Config) -> bool {
    let hosts_are_local = config.get_hosts().iter().all(|host| match host {
        Host::Tcp(name) => {
            name == "localhost" || name.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
        }
        #[cfg(unix)]
        Host::Unix(_) => true,
    });
    hosts_are_local && config.get_hostaddrs().iter().all(IpAddr::is_loopback)
}

/// How to speak TLS to a server.
#[derive(Clone)]
pub(crate) struct Tls(Arc<ClientConfig>);

impl Tls {
    fn new(roots_file: Option<&str>) -> Result<Self, OpenError> {
        let mut roots = RootCertStore::empty();
        match roots_file {
            None => roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned()),
            Some(path) => {
                let unreadable = || refused("the file that sslrootcert names cannot be read");
                for certificate in CertificateDer::pem_file_iter(path).map_err(|_| unreadable())? {
                    let certificate = certificate.map_err(|_| unreadable())?;
                    roots.add(certificate).map_err(|_| unreadable())?;
                }
                if roots.is_empty() {
                    return Err(unreadable());
                }
            }
        }
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|_| refused("TLS cannot be set up"))?
            .with_root_certificates(roots)
            .with_no_client_auth();
        Ok(Self(Arc::new(config)))
    }
}

impl MakeTlsConnect<Socket> for Tls {
    type Stream = Stream;
    type TlsConnect = Connect;
    type Error = InvalidDnsNameError;

    fn make_tls_connect(&mut self, host: &str) -> Result<Connect, InvalidDnsNameError> {
        let name = ServerName::try_from(host.to_owned())?;
        Ok(Connect { config: Arc::clone(&self.0), name })
    }
}

/// One handshake to be made.
pub(crate) struct Connect {
    config: Arc<ClientConfig>,
    name: ServerName<'static>,
}

impl TlsConnect<Socket> for Connect {
    type Stream = Stream;
    type Error = io::Error;
    type Future = Pin<Box<dyn Future<Output = io::Result<Stream>> + Send>>;

    fn connect(self, socket: Socket) -> Self::Future {
        Box::pin(async move {
            let connector = tokio_rustls::TlsConnector::from(self.config);
            connector.connect(self.name, socket).await.map(|stream| Stream(Box::new(stream)))
        })
    }
}

/// An encrypted connection.
pub(crate) struct Stream(Box<tokio_rustls::client::TlsStream<Socket>>);

impl TlsStream for Stream {
    fn channel_binding(&self) -> ChannelBinding {
        ChannelBinding::none()
    }
}

impl AsyncRead for Stream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_read(context, buffer)
    }
}

impl AsyncWrite for Stream {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_this_machine_is_spoken_to_in_the_clear() {
        for (url, expected) in [
            ("postgres://u@localhost/db", Ok(SslMode::Disable)),
            ("postgres://u@127.0.0.1:5433/db?sslmode=prefer", Ok(SslMode::Disable)),
            ("postgres://u@localhost/db?sslmode=verify-full&application_name=x", Ok(SslMode::Require)),
            ("host=/tmp user=u", Ok(SslMode::Disable)),
            ("postgres://u@db.example.org/db", Ok(SslMode::Require)),
            ("postgres://u@localhost,db.example.org/db", Ok(SslMode::Require)),
            ("postgres://u@localhost/db?hostaddr=10.0.0.1", Ok(SslMode::Require)),
            ("host=db.example.org user=u sslmode=prefer", Ok(SslMode::Require)),
            ("host=db.example.org user=u sslmode=disable", Err("a server on another machine needs TLS")),
            ("postgres://u@localhost/db?sslmode=maybe", Err("the database URL has an unknown sslmode")),
            (
                "postgres://u@localhost/db?sslrootcert=/none",
                Err("the file that sslrootcert names cannot be read"),
            ),
            ("host", Err("the database URL cannot be read")),
        ] {
            let mode = parse(url).map(|(config, _)| config.get_ssl_mode());
            assert_eq!(mode, expected.map_err(refused), "{url}");
        }
    }
}
