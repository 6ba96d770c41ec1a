//! TwiML applications: the resource, and what numbers and messages that name one do.

use std::time::Duration;

use messaging::carrier::Receipt;
use serde_json::Value;
use test_kit::{Reply, SinkReply, TestAccount};

use crate::site::{API, Site};

/// The keys of the published schema `api.v2010.account.application`.
const KEYS: [&str; 21] = [
    "account_sid",
    "api_version",
    "date_created",
    "date_updated",
    "friendly_name",
    "message_status_callback",
    "public_application_connect_enabled",
    "sid",
    "sms_fallback_method",
    "sms_fallback_url",
    "sms_method",
    "sms_status_callback",
    "sms_url",
    "status_callback",
    "status_callback_method",
    "uri",
    "voice_caller_id_lookup",
    "voice_fallback_method",
    "voice_fallback_url",
    "voice_method",
    "voice_url",
];

fn path(account: &TestAccount) -> String {
    format!("/2010-04-01/Accounts/{}/Applications", account.sid)
}

async fn create(site: &Site, account: &TestAccount, fields: &[(&str, &str)]) -> Reply {
    site.app.post_form(account, API, &format!("{}.json", path(account)), fields).await
}

async fn made(site: &Site, account: &TestAccount, fields: &[(&str, &str)]) -> String {
    let reply = create(site, account, fields).await;
    reply.assert_status(201).json["sid"].as_str().expect("a SID").to_owned()
}

#[tokio::test]
async fn an_application_is_made_found_changed_and_deleted() {
    let site = Site::idle().await;
    let owner = &site.app.owner;
    let fields = [
        ("FriendlyName", "Reminders"),
        ("ApiVersion", "2010-04-01"),
        ("SmsUrl", "https://example.com/sms"),
        ("SmsMethod", "GET"),
        ("SmsFallbackUrl", "https://example.com/fallback"),
        ("SmsStatusCallback", "https://example.com/status"),
        ("VoiceUrl", "https://example.com/voice"),
        ("VoiceCallerIdLookup", "true"),
        ("PublicApplicationConnectEnabled", "false"),
    ];
    let application = create(&site, owner, &fields).await.assert_status(201).json.clone();
    let mut keys: Vec<&String> = application.as_object().expect("an object").keys().collect();
    keys.sort_unstable();
    assert_eq!(keys, KEYS);
    for (key, expected) in [
        ("friendly_name", Value::from("Reminders")),
        ("sms_url", "https://example.com/sms".into()),
        ("sms_method", "GET".into()),
        ("sms_fallback_method", "POST".into()),
        ("message_status_callback", "https://example.com/status".into()),
        ("sms_status_callback", "https://example.com/status".into()),
        ("voice_caller_id_lookup", true.into()),
        ("status_callback", Value::Null),
    ] {
        assert_eq!(application[key], expected, "{key}");
    }
    let one = application["uri"].as_str().expect("a path");
    assert_eq!(site.app.get(owner, API, one).await.json, application);
    site.app.get(&site.app.other, API, one).await.assert_error(404, 20404);

    site.app.advance(Duration::from_secs(1));
    let other = made(&site, owner, &[("FriendlyName", "Other")]).await;
    let listed = async |query: &str| -> Vec<String> {
        let page = site.app.get(owner, API, &format!("{}.json{query}", path(owner))).await;
        let rows = page.assert_status(200).json["applications"].as_array().expect("rows").clone();
        rows.iter().map(|row| row["friendly_name"].as_str().expect("a name").to_owned()).collect()
    };
    assert_eq!(listed("").await, ["Other", "Reminders"]);
    assert_eq!(listed("?FriendlyName=Other").await, ["Other"]);
    assert!(listed("?FriendlyName=Oth").await.is_empty());

    let changed = site.app.post_form(owner, API, one, &[("SmsUrl", ""), ("FriendlyName", "Renamed")]).await;
    let changed = changed.assert_status(200).json.clone();
    assert_eq!(changed["sms_url"], Value::Null);
    assert_eq!(changed["sms_fallback_url"], "https://example.com/fallback");
    assert_eq!(listed("?FriendlyName=Renamed").await, ["Renamed"]);
    assert!(listed("?FriendlyName=Reminders").await.is_empty());
    site.app.delete(owner, API, &format!("{}/{other}.json", path(owner))).await.assert_status(204);
    assert_eq!(listed("").await, ["Renamed"]);
}

#[tokio::test]
async fn each_bad_parameter_has_its_code() {
    let site = Site::idle().await;
    let name = "x".repeat(65);
    for (fields, status, code) in [
        (&[("FriendlyName", name.as_str())][..], 400, 20001),
        (&[("SmsUrl", "ftp://example.com/")], 400, 21609),
        (&[("SmsMethod", "PUT")], 400, 20001),
        (&[("PublicApplicationConnectEnabled", "true")], 501, 20501),
        (&[("Unknown", "1")], 400, 20001),
    ] {
        create(&site, &site.app.owner, fields).await.assert_error(status, code);
    }
    let theirs = made(&site, &site.app.other, &[("FriendlyName", "Theirs")]).await;
    for sid in [theirs.as_str(), "AP0123456789abcdef0123456789abcdef", "nothing"] {
        let number = site.configure(&site.app.owner, &[("SmsApplicationSid", sid)]).await;
        number.assert_error(400, 20001);
        site.send(&site.app.owner, "Hi", &[("ApplicationSid", sid)]).await.assert_error(400, 20001);
    }
}

#[tokio::test]
async fn gen_https_2__refuses_plain_http_urls_of_an_application() {
    let site = Site::idle().await;
    for field in [
        "SmsUrl",
        "SmsFallbackUrl",
        "MessageStatusCallback",
        "SmsStatusCallback",
        "VoiceUrl",
        "StatusCallback",
    ] {
        let fields = [(field, "http://clinic.example/x")];
        create(&site, &site.app.hipaa, &fields).await.assert_refused("GEN-HTTPS-2", 77117);
        create(&site, &site.app.owner, &fields).await.assert_status(201);
    }
    let sid = made(&site, &site.app.hipaa, &[("SmsUrl", "https://clinic.example/x")]).await;
    let one = format!("{}/{sid}.json", path(&site.app.hipaa));
    let change = [("SmsUrl", "http://clinic.example/x")];
    site.app.post_form(&site.app.hipaa, API, &one, &change).await.assert_refused("GEN-HTTPS-2", 77117);
}

#[tokio::test]
async fn d_red_3__refuses_get_webhooks_of_an_application() {
    let site = Site::idle().await;
    let get = [("SmsUrl", "https://clinic.example/x"), ("SmsMethod", "GET")];
    create(&site, &site.app.hipaa, &get).await.assert_refused("D-RED-3", 77288);
    create(&site, &site.app.owner, &get).await.assert_status(201);
}

#[tokio::test]
async fn the_application_of_a_number_is_asked_instead_of_the_number() {
    let site = Site::start().await;
    let owner = &site.app.owner;
    site.sink.answer("/application", SinkReply::status(500));
    site.sink.answer(
        "/fallback",
        SinkReply::twiml("<Response><Message>from the application</Message></Response>"),
    );
    let (url, fallback) = (site.sink.url("/application"), site.sink.url("/fallback"));
    let sid = made(&site, owner, &[("SmsUrl", &url), ("SmsFallbackUrl", &fallback)]).await;
    let own = site.sink.url("/number");
    let number = site.configure(owner, &[("SmsUrl", &own), ("SmsApplicationSid", &sid)]).await;
    assert_eq!(number.assert_status(200).json["sms_application_sid"], sid);

    site.arrive(owner, "Hello").await;
    site.settle().await;
    let paths = |site: &Site| -> Vec<String> {
        site.sink.requests().iter().map(|request| request.path.clone()).collect()
    };
    assert_eq!(paths(&site), ["/application", "/fallback"]);
    crate::site::eventually("the answer is sent", async || !site.carrier.taken().is_empty()).await;
    assert_eq!(site.carrier.taken()[0].body, "from the application");

    // One without a URL asks nobody: the number's own counts for nothing.
    let one = format!("{}/{sid}.json", path(owner));
    site.app.post_form(owner, API, &one, &[("SmsUrl", "")]).await.assert_status(200);
    site.arrive(owner, "Hello").await;
    site.settle().await;
    assert_eq!(paths(&site).len(), 2);

    // Deleted, it is taken off the number.
    site.app.delete(owner, API, &one).await.assert_status(204);
    let number = site.configure(owner, &[]).await.assert_status(200).json.clone();
    assert_eq!((&number["sms_application_sid"], &number["sms_url"]), (&"".into(), &own.into()));
    site.arrive(owner, "Hello").await;
    site.settle().await;
    assert_eq!(paths(&site)[2..], ["/number"]);
}

#[tokio::test]
async fn a_number_of_a_service_leaves_its_application_to_the_service() {
    let site = Site::start().await;
    let owner = &site.app.owner;
    let (inbound, application) = (site.sink.url("/service"), site.sink.url("/application"));
    let sid = made(&site, owner, &[("SmsUrl", &application)]).await;
    site.configure(owner, &[("SmsApplicationSid", &sid)]).await.assert_status(200);
    let number = site.number_of(owner);
    let service = site.service_with(owner, &[number], &[("InboundRequestUrl", &inbound)]).await;
    site.arrive(owner, "Hello").await;
    site.settle().await;
    let change = [("UseInboundWebhookOnNumber", "true")];
    let path = format!("/v1/Services/{service}");
    site.app.post_form(owner, crate::site::MESSAGING, &path, &change).await.assert_status(200);
    site.arrive(owner, "Hello").await;
    site.settle().await;
    let paths: Vec<String> = site.sink.requests().iter().map(|request| request.path.clone()).collect();
    assert_eq!(paths, ["/service", "/application"]);
}

#[tokio::test]
async fn states_of_a_message_are_reported_to_the_application_it_names() {
    let site = Site::start().await;
    let owner = &site.app.owner;
    let (status, own) = (site.sink.url("/application"), site.sink.url("/own"));
    let sid = made(&site, owner, &[("MessageStatusCallback", &status)]).await;
    let message = site.accepted(owner, "Hi", &[("ApplicationSid", &sid)]).await;
    site.settle().await;
    site.receipt(owner, message, Receipt::Delivered).await;
    site.settle().await;
    let told = |path: &str| -> Vec<String> {
        let requests = site.sink.requests().into_iter().filter(|request| request.path == path);
        requests.filter_map(|request| request.parameter("MessageStatus")).collect()
    };
    assert_eq!(told("/application"), ["queued", "sent", "delivered"]);
    // The message's own word goes first.
    site.accepted(owner, "Hi", &[("ApplicationSid", &sid), ("StatusCallback", &own)]).await;
    site.settle().await;
    assert_eq!((told("/application").len(), told("/own").len()), (3, 2));
}

#[tokio::test]
async fn an_application_cannot_lead_states_of_a_hipaa_project_to_plain_http() {
    let site = Site::idle().await;
    let sid = made(&site, &site.app.hipaa, &[("MessageStatusCallback", "https://clinic.example/s")]).await;
    site.send(&site.app.hipaa, "Hi", &[("ApplicationSid", &sid)]).await.assert_status(201);
    // The register came after the application: what is sent is asked about anew.
    site.app.register(&site.app.hipaa, &["other.example"], "messaging", "2027-01-01").await;
    let refused = site.send(&site.app.hipaa, "Hi", &[("ApplicationSid", &sid)]).await;
    refused.assert_refused("SMS-BOT-1", 77301);
}
