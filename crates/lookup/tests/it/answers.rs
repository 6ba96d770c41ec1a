//! The two resources: keys, formats, packages and errors.

use serde_json::{Value, json};
use test_kit::TestApp;

use crate::{NUMBER, PRODUCT, start, v1, v2};

/// The keys of `LookupResponse` and of `lookups.v1.phone_number` in the published documents.
const KEYS_V2: &[&str] = &[
    "call_forwarding",
    "caller_name",
    "calling_country_code",
    "country_code",
    "identity_match",
    "line_status",
    "line_type_intelligence",
    "national_format",
    "phone_number",
    "phone_number_quality_score",
    "pre_fill",
    "reassigned_number",
    "sim_swap",
    "sms_pumping_risk",
    "url",
    "valid",
    "validation_errors",
];
const KEYS_V1: &[&str] =
    &["add_ons", "caller_name", "carrier", "country_code", "national_format", "phone_number", "url"];

fn keys(value: &Value) -> Vec<&str> {
    let mut keys: Vec<&str> = value.as_object().expect("an object").keys().map(String::as_str).collect();
    keys.sort_unstable();
    keys
}

async fn found(app: &TestApp, path: &str) -> Value {
    let reply = app.get(&app.owner, PRODUCT, path).await;
    reply.assert_status(200);
    reply.json
}

#[tokio::test]
async fn every_published_key_is_present() {
    let app = start().await;
    for path in [v2(""), v2("?Fields=caller_name,line_type_intelligence"), "/v2/PhoneNumbers/+1415".into()] {
        assert_eq!(keys(&found(&app, &path).await), KEYS_V2, "{path}");
    }
    for path in [v1(""), v1("?Type=carrier&Type=caller-name")] {
        assert_eq!(keys(&found(&app, &path).await), KEYS_V1, "{path}");
    }
}

#[tokio::test]
async fn formats_and_validates() {
    let app = start().await;
    for (asked, number, national, country, calling) in [
        ("+14155550100", "+14155550100", "(415) 555-0100", "US", "1"),
        ("%2B14155550100", "+14155550100", "(415) 555-0100", "US", "1"),
        ("(415)%20555-0100", "+14155550100", "(415) 555-0100", "US", "1"),
        ("02071838750?CountryCode=GB", "+442071838750", "2071838750", "GB", "44"),
        ("+16045550100", "+16045550100", "(604) 555-0100", "CA", "1"),
    ] {
        let body = found(&app, &format!("/v2/PhoneNumbers/{asked}")).await;
        assert_eq!(body["phone_number"], number, "{asked}");
        assert_eq!(body["national_format"], national, "{asked}");
        assert_eq!(body["country_code"], country, "{asked}");
        assert_eq!(body["calling_country_code"], calling, "{asked}");
        assert_eq!((&body["valid"], &body["validation_errors"]), (&json!(true), &json!([])), "{asked}");
        assert_eq!(body["url"], format!("https://lookups.twilio.com/v2/PhoneNumbers/{number}"), "{asked}");
    }
}

#[tokio::test]
async fn v2_says_why_a_number_is_invalid() {
    let app = start().await;
    for (asked, fault) in [
        ("+141599299600", "TOO_LONG"),
        ("+1415992", "TOO_SHORT"),
        ("+11115550100", "INVALID_BUT_POSSIBLE"),
        ("+9995550100", "INVALID_COUNTRY_CODE"),
        ("4155550100?CountryCode=XX", "INVALID_COUNTRY_CODE"),
        ("somebody", "NOT_A_NUMBER"),
    ] {
        let body = found(&app, &format!("/v2/PhoneNumbers/{asked}")).await;
        assert_eq!((&body["valid"], &body["validation_errors"]), (&json!(false), &json!([fault])), "{asked}");
        assert_eq!(body["phone_number"], asked.split('?').next().expect("a part"), "{asked}");
        for key in ["country_code", "calling_country_code", "national_format", "line_type_intelligence"] {
            assert!(body[key].is_null(), "{asked} {key}");
        }
    }
}

#[tokio::test]
async fn v1_knows_no_invalid_number() {
    let app = start().await;
    for asked in ["+141599299600", "somebody", "+9995550100"] {
        let reply = app.get(&app.owner, PRODUCT, &format!("/v1/PhoneNumbers/{asked}")).await;
        reply.assert_error(404, 20404);
        assert!(!reply.text.contains(asked), "{asked}");
    }
}

#[tokio::test]
async fn serves_line_type_and_caller_name() {
    let app = start().await;
    let body = found(&app, &v2("?Fields=line_type_intelligence,caller_name")).await;
    let line = json!({
        "mobile_country_code": "310", "mobile_network_code": "456", "carrier_name": "Example Wireless",
        "type": "mobile", "error_code": null,
    });
    let caller = json!({ "caller_name": "Canary Clinic", "caller_type": "BUSINESS", "error_code": null });
    assert_eq!(body["line_type_intelligence"], line);
    assert_eq!(body["caller_name"], caller);

    let body = found(&app, &v1("?Type=carrier&Type=caller-name")).await;
    let carrier = json!({
        "mobile_country_code": "310", "mobile_network_code": "456", "name": "Example Wireless",
        "type": "mobile", "error_code": null,
    });
    assert_eq!(body["carrier"], carrier);
    assert_eq!(body["caller_name"], caller);
}

#[tokio::test]
async fn what_is_not_asked_for_is_not_answered() {
    let app = start().await;
    let body = found(&app, &v2("?Fields=validation")).await;
    assert!(body["line_type_intelligence"].is_null() && body["caller_name"].is_null());
    let body = found(&app, &v1("")).await;
    assert!(body["carrier"].is_null() && body["caller_name"].is_null());
}

#[tokio::test]
async fn area_codes_and_v1_words_stand_in_for_a_carrier() {
    let app = start().await;
    for (asked, v2_type, v1_type, error) in [
        ("+18005550100", json!("tollFree"), Value::Null, Value::Null),
        ("+19005550100", json!("premium"), Value::Null, Value::Null),
        ("+442071838750", json!("nonFixedVoip"), json!("voip"), Value::Null),
        ("+12125550100", Value::Null, Value::Null, json!(60600)),
    ] {
        let line = &found(&app, &format!("/v2/PhoneNumbers/{asked}?Fields=line_type_intelligence")).await["line_type_intelligence"];
        assert_eq!((&line["type"], &line["error_code"]), (&v2_type, &error), "{asked}");
        let carrier = &found(&app, &format!("/v1/PhoneNumbers/{asked}?Type=carrier")).await["carrier"];
        assert_eq!((&carrier["type"], &carrier["error_code"]), (&v1_type, &error), "{asked}");
    }
}

#[tokio::test]
async fn unserved_is_501_and_unknown_is_400_outside_hipaa_projects() {
    let app = start().await;
    for (path, status, code) in [
        (v2("?Fields=sim_swap"), 501, 20501),
        (v2("?Fields=validation,sms_pumping_risk"), 501, 20501),
        (v2("?Fields=identity_match&FirstName=Jane"), 501, 20501),
        (v2("?FirstName=Jane"), 501, 20501),
        (v1("?AddOns=example"), 501, 20501),
        (v2("?Fields=horoscope"), 400, 20001),
        (v2("?CountryCode=USA"), 400, 20001),
        (v2("?Unknown=1"), 400, 20001),
        (v1("?Type=horoscope"), 400, 20001),
    ] {
        let reply = app.get(&app.owner, PRODUCT, &path).await;
        reply.assert_error(status, code);
        assert!(!reply.text.contains("Jane") && !reply.text.contains(NUMBER), "{path}");
    }
}
