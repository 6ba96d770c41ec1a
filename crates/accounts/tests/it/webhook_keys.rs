//! Shared keys that sign webhooks: made, put to use, rotated, and only by who may do everything.

use auth::{Permission, load_account};
use serde_json::{Value, json};
use test_kit::TestApp;

use crate::world::{delete, get, members, post, start};

fn keys(app: &TestApp) -> String {
    format!("Accounts/{}/WebhookKeys", app.owner.sid)
}

async fn make(app: &TestApp) -> Value {
    let made = post(app, &app.owner, &keys(app), json!({"friendly_name": "receiver"})).await;
    made.assert_status(201).json.clone()
}

fn id(key: &Value) -> String {
    key["id"].as_str().unwrap().to_owned()
}

/// Id and secret that webhooks are signed with now.
async fn signing(app: &TestApp) -> Option<(String, String)> {
    let store = &app.services.store;
    let account = load_account(store, app.owner.sid, app.now()).await.unwrap().unwrap().account;
    let key = account.facts.webhook_signing_key()?;
    Some((key.id.clone(), key.secret.reveal().to_owned()))
}

#[tokio::test]
async fn a_key_shows_its_secret_once_and_signs_when_told_to() {
    let app = start().await;
    let made = make(&app).await;
    assert_eq!(members(&made), ["account_sid", "created_at", "friendly_name", "id", "secret", "signs"]);
    let (name, secret) = (id(&made), made["secret"].as_str().unwrap().to_owned());
    assert!(
        name.starts_with("webhooks_sharedkey_") && name.len() == "webhooks_sharedkey_".len() + 26,
        "{name}"
    );
    assert_eq!((secret.len(), made["signs"].as_bool()), (32, Some(false)));
    assert_eq!(signing(&app).await, None);

    let path = format!("{}/{name}", keys(&app));
    let used = post(&app, &app.owner, &path, json!({"signs": true, "friendly_name": "new"})).await;
    assert_eq!(
        members(&used.assert_status(200).json),
        ["account_sid", "created_at", "friendly_name", "id", "signs"]
    );
    assert_eq!(
        (used.json["friendly_name"].as_str(), used.json["signs"].as_bool()),
        (Some("new"), Some(true))
    );
    assert_eq!(signing(&app).await, Some((name, secret.clone())));

    let listed = get(&app, &app.owner, &keys(&app)).await;
    assert_eq!(listed.assert_status(200).json["webhook_keys"], json!([used.json]));
    assert!(!listed.text.contains(&secret));
}

#[tokio::test]
async fn rotation_never_leaves_webhooks_unsigned() {
    let app = start().await;
    let (first, second) = (id(&make(&app).await), id(&make(&app).await));
    let path = |key: &str| format!("{}/{key}", keys(&app));
    post(&app, &app.owner, &path(&first), json!({"signs": true})).await.assert_status(200);
    delete(&app, &app.owner, &path(&first)).await.assert_error(409, 20_409);
    post(&app, &app.owner, &path(&second), json!({"signs": true})).await.assert_status(200);
    assert_eq!(signing(&app).await.unwrap().0, second);
    delete(&app, &app.owner, &path(&first)).await.assert_status(204);
    delete(&app, &app.owner, &path(&first)).await.assert_error(404, 20_404);
    post(&app, &app.owner, &path(&first), json!({})).await.assert_error(404, 20_404);
    // Back to the auth token.
    post(&app, &app.owner, &path(&second), json!({"signs": false})).await.assert_status(200);
    assert_eq!(signing(&app).await, None);
}

#[tokio::test]
async fn there_are_four_keys_at_most() {
    let app = start().await;
    for _ in 0..auth::WEBHOOK_KEYS {
        make(&app).await;
    }
    post(&app, &app.owner, &keys(&app), json!({})).await.assert_error(409, 20_409);
}

#[tokio::test]
async fn only_full_credentials_handle_webhook_keys() {
    let app = start().await;
    let made = id(&make(&app).await);
    let path = format!("{}/{made}", keys(&app));
    let restricted = app.restricted_key(&app.owner, &[Permission::KeysWrite, Permission::KeysRead]).await;
    for who in [&app.keys.standard, &app.keys.restricted, &restricted] {
        post(&app, who, &keys(&app), json!({})).await.assert_error(403, 20_003);
        post(&app, who, &path, json!({"signs": true})).await.assert_error(403, 20_003);
        delete(&app, who, &path).await.assert_error(403, 20_003);
    }
    post(&app, &app.other, &keys(&app), json!({})).await.assert_error(404, 20_404);
    post(&app, &app.owner, &path, json!({"secret": "mine"})).await.assert_error(400, 20_001);
    post(&app, &app.keys.main, &keys(&app), json!({})).await.assert_status(201);
}

#[tokio::test]
async fn the_ledger_says_when_a_secret_was_shown() {
    let app = start().await;
    let made = id(&make(&app).await);
    let entries = app.ledger_actions(app.owner.scope()).await;
    let shown = entries.iter().find(|entry| entry.act == "create_webhook_key").unwrap();
    assert_eq!((shown.fields.concat(), shown.what.contains(&made)), ("secret".to_owned(), true));
}
