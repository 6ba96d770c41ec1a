//! Parameters and answers in alerts: rule RT-DEBUG-1.

use serde_json::Value;
use test_kit::contains_bytes;
use webhooks::NewAlert;

use crate::world::{PARAMETERS, content, failure, raise, start};

#[tokio::test]
async fn rt_debug_1__hides_parameters_in_protected_account() {
    let app = start().await;
    // As if it had been kept before the account became a HIPAA project.
    let kept = NewAlert { content: content(), ..failure(&app) };
    let kept = raise(&app, &app.hipaa, kept).await;
    let without = raise(&app, &app.hipaa, failure(&app)).await;
    for sid in [kept, without] {
        let reply = app.get(&app.hipaa, "monitor", &format!("/v1/Alerts/{sid}")).await;
        let view = &reply.assert_status(200).json;
        for key in ["request_variables", "response_body", "request_headers", "response_headers"] {
            assert_eq!(view.get(key), Some(&Value::Null), "{key}");
        }
        assert!(!reply.text.contains("canary") && !reply.text.contains("secret"));
    }
    let listed = app.get(&app.hipaa, "monitor", "/v1/Alerts").await;
    assert!(!listed.assert_status(200).text.contains("canary"));
    // Nothing was shown, so nothing was disclosed.
    assert!(app.ledger_actions(app.hipaa.scope()).await.iter().all(|entry| entry.fields.is_empty()));
}

#[tokio::test]
async fn rt_debug_1__keeps_parameters_elsewhere() {
    let app = start().await;
    let sid = raise(&app, &app.owner, NewAlert { content: content(), ..failure(&app) }).await;
    let listed = app.get(&app.owner, "monitor", "/v1/Alerts").await;
    assert!(!listed.assert_status(200).text.contains("canary"));

    let fetched = app.get(&app.owner, "monitor", &format!("/v1/Alerts/{sid}")).await;
    assert_eq!(fetched.assert_status(200).json["request_variables"], PARAMETERS);
    assert_eq!(fetched.json["response_body"], "stack trace");
    let entries = app.ledger_actions(app.owner.scope()).await;
    let shown: Vec<_> = entries.iter().filter(|entry| entry.act == "fetch_alert").collect();
    assert_eq!(shown.len(), 1);
    assert_eq!(shown[0].what, [sid.to_string()]);
    assert_eq!(shown[0].fields, ["request_variables", "response_body"]);
}

#[tokio::test]
async fn parameters_are_never_in_clear_on_disk() {
    let app = start().await;
    raise(&app, &app.owner, NewAlert { content: content(), ..failure(&app) }).await;
    for needle in ["canary", "stack trace", "clinic.example", "11200"] {
        assert!(!contains_bytes(app.data_dir(), needle.as_bytes()), "{needle}");
    }
}
