//! The keys of every answer are those of the published schemas.

use serde_json::Value;

use crate::site::{BRANDS, SERVICE, Site, VERIFICATIONS, campaigns, sid};

/// `messaging.v1.brand_registrations`.
const BRAND: &str = "a2p_profile_bundle_sid account_sid brand_feedback brand_score brand_type \
    customer_profile_bundle_sid date_created date_updated errors failure_reason government_entity identity_status \
    links mock russell_3000 sid skip_automatic_sec_vet status tax_exempt_status tcr_id url";
/// `messaging.v1.brand_registrations.brand_vetting`.
const VETTING: &str = "account_sid brand_sid brand_vetting_sid date_created date_updated url vetting_class \
    vetting_id vetting_provider vetting_status";
/// `messaging.v1.service.us_app_to_person_v2`.
const CAMPAIGN: &str = "account_sid age_gated brand_registration_sid campaign_id campaign_status date_created \
    date_updated description direct_lending errors has_embedded_links has_embedded_phone help_keywords help_message \
    is_externally_registered message_flow message_samples messaging_service_sid mock opt_in_keywords opt_in_message \
    opt_out_keywords opt_out_message privacy_policy_url rate_limits sid subscriber_opt_in terms_and_conditions_url \
    url us_app_to_person_usecase";
/// `messaging.v1.tollfree_verification`.
const VERIFICATION: &str = "account_sid additional_information age_gated_content business_city \
    business_contact_email business_contact_first_name business_contact_last_name business_contact_phone \
    business_country business_name business_postal_code business_registration_authority \
    business_registration_country business_registration_number business_registration_phone_number \
    business_state_province_region business_street_address business_street_address2 business_type business_website \
    customer_profile_sid date_created date_updated doing_business_as edit_allowed edit_expiration error_code \
    external_reference_id help_message_sample message_volume notification_email opt_in_confirmation_message \
    opt_in_image_urls opt_in_keywords opt_in_type privacy_policy_url production_message_sample \
    regulated_item_sid rejection_reason rejection_reasons resource_links sid status terms_and_conditions_url \
    tollfree_phone_number tollfree_phone_number_sid trust_product_sid url use_case_categories use_case_summary \
    vetting_id vetting_id_expiration vetting_provider";

#[track_caller]
fn check(value: &Value, schema: &str) {
    let mut keys: Vec<&str> = value.as_object().expect("an object").keys().map(String::as_str).collect();
    keys.sort_unstable();
    assert_eq!(keys, schema.split_whitespace().collect::<Vec<_>>());
}

#[tokio::test]
async fn every_published_key_is_present() {
    let site = Site::start().await;
    let brand = site.approved().await;
    let path = format!("{BRANDS}/{brand}");
    check(&site.get(&path).await, BRAND);
    check(&site.get(BRANDS).await["data"][0], BRAND);
    let vettings = format!("{path}/Vettings");
    check(&site.post(&vettings, &[("VettingProvider", "aegis")]).await.assert_status(201).json, VETTING);
    check(&site.get(&vettings).await["data"][0], VETTING);
    let made = site.campaign(SERVICE, &brand, &[]).await;
    check(&made.assert_status(201).json, CAMPAIGN);
    check(&site.get(&campaigns(SERVICE)).await["compliance"][0], CAMPAIGN);
    let usecases = site.get(&format!("{}/Usecases", campaigns(SERVICE))).await;
    check(&usecases["us_app_to_person_usecases"][0], "code description name post_approval_required");
    let made = site.verification(&[]).await;
    check(&made.assert_status(201).json, VERIFICATION);
    check(&site.get(&format!("{VERIFICATIONS}/{}", sid(&made))).await, VERIFICATION);
    check(&site.get(VERIFICATIONS).await["verifications"][0], VERIFICATION);
    let sole = site.brand("SOLE_PROPRIETOR", "1").await;
    let code = site.post(&format!("{sole}/SmsOtp"), &[]).await;
    check(&code.assert_status(201).json, "account_sid brand_registration_sid");
}
