//! Rotation of auth tokens.

use auth::{Permission, Secret};
use test_kit::{Credentials, Reply, TestApp};

use crate::world::{members, start};

const SECONDARY: &str = "/v1/AuthTokens/Secondary";
const PROMOTE: &str = "/v1/AuthTokens/Promote";

fn with(app: &TestApp, reply: &Reply, member: &str) -> Credentials {
    Credentials::new(app.owner.sid, Secret::new(reply.json[member].as_str().unwrap().to_owned()))
}

async fn opens(app: &TestApp, who: &Credentials) -> bool {
    let path = format!("/2010-04-01/Accounts/{}", app.owner.sid);
    let reply = app.get(who, "api", &path).await;
    assert!(matches!(reply.status, 200 | 401), "{}", reply.text);
    reply.status == 200
}

#[tokio::test]
async fn both_tokens_work_until_one_is_promoted() {
    let app = start().await;
    let made = app.post_form(&app.owner, "accounts", SECONDARY, &[]).await;
    made.assert_status(201);
    assert_eq!(
        members(&made.json),
        ["account_sid", "date_created", "date_updated", "secondary_auth_token", "url"]
    );
    assert_eq!(made.json["url"], format!("https://accounts.twilio.com{SECONDARY}"));
    let (first, second) = (app.owner.credentials(), with(&app, &made, "secondary_auth_token"));
    assert!(opens(&app, first).await && opens(&app, &second).await);

    let promoted = app.post_form(&second, "accounts", PROMOTE, &[]).await;
    promoted.assert_status(200);
    assert_eq!(members(&promoted.json), ["account_sid", "auth_token", "date_created", "date_updated", "url"]);
    assert_eq!(promoted.json["auth_token"], made.json["secondary_auth_token"]);
    assert!(!opens(&app, first).await && opens(&app, &second).await);
    app.post_form(&second, "accounts", PROMOTE, &[]).await.assert_error(409, 20_409);
}

#[tokio::test]
async fn a_deleted_secondary_token_opens_nothing() {
    let app = start().await;
    let made = app.post_form(&app.owner, "accounts", SECONDARY, &[]).await;
    let second = with(&app, &made, "secondary_auth_token");
    app.post_form(&app.owner, "accounts", SECONDARY, &[]).await.assert_error(409, 20_409);
    app.delete(&app.owner, "accounts", SECONDARY).await.assert_status(204);
    assert!(!opens(&app, &second).await && opens(&app, app.owner.credentials()).await);
    app.delete(&app.owner, "accounts", SECONDARY).await.assert_error(404, 20_404);
}

#[tokio::test]
async fn only_full_credentials_handle_tokens() {
    let app = start().await;
    let restricted = app.restricted_key(&app.owner, &[Permission::AccountsWrite]).await;
    for who in [&app.keys.standard, &app.keys.restricted, &restricted, &app.operator] {
        app.post_form(who, "accounts", SECONDARY, &[]).await.assert_error(403, 20_003);
        app.post_form(who, "accounts", PROMOTE, &[]).await.assert_error(403, 20_003);
        app.delete(who, "accounts", SECONDARY).await.assert_error(403, 20_003);
    }
    app.post_form(&app.keys.main, "accounts", SECONDARY, &[]).await.assert_status(201);
}

#[tokio::test]
async fn rotation_is_in_the_ledger() {
    let app = start().await;
    app.post_form(&app.owner, "accounts", SECONDARY, &[]).await;
    app.post_form(&app.owner, "accounts", PROMOTE, &[]).await;
    let entries = app.ledger_actions(app.owner.scope()).await;
    let found: Vec<_> = entries.iter().map(|entry| (entry.act.as_str(), entry.fields.concat())).collect();
    assert!(found.contains(&("create_secondary_auth_token", "secondary_auth_token".into())), "{found:?}");
    assert!(found.contains(&("update_auth_token_promotion", "auth_token".into())), "{found:?}");
}
