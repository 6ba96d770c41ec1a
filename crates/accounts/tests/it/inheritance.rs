//! Truth table T1 through the API: which subaccounts and later accounts are HIPAA projects.

use serde_json::json;
use test_kit::TestApp;

use crate::world::{
    DAY, GUARDED, Made, OFF, OLDER, ON, agree, agreement, bits, by_support, designate, main_account,
    organization, post, start, subaccount,
};

/// An older customer: its account, and a subaccount made before any agreement.
struct Older {
    organization: String,
    main: Made,
    sub: Made,
}

async fn older(app: &TestApp) -> Older {
    let organization = organization(app, true).await;
    let main = main_account(app, &organization).await;
    let sub = subaccount(app, &main).await;
    app.advance(DAY);
    Older { organization, main, sub }
}

/// Signs an older agreement that names these accounts.
async fn sign(app: &TestApp, customer: &Older, named: &[&str]) {
    let mut body = agreement(app, OLDER);
    body["named_accounts"] = json!(named);
    agree(app, &customer.organization, body).await;
    app.advance(DAY);
}

#[tokio::test]
async fn des_inh_1__allows_phi_in_l3_subaccount_created_after_signing() {
    let app = start().await;
    let customer = older(&app).await;
    sign(&app, &customer, &[&customer.main.sid]).await;
    assert_eq!(bits(&app, &customer.main.sid).await, ON);
    assert_eq!(bits(&app, &subaccount(&app, &customer.main).await.sid).await, ON);
}

#[tokio::test]
async fn des_inh_1__denies_phi_in_l9_subaccount_until_it_is_requested() {
    let app = start().await;
    let customer = older(&app).await;
    sign(&app, &customer, &[]).await;
    by_support(&app, &customer.main.sid).await.assert_status(201);
    let later = subaccount(&app, &customer.main).await;
    assert_eq!(bits(&app, &later.sid).await, GUARDED);
    by_support(&app, &later.sid).await.assert_status(201);
    assert_eq!(bits(&app, &later.sid).await, ON);
}

#[tokio::test]
async fn des_inh_1__denies_l8_subaccount_older_than_its_parents_request() {
    let app = start().await;
    let customer = older(&app).await;
    sign(&app, &customer, &[]).await;
    by_support(&app, &customer.main.sid).await.assert_status(201);
    assert_eq!(bits(&app, &customer.sub.sid).await, OFF);
}

#[tokio::test]
async fn des_inh_1__denies_s3_subaccount_older_than_its_parents_self_service() {
    let app = start().await;
    designate(&app, &app.owner, app.owner.sid).await.assert_status(201);
    assert_eq!(bits(&app, app.subaccount.sid).await, OFF);
}

#[tokio::test]
async fn des_inh_1__denies_phi_in_s4_subaccount_until_it_is_designated() {
    let app = start().await;
    let later = subaccount(&app, &app.hipaa).await;
    assert_eq!(bits(&app, &later.sid).await, GUARDED);
    designate(&app, &later, &later.sid).await.assert_status(201);
    assert_eq!(bits(&app, &later.sid).await, ON);
}

#[tokio::test]
async fn des_inh_1__allows_phi_in_s4_subaccount_once_switched_on_and_attested() {
    let app = start().await;
    let settings = format!("Accounts/{}/Settings", app.hipaa.sid);
    let mut body = json!({"inherit_self_service": true});
    post(&app, &app.hipaa, &settings, body.clone()).await.assert_error(400, 20_001);
    body["attestation"] = json!({"statement": "Later subaccounts hold PHI.", "signer": "P. Officer"});
    post(&app, &app.hipaa, &settings, body).await.assert_status(200);
    assert_eq!(bits(&app, &subaccount(&app, &app.hipaa).await.sid).await, ON);
}

#[tokio::test]
async fn des_inh_1__denies_phi_in_subaccounts_while_the_owner_has_left_its_organization() {
    let app = start().await;
    let settings = format!("Accounts/{}/Settings", app.hipaa.sid);
    let attestation = json!({"statement": "Later subaccounts hold PHI.", "signer": "P. Officer"});
    let body = json!({"inherit_self_service": true, "attestation": attestation});
    post(&app, &app.hipaa, &settings, body).await.assert_status(200);
    let link = format!("Accounts/{}/Organization", app.hipaa.sid);
    crate::world::delete(&app, &app.hipaa, &link).await.assert_status(204);
    assert_eq!(bits(&app, &subaccount(&app, &app.hipaa).await.sid).await, GUARDED);
}

#[tokio::test]
async fn des_inh_2__denies_l1_subaccount_that_existed_before_signing() {
    let app = start().await;
    let customer = older(&app).await;
    sign(&app, &customer, &[&customer.main.sid]).await;
    assert_eq!(bits(&app, &customer.sub.sid).await, OFF);
    by_support(&app, &customer.sub.sid).await.assert_status(201);
    assert_eq!(bits(&app, &customer.sub.sid).await, ON);
}

#[tokio::test]
async fn des_inh_2__allows_l2_subaccount_named_in_the_agreement() {
    let app = start().await;
    let customer = older(&app).await;
    sign(&app, &customer, &[&customer.main.sid, &customer.sub.sid]).await;
    assert_eq!(bits(&app, &customer.main.sid).await, ON);
    assert_eq!(bits(&app, &customer.sub.sid).await, ON);
}

#[tokio::test]
async fn des_inh_3__allows_l4_named_subaccount_among_some() {
    let app = start().await;
    let customer = older(&app).await;
    sign(&app, &customer, &[&customer.sub.sid]).await;
    assert_eq!(bits(&app, &customer.sub.sid).await, ON);
    assert_eq!(bits(&app, &customer.main.sid).await, OFF);
}

#[tokio::test]
async fn des_inh_3__denies_l5_unnamed_subaccount_among_some() {
    let app = start().await;
    let customer = older(&app).await;
    let sibling = subaccount(&app, &customer.main).await;
    app.advance(DAY);
    sign(&app, &customer, &[&customer.sub.sid]).await;
    assert_eq!(bits(&app, &sibling.sid).await, OFF);
}

#[tokio::test]
async fn des_inh_3__denies_l6_later_subaccount_where_only_some_are_designated() {
    let app = start().await;
    let customer = older(&app).await;
    sign(&app, &customer, &[&customer.sub.sid]).await;
    let later = subaccount(&app, &customer.main).await;
    assert_eq!(bits(&app, &later.sid).await, OFF);
    by_support(&app, &later.sid).await.assert_status(201);
    assert_eq!(bits(&app, &later.sid).await, ON);
}

#[tokio::test]
async fn des_inh_4__denies_l7_new_account_until_it_is_requested() {
    let app = start().await;
    let customer = older(&app).await;
    sign(&app, &customer, &[&customer.main.sid]).await;
    let later = main_account(&app, &customer.organization).await;
    assert_eq!(bits(&app, &later.sid).await, OFF);
    by_support(&app, &later.sid).await.assert_status(201);
    assert_eq!(bits(&app, &later.sid).await, ON);
}

#[tokio::test]
async fn des_inh_4__denies_s1_new_account_until_someone_acts() {
    let app = start().await;
    let later = main_account(&app, &app.organization.to_string()).await;
    assert_eq!(bits(&app, &later.sid).await, OFF);
}

#[tokio::test]
async fn des_inh_4__refuses_to_name_an_account_that_did_not_exist_at_signing() {
    let app = start().await;
    let customer = older(&app).await;
    let mut body = agreement(&app, OLDER);
    app.advance(DAY);
    let later = main_account(&app, &customer.organization).await;
    body["named_accounts"] = json!([later.sid]);
    let path = format!("Organizations/{}/Agreements", customer.organization);
    let reply = post(&app, &app.operator, &path, body).await;
    assert_eq!(reply.assert_error(400, 20_001).rule(), Some("DES-INH-4"));
    assert_eq!(bits(&app, &later.sid).await, OFF);
}

#[tokio::test]
async fn des_inh_4__allows_an_account_that_existed_and_is_named() {
    let app = start().await;
    let customer = older(&app).await;
    let second = main_account(&app, &customer.organization).await;
    app.advance(DAY);
    sign(&app, &customer, &[&second.sid]).await;
    assert_eq!(bits(&app, &second.sid).await, ON);
}

#[tokio::test]
async fn a_protected_subaccount_starts_with_redaction_and_says_whom_it_inherits_from() {
    let app = start().await;
    let later = subaccount(&app, &app.hipaa).await;
    let settings = crate::world::get(&app, &later, &format!("Accounts/{}/Settings", later.sid)).await;
    assert_eq!(
        (&settings.json["body_redaction"], &settings.json["number_redaction"]),
        (&json!(true), &json!(true))
    );
    let designation = crate::world::get(&app, &later, &format!("Accounts/{}/Designation", later.sid)).await;
    assert_eq!(designation.json["method"], "inherited");
    assert_eq!(designation.json["designated_by"], app.hipaa.sid.to_string());
}
