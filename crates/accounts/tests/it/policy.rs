//! What only the operator may, and what no form may hold.

use serde_json::json;

use crate::world::{get, post, start};

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
