//! Which certificate a TLS client sees, and the TLS settings all connections share.

use std::fmt;
use std::io;
use std::path::Path;
use std::sync::Arc;

use rustls::ServerConfig;
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use rustls::version::{TLS12, TLS13};
use time::OffsetDateTime;

use crate::ca::{CertificateAuthority, LOOPBACK_NAME};
use crate::ca_files::read_pem;
use crate::hosts::is_intercepted;

/// The current time as an input, so that expiry can be tested.
pub type WallClock = Arc<dyn Fn() -> OffsetDateTime + Send + Sync>;

/// Chooses the certificate for a connection by the name the client asks for (SNI, `RFC 6066 §3`).
pub struct SniResolver {
    authority: Arc<CertificateAuthority>,
    own: Option<Arc<CertifiedKey>>,
    clock: WallClock,
}

impl SniResolver {
    /// `own` is the operator's certificate, if any ([`load_certificate`]).
    pub fn new(
        authority: Arc<CertificateAuthority>,
        own: Option<Arc<CertifiedKey>>,
        clock: WallClock,
    ) -> Self {
        Self { authority, own, clock }
    }

    /// The certificate for `name`, or for a client that names no host. `None` ends the handshake.
    ///
    /// Intercepted names always get a minted certificate. Everything else gets the operator's own;
    /// without one, permitted names are minted and nameless clients (those that connect to an IP
    /// address) get the loopback certificate.
    pub fn certificate_for(&self, name: Option<&str>) -> Option<Arc<CertifiedKey>> {
        match (name, &self.own) {
            (Some(name), _) if is_intercepted(name) => self.authority.leaf_for(name, (self.clock)()),
            (_, Some(own)) => Some(Arc::clone(own)),
            (name, None) => self.authority.leaf_for(name.unwrap_or(LOOPBACK_NAME), (self.clock)()),
        }
    }
}

impl ResolvesServerCert for SniResolver {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        self.certificate_for(hello.server_name())
    }
}

impl fmt::Debug for SniResolver {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("SniResolver")
            .field("authority", &self.authority)
            .field("own", &self.own.is_some())
            .finish_non_exhaustive()
    }
}

/// Reads the operator's certificate chain and private key from PEM files.
///
/// # Errors
/// Errors of the file system; `InvalidData` if a file holds something else or the key is another certificate's.
pub fn load_certificate(certificate: &Path, key: &Path) -> io::Result<Arc<CertifiedKey>> {
    let chain = read_pem(certificate)?;
    let chain: Vec<CertificateDer<'static>> = CertificateDer::pem_slice_iter(chain.as_bytes())
        .collect::<Result<_, _>>()
        .map_err(|_| invalid_data("the TLS certificate file is not PEM"))?;
    if chain.is_empty() {
        return Err(invalid_data("the TLS certificate file holds no certificate"));
    }
    let key = PrivateKeyDer::from_pem_slice(read_pem(key)?.as_bytes())
        .map_err(|_| invalid_data("the TLS key file holds no private key"))?;
    CertifiedKey::from_der(chain, key, &aws_lc_rs::default_provider())
        .map(Arc::new)
        .map_err(|_| invalid_data("the TLS key cannot be used with the TLS certificate"))
}

/// TLS 1.2 and 1.3, HTTP/1.1 only, no client certificates.
///
/// # Errors
/// If the cryptography provider cannot serve these versions.
pub fn server_config(resolver: SniResolver) -> io::Result<Arc<ServerConfig>> {
    let mut config = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_protocol_versions(&[&TLS13, &TLS12])
        .map_err(io::Error::other)?
        .with_no_client_auth()
        .with_cert_resolver(Arc::new(resolver));
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(Arc::new(config))
}

fn invalid_data(message: &'static str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, message)
}
