//! Geographic permissions: what is open, what is changed, and what a HIPAA project may not open.

use axum::body::Body;
use http::Request;
use serde_json::{Value, json};
use test_kit::{Credentials, Reply, TestApp};

use crate::world::start;

const PATH: &str = "/v1/Messaging/GeoPermissions";

async fn patch(app: &TestApp, who: impl AsRef<Credentials>, wanted: &[Value]) -> Reply {
    let pairs = wanted.iter().map(|wanted| ("Permissions", wanted.to_string()));
    let form = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish();
    let request = Request::patch(PATH)
        .header("authorization", who.as_ref().header().unwrap())
        .header("content-type", "application/x-www-form-urlencoded")
        .body(Body::from(form))
        .unwrap();
    app.send("accounts", request).await
}

fn wanted(country: &str, enabled: bool) -> Value {
    json!({"country_code": country, "type": "country", "enabled": enabled})
}

async fn open(app: &TestApp, who: impl AsRef<Credentials>) -> Vec<String> {
    let reply = app.get(who, "accounts", PATH).await;
    let all = reply.assert_status(200).json["permissions"].as_array().unwrap().clone();
    assert!(all.len() > 200);
    let open = all.iter().filter(|country| country["enabled"] == true);
    open.map(|country| country["country_code"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn an_account_begins_with_the_united_states_and_canada() {
    let app = start().await;
    assert_eq!(open(&app, &app.owner).await, ["AS", "CA", "GU", "MP", "PR", "US", "VI"]);
    let reply = app.get(&app.owner, "accounts", &format!("{PATH}?CountryCode=in,US")).await;
    assert_eq!(
        reply.assert_status(200).json,
        json!({"permissions": [
            {"country_code": "IN", "type": "country", "enabled": false, "prefix": "+91", "message": ""},
            {"country_code": "US", "type": "country", "enabled": true, "prefix": "+1", "message": ""},
        ]})
    );
}

#[tokio::test]
async fn countries_are_opened_and_closed_together() {
    let app = start().await;
    let changes = [wanted("GB", true), wanted("CA", false), wanted("XX", true)];
    let reply = patch(&app, &app.owner, &changes).await;
    let told = reply.assert_status(200).json["permissions"].clone();
    assert_eq!(
        told[0],
        json!({"country_code": "GB", "type": "country", "enabled": true, "error_code": 0, "error_messages": []})
    );
    assert_eq!((&told[1]["enabled"], &told[1]["error_code"]), (&json!(false), &json!(0)));
    assert_eq!((&told[2]["enabled"], &told[2]["error_code"]), (&json!(false), &json!(30_649)));
    assert_eq!(open(&app, &app.owner).await, ["AS", "GB", "GU", "MP", "PR", "US", "VI"]);
    // Another account's are its own.
    assert!(open(&app, &app.other).await.contains(&"CA".to_owned()));
}

#[tokio::test]
async fn what_is_no_permission_is_refused() {
    let app = start().await;
    patch(&app, &app.owner, &[]).await.assert_error(400, 20_001);
    for wrong in [
        json!("GB"),
        json!({"country_code": "GB"}),
        json!({"country_code": "GB", "type": "region", "enabled": true}),
    ] {
        patch(&app, &app.owner, &[wrong]).await.assert_error(400, 20_001);
    }
    patch(&app, &app.owner, &vec![wanted("GB", true); 301]).await.assert_error(400, 20_001);
}

#[tokio::test]
async fn sms_geo_2__refuses_a_hipaa_project_another_country() {
    let app = start().await;
    let before = open(&app, &app.hipaa).await;
    let changes = [wanted("US", true), wanted("GB", true)];
    patch(&app, &app.hipaa, &changes).await.assert_refused("SMS-GEO-2", 77_283);
    assert_eq!(open(&app, &app.hipaa).await, before);
}

#[tokio::test]
async fn sms_geo_2__allows_a_hipaa_project_to_close_another_country() {
    let app = start().await;
    patch(&app, &app.hipaa, &[wanted("CA", false), wanted("US", true)]).await.assert_status(200);
    assert!(!open(&app, &app.hipaa).await.contains(&"CA".to_owned()));
}

#[tokio::test]
async fn what_is_published_and_not_served_says_so() {
    let app = start().await;
    for path in ["/v1/Consents/Bulk", "/v1/Contacts/Bulk", "/v1/Credentials/AWS"] {
        app.post_form(&app.owner, "accounts", path, &[("PhoneNumber", "+18001234567")])
            .await
            .assert_error(501, 20_501);
    }
}
