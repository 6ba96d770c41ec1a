//! More than can be served: what is new is refused at once, and what is there goes on.

use std::num::NonZeroU32;
use std::time::Duration;

use sip::sdp::{Direction, Protection};
use sip::{End, Event, Transport};
use tokio::time::Instant;

use crate::site::{Datagrams, Rules, Site, answer, answer_to, dial, event, offer};

/// INVITEs of the flood.
const FLOOD: usize = 4_000;
/// How many are let in.
const PENDING: usize = 40;

fn invite(number: usize) -> String {
    format!(
        "INVITE sip:b@127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1:9;branch=z9hG4bKf{number};rport\r\n\
         From: <sip:a@127.0.0.1>;tag=f{number}\r\nTo: <sip:b@127.0.0.1>\r\nCall-ID: flood-{number}\r\n\
         CSeq: 1 INVITE\r\nContact: <sip:a@127.0.0.1:9>\r\n\r\n"
    )
}

#[tokio::test]
async fn a_flood_is_refused_and_calls_that_are_there_go_on() {
    let high = NonZeroU32::new(1_000_000).unwrap();
    let mut called = Site::start_with(Rules::default(), |settings| {
        settings.capacity.pending_invites = PENDING;
        settings.capacity.transactions = 200;
        (settings.capacity.invites_per_second, settings.capacity.invite_burst) = (high, high);
    })
    .await;
    let caller = Site::start(Rules::default()).await;
    let mut out =
        caller.endpoint.dial(dial(called.uri("bob", Transport::Udp), Protection::Optional)).unwrap();
    let incoming = called.incoming().await;
    let sdp = answer_to(&incoming);
    let mut leg = incoming.answer(sdp).await.unwrap();
    assert!(matches!(event(&mut out).await, Event::Answered { .. }));

    let flood = Datagrams::to(&called).await;
    let mut held = Vec::new();
    for number in 0..FLOOD {
        flood.send(invite(number).as_bytes()).await;
        while let Ok(incoming) = called.calls.try_recv() {
            held.push(incoming);
        }
        if number % 16 == 0 {
            tokio::task::yield_now().await;
        }
    }
    // The flood is at its height: what does a call that is there notice?
    let begun = Instant::now();
    let uri = called.uri("x", Transport::Udp).text().replace("x@", "");
    assert_eq!(caller.endpoint.ping(&sip::Uri::parse(&uri).unwrap()).await, Some(200));
    assert!(begun.elapsed() < Duration::from_secs(2), "OPTIONS took {:?}", begun.elapsed());
    let mut hold = offer(Protection::Optional);
    (hold.version, hold.audio.direction) = (2, Direction::SendOnly);
    let control = out.control().clone();
    let begun = Instant::now();
    let asked = tokio::spawn(async move { control.renegotiate(hold).await });
    let Event::Offer(change) = event(&mut leg).await else { panic!("no offer") };
    let sdp = answer(&change.offer, 2);
    change.accept(sdp);
    assert_eq!(asked.await.unwrap().unwrap().audio.direction, Direction::ReceiveOnly);
    assert!(begun.elapsed() < Duration::from_secs(2), "a re-INVITE took {:?}", begun.elapsed());
    let stats = called.endpoint.stats();
    assert!(stats.pending_invites <= PENDING && stats.transactions <= 200, "{stats:?}");
    assert!(stats.refused > 0, "{stats:?}");
    out.control().hang_up().await;
    assert!(matches!(event(&mut leg).await, Event::Ended(End::ByPeer)));
    // With the flood over there is room again.
    while let Ok(incoming) = called.calls.try_recv() {
        held.push(incoming);
    }
    drop(held);
    called.is_idle().await;
    assert_eq!(called.endpoint.stats().pending_invites, 0);
}

#[tokio::test]
async fn one_address_cannot_take_the_place_of_all() {
    let mut called = Site::start_with(Rules::default(), |settings| {
        settings.capacity.invites_per_second = NonZeroU32::new(1).unwrap();
        settings.capacity.invite_burst = NonZeroU32::new(3).unwrap();
    })
    .await;
    let flood = Datagrams::to(&called).await;
    for number in 0..10 {
        flood.send(invite(number).as_bytes()).await;
    }
    let (mut let_in, mut refused) = (0, 0);
    while let Some(message) = flood.next().await {
        if message.starts_with("SIP/2.0 503") {
            assert!(message.contains("Retry-After: "), "{message}");
            refused += 1;
        } else if message.starts_with("SIP/2.0 100") {
            let_in += 1;
        }
    }
    assert!(let_in >= 3 && refused >= 5, "{let_in} {refused}");
    drop(called.incoming().await);
}
