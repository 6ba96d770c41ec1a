//! Agreements: what they must say, who may record and read them.

use serde_json::{Value, json};
use test_kit::{Reply, TestApp};

use crate::world::{NEWER, OLDER, agreement, get, members, post, start};

/// Records a complete agreement with some members replaced; null removes one.
async fn record(app: &TestApp, changes: Value) -> Reply {
    let mut body = agreement(app, NEWER);
    for (name, value) in changes.as_object().unwrap() {
        match value {
            Value::Null => body.as_object_mut().unwrap().remove(name),
            value => body.as_object_mut().unwrap().insert(name.clone(), value.clone()),
        };
    }
    post(app, &app.owner, &format!("Organizations/{}/Agreements", app.organization), body).await
}

async fn assert_refused(rule: &str, changes: &[Value]) {
    let app = start().await;
    for change in changes {
        let reply = record(&app, change.clone()).await;
        assert_eq!(reply.assert_error(400, 77_002).rule(), Some(rule), "{change}");
    }
}

async fn assert_recorded(changes: &[Value]) {
    let app = start().await;
    for change in changes {
        let reply = record(&app, change.clone()).await;
        assert_eq!(reply.assert_status(201).json["status"], "active", "{change}");
    }
}

#[tokio::test]
async fn art_baa_1__refuses_an_agreement_without_permitted_uses_and_disclosures() {
    assert_refused(
        "ART-BAA-1",
        &[
            json!({"permitted_uses": null}),
            json!({"permitted_uses": []}),
            json!({"permitted_uses": [" "]}),
            json!({"permitted_disclosures": null}),
            json!({"permitted_disclosures": []}),
        ],
    )
    .await;
}

#[tokio::test]
async fn art_baa_1__accepts_an_agreement_that_names_them() {
    assert_recorded(&[json!({}), json!({"permitted_uses": ["treatment", "payment"]})]).await;
}

#[tokio::test]
async fn art_baa_2__refuses_an_agreement_without_safeguards() {
    assert_refused("ART-BAA-2", &[json!({"safeguards": null}), json!({"safeguards": "  "})]).await;
}

#[tokio::test]
async fn art_baa_2__accepts_an_agreement_with_safeguards() {
    assert_recorded(&[json!({"safeguards": "encryption at rest"})]).await;
}

#[tokio::test]
async fn art_baa_3__refuses_an_agreement_without_contact_or_with_a_deadline_beyond_60_days() {
    assert_refused(
        "ART-BAA-3",
        &[
            json!({"breach_deadline_days": null}),
            json!({"breach_deadline_days": 0}),
            json!({"breach_deadline_days": 61}),
            json!({"breach_contact": null}),
            json!({"breach_contact": ""}),
        ],
    )
    .await;
}

#[tokio::test]
async fn art_baa_3__accepts_deadlines_of_1_to_60_days() {
    assert_recorded(&[json!({"breach_deadline_days": 1}), json!({"breach_deadline_days": 60})]).await;
}

#[tokio::test]
async fn art_baa_4__refuses_an_agreement_that_says_nothing_of_subcontractors() {
    assert_refused("ART-BAA-4", &[json!({"subcontractors": null}), json!({"subcontractors": [""]})]).await;
}

#[tokio::test]
async fn art_baa_4__accepts_a_list_of_subcontractors_even_an_empty_one() {
    assert_recorded(&[json!({"subcontractors": []}), json!({"subcontractors": ["Carrier Inc."]})]).await;
}

#[tokio::test]
async fn rejects_dates_that_cannot_be() {
    let app = start().await;
    for change in [
        json!({"initiated_at": "soon"}),
        json!({"initiated_at": "2026-01-16", "signed_at": "2026-01-15"}),
        json!({"signed_at": "2026-01-16"}),
        json!({"effective_at": "2026-02-01", "expires_at": "2026-02-01"}),
        json!({"services": []}),
        json!({"services": ["Text Messages"]}),
        json!({"counterparty": ""}),
        json!({"signer": "x".repeat(256)}),
    ] {
        let reply = record(&app, change.clone()).await;
        assert_eq!(reply.assert_error(400, 20_001).rule(), None, "{change}");
    }
}

#[tokio::test]
async fn an_agreement_is_pending_active_and_ended() {
    let app = start().await;
    for (change, status) in [
        (json!({"effective_at": "2026-02-01"}), "pending"),
        (json!({"expires_at": "2026-02-01"}), "active"),
        (json!({"signed_at": "2025-01-01", "expires_at": "2026-01-01"}), "ended"),
    ] {
        assert_eq!(record(&app, change).await.assert_status(201).json["status"], status);
    }
}

#[tokio::test]
async fn an_agreement_is_read_and_ended_by_its_organization() {
    let app = start().await;
    let made = record(&app, json!({})).await;
    let path =
        format!("Organizations/{}/Agreements/{}", app.organization, made.json["sid"].as_str().unwrap());
    let found = get(&app, &app.owner, &path).await;
    assert_eq!(found.assert_status(200).json, made.json);
    assert_eq!(members(&found.json).len(), 20);
    let listed =
        get(&app, &app.keys.standard, &format!("Organizations/{}/Agreements", app.organization)).await;
    assert_eq!(listed.json["agreements"].as_array().unwrap().len(), 2);
    for path in [path.clone(), format!("Organizations/{}/Agreements", app.organization)] {
        get(&app, &app.other, &path).await.assert_error(404, 20_404);
    }
    let end = format!("{path}/Termination");
    post(&app, &app.other, &end, json!({})).await.assert_error(404, 20_404);
    post(&app, &app.keys.standard, &end, json!({})).await.assert_error(403, 20_003);
    assert_eq!(post(&app, &app.owner, &end, json!({})).await.assert_status(200).json["status"], "ended");
    post(&app, &app.owner, &end, json!({})).await.assert_error(409, 20_409);
}

#[tokio::test]
async fn only_the_operator_names_accounts() {
    let app = start().await;
    let mut body = agreement(&app, OLDER);
    body["named_accounts"] = json!([app.owner.sid.to_string()]);
    let path = format!("Organizations/{}/Agreements", app.organization);
    let reply = post(&app, &app.owner, &path, body.clone()).await;
    assert_eq!(reply.assert_error(403, 20_003).rule(), Some("DES-SUP-1"));
    for strange in [json!(["x"]), json!([app.other.sid.to_string()]), json!([app.organization.to_string()])] {
        body["named_accounts"] = strange;
        post(&app, &app.operator, &path, body.clone()).await.assert_error(400, 20_001);
    }
}

#[tokio::test]
async fn every_change_is_in_the_organizations_ledger() {
    let app = start().await;
    let made = record(&app, json!({})).await;
    let sid = made.json["sid"].as_str().unwrap();
    let end = format!("Organizations/{}/Agreements/{sid}/Termination", app.organization);
    post(&app, &app.owner, &end, json!({})).await.assert_status(200);
    let entries = app.ledger_actions(store::Scope::organization(app.organization)).await;
    let acts: Vec<&str> = entries.iter().map(|entry| entry.act.as_str()).collect();
    assert_eq!(acts, ["create_agreement", "terminate_agreement"]);
    assert!(entries.iter().all(|entry| entry.what[0] == sid && entry.who == app.owner.sid.to_string()));
}

#[tokio::test]
async fn organizations_are_listed_in_pages_and_read_by_their_own() {
    let app = start().await;
    let first = crate::world::organization(&app, true).await;
    app.advance(crate::world::DAY);
    let second = crate::world::organization(&app, false).await;
    let page = get(&app, &app.operator, "Organizations?PageSize=1").await;
    assert_eq!(page.assert_status(200).json["organizations"][0]["sid"], second);
    assert_eq!(page.json["next_after"], second);
    let page = get(&app, &app.operator, &format!("Organizations?PageSize=1&After={second}")).await;
    assert_eq!(page.json["organizations"][0]["sid"], first);
    assert!(page.json["next_after"].is_null());
    get(&app, &app.operator, &format!("Organizations/{first}")).await.assert_status(200);
    get(&app, &app.owner, &format!("Organizations/{first}")).await.assert_error(404, 20_404);
    let own = get(&app, &app.owner, &format!("Organizations/{}", app.organization)).await;
    assert_eq!(own.assert_status(200).json["entitled"], true);
}

#[tokio::test]
async fn only_full_credentials_of_a_main_account_bind_the_organization() {
    let app = start().await;
    let path = format!("Organizations/{}/Agreements", app.organization);
    let restricted = app.restricted_key(&app.owner, &[auth::Permission::ComplianceWrite]).await;
    post(&app, &restricted, &path, agreement(&app, NEWER)).await.assert_error(403, 20_003);
    let linked = crate::world::subaccount(&app, &app.owner).await;
    post(&app, &linked, &path, agreement(&app, NEWER)).await.assert_error(403, 20_003);
    post(&app, &app.owner, &path, agreement(&app, NEWER)).await.assert_status(201);
}
