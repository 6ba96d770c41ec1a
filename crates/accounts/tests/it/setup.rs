//! The first account of an installation.

use accounts::setup::first_account;
use store::Scope;
use test_kit::Credentials;

use crate::world::{OFF, ON, bits, get, start};

#[tokio::test]
async fn the_first_account_works_with_its_token_and_its_key() {
    let app = start().await;
    let first = first_account(&app.services, false).await.unwrap();
    let path = format!("/2010-04-01/Accounts/{}", first.account);
    for who in [
        Credentials::new(first.account, first.auth_token.clone()),
        Credentials::new(first.key_sid, first.key_secret.clone()),
    ] {
        // A main key: it may see accounts.
        app.get(&who, "api", &path).await.assert_status(200);
    }
    assert_eq!(bits(&app, first.account).await, OFF);
    let listed = get(&app, &app.operator, "Organizations").await;
    assert_eq!(listed.json["organizations"][0]["friendly_name"], "Example Clinic");
    assert_eq!(listed.json["organizations"][0]["entitled"], true);
}

#[tokio::test]
async fn the_first_hipaa_account_stands_on_a_sample_agreement() {
    let app = start().await;
    let first = first_account(&app.services, true).await.unwrap();
    assert_eq!(bits(&app, first.account).await, ON);
    let agreements =
        get(&app, &app.operator, &format!("Organizations/{}/Agreements", first.organization)).await;
    let agreement = &agreements.json["agreements"][0];
    assert!(agreement["counterparty"].as_str().unwrap().starts_with("SAMPLE"));
    assert_eq!(agreement["services"], serde_json::json!(["messaging", "voice", "lookup"]));
    let entries = app.ledger_actions(Scope::account(first.account)).await;
    assert!(!entries.is_empty() && entries.iter().all(|entry| entry.who == "operator"));
}
