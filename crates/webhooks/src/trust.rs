//! Whom webhooks trust: public authorities, registered private ones, and nobody else (rule `GEN-HTTPS-3`); and who we are
//! to servers that ask for a certificate.

use std::fmt;
use std::sync::Arc;

use rustls::RootCertStore;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::sign::{CertifiedKey, SingleCertAndKey};

/// Why a set of roots cannot be used.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum TrustProblem {
    /// A registered root is not a DER certificate.
    RootUnreadable,
    /// A registered root is not a certificate authority: trusting it would be trusting a self-signed certificate.
    RootIsNotAuthority,
    /// The client certificate or its key cannot be read.
    IdentityUnreadable,
    /// The client certificate is not for this key.
    IdentityMismatch,
    /// Neither public nor registered roots: no https destination could ever be reached.
    NoRoots,
}

impl fmt::Display for TrustProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            TrustProblem::RootUnreadable => "a registered root is not a certificate",
            TrustProblem::RootIsNotAuthority => "a registered root is not a certificate authority",
            TrustProblem::IdentityUnreadable => {
                "the client certificate or its key is not PEM that can be read"
            }
            TrustProblem::IdentityMismatch => "the client certificate is not for this key",
            TrustProblem::NoRoots => "no roots are trusted",
        })
    }
}

impl std::error::Error for TrustProblem {}

/// The certificate that is shown to servers that ask for one (mutual TLS). Clones share the key.
#[derive(Clone)]
pub struct ClientIdentity(Arc<SingleCertAndKey>);

impl ClientIdentity {
    /// Reads a chain, the client's own certificate first, and its unencrypted key (PKCS#8, PKCS#1 or SEC1), both PEM.
    ///
    /// # Errors
    /// [`TrustProblem::IdentityUnreadable`], [`TrustProblem::IdentityMismatch`].
    pub fn from_pem(certificates: &str, key: &str) -> Result<ClientIdentity, TrustProblem> {
        let read: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(certificates.as_bytes()).collect();
        let chain = read.ok().filter(|chain| !chain.is_empty()).ok_or(TrustProblem::IdentityUnreadable)?;
        let key =
            PrivateKeyDer::from_pem_slice(key.as_bytes()).map_err(|_| TrustProblem::IdentityUnreadable)?;
        let provider = rustls::crypto::aws_lc_rs::default_provider();
        let certified = CertifiedKey::from_der(chain, key, &provider).map_err(|error| match error {
            rustls::Error::InconsistentKeys(_) => TrustProblem::IdentityMismatch,
            _ => TrustProblem::IdentityUnreadable,
        })?;
        Ok(ClientIdentity(Arc::new(SingleCertAndKey::from(certified))))
    }
}

impl fmt::Debug for ClientIdentity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ClientIdentity")
    }
}

/// The certificate authorities in one PEM text, as an account registers them; each is checked to be one.
///
/// # Errors
/// [`TrustProblem::RootUnreadable`] when the text holds no certificate or a broken one,
/// [`TrustProblem::RootIsNotAuthority`] when one of them is no authority.
pub fn read_authorities(pem: &str) -> Result<Vec<CertificateDer<'static>>, TrustProblem> {
    let read: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem.as_bytes()).collect();
    let authorities = read.map_err(|_| TrustProblem::RootUnreadable)?;
    if authorities.is_empty() {
        return Err(TrustProblem::RootUnreadable);
    }
    // The same checks as for any root, on a configuration that is thrown away.
    tls_config(false, &authorities, None)?;
    Ok(authorities)
}

/// TLS 1.2 and 1.3 with the one crypto provider, HTTP/1.1, and rustls's own verifier: no other can be put in.
pub(crate) fn tls_config(
    public_roots: bool,
    extra_roots: &[CertificateDer<'static>],
    identity: Option<&ClientIdentity>,
) -> Result<rustls::ClientConfig, TrustProblem> {
    let mut roots = RootCertStore::empty();
    if public_roots {
        roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
    }
    for root in extra_roots {
        roots.add(root.clone()).map_err(|_| TrustProblem::RootUnreadable)?;
        if !is_authority(root) {
            return Err(TrustProblem::RootIsNotAuthority);
        }
    }
    if roots.is_empty() {
        return Err(TrustProblem::NoRoots);
    }
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let builder = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("the provider supports TLS 1.2 and 1.3")
        .with_root_certificates(roots);
    let mut tls = match identity {
        Some(ClientIdentity(identity)) => builder.with_client_cert_resolver(identity.clone()),
        None => builder.with_no_client_auth(),
    };
    tls.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(tls)
}

/// Whether a certificate says `CA:TRUE` in its basic constraints (RFC 5280 §4.2.1.9). Path building trusts an anchor
/// without asking, so a self-signed server certificate registered as a root would vouch for itself. The bytes are
/// searched, not parsed: the operator registers the file, and the aim is to catch a mistake.
fn is_authority(certificate: &[u8]) -> bool {
    const BASIC_CONSTRAINTS: &[u8] = &[0x06, 0x03, 0x55, 0x1d, 0x13];
    const TRUE: &[u8] = &[0x01, 0x01, 0xff];
    certificate
        .windows(BASIC_CONSTRAINTS.len())
        .enumerate()
        .filter(|(_, bytes)| *bytes == BASIC_CONSTRAINTS)
        .any(|(at, _)| {
            let value = &certificate[at + BASIC_CONSTRAINTS.len()..];
            let value = value.strip_prefix(TRUE).unwrap_or(value); // the extension's "critical" flag
            matches!(value, [0x04, _, 0x30, _, rest @ ..] if rest.starts_with(TRUE))
        })
}
