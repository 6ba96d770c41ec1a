//! Requests that are not what they should be, and the one shape of their answers.

use axum::body::Body;
use http::{Method, Request};
use test_kit::{Credentials, Reply, TestApp};

use crate::product::{basic, note, notes, products, written};

const FORM: &str = "application/x-www-form-urlencoded";

async fn post(app: &TestApp, body: &[u8], content_type: &str) -> Reply {
    app.post_raw(&app.owner, "api", &notes(app.owner.sid), body.to_vec(), content_type).await
}

#[tokio::test]
async fn unknown_paths_are_not_found_in_the_apis_shape() {
    let app = TestApp::start(products).await;
    for path in ["/", "/v1", "/v1/Nothing", "/v9/Notes", "/2010-04-01/Accounts"] {
        app.get(&app.owner, "api", path).await.assert_error(404, 20404);
        app.get(Credentials::nobody(), "api", path).await.assert_error(404, 20404);
    }
    // A SID of another type names nothing.
    for sid in ["nonsense", "SK00000000000000000000000000000000", "SM00000000000000000000000000000000"] {
        app.get(&app.owner, "api", &note(app.owner.sid, sid)).await.assert_error(404, 20404);
    }
}

#[tokio::test]
async fn unknown_methods_are_refused_in_the_apis_shape() {
    let app = TestApp::start(products).await;
    app.delete(&app.owner, "api", &notes(app.owner.sid)).await.assert_error(405, 20004);
    app.post_form(&app.owner, "api", "/v1/Notes", &[]).await.assert_error(405, 20004);
    let header = basic(&app.owner.sid.to_string(), app.owner.token.reveal());
    for method in [Method::PUT, Method::PATCH] {
        let request = Request::builder().method(method).uri("/v1/Notes").header("authorization", &header);
        app.send("api", request.body(Body::empty()).unwrap()).await.assert_error(405, 20004);
    }
}

#[tokio::test]
async fn an_answer_without_a_body_has_none() {
    let app = TestApp::start(products).await;
    let sid = written(&app, &app.owner, "name", "text").await;
    let reply = app.delete(&app.owner, "api", &note(app.owner.sid, &sid)).await;
    assert_eq!(reply.assert_status(204).text, "");
    app.delete(&app.owner, "api", &note(app.owner.sid, &sid)).await.assert_error(404, 20404);
}

#[tokio::test]
async fn accepts_forms_however_the_media_type_is_written() {
    let app = TestApp::start(products).await;
    for content_type in
        [FORM, "application/x-www-form-urlencoded; charset=UTF-8", "Application/X-WWW-Form-URLencoded"]
    {
        post(&app, b"Text=a+b%20c", content_type).await.assert_status(201);
    }
}

#[tokio::test]
async fn refuses_other_content_types() {
    let app = TestApp::start(products).await;
    for content_type in [
        "application/json",
        "multipart/form-data; boundary=x",
        "text/plain",
        "",
        "application/x-www-form-urlencoded2",
    ] {
        post(&app, b"Text=a", content_type).await.assert_error(415, 20415);
    }
}

#[tokio::test]
async fn refuses_an_oversized_form() {
    let app = TestApp::start(products).await;
    let form = |size: usize| [b"Text=".as_slice(), &vec![b'a'; size - 5]].concat();
    let limit = kit::limits::MAX_FORM_BYTES;
    post(&app, &form(limit), FORM).await.assert_status(201);
    post(&app, &form(limit + 1), FORM).await.assert_error(413, 20413);
    post(&app, &form(limit * 4), FORM).await.assert_error(413, 20413);
}

#[tokio::test]
async fn refuses_forms_that_are_not_well_formed() {
    let app = TestApp::start(products).await;
    for body in [
        b"Text=%ff%fe".as_slice(),
        b"Text=\xff\xfe",
        b"Text=%",
        b"Text=%4",
        b"Text=%zz",
        b"%ff=Text",
        b"",
        b"Text=",
        b"Text=a&Text=b",
        b"Text=a&Unknown=b",
        b"text=a",
    ] {
        let reply = post(&app, body, FORM).await;
        reply.assert_error(400, 20001);
    }
    let many = format!("Text=a{}", "&Name=b".repeat(kit::limits::MAX_PARAMS));
    post(&app, many.as_bytes(), FORM).await.assert_error(400, 20001);
}

#[tokio::test]
async fn an_error_does_not_repeat_what_was_sent() {
    let app = TestApp::start(products).await;
    for body in ["Text=a&Canary=b", "Text=a&Name=canary&Name=b", "Canary=%ff"] {
        let reply = post(&app, body.as_bytes(), FORM).await;
        assert!(!reply.assert_status(400).text.to_lowercase().contains("canary"), "{}", reply.text);
    }
}

#[tokio::test]
async fn refuses_unknown_query_parameters() {
    let app = TestApp::start(products).await;
    app.get(&app.operator, "api", "/v1/Everything?Unknown=1").await.assert_error(400, 20001);
    app.get(&app.owner, "api", "/v1/Notes?Unknown=1").await.assert_error(400, 20001);
    app.get(&app.owner, "api", "/v1/Notes?Name=%ff").await.assert_error(400, 20001);
}
