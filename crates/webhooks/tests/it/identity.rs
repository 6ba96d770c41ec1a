//! Mutual TLS: our certificate is shown to servers that ask for one, and a refusal is final.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use rcgen::{CertificateParams, ExtendedKeyUsagePurpose, KeyPair};
use rustls::ServerConfig;
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;
use webhooks::{ClientConfig, ClientIdentity, SendError, TrustProblem};

use crate::server::{Authority, OK, authority, client, config, form, retry, self_signed, send, start};

fn identity(issuer: &Authority) -> ClientIdentity {
    let mut params = CertificateParams::new(vec!["switchward.example.org".to_owned()]).unwrap();
    params.extended_key_usages.push(ExtendedKeyUsagePurpose::ClientAuth);
    let key = KeyPair::generate().unwrap();
    let certificate = issuer.sign(params, &key);
    ClientIdentity::from_pem(&certificate, &key.serialize_pem()).unwrap()
}

fn trusting(server: &Authority, identity: Option<ClientIdentity>) -> ClientConfig {
    ClientConfig { extra_roots: vec![server.certificate.clone()], identity, ..config() }
}

#[tokio::test]
async fn shows_the_client_certificate_to_a_server_that_requires_it() {
    let (ours, clients) = (authority(), authority());
    let tls =
        ours.server_asking(&["localhost"], &clients, &[&rustls::version::TLS12, &rustls::version::TLS13]);
    let server = start(Some(tls), |_, _| OK.to_owned()).await;
    let url = format!("https://localhost:{}/hook", server.port);
    let client = client(trusting(&ours, Some(identity(&clients))));
    assert_eq!(send(&client, &url, &form()).await.ok().unwrap().status, 204);
    assert_eq!(server.seen().len(), 1);

    // And a server that asks for none is served as ever.
    let server = start(Some(ours.server(&["localhost"], false)), |_, _| OK.to_owned()).await;
    let url = format!("https://localhost:{}/hook", server.port);
    assert_eq!(send(&client, &url, &form()).await.ok().unwrap().status, 204);
}

#[tokio::test]
async fn reports_a_client_certificate_that_is_missing_or_refused() {
    let (ours, clients, strangers) = (authority(), authority(), authority());
    for version in [&rustls::version::TLS12, &rustls::version::TLS13] {
        for identity in [None, Some(identity(&strangers))] {
            let tls = ours.server_asking(&["localhost"], &clients, &[version]);
            let server = start(Some(tls), |_, _| OK.to_owned()).await;
            let url = format!("https://localhost:{}/hook", server.port);
            let client = client(trusting(&ours, identity));
            let error = send(&client, &url, &form()).await.err().unwrap();
            // TLS 1.2 knows no "certificate required": the handshake fails, and that is all there is to see.
            let vague = *version == rustls::version::TLS12 && error == SendError::TlsHandshake;
            assert!(error == SendError::ClientCertificateRefused || vague, "{error:?} with {version:?}");
            assert_eq!((error.alert_code(), server.seen().len()), (11220, 0));
        }
    }
}

#[test]
fn an_identity_is_a_certificate_with_its_key() {
    let (one, other) = (KeyPair::generate().unwrap(), KeyPair::generate().unwrap());
    let params = CertificateParams::new(vec!["a.example.org".to_owned()]).unwrap();
    let certificate = params.self_signed(&one).unwrap().pem();
    for (certificates, key, expected) in [
        (certificate.as_str(), one.serialize_pem(), None),
        (&certificate, other.serialize_pem(), Some(TrustProblem::IdentityMismatch)),
        (&certificate, "no key".to_owned(), Some(TrustProblem::IdentityUnreadable)),
        ("no certificate", one.serialize_pem(), Some(TrustProblem::IdentityUnreadable)),
        ("", one.serialize_pem(), Some(TrustProblem::IdentityUnreadable)),
    ] {
        assert_eq!(ClientIdentity::from_pem(certificates, &key).err(), expected);
    }
}

/// Counts connections: the retries of `rc` are for what may be different the next time.
#[tokio::test]
async fn gen_https_3__refuses_a_certificate_once_and_does_not_ask_again() {
    let (ours, clients) = (authority(), authority());
    let (untrusted, _) = self_signed(&["localhost"]);
    let servers: [(Arc<ServerConfig>, SendError); 4] = [
        (untrusted, SendError::CertificateUntrusted),
        (ours.server(&["localhost"], true), SendError::CertificateExpired),
        (ours.server(&["example.org"], false), SendError::CertificateName),
        (
            ours.server_asking(&["localhost"], &clients, &[&rustls::version::TLS13]),
            SendError::ClientCertificateRefused,
        ),
    ];
    for (tls, expected) in servers {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let accepted = Arc::new(AtomicUsize::new(0));
        let counter = Arc::clone(&accepted);
        tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                counter.fetch_add(1, Ordering::Relaxed);
                let _ = TlsAcceptor::from(Arc::clone(&tls)).accept(stream).await;
            }
        });
        let client = client(trusting(&ours, None));
        let url = format!("https://localhost:{port}/hook#rc=5&rp=ct");
        assert_eq!(retry(&client, &url, &form()).await.err(), Some(expected));
        assert_eq!(accepted.load(Ordering::Relaxed), 1, "{expected:?}");
    }
    // What is not there may come back: those retries are made.
    let free = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap().port();
    let url = format!("http://127.0.0.1:{free}/#rc=2");
    assert_eq!(retry(&client(config()), &url, &form()).await.err(), Some(SendError::Connect));
}
