//! The end: running requests are finished, within a bound; nobody else delays it.

use std::time::Duration;

use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

use crate::support::{SHORT, closed, exchange, read_answer, soon, start};

const SLOW: &[u8] = b"GET /slow HTTP/1.1\r\nhost: a\r\n\r\n";

#[tokio::test]
async fn shutdown_finishes_a_running_request() {
    let edge = start(|_| {}).await;
    let tunnel = edge.tunnel("api.twilio.com:443").await.unwrap();
    let mut stream = edge.tls(tunnel, "api.twilio.com").await.unwrap();
    stream.write_all(SLOW).await.unwrap();
    soon(edge.signals.started.notified()).await;
    let mut idle = edge.connect().await;
    exchange(&mut idle, "GET /").await;

    edge.stop.send(()).unwrap();
    closed(&mut idle).await;
    assert!(TcpStream::connect(edge.address).await.is_err(), "the port is closed while the request runs");
    assert!(!edge.served.is_finished());

    edge.signals.release.notify_one();
    let answer = read_answer(&mut stream).await;
    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
    assert!(answer.contains("connection: close"), "{answer}");
    soon(edge.served).await.unwrap().unwrap();
}

#[tokio::test]
async fn shutdown_does_not_wait_for_silent_or_half_spoken_clients() {
    let never = Duration::from_secs(3600);
    let edge = start(|config| {
        config.shutdown_grace = never;
        config.first_byte_timeout = never;
        config.header_timeout = never;
        config.idle_timeout = never;
    })
    .await;
    let mut silent = edge.connect().await;
    let mut half = edge.connect().await;
    half.write_all(b"GET / HTTP/1.1\r\n").await.unwrap();
    let mut known = edge.connect().await;
    exchange(&mut known, "GET /").await;

    edge.stop.send(()).unwrap();
    soon(edge.served).await.unwrap().unwrap();
    for stream in [&mut silent, &mut half, &mut known] {
        closed(stream).await;
    }
}

#[tokio::test]
async fn shutdown_cancels_what_outlasts_the_grace_period() {
    let edge = start(|config| config.shutdown_grace = SHORT).await;
    let mut stream = edge.connect().await;
    stream.write_all(SLOW).await.unwrap();
    soon(edge.signals.started.notified()).await;
    edge.stop.send(()).unwrap();
    soon(edge.served).await.unwrap().unwrap();
    closed(&mut stream).await;
}

#[tokio::test]
async fn refuses_to_serve_without_room_for_a_connection() {
    let edge = start(|config| config.max_connections = 0).await;
    let error = soon(edge.served).await.unwrap().unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::InvalidInput);
}
