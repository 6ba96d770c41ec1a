//! What a slow, greedy or numerous peer gets: bounded time, bounded memory, and a polite no.

use std::time::{Duration, Instant};

use edge::EdgeConfig;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::support::{HUGE_BODY_BYTES, SHORT, closed, exchange, read_answer, soon, start};

/// Longer than any test runs: a deadline that must not be the one that fires.
const NEVER: Duration = Duration::from_secs(3600);

fn patient(config: &mut EdgeConfig) {
    config.first_byte_timeout = NEVER;
    config.tls_handshake_timeout = NEVER;
    config.header_timeout = NEVER;
    config.idle_timeout = NEVER;
    config.write_stall_timeout = NEVER;
    config.request_timeout = NEVER;
}

#[tokio::test]
async fn a_silent_client_is_closed() {
    let edge = start(|config| {
        patient(config);
        config.first_byte_timeout = SHORT;
    })
    .await;
    closed(&mut edge.connect().await).await;
}

#[tokio::test]
async fn a_silent_tunnel_is_closed() {
    let edge = start(|config| {
        patient(config);
        config.first_byte_timeout = SHORT;
    })
    .await;
    let mut tunnel = edge.tunnel("api.twilio.com:443").await.unwrap();
    closed(&mut tunnel).await;
}

#[tokio::test]
async fn an_unfinished_handshake_is_closed() {
    let edge = start(|config| {
        patient(config);
        config.tls_handshake_timeout = SHORT;
    })
    .await;
    let mut stream = edge.connect().await;
    stream.write_all(b"\x16\x03\x01").await.unwrap();
    closed(&mut stream).await;
}

#[tokio::test]
async fn an_unfinished_request_head_is_closed() {
    let edge = start(|config| {
        patient(config);
        config.header_timeout = SHORT;
    })
    .await;
    let mut stream = edge.connect().await;
    stream.write_all(b"GET / HTTP/1.1\r\nhost: a\r\n").await.unwrap();
    closed(&mut stream).await;
}

#[tokio::test]
async fn an_unfinished_later_request_head_is_closed_before_the_idle_deadline() {
    let edge = start(|config| {
        patient(config);
        config.header_timeout = SHORT;
    })
    .await;
    let mut stream = edge.connect().await;
    exchange(&mut stream, "GET /").await;
    stream.write_all(b"GET / HT").await.unwrap();
    closed(&mut stream).await;
}

#[tokio::test]
async fn an_idle_connection_is_closed() {
    let edge = start(|config| {
        patient(config);
        config.idle_timeout = SHORT;
    })
    .await;
    let mut stream = edge.connect().await;
    let answer = exchange(&mut stream, "GET /").await;
    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
    closed(&mut stream).await;
}

#[tokio::test]
async fn a_running_request_is_neither_idle_nor_late() {
    let edge = start(|config| {
        patient(config);
        config.idle_timeout = Duration::ZERO;
        config.header_timeout = SHORT;
    })
    .await;
    let mut stream = edge.connect().await;
    stream.write_all(b"GET /slow HTTP/1.1\r\nhost: a\r\n\r\n").await.unwrap();
    soon(edge.signals.started.notified()).await;
    // A second connection runs into its deadline; by then the first one's would have passed as well.
    let mut late = edge.connect().await;
    late.write_all(b"GET").await.unwrap();
    closed(&mut late).await;
    edge.signals.release.notify_one();
    let answer = read_answer(&mut stream).await;
    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
}

#[tokio::test]
async fn an_unanswered_request_ends_with_503() {
    let edge = start(|config| {
        patient(config);
        config.request_timeout = SHORT;
    })
    .await;
    let mut stream = edge.connect().await;
    let answer = exchange(&mut stream, "GET /slow").await;
    assert!(answer.starts_with("HTTP/1.1 503 "), "{answer}");
    assert!(answer.contains("\"code\":20503"), "{answer}");
}

#[tokio::test]
async fn a_client_that_takes_no_bytes_is_given_up() {
    let edge = start(|config| {
        patient(config);
        config.write_stall_timeout = SHORT;
    })
    .await;
    let mut stream = edge.connect().await;
    stream.write_all(b"GET /huge HTTP/1.1\r\nhost: a\r\n\r\n").await.unwrap();
    soon(edge.signals.dropped.notified()).await;
    let mut received = Vec::new();
    // Whether the connection ends or is reset, the answer is cut short.
    let _ended = soon(stream.read_to_end(&mut received)).await;
    assert!(received.len() < HUGE_BODY_BYTES);
}

/// The whole answer is handed to the socket layer at once, so nothing but the moving bytes shows that
/// the connection is busy. The client's pace is set by other connections that run into a deadline.
#[tokio::test]
async fn a_slow_download_may_outlast_the_idle_deadline() {
    let idle = Duration::from_secs(1);
    let edge = start(|config| {
        patient(config);
        config.first_byte_timeout = SHORT;
        config.idle_timeout = idle;
    })
    .await;
    let mut stream = edge.connect().await;
    stream.write_all(b"GET /large HTTP/1.1\r\nhost: a\r\n\r\n").await.unwrap();
    let begun = Instant::now();
    let mut received = vec![0; 1024 * 1024];
    while begun.elapsed() < idle + SHORT {
        soon(stream.read_exact(&mut received)).await.unwrap();
        closed(&mut edge.connect().await).await;
    }
    let mut rest = Vec::new();
    soon(stream.read_to_end(&mut rest)).await.unwrap();
    assert!(rest.len() > HUGE_BODY_BYTES / 2, "the rest was still to come");
    assert!(rest.ends_with(b"xxx"));
}

#[tokio::test]
async fn an_oversized_head_is_answered_with_431() {
    let edge = start(|_| {}).await;
    for (bytes, status) in [(1_000, "200"), (40_000, "431")] {
        let mut stream = edge.connect().await;
        let padding = "a".repeat(bytes);
        let head = format!("GET / HTTP/1.1\r\nhost: a\r\nx-padding: {padding}\r\n\r\n");
        stream.write_all(head.as_bytes()).await.unwrap();
        let answer = read_answer(&mut stream).await;
        assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{answer}");
    }
}

#[tokio::test]
async fn connections_beyond_the_limit_are_told_to_come_back() {
    let edge = start(|config| {
        patient(config);
        config.max_connections = 1;
    })
    .await;
    let tunnel = edge.tunnel("api.twilio.com:443").await.unwrap();
    let mut first = edge.tls(tunnel, "api.twilio.com").await.unwrap();
    exchange(&mut first, "GET /").await;

    let mut second = edge.connect().await;
    let answer = exchange(&mut second, "GET /").await;
    assert!(answer.starts_with("HTTP/1.1 503 "), "{answer}");
    assert!(answer.contains("retry-after: 1\r\n"), "{answer}");
    let refused = edge.tls(edge.connect().await, "api.twilio.com").await;
    assert!(refused.unwrap_err().to_string().contains("InternalError"), "an alert, not garbage");

    drop(first);
    soon(async {
        // The place is free once the edge has noticed the end of the first connection.
        loop {
            let mut next = edge.connect().await;
            if exchange(&mut next, "GET /").await.contains(" 200 ") {
                break;
            }
        }
    })
    .await;
}
