//! Two endpoints call each other over each transport.

use sip::sdp::{Direction, Mismatch, Protection};
use sip::{End, Event, Failed, Leg, Refused, Transport, Uri};
use tokio::time::Duration;

use crate::site::{Datagrams, Rules, Site, answer, answer_to, dial, event, local, offer};

const TRANSPORTS: [Transport; 3] = [Transport::Udp, Transport::Tcp, Transport::Tls];

/// A call between two sites: the leg of who called, and that of who was called.
async fn talk(caller: &Site, called: &mut Site, transport: Transport, protection: Protection) -> (Leg, Leg) {
    let mut out = caller.endpoint.dial(dial(called.uri("bob", transport), protection)).unwrap();
    let incoming = called.incoming().await;
    let sdp = answer_to(&incoming);
    let leg = incoming.answer(sdp).await.unwrap();
    assert!(matches!(event(&mut out).await, Event::Answered { .. }));
    (out, leg)
}

async fn ended(leg: &mut Leg) -> End {
    loop {
        if let Event::Ended(end) = event(leg).await {
            return end;
        }
    }
}

#[tokio::test]
async fn rings_answers_and_hangs_up_over_each_transport() {
    for transport in TRANSPORTS {
        let (caller, mut called) = pair(Rules::default()).await;
        let mut wanted = dial(called.uri("+14155550199", transport), Protection::Preferred);
        wanted.headers.push(("X-Case".to_owned(), "42".to_owned()));
        wanted.from_display = Some("Front \"Desk\"".to_owned());
        let mut out = caller.endpoint.dial(wanted).unwrap();
        let incoming = called.incoming().await;
        assert_eq!(incoming.transport, transport);
        assert_eq!(incoming.domain, "127.0.0.1");
        assert!(incoming.callee == "+14155550199");
        assert!(incoming.from_user == "+14155550100");
        assert!(incoming.from_display.as_deref() == Some("Front \"Desk\""));
        assert_eq!(incoming.headers.len(), 1);
        assert!(incoming.headers[0].1 == "42");
        assert!(incoming.offer.as_ref().unwrap().audio.profile.is_secure());
        incoming.ring(None).await.unwrap();
        assert!(matches!(event(&mut out).await, Event::Ringing { code: 180, early: None }));
        let early = answer_to(&incoming);
        incoming.ring(Some(early.clone())).await.unwrap();
        assert!(matches!(event(&mut out).await, Event::Ringing { code: 183, early: Some(_) }));
        let mut leg = incoming.answer(early).await.unwrap();
        assert!(matches!(event(&mut out).await, Event::Answered { .. }));
        out.control().hang_up().await;
        assert_eq!(ended(&mut out).await, End::ByUs);
        assert_eq!(ended(&mut leg).await, End::ByPeer);
        caller.is_idle().await;
        called.is_idle().await;
    }
}

async fn pair(rules: Rules) -> (Site, Site) {
    // Whoever calls must trust whoever is called.
    let called = Site::start(rules).await;
    let caller = Site::start_with(Rules::default(), |settings| {
        let mut roots = rustls::RootCertStore::empty();
        let pem = called.authority.as_bytes();
        roots.add(rustls::pki_types::pem::PemObject::from_pem_slice(pem).unwrap()).unwrap();
        settings.trust = sip::Trust::Roots(roots);
    })
    .await;
    (caller, called)
}

#[tokio::test]
async fn the_called_side_hangs_up_too() {
    for transport in TRANSPORTS {
        let (caller, mut called) = pair(Rules::default()).await;
        let (mut out, mut leg) = talk(&caller, &mut called, transport, Protection::Optional).await;
        leg.control().hang_up().await;
        assert_eq!(ended(&mut leg).await, End::ByUs);
        assert_eq!(ended(&mut out).await, End::ByPeer);
    }
}

#[tokio::test]
async fn a_leg_that_is_dropped_hangs_up() {
    let (caller, mut called) = pair(Rules::default()).await;
    let (out, mut leg) = talk(&caller, &mut called, Transport::Udp, Protection::Optional).await;
    drop(out);
    assert_eq!(ended(&mut leg).await, End::ByPeer);
}

#[tokio::test]
async fn an_endpoint_that_goes_ends_its_calls() {
    let (caller, mut called) = pair(Rules::default()).await;
    let (mut out, mut leg) = talk(&caller, &mut called, Transport::Udp, Protection::Optional).await;
    drop(caller);
    assert_eq!(ended(&mut out).await, End::ByUs);
    assert_eq!(ended(&mut leg).await, End::ByPeer);
}

#[tokio::test]
async fn refusals_come_through_with_their_status() {
    for (code, told) in [(486, 486), (404, 404), (603, 603), (200, 480)] {
        let (caller, mut called) = pair(Rules::default()).await;
        let mut out =
            caller.endpoint.dial(dial(called.uri("bob", Transport::Udp), Protection::Optional)).unwrap();
        assert_eq!(called.incoming().await.reject(code).await, End::Refused(told));
        assert_eq!(ended(&mut out).await, End::Refused(told));
    }
}

#[tokio::test]
async fn a_call_that_nobody_decides_about_is_refused() {
    let (caller, mut called) = pair(Rules::default()).await;
    let mut out =
        caller.endpoint.dial(dial(called.uri("bob", Transport::Udp), Protection::Optional)).unwrap();
    drop(called.incoming().await);
    assert_eq!(ended(&mut out).await, End::Refused(480));
}

#[tokio::test]
async fn the_caller_gives_up() {
    for transport in TRANSPORTS {
        let (caller, mut called) = pair(Rules::default()).await;
        let mut out = caller.endpoint.dial(dial(called.uri("bob", transport), Protection::Optional)).unwrap();
        let mut incoming = called.incoming().await;
        incoming.ring(None).await.unwrap();
        assert!(matches!(event(&mut out).await, Event::Ringing { .. }));
        out.control().hang_up().await;
        assert_eq!(incoming.ended().await, End::Cancelled);
        assert_eq!(ended(&mut out).await, End::Cancelled);
        assert_eq!(incoming.ring(None).await, Err(Failed::Ended));
    }
}

#[tokio::test]
async fn a_call_that_rings_too_long_is_cancelled() {
    let (caller, mut called) = pair(Rules::default()).await;
    let mut wanted = dial(called.uri("bob", Transport::Udp), Protection::Optional);
    wanted.ring = Duration::from_millis(300);
    let mut out = caller.endpoint.dial(wanted).unwrap();
    let mut incoming = called.incoming().await;
    assert_eq!(incoming.ended().await, End::Cancelled);
    assert_eq!(ended(&mut out).await, End::Unanswered);
}

#[tokio::test]
async fn either_side_holds_and_takes_back() {
    let (caller, mut called) = pair(Rules::default()).await;
    let (mut out, mut leg) = talk(&caller, &mut called, Transport::Tcp, Protection::Optional).await;
    for round in 0..2 {
        let (holder, held) = if round == 0 { (&mut out, &mut leg) } else { (&mut leg, &mut out) };
        for (version, direction, answered) in [
            (2 + round * 2, Direction::SendOnly, Direction::ReceiveOnly),
            (3 + round * 2, Direction::SendReceive, Direction::SendReceive),
        ] {
            let control = holder.control().clone();
            // The ACK of the change before may still be on its way; until it is there the answer is to try again.
            let asked = tokio::spawn(async move {
                loop {
                    let mut hold = offer(Protection::Optional);
                    (hold.version, hold.audio.direction) = (version, direction);
                    match control.renegotiate(hold).await {
                        Err(Failed::Busy) => tokio::time::sleep(Duration::from_millis(10)).await,
                        told => return told,
                    }
                }
            });
            let Event::Offer(change) = event(held).await else { panic!("no offer") };
            assert_eq!(change.offer.holds(), direction == Direction::SendOnly);
            let sdp = answer(&change.offer, version);
            change.accept(sdp);
            assert_eq!(asked.await.unwrap().unwrap().audio.direction, answered);
        }
    }
    out.control().hang_up().await;
    assert_eq!(ended(&mut leg).await, End::ByPeer);
}

#[tokio::test]
async fn an_offer_that_is_refused_changes_nothing() {
    let (caller, mut called) = pair(Rules::default()).await;
    let (mut out, mut leg) = talk(&caller, &mut called, Transport::Udp, Protection::Optional).await;
    let control = out.control().clone();
    let asked = tokio::spawn(async move {
        let mut other = offer(Protection::Optional);
        other.version = 9;
        control.renegotiate(other).await
    });
    let Event::Offer(change) = event(&mut leg).await else { panic!("no offer") };
    change.refuse(488);
    assert_eq!(asked.await.unwrap().err(), Some(Failed::Status(488)));
    out.control().digit('5', 100).await.unwrap();
    assert!(matches!(event(&mut leg).await, Event::Digit { digit: '5', duration_ms: Some(100) }));
    assert_eq!(out.control().digit('x', 100).await, Err(Failed::Invalid));
    out.control().hang_up().await;
    assert_eq!(ended(&mut out).await, End::ByUs);
}

#[tokio::test]
async fn offers_that_cross_are_both_told_so_or_one_wins() {
    let (caller, mut called) = pair(Rules::default()).await;
    let (out, leg) = talk(&caller, &mut called, Transport::Udp, Protection::Optional).await;
    let (mut one, mut other) = (offer(Protection::Optional), offer(Protection::Optional));
    (one.version, other.version) = (5, 6);
    let serve = |mut leg: Leg| async move {
        loop {
            match event(&mut leg).await {
                Event::Offer(change) => {
                    let sdp = answer(&change.offer, 5);
                    change.accept(sdp);
                }
                Event::Ended(end) => return end,
                _ => {}
            }
        }
    };
    let (first, second) = (out.control().clone(), leg.control().clone());
    let (ends_first, ends_second) = (tokio::spawn(serve(out)), tokio::spawn(serve(leg)));
    let (a, b) = tokio::join!(first.renegotiate(one), second.renegotiate(other));
    for result in [a, b] {
        assert!(matches!(result, Ok(_) | Err(Failed::Status(491 | 500) | Failed::Busy)));
    }
    first.hang_up().await;
    assert_eq!(ends_first.await.unwrap(), End::ByUs);
    assert_eq!(ends_second.await.unwrap(), End::ByPeer);
}

#[tokio::test]
async fn a_transfer_is_asked_for_and_told_about() {
    let (caller, mut called) = pair(Rules::default()).await;
    let (out, mut leg) = talk(&caller, &mut called, Transport::Tls, Protection::Optional).await;
    let mut out = out;
    let control = out.control().clone();
    let to = Uri::parse("sip:+14155550142@example.com").unwrap();
    let asked = tokio::spawn(async move { control.refer(to).await });
    let Event::Transfer(referral) = event(&mut leg).await else { panic!("no transfer") };
    assert!(referral.target == "sip:+14155550142@example.com");
    let progress = referral.accept();
    asked.await.unwrap().unwrap();
    assert!(matches!(event(&mut out).await, Event::TransferProgress { code: 100 }));
    progress.report(180).await;
    assert!(matches!(event(&mut out).await, Event::TransferProgress { code: 180 }));
    progress.report(200).await;
    assert!(matches!(event(&mut out).await, Event::TransferProgress { code: 200 }));
    let control = out.control().clone();
    let asked = tokio::spawn(async move { control.refer(Uri::parse("sip:c@example.com").unwrap()).await });
    let Event::Transfer(referral) = event(&mut leg).await else { panic!("no transfer") };
    referral.refuse(403);
    assert_eq!(asked.await.unwrap(), Err(Failed::Status(403)));
}

#[tokio::test]
async fn answers_that_do_not_fit_end_the_call() {
    let (caller, mut called) = pair(Rules::default()).await;
    let mut out =
        caller.endpoint.dial(dial(called.uri("bob", Transport::Udp), Protection::Required)).unwrap();
    // An answer in the clear to an offer that is protected.
    let mut leg = called.incoming().await.answer(offer(Protection::Optional)).await.unwrap();
    assert_eq!(ended(&mut out).await, End::Mismatch(Mismatch::Insecure));
    assert_eq!(ended(&mut leg).await, End::ByPeer);
}

#[tokio::test]
async fn what_cannot_be_sent_is_refused_at_once() {
    let site = Site::start_with(Rules::default(), |settings| {
        settings.capacity.calls = 0;
        settings.outbound = vec![Transport::Tls];
    })
    .await;
    let uri = || Uri::parse("sip:a@127.0.0.1:9").unwrap();
    for (name, value) in [("Subject", "x"), ("X-A", "a\r\nFrom: b"), ("X-A b", "x"), ("X-", "x")] {
        let mut wanted = dial(uri(), Protection::Optional);
        wanted.headers.push((name.to_owned(), value.to_owned()));
        assert_eq!(site.endpoint.dial(wanted).err(), Some(Refused::Header));
    }
    let mut wanted = dial(uri(), Protection::Optional);
    wanted.secure_media = true;
    assert_eq!(site.endpoint.dial(wanted).err(), Some(Refused::Insecure));
    assert_eq!(site.endpoint.dial(dial(uri(), Protection::Optional)).err(), Some(Refused::Busy));
}

#[tokio::test]
async fn a_forbidden_transport_is_not_taken() {
    let site = Site::start_with(Rules::default(), |settings| settings.outbound = vec![Transport::Tls]).await;
    for uri in ["sip:a@127.0.0.1:9", "sip:a@127.0.0.1:9;transport=tcp", "sip:a@127.0.0.1:9;transport=ws"] {
        let mut out = site.endpoint.dial(dial(Uri::parse(uri).unwrap(), Protection::Optional)).unwrap();
        assert_eq!(ended(&mut out).await, End::Unreachable);
    }
}

#[tokio::test]
async fn a_certificate_that_is_not_trusted_is_not_talked_to() {
    let called = Site::start(Rules::default()).await;
    let caller = Site::start(Rules::default()).await;
    let mut out =
        caller.endpoint.dial(dial(called.uri("bob", Transport::Tls), Protection::Optional)).unwrap();
    assert_eq!(ended(&mut out).await, End::Unreachable);
}

#[tokio::test]
async fn a_server_is_asked_whether_it_is_there() {
    let (caller, called) = pair(Rules::default()).await;
    for transport in TRANSPORTS {
        let uri = Uri::parse(&called.uri("x", transport).text().replace("x@", "")).unwrap();
        assert_eq!(caller.endpoint.ping(&uri).await, Some(200));
    }
}

#[tokio::test]
async fn a_session_is_refreshed_and_one_whose_peer_is_gone_ends() {
    let (caller, mut called) = pair(Rules::default()).await;
    let (out, mut leg) = talk(&caller, &mut called, Transport::Udp, Protection::Optional).await;
    let peer = Datagrams::to(&called).await;
    let call = "INVITE sip:b@127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1;branch=z9hG4bKs;rport\r\n\
        From: <sip:a@127.0.0.1>;tag=1\r\nTo: <sip:b@127.0.0.1>\r\nCall-ID: s\r\nCSeq: 1 INVITE\r\n\
        Contact: <sip:a@127.0.0.1:9>\r\nSupported: timer\r\nSession-Expires: 90;refresher=uac\r\n\r\n";
    peer.send(call.as_bytes()).await;
    let incoming = called.incoming().await;
    let mut silent = incoming.answer(offer(Protection::Optional)).await.unwrap();
    let ok = loop {
        let message = peer.next().await.unwrap();
        if message.starts_with("SIP/2.0 200") {
            break message;
        }
    };
    assert!(
        ok.contains("Session-Expires: 90;refresher=uac\r\n") && ok.contains("Require: timer\r\n"),
        "{ok}"
    );
    let to = ok.lines().find(|line| line.starts_with("To: ")).unwrap();
    let mut sdp = local(Protection::Optional, 1);
    sdp.port = 4_002;
    let body = sip::Sdp::offer(&sdp, &phi::SystemRandom).wire();
    let ack = format!(
        "ACK sip:b@127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1;branch=z9hG4bKack;rport\r\n\
         From: <sip:a@127.0.0.1>;tag=1\r\n{to}\r\nCall-ID: s\r\nCSeq: 1 ACK\r\n\
         Content-Type: application/sdp\r\nContent-Length: {}\r\n\r\n{}",
        body.len(),
        *body
    );
    peer.send(ack.as_bytes()).await;
    assert!(matches!(event(&mut silent).await, Event::Answered { .. }));
    // From here on time runs as fast as there is nothing to do.
    tokio::time::pause();
    assert!(matches!(silent.event().await, Event::Ended(End::Expired)));
    // The other call lasts over several refreshes of its session.
    tokio::time::sleep(Duration::from_secs(5_000)).await;
    tokio::time::resume();
    assert_eq!(called.endpoint.stats().calls, 1);
    out.control().digit('1', 100).await.unwrap();
    assert!(matches!(event(&mut leg).await, Event::Digit { digit: '1', .. }));
}
