//! Status callbacks: whose are believed, and in which order they may come.

use http::Request;
use messaging::carrier::Receipt;
use test_kit::Reply;
use webhooks::signature;

use crate::site::{Site, eventually};

/// Tells something at a path, signed with this token.
pub(crate) async fn tell(site: &Site, path: &str, token: Option<&str>, fields: &[(&str, &str)]) -> Reply {
    let fields: Vec<(String, String)> =
        fields.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    let form = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(&fields).finish();
    let mut request = Request::post(path).header("content-type", "application/x-www-form-urlencoded");
    if let Some(token) = token {
        let url = format!("{}{path}", site.near_door.base());
        request = request.header(signature::HEADER, signature::sign_form(token, &url, &fields));
    }
    site.near.send("switchward", request.body(axum::body::Body::from(form)).unwrap()).await
}

/// A message that the upstream has, the path of its callbacks, and its SID there.
async fn under_way(site: &Site) -> (base::MessageSid, String, String) {
    let sid = site.send("Hello").await;
    site.wait(sid, "sent").await;
    eventually("a callback", async || !site.near_door.seen().is_empty()).await;
    let path = site.near_door.seen()[0].path.clone();
    let listed = site.far.get(&site.far.owner, "api", &site.messages_path()).await;
    let there = listed.json["messages"][0]["sid"].as_str().unwrap().to_owned();
    (sid, path, there)
}

#[tokio::test(flavor = "multi_thread")]
async fn gen_sig_1__refuses_a_callback_that_the_upstream_did_not_sign() {
    let site = Site::start().await;
    let (sid, path, there) = under_way(&site).await;
    let fields = [("MessageSid", there.as_str()), ("MessageStatus", "delivered")];
    for token in [None, Some("0123456789abcdef0123456789abcdef")] {
        tell(&site, &path, token, &fields).await.assert_error(403, 20_003);
    }
    // Signed, but for a message that nobody gave it.
    let token = site.far.owner.token.reveal().to_owned();
    let (start, _) = path.rsplit_once('.').unwrap();
    let forged = format!("{start}.{}", "0".repeat(32));
    tell(&site, &forged, Some(&token), &fields).await.assert_error(403, 20_003);
    assert_eq!(site.fetch(&site.near.owner, sid).await["status"], "sent");
}

#[tokio::test(flavor = "multi_thread")]
async fn gen_sig_1__allows_a_callback_that_the_upstream_signed() {
    let site = Site::start().await;
    let (sid, path, there) = under_way(&site).await;
    let token = site.far.owner.token.reveal().to_owned();
    let fields = [("MessageSid", there.as_str()), ("MessageStatus", "delivered"), ("Whatever", "is new")];
    tell(&site, &path, Some(&token), &fields).await.assert_status(204);
    site.wait(sid, "delivered").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn callbacks_may_come_late_twice_and_in_any_order() {
    let site = Site::start().await;
    let (sid, path, there) = under_way(&site).await;
    let token = site.far.owner.token.reveal().to_owned();
    for status in ["delivered", "sent", "queued", "delivered", "undelivered", "something new"] {
        let fields = [("MessageSid", there.as_str()), ("MessageStatus", status), ("ErrorCode", "30003")];
        tell(&site, &path, Some(&token), &fields).await.assert_status(204);
        let shown = site.fetch(&site.near.owner, sid).await;
        assert_eq!((&shown["status"], &shown["error_code"]), (&"delivered".into(), &serde_json::Value::Null));
    }
    site.receipt(0, Receipt::Delivered).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_callback_without_a_usable_sid_is_refused() {
    let site = Site::start().await;
    let (_, path, _) = under_way(&site).await;
    let token = site.far.owner.token.reveal().to_owned();
    for sid in ["", "SM1", "../../secrets"] {
        let fields = [("MessageSid", sid), ("MessageStatus", "delivered")];
        tell(&site, &path, Some(&token), &fields).await.assert_error(400, 20_001);
    }
}
