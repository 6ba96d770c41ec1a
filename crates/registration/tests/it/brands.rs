//! Brands and vettings: from submitted to registered, or turned down and submitted again.

use serde_json::json;

use crate::site::{BRANDS, MESSAGING, Site};

#[tokio::test]
async fn a_brand_is_registered_after_a_while() {
    let mut site = Site::idle().await;
    let path = site.brand("STANDARD", "1").await;
    let made = site.get(&path).await;
    assert_eq!(
        (&made["status"], &made["tcr_id"], &made["errors"]),
        (&json!("PENDING"), &json!(null), &json!([]))
    );
    site.run();
    let brand = site.wait(&path, "APPROVED").await;
    assert_eq!(brand["identity_status"], "VERIFIED");
    assert!(brand["tcr_id"].as_str().is_some_and(|id| id.starts_with('B') && id.len() == 7), "{brand}");
    assert_eq!(site.get(BRANDS).await["data"][0]["sid"], brand["sid"]);
}

#[tokio::test]
async fn a_brand_that_is_turned_down_says_why_and_is_submitted_again() {
    let site = Site::start().await;
    let path = site.brand("STANDARD", "30701").await;
    // While nobody has decided it cannot be submitted again.
    site.post(&path, &[]).await.assert_error(400, 21725);
    let brand = site.wait(&path, "FAILED").await;
    assert_eq!(brand["errors"][0]["error_code"], 30701);
    assert_eq!(brand["errors"][0]["fields"], json!(["region"]));
    assert_eq!(brand["errors"][0]["url"], "https://www.twilio.com/docs/api/errors/30701");
    assert_eq!(brand["failure_reason"], brand["errors"][0]["description"]);
    assert_eq!(site.alerts(&site.app.owner, brand["sid"].as_str().expect("a SID")).await, [30701]);
    let again = site.post(&path, &[]).await;
    assert_eq!(again.assert_status(202).json["status"], "PENDING");
    let brand = site.wait(&path, "APPROVED").await;
    assert_eq!((&brand["errors"], &brand["failure_reason"]), (&json!([]), &json!(null)));
    site.post(&path, &[]).await.assert_error(400, 21725);
}

#[tokio::test]
async fn a_sole_proprietor_waits_for_the_code() {
    let site = Site::start().await;
    let path = site.brand("SOLE_PROPRIETOR", "1").await;
    let company = site.brand("STANDARD", "1").await;
    site.wait(&company, "APPROVED").await;
    let waiting = site.get(&path).await;
    assert_eq!((&waiting["status"], &waiting["identity_status"]), (&json!("PENDING"), &json!("UNVERIFIED")));
    let code = site.post(&format!("{path}/SmsOtp"), &[]).await;
    assert_eq!(code.assert_status(201).json["brand_registration_sid"], waiting["sid"]);
    assert_eq!(site.wait(&path, "APPROVED").await["identity_status"], "VERIFIED");
    // Neither a decided brand nor a company's takes a code.
    site.post(&format!("{path}/SmsOtp"), &[]).await.assert_error(409, 20409);
    site.post(&format!("{company}/SmsOtp"), &[]).await.assert_error(409, 20409);
}

#[tokio::test]
async fn a_registered_brand_is_vetted() {
    let site = Site::start().await;
    let path = site.brand("STANDARD", "1").await;
    let vettings = format!("{path}/Vettings");
    let aegis = [("VettingProvider", "aegis")];
    site.post(&vettings, &aegis).await.assert_error(409, 20409);
    site.wait(&path, "APPROVED").await;
    for form in [&[][..], &[("VettingProvider", "somebody")], &[("VettingProvider", "campaign-verify")]] {
        site.post(&vettings, form).await.assert_error(400, 20001);
    }
    let made = site.post(&vettings, &aegis).await;
    let sid = made.assert_status(201).json["brand_vetting_sid"].as_str().expect("a SID").to_owned();
    site.wait(&format!("{vettings}/{sid}"), "SUCCESS").await;
    assert_eq!(site.get(&path).await["identity_status"], "VETTED_VERIFIED");
    let token = [("VettingProvider", "campaign-verify"), ("VettingId", "cv|1.0|token")];
    let made = site.post(&vettings, &token).await;
    assert_eq!(made.assert_status(201).json["vetting_id"], "cv|1.0|token");
    let listed = site.get(&format!("{vettings}?VettingProvider=aegis")).await;
    assert_eq!(listed["data"].as_array().map(Vec::len), Some(1));
    assert_eq!(listed["data"][0]["brand_vetting_sid"], sid.as_str());
    assert_eq!(site.get(&vettings).await["data"].as_array().map(Vec::len), Some(2));
    // A vetting of another brand is not this one's.
    let other = site.brand("STANDARD", "2").await;
    let reply = site.app.get(&site.app.owner, MESSAGING, &format!("{other}/Vettings/{sid}")).await;
    reply.assert_error(404, 20404);
}

#[tokio::test]
async fn a_review_goes_on_after_a_stop() {
    let mut site = Site::idle().await;
    let path = site.brand("STANDARD", "1").await;
    site.run();
    site.stop().await;
    assert_eq!(site.get(&path).await["status"], "PENDING");
    site.run();
    site.wait(&path, "APPROVED").await;
}

#[tokio::test]
async fn what_a_brand_is_made_of_is_checked() {
    let site = Site::idle().await;
    let bundle = "BU00000000000000000000000000000001";
    for form in [
        &[][..],
        &[("CustomerProfileBundleSid", bundle)],
        &[("CustomerProfileBundleSid", bundle), ("A2PProfileBundleSid", "BU1")],
        &[("CustomerProfileBundleSid", bundle), ("A2PProfileBundleSid", bundle), ("BrandType", "LARGE")],
        &[("CustomerProfileBundleSid", bundle), ("A2PProfileBundleSid", bundle), ("Unknown", "1")],
    ] {
        site.post(BRANDS, form).await.assert_error(400, 20001);
    }
}
