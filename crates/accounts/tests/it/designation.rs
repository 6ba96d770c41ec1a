//! Designation: who may, under what, and that it never goes back.

use auth::Permission;
use serde_json::{Value, json};
use test_kit::Reply;

use crate::world::{
    NEWER, OFF, OLDER, ON, agree, agreement, bits, by_support, delete, designate, get, main_account, members,
    organization, post, start, subaccount,
};

#[tokio::test]
async fn con_baa_1__refuses_designation_without_an_agreement_in_force() {
    let app = start().await;
    let clinic = organization(&app, true).await;
    let main = main_account(&app, &clinic).await;
    designate(&app, &main, &main.sid).await.assert_refused("CON-BAA-1", 77_058);
    by_support(&app, &main.sid).await.assert_refused("CON-BAA-1", 77_058);
    let made = agree(&app, &clinic, agreement(&app, NEWER)).await;
    let path = format!("Organizations/{clinic}/Agreements/{made}/Termination");
    post(&app, &app.operator, &path, json!({})).await.assert_status(200);
    designate(&app, &main, &main.sid).await.assert_refused("CON-BAA-1", 77_058);
    designate(&app, &app.other, app.other.sid).await.assert_refused("CON-BAA-1", 77_058);
    assert_eq!(bits(&app, &main.sid).await, OFF);
}

#[tokio::test]
async fn con_baa_1__allows_designation_under_an_agreement_in_force() {
    let app = start().await;
    let reply = designate(&app, &app.owner, app.owner.sid).await;
    assert_eq!(
        members(&reply.assert_status(201).json),
        ["account_sid", "changes", "designated_at", "designated_by", "method", "phi_permitted", "protected"]
    );
    assert_eq!(reply.json["method"], "self-service");
    assert_eq!(reply.json["designated_at"], app.now().iso8601());
    assert_eq!(bits(&app, app.owner.sid).await, ON);
}

#[tokio::test]
async fn des_edition_1__refuses_designation_without_the_package() {
    let app = start().await;
    let clinic = organization(&app, false).await;
    let main = main_account(&app, &clinic).await;
    agree(&app, &clinic, agreement(&app, NEWER)).await;
    designate(&app, &main, &main.sid).await.assert_refused("DES-EDITION-1", 77_065);
    let path = format!("Organizations/{clinic}/Entitlement");
    let ended = json!({"entitled_from": "2025-01-01", "entitled_until": "2026-01-01", "entitlement_reference": "PO 1"});
    let reply = post(&app, &app.operator, &path, ended).await;
    assert_eq!(reply.assert_status(200).json["entitled"], false);
    designate(&app, &main, &main.sid).await.assert_refused("DES-EDITION-1", 77_065);
    let nameless = post(&app, &app.operator, &path, json!({"entitled_from": "2025-01-01"})).await;
    assert_eq!(nameless.assert_error(400, 20_001).rule(), Some("DES-EDITION-1"));
    let bad = json!({"entitled_until": "2025-01-01"});
    post(&app, &app.operator, &path, bad).await.assert_error(400, 20_001);
}

#[tokio::test]
async fn des_edition_1__allows_designation_with_the_package() {
    let app = start().await;
    let clinic = organization(&app, false).await;
    let main = main_account(&app, &clinic).await;
    agree(&app, &clinic, agreement(&app, NEWER)).await;
    let held = json!({"entitled_from": "2025-01-01", "entitlement_reference": "PO 1"});
    let path = format!("Organizations/{clinic}/Entitlement");
    post(&app, &app.operator, &path, held).await.assert_status(200);
    designate(&app, &main, &main.sid).await.assert_status(201);
}

#[tokio::test]
async fn des_scope_1__refuses_to_end_a_designation() {
    let app = start().await;
    let path = format!("Accounts/{}/Designation", app.hipaa.sid);
    for who in [app.hipaa.credentials(), &app.operator] {
        let reply = delete(&app, who, &path).await;
        assert_eq!(reply.assert_error(409, 77_063).rule(), Some("DES-SCOPE-1"));
    }
    delete(&app, &app.owner, &format!("Accounts/{}/Designation", app.owner.sid))
        .await
        .assert_error(404, 20_404);
}

/// Every write there is, on a HIPAA project: protection stays.
#[tokio::test]
async fn des_scope_1__keeps_protection_whatever_is_called() {
    let app = start().await;
    let account = app.hipaa.sid;
    let settings = format!("Accounts/{account}/Settings");
    let entitlement = format!("Organizations/{}/Entitlement", app.organization);
    let listed = get(&app, &app.operator, &format!("Organizations/{}/Agreements", app.organization)).await;
    let made = listed.json["agreements"][0]["sid"].as_str().unwrap();
    let termination = format!("Organizations/{}/Agreements/{made}/Termination", app.organization);
    post(&app, &app.hipaa, &settings, json!({"body_redaction": false})).await.assert_status(403);
    post(&app, &app.operator, &termination, json!({})).await.assert_status(200);
    post(&app, &app.operator, &entitlement, json!({})).await.assert_status(200);
    delete(&app, &app.hipaa, &format!("Accounts/{account}/Organization")).await.assert_status(204);
    delete(&app, &app.operator, &format!("Accounts/{account}/Designation")).await.assert_status(409);
    by_support(&app, account).await.assert_status(403);
    designate(&app, &app.hipaa, account).await.assert_status(403);
    let link = json!({"organization_sid": app.organization.to_string()});
    post(&app, &app.operator, &format!("Accounts/{account}/Organization"), link).await.assert_status(200);
    app.post_form(&app.hipaa, "api", &format!("/2010-04-01/Accounts/{account}"), &[("FriendlyName", "x")])
        .await;
    assert_eq!(bits(&app, account).await, (true, false));
}

#[tokio::test]
async fn des_self_1__refuses_requests_under_a_newer_agreement() {
    let app = start().await;
    by_support(&app, app.owner.sid).await.assert_refused("DES-SELF-1", 77_068);
    let mut body = agreement(&app, NEWER);
    body["named_accounts"] = json!([app.owner.sid.to_string()]);
    let path = format!("Organizations/{}/Agreements", app.organization);
    post(&app, &app.operator, &path, body).await.assert_refused("DES-SELF-1", 77_068);
    assert_eq!(bits(&app, app.owner.sid).await, OFF);
}

#[tokio::test]
async fn des_self_1__allows_either_path_on_the_day_itself() {
    let app = start().await;
    let clinic = organization(&app, true).await;
    agree(&app, &clinic, agreement(&app, "2024-06-06")).await;
    let (first, second) = (main_account(&app, &clinic).await, main_account(&app, &clinic).await);
    designate(&app, &first, &first.sid).await.assert_status(201);
    by_support(&app, &second.sid).await.assert_status(201);
}

#[tokio::test]
async fn des_self_2__refuses_an_account_that_is_not_linked() {
    let app = start().await;
    let link = format!("Accounts/{}/Organization", app.subaccount.sid);
    delete(&app, &app.owner, &link).await.assert_status(204);
    designate(&app, &app.subaccount, app.subaccount.sid).await.assert_refused("DES-SELF-2", 77_069);
}

#[tokio::test]
async fn des_self_2__allows_every_linked_account_and_subaccount() {
    let app = start().await;
    designate(&app, &app.owner, app.owner.sid).await.assert_status(201);
    designate(&app, &app.owner, app.subaccount.sid).await.assert_status(201);
    assert_eq!(bits(&app, app.subaccount.sid).await, ON);
}

#[tokio::test]
async fn des_self_3__refuses_standard_and_restricted_keys_and_the_operator() {
    let app = start().await;
    let restricted = app.restricted_key(&app.owner, &[Permission::ComplianceWrite]).await;
    for who in [&app.keys.standard, &app.keys.restricted, &restricted, &app.operator] {
        designate(&app, who, app.owner.sid).await.assert_error(403, 20_003);
    }
    assert_eq!(designate(&app, &restricted, app.owner.sid).await.rule(), Some("DES-SELF-3"));
    assert_eq!(bits(&app, app.owner.sid).await, OFF);
}

#[tokio::test]
async fn des_self_3__allows_full_credentials_and_records_who_did_it() {
    let app = start().await;
    designate(&app, &app.keys.main, app.owner.sid).await.assert_status(201);
    let entries = app.ledger_actions(app.owner.scope()).await;
    let entry = entries.last().unwrap();
    assert_eq!(
        (entry.act.as_str(), entry.what.as_slice()),
        ("create_designation", [app.owner.sid.to_string()].as_slice())
    );
    let found = get(&app, &app.owner, &format!("Accounts/{}/Designation", app.owner.sid)).await;
    assert_eq!(found.json["designated_by"], entry.who);
    assert!(entry.who.starts_with("SK"));
    assert_eq!(found.json["changes"], json!([]));
}

#[tokio::test]
async fn des_sup_1__refuses_self_service_under_an_older_agreement() {
    let app = start().await;
    let clinic = organization(&app, true).await;
    agree(&app, &clinic, agreement(&app, OLDER)).await;
    let main = main_account(&app, &clinic).await;
    designate(&app, &main, &main.sid).await.assert_refused("DES-SUP-1", 77_074);
}

#[tokio::test]
async fn des_sup_1__allows_older_agreements_by_request() {
    let app = start().await;
    let clinic = organization(&app, true).await;
    agree(&app, &clinic, agreement(&app, OLDER)).await;
    let main = main_account(&app, &clinic).await;
    let reply = by_support(&app, &main.sid).await;
    assert_eq!(reply.assert_status(201).json["method"], "support");
    assert_eq!(bits(&app, &main.sid).await, ON);
}

#[tokio::test]
async fn des_sup_2__refuses_a_request_without_reference_or_requester() {
    let app = start().await;
    let clinic = organization(&app, true).await;
    agree(&app, &clinic, agreement(&app, OLDER)).await;
    let main = main_account(&app, &clinic).await;
    let path = format!("Accounts/{}/Designation/Support", main.sid);
    for body in [json!({}), json!({"requester": "R"}), json!({"request_reference": " ", "requester": "R"})] {
        post(&app, &app.operator, &path, body).await.assert_refused("DES-SUP-2", 77_075);
    }
    post(&app, &app.operator, &path, json!({"request_reference": "T-1"})).await.assert_error(400, 20_001);
    assert_eq!(bits(&app, &main.sid).await, OFF);
}

#[tokio::test]
async fn des_sup_2__allows_a_request_and_keeps_who_asked() {
    let app = start().await;
    let clinic = organization(&app, true).await;
    agree(&app, &clinic, agreement(&app, OLDER)).await;
    let main = main_account(&app, &clinic).await;
    let reply = by_support(&app, &main.sid).await;
    assert_eq!(reply.json["designated_by"], "T-1");
    let kept = get(&app, &main, &format!("Accounts/{}/Statements", main.sid)).await;
    let attestation = &kept.json["statements"][0];
    assert_eq!((&attestation["reference"], &attestation["signer"]), (&json!("T-1"), &json!("R. Quester")));
    let ledger = get(&app, &main, &format!("Accounts/{}/Ledger", main.sid)).await;
    let entries = ledger.json["entries"].as_array().unwrap();
    let entry = entries.iter().find(|entry| entry["action"] == "create_designation_by_support").unwrap();
    assert_eq!(entry["sids"], json!([main.sid, attestation["sid"]]));
    assert_eq!(entry["actor"], "operator");
}

#[tokio::test]
async fn des_sup_3__refuses_to_migrate_what_is_not_older_or_has_no_request() {
    let app = start().await;
    let request = json!({"request_reference": "T-2", "requester": "R. Quester"});
    let path = format!("Organizations/{}/Migration", app.organization);
    post(&app, &app.operator, &path, request.clone()).await.assert_error(409, 20_409);
    let clinic = organization(&app, true).await;
    agree(&app, &clinic, agreement(&app, OLDER)).await;
    let path = format!("Organizations/{clinic}/Migration");
    post(&app, &app.operator, &path, json!({})).await.assert_error(400, 20_001);
    post(&app, &app.operator, &path, request.clone()).await.assert_status(201);
    post(&app, &app.operator, &path, request).await.assert_error(409, 20_409);
}

#[tokio::test]
async fn des_sup_3__allows_self_service_after_migration() {
    let app = start().await;
    let clinic = organization(&app, true).await;
    let made = agree(&app, &clinic, agreement(&app, OLDER)).await;
    let main = main_account(&app, &clinic).await;
    designate(&app, &main, &main.sid).await.assert_refused("DES-SUP-1", 77_074);
    let request = json!({"request_reference": "T-2", "requester": "R. Quester"});
    let reply = post(&app, &app.operator, &format!("Organizations/{clinic}/Migration"), request).await;
    assert_eq!(reply.assert_status(201).json["agreement_sids"], json!([made]));
    designate(&app, &main, &main.sid).await.assert_status(201);
}

#[tokio::test]
async fn des_sup_3__keeps_m1_designations_through_migration() {
    let app = start().await;
    let clinic = organization(&app, true).await;
    agree(&app, &clinic, agreement(&app, OLDER)).await;
    let main = main_account(&app, &clinic).await;
    by_support(&app, &main.sid).await.assert_status(201);
    let (later, plain) = (subaccount(&app, &main).await, main_account(&app, &clinic).await);
    let mut before = Vec::new();
    for sid in [&main.sid, &later.sid, &plain.sid] {
        before.push(bits(&app, sid).await);
    }
    let request = json!({"request_reference": "T-2", "requester": "R. Quester"});
    post(&app, &app.operator, &format!("Organizations/{clinic}/Migration"), request).await.assert_status(201);
    for (sid, before) in [&main.sid, &later.sid, &plain.sid].into_iter().zip(before) {
        assert_eq!(bits(&app, sid).await, before);
    }
}

fn changed(reply: &Reply) -> Vec<&str> {
    reply.json["changes"]
        .as_array()
        .unwrap()
        .iter()
        .map(|change| change["setting"].as_str().unwrap())
        .collect()
}

#[tokio::test]
async fn chg_prod_1__keeps_changes_equal_to_the_difference_of_all_settings() {
    let app = start().await;
    let path = format!("Accounts/{}/Settings", app.owner.sid);
    let before = get(&app, &app.owner, &path).await.json;
    let reply = designate(&app, &app.owner, app.owner.sid).await;
    let after = get(&app, &app.owner, &path).await.json;
    let mut expected = Vec::new();
    for (name, value) in after.as_object().unwrap() {
        if before[name] != *value {
            expected.push(json!({"setting": name, "before": before[name], "after": value}));
        }
    }
    assert_eq!(reply.json["changes"], Value::Array(expected));
    assert_eq!(changed(&reply), ["body_redaction", "https_only", "media_authentication", "number_redaction"]);
}

#[tokio::test]
async fn chg_prod_1__hides_settings_that_were_so_already() {
    let app = start().await;
    let path = format!("Accounts/{}/Settings", app.owner.sid);
    post(&app, &app.owner, &path, json!({"body_redaction": true})).await.assert_status(200);
    let reply = designate(&app, &app.owner, app.owner.sid).await;
    assert_eq!(changed(&reply), ["https_only", "media_authentication", "number_redaction"]);
    designate(&app, &app.owner, app.owner.sid).await.assert_error(409, 20_409);
}
