//! A bound SMPP session fed with an SMSC's bytes in pieces: every submission ends once, and nothing grows without end.

#![no_main]

use std::time::Duration;

use libfuzzer_sys::fuzz_target;
use smpp_proto::limits::{PDU_BYTES, UNANSWERED_DELIVERIES};
use smpp_proto::{BindRequest, Concatenation, Event, Mode, Party, Session, Submit, Timing, Version};

/// `bind_transceiver_resp`, status 0, sequence 1, an empty system id.
const BOUND: [u8; 17] = [0, 0, 0, 17, 0x80, 0, 0, 9, 0, 0, 0, 0, 0, 0, 0, 1, 0];
const SUBMISSIONS: u64 = 4;
/// Octets of one answer of ours, and how many one PDU can call forth.
const ANSWER_BYTES: usize = 64;

fuzz_target!(|data: &[u8]| {
    let bind = BindRequest {
        mode: Mode::Transceiver,
        version: Version::V34,
        system_id: "clinic",
        password: "",
        system_type: "",
    };
    let timing = Timing {
        window: 4,
        rate_per_second: 1_000.0,
        response: Duration::from_secs(10),
        enquire: Duration::from_secs(30),
    };
    let mut session = Session::new(&bind, timing).expect("a valid bind");
    session.receive(&BOUND, Duration::ZERO);
    session.take_output();
    let mut ended = [0; SUBMISSIONS as usize];
    for token in 0..SUBMISSIONS {
        session.submit(&submission(), token, Duration::ZERO).expect("a valid submission");
    }
    let mut deliveries = 0;
    // The first byte of each piece says how long it is.
    let (mut rest, mut now) = (data, Duration::ZERO);
    while let Some((&length, after)) = rest.split_first() {
        let (piece, after) = after.split_at(after.len().min(usize::from(length) + 1));
        rest = after;
        now += Duration::from_secs(1);
        session.receive(piece, now);
        session.tick(now);
        assert!(
            session.take_output().len() <= PDU_BYTES + piece.len() / 16 * ANSWER_BYTES,
            "more answers than questions"
        );
        count(&mut session, &mut ended, &mut deliveries);
    }
    session.disconnected();
    count(&mut session, &mut ended, &mut deliveries);
    assert_eq!(ended, [1; SUBMISSIONS as usize], "a submission that ended not at all, or twice");
    assert!(deliveries <= UNANSWERED_DELIVERIES, "more deliveries than may wait");
});

fn submission() -> Submit {
    Submit {
        source: Party { ton: 1, address: "14155550100".to_owned() },
        destination: Party { ton: 1, address: "14155550123".to_owned() },
        data_coding: 0,
        octets: b"hello".to_vec(),
        joined: None,
        concatenation: Concatenation::Header,
        validity_seconds: 60,
        reference: 7,
    }
}

fn count(session: &mut Session, ended: &mut [u32; SUBMISSIONS as usize], deliveries: &mut usize) {
    while let Some(event) = session.next_event() {
        match event {
            Event::Submitted { token, .. } | Event::Refused { token, .. } | Event::Unanswered { token } => {
                ended[usize::try_from(token).expect("one of ours")] += 1;
            }
            Event::Delivery(_) => *deliveries += 1,
            Event::Bound | Event::AnswerSeen { .. } | Event::Malformed { .. } | Event::Closed(_) => {}
        }
    }
}
