//! The Message resource at the API: its shape, its errors, and what may be done to it.

use http::Method;
use messaging::carrier::Receipt;
use test_kit::Reply;

use crate::site::{API, CLINIC, OWN, PATIENT, Site, Step, message_path, sid};

/// The keys of the published schema `api.v2010.account.message`.
const KEYS: [&str; 20] = [
    "account_sid",
    "api_version",
    "body",
    "date_created",
    "date_sent",
    "date_updated",
    "direction",
    "error_code",
    "error_message",
    "from",
    "messaging_service_sid",
    "num_media",
    "num_segments",
    "price",
    "price_unit",
    "sid",
    "status",
    "subresource_uris",
    "to",
    "uri",
];

fn keys(json: &serde_json::Value) -> Vec<String> {
    let mut keys: Vec<String> = json.as_object().expect("an object").keys().cloned().collect();
    keys.sort_unstable();
    keys
}

#[tokio::test]
async fn create_answers_the_published_shape() {
    let site = Site::idle().await;
    let reply = site.send(&site.app.owner, "Hello €", &[]).await;
    let message = reply.assert_status(201).json.clone();
    let account = site.app.owner.sid;
    let own = sid(&reply);
    assert_eq!(keys(&message), KEYS);
    for (key, expected) in [
        ("account_sid", account.to_string()),
        ("api_version", "2010-04-01".into()),
        ("body", "Hello €".into()),
        ("date_created", "Thu, 15 Jan 2026 12:00:00 +0000".into()),
        ("date_updated", "Thu, 15 Jan 2026 12:00:00 +0000".into()),
        ("direction", "outbound-api".into()),
        ("from", OWN.into()),
        ("num_media", "0".into()),
        ("num_segments", "1".into()),
        ("price_unit", "USD".into()),
        ("status", "queued".into()),
        ("to", PATIENT.into()),
        ("uri", format!("/2010-04-01/Accounts/{account}/Messages/{own}.json")),
    ] {
        assert_eq!(message[key], expected, "{key}");
    }
    for key in ["date_sent", "error_code", "error_message", "messaging_service_sid", "price"] {
        assert!(message[key].is_null(), "{key}");
    }
    let media = format!("/2010-04-01/Accounts/{account}/Messages/{own}/Media.json");
    assert_eq!(message["subresource_uris"]["media"], media);
    assert_eq!(site.fetch(&site.app.owner, own).await, message);
}

#[tokio::test]
async fn to_is_normalised_and_segments_are_counted() {
    let site = Site::idle().await;
    let long = "a".repeat(161);
    let fields = [("To", "+1 (415) 555-0177"), ("From", OWN), ("Body", long.as_str())];
    let reply = site.post(&site.app.owner, &fields).await;
    assert_eq!(reply.assert_status(201).json["to"], PATIENT);
    assert_eq!(reply.json["num_segments"], "2");
}

#[tokio::test]
async fn each_bad_parameter_has_its_code() {
    let site = Site::idle().await;
    let long = "x".repeat(1_601);
    let good = [("To", PATIENT), ("From", OWN), ("Body", "x")];
    let with = |name: &'static str, value: &str| -> Vec<(&'static str, String)> {
        let mut fields: Vec<_> = good.iter().map(|(name, value)| (*name, (*value).to_owned())).collect();
        fields.retain(|(given, _)| *given != name);
        fields.push((name, value.to_owned()));
        fields
    };
    let cases = [
        (with("To", ""), 400, 21604),
        (with("To", "+19995550177"), 400, 21211),
        (with("From", ""), 400, 21603),
        (with("Body", ""), 400, 21602),
        (with("To", "nobody-at-all!"), 400, 21211),
        (with("To", "12345"), 400, 21211),
        (with("To", "+1415555"), 400, 21211),
        (with("From", "!"), 400, 21212),
        (with("From", "+14155559999"), 400, 21606),
        (with("From", CLINIC), 400, 21606),
        (with("Body", &long), 400, 21617),
        (with("Colour", "red"), 400, 20001),
        (with("MediaUrl", "ftp://example.com/a.png"), 400, 21620),
        (with("MessagingServiceSid", "MG00000000000000000000000000000000"), 400, 21701),
        (with("MessagingServiceSid", "MG1"), 400, 21705),
        (with("ContentSid", "HX00000000000000000000000000000000"), 501, 20501),
        (with("To", "whatsapp:+14155550177"), 501, 20501),
        (with("Tags", "{}"), 501, 20501),
        (with("StatusCallback", "ftp://example.com/"), 400, 21609),
        (with("StatusCallback", "not a url"), 400, 21609),
        (with("ValidityPeriod", "0"), 400, 20001),
        (with("ValidityPeriod", "36001"), 400, 20001),
        (with("ValidityPeriod", "soon"), 400, 20001),
        (with("ContentRetention", "sometimes"), 400, 20001),
        (with("SendAt", "2026-01-15T13:00:00Z"), 400, 35111),
        (with("ScheduleType", "fixed"), 400, 35111),
    ];
    for (fields, status, code) in cases {
        let fields: Vec<_> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let reply = site.post(&site.app.owner, &fields).await;
        assert_eq!((reply.status, reply.code()), (status, Some(code)), "{:?}: {}", fields.last(), reply.text);
        reply.assert_error(status, code);
        assert!(!reply.text.contains("5550177"), "an error repeats a number: {}", reply.text);
    }
    let schedule = [("ScheduleType", "fixed"), ("SendAt", "2026-01-15T12:00:01Z")];
    site.send(&site.app.owner, "x", &schedule).await.assert_error(400, 35114);
    let schedule = [("ScheduleType", "fixed"), ("SendAt", "2026-01-15T13:00:00Z")];
    site.send(&site.app.owner, "x", &schedule).await.assert_error(400, 35118);
    let repeated = [("To", PATIENT), ("To", PATIENT), ("From", OWN), ("Body", "x")];
    site.post(&site.app.owner, &repeated).await.assert_error(400, 20001);
    site.post(&site.app.owner, &[]).await.assert_error(400, 21604);
    let list = site.app.get(&site.app.owner, API, &list_path(&site)).await;
    assert_eq!(list.json["messages"], serde_json::json!([]), "a refused message leaves nothing behind");
}

fn list_path(site: &Site) -> String {
    format!("/2010-04-01/Accounts/{}/Messages.json", site.app.owner.sid)
}

async fn raw(site: &Site, body: Vec<u8>, content_type: &str) -> Reply {
    site.app.post_raw(&site.app.owner, API, &list_path(site), body, content_type).await
}

#[tokio::test]
async fn refuses_bodies_that_are_no_form() {
    const FORM: &str = "application/x-www-form-urlencoded";
    let site = Site::idle().await;
    let mut huge = b"To=%2B14155550177&From=%2B14155550100&Body=".to_vec();
    huge.resize(300 * 1024, b'a');
    raw(&site, huge, FORM).await.assert_error(413, 20413);
    for body in [&b"To=%2B14155550177&Body=%ff%fe"[..], b"Body=\xff\xfe", b"Body=%4", b"Body=%zz"] {
        raw(&site, body.to_vec(), FORM).await.assert_error(400, 20001);
    }
    raw(&site, b"{}".to_vec(), "application/json").await.assert_error(415, 20415);
    let accepted = b"To=%2B14155550177&From=%2B14155550100&Body=na%C3%AFve+%26".to_vec();
    let reply = raw(&site, accepted, "application/x-www-form-urlencoded; charset=UTF-8").await;
    assert_eq!(reply.assert_status(201).json["body"], "naïve &");
}

#[tokio::test]
async fn another_accounts_message_is_not_found() {
    let site = Site::idle().await;
    let message = site.accepted(&site.app.owner, "Hello", &[]).await;
    for path in [message_path(&site.app.owner, message), message_path(&site.app.other, message)] {
        site.app.get(&site.app.other, API, &path).await.assert_error(404, 20404);
        site.app.delete(&site.app.other, API, &path).await.assert_error(404, 20404);
        site.app.post_form(&site.app.other, API, &path, &[("Body", "")]).await.assert_error(404, 20404);
    }
    for name in ["SM00000000000000000000000000000000", "MM00000000000000000000000000000000", "x"] {
        let path = format!("/2010-04-01/Accounts/{}/Messages/{name}.json", site.app.owner.sid);
        site.app.get(&site.app.owner, API, &path).await.assert_error(404, 20404);
    }
    site.fetch(&site.app.owner, message).await;
}

#[tokio::test]
async fn keys_reach_what_they_are_granted() {
    let site = Site::idle().await;
    let message = site.accepted(&site.app.owner, "Hello", &[]).await;
    let path = message_path(&site.app.owner, message);
    site.app.get(&site.app.keys.restricted, API, &path).await.assert_status(200);
    site.app.delete(&site.app.keys.restricted, API, &path).await.assert_error(403, 20003);
    let send = [("To", PATIENT), ("From", OWN), ("Body", "x")];
    site.app
        .post_form(&site.app.keys.restricted, API, &list_path(&site), &send)
        .await
        .assert_error(403, 20003);
    site.app.post_form(&site.app.keys.standard, API, &list_path(&site), &send).await.assert_status(201);
}

#[tokio::test]
async fn unknown_methods_are_not_allowed() {
    let site = Site::idle().await;
    let path = list_path(&site);
    let request = http::Request::builder().method(Method::PUT).uri(path.trim_end_matches(".json"));
    let reply = site.app.send(API, request.body(Default::default()).expect("a request")).await;
    reply.assert_error(405, 20004);
}

#[tokio::test]
async fn redaction_by_request_waits_until_the_message_is_out() {
    let site = Site::start().await;
    let owner = &site.app.owner;
    let message = site.accepted(owner, "Hello", &[("ValidityPeriod", "60")]).await;
    site.wait_status(owner, message, "sent").await;
    let path = message_path(owner, message);
    for fields in [&[("Body", "other text")][..], &[], &[("Body", ""), ("Status", "canceled")]] {
        site.app.post_form(owner, API, &path, fields).await.assert_error(400, 20001);
    }
    assert_eq!(site.fetch(owner, message).await["body"], "Hello");
    site.app.post_form(owner, API, &path, &[("Status", "canceled")]).await.assert_error(409, 30409);
    let reply = site.app.post_form(owner, API, &path, &[("Body", "")]).await;
    assert_eq!(reply.assert_status(200).json["body"], "");
    assert_eq!(site.fetch(owner, message).await["to"], PATIENT);
}

#[tokio::test]
async fn a_message_under_way_is_neither_redacted_nor_deleted() {
    let site = Site::idle().await;
    let owner = &site.app.owner;
    let message = site.accepted(owner, "Hello", &[]).await;
    let path = message_path(owner, message);
    site.app.post_form(owner, API, &path, &[("Body", "")]).await.assert_error(400, 20009);
    site.app.delete(owner, API, &path).await.assert_error(400, 20009);
    assert_eq!(site.fetch(owner, message).await["body"], "Hello");
}

#[tokio::test]
async fn a_deleted_message_is_gone() {
    let site = Site::start().await;
    let owner = &site.app.owner;
    let message = site.accepted(owner, "Hello", &[]).await;
    site.wait_status(owner, message, "sent").await;
    site.receipt(owner, message, Receipt::Delivered).await;
    let path = message_path(owner, message);
    site.app.delete(owner, API, &path).await.assert_status(204);
    site.app.get(owner, API, &path).await.assert_error(404, 20404);
    site.app.delete(owner, API, &path).await.assert_error(404, 20404);
    // A late receipt finds nothing and is no error.
    site.receipt(owner, message, Receipt::Delivered).await;
}

#[tokio::test]
async fn failures_carry_their_code_and_text() {
    let site = Site::start().await;
    let owner = &site.app.owner;
    for (code, text) in [(30006, "landline"), (30034, "registered"), (39999, "carrier")] {
        site.carrier.script(&[Step::Reject(code)]);
        let message = site.accepted(owner, "Hello", &[]).await;
        let failed = site.wait_status(owner, message, "failed").await;
        assert_eq!(failed["error_code"], code);
        assert!(failed["error_message"].as_str().expect("a text").contains(text), "{failed}");
        assert!(failed["date_sent"].is_null());
    }
}
