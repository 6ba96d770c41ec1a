//! Usage triggers: the resource, and what fires when.

use std::time::Duration;

use jobs::Runner;
use serde_json::Value;
use store::Scope;
use test_kit::{Reply, TestAccount, TestApp, WebhookSink};
use tokio::sync::watch;
use webhooks::{Webhooks, WebhooksConfig, read_authorities};

use crate::{API, sent, start};

/// The keys of the published schema `api.v2010.account.usage.usage_trigger`.
const KEYS: [&str; 16] = [
    "account_sid",
    "api_version",
    "callback_method",
    "callback_url",
    "current_value",
    "date_created",
    "date_fired",
    "date_updated",
    "friendly_name",
    "recurring",
    "sid",
    "trigger_by",
    "trigger_value",
    "uri",
    "usage_category",
    "usage_record_uri",
];

const URL: &str = "https://clinic.example/usage";
const DAY: Duration = Duration::from_secs(86_400);

fn path(account: &TestAccount) -> String {
    format!("/2010-04-01/Accounts/{}/Usage/Triggers", account.sid)
}

async fn made(app: &TestApp, account: &TestAccount, more: &[(&str, &str)]) -> Reply {
    let mut fields = more.to_vec();
    for (name, value) in [("CallbackUrl", URL), ("UsageCategory", "sms"), ("TriggerValue", "10")] {
        if !more.iter().any(|(given, _)| *given == name) {
            fields.push((name, value));
        }
    }
    app.post_form(account, API, &path(account), &fields).await
}

async fn new(app: &TestApp, more: &[(&str, &str)]) -> String {
    let reply = made(app, &app.owner, more).await;
    reply.assert_status(201).json["sid"].as_str().expect("a SID").to_owned()
}

async fn fetched(app: &TestApp, sid: &str) -> Value {
    app.get(&app.owner, API, &format!("{}/{sid}", path(&app.owner))).await.assert_status(200).json.clone()
}

async fn look(app: &TestApp) -> usize {
    usage::look(&app.services).await.expect("the store answers")
}

#[tokio::test]
async fn a_trigger_is_made_shown_changed_listed_and_removed() {
    let app = start().await;
    sent(&app, &app.owner, 0, 3).await;
    let fields =
        [("FriendlyName", "Cap"), ("TriggerValue", "+30"), ("Recurring", "daily"), ("CallbackMethod", "GET")];
    let sid = new(&app, &fields).await;
    let shown = fetched(&app, &sid).await;
    let keys: Vec<&str> = shown.as_object().expect("an object").keys().map(String::as_str).collect();
    assert_eq!(keys, KEYS);
    let own = app.owner.sid;
    for (key, value) in [
        ("current_value", "6".to_owned()),
        ("trigger_value", "36".to_owned()),
        ("trigger_by", "usage".to_owned()),
        ("recurring", "daily".to_owned()),
        ("usage_category", "sms".to_owned()),
        ("callback_method", "GET".to_owned()),
        ("uri", format!("/2010-04-01/Accounts/{own}/Usage/Triggers/{sid}.json")),
        ("usage_record_uri", format!("/2010-04-01/Accounts/{own}/Usage/Records/Today.json?Category=sms")),
    ] {
        assert_eq!(shown[key], value, "{key}");
    }
    assert!(shown["date_fired"].is_null());
    let one = format!("{}/{sid}", path(&app.owner));
    let changes = [
        ("FriendlyName", "Limit"),
        ("CallbackUrl", "https://clinic.example/other"),
        ("CallbackMethod", "POST"),
    ];
    app.post_form(&app.owner, API, &one, &changes).await.assert_status(200);
    let changed = fetched(&app, &sid).await;
    assert_eq!((&changed["friendly_name"], &changed["callback_method"]), (&"Limit".into(), &"POST".into()));
    assert_eq!(changed["trigger_value"], "36");

    let by_count = new(&app, &[("TriggerBy", "count"), ("UsageCategory", "lookups")]).await;
    for (query, expected) in [
        ("", vec![&by_count, &sid]),
        ("?Recurring=daily", vec![&sid]),
        ("?Recurring=yearly", vec![]),
        ("?TriggerBy=count", vec![&by_count]),
        ("?TriggerBy=price", vec![]),
        ("?UsageCategory=sms", vec![&sid]),
        ("?PageSize=1", vec![&by_count]),
    ] {
        let page = app.get(&app.owner, API, &format!("{}{query}", path(&app.owner))).await;
        let rows = page.assert_status(200).json["usage_triggers"].as_array().expect("rows").clone();
        let mut sids: Vec<_> =
            rows.iter().map(|row| row["sid"].as_str().expect("a SID").to_owned()).collect();
        let mut expected: Vec<String> = expected.into_iter().cloned().collect();
        if query.is_empty() {
            // Made at the same moment: the order is that of their SIDs.
            sids.sort();
            expected.sort();
        }
        if query == "?PageSize=1" {
            assert!(page.json["next_page_uri"].is_string() && sids.len() == 1);
        } else {
            assert_eq!(sids, expected, "{query}");
        }
    }
    app.delete(&app.owner, API, &one).await.assert_status(204);
    app.get(&app.owner, API, &one).await.assert_status(404);
    app.get(&app.other, API, &format!("{}/{by_count}", path(&app.other))).await.assert_status(404);
    sent(&app, &app.owner, 0, 100).await;
    assert_eq!(look(&app).await, 0, "it is gone, and the other one counts lookups");
}

#[tokio::test]
async fn what_can_not_be_watched_is_refused() {
    let app = start().await;
    for (name, value, status, code) in [
        ("TriggerBy", "price", 501, 20_501),
        ("TriggerBy", "mood", 400, 20_001),
        ("UsageCategory", "totalprice", 501, 20_501),
        ("UsageCategory", "calls", 501, 20_501),
        ("UsageCategory", "smoke-signals", 400, 20_001),
        ("TriggerValue", "-1", 400, 20_001),
        ("TriggerValue", "", 400, 20_001),
        ("Recurring", "hourly", 400, 20_001),
        ("CallbackUrl", "", 400, 20_001),
        ("CallbackUrl", "ftp://clinic.example", 400, 21_609),
        ("CallbackMethod", "PUT", 400, 20_001),
        ("Colour", "red", 400, 20_001),
    ] {
        made(&app, &app.owner, &[(name, value)]).await.assert_error(status, code);
    }
}

#[tokio::test]
async fn fires_once_in_each_period_and_counts_subaccounts() {
    let app = start().await;
    let daily = new(&app, &[("TriggerBy", "count"), ("Recurring", "daily")]).await;
    let once = new(&app, &[("TriggerBy", "count"), ("TriggerValue", "15")]).await;
    sent(&app, &app.owner, 0, 4).await;
    sent(&app, &app.subaccount, 0, 5).await;
    assert_eq!(look(&app).await, 0);
    sent(&app, &app.owner, 0, 1).await;
    assert_eq!(look(&app).await, 1);
    assert_eq!(look(&app).await, 0, "it has fired today");
    assert!(fetched(&app, &daily).await["date_fired"].is_string());
    app.advance(DAY);
    assert_eq!(look(&app).await, 0, "a new day has nothing yet");
    assert_eq!(fetched(&app, &daily).await["current_value"], "0");
    sent(&app, &app.owner, 0, 12).await;
    assert_eq!(look(&app).await, 2);
    app.advance(DAY);
    sent(&app, &app.owner, 0, 12).await;
    assert_eq!(look(&app).await, 1, "the other one fires once for all");
    assert!(fetched(&app, &once).await["date_fired"].is_string());
    let fired = app.ledger_actions(Scope::account(app.owner.sid)).await;
    assert_eq!(fired.iter().filter(|entry| entry.act == "fire_usage_trigger").count(), 4);
}

/// Goal: two processes that look at the same moment fire once.
#[tokio::test]
async fn of_many_looks_at_once_one_fires() {
    let app = start().await;
    new(&app, &[("TriggerValue", "1")]).await;
    sent(&app, &app.owner, 0, 4).await;
    let services = &app.services;
    let looks = tokio::join!(usage::look(services), usage::look(services), usage::look(services));
    let fired = [looks.0, looks.1, looks.2].map(|look| look.expect("the store answers"));
    assert_eq!(fired.iter().sum::<usize>(), 1);
}

#[tokio::test]
async fn the_webhook_is_signed_and_says_what_is_published() {
    let app = start().await;
    let sink = WebhookSink::start().await;
    let config = WebhooksConfig {
        allowed_private: ["127.0.0.0/8", "::1/128"].map(|range| range.parse().expect("a range")).to_vec(),
        operator_roots: read_authorities(sink.authority_pem()).expect("an authority"),
        ..WebhooksConfig::default()
    };
    let webhooks = Webhooks::new(app.services.store.clone(), config).expect("usable roots");
    let stop = watch::Sender::new(false);
    let mut runner = Runner::new(app.services.store.clone(), stop.subscribe());
    runner.start(webhooks.queue());

    let url = sink.url("/usage");
    let sid = new(&app, &[("CallbackUrl", &url), ("Recurring", "monthly"), ("TriggerValue", "6")]).await;
    sent(&app, &app.owner, 0, 4).await;
    assert_eq!(look(&app).await, 1);
    let mut waited = 0;
    while sink.requests().is_empty() {
        tokio::time::sleep(Duration::from_millis(10)).await;
        waited += 1;
        assert!(waited < 1_000, "the webhook comes");
    }
    let request = &sink.requests()[0];
    let own = app.owner.sid;
    for (name, value) in [
        ("UsageTriggerSid", sid.clone()),
        ("AccountSid", own.to_string()),
        ("Recurring", "monthly".to_owned()),
        ("CurrentValue", "8".to_owned()),
        ("TriggerValue", "6".to_owned()),
        ("TriggerBy", "usage".to_owned()),
        ("UsageCategory", "sms".to_owned()),
        ("UsageRecordUri", format!("/2010-04-01/Accounts/{own}/Usage/Records/ThisMonth.json?Category=sms")),
        ("DateFired", "Thu, 15 Jan 2026 12:00:00 +0000".to_owned()),
        ("IdempotencyToken", format!("{own}-FIRES-{sid}-2026-01-01")),
    ] {
        assert_eq!(request.parameter(name), Some(value), "{name}");
    }
    assert!(request.headers.contains_key("x-twilio-signature"));
    stop.send_replace(true);
    runner.stopped().await;
}

#[tokio::test]
async fn gen_https_2__refuses_trigger_over_plain_http() {
    let app = start().await;
    let plain = [("CallbackUrl", "http://clinic.example/usage")];
    made(&app, &app.hipaa, &plain).await.assert_refused("GEN-HTTPS-2", 77_117);
    let sid =
        made(&app, &app.hipaa, &[]).await.assert_status(201).json["sid"].as_str().expect("a SID").to_owned();
    let one = format!("{}/{sid}", path(&app.hipaa));
    app.post_form(&app.hipaa, API, &one, &plain).await.assert_refused("GEN-HTTPS-2", 77_117);
}

#[tokio::test]
async fn gen_https_2__allows_trigger_over_https() {
    let app = start().await;
    made(&app, &app.hipaa, &[]).await.assert_status(201);
    made(&app, &app.owner, &[("CallbackUrl", "http://clinic.example/usage")]).await.assert_status(201);
}
