//! Connections: TCP, and TLS around it when the configuration says so.

use std::io;
use std::sync::Arc;

use base::IpRange;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use crate::config::BindConfig;

/// A connection of either kind.
pub(crate) trait Stream: AsyncRead + AsyncWrite + Unpin + Send {}
impl<T: AsyncRead + AsyncWrite + Unpin + Send> Stream for T {}

/// How one bind connects.
#[derive(Clone)]
pub(crate) struct Connector {
    host: String,
    port: u16,
    tls: Option<(TlsConnector, ServerName<'static>)>,
    /// Where the SMSC must be.
    interconnect: Vec<IpRange>,
}

impl Connector {
    /// Prepares what a bind needs to connect; the text says what is wrong.
    pub(crate) fn new(bind: &BindConfig) -> Result<Self, String> {
        let (host, port) = (bind.host.clone(), bind.port);
        let interconnect = bind.interconnect.iter().map(|range| range.parse::<IpRange>());
        let interconnect =
            interconnect.collect::<Result<Vec<_>, _>>().map_err(|problem| problem.to_string())?;
        if !bind.tls {
            return Ok(Self { host, port, tls: None, interconnect });
        }
        let mut roots = RootCertStore::empty();
        match &bind.ca_file {
            None => roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned()),
            Some(file) => {
                let unreadable = |_| format!("{} holds no usable certificate", file.display());
                for certificate in CertificateDer::pem_file_iter(file).map_err(unreadable)? {
                    let unusable = |_| format!("{} holds a certificate that is no authority", file.display());
                    roots.add(certificate.map_err(unreadable)?).map_err(unusable)?;
                }
                if roots.is_empty() {
                    return Err(format!("{} holds no certificate", file.display()));
                }
            }
        }
        let name =
            ServerName::try_from(host.clone()).map_err(|_| "`host` is no name or address".to_owned())?;
        let config =
            ClientConfig::builder_with_provider(Arc::new(rustls::crypto::aws_lc_rs::default_provider()))
                .with_safe_default_protocol_versions()
                .map_err(|error| error.to_string())?
                .with_root_certificates(roots)
                .with_no_client_auth();
        Ok(Self { host, port, tls: Some((TlsConnector::from(Arc::new(config)), name)), interconnect })
    }

    /// Connects. With an interconnect, only to an address in its ranges: a name may lead elsewhere one day.
    pub(crate) async fn connect(&self) -> io::Result<Box<dyn Stream>> {
        let stream = TcpStream::connect((self.host.as_str(), self.port)).await?;
        let address = stream.peer_addr()?.ip();
        if !self.interconnect.is_empty() && !self.interconnect.iter().any(|range| range.contains(address)) {
            return Err(io::Error::new(io::ErrorKind::AddrNotAvailable, "outside the interconnect"));
        }
        // A window of small requests waits for every answer otherwise.
        stream.set_nodelay(true)?;
        Ok(match &self.tls {
            None => Box::new(stream),
            Some((connector, name)) => Box::new(connector.connect(name.clone(), stream).await?),
        })
    }
}
