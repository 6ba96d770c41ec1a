//! Why a signature does not match: the answer names mistakes, and neither shows, stores nor logs anything.

use auth::Permission;
use serde_json::{Value, json};
use test_kit::{TestApp, contains_bytes};
use webhooks::SigningKey;
use webhooks::signature::{sign_form, sign_json};

use crate::world::{post, start};

const URL: &str = "https://hooks.example.org/sms?x=1";
const CANARY: &str = "canary-of-a-patient";

fn path(app: &TestApp) -> String {
    format!("Accounts/{}/WebhookSignatures/Diagnosis", app.owner.sid)
}

fn parameters() -> Vec<(String, String)> {
    [("Body", CANARY), ("To", "+14155550123")]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .to_vec()
}

async fn ask(app: &TestApp, url: &str, signature: &str) -> Value {
    let given = json!({
        "url": url,
        "signature": signature,
        "parameters": {"Body": CANARY, "To": ["+14155550123"]},
    });
    let reply = post(app, &app.owner, &path(app), given).await;
    assert!(!reply.text.contains(CANARY) && !reply.text.contains(signature));
    reply.assert_status(200).json.clone()
}

#[tokio::test]
async fn gen_sig_1__allows_a_developer_to_learn_why_a_signature_does_not_match() {
    let app = start().await;
    let right = sign_form(app.owner.token.reveal(), URL, &parameters());
    assert_eq!(ask(&app, URL, &right).await, json!({"matches": true, "findings": []}));
    let behind_proxy = ask(&app, "http://hooks.example.org:8080/sms?x=1", &right).await;
    let names: Vec<_> =
        behind_proxy["findings"].as_array().unwrap().iter().map(|one| &one["finding"]).collect();
    assert_eq!(
        (names, &behind_proxy["matches"]),
        (vec![&json!("scheme"), &json!("port_added")], &json!(false))
    );
    assert!(behind_proxy["findings"][0]["advice"].as_str().unwrap().contains("proxy"));

    let (url, signature) = sign_json(app.owner.token.reveal(), URL, b"{}");
    let body = json!({"url": url, "signature": signature, "body": "{}"});
    assert_eq!(post(&app, &app.owner, &path(&app), body).await.json["matches"], true);
    let neither = json!({"url": URL, "signature": signature, "body": "", "parameters": {}});
    post(&app, &app.owner, &path(&app), neither).await.assert_error(400, 20_001);
    let long = json!({"url": URL, "signature": signature, "body": "x".repeat(16_384)});
    post(&app, &app.owner, &path(&app), long).await.assert_error(400, 20_001);
}

#[tokio::test]
async fn knows_secondary_tokens_and_shared_keys() {
    let app = start().await;
    let made = app.post_form(&app.owner, "accounts", "/v1/AuthTokens/Secondary", &[]).await;
    let secondary = sign_form(made.json["secondary_auth_token"].as_str().unwrap(), URL, &parameters());
    assert_eq!(ask(&app, URL, &secondary).await["findings"][0]["finding"], "secondary_token");

    let keys = format!("Accounts/{}/WebhookKeys", app.owner.sid);
    let key = post(&app, &app.owner, &keys, json!({})).await;
    let (id, secret) = (key.json["id"].as_str().unwrap(), key.json["secret"].as_str().unwrap());
    let shared = sign_form(SigningKey::Shared { id, secret }, URL, &parameters());
    assert_eq!(ask(&app, URL, &shared).await["findings"][0]["finding"], "shared_key_not_in_use");
    post(&app, &app.owner, &format!("{keys}/{id}"), json!({"signs": true})).await.assert_status(200);
    assert_eq!(ask(&app, URL, &shared).await["matches"], true);
}

/// A signature of one account is nothing to another, and who cannot read the token cannot ask at all.
#[tokio::test]
async fn gen_sig_1__refuses_to_explain_to_anyone_but_full_credentials_of_the_account() {
    let app = start().await;
    let strange = sign_form(app.other.token.reveal(), URL, &parameters());
    assert_eq!(ask(&app, URL, &strange).await, json!({"matches": false, "findings": []}));
    let given = json!({"url": URL, "signature": strange});
    let restricted =
        app.restricted_key(&app.owner, &[Permission::AccountsWrite, Permission::KeysWrite]).await;
    for who in [&app.keys.standard, &app.keys.restricted, &restricted] {
        post(&app, who, &path(&app), given.clone()).await.assert_error(403, 20_003);
    }
    post(&app, &app.other, &path(&app), given).await.assert_error(404, 20_404);
}

#[tokio::test]
async fn keeps_nothing_but_who_asked() {
    let app = start().await;
    ask(&app, URL, &sign_form("another", URL, &parameters())).await;
    for canary in [CANARY, "hooks.example.org", "14155550123"] {
        assert!(!contains_bytes(app.data_dir(), canary.as_bytes()), "{canary}");
    }
    let entries = app.ledger_actions(app.owner.scope()).await;
    let asked = entries.iter().find(|entry| entry.act == "diagnose_webhook_signature").unwrap();
    assert_eq!((asked.fields.len(), asked.what.as_slice()), (0, [app.owner.sid.to_string()].as_slice()));
}
