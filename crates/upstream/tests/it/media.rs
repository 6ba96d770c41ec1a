//! Messages with media: the upstream fetches them here by links.

use bytes::Bytes;
use test_kit::{SinkReply, TestAccount, WebhookSink};

use crate::door::Fault;
use crate::site::{CANARY, CLINIC, OWN, Site, edit_account};

/// A picture, as far as its beginning says.
const PICTURE: &[u8] = b"\x89PNG\r\n\x1a\n canary-51fe mammography of Jane";
const LINKS: &str = "/switchward/v1/MediaLinks/";
/// Twilio's code for a sender that cannot send what is asked.
const UNREACHABLE: u64 = 21_612;

/// The customer's server, which has the picture, and the picture's URL.
async fn gallery(site: &Site) -> (WebhookSink, String) {
    let sink = WebhookSink::start().await;
    sink.answer(
        "/a.png",
        SinkReply { status: 200, body: Bytes::from_static(PICTURE), ..SinkReply::default() },
    );
    let authority = sink.authority_pem().to_owned();
    edit_account(&site.near, site.near.owner.sid, |facts| {
        facts.settings.webhook_authorities = vec![authority]
    })
    .await;
    let url = sink.url("/a.png");
    (sink, url)
}

/// What was done of this kind, as the ledger has it, with the SIDs that it names.
async fn done(site: &Site, account: &TestAccount, action: &str) -> Vec<Vec<String>> {
    let entries = site.near.ledger_actions(account.scope()).await;
    entries.into_iter().filter(|entry| entry.act == action).map(|entry| entry.what).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_picture_is_fetched_by_a_link_that_the_ledger_has() {
    let site = Site::start().await;
    let (_sink, url) = gallery(&site).await;
    let account = &site.near.owner;
    let reply = site.post_with(account, OWN, &[("Body", "Look"), ("MediaUrl", &url)]).await;
    let sid = reply.assert_status(201).json["sid"].as_str().unwrap().parse().unwrap();
    site.wait(sid, "sent").await;
    site.wait_delivered(1).await;
    assert_eq!(site.delivered(), ["Look"]);
    assert_eq!(site.delivered_media(), [(true, vec![PICTURE.to_vec()])]);
    assert_eq!(site.near_door.count("GET", LINKS), 1);

    let handed = done(&site, account, "hand_to_carrier").await;
    let [message, medium, link] = handed[0].as_slice() else { panic!("three names: {handed:?}") };
    let names = [sid.to_string(), medium.clone(), link.clone()];
    assert_eq!((message, link.starts_with("LK")), (&names[0], true), "{link}");
    assert_eq!(done(&site, account, "open_media_link").await, [names]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_text_that_is_asked_to_be_an_mms_is_one_there() {
    let site = Site::start().await;
    let reply = site.post_with(&site.near.owner, OWN, &[("Body", "Long"), ("SendAsMms", "true")]).await;
    reply.assert_status(201);
    site.wait_delivered(1).await;
    assert_eq!(site.delivered_media(), [(true, vec![])]);
    assert_eq!(site.near_door.count("GET", LINKS), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_was_lost_is_settled_and_the_picture_goes_once() {
    let site = Site::start().await;
    let (_sink, url) = gallery(&site).await;
    site.far_door.script("POST /2010", &[Fault::BreakAfter]);
    let reply = site.post_with(&site.near.owner, OWN, &[("Body", "Look"), ("MediaUrl", &url)]).await;
    let sid = reply.assert_status(201).json["sid"].as_str().unwrap().parse().unwrap();
    site.wait_delivered(1).await;
    site.quiet().await;
    site.pass(std::time::Duration::from_secs(90)).await;
    let state = site.fetch(&site.near.owner, sid).await["status"].clone();
    assert!(state == "sent" || state == "delivered", "{state}");
    assert_eq!((site.far_door.count("POST", "/2010"), site.delivered().len()), (1, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_there_that_takes_no_media_is_offered_none() {
    let site = Site::start_with("mms = false").await;
    let (sink, url) = gallery(&site).await;
    let reply = site.post_with(&site.near.owner, OWN, &[("Body", "Look"), ("MediaUrl", &url)]).await;
    assert_eq!(reply.assert_status(400).code(), Some(UNREACHABLE));
    assert!(sink.requests().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn sms_mms_1__refuses_a_hipaa_projects_media_where_they_would_be_fetched_without_credentials() {
    let site = Site::start().await;
    let (sink, url) = gallery(&site).await;
    site.near.register(&site.near.hipaa, &["localhost"], "messaging", "2099-12-31").await;
    let reply = site.post_with(&site.near.hipaa, CLINIC, &[("Body", CANARY), ("MediaUrl", &url)]).await;
    assert_eq!(reply.rule(), Some("SMS-MMS-1"), "{}", reply.text);
    assert!(sink.requests().is_empty() && site.far_door.seen().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn sms_mms_1__allows_a_hipaa_projects_text_by_the_same_account() {
    let site = Site::start().await;
    site.near.register(&site.near.hipaa, &["localhost"], "messaging", "2099-12-31").await;
    site.post(&site.near.hipaa, CLINIC, CANARY).await.assert_status(201);
    site.wait_delivered(1).await;
    assert_eq!(site.delivered_media(), [(false, vec![])]);
}
