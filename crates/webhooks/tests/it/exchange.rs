//! One delivery as HTTP: methods, credentials, redirects, deadlines, sizes.

use std::time::Duration;

use bytes::Bytes;
use webhooks::signature::{validate, validate_json};
use webhooks::{ClientConfig, Payload, SendError};

use crate::server::{
    FORM_BODY, OK, TOKEN, answer_with, client, config, form, parameters, send, send_with, start,
};

#[tokio::test]
async fn get_carries_parameters_in_the_signed_query() {
    let server = start(None, |_, _| OK.to_owned()).await;
    let payload = Payload::Get(parameters(&[("CallSid", "CA1"), ("Note", "a b&c")]));
    for (configured, requested) in [
        ("/hook?x=1#rc=2", "/hook?x=1&CallSid=CA1&Note=a+b%26c"),
        ("/hook", "/hook?CallSid=CA1&Note=a+b%26c"),
        ("", "/?CallSid=CA1&Note=a+b%26c"),
    ] {
        let origin = format!("http://127.0.0.1:{}", server.port);
        send(&client(config()), &format!("{origin}{configured}"), &payload).await.ok().unwrap();
        let seen = server.seen().pop().unwrap();
        assert_eq!(seen.request_line(), format!("GET {requested} HTTP/1.1"));
        assert_eq!((seen.body.as_str(), seen.header("content-type")), ("", None));
        let signed = if configured.is_empty() { requested.trim_start_matches('/') } else { requested };
        let signature = seen.header("x-twilio-signature").unwrap();
        assert!(validate(TOKEN, &format!("{origin}{signed}"), &[], signature));
    }
}

#[tokio::test]
async fn json_carries_the_hash_of_its_body_in_the_signed_query() {
    let server = start(None, |_, _| OK.to_owned()).await;
    let body = r#"[{"specversion":"1.0"}]"#;
    let payload = Payload::Json(Bytes::from_static(body.as_bytes()));
    send(&client(config()), &format!("http://127.0.0.1:{}/sink?k=v", server.port), &payload)
        .await
        .ok()
        .unwrap();
    let seen = server.seen().pop().unwrap();
    let target = seen.request_line().split(' ').nth(1).unwrap();
    assert!(target.starts_with("/sink?k=v&bodySHA256="), "{target}");
    assert_eq!((seen.body.as_str(), seen.header("content-type")), (body, Some("application/json")));
    let url = format!("http://127.0.0.1:{}{target}", server.port);
    assert!(validate_json(TOKEN, &url, body.as_bytes(), seen.header("x-twilio-signature").unwrap()));
}

#[tokio::test]
async fn hands_over_status_type_and_body() {
    let server = start(None, |_, _| {
        answer_with("404 Not Found", "Content-Type: text/xml; charset=utf-8\r\n", "<Response/>")
    })
    .await;
    let answer =
        send(&client(config()), &format!("http://127.0.0.1:{}/", server.port), &form()).await.ok().unwrap();
    assert_eq!((answer.status, answer.alert_code()), (404, Some(11200)));
    assert_eq!(answer.content_type.as_deref(), Some("text/xml; charset=utf-8"));
    assert_eq!(answer.body, "<Response/>");
}

#[tokio::test]
async fn answers_a_basic_challenge_once() {
    // Base64 of `us@er:p:ss w`.
    const RIGHT: &str = "Basic dXNAZXI6cDpzcyB3";
    let challenge = "WWW-Authenticate: Digest realm=\"a\", nonce=\"b\", basic realm=\"hooks\"\r\n";
    let server = start(None, move |_, seen| match seen.header("authorization") {
        Some(RIGHT) => OK.to_owned(),
        _ => answer_with("401 Unauthorized", challenge, "who?"),
    })
    .await;
    let client = client(config());
    let url = format!("http://us%40er:p:ss%20w@127.0.0.1:{}/hook", server.port);
    assert_eq!(send(&client, &url, &form()).await.ok().unwrap().status, 204);
    let seen = server.seen();
    assert_eq!(seen.iter().map(|seen| seen.header("authorization")).collect::<Vec<_>>(), [None, Some(RIGHT)]);
    assert!(seen.iter().all(|seen| seen.body == FORM_BODY && !seen.head.contains("us%40er")));

    let wrong = format!("http://user:wrong@127.0.0.1:{}/hook", server.port);
    assert_eq!(send(&client, &wrong, &form()).await.ok().unwrap().status, 401);
    assert_eq!(server.seen().len(), 4);
    let without = format!("http://127.0.0.1:{}/hook", server.port);
    assert_eq!(send(&client, &without, &form()).await.ok().unwrap().status, 401);
    assert_eq!(server.seen().len(), 5);
}

#[tokio::test]
async fn keeps_the_password_from_schemes_and_servers_it_is_not_for() {
    let other = start(None, |_, _| answer_with("401 Unauthorized", "WWW-Authenticate: Basic\r\n", "")).await;
    let location = format!("Location: http://127.0.0.1:{}/\r\n", other.port);
    let server = start(None, move |_, _| answer_with("307 Temporary Redirect", &location, "")).await;
    let url = format!("http://user:secret@127.0.0.1:{}/", server.port);
    assert_eq!(send(&client(config()), &url, &form()).await.ok().unwrap().status, 401);
    assert!(other.seen().iter().all(|seen| seen.header("authorization").is_none()));
    assert_eq!(other.seen().len(), 1);

    let digest =
        start(None, |_, _| answer_with("401 Unauthorized", "WWW-Authenticate: Digest realm=\"a\"\r\n", ""))
            .await;
    let url = format!("http://user:secret@127.0.0.1:{}/", digest.port);
    assert_eq!(send(&client(config()), &url, &form()).await.ok().unwrap().status, 401);
    assert_eq!(digest.seen().len(), 1);
}

#[tokio::test]
async fn redirects_keep_or_drop_the_body_by_status() {
    for (status, method, body) in [
        ("301 Moved Permanently", "GET", ""),
        ("302 Found", "GET", ""),
        ("303 See Other", "GET", ""),
        ("307 Temporary Redirect", "POST", FORM_BODY),
        ("308 Permanent Redirect", "POST", FORM_BODY),
    ] {
        let server = start(None, move |_, seen| match seen.request_line().contains("/first") {
            true => answer_with(status, "Location: second?x=1#ct=1\r\n", ""),
            false => OK.to_owned(),
        })
        .await;
        let origin = format!("http://127.0.0.1:{}", server.port);
        send(&client(config()), &format!("{origin}/first"), &form()).await.ok().unwrap();
        let seen = server.seen().pop().unwrap();
        assert_eq!(seen.request_line(), format!("{method} /second?x=1 HTTP/1.1"), "{status}");
        assert_eq!(seen.body, body, "{status}");
        let Payload::Form(sent) = form() else { unreachable!() };
        let signed = if body.is_empty() { Vec::new() } else { sent };
        assert!(validate(
            TOKEN,
            &format!("{origin}/second?x=1"),
            &signed,
            seen.header("x-twilio-signature").unwrap()
        ));
    }
}

#[tokio::test]
async fn gives_up_after_ten_redirects() {
    let server = start(None, |_, _| answer_with("302 Found", "Location: /again\r\n", "")).await;
    let result = send(&client(config()), &format!("http://127.0.0.1:{}/", server.port), &form()).await;
    assert_eq!(result.err(), Some(SendError::TooManyRedirects));
    assert_eq!(server.seen().len(), 11);
}

#[tokio::test]
async fn refuses_redirects_that_lead_nowhere() {
    for location in
        ["", "Location: ftp://127.0.0.1/\r\n", "Location: http://\r\n", "Location: mailto:a@b\r\n"]
    {
        let server = start(None, move |_, _| answer_with("302 Found", location, "")).await;
        let result = send(&client(config()), &format!("http://127.0.0.1:{}/", server.port), &form()).await;
        assert_eq!(result.err(), Some(SendError::BadRedirect), "{location}");
    }
}

#[tokio::test]
async fn reads_64_kib_and_not_one_byte_more() {
    for (size, expected) in [(65_536, None), (65_537, Some(SendError::TooLarge))] {
        let server = start(None, move |_, _| answer_with("200 OK", "", &"x".repeat(size))).await;
        let result = send(&client(config()), &format!("http://127.0.0.1:{}/", server.port), &form()).await;
        assert_eq!(result.as_ref().err().copied(), expected);
        assert_eq!(result.ok().map(|answer| answer.body.len()), expected.is_none().then_some(size));
        // The same without a length announced.
        let server = start(None, move |_, _| {
            format!("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n{}", "x".repeat(size))
        })
        .await;
        let result = send(&client(config()), &format!("http://127.0.0.1:{}/", server.port), &form()).await;
        assert_eq!(result.err(), expected);
    }
}

#[tokio::test]
async fn stops_waiting_for_a_slow_server() {
    let silent = start(None, |_, _| String::new()).await;
    let half = start(None, |_, _| "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf".to_owned()).await;
    let short = Duration::from_millis(100);
    for server in [silent, half] {
        let url = format!("http://127.0.0.1:{}/", server.port);
        let by_client = client(ClientConfig { read_timeout: short, ..config() });
        assert_eq!(send(&by_client, &url, &form()).await.err(), Some(SendError::ReadTimeout));
        let plain = client(config());
        assert_eq!(send(&plain, &format!("{url}#rt=100"), &form()).await.err(), Some(SendError::ReadTimeout));
        assert_eq!(
            send(&plain, &format!("{url}#tt=100"), &form()).await.err(),
            Some(SendError::TotalTimeout)
        );
        let hurried = send_with(&plain, &url, &form(), false, Some(short)).await;
        assert_eq!(hurried.err(), Some(SendError::TotalTimeout));
        let by_client = client(ClientConfig { total_timeout: short, ..config() });
        assert_eq!(send(&by_client, &url, &form()).await.err(), Some(SendError::TotalTimeout));
    }
}

#[tokio::test]
async fn counts_an_endless_handshake_as_connecting() {
    let silent = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("https://127.0.0.1:{}/#ct=100", silent.local_addr().unwrap().port());
    let error = send(&client(config()), &url, &form()).await.err();
    assert_eq!(error, Some(SendError::ConnectTimeout));
}

#[tokio::test]
async fn tells_a_broken_answer_from_a_broken_connection() {
    for (answer, expected, code) in [
        ("SSH-2.0-OpenSSH_9.2\r\nConnection: close\r\n\r\n", SendError::BadResponse, 11206),
        (
            "HTTP/1.1 200 OK\r\nContent-Length: 10\r\nConnection: close\r\n\r\nhalf",
            SendError::Disconnected,
            11205,
        ),
    ] {
        let server = start(None, move |_, _| answer.to_owned()).await;
        let error = send(&client(config()), &format!("http://127.0.0.1:{}/", server.port), &form())
            .await
            .err()
            .unwrap();
        assert_eq!((error, error.alert_code()), (expected, code), "{answer}");
    }
    let free = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = free.local_addr().unwrap().port();
    drop(free);
    let error = send(&client(config()), &format!("http://127.0.0.1:{port}/"), &form()).await.err().unwrap();
    assert_eq!((error, error.alert_code(), error.is_connect_failure()), (SendError::Connect, 11205, true));
}

#[tokio::test]
async fn refuses_parameters_that_do_not_fit_a_url() {
    let payload = Payload::Get(parameters(&[("Body", &"x".repeat(40_000))]));
    let result = send(&client(config()), "http://127.0.0.1:9/", &payload).await;
    assert_eq!(result.err(), Some(SendError::UrlTooLong));
}
