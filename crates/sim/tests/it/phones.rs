//! The simulated line: what phones do by themselves, and what is heard.

use std::time::Duration;

use base::{AccountSid, CallSid, PhoneNumber, Sid};
use sim::Simulator;
use tokio::time::timeout;
use voice::line::{Cause, Ended, Event, Leg, Line, LineError, Order, Outgoing, Reference, Sound};

use crate::support::{OWN, PATIENT, simulator};

/// Longer than anything takes.
const WHILE: Duration = Duration::from_secs(5);

async fn place(simulator: &Simulator, to: &str) -> Result<Leg, LineError> {
    let reference =
        Reference { account: AccountSid::from_bytes([1; 16]), call: CallSid::from_bytes([2; 16]) };
    simulator
        .place(Outgoing {
            reference,
            from: OWN.to_owned(),
            to: to.to_owned(),
            timeout: Duration::from_secs(30),
            private_path: true,
            register: None,
        })
        .await
}

/// The next thing that happens, in a word.
async fn next(leg: &mut Leg) -> String {
    match timeout(WHILE, leg.events.recv()).await.expect("in time").expect("an event") {
        Event::Ringing => "ringing".to_owned(),
        Event::Answered => "answered".to_owned(),
        Event::Digit(key) => format!("key {key}"),
        Event::Played(id) => format!("played {id}"),
        Event::NotPlayed { id, .. } => format!("not played {id}"),
        Event::Ended(Ended { cause, sip_response }) => {
            let cause = match cause {
                Cause::HungUp => "hung up".to_owned(),
                Cause::Busy => "busy".to_owned(),
                Cause::NoAnswer => "no answer".to_owned(),
                Cause::Failed(code) => format!("failed {code}"),
            };
            format!("{cause} {}", sip_response.expect("a status"))
        }
    }
}

async fn nothing(leg: &mut Leg) {
    let quiet = timeout(Duration::from_millis(100), leg.events.recv()).await;
    assert!(quiet.is_err(), "nothing happens before its time");
}

#[tokio::test]
async fn the_number_decides_what_a_phone_does() {
    let simulator = simulator();
    for (to, expected) in [
        ("+14155559101", &["busy 486"][..]),
        ("+14155559103", &["failed 21214 404"]),
        (PATIENT, &["ringing", "answered"]),
    ] {
        let mut leg = place(&simulator, to).await.expect("the line takes it");
        for event in expected {
            assert_eq!(next(&mut leg).await, *event, "{to}");
        }
    }
    let refused = |result: Result<Leg, LineError>| result.err();
    assert_eq!(refused(place(&simulator, "+14155559107").await), Some(LineError::Unavailable));
    assert_eq!(refused(place(&simulator, "nobody").await), Some(LineError::Refused(21214)));
}

#[tokio::test]
async fn times_are_those_of_the_virtual_clock() {
    let simulator = simulator();
    let mut late = place(&simulator, "+14155559104").await.expect("the line takes it");
    let mut short = place(&simulator, "+14155559105").await.expect("the line takes it");
    let mut never = place(&simulator, "+14155559102").await.expect("the line takes it");
    assert_eq!(next(&mut late).await, "ringing");
    assert_eq!(next(&mut never).await, "ringing");
    for event in ["ringing", "answered"] {
        assert_eq!(next(&mut short).await, event);
    }
    nothing(&mut late).await;
    nothing(&mut short).await;
    simulator.advance(Duration::from_secs(5));
    assert_eq!(next(&mut late).await, "answered");
    assert_eq!(next(&mut short).await, "hung up 200");
    nothing(&mut never).await;
    simulator.advance(Duration::from_secs(25));
    assert_eq!(next(&mut never).await, "no answer 480");
}

#[tokio::test]
async fn what_is_played_is_heard_and_keys_are_pressed() {
    let simulator = simulator();
    let mut leg = place(&simulator, "+14155559106").await.expect("the line takes it");
    for event in ["ringing", "answered"] {
        assert_eq!(next(&mut leg).await, event);
    }
    let sound =
        Sound::Speech { text: "Hello".to_owned(), language: "en-US".to_owned(), voice: "man".to_owned() };
    leg.orders.send(Order::Play { id: 7, sound }).await.expect("it listens");
    for event in ["key 1", "played 7"] {
        assert_eq!(next(&mut leg).await, event);
    }
    let phone = PhoneNumber::parse("+14155559106").expect("a number");
    assert!(simulator.press(&phone, "42", |_| true));
    for event in ["key 4", "key 2"] {
        assert_eq!(next(&mut leg).await, event);
    }
    assert!(!simulator.press(&phone, "42", |_| false), "not for others");
    leg.orders.send(Order::HangUp).await.expect("it listens");
    assert_eq!(next(&mut leg).await, "hung up 200");
    let calls = simulator.calls(&phone);
    assert_eq!((calls.len(), calls[0].state, calls[0].heard.len()), (1, "over", 1));
    assert!(!simulator.hang_up(&phone, |_| true), "it is over");
}

#[tokio::test]
async fn who_lets_go_of_a_leg_ends_it() {
    let simulator = simulator();
    let Leg { orders, mut events } = place(&simulator, PATIENT).await.expect("the line takes it");
    drop(orders);
    let mut last = None;
    while let Some(event) = timeout(WHILE, events.recv()).await.expect("in time") {
        last = Some(matches!(event, Event::Ended(_)));
    }
    assert_eq!(last, Some(true));
}
