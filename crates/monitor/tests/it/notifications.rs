//! Notifications of the 2010 API: alerts in their older shape, and as little of them.

use std::collections::BTreeSet;
use std::time::Duration;

use serde_json::{Value, json};
use webhooks::{LogLevel, NewAlert};

use crate::world::{content, failure, raise, start};

/// Schema `api.v2010.account.notification`.
const NOTIFICATION: &[&str] = &[
    "account_sid",
    "api_version",
    "call_sid",
    "date_created",
    "date_updated",
    "error_code",
    "log",
    "message_date",
    "message_text",
    "more_info",
    "request_method",
    "request_url",
    "sid",
    "uri",
];
/// What `api.v2010.account.notification-instance` has besides.
const INSTANCE: &[&str] = &["request_variables", "response_body", "response_headers"];

fn keys(value: &Value) -> BTreeSet<&str> {
    value.as_object().unwrap().keys().map(String::as_str).collect()
}

fn path(account: impl ToString) -> String {
    format!("/2010-04-01/Accounts/{}/Notifications", account.to_string())
}

#[tokio::test]
async fn an_alert_is_a_notification_in_the_published_shape() {
    let app = start().await;
    let sid = raise(&app, &app.owner, NewAlert { content: content(), ..failure(&app) }).await;
    let one = format!("{}/{sid}.json", path(app.owner.sid));
    let shown = app.get(&app.owner, "api", &one).await.assert_status(200).json.clone();
    assert_eq!(keys(&shown), NOTIFICATION.iter().chain(INSTANCE).copied().collect());
    assert_eq!((&shown["error_code"], &shown["log"]), (&json!("11200"), &json!("0")));
    assert_eq!((&shown["uri"], &shown["call_sid"]), (&json!(one), &json!(null)));
    assert_eq!(shown["message_date"], "Thu, 15 Jan 2026 12:00:00 +0000");
    assert_eq!(shown["request_url"], "https://clinic.example/status");
    assert_eq!(shown["response_body"], "stack trace");
    let listed = app.get(&app.owner, "api", &format!("{}.json", path(app.owner.sid))).await;
    let listed = &listed.assert_status(200).json["notifications"][0];
    assert_eq!(keys(listed), NOTIFICATION.iter().copied().collect());
    app.get(&app.other, "api", &one).await.assert_error(404, 20404);
    let theirs = format!("{}/{sid}.json", path(app.other.sid));
    app.get(&app.other, "api", &theirs).await.assert_error(404, 20404);
}

#[tokio::test]
async fn notifications_are_filtered_by_level_and_day() {
    let app = start().await;
    raise(&app, &app.owner, failure(&app)).await;
    app.advance(Duration::from_secs(86_400));
    raise(&app, &app.owner, NewAlert { log_level: LogLevel::Warning, ..failure(&app) }).await;
    for (query, count) in [
        ("", 2),
        ("?Log=0", 1),
        ("?Log=1", 1),
        ("?MessageDate=2026-01-15", 1),
        ("?MessageDate%3E=2026-01-16", 1),
        ("?MessageDate%3C=2026-01-15", 1),
        ("?MessageDate=2026-01-14", 0),
        ("?Log=1&MessageDate=2026-01-15", 0),
    ] {
        let listed = app.get(&app.owner, "api", &format!("{}.json{query}", path(app.owner.sid))).await;
        let found = listed.assert_status(200).json["notifications"].as_array().map(Vec::len);
        assert_eq!(found, Some(count), "{query}");
    }
    let bad = format!("{}.json?Log=2", path(app.owner.sid));
    app.get(&app.owner, "api", &bad).await.assert_error(400, 20001);
}

#[tokio::test]
async fn rt_debug_1__refuses_content_in_a_notification_of_a_hipaa_project() {
    let app = start().await;
    // As one that was kept before the account became a HIPAA project.
    let sid = raise(&app, &app.hipaa, NewAlert { content: content(), ..failure(&app) }).await;
    let shown = app.get(&app.hipaa, "api", &format!("{}/{sid}.json", path(app.hipaa.sid))).await;
    let shown = shown.assert_status(200);
    assert_eq!(
        (&shown.json["request_variables"], &shown.json["response_body"]),
        (&json!(null), &json!(null))
    );
    assert!(!shown.text.contains("canary") && !shown.text.contains("stack trace"));
}
