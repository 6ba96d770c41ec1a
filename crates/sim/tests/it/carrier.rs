//! The carrier port: what numbers decide, what handsets show, and what is bounded.

use std::time::Duration;

use base::PhoneNumber;
use messaging::carrier::{CarrierError, Receipt};
use sim::limits;

use crate::support::{PATIENT, account, due, fresh, shown, simulator, submit, submit_until};

#[tokio::test]
async fn the_last_four_digits_decide() {
    let rejected = |code| (Err(CarrierError::Rejected(code)), 0, vec![]);
    let cases = [
        ("2671", (Ok(()), 1, vec![Receipt::Delivered])),
        ("9001", rejected(30_003)),
        ("9004", rejected(30_004)),
        ("9005", rejected(30_005)),
        ("9006", rejected(30_006)),
        ("9007", rejected(30_007)),
        ("9008", (Ok(()), 0, vec![Receipt::Undelivered(30_008)])),
        ("9010", (Err(CarrierError::Unavailable), 0, vec![])),
        ("9011", (Ok(()), 1, vec![])),
    ];
    for (digits, expected) in cases {
        for area in ["415", "212", "808"] {
            let simulator = simulator();
            let to = format!("+1{area}555{digits}");
            let reference = fresh(account(1));
            let taken = submit(&simulator, reference, &to, "hello").await;
            simulator.advance(Duration::from_secs(60));
            let receipts = due(&simulator).await;
            assert!(receipts.iter().all(|(told, _)| *told == reference));
            let receipts: Vec<_> = receipts.into_iter().map(|(_, receipt)| receipt).collect();
            assert_eq!((taken, shown(&simulator, &to), receipts), expected, "{to}");
        }
    }
}

#[tokio::test]
async fn a_9010_number_is_served_at_the_third_attempt_of_each_message() {
    let simulator = simulator();
    for _ in 0..2 {
        let reference = fresh(account(1));
        for expected in [Err(CarrierError::Unavailable), Err(CarrierError::Unavailable), Ok(())] {
            assert_eq!(submit(&simulator, reference, "+14155559010", "x").await, expected);
        }
    }
    assert_eq!(shown(&simulator, "+14155559010"), 2);
    assert_eq!(simulator.duplicates(), 0);
}

#[tokio::test]
async fn rejects_a_recipient_that_is_no_number() {
    let taken = submit(&simulator(), fresh(account(1)), "12345", "x").await;
    assert_eq!(taken, Err(CarrierError::Rejected(30_005)));
}

#[tokio::test]
async fn a_message_handed_over_twice_is_shown_once_and_counted() {
    let simulator = simulator();
    let reference = fresh(account(1));
    for _ in 0..3 {
        submit(&simulator, reference, PATIENT, "x").await.unwrap();
    }
    submit(&simulator, fresh(account(1)), PATIENT, "y").await.unwrap();
    assert_eq!(shown(&simulator, PATIENT), 2);
    assert_eq!(simulator.duplicates(), 2);
}

#[tokio::test]
async fn a_handset_shows_what_it_got_and_keeps_it_protected() {
    let simulator = simulator();
    let reference = fresh(account(1));
    submit(&simulator, reference, "+1 (415) 555-2671", "canary-7f3a").await.unwrap();
    let messages = simulator.messages(&PhoneNumber::parse(PATIENT).unwrap());
    let [message] = messages.as_slice() else { panic!("one message") };
    assert_eq!((message.reference, message.received_at), (reference, simulator.now()));
    assert!(message.body.learn(|body| body == "canary-7f3a"));
    let printed = format!("{message:?}");
    assert!(!printed.contains("canary") && !printed.contains("555"), "{printed}");
}

#[tokio::test]
async fn a_full_handset_drops_its_oldest_message() {
    let simulator = simulator();
    for number in 0..=limits::MESSAGES_PER_HANDSET {
        submit(&simulator, fresh(account(1)), PATIENT, &number.to_string()).await.unwrap();
    }
    let messages = simulator.messages(&PhoneNumber::parse(PATIENT).unwrap());
    assert_eq!(messages.len(), limits::MESSAGES_PER_HANDSET);
    assert!(messages[0].body.learn(|body| body == "1"));
}

#[tokio::test]
async fn the_oldest_handset_is_dropped_beyond_the_limit() {
    let simulator = simulator();
    let number = |n: usize| format!("+1415556{n:04}");
    // Only numbers that deliver make a handset.
    let numbers: Vec<_> = (0..=limits::HANDSETS).map(number).collect();
    for to in &numbers {
        submit(&simulator, fresh(account(1)), to, "x").await.unwrap();
    }
    assert_eq!(shown(&simulator, &numbers[0]), 0);
    assert_eq!(shown(&simulator, &numbers[1]), 1);
    assert_eq!(shown(&simulator, &numbers[limits::HANDSETS]), 1);
}

#[tokio::test]
async fn a_message_that_would_come_too_late_is_not_shown() {
    let simulator = simulator();
    let reference = fresh(account(1));
    let fault = sim::Fault {
        account: None,
        kind: sim::FaultKind::Delay(Duration::from_secs(20)),
        count: 1,
        to: None,
    };
    simulator.add_fault(fault).unwrap();
    submit_until(&simulator, reference, PATIENT, "x", Duration::from_secs(10)).await.unwrap();
    simulator.advance(Duration::from_secs(11));
    assert_eq!(due(&simulator).await, [(reference, Receipt::Undelivered(30_036))]);
    simulator.advance(Duration::from_secs(60));
    assert_eq!(shown(&simulator, PATIENT), 0);
}
