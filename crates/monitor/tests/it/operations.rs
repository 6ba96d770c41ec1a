//! Our own routes: the delivery log as an account reads it, parked jobs as the operator decides about them.

use std::collections::BTreeSet;

use auth::Permission;
use base::{Sid, WebhookDeliverySid};
use jobs::Reason;
use phi::Phi;
use serde_json::{Value, json};
use store::{Lane, NewJob, Share, StoreError};
use test_kit::{TestAccount, TestApp, contains_bytes};
use webhooks::{Method, Webhook, Webhooks, WebhooksConfig};

use crate::world::{RESOURCE, start};

const PARKED: &str = "/switchward/v1/ParkedJobs";

fn deliveries(account: &TestAccount) -> String {
    format!("/switchward/v1/Accounts/{}/WebhookDeliveries", account.sid)
}

/// Runs one webhook that cannot be delivered: its port is one that nobody may call.
async fn fail(app: &TestApp, account: &TestAccount, resource: &str) {
    let store = &app.services.store;
    let webhooks = Webhooks::new(store.clone(), WebhooksConfig::default()).unwrap();
    let mut batch = store.batch(account.scope());
    let webhook = Webhook {
        resource_sid: resource.to_owned(),
        url: "https://user:hunter2@127.0.0.1:9/path?case=4711&flag#rc=0".to_owned(),
        method: Method::Post,
        params: Phi::new(vec![("Body".to_owned(), "canary".to_owned())]),
        event: "message-status",
    };
    webhooks::enqueue(&mut batch, webhook, app.now(), None);
    store.commit(batch).await.unwrap();
    let lane = store.jobs().look(webhooks::QUEUE, None).await.unwrap()[0].lane;
    let share = Share { lane, limit: 1, due_by: app.now() };
    let taken = store.jobs().take(webhooks::QUEUE, &[share], jobs::limits::LEASE).await.unwrap();
    assert!(matches!(webhooks.run(&taken.leases[0]).await, jobs::Outcome::Done));
}

#[tokio::test]
async fn shows_each_run_with_masked_values_and_names_of_parameters() {
    let app = start().await;
    fail(&app, &app.owner, RESOURCE).await;
    let listed = app.get(&app.owner, "switchward", &deliveries(&app.owner)).await;
    let row = &listed.assert_status(200).json["deliveries"][0];
    let sid = row["sid"].as_str().unwrap();
    let expected = json!({
        "sid": sid,
        "account_sid": app.owner.sid.to_string(),
        "resource_sid": RESOURCE,
        "event": "message-status",
        "method": "POST",
        "url": "https://***@127.0.0.1:9/path?case=***&=***",
        "outcome": "failed",
        "error_code": 11205,
        "run": 1,
        "attempts": [{ "status": null, "error_code": 11205, "duration_ms": row["attempts"][0]["duration_ms"] }],
        "parameters": ["Body"],
        "idempotency_token": row["idempotency_token"],
        "date_created": "2026-01-15T12:00:00Z",
    });
    assert_eq!(row, &expected);
    let fetched = app.get(&app.owner, "switchward", &format!("{}/{sid}", deliveries(&app.owner))).await;
    assert_eq!(fetched.assert_status(200).json, expected);
    for secret in ["canary", "hunter2", "4711"] {
        assert!(!listed.text.contains(secret) && !contains_bytes(app.data_dir(), secret.as_bytes()));
    }
}

#[tokio::test]
async fn filters_the_log_by_resource_outcome_and_time() {
    let app = start().await;
    let other = "SM11111111111111111111111111111111";
    fail(&app, &app.owner, RESOURCE).await;
    app.advance(std::time::Duration::from_secs(86_400));
    fail(&app, &app.owner, other).await;
    for (query, expected) in [
        ("", vec![other, RESOURCE]),
        ("?Outcome=failed", vec![other, RESOURCE]),
        ("?Outcome=waiting", vec![]),
        ("?ResourceSid=SM0123456789abcdef0123456789abcdef&Outcome=failed", vec![RESOURCE]),
        ("?EndDate=2026-01-15", vec![RESOURCE]),
        ("?StartDate=2026-01-16", vec![other]),
        ("?PageSize=1", vec![other]),
    ] {
        let reply = app.get(&app.owner, "switchward", &format!("{}{query}", deliveries(&app.owner))).await;
        let rows = reply.assert_status(200).json["deliveries"].as_array().unwrap();
        let found: Vec<_> = rows.iter().map(|row| row["resource_sid"].as_str().unwrap()).collect();
        assert_eq!(found, expected, "{query}");
    }
    for query in ["?Outcome=delivered", "?Status=200", "?StartDate=x"] {
        let reply = app.get(&app.owner, "switchward", &format!("{}{query}", deliveries(&app.owner))).await;
        reply.assert_error(400, 20_001);
    }
}

#[tokio::test]
async fn another_accounts_log_is_not_found_and_needs_its_permission() {
    let app = start().await;
    fail(&app, &app.owner, RESOURCE).await;
    let listed = app.get(&app.owner, "switchward", &deliveries(&app.owner)).await;
    let sid = listed.json["deliveries"][0]["sid"].as_str().unwrap().to_owned();
    let one = format!("{}/{sid}", deliveries(&app.owner));
    app.get(&app.other, "switchward", &one).await.assert_error(404, 20_404);
    let elsewhere = format!("{}/{sid}", deliveries(&app.other));
    app.get(&app.other, "switchward", &elsewhere).await.assert_error(404, 20_404);
    let unknown = format!("{}/{}", deliveries(&app.owner), WebhookDeliverySid::from_bytes([0; 16]));
    app.get(&app.owner, "switchward", &unknown).await.assert_error(404, 20_404);
    app.get(&app.keys.restricted, "switchward", &one).await.assert_error(403, 20_003);
    let reader = app.restricted_key(&app.owner, &[Permission::AlertsRead]).await;
    app.get(&reader, "switchward", &one).await.assert_status(200);
}

/// Parks a job of this account, as the runner does it in the running program.
async fn park(app: &TestApp, account: &TestAccount, reason: Reason) -> String {
    let store = &app.services.store;
    let mut batch = store.batch(account.scope());
    let payload = b"a patient's text".to_vec();
    batch.enqueue(NewJob { queue: "test", lane: None, ordering_key: None, due_at: app.now(), payload });
    store.commit(batch).await.unwrap();
    let lease = take(app).await.unwrap();
    let mut batch = store.batch(lease.scope);
    batch.park(&lease, reason.as_str());
    webhooks::note_parked(store)(&mut batch, &lease, reason);
    store.commit(batch).await.unwrap();
    lease.id
}

async fn take(app: &TestApp) -> Option<store::Lease> {
    let share = Share { lane: Lane::NONE, limit: 1, due_by: app.now() };
    let lease = std::time::Duration::from_secs(60);
    let taken: Result<_, StoreError> = app.services.store.jobs().take("test", &[share], lease).await;
    taken.unwrap().leases.pop()
}

#[tokio::test]
async fn the_operator_sees_parked_jobs_and_the_account_is_alerted() {
    let app = start().await;
    let first = park(&app, &app.owner, Reason::Failed).await;
    app.advance(std::time::Duration::from_secs(1));
    let second = park(&app, &app.hipaa, Reason::Panicked).await;
    let listed = app.get(&app.operator, "switchward", PARKED).await;
    let page = &listed.assert_status(200).json;
    assert_eq!((&page["count"], &page["next_after"]), (&json!(2), &Value::Null));
    let expected = json!({
        "id": first,
        "queue": "test",
        "scope": app.owner.sid.to_string(),
        "reason": "failed",
        "attempts": 1,
        "failures": 0,
        "date_created": "2026-01-15T12:00:00Z",
        "date_parked": "2026-01-15T12:00:00Z",
    });
    assert_eq!(page["jobs"][0], expected);
    assert!(!listed.text.contains("patient"));
    let one = app.get(&app.operator, "switchward", &format!("{PARKED}/{first}")).await;
    assert_eq!(one.assert_status(200).json, expected);
    let next = app.get(&app.operator, "switchward", &format!("{PARKED}?PageSize=1&After={first}")).await;
    assert_eq!(next.json["jobs"][0]["id"], second);
    app.get(&app.operator, "switchward", &format!("{PARKED}?After=unknown")).await.assert_error(400, 20_001);
    let alerts = app.get(&app.owner, "monitor", "/v1/Alerts").await;
    assert_eq!(alerts.json["alerts"][0]["error_code"], "77903");
    let entries = app.ledger_actions(app.owner.scope()).await;
    let parked: Vec<_> = entries.iter().filter(|entry| entry.act == "park_job").collect();
    assert_eq!((parked.len(), parked[0].what[0].as_str()), (1, first.as_str()));
}

#[tokio::test]
async fn the_operator_puts_a_job_back_or_drops_it_and_the_ledger_says_so() {
    let app = start().await;
    let again = park(&app, &app.owner, Reason::Failed).await;
    let never = park(&app, &app.owner, Reason::Failed).await;
    let path = format!("{PARKED}/{again}/Requeue");
    app.post_form(&app.operator, "switchward", &path, &[]).await.assert_status(200);
    app.delete(&app.operator, "switchward", &format!("{PARKED}/{never}")).await.assert_status(204);
    assert_eq!(take(&app).await.map(|lease| lease.id), Some(again.clone()));
    for id in [&again, &never] {
        app.get(&app.operator, "switchward", &format!("{PARKED}/{id}")).await.assert_error(404, 20_404);
        app.delete(&app.operator, "switchward", &format!("{PARKED}/{id}")).await.assert_error(404, 20_404);
    }
    let entries = app.ledger_actions(app.owner.scope()).await;
    let acts: BTreeSet<_> = entries
        .iter()
        .filter(|entry| entry.who == "operator")
        .map(|entry| (entry.act.as_str(), entry.what[0].as_str()))
        .collect();
    assert_eq!(
        acts,
        BTreeSet::from([("requeue_parked_job", again.as_str()), ("delete_parked_job", never.as_str())])
    );
}

#[tokio::test]
async fn nobody_but_the_operator_decides_about_jobs() {
    let app = start().await;
    let id = park(&app, &app.owner, Reason::Failed).await;
    for path in [PARKED.to_owned(), format!("{PARKED}/{id}")] {
        app.get(&app.owner, "switchward", &path).await.assert_error(403, 20_003);
    }
    app.delete(&app.owner, "switchward", &format!("{PARKED}/{id}")).await.assert_error(403, 20_003);
    let requeue = format!("{PARKED}/{id}/Requeue");
    app.post_form(&app.owner, "switchward", &requeue, &[]).await.assert_error(403, 20_003);
    assert_eq!(app.services.store.jobs().parked_count().await.unwrap(), 1);
}
