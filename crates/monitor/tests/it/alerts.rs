//! Lists, filters and single alerts, in the published shapes.

use std::collections::BTreeSet;
use std::time::Duration;

use auth::Permission;
use serde_json::{Value, json};
use test_kit::Reply;
use webhooks::{LogLevel, NewAlert};

use crate::world::{RESOURCE, failure, raise, start};

/// Schema `monitor.v1.alert`.
const ALERT: &[&str] = &[
    "account_sid",
    "alert_text",
    "api_version",
    "date_created",
    "date_generated",
    "date_updated",
    "error_code",
    "log_level",
    "more_info",
    "request_method",
    "request_url",
    "resource_sid",
    "service_sid",
    "sid",
    "url",
];

/// What schema `monitor.v1.alert-instance` has besides.
const INSTANCE: &[&str] = &["request_headers", "request_variables", "response_body", "response_headers"];

fn keys(value: &Value) -> BTreeSet<&str> {
    value.as_object().unwrap().keys().map(String::as_str).collect()
}

fn sids(reply: &Reply) -> Vec<&str> {
    reply.assert_status(200).json["alerts"]
        .as_array()
        .unwrap()
        .iter()
        .map(|a| a["sid"].as_str().unwrap())
        .collect()
}

#[tokio::test]
async fn shows_an_alert_in_the_published_shape() {
    let app = start().await;
    let sid = raise(&app, &app.owner, failure(&app)).await;
    let fetched = app.get(&app.owner, "monitor", &format!("/v1/Alerts/{sid}")).await;
    let view = &fetched.assert_status(200).json;
    assert_eq!(keys(view), ALERT.iter().chain(INSTANCE).copied().collect());
    let mut expected = json!({
        "sid": sid.to_string(),
        "account_sid": app.owner.sid.to_string(),
        "alert_text": "The server at the configured URL answered with an error",
        "api_version": null,
        "date_created": "2026-01-15T12:00:00Z",
        "date_generated": "2026-01-15T12:00:00Z",
        "date_updated": "2026-01-15T12:00:00Z",
        "error_code": "11200",
        "log_level": "error",
        "more_info": "https://www.twilio.com/docs/errors/11200",
        "request_method": "POST",
        "request_url": "https://clinic.example/status",
        "resource_sid": RESOURCE,
        "service_sid": null,
        "url": format!("https://monitor.twilio.com/v1/Alerts/{sid}"),
    });
    let listed = app.get(&app.owner, "monitor", "/v1/Alerts").await;
    assert_eq!(listed.assert_status(200).json["alerts"], json!([expected]));
    assert_eq!(keys(&listed.json["alerts"][0]), ALERT.iter().copied().collect());
    for key in INSTANCE {
        expected[key] = Value::Null;
    }
    assert_eq!(view, &expected);
}

#[tokio::test]
async fn lists_nothing_in_the_envelope_of_v1() {
    let app = start().await;
    let reply = app.get(&app.owner, "monitor", "/v1/Alerts").await;
    assert_eq!(keys(&reply.assert_status(200).json), BTreeSet::from(["alerts", "meta"]));
    assert_eq!(reply.json["alerts"], json!([]));
    assert_eq!(
        reply.json["meta"],
        json!({
            "page": 0,
            "page_size": 50,
            "first_page_url": "https://monitor.twilio.com/v1/Alerts?PageSize=50&Page=0",
            "previous_page_url": null,
            "url": "https://monitor.twilio.com/v1/Alerts?PageSize=50&Page=0",
            "next_page_url": null,
            "key": "alerts",
        })
    );
}

#[tokio::test]
async fn filters_by_level_resource_and_time() {
    let app = start().await;
    let first = raise(&app, &app.owner, failure(&app)).await.to_string();
    app.advance(Duration::from_secs(3_600));
    let warning = NewAlert { log_level: LogLevel::Warning, ..failure(&app) };
    let second = raise(&app, &app.owner, warning).await.to_string();
    app.advance(Duration::from_secs(86_400));
    let elsewhere = NewAlert { resource_sid: None, ..failure(&app) };
    let third = raise(&app, &app.owner, elsewhere).await.to_string();
    let (first, second, third) = (first.as_str(), second.as_str(), third.as_str());
    let everything = vec![third, second, first];
    let cases: Vec<(String, Vec<&str>)> = vec![
        (String::new(), everything.clone()),
        ("LogLevel=error".into(), vec![third, first]),
        ("LogLevel=warning".into(), vec![second]),
        ("LogLevel=debug".into(), vec![]),
        (format!("ResourceSid={RESOURCE}"), vec![second, first]),
        (format!("ResourceSid={RESOURCE}&LogLevel=error"), vec![first]),
        ("StartDate=2026-01-15T12:00:00Z".into(), everything.clone()),
        ("StartDate=2026-01-15T12:00:01Z".into(), vec![third, second]),
        ("EndDate=2026-01-15T12:00:00Z".into(), vec![first]),
        ("EndDate=2026-01-15T11:59:59Z".into(), vec![]),
        ("EndDate=2026-01-15".into(), vec![second, first]),
        ("StartDate=2026-01-16".into(), vec![third]),
        ("StartDate=2026-01-15T13%3A00%3A00Z&EndDate=2026-01-15T13%3A00%3A00Z".into(), vec![second]),
    ];
    for (query, expected) in cases {
        let reply = app.get(&app.owner, "monitor", &format!("/v1/Alerts?{query}")).await;
        assert_eq!(sids(&reply), expected, "{query}");
    }
}

#[tokio::test]
async fn pages_keep_their_filter() {
    let app = start().await;
    let mut raised = Vec::new();
    for _ in 0..3 {
        raised.push(raise(&app, &app.owner, failure(&app)).await.to_string());
        raise(&app, &app.owner, NewAlert { log_level: LogLevel::Notice, ..failure(&app) }).await;
        app.advance(Duration::from_secs(1));
    }
    raised.reverse();
    let mut found = Vec::new();
    let mut next = Some("/v1/Alerts?LogLevel=error&PageSize=1".to_owned());
    while let Some(path) = next {
        let reply = app.get(&app.owner, "monitor", &path).await;
        found.extend(sids(&reply).into_iter().map(str::to_owned));
        let link = reply.json["meta"]["next_page_url"].as_str();
        next = link.map(|link| link.strip_prefix("https://monitor.twilio.com").unwrap().to_owned());
    }
    assert_eq!(found, raised);
}

#[tokio::test]
async fn refuses_filters_that_mean_nothing() {
    let app = start().await;
    for query in [
        "LogLevel=fatal",
        "StartDate=yesterday",
        "EndDate=2026-13-01",
        "StartDate=1&StartDate=2",
        "Level=error",
    ] {
        let reply = app.get(&app.owner, "monitor", &format!("/v1/Alerts?{query}")).await;
        reply.assert_error(400, 20_001);
    }
}

#[tokio::test]
async fn another_accounts_alerts_are_not_found() {
    let app = start().await;
    let sid = raise(&app, &app.owner, failure(&app)).await;
    assert!(sids(&app.get(&app.other, "monitor", "/v1/Alerts").await).is_empty());
    let reply = app.get(&app.other, "monitor", &format!("/v1/Alerts/{sid}")).await;
    reply.assert_error(404, 20_404);
}

#[tokio::test]
async fn needs_the_permission_to_read_alerts() {
    let app = start().await;
    let sid = raise(&app, &app.owner, failure(&app)).await;
    let reader = app.restricted_key(&app.owner, &[Permission::AlertsRead]).await;
    for path in ["/v1/Alerts".to_owned(), format!("/v1/Alerts/{sid}")] {
        app.get(&app.keys.restricted, "monitor", &path).await.assert_error(403, 20_003);
        app.get(&reader, "monitor", &path).await.assert_status(200);
    }
}

#[tokio::test]
async fn serves_no_events_and_deletes_no_alert() {
    let app = start().await;
    let sid = raise(&app, &app.owner, failure(&app)).await;
    app.get(&app.owner, "monitor", "/v1/Events").await.assert_error(404, 20_404);
    app.delete(&app.owner, "monitor", &format!("/v1/Alerts/{sid}")).await.assert_error(405, 20_004);
    for unknown in ["/v1/Alerts/NO00000000000000000000000000000000", "/v1/Alerts/unknown"] {
        app.get(&app.owner, "monitor", unknown).await.assert_error(404, 20_404);
    }
}
