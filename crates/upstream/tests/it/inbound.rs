//! Messages of handsets that the upstream tells.

use serde_json::Value;

use crate::callbacks::tell;
use crate::site::{OWN, PATIENT, Site, THERE};

const PATH: &str = "/switchward/v1/UpstreamMessages/vendor";
const SID: &str = "SM0123456789abcdef0123456789abcdef";

async fn received(site: &Site) -> Vec<Value> {
    let path = format!("/2010-04-01/Accounts/{}/Messages.json", site.near.owner.sid);
    let listed = site.near.get(&site.near.owner, "api", &path).await;
    listed.assert_status(200).json["messages"].as_array().unwrap().clone()
}

fn fields<'a>(sid: &'a str, to: &'a str) -> [(&'a str, &'a str); 5] {
    [("MessageSid", sid), ("From", PATIENT), ("To", to), ("Body", "Yes"), ("NumMedia", "0")]
}

#[tokio::test(flavor = "multi_thread")]
async fn a_signed_message_comes_in_once_at_the_number_it_stands_for() {
    let site = Site::start().await;
    let token = site.far.owner.token.reveal().to_owned();
    for _ in 0..2 {
        let reply = tell(&site, PATH, Some(&token), &fields(SID, THERE)).await;
        assert!(reply.assert_status(200).text.contains("<Response>"));
    }
    let messages = received(&site).await;
    assert_eq!(messages.len(), 1);
    assert_eq!(
        (&messages[0]["to"], &messages[0]["from"], &messages[0]["body"]),
        (&OWN.into(), &PATIENT.into(), &"Yes".into())
    );
    // Another one that says the same is another one.
    let other = SID.replace('f', "0");
    tell(&site, PATH, Some(&token), &fields(&other, THERE)).await.assert_status(200);
    assert_eq!(received(&site).await.len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_signed_does_not_come_in() {
    let site = Site::start().await;
    for token in [None, Some("0123456789abcdef0123456789abcdef")] {
        tell(&site, PATH, token, &fields(SID, THERE)).await.assert_error(403, 20_003);
    }
    let token = site.far.owner.token.reveal().to_owned();
    let elsewhere = PATH.replace("vendor", "nobody");
    tell(&site, &elsewhere, Some(&token), &fields(SID, THERE)).await.assert_error(403, 20_003);
    tell(&site, PATH, Some(&token), &fields(SID, "+14155550999")).await.assert_error(404, 20_404);
    assert!(received(&site).await.is_empty());
}
