//! The link between account and organization, and what leaving means (row S5).

use serde_json::json;

use crate::world::{
    GUARDED, NEWER, OFF, ON, agree, agreement, bits, by_support, delete, designate, get, main_account,
    organization, post, start,
};

#[tokio::test]
async fn des_self_2__denies_phi_in_s5_account_that_left_the_organization() {
    let app = start().await;
    let path = format!("Accounts/{}/Organization", app.hipaa.sid);
    delete(&app, &app.hipaa, &path).await.assert_status(204);
    assert_eq!(bits(&app, app.hipaa.sid).await, GUARDED);
    assert!(get(&app, &app.hipaa, &path).await.json["organization_sid"].is_null());
    delete(&app, &app.hipaa, &path).await.assert_error(404, 20_404);
}

#[tokio::test]
async fn des_self_2__allows_phi_again_once_it_is_linked_again() {
    let app = start().await;
    let path = format!("Accounts/{}/Organization", app.hipaa.sid);
    delete(&app, &app.hipaa, &path).await.assert_status(204);
    let link = json!({"organization_sid": app.organization.to_string()});
    let reply = post(&app, &app.operator, &path, link).await;
    assert_eq!(reply.assert_status(200).json["phi_permitted"], true);
    assert_eq!(bits(&app, app.hipaa.sid).await, ON);
}

#[tokio::test]
async fn an_organization_without_agreement_permits_no_phi_in_what_is_linked_to_it() {
    let app = start().await;
    let clinic = organization(&app, true).await;
    let path = format!("Accounts/{}/Organization", app.hipaa.sid);
    let link = json!({"organization_sid": clinic});
    post(&app, &app.operator, &path, link).await.assert_status(200);
    assert_eq!(bits(&app, app.hipaa.sid).await, GUARDED);
    agree(&app, &clinic, agreement(&app, NEWER)).await;
    designate(&app, &app.hipaa, app.hipaa.sid).await.assert_status(201);
    assert_eq!(bits(&app, app.hipaa.sid).await, ON);
}

#[tokio::test]
async fn linking_designates_nothing() {
    let app = start().await;
    let path = format!("Accounts/{}/Organization", app.other.sid);
    let link = json!({"organization_sid": app.organization.to_string()});
    post(&app, &app.operator, &path, link).await.assert_status(200);
    assert_eq!(bits(&app, app.other.sid).await, OFF);
    by_support(&app, app.other.sid).await.assert_refused("DES-SELF-1", 77_068);
    designate(&app, &app.other, app.other.sid).await.assert_status(201);
}

#[tokio::test]
async fn a_customer_links_to_its_own_organization_only() {
    let app = start().await;
    let clinic = organization(&app, true).await;
    let stranger = main_account(&app, &clinic).await;
    let path = format!("Accounts/{}/Organization", app.subaccount.sid);
    delete(&app, &app.owner, &path).await.assert_status(204);
    let foreign = json!({"organization_sid": clinic});
    post(&app, &app.owner, &path, foreign).await.assert_error(404, 20_404);
    let own = json!({"organization_sid": app.organization.to_string()});
    post(&app, &app.subaccount, &path, own.clone()).await.assert_error(404, 20_404);
    post(&app, &stranger, &path, own.clone()).await.assert_error(404, 20_404);
    post(&app, &app.keys.standard, &path, own.clone()).await.assert_error(404, 20_404);
    post(&app, &app.owner, &path, own).await.assert_status(200);
    post(&app, &app.owner, &path, json!({"organization_sid": "x"})).await.assert_error(400, 20_001);
}
