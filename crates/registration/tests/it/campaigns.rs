//! Campaigns: one per service, of a registered brand, edited only when turned down.

use serde_json::json;

use crate::site::{
    CAMPAIGN, DESCRIPTION, MESSAGING, NO_SERVICE, OTHER_SERVICE, SERVICE, Site, campaigns, sid,
};

#[tokio::test]
async fn a_campaign_of_a_registered_brand_is_verified() {
    let site = Site::start().await;
    let brand = site.approved().await;
    let made = site.campaign(SERVICE, &brand, &[("OptInKeywords", "JOIN")]).await;
    made.assert_status(201);
    assert_eq!((&made.json["campaign_status"], &made.json["campaign_id"]), (&json!("PENDING"), &json!(null)));
    assert_eq!(made.json["message_samples"].as_array().map(Vec::len), Some(2));
    assert_eq!((&made.json["opt_in_keywords"], &made.json["age_gated"]), (&json!(["JOIN"]), &json!(false)));
    let path = format!("{}/{}", campaigns(SERVICE), sid(&made));
    let verified = site.wait(&path, "VERIFIED").await;
    assert!(verified["campaign_id"].as_str().is_some_and(|id| id.starts_with('C')), "{verified}");
    assert_eq!(site.get(&campaigns(SERVICE)).await["compliance"], json!([verified]));
    // What is verified is not edited, and the service has one.
    site.post(&path, EDIT).await.assert_error(409, 20409);
    site.campaign(SERVICE, &brand, &[]).await.assert_error(409, 20409);
    site.campaign(OTHER_SERVICE, &brand, &[]).await.assert_status(201);
    assert_eq!(site.app.delete(&site.app.owner, MESSAGING, &path).await.status, 204);
    site.app.get(&site.app.owner, MESSAGING, &path).await.assert_error(404, 20404);
    site.campaign(SERVICE, &brand, &[]).await.assert_status(201);
}

const EDIT: &[(&str, &str)] = &[
    ("Description", "Reminders of appointments, and nothing besides them"),
    ("MessageFlow", CAMPAIGN[1].1),
    ("MessageSamples", CAMPAIGN[2].1),
    ("MessageSamples", CAMPAIGN[3].1),
    ("HasEmbeddedLinks", "true"),
    ("HasEmbeddedPhone", "false"),
    ("AgeGated", "false"),
    ("DirectLending", "false"),
];

#[tokio::test]
async fn a_campaign_that_is_turned_down_says_why_and_is_edited() {
    let site = Site::start().await;
    let brand = site.approved().await;
    let made = site.campaign(SERVICE, &brand, &[("Description", &format!("{DESCRIPTION} 30886"))]).await;
    let path = format!("{}/{}", campaigns(SERVICE), sid(made.assert_status(201)));
    let failed = site.wait(&path, "FAILED").await;
    assert_eq!(failed["errors"][0]["error_code"], 30886);
    assert_eq!(site.alerts(&site.app.owner, &sid(&made)).await, [30886]);
    site.post(&path, &EDIT[1..]).await.assert_error(400, 20001);
    let edited = site.post(&path, EDIT).await;
    edited.assert_status(200);
    assert_eq!((&edited.json["campaign_status"], &edited.json["errors"]), (&json!("PENDING"), &json!([])));
    assert_eq!(
        (&edited.json["description"], &edited.json["has_embedded_links"]),
        (&json!(EDIT[0].1), &json!(true))
    );
    // What the edit did not say stays.
    assert_eq!(edited.json["us_app_to_person_usecase"], "ACCOUNT_NOTIFICATION");
    assert_eq!(edited.json["date_created"], failed["date_created"]);
    site.wait(&path, "VERIFIED").await;
}

#[tokio::test]
async fn a_campaign_that_was_taken_for_fraud_is_not_edited() {
    let site = Site::start().await;
    let brand = site.approved().await;
    let made = site.campaign(SERVICE, &brand, &[("Description", &format!("{DESCRIPTION} 30885"))]).await;
    let path = format!("{}/{}", campaigns(SERVICE), sid(made.assert_status(201)));
    site.wait(&path, "FAILED").await;
    site.post(&path, EDIT).await.assert_error(409, 20409);
}

#[tokio::test]
async fn a_campaign_takes_a_registered_brand_and_a_service() {
    let site = Site::start().await;
    let waiting = site.brand("SOLE_PROPRIETOR", "1").await;
    let waiting = waiting.rsplit('/').next().expect("a SID").to_owned();
    site.campaign(SERVICE, &waiting, &[]).await.assert_error(409, 20409);
    let nobody = "BN00000000000000000000000000000000";
    site.campaign(SERVICE, nobody, &[]).await.assert_error(404, 20404);
    let brand = site.approved().await;
    site.campaign(NO_SERVICE, &brand, &[]).await.assert_error(404, 20404);
    // Another account's brand does not exist.
    let mut form = vec![("BrandRegistrationSid", brand.as_str())];
    form.extend(CAMPAIGN);
    let reply = site.app.post_form(&site.app.other, MESSAGING, &campaigns(SERVICE), &form).await;
    reply.assert_error(404, 20404);
    for (name, value) in [
        ("UsAppToPersonUsecase", "SOLE_PROPRIETOR"),
        ("UsAppToPersonUsecase", "ANYTHING"),
        ("Description", "short"),
        ("MessageSamples", "one sample is not enough"),
        ("HasEmbeddedLinks", "perhaps"),
        ("PrivacyPolicyUrl", "clinic.example"),
        ("Unknown", "1"),
    ] {
        site.campaign(SERVICE, &brand, &[(name, value)]).await.assert_error(400, 20001);
    }
}

#[tokio::test]
async fn a_sole_proprietor_has_one_campaign_of_one_kind() {
    let site = Site::start().await;
    let path = site.brand("SOLE_PROPRIETOR", "1").await;
    site.post(&format!("{path}/SmsOtp"), &[]).await.assert_status(201);
    site.wait(&path, "APPROVED").await;
    let brand = path.rsplit('/').next().expect("a SID");
    let sole = [("UsAppToPersonUsecase", "SOLE_PROPRIETOR")];
    site.campaign(SERVICE, brand, &[]).await.assert_error(400, 20001);
    let made = site.campaign(SERVICE, brand, &sole).await;
    made.assert_status(201);
    site.campaign(OTHER_SERVICE, brand, &sole).await.assert_error(409, 20409);
    let one = format!("{}/{}", campaigns(SERVICE), sid(&made));
    assert_eq!(site.app.delete(&site.app.owner, MESSAGING, &one).await.status, 204);
    site.campaign(OTHER_SERVICE, brand, &sole).await.assert_status(201);
    let usecases = format!("{}/Usecases", campaigns(SERVICE));
    let of = async |query: String| {
        let found = site.get(&format!("{usecases}{query}")).await;
        found["us_app_to_person_usecases"].as_array().expect("a list").len()
    };
    assert_eq!((of(String::new()).await, of(format!("?BrandRegistrationSid={brand}")).await), (20, 1));
}

#[tokio::test]
async fn a_campaign_that_was_registered_elsewhere_is_taken_over() {
    let site = Site::start().await;
    let form = [("CampaignId", "CABC123"), ("MessagingServiceSid", SERVICE), ("CnpMigration", "false")];
    let made = site.post("/v1/Services/PreregisteredUsa2p", &form).await;
    made.assert_status(201);
    assert_eq!(
        (&made.json["campaign_id"], &made.json["messaging_service_sid"]),
        (&json!("CABC123"), &json!(SERVICE))
    );
    let path = format!("{}/{}", campaigns(SERVICE), sid(&made));
    let verified = site.wait(&path, "VERIFIED").await;
    assert_eq!(
        (&verified["is_externally_registered"], &verified["campaign_id"]),
        (&json!(true), &json!("CABC123"))
    );
    site.post("/v1/Services/PreregisteredUsa2p", &form).await.assert_error(409, 20409);
}

#[tokio::test]
async fn a_campaign_outlives_its_service_and_can_be_deleted() {
    let site = Site::start().await;
    let brand = site.approved().await;
    let made = site.campaign(SERVICE, &brand, &[]).await;
    let path = format!("{}/{}", campaigns(SERVICE), sid(made.assert_status(201)));
    // While a review is under way, a delete may meet its write and is 409, to be tried again.
    site.wait(&path, "VERIFIED").await;
    site.delete_services();
    site.campaign(OTHER_SERVICE, &brand, &[]).await.assert_error(404, 20404);
    assert_eq!(site.get(&path).await["description"], DESCRIPTION);
    assert_eq!(site.app.delete(&site.app.owner, MESSAGING, &path).await.status, 204);
    site.app.get(&site.app.owner, MESSAGING, &path).await.assert_error(404, 20404);
}
