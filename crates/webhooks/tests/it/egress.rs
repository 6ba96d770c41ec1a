//! The way out, in two network namespaces joined by one cable: what the receiver's side of it sees is what left ours.
//!
//! Needs root and `ip` (iproute2); without them the tests say so and prove nothing (`cargo xtask test` says it too).

use std::fs::File;
use std::os::fd::AsFd;
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};

use rustix::thread::{LinkNameSpaceType, move_into_link_name_space};
use tokio::io::{AsyncReadExt, AsyncWriteExt, copy_bidirectional};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use webhooks::{ClientConfig, Egress, SendError};

use crate::server::{client, form, send};

/// Ours, on the cable; the machine would choose the first.
const OURS: [&str; 2] = ["10.213.7.1", "10.213.7.2"];
/// The receiver.
const SINK: &str = "10.213.7.10";
/// The proxy, on the receiver's side, and the address it goes out from.
const PROXY: &str = "10.213.7.11";
const SINK_PORT: u16 = 8080;
const PROXY_PORT: u16 = 3128;
/// Nobody listens here.
const CLOSED_PORT: u16 = 3129;

/// Base64 of `clinic:s3cret`.
const PROXY_LOGIN: &str = "Proxy-Authorization: Basic Y2xpbmljOnMzY3JldA==";

static COUNT: AtomicU32 = AtomicU32::new(0);

/// Two namespaces and the cable; both are gone when it is dropped.
struct Cable {
    near: String,
    far: String,
}

impl Cable {
    /// `None` where this is not allowed.
    fn lay() -> Option<Cable> {
        let id = format!("{}{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        let cable = Cable { near: format!("swn{id}"), far: format!("swf{id}") };
        let (near, far) = (cable.near.as_str(), cable.far.as_str());
        if !ip(&["netns", "add", near]) || !ip(&["netns", "add", far]) {
            not_permitted();
            return None;
        }
        for arguments in [
            &["-n", near, "link", "add", "cable", "type", "veth", "peer", "name", "cable", "netns", far][..],
            &["-n", near, "address", "add", &format!("{}/24", OURS[0]), "dev", "cable"],
            &["-n", near, "address", "add", &format!("{}/24", OURS[1]), "dev", "cable"],
            &["-n", far, "address", "add", &format!("{SINK}/24"), "dev", "cable"],
            &["-n", far, "address", "add", &format!("{PROXY}/24"), "dev", "cable"],
            &["-n", near, "link", "set", "cable", "up"],
            &["-n", far, "link", "set", "cable", "up"],
            &["-n", far, "link", "set", "lo", "up"], // the proxy reaches the receiver over it
        ] {
            assert!(ip(arguments), "ip {arguments:?}");
        }
        Some(cable)
    }
}

/// Without namespaces there is no proof: that is said aloud, and is a failure where the checks found that there are some.
#[expect(clippy::disallowed_methods, reason = "how a test is told what must be possible here")]
#[expect(clippy::print_stderr, reason = "a test that did not run must say so")]
fn not_permitted() {
    assert!(std::env::var_os("SWITCHWARD_TEST_NETNS").is_none(), "no network namespace can be made");
    eprintln!("skipped: network namespaces need root and `ip`");
}

impl Drop for Cable {
    fn drop(&mut self) {
        for name in [&self.near, &self.far] {
            ip(&["netns", "delete", name]);
        }
    }
}

fn ip(arguments: &[&str]) -> bool {
    Command::new("ip").args(arguments).status().is_ok_and(|status| status.success())
}

/// Runs on a thread of its own inside the namespace: sockets belong to the namespace of the thread that opens them.
fn inside<T: Send + 'static>(
    name: &str,
    work: impl AsyncFnOnce() -> T + Send + 'static,
) -> std::thread::JoinHandle<T> {
    let file = File::open(format!("/run/netns/{name}")).unwrap();
    std::thread::spawn(move || {
        move_into_link_name_space(file.as_fd(), Some(LinkNameSpaceType::Network)).unwrap();
        tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(work())
    })
}

/// What arrives on the far side: the receiver's peers, and the heads that the proxy was sent.
#[derive(Clone, Default)]
struct Seen {
    peers: Arc<Mutex<Vec<String>>>,
    proxied: Arc<Mutex<Vec<String>>>,
}

impl Seen {
    fn peers(&self) -> Vec<String> {
        std::mem::take(&mut *self.peers.lock().unwrap())
    }

    fn proxied(&self) -> Vec<String> {
        std::mem::take(&mut *self.proxied.lock().unwrap())
    }
}

/// A receiver and a proxy that wants a password; they end with the process.
fn far_side(cable: &Cable) -> Seen {
    let seen = Seen::default();
    let (told, heard) = std::sync::mpsc::channel();
    let shared = seen.clone();
    inside(&cable.far, async move || {
        let sink = TcpListener::bind((SINK, SINK_PORT)).await.unwrap();
        let proxy = TcpListener::bind((PROXY, PROXY_PORT)).await.unwrap();
        told.send(()).unwrap();
        loop {
            tokio::select! {
                accepted = sink.accept() => {
                    let (stream, peer) = accepted.unwrap();
                    shared.peers.lock().unwrap().push(peer.ip().to_string());
                    tokio::spawn(answer(stream));
                }
                accepted = proxy.accept() => {
                    tokio::spawn(open_tunnel(accepted.unwrap().0, Arc::clone(&shared.proxied)));
                }
            }
        }
    });
    heard.recv().unwrap();
    seen
}

async fn head_of(stream: &mut TcpStream) -> String {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let Ok(byte) = stream.read_u8().await else { break };
        head.push(byte);
    }
    String::from_utf8(head).unwrap()
}

async fn answer(mut stream: TcpStream) {
    head_of(&mut stream).await;
    stream.write_all(b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n").await.unwrap();
    // The body is read too, or closing would reset the connection before the answer has arrived.
    let _ = stream.read_to_end(&mut Vec::new()).await;
}

async fn open_tunnel(mut stream: TcpStream, proxied: Arc<Mutex<Vec<String>>>) {
    let head = head_of(&mut stream).await;
    proxied.lock().unwrap().push(head.clone());
    if !head.contains(PROXY_LOGIN) {
        let _ = stream.write_all(b"HTTP/1.1 407 Proxy Authentication Required\r\n\r\n").await;
        return;
    }
    let target = head.split(' ').nth(1).unwrap().parse().unwrap();
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind(format!("{PROXY}:0").parse().unwrap()).unwrap();
    let mut onward = socket.connect(target).await.unwrap();
    stream.write_all(b"HTTP/1.1 200 Connection established\r\n\r\n").await.unwrap();
    let _ = copy_bidirectional(&mut stream, &mut onward).await;
}

/// Sends one webhook from the near side to this URL; the status or why there is none.
fn deliver(cable: &Cable, url: String, egress: Egress, allowed: &'static str) -> Result<u16, SendError> {
    let near = inside(&cable.near, async move || {
        let allowed_private = vec![allowed.parse().unwrap()];
        let client = client(ClientConfig { allowed_private, egress, ..ClientConfig::default() });
        send(&client, &url, &form()).await.map(|answer| answer.status)
    });
    near.join().unwrap()
}

fn from(sources: &[&str]) -> Egress {
    Egress { sources: sources.iter().map(|source| source.parse().unwrap()).collect(), proxy: None }
}

fn through(proxy: &str) -> Egress {
    Egress { proxy: Some(proxy.parse().unwrap()), ..Egress::default() }
}

fn url() -> String {
    format!("http://{SINK}:{SINK_PORT}/hook")
}

const CABLE: &str = "10.213.7.0/24";

#[test]
fn gen_proxy_1__allows_the_configured_source_address() {
    let Some(cable) = Cable::lay() else { return };
    let seen = far_side(&cable);
    for (sources, expected) in
        [(&[][..], OURS[0]), (&[OURS[0]], OURS[0]), (&[OURS[1]], OURS[1]), (&["fd00::1", OURS[1]], OURS[1])]
    {
        assert_eq!(deliver(&cable, url(), from(sources), CABLE), Ok(204));
        assert_eq!(seen.peers(), [expected], "{sources:?}");
    }
}

#[test]
fn gen_proxy_1__refuses_to_leave_from_any_other_address() {
    let Some(cable) = Cable::lay() else { return };
    let seen = far_side(&cable);
    // An address of the other family, and one that this machine does not have.
    for source in ["fd00::1", "10.213.7.99"] {
        assert_eq!(deliver(&cable, url(), from(&[source]), CABLE), Err(SendError::NoSourceAddress));
        assert!(seen.peers().is_empty());
    }
}

#[test]
fn gen_proxy_1__allows_what_goes_through_the_proxy() {
    let Some(cable) = Cable::lay() else { return };
    let seen = far_side(&cable);
    let proxy = format!("http://clinic:s3cret@{PROXY}:{PROXY_PORT}");
    assert_eq!(deliver(&cable, url(), through(&proxy), CABLE), Ok(204));
    assert_eq!(seen.peers(), [PROXY]);
    let heads = seen.proxied();
    assert_eq!(heads.len(), 1);
    assert!(heads[0].starts_with(&format!("CONNECT {SINK}:{SINK_PORT} HTTP/1.1\r\n")), "{}", heads[0]);
}

#[test]
fn gen_proxy_1__refuses_to_leave_without_the_proxy() {
    let Some(cable) = Cable::lay() else { return };
    let seen = far_side(&cable);
    for proxy in [
        format!("http://{PROXY}:{CLOSED_PORT}"),
        format!("http://clinic:wrong@{PROXY}:{PROXY_PORT}"),
        "http://proxy.invalid:3128".to_owned(),
    ] {
        assert_eq!(deliver(&cable, url(), through(&proxy), CABLE), Err(SendError::Proxy), "{proxy}");
        assert!(seen.peers().is_empty());
    }
}

/// The proxy may be anywhere, the target may not: it is resolved and checked before the proxy hears of it.
#[test]
fn the_target_is_checked_before_the_proxy_hears_of_it() {
    let Some(cable) = Cable::lay() else { return };
    let seen = far_side(&cable);
    let proxy = format!("http://clinic:s3cret@{PROXY}:{PROXY_PORT}");
    for host in [SINK, "localhost", "169.254.169.254"] {
        let url = format!("http://{host}:{SINK_PORT}/");
        let refused = deliver(&cable, url, through(&proxy), "192.0.2.1/32");
        assert_eq!(refused, Err(SendError::AddressRefused), "{host}");
    }
    assert!(seen.proxied().is_empty() && seen.peers().is_empty());
}
