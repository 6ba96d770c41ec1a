//! The rules that the carrier enforces.

use crate::site::{CANARY, CLINIC, Site};

/// The code of a message whose carrier is not in the register.
const NOT_REGISTERED: u32 = 77_006;
/// A day that is far away.
const LATER: &str = "2099-12-31";
/// Registers that do not cover the upstream.
const UNCOVERED: [(&str, &str, &str); 3] = [
    ("api.elsewhere.example", "messaging", LATER),
    ("localhost", "lookup", LATER),
    ("localhost", "messaging", "2020-12-31"),
];

#[tokio::test(flavor = "multi_thread")]
async fn art_baa_4__allows_an_upstream_of_the_register() {
    let site = Site::start().await;
    site.near.register(&site.near.hipaa, &["localhost"], "messaging", LATER).await;
    let reply = site.post(&site.near.hipaa, CLINIC, CANARY).await;
    let sid = reply.assert_status(201).json["sid"].as_str().unwrap().parse().unwrap();
    site.wait_of(&site.near.hipaa, sid, "sent").await;
    site.wait_delivered(1).await;
    assert_eq!(site.delivered(), [CANARY]);
}

#[tokio::test(flavor = "multi_thread")]
async fn art_baa_4__refuses_at_the_api_what_no_registered_upstream_takes() {
    for (host, service, expires) in UNCOVERED {
        let site = Site::start().await;
        site.near.register(&site.near.hipaa, &[host], service, expires).await;
        let reply = site.post(&site.near.hipaa, CLINIC, CANARY).await;
        reply.assert_refused("ART-BAA-4", u64::from(NOT_REGISTERED));
        assert!(site.far_door.seen().is_empty());
    }
}

/// Goal: what was accepted obeys the register as it is when it leaves. Method: the upstream rests while the register
/// comes into being.
#[tokio::test(flavor = "multi_thread")]
async fn art_baa_4__refuses_an_upstream_that_left_the_register_while_a_message_waited() {
    let site = Site::start().await;
    let busy = crate::door::Fault::Answer(429, vec![("retry-after", "1".to_owned())], String::new());
    site.far_door.script("POST /2010", &[busy]);
    let reply = site.post(&site.near.hipaa, CLINIC, CANARY).await;
    let sid = reply.assert_status(201).json["sid"].as_str().unwrap().parse().unwrap();
    site.quiet().await;
    site.near.register(&site.near.hipaa, &["api.elsewhere.example"], "messaging", LATER).await;
    crate::site::eventually("it fails", async || {
        site.near.advance(std::time::Duration::from_secs(1));
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        site.fetch(&site.near.hipaa, sid).await["status"] == "failed"
    })
    .await;
    assert_eq!(site.fetch(&site.near.hipaa, sid).await["error_code"], NOT_REGISTERED);
    assert!(site.delivered().is_empty());
    // The ordinary account's messages leave all the same.
    let sid = site.send("Hello").await;
    site.wait(sid, "sent").await;
}
