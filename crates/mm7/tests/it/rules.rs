//! The guide's rules about where messages with media go, each both ways.

use axum::body::Body;
use http::Request;
use kit::Origin;

use crate::inbound::report;
use crate::mmsc::Mmsc;
use crate::site::{CANARY, CLINIC, DOOR, Site};

/// Twilio's code for a carrier outside the register.
const NOT_REGISTERED: u64 = 77_006;
/// A day that is far away.
const LATER: &str = "2099-12-31";

#[tokio::test(flavor = "multi_thread")]
async fn art_baa_4__allows_an_mmsc_of_the_register() {
    let site = Site::start().await;
    let own = site.sink.address().ip().to_string();
    site.app.register(&site.app.hipaa, &["localhost", &own], "messaging", LATER).await;
    let reply = site.post(&site.app.hipaa, CLINIC, CANARY).await;
    let sid = reply.assert_status(201).json["sid"].as_str().unwrap().parse().unwrap();
    crate::site::eventually("it is sent", async || {
        site.fetch(&site.app.hipaa, sid).await["status"] == "sent"
    })
    .await;
    assert_eq!(site.mmsc.seen().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn art_baa_4__refuses_an_mmsc_that_the_register_does_not_have() {
    for (host, service, expires) in [
        ("mmsc.elsewhere.example", "messaging", LATER),
        ("localhost", "lookup", LATER),
        ("localhost", "messaging", "2020-12-31"),
    ] {
        let site = Site::start().await;
        site.app.register(&site.app.hipaa, &[host], service, expires).await;
        let fields =
            [("To", crate::site::PATIENT), ("From", CLINIC), ("Body", CANARY), ("SendAsMms", "true")];
        let reply = site.post_form(&site.app.hipaa, &fields).await;
        reply.assert_refused("ART-BAA-4", NOT_REGISTERED);
        assert!(site.mmsc.seen().is_empty());
    }
}

/// Goal: an MMSC with a certificate that nobody vouches for gets nothing. Method: it has one of another authority.
#[tokio::test(flavor = "multi_thread")]
async fn gen_https_3__refuses_an_mmsc_whose_authority_is_not_known() {
    let (mmsc, other) = (Mmsc::start().await, Mmsc::start().await);
    let url = mmsc.url();
    let site = Site::start_at(mmsc, &url, &other.ca_file(), "").await;
    let sid = site.send(CANARY).await;
    site.quiet().await;
    site.pass(std::time::Duration::from_secs(60)).await;
    assert!(site.mmsc.seen().is_empty());
    assert_eq!(site.fetch(&site.app.owner, sid).await["status"], "sending");
}

#[tokio::test(flavor = "multi_thread")]
async fn gen_https_3__allows_an_mmsc_of_the_operators_authority() {
    let site = Site::start().await;
    let sid = site.send(CANARY).await;
    site.wait(sid, "sent").await;
}

/// A request that comes so.
async fn told_from(site: &Site, peer: &str, secure: bool) -> u16 {
    let origin =
        Origin { base_url: "http://switchward.example".to_owned(), peer: peer.parse().unwrap(), secure };
    let pair =
        data_encoding::BASE64.encode(format!("{}:{}", crate::site::LOGIN.0, crate::site::LOGIN.1).as_bytes());
    let request = Request::post(DOOR)
        .extension(origin)
        .header("content-type", "text/xml")
        .header("authorization", format!("Basic {pair}"));
    site.app.send("switchward", request.body(Body::from(report("m-1", "Retrieved"))).unwrap()).await.status
}

#[tokio::test(flavor = "multi_thread")]
async fn gen_https_1__refuses_an_mmsc_that_calls_over_plain_http() {
    let site = Site::start().await;
    assert_eq!(told_from(&site, "198.51.100.7", false).await, 403);
}

#[tokio::test(flavor = "multi_thread")]
async fn gen_https_1__allows_an_mmsc_that_calls_over_https_or_from_this_machine() {
    let site = Site::start().await;
    assert_eq!(told_from(&site, "198.51.100.7", true).await, 200);
    assert_eq!(told_from(&site, "127.0.0.1", false).await, 200);
}
