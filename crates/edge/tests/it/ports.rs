//! One port, three protocols: HTTP, TLS and tunnels that end in the process.

use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::support::{closed, exchange, read_answer, soon, start};

#[tokio::test]
async fn plain_http_reaches_the_service() {
    let edge = start(|_| {}).await;
    let mut stream = edge.connect().await;
    let answer = exchange(&mut stream, "GET /2010-04-01/Accounts.json?Page=1").await;
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
    assert!(
        answer.ends_with("GET /2010-04-01/Accounts.json?Page=1 http tunnel=false loopback=true"),
        "{answer}"
    );
}

#[tokio::test]
async fn a_connection_serves_several_requests() {
    let edge = start(|_| {}).await;
    let mut stream = edge.connect().await;
    for path in ["/one", "/two", "/three"] {
        let answer = exchange(&mut stream, &format!("GET {path}")).await;
        assert!(answer.contains(&format!("GET {path} http")), "{answer}");
    }
}

#[tokio::test]
async fn tls_client_that_trusts_only_our_authority_is_served() {
    let edge = start(|_| {}).await;
    for name in ["api.twilio.com", "api.dublin.ie1.twilio.com", "cdn.segment.com", "localhost"] {
        let mut stream = edge.tls(edge.connect().await, name).await.unwrap();
        let answer = exchange(&mut stream, "GET /").await;
        assert!(answer.ends_with("GET / https tunnel=false loopback=true"), "{name}: {answer}");
    }
    let mut stream = edge.tls12(edge.connect().await, "verify.twilio.com").await.unwrap();
    let answer = exchange(&mut stream, "GET /").await;
    assert!(answer.contains(" https "), "{answer}");
}

#[tokio::test]
async fn tls_client_that_names_no_host_gets_the_loopback_certificate() {
    let edge = start(|_| {}).await;
    let mut stream = edge.tls(edge.connect().await, "127.0.0.1").await.unwrap();
    let answer = exchange(&mut stream, "GET /").await;
    assert!(answer.contains(" https "), "{answer}");
}

#[tokio::test]
async fn tls_handshake_for_a_foreign_name_fails() {
    let edge = start(|_| {}).await;
    let result = edge.tls(edge.connect().await, "bank.example").await;
    assert!(result.is_err());
}

#[tokio::test]
async fn connect_tunnel_ends_in_the_process() {
    let edge = start(|_| {}).await;
    let tunnel = edge.tunnel("api.twilio.com:443").await.unwrap();
    let mut stream = edge.tls(tunnel, "api.twilio.com").await.unwrap();
    for path in ["/one", "/two"] {
        let answer = exchange(&mut stream, &format!("POST {path}")).await;
        assert!(answer.ends_with(&format!("POST {path} https tunnel=true loopback=true")), "{answer}");
    }
}

#[tokio::test]
async fn plain_http_inside_a_tunnel_is_reported_as_such() {
    let edge = start(|_| {}).await;
    let mut tunnel = edge.tunnel("api.twilio.com:443").await.unwrap();
    let answer = exchange(&mut tunnel, "GET /").await;
    assert!(answer.ends_with("GET / http tunnel=true loopback=true"), "{answer}");
}

#[tokio::test]
async fn first_bytes_sent_together_with_connect_are_not_lost() {
    let edge = start(|_| {}).await;
    let mut stream = edge.connect().await;
    let both = "CONNECT api.twilio.com:443 HTTP/1.1\r\nhost: api.twilio.com:443\r\n\r\n\
                GET /early HTTP/1.1\r\nhost: api.twilio.com\r\n\r\n";
    stream.write_all(both.as_bytes()).await.unwrap();
    let opened = read_answer(&mut stream).await;
    assert!(opened.starts_with("HTTP/1.1 200 OK\r\n"), "{opened}");
    let answer = read_answer(&mut stream).await;
    assert!(answer.contains("GET /early http tunnel=true"), "{answer}");
}

#[tokio::test]
async fn refuses_to_tunnel_elsewhere_in_the_apis_shape() {
    let edge = start(|_| {}).await;
    for authority in
        ["example.com:443", "api.twilio.com:80", "twilio.com.evil.com:443", "127.0.0.1:443", "[::1]:443"]
    {
        let refusal = edge.tunnel(authority).await.unwrap_err();
        assert!(refusal.starts_with("HTTP/1.1 403 Forbidden\r\n"), "{refusal}");
        assert!(refusal.contains("content-type: application/json"), "{refusal}");
        let body = refusal.split_once("\r\n\r\n").unwrap().1;
        assert_eq!(
            body,
            r#"{"code":20403,"message":"This proxy reaches only Twilio and Segment hosts on port 443, and answers for them itself.","more_info":"https://www.twilio.com/docs/errors/20403","status":403}"#
        );
    }
}

#[tokio::test]
async fn refuses_connect_inside_tls_and_inside_a_tunnel() {
    let edge = start(|_| {}).await;
    let nested = "CONNECT api.twilio.com:443";
    let mut direct = edge.tls(edge.connect().await, "api.twilio.com").await.unwrap();
    let mut plain_tunnel = edge.tunnel("api.twilio.com:443").await.unwrap();
    let tunnel = edge.tunnel("api.twilio.com:443").await.unwrap();
    let mut tls_tunnel = edge.tls(tunnel, "api.twilio.com").await.unwrap();
    for answer in [
        exchange(&mut direct, nested).await,
        exchange(&mut plain_tunnel, nested).await,
        exchange(&mut tls_tunnel, nested).await,
    ] {
        assert!(answer.starts_with("HTTP/1.1 403 "), "{answer}");
        assert!(answer.contains("\"code\":20403"), "{answer}");
    }
}

#[tokio::test]
async fn refuses_requests_in_absolute_form() {
    let edge = start(|_| {}).await;
    for target in
        ["http://example.com/", "http://api.twilio.com/2010-04-01/Accounts.json", "https://api.twilio.com/"]
    {
        let mut stream = edge.connect().await;
        let answer = exchange(&mut stream, &format!("GET {target}")).await;
        assert!(answer.starts_with("HTTP/1.1 403 "), "{answer}");
        assert!(answer.contains("forwards no requests"), "{answer}");
    }
}

#[tokio::test]
async fn answers_nonsense_with_a_bad_request() {
    let edge = start(|_| {}).await;
    let mut stream = edge.connect().await;
    stream.write_all(b"\x01\x02\x03\r\n\r\n").await.unwrap();
    let mut answer = String::new();
    soon(stream.read_to_string(&mut answer)).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 400 "), "{answer}");
}

#[tokio::test]
async fn closes_on_a_broken_handshake() {
    let edge = start(|_| {}).await;
    let mut stream = edge.connect().await;
    stream.write_all(b"\x16\x03\x01\x00\x04\x01\x00\x00\x00").await.unwrap();
    let mut alert = Vec::new();
    soon(stream.read_to_end(&mut alert)).await.unwrap();
    assert!(alert.is_empty() || alert[0] == 0x15, "nothing but a TLS alert: {alert:?}");
    let mut next = edge.connect().await;
    next.shutdown().await.unwrap();
    closed(&mut next).await;
}
