//! TLS: the SMSC must show a certificate that we trust, for the name that we dial.

use messaging::carrier::CarrierError;
use rcgen::{CertifiedKey, generate_simple_self_signed};

use crate::peer::Peer;
use crate::site::{Site, bind};

#[tokio::test(flavor = "multi_thread")]
async fn a_trusted_smsc_is_bound_and_another_is_not() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, text: String| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        path
    };
    let certified = |name: &str| {
        let CertifiedKey { cert, signing_key } =
            generate_simple_self_signed(["127.0.0.1".to_owned()]).unwrap();
        (file(&format!("{name}.key"), signing_key.serialize_pem()), file(&format!("{name}.pem"), cert.pem()))
    };
    let (key, certificate) = certified("peer");
    let (_, stranger) = certified("stranger");
    let Some(mut peer) = Peer::start_tls(&key, &certificate).await else { return };
    let keys = |file: &std::path::Path| format!("ca_file = \"{}\"", file.display());
    let wary = bind("wary", &peer, &keys(&stranger));
    let config = bind("main", &peer, &keys(&certificate)) + &wary;
    let site = Site::start(&config).await;
    site.bound("main").await;
    site.submit("hello").await.unwrap();
    assert_eq!(peer.next("submit").await["text"], "hello");

    let site = Site::start(&wary).await;
    assert_eq!(site.submit("hello").await, Err(CarrierError::Unavailable));
}
