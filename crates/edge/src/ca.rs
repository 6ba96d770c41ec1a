//! A private certificate authority that can vouch for nothing but the hosts we stand in for.
//!
//! Users add `ca.pem` to the trust of their SDKs. Its *critical* name constraints
//! (`RFC 5280 §4.2.1.10`) make that safe: even with the key stolen, no certificate for a bank or
//! a mail host would be accepted. Certificates for single hosts are minted on demand, because
//! `product.edge.region.twilio.com` is not covered by any wildcard.

use std::collections::HashMap;
use std::fmt;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration as StdDuration;

use data_encoding::HEXLOWER;
use rcgen::{
    BasicConstraints, CertificateParams, CidrSubnet, DistinguishedName, DnType, ExtendedKeyUsagePurpose,
    GeneralSubtree, IsCa, Issuer, KeyPair, KeyUsagePurpose, NameConstraints, PKCS_ECDSA_P256_SHA256, SanType,
};
use rustls::RootCertStore;
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::ServerCertVerifier;
use rustls::crypto::{CryptoProvider, aws_lc_rs};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, DnsName, PrivatePkcs8KeyDer, ServerName, UnixTime};
use rustls::sign::CertifiedKey;
use time::{Duration, OffsetDateTime};
use zeroize::Zeroizing;

use crate::ca_files;
use crate::hosts::{INTERCEPTED_DOMAINS, is_intercepted, is_within, normalise};
use crate::limits::{AUTHORITY_DAYS, CLOCK_SKEW_DAYS, LEAF_DAYS, LEAF_RENEW_DAYS, MAX_CACHED_LEAVES};

/// The name under which this machine is reached by itself; its certificate also covers the loopback addresses.
pub(crate) const LOOPBACK_NAME: &str = "localhost";
/// Bytes of the key identifier shown in the authority's name, to tell installations apart.
const SHOWN_KEY_ID_BYTES: usize = 4;

/// The private authority: its certificate, its key and the certificates minted so far.
pub struct CertificateAuthority {
    certificate_pem: String,
    issuer: Issuer<'static, KeyPair>,
    base_domain: Option<String>,
    provider: Arc<CryptoProvider>,
    leaves: Mutex<HashMap<String, Leaf>>,
}

/// A minted certificate and the moment from which it is replaced.
struct Leaf {
    certified: Arc<CertifiedKey>,
    renew_at: OffsetDateTime,
}

impl CertificateAuthority {
    /// Loads the authority kept in `dir`, or creates it there (`ca.pem` 0644, `ca.key` 0600).
    ///
    /// `base_domain` is the operator's own domain, also permitted by the name constraints; it must hold
    /// at least two labels. The same directory and domain give the same authority at every start. If the
    /// stored certificate does not permit `base_domain`, or only `ca.pem` is missing, a certificate is
    /// issued anew for the *same key and name*: clients that trust the old one keep working, within the
    /// old one's constraints.
    ///
    /// # Errors
    /// Besides errors of the file system: `InvalidInput` for an unusable `base_domain`, `InvalidData`
    /// for files that do not fit together, `PermissionDenied` for a key readable by others.
    pub fn load_or_create(dir: &Path, base_domain: Option<&str>, now: OffsetDateTime) -> io::Result<Self> {
        let base_domain = base_domain.map(checked_base_domain).transpose()?;
        let stored = ca_files::read_certificate(dir)?;
        let key = load_or_create_key(dir, stored.is_some())?;
        let stored = match stored {
            Some(pem) => Some(pem),
            // Another process that started at the same moment may have finished meanwhile.
            None => ca_files::read_certificate(dir)?,
        };
        let mut authority = Self {
            certificate_pem: stored.clone().unwrap_or_default(),
            issuer: Issuer::new(authority_params(&key, None, now)?, key),
            base_domain,
            provider: Arc::new(aws_lc_rs::default_provider()),
            leaves: Mutex::new(HashMap::new()),
        };
        if stored.is_some() && !authority.vouches_for(INTERCEPTED_DOMAINS[0], now)? {
            return Err(invalid_data(
                "ca.pem and ca.key do not belong together; restore the right pair, or remove both to get new ones",
            ));
        }
        let up_to_date = match &authority.base_domain {
            _ if stored.is_none() => false,
            Some(domain) => authority.vouches_for(domain, now)?,
            None => true,
        };
        if !up_to_date {
            authority.certificate_pem = authority.issue_own_certificate(now)?;
            ca_files::replace_certificate(dir, &authority.certificate_pem)?;
        }
        Ok(authority)
    }

    /// The authority's certificate in PEM: what clients are told to trust.
    pub fn ca_pem(&self) -> &str {
        &self.certificate_pem
    }

    /// True if the authority may mint a certificate for `name`.
    pub fn permits(&self, name: &str) -> bool {
        let name = normalise(name);
        DnsName::try_from(name.as_str()).is_ok()
            && (is_intercepted(&name)
                || is_within(&name, LOOPBACK_NAME)
                || self.base_domain.as_deref().is_some_and(|domain| is_within(&name, domain)))
    }

    /// The certificate for one host name, minted at need; `None` if the name is not permitted.
    ///
    /// Valid 30 days; replaced when fewer than 7 are left at `now`.
    pub fn leaf_for(&self, name: &str, now: OffsetDateTime) -> Option<Arc<CertifiedKey>> {
        if !self.permits(name) {
            return None;
        }
        let name = normalise(name);
        if let Some(certified) = self.cached(&name, now) {
            return Some(certified);
        }
        let certified = match self.mint(&name, now) {
            Ok(certified) => Arc::new(certified),
            Err(error) => {
                tracing::error!(%error, "a certificate could not be minted");
                return None;
            }
        };
        let mut leaves = self.leaves.lock().unwrap_or_else(PoisonError::into_inner);
        if leaves.len() >= MAX_CACHED_LEAVES {
            // Only names below a few domains get here: starting over is rare, cheap and bounded.
            leaves.clear();
        }
        let leaf = Leaf {
            certified: Arc::clone(&certified),
            renew_at: now + Duration::days(LEAF_DAYS - LEAF_RENEW_DAYS),
        };
        leaves.insert(name, leaf);
        Some(certified)
    }

    fn cached(&self, name: &str, now: OffsetDateTime) -> Option<Arc<CertifiedKey>> {
        let leaves = self.leaves.lock().unwrap_or_else(PoisonError::into_inner);
        leaves.get(name).filter(|leaf| now <= leaf.renew_at).map(|leaf| Arc::clone(&leaf.certified))
    }

    /// A fresh key and certificate for a permitted, normalised name.
    fn mint(&self, name: &str, now: OffsetDateTime) -> io::Result<CertifiedKey> {
        let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).map_err(io::Error::other)?;
        let mut params = CertificateParams::default();
        params.not_before = now - Duration::days(CLOCK_SKEW_DAYS);
        params.not_after = now + Duration::days(LEAF_DAYS);
        // The host stands in the alternative names only; a common name longer than 64 characters is invalid.
        params.distinguished_name = named("Switchward".to_owned());
        params.subject_alt_names = vec![SanType::DnsName(name.try_into().map_err(io::Error::other)?)];
        if name == LOOPBACK_NAME {
            for address in [IpAddr::V4(Ipv4Addr::LOCALHOST), IpAddr::V6(Ipv6Addr::LOCALHOST)] {
                params.subject_alt_names.push(SanType::IpAddress(address));
            }
        }
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        params.use_authority_key_identifier_extension = true;
        let certificate = params.signed_by(&key, &self.issuer).map_err(io::Error::other)?;
        let private = PrivatePkcs8KeyDer::from(key.serialize_der());
        CertifiedKey::from_der(vec![certificate.der().clone()], private.into(), &self.provider)
            .map_err(io::Error::other)
    }

    fn issue_own_certificate(&self, now: OffsetDateTime) -> io::Result<String> {
        let params = authority_params(self.issuer.key(), self.base_domain.as_deref(), now)?;
        let certificate = params.self_signed(self.issuer.key()).map_err(io::Error::other)?;
        Ok(certificate.pem())
    }

    /// True if a client that trusts only our stored certificate would accept what we mint for `name`.
    fn vouches_for(&self, name: &str, now: OffsetDateTime) -> io::Result<bool> {
        let own = CertificateDer::from_pem_slice(self.certificate_pem.as_bytes())
            .map_err(|_| invalid_data("ca.pem holds no certificate"))?;
        let mut roots = RootCertStore::empty();
        roots.add(own).map_err(|_| invalid_data("ca.pem holds no usable certificate"))?;
        let verifier =
            WebPkiServerVerifier::builder_with_provider(Arc::new(roots), Arc::clone(&self.provider))
                .build()
                .map_err(io::Error::other)?;
        let leaf = self.mint(name, now)?;
        let server = ServerName::try_from(name).map_err(io::Error::other)?;
        let seconds = u64::try_from(now.unix_timestamp()).unwrap_or_default();
        let instant = UnixTime::since_unix_epoch(StdDuration::from_secs(seconds));
        Ok(verifier.verify_server_cert(&leaf.cert[0], &[], &server, &[], instant).is_ok())
    }
}

impl fmt::Debug for CertificateAuthority {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("CertificateAuthority")
            .field("base_domain", &self.base_domain)
            .finish_non_exhaustive()
    }
}

/// Reads the key, or makes one if there is neither key nor certificate.
fn load_or_create_key(dir: &Path, certificate_exists: bool) -> io::Result<KeyPair> {
    if let Some(pem) = ca_files::read_key(dir)? {
        return parse_key(&pem);
    }
    if certificate_exists {
        return Err(invalid_data(
            "ca.pem exists but ca.key is missing; restore it, or remove ca.pem to get a new authority",
        ));
    }
    let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).map_err(io::Error::other)?;
    let pem = Zeroizing::new(key.serialize_pem());
    match ca_files::create_key(dir, &pem) {
        Ok(()) => Ok(key),
        // Another process was first: its key is the authority's.
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            let pem = ca_files::read_key(dir)?.ok_or(error)?;
            parse_key(&pem)
        }
        Err(error) => Err(error),
    }
}

fn parse_key(pem: &str) -> io::Result<KeyPair> {
    KeyPair::from_pkcs8_pem_and_sign_algo(pem, &PKCS_ECDSA_P256_SHA256)
        .map_err(|_| invalid_data("ca.key holds no ECDSA P-256 key in PKCS #8"))
}

/// The authority's own certificate: signs server certificates only, no further authorities, only permitted names.
fn authority_params(
    key: &KeyPair,
    base_domain: Option<&str>,
    now: OffsetDateTime,
) -> io::Result<CertificateParams> {
    let mut params = CertificateParams::default();
    let key_id = params.key_identifier(key);
    let shown = &key_id[..SHOWN_KEY_ID_BYTES.min(key_id.len())];
    params.distinguished_name = named(format!("Switchward private CA {}", HEXLOWER.encode(shown)));
    params.not_before = now - Duration::days(CLOCK_SKEW_DAYS);
    params.not_after = now + Duration::days(AUTHORITY_DAYS);
    // Not derived from the key, as is the default: a certificate issued anew needs a number of its own.
    let serial = u64::try_from(now.unix_timestamp_nanos())
        .map_err(|_| io::Error::new(io::ErrorKind::InvalidInput, "the clock is far off"))?;
    params.serial_number = Some(serial.into());
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    params.name_constraints = Some(NameConstraints {
        permitted_subtrees: permitted_subtrees(base_domain),
        excluded_subtrees: Vec::new(),
    });
    Ok(params)
}

fn permitted_subtrees(base_domain: Option<&str>) -> Vec<GeneralSubtree> {
    let mut subtrees: Vec<GeneralSubtree> = INTERCEPTED_DOMAINS
        .iter()
        .copied()
        .chain([LOOPBACK_NAME])
        .chain(base_domain)
        .map(|domain| GeneralSubtree::DnsName(domain.to_owned()))
        .collect();
    subtrees.push(GeneralSubtree::IpAddress(CidrSubnet::from_v4_prefix([127, 0, 0, 0], 8)));
    subtrees.push(GeneralSubtree::IpAddress(CidrSubnet::from_v6_prefix(Ipv6Addr::LOCALHOST.octets(), 128)));
    subtrees
}

fn named(common_name: String) -> DistinguishedName {
    let mut name = DistinguishedName::new();
    name.push(DnType::CommonName, common_name);
    name
}

/// The base domain in its usual form. One of one label would let the authority vouch for a whole top-level domain.
///
/// # Errors
/// `InvalidInput` when it is no host name of at least two labels.
pub fn checked_base_domain(domain: &str) -> io::Result<String> {
    let domain = normalise(domain);
    if DnsName::try_from(domain.as_str()).is_err() || !domain.contains('.') {
        return Err(io::Error::new(
            io::ErrorKind::InvalidInput,
            "the base domain must be a host name of at least two labels, such as comms.example.org",
        ));
    }
    Ok(domain)
}

fn invalid_data(message: &'static str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, message)
}
