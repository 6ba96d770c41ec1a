//! Toll-free numbers: verified, or turned down and edited while that is allowed.

use std::time::Duration;

use registration::limits::EDIT_WINDOW;
use serde_json::json;

use crate::site::{LOCAL, MESSAGING, Site, TOLL_FREE, VERIFICATIONS, sid};

#[tokio::test]
async fn a_number_is_verified_after_a_while() {
    let mut site = Site::idle().await;
    let made = site.verification(&[("ExternalReferenceId", "ours-1"), ("UseCaseCategories", "EVENTS")]).await;
    made.assert_status(201);
    assert_eq!(made.json["status"], "PENDING_REVIEW");
    assert_eq!(
        (&made.json["tollfree_phone_number"], &made.json["edit_allowed"]),
        (&json!("+18005550100"), &json!(null))
    );
    assert_eq!(
        (&made.json["use_case_categories"], &made.json["resource_links"]),
        (&json!(["EVENTS"]), &json!({}))
    );
    let path = format!("{VERIFICATIONS}/{}", sid(&made));
    site.run();
    site.post(&path, &[("BusinessName", "Other")]).await.assert_error(409, 20409);
    let approved = site.wait(&path, "TWILIO_APPROVED").await;
    assert_eq!((&approved["rejection_reason"], &approved["error_code"]), (&json!(null), &json!(null)));
    site.verification(&[]).await.assert_error(409, 20409);
    site.app.delete(&site.app.owner, MESSAGING, &path).await.assert_error(409, 20409);
    for (query, count) in [
        ("Status=TWILIO_APPROVED", 1),
        ("Status=IN_REVIEW", 0),
        ("ExternalReferenceId=ours-1", 1),
        ("ExternalReferenceId=ours", 0),
        (&format!("TollfreePhoneNumberSid={TOLL_FREE}"), 1),
        (&format!("TollfreePhoneNumberSid={LOCAL}"), 0),
        ("TrustProductSid=BU00000000000000000000000000000001", 0),
        ("IncludeSubAccounts=false&Status=TWILIO_APPROVED&ExternalReferenceId=ours-1", 1),
    ] {
        let listed = site.get(&format!("{VERIFICATIONS}?{query}")).await;
        assert_eq!(listed["verifications"].as_array().map(Vec::len), Some(count), "{query}");
    }
    let all = format!("{VERIFICATIONS}?IncludeSubAccounts=true");
    site.app.get(&site.app.owner, MESSAGING, &all).await.assert_error(501, 20501);
}

#[tokio::test]
async fn a_number_that_is_turned_down_is_edited_in_time() {
    let site = Site::start().await;
    let made = site.verification(&[("AdditionalInformation", "30836")]).await;
    let path = format!("{VERIFICATIONS}/{}", sid(made.assert_status(201)));
    let rejected = site.wait(&path, "TWILIO_REJECTED").await;
    assert_eq!((&rejected["error_code"], &rejected["edit_allowed"]), (&json!(30836), &json!(true)));
    assert_eq!(rejected["rejection_reasons"][0]["code"], 30836);
    assert_eq!(rejected["rejection_reasons"][0]["reason"], rejected["rejection_reason"]);
    assert!(rejected["edit_expiration"].is_string());
    assert_eq!(site.alerts(&site.app.owner, &sid(&made)).await, [30836]);
    let edit = [("AdditionalInformation", "The picture is public now."), ("EditReason", "It was not.")];
    let edited = site.post(&path, &edit).await;
    edited.assert_status(202);
    assert_eq!(
        (&edited.json["status"], &edited.json["edit_allowed"]),
        (&json!("PENDING_REVIEW"), &json!(null))
    );
    assert_eq!(
        (&edited.json["additional_information"], &edited.json["business_name"]),
        (&json!(edit[0].1), &json!("Clinic"))
    );
    assert!(edited.json.get("edit_reason").is_none());
    site.wait(&path, "TWILIO_APPROVED").await;
}

#[tokio::test]
async fn the_time_for_an_edit_ends() {
    let site = Site::start().await;
    let made = site.verification(&[("AdditionalInformation", "30836")]).await;
    let path = format!("{VERIFICATIONS}/{}", sid(made.assert_status(201)));
    site.wait(&path, "TWILIO_REJECTED").await;
    site.app.advance(EDIT_WINDOW + Duration::from_secs(1));
    assert_eq!(site.get(&path).await["edit_allowed"], false);
    site.post(&path, &[("BusinessName", "Other")]).await.assert_error(409, 20409);
    // It makes room for another one.
    assert_eq!(site.app.delete(&site.app.owner, MESSAGING, &path).await.status, 204);
    site.app.get(&site.app.owner, MESSAGING, &path).await.assert_error(404, 20404);
    site.verification(&[]).await.assert_status(201);
}

#[tokio::test]
async fn what_may_not_be_sent_is_not_edited() {
    let site = Site::start().await;
    let made = site.verification(&[("AdditionalInformation", "30464")]).await;
    let path = format!("{VERIFICATIONS}/{}", sid(made.assert_status(201)));
    let rejected = site.wait(&path, "TWILIO_REJECTED").await;
    assert_eq!((&rejected["edit_allowed"], &rejected["edit_expiration"]), (&json!(false), &json!(null)));
    site.post(&path, &[("BusinessName", "Other")]).await.assert_error(409, 20409);
}

#[tokio::test]
async fn only_a_toll_free_number_of_the_account_is_verified() {
    let site = Site::idle().await;
    site.verification(&[("TollfreePhoneNumberSid", LOCAL)]).await.assert_error(400, 20001);
    let nobody = "PN00000000000000000000000000000000";
    site.verification(&[("TollfreePhoneNumberSid", nobody)]).await.assert_error(404, 20404);
    for (name, value) in [
        ("BusinessName", ""),
        ("UseCaseCategories", "ANYTHING"),
        ("OptInType", "ANYTHING"),
        ("BusinessContactPhone", "555"),
        ("BusinessType", "ANYTHING"),
        ("EditReason", "No edit"),
    ] {
        site.verification(&[(name, value)]).await.assert_error(400, 20001);
    }
}
