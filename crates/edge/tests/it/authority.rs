//! The private authority: its files, its constraints, and what clients accept from it.

use std::fs;
use std::io::ErrorKind;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::Arc;

use edge::{CertificateAuthority, SniResolver, tls};
use rcgen::{CertificateParams, DistinguishedName, DnType, Issuer, KeyPair};
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::ServerCertVerifier;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use time::{Duration, OffsetDateTime};

use crate::support::{roots, system_clock};

fn load(dir: &Path, base_domain: Option<&str>) -> std::io::Result<CertificateAuthority> {
    CertificateAuthority::load_or_create(dir, base_domain, OffsetDateTime::now_utc())
}

/// What a client that trusts only `ca_pem` says about `leaf` as the certificate of `name`.
fn verdict(ca_pem: &str, leaf: &CertificateDer<'_>, name: &str) -> Result<(), rustls::Error> {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    WebPkiServerVerifier::builder_with_provider(Arc::new(roots(ca_pem)), provider)
        .build()
        .unwrap()
        .verify_server_cert(leaf, &[], &ServerName::try_from(name).unwrap(), &[], UnixTime::now())
        .map(|_| ())
}

/// A certificate for any name, signed with the stolen key of the authority in `dir`.
fn forge(dir: &Path, name: &str) -> CertificateDer<'static> {
    let pem = fs::read(dir.join("ca.pem")).unwrap();
    let der = CertificateDer::from_pem_slice(&pem).unwrap();
    let marker = b"Switchward private CA ";
    let at = der.windows(marker.len()).position(|window| window == marker).unwrap();
    let common_name = std::str::from_utf8(&der[at..at + marker.len() + 8]).unwrap();
    let mut issuer = CertificateParams::default();
    issuer.distinguished_name = DistinguishedName::new();
    issuer.distinguished_name.push(DnType::CommonName, common_name);
    let key = KeyPair::from_pem(&fs::read_to_string(dir.join("ca.key")).unwrap()).unwrap();
    let issuer = Issuer::new(issuer, key);
    let leaf_key = KeyPair::generate().unwrap();
    let leaf = CertificateParams::new(vec![name.to_owned()]).unwrap();
    leaf.signed_by(&leaf_key, &issuer).unwrap().der().clone()
}

#[test]
fn clients_reject_what_the_stolen_key_signs_for_other_names() {
    let dir = tempfile::tempdir().unwrap();
    let authority = load(dir.path(), Some("comms.example.org")).unwrap();
    let pem = authority.ca_pem();
    for name in [
        "api.twilio.com",
        "eu1.api.segmentapis.com",
        "verify.comms.example.org",
        "localhost",
        "127.0.0.1",
        "127.1.2.3",
        "::1",
    ] {
        verdict(pem, &forge(dir.path(), name), name).unwrap();
    }
    for name in [
        "bank.example",
        "example.org",
        "nottwilio.com",
        "twilio.com.bank.example",
        "10.0.0.1",
        "128.0.0.1",
        "::2",
    ] {
        let error = verdict(pem, &forge(dir.path(), name), name).unwrap_err();
        assert!(format!("{error:?}").contains("NameConstraintViolation"), "{name}: {error:?}");
    }
}

#[test]
fn name_constraints_are_critical() {
    let dir = tempfile::tempdir().unwrap();
    let authority = load(dir.path(), None).unwrap();
    let der = CertificateDer::from_pem_slice(authority.ca_pem().as_bytes()).unwrap();
    // id-ce-nameConstraints (2.5.29.30), then BOOLEAN TRUE.
    let critical = [0x06, 0x03, 0x55, 0x1d, 0x1e, 0x01, 0x01, 0xff];
    assert!(der.windows(critical.len()).any(|window| window == critical));
}

#[test]
fn files_have_their_modes_and_leave_nothing_beside_them() {
    let dir = tempfile::tempdir().unwrap();
    load(dir.path(), None).unwrap();
    let mut files: Vec<_> = fs::read_dir(dir.path())
        .unwrap()
        .map(|entry| {
            let entry = entry.unwrap();
            let mode = entry.metadata().unwrap().permissions().mode() & 0o777;
            (entry.file_name().into_string().unwrap(), mode)
        })
        .collect();
    files.sort();
    assert_eq!(files, [("ca.key".to_owned(), 0o600), ("ca.pem".to_owned(), 0o644)]);
}

#[test]
fn the_same_directory_gives_the_same_authority() {
    let dir = tempfile::tempdir().unwrap();
    let first = load(dir.path(), Some("comms.example.org")).unwrap();
    let second = load(dir.path(), Some("Comms.Example.Org.")).unwrap();
    let without_domain = load(dir.path(), None).unwrap();
    assert_eq!(first.ca_pem(), second.ca_pem());
    assert_eq!(first.ca_pem(), without_domain.ca_pem());
    let leaf = second.leaf_for("api.twilio.com", OffsetDateTime::now_utc()).unwrap();
    verdict(first.ca_pem(), &leaf.cert[0], "api.twilio.com").unwrap();
}

#[test]
fn a_new_base_domain_keeps_the_key_and_older_clients() {
    let dir = tempfile::tempdir().unwrap();
    let now = OffsetDateTime::now_utc();
    let old = load(dir.path(), None).unwrap();
    let key = fs::read(dir.path().join("ca.key")).unwrap();
    assert!(old.leaf_for("api.comms.example.org", now).is_none());

    let new = load(dir.path(), Some("comms.example.org")).unwrap();
    assert_ne!(old.ca_pem(), new.ca_pem());
    assert_eq!(key, fs::read(dir.path().join("ca.key")).unwrap());
    let known = new.leaf_for("api.twilio.com", now).unwrap();
    let added = new.leaf_for("api.comms.example.org", now).unwrap();
    verdict(old.ca_pem(), &known.cert[0], "api.twilio.com").unwrap();
    verdict(new.ca_pem(), &added.cert[0], "api.comms.example.org").unwrap();
    verdict(old.ca_pem(), &added.cert[0], "api.comms.example.org").unwrap_err();
}

#[test]
fn a_lost_certificate_is_issued_again_for_the_same_key() {
    let dir = tempfile::tempdir().unwrap();
    let now = OffsetDateTime::now_utc();
    let old = load(dir.path(), None).unwrap();
    fs::remove_file(dir.path().join("ca.pem")).unwrap();
    let new = load(dir.path(), None).unwrap();
    let leaf = new.leaf_for("api.twilio.com", now).unwrap();
    verdict(old.ca_pem(), &leaf.cert[0], "api.twilio.com").unwrap();
}

#[test]
fn refuses_files_that_do_not_fit_or_are_not_secret() {
    let dir = tempfile::tempdir().unwrap();
    let other = tempfile::tempdir().unwrap();
    load(dir.path(), None).unwrap();
    load(other.path(), None).unwrap();
    let (pem, key) = (dir.path().join("ca.pem"), dir.path().join("ca.key"));
    let kind = || load(dir.path(), None).map(|_| ()).unwrap_err().kind();

    fs::set_permissions(&key, fs::Permissions::from_mode(0o640)).unwrap();
    assert_eq!(kind(), ErrorKind::PermissionDenied);
    fs::set_permissions(&key, fs::Permissions::from_mode(0o600)).unwrap();

    fs::write(&pem, fs::read(other.path().join("ca.pem")).unwrap()).unwrap();
    assert_eq!(kind(), ErrorKind::InvalidData, "another authority's certificate");
    fs::write(&pem, "nothing").unwrap();
    assert_eq!(kind(), ErrorKind::InvalidData, "no certificate");
    fs::remove_file(&key).unwrap();
    assert_eq!(kind(), ErrorKind::InvalidData, "certificate without key");
    fs::remove_file(&pem).unwrap();
    load(dir.path(), None).unwrap();
    fs::write(&key, "nothing").unwrap();
    assert_eq!(kind(), ErrorKind::InvalidData, "no key");
}

#[test]
fn refuses_a_base_domain_that_is_too_wide_or_no_name() {
    let dir = tempfile::tempdir().unwrap();
    for domain in ["", "com", ".", "com.", "10.0.0.1", "a b.example", "*.example.org", ".example.org"] {
        let error = load(dir.path(), Some(domain)).map(|_| ()).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidInput, "{domain}");
    }
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0);
}

#[test]
fn leaves_are_kept_until_fewer_than_seven_days_remain() {
    let dir = tempfile::tempdir().unwrap();
    let authority = load(dir.path(), None).unwrap();
    let now = OffsetDateTime::now_utc();
    let first = authority.leaf_for("api.twilio.com", now).unwrap();
    let same = authority.leaf_for("API.twilio.com.", now + Duration::days(23)).unwrap();
    assert!(Arc::ptr_eq(&first, &same));
    let later = now + Duration::days(23) + Duration::seconds(1);
    let renewed = authority.leaf_for("api.twilio.com", later).unwrap();
    assert!(!Arc::ptr_eq(&first, &renewed));
}

#[test]
fn the_number_of_kept_leaves_is_bounded() {
    let dir = tempfile::tempdir().unwrap();
    let authority = load(dir.path(), None).unwrap();
    let now = OffsetDateTime::now_utc();
    let first = authority.leaf_for("api.twilio.com", now).unwrap();
    for number in 0..edge::limits::MAX_CACHED_LEAVES {
        authority.leaf_for(&format!("host-{number}.twilio.com"), now).unwrap();
    }
    let again = authority.leaf_for("api.twilio.com", now).unwrap();
    assert!(!Arc::ptr_eq(&first, &again));
}

#[test]
fn mints_for_permitted_names_only() {
    let dir = tempfile::tempdir().unwrap();
    let authority = load(dir.path(), Some("comms.example.org")).unwrap();
    let now = OffsetDateTime::now_utc();
    for (name, expected) in [
        ("twilio.com", true),
        ("api.comms.example.org", true),
        ("localhost", true),
        ("bank.example", false),
        ("example.org", false),
        ("nottwilio.com", false),
        ("*.twilio.com", false),
        ("a b.twilio.com", false),
        ("127.0.0.1", false),
        ("", false),
    ] {
        assert_eq!(authority.leaf_for(name, now).is_some(), expected, "{name}");
    }
}

#[test]
fn the_operators_certificate_serves_all_but_intercepted_names() {
    let dir = tempfile::tempdir().unwrap();
    let authority = Arc::new(load(dir.path(), Some("comms.example.org")).unwrap());
    let (certificate, key) = (dir.path().join("own.pem"), dir.path().join("own.key"));
    let own_key = KeyPair::generate().unwrap();
    let own =
        CertificateParams::new(vec!["comms.example.org".to_owned()]).unwrap().self_signed(&own_key).unwrap();
    fs::write(&certificate, own.pem()).unwrap();
    fs::write(&key, own_key.serialize_pem()).unwrap();
    let loaded = tls::load_certificate(&certificate, &key).unwrap();
    let resolver = SniResolver::new(Arc::clone(&authority), Some(Arc::clone(&loaded)), system_clock());
    for (name, is_own) in [
        (Some("api.comms.example.org"), true),
        (Some("elsewhere.example"), true),
        (Some("localhost"), true),
        (None, true),
        (Some("api.twilio.com"), false),
        (Some("cdn.segment.com"), false),
    ] {
        let chosen = resolver.certificate_for(name).unwrap();
        assert_eq!(Arc::ptr_eq(&chosen, &loaded), is_own, "{name:?}");
    }

    let minting = SniResolver::new(authority, None, system_clock());
    assert!(minting.certificate_for(Some("api.comms.example.org")).is_some());
    assert!(minting.certificate_for(None).is_some());
    assert!(minting.certificate_for(Some("elsewhere.example")).is_none());

    fs::write(&key, KeyPair::generate().unwrap().serialize_pem()).unwrap();
    let error = tls::load_certificate(&certificate, &key).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidData, "another certificate's key");
}

#[test]
fn debug_output_shows_no_key() {
    let dir = tempfile::tempdir().unwrap();
    let authority = load(dir.path(), None).unwrap();
    assert_eq!(format!("{authority:?}"), "CertificateAuthority { base_domain: None, .. }");
}
