//! The rules of the guide about Lookup, and who may look up at all. Tests are named after their rule.
#![allow(non_snake_case)]

use auth::Permission;

use crate::{PRODUCT, start, v1, v2};

#[tokio::test]
async fn look_mkt_1__refuses_add_ons() {
    let app = start().await;
    for path in [v1("?AddOns=example"), v1("?Type=carrier&AddOns=example&AddOns.example.name=Jane")] {
        app.get(&app.hipaa, PRODUCT, &path).await.assert_refused("LOOK-MKT-1", 77435);
    }
}

#[tokio::test]
async fn look_mkt_1__allows_lookup_without_add_ons() {
    let app = start().await;
    app.get(&app.hipaa, PRODUCT, &v1("?Type=carrier")).await.assert_status(200);
}

#[tokio::test]
async fn ai_gen_1__refuses_ai_scored_package() {
    let app = start().await;
    for fields in ["sms_pumping_risk", "phone_number_quality_score", "validation,sms_pumping_risk"] {
        let reply = app.get(&app.hipaa, PRODUCT, &v2(&format!("?Fields={fields}"))).await;
        assert_eq!((reply.status, reply.rule()), (403, Some("AI-GEN-1")), "{fields}");
    }
}

#[tokio::test]
async fn ai_gen_1__allows_plain_packages() {
    let app = start().await;
    app.get(&app.hipaa, PRODUCT, &v2("?Fields=validation")).await.assert_status(200);
}

#[tokio::test]
async fn look_elig_1__allows_listed_packages() {
    let app = start().await;
    let listed = v2("?Fields=validation,caller_name,line_type_intelligence");
    let reply = app.get(&app.hipaa, PRODUCT, &listed).await;
    reply.assert_status(200);
    assert_eq!(reply.json["caller_name"]["caller_name"], "Canary Clinic");
    // Looking up is not messaging: numbers outside the United States are eligible too.
    let reply = app.get(&app.hipaa, PRODUCT, "/v2/PhoneNumbers/+442071838750").await;
    reply.assert_status(200);
    assert_eq!(reply.json["valid"], true);
}

#[tokio::test]
async fn look_elig_1__refuses_unlisted_package() {
    let app = start().await;
    let published =
        ["sim_swap", "call_forwarding", "line_status", "identity_match", "reassigned_number", "pre_fill"];
    // What nobody has heard of is not on the list either: unknown means no.
    for package in published.into_iter().chain(["horoscope"]) {
        let path = v2(&format!("?Fields=validation,{package}&FirstName=Jane"));
        let reply = app.get(&app.hipaa, PRODUCT, &path).await;
        assert_eq!((reply.status, reply.rule()), (403, Some("CON-NELIST-1")), "{package}");
        assert!(!reply.text.contains("Jane"), "{package}");
    }
}

#[tokio::test]
async fn keys_need_the_lookup_permission() {
    let app = start().await;
    let allowed = app.restricted_key(&app.owner, &[Permission::Lookup]).await;
    app.get(&app.keys.main, PRODUCT, &v2("")).await.assert_status(200);
    app.get(&app.keys.standard, PRODUCT, &v2("")).await.assert_status(200);
    app.get(&allowed, PRODUCT, &v2("")).await.assert_status(200);
    app.get(&app.keys.restricted, PRODUCT, &v2("")).await.assert_error(403, 20003);
}
