//! What callback hosts agree to, and which callbacks are tried.

use std::sync::Arc;
use std::time::Duration;

use audit::Provider;
use audit::observations::Outcome;
use audit::service::Live;
use audit::way::{Proxy, Way};
use audit::wire::{Trust, Wire};
use rcgen::{CertifiedKey, generate_simple_self_signed};
use rulebook::Date;
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

use super::place::{Place, TODAY, answers, probed_by};

/// An API whose numbers call these URLs back, and which has nothing else.
async fn calling(urls: Vec<String>) -> Place {
    Place::answering(move |path, _| {
        let numbers: Vec<Value> = urls.iter().map(|url| json!({ "voice_url": url })).collect();
        match path.contains("/IncomingPhoneNumbers.json") {
            true => (200, json!({ "incoming_phone_numbers": numbers }).to_string()),
            false => (404, String::new()),
        }
    })
    .await
}

/// A host that answers whatever begins with a byte for a version with these bytes.
async fn saying(version: u8, bytes: &'static [u8]) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("https://localhost:{}/hook", listener.local_addr().unwrap().port());
    tokio::spawn(async move {
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut hello = [0; 11];
            // The version that is offered stands behind the headers of record and message.
            if stream.read_exact(&mut hello).await.is_ok() && hello[10] == version {
                stream.write_all(bytes).await.unwrap();
            } else {
                stream.write_all(&[21, 3, 1, 0, 2, 2, 70]).await.unwrap();
            }
        }
    });
    url
}

/// A host that speaks TLS 1.2 and 1.3 as our library does.
async fn modern() -> String {
    let CertifiedKey { cert, signing_key } =
        generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(signing_key.serialize_der()));
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![cert.der().clone()], key)
        .unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("https://localhost:{}/hook", listener.local_addr().unwrap().port());
    tokio::spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            let acceptor = acceptor.clone();
            // Most handshakes here are meant to fail.
            tokio::spawn(async move { acceptor.accept(stream).await.map(drop) });
        }
    });
    url
}

#[tokio::test]
async fn tells_hosts_apart_by_the_oldest_tls_they_agree_to() {
    const SERVER_HELLO: &[u8] = &[22, 3, 1, 0, 80, 2, 0, 0, 76];
    let cases = [
        (modern().await, "modern"),
        (saying(1, SERVER_HELLO).await, "old"),
        (saying(2, SERVER_HELLO).await, "old"),
        (saying(3, SERVER_HELLO).await, "weak"),
        (saying(1, b"HTTP/1.1 400 Bad Request\r\n\r\n").await, "unreachable"),
        // It refuses what is old, and speaks nothing newer either.
        (saying(9, b"").await, "unreachable"),
    ];
    for (url, word) in cases {
        let (reading, _) = calling(vec![url]).await.probed("Probe of callback TLS versions").await;
        assert_eq!(reading.outcome, Outcome::Read);
        assert_eq!(answers(&reading), [("localhost", word)]);
    }
}

#[tokio::test]
async fn callbacks_of_every_product_are_tried_once_per_host() {
    let place = Place::answering(|path, _| {
        let body = match path.split('?').next().unwrap() {
            path if path.ends_with("/IncomingPhoneNumbers.json") => {
                json!({ "incoming_phone_numbers": [{ "voice_url": "https://a.invalid/1", "sms_url": "https://a.invalid/2" }] })
            }
            path if path.ends_with("/Applications.json") => {
                json!({ "applications": [{ "voice_url": "http://plain.invalid/" }] })
            }
            "/conversations/v1/Configuration/Webhooks" => json!({ "post_webhook_url": "https://b.invalid/" }),
            "/conversations/v1/Configuration/Addresses" => {
                json!({ "address_configurations": [{ "auto_creation": { "webhook_url": "https://c.invalid/" } }] })
            }
            _ => return (404, String::new()),
        };
        (200, body.to_string())
    })
    .await;
    let hosts = |reading: &audit::observations::Reading| -> Vec<String> {
        reading.items.iter().map(|item| item.id.clone()).collect()
    };
    let (reading, _) = place.probed("Probe of callback signatures").await;
    assert_eq!(hosts(&reading), ["a.invalid", "b.invalid", "c.invalid"]);
    let (reading, _) = place.probed("Probe of Conversations callback signatures").await;
    assert_eq!(hosts(&reading), ["b.invalid", "c.invalid"]);
}

/// Goal: whatever a probe would do with a host that the audited account names, it does nothing with one inside our own
/// network. Method: every such probe, at an account that names a host of this machine, which sees no connection.
#[tokio::test]
async fn no_probe_reaches_inside_on_the_accounts_word() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let place = Place::answering(move |path, _| {
        let url = format!("https://localhost:{port}/x");
        let body = match path.split('?').next().unwrap() {
            path if path.ends_with("/IncomingPhoneNumbers.json") => {
                json!({ "incoming_phone_numbers": [{ "voice_url": url }] })
            }
            "/conversations/v1/Configuration/Webhooks" => json!({ "post_webhook_url": url }),
            path if path.ends_with("/Recordings.json") => {
                json!({ "recordings": [{ "sid": format!("RE{:032}", 1), "media_url": url }] })
            }
            path if path.ends_with("/Tasks") => {
                let attributes = json!({ "conversations": { "media": [{ "url": url }] } }).to_string();
                json!({ "tasks": [{ "sid": format!("WT{:032}", 1), "attributes": attributes }] })
            }
            path if path.ends_with("/Workspaces") => {
                json!({ "workspaces": [{ "sid": format!("WS{:032}", 1) }] })
            }
            _ => return (404, String::new()),
        };
        (200, body.to_string())
    })
    .await;
    for probe in [
        "Probe of callback certificates",
        "Probe of callback TLS versions",
        "Probe of callback signatures",
        "Probe of Conversations callback signatures",
        "Probe of recordings stored elsewhere",
        "Probe of media attached to tasks",
    ] {
        let (reading, _) = place.probed_by(probe, Way::default()).await;
        assert_eq!(reading.outcome, Outcome::Read, "{probe}");
        assert_eq!(answers(&reading).iter().map(|it| it.1).collect::<Vec<_>>(), ["inside"], "{probe}");
    }
    let asked = tokio::time::timeout(Duration::from_millis(50), listener.accept()).await;
    assert!(asked.is_err(), "somebody connected");
}

/// Goal: of what goes through a proxy, nothing is said that the proxy may have said.
#[tokio::test]
async fn the_apis_own_hosts_are_not_probed_through_a_proxy() {
    let wire = Wire::new(Trust::Public, Way { proxy: Proxy::parse("http://127.0.0.1:9"), ..Way::default() });
    let (wire, today) = (wire.unwrap(), Date::parse(TODAY).unwrap());
    let live = Live { wire: &wire, provider: Provider::Twilio, base: None, today, region: None };
    for probe in ["Probe of plain HTTP", "Probe of the API's TLS versions"] {
        let (reading, made) = probed_by(&live, probe).await;
        assert_eq!((reading.outcome, reading.items.len(), made), (Outcome::NotAsked, 0, 0), "{probe}");
    }
}
