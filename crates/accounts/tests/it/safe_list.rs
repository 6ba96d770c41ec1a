//! The safe list: numbers go on, are found and come off, and none of them is on disk.

use serde_json::json;
use test_kit::contains_bytes;

use crate::world::start;

const LIST: &str = "/v1/SafeList/Numbers";
const NUMBER: &str = "+14155550177";

fn of(number: &str) -> String {
    format!("{LIST}?PhoneNumber={}", number.replace('+', "%2B"))
}

#[tokio::test]
async fn numbers_go_on_and_come_off() {
    let app = start().await;
    app.get(&app.owner, "accounts", &of(NUMBER)).await.assert_error(404, 20404);
    let made = app.post_form(&app.owner, "accounts", LIST, &[("PhoneNumber", NUMBER)]).await;
    let made = made.assert_status(201).json.clone();
    let sid = made["sid"].as_str().expect("a SID");
    assert!(sid.starts_with("GN"));
    assert_eq!(made, json!({"sid": sid, "phone_number": NUMBER}));
    // It is there once.
    let again = app.post_form(&app.owner, "accounts", LIST, &[("PhoneNumber", NUMBER)]).await;
    assert_eq!(again.assert_status(201).json, made);
    assert_eq!(app.get(&app.owner, "accounts", &of(NUMBER)).await.assert_status(200).json, made);
    // Another account has a list of its own.
    app.get(&app.other, "accounts", &of(NUMBER)).await.assert_error(404, 20404);
    app.delete(&app.other, "accounts", &of(NUMBER)).await.assert_error(404, 20404);
    // A beginning is one entry, and stands for nothing but itself.
    let beginning = [("PhoneNumber", "+1415556")];
    app.post_form(&app.owner, "accounts", LIST, &beginning).await.assert_status(201);
    app.get(&app.owner, "accounts", &of("+14155560100")).await.assert_error(404, 20404);
    app.delete(&app.owner, "accounts", &of(NUMBER)).await.assert_status(204);
    app.get(&app.owner, "accounts", &of(NUMBER)).await.assert_error(404, 20404);
    app.delete(&app.owner, "accounts", &of(NUMBER)).await.assert_error(404, 20404);
    for bad in
        ["", "14155550177", "+0155550177", "+1415555x", "+123", "+1234567890123456", "whatsapp:+14155550177"]
    {
        app.post_form(&app.owner, "accounts", LIST, &[("PhoneNumber", bad)]).await.assert_error(400, 20001);
    }
    app.get(&app.owner, "accounts", LIST).await.assert_error(400, 20001);
}

#[tokio::test]
async fn no_number_of_the_list_is_on_disk() {
    let app = start().await;
    app.post_form(&app.hipaa, "accounts", LIST, &[("PhoneNumber", NUMBER)]).await.assert_status(201);
    app.get(&app.hipaa, "accounts", &of(NUMBER)).await.assert_status(200);
    assert!(!contains_bytes(app.data_dir(), NUMBER.as_bytes()));
    assert!(!contains_bytes(app.data_dir(), b"4155550177"));
}
