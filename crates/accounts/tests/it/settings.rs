//! Settings, and what a HIPAA project locks.

use auth::Permission;
use serde_json::{Value, json};
use test_kit::{Reply, TestApp, WebhookSink};

use crate::world::{get, members, post, start, subaccount};

fn path(account: impl ToString) -> String {
    format!("Accounts/{}/Settings", account.to_string())
}

async fn set(app: &TestApp, body: Value) -> Reply {
    post(app, &app.owner, &path(app.owner.sid), body).await
}

#[tokio::test]
async fn settings_have_all_members_and_keep_what_is_not_named() {
    let app = start().await;
    set(&app, json!({"body_redaction": true, "enforce_registration": true})).await.assert_status(200);
    let reply = set(&app, json!({"number_redaction": true})).await;
    assert_eq!(
        members(&reply.assert_status(200).json),
        [
            "body_redaction",
            "enforce_client_validation",
            "enforce_registration",
            "https_only",
            "inherit_self_service",
            "media_authentication",
            "number_redaction",
            "us_territories",
            "webhook_authorities"
        ]
    );
    assert_eq!(
        (&reply.json["body_redaction"], &reply.json["enforce_registration"]),
        (&json!(true), &json!(true))
    );
    assert_eq!(get(&app, &app.owner, &path(app.owner.sid)).await.json, reply.json);
}

#[tokio::test]
async fn sms_redact_3__refuses_to_switch_redaction_off_in_a_hipaa_project() {
    let app = start().await;
    for name in ["body_redaction", "number_redaction"] {
        for who in [app.hipaa.credentials(), &app.operator] {
            let mut body = json!({});
            body[name] = json!(false);
            post(&app, who, &path(app.hipaa.sid), body).await.assert_refused("SMS-REDACT-3", 77_287);
        }
    }
}

#[tokio::test]
async fn sms_redact_3__allows_other_settings_of_a_hipaa_project_to_change() {
    let app = start().await;
    let body = json!({"webhook_authorities": [], "body_redaction": true});
    post(&app, &app.hipaa, &path(app.hipaa.sid), body).await.assert_status(200);
}

#[tokio::test]
async fn sms_redact_4__allows_redaction_to_be_switched_and_records_it() {
    let app = start().await;
    for on in [true, false] {
        let reply = set(&app, json!({"body_redaction": on, "number_redaction": on})).await;
        assert_eq!(reply.assert_status(200).json["number_redaction"], on);
    }
    let entries = app.ledger_actions(app.owner.scope()).await;
    assert_eq!(entries.iter().filter(|entry| entry.act == "update_settings").count(), 2);
}

#[tokio::test]
async fn sms_redact_4__refuses_the_switch_to_standard_keys() {
    let app = start().await;
    let body = json!({"body_redaction": true});
    for who in [&app.keys.standard, &app.keys.restricted] {
        post(&app, who, &path(app.owner.sid), body.clone()).await.assert_error(403, 20_003);
    }
    let restricted = app.restricted_key(&app.owner, &[Permission::ComplianceWrite]).await;
    post(&app, &restricted, &path(app.owner.sid), body).await.assert_status(200);
}

#[tokio::test]
async fn sms_redact_4__keeps_each_subaccounts_switch_apart() {
    let app = start().await;
    set(&app, json!({"body_redaction": true})).await.assert_status(200);
    let older = get(&app, &app.owner, &path(app.subaccount.sid)).await;
    assert_eq!(older.json["body_redaction"], false);
    let later = subaccount(&app, &app.owner).await;
    assert_eq!(get(&app, &later, &path(&later.sid)).await.json["body_redaction"], true);
}

#[tokio::test]
async fn a_switch_the_guide_leaves_open_needs_a_named_persons_statement() {
    let app = start().await;
    let statement =
        json!({"statement": "Our counsel reads territories as United States.", "signer": "C. Ounsel"});
    for name in ["us_territories", "inherit_self_service"] {
        let mut body = json!({});
        body[name] = json!(true);
        set(&app, body.clone()).await.assert_error(400, 20_001);
        body["attestation"] = json!({"statement": "", "signer": "C. Ounsel"});
        set(&app, body.clone()).await.assert_error(400, 20_001);
        body["attestation"] = statement.clone();
        assert_eq!(set(&app, body.clone()).await.assert_status(200).json[name], true);
        // On already: nothing is turned on, so there is nothing to attest.
        set(&app, body.clone()).await.assert_error(400, 20_001);
        body[name] = json!(false);
        body.as_object_mut().unwrap().remove("attestation");
        assert_eq!(set(&app, body).await.assert_status(200).json[name], false);
    }
    let kept = get(&app, &app.owner, &format!("Accounts/{}/Statements", app.owner.sid)).await;
    let attestations = kept.assert_status(200).json["statements"].as_array().unwrap();
    assert_eq!(attestations.len(), 2);
    assert!(attestations.iter().all(|row| row["signer"] == "C. Ounsel" && row["reference"].is_null()));
    get(&app, &app.other, &format!("Accounts/{}/Statements", app.owner.sid)).await.assert_error(404, 20_404);
}

#[tokio::test]
async fn rejects_authorities_that_are_none() {
    let app = start().await;
    let pem = |body: &str| format!("-----BEGIN CERTIFICATE-----\n{body}\n-----END CERTIFICATE-----\n");
    for body in [
        // The register is a resource of its own.
        json!({"registered_hosts": ["a.example.org"]}),
        json!({"webhook_authorities": ["not a certificate"]}),
        json!({"webhook_authorities": [pem("AAEC")]}),
        json!({"webhook_authorities": vec![pem("AAEC"); 11]}),
        json!({"body_redaction": "yes"}),
    ] {
        set(&app, body).await.assert_error(400, 20_001);
    }
}

#[tokio::test]
async fn accepts_a_private_authority() {
    let app = start().await;
    let sink = WebhookSink::start().await;
    let reply = set(&app, json!({"webhook_authorities": [sink.authority_pem()]})).await;
    assert_eq!(reply.assert_status(200).json["webhook_authorities"], json!([sink.authority_pem()]));
    assert_eq!(set(&app, json!({"webhook_authorities": []})).await.json["webhook_authorities"], json!([]));
}
