//! Every route of the three tables, driven as those who may not use it.

use serde_json::json;
use test_kit::policy::{closed_to_strangers, for_every_route};

use crate::world::{NEWER, agree, agreement, get, post, start};

#[tokio::test]
async fn every_route_is_closed_to_strangers() {
    let app = start().await;
    let organization = app.organization.to_string();
    let made = agree(&app, &organization, agreement(&app, NEWER)).await;
    let key =
        app.post_form(&app.owner, "api", &format!("/2010-04-01/Accounts/{}/Keys", app.owner.sid), &[]).await;
    app.set_placeholder("OrganizationSid", &organization);
    app.set_placeholder("AgreementSid", made);
    let keys = format!("Accounts/{}/WebhookKeys", app.owner.sid);
    let webhook_key = post(&app, &app.owner, &keys, json!({})).await;
    app.set_placeholder("WebhookKeyId", webhook_key.json["id"].as_str().unwrap());
    app.set_placeholder("Sid", key.json["sid"].as_str().unwrap());
    let failures = for_every_route(&app, closed_to_strangers(&app)).await;
    assert!(failures.is_empty(), "{failures:#?}");
}

#[tokio::test]
async fn operator_routes_refuse_every_other_caller() {
    let app = start().await;
    let (organization, account) = (app.organization, app.owner.sid);
    for path in [
        "Organizations".to_owned(),
        "Accounts".to_owned(),
        format!("Organizations/{organization}/Entitlement"),
        format!("Organizations/{organization}/Migration"),
        format!("Accounts/{account}/Designation/Support"),
        format!("Accounts/{account}/Limits"),
    ] {
        for who in [app.owner.credentials(), &app.keys.main, &app.keys.standard] {
            post(&app, who, &path, json!({})).await.assert_error(403, 20_003);
        }
    }
    get(&app, &app.owner, "Organizations").await.assert_error(403, 20_003);
}

#[tokio::test]
async fn unknown_members_are_refused() {
    let app = start().await;
    let account = app.owner.sid;
    for path in [
        "Organizations".to_owned(),
        "Accounts".to_owned(),
        format!("Organizations/{}/Agreements", app.organization),
        format!("Organizations/{}/Entitlement", app.organization),
        format!("Organizations/{}/Migration", app.organization),
        format!("Accounts/{account}/Designation"),
        format!("Accounts/{account}/Designation/Support"),
        format!("Accounts/{account}/Organization"),
        format!("Accounts/{account}/Settings"),
    ] {
        // The self-service designation is the customer's alone.
        let who = if path.ends_with("/Designation") { app.owner.credentials() } else { &app.operator };
        post(&app, who, &path, json!({"colour": "red"})).await.assert_error(400, 20_001);
    }
}
