//! Registrations by hand: bindings, passwords, and calls to who is registered.

use std::time::Duration;

use sip::limits::FREE_FAILURES;
use sip::sdp::Protection;
use sip::{Algorithm, End, Event, Settings, Target, Uri};

use crate::site::{Datagrams, Rules, Site, dial, event};

fn register(peer: &Datagrams, number: u32, more: &str) -> String {
    format!(
        "REGISTER sip:clinic.example SIP/2.0\r\nVia: SIP/2.0/UDP 10.0.0.9:5060;branch=z9hG4bKr{number};rport\r\n\
         From: <sip:alice@clinic.example>;tag=r\r\nTo: <sip:alice@clinic.example>\r\nCall-ID: reg-{}\r\n\
         CSeq: {number} REGISTER\r\nContact: <sip:alice@10.0.0.9:5060>;expires=120\r\n{more}\r\n",
        peer.port()
    )
}

#[tokio::test]
async fn who_is_registered_is_called_through_its_nat() {
    let site = Site::start(Rules::default()).await;
    let peer = Datagrams::to(&site).await;
    // Its Via and Contact name an address behind a NAT; where it wrote from is what counts.
    peer.send(register(&peer, 1, "Path: <sip:edge.example;lr>\r\n").as_bytes()).await;
    let answer = peer.next().await.unwrap();
    assert!(answer.starts_with("SIP/2.0 200"), "{answer}");
    assert!(answer.contains(&format!("received=127.0.0.1;rport={}", peer.port())), "{answer}");
    assert!(answer.contains("Contact: <sip:alice@10.0.0.9:5060>;expires=1"), "{answer}");
    assert!(answer.contains("Path: <sip:edge.example;lr>"), "{answer}");
    assert_eq!(site.endpoint.contacts("alice@clinic.example"), 1);
    let mut wanted = dial(Uri::of_host("unused", None), Protection::Optional);
    wanted.target = Target::Registered("alice@clinic.example".to_owned());
    let out = site.endpoint.dial(wanted).unwrap();
    let invite = peer.next().await.unwrap();
    assert!(invite.starts_with("INVITE sip:alice@10.0.0.9:5060 SIP/2.0\r\n"), "{invite}");
    assert!(invite.contains("Route: <sip:edge.example;lr>\r\n"), "{invite}");
    drop(out);
}

#[tokio::test]
async fn who_is_not_registered_cannot_be_called() {
    let site = Site::start(Rules::default()).await;
    let mut wanted = dial(Uri::of_host("unused", None), Protection::Optional);
    wanted.target = Target::Registered("alice@clinic.example".to_owned());
    let mut out = site.endpoint.dial(wanted).unwrap();
    assert!(matches!(event(&mut out).await, Event::Ended(End::Unreachable)));
}

#[tokio::test]
async fn a_binding_ends_with_its_time() {
    let site = Site::start(Rules::default()).await;
    let peer = Datagrams::to(&site).await;
    peer.send(register(&peer, 1, "").as_bytes()).await;
    assert_eq!(peer.status().await, Some(200));
    site.clock.advance(Duration::from_secs(121));
    assert_eq!(site.endpoint.contacts("alice@clinic.example"), 0);
}

#[tokio::test]
async fn a_password_is_asked_for_and_guessing_is_slowed_down() {
    let both = |settings: &mut Settings| settings.algorithms = vec![Algorithm::Sha256, Algorithm::Md5];
    let site = Site::start_with(Rules { realm: Some("clinic"), ..Rules::default() }, both).await;
    let peer = Datagrams::to(&site).await;
    peer.send(register(&peer, 1, "").as_bytes()).await;
    let challenge = peer.next().await.unwrap();
    assert!(challenge.starts_with("SIP/2.0 401"), "{challenge}");
    let algorithms: Vec<&str> = challenge
        .lines()
        .filter(|line| line.starts_with("WWW-Authenticate: Digest realm=\"clinic\""))
        .collect();
    assert_eq!(algorithms.len(), 2);
    assert!(algorithms[0].contains("algorithm=SHA-256, qop=\"auth\""), "{challenge}");
    assert!(algorithms[1].contains("algorithm=MD5, qop=\"auth\""), "{challenge}");
    let wrong = "Authorization: Digest username=\"alice\", realm=\"clinic\", nonce=\"x\", uri=\"sip:clinic.example\", \
        response=\"00000000000000000000000000000000\", algorithm=MD5, qop=auth, nc=00000001, cnonce=\"c\"\r\n";
    let mut statuses = Vec::new();
    for number in 2..2 + FREE_FAILURES + 5 {
        peer.send(register(&peer, number, wrong).as_bytes()).await;
        statuses.push(peer.status().await.unwrap());
    }
    assert_eq!(statuses.first(), Some(&401));
    assert_eq!(statuses.last(), Some(&503));
    assert_eq!(site.endpoint.stats().bindings, 0);
}
