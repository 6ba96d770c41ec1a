//! Bind, window, throttling, silence, deliveries and endings.

use std::time::Duration;

use rusmpp_core::pdus::owned::{DeliverSm, Pdu};
use rusmpp_core::tlvs::owned::TlvValue;
use rusmpp_core::types::owned::{COctetString, OctetString};
use rusmpp_core::values::{EsmClass, Ton};
use smpp_proto::{Concatenation, Delivered, Event, Hold, limits, status};

use crate::smsc::{
    ENQUIRE, RESPONSE, bare, bound_session, events, new_session, part, pdu, seconds, submission, taken, text,
    written,
};

const START: Duration = Duration::ZERO;
const DELIVER_SM: u32 = 0x05;
const SUBMIT_SM_RESP: u32 = 0x8000_0004;
const BIND_RESP: u32 = 0x8000_0009;
const GENERIC_NACK: u32 = 0x8000_0000;
const UNBIND: u32 = 0x06;

fn delivery(esm_class: u8, octets: &[u8]) -> DeliverSm {
    DeliverSm::builder()
        .source_addr_ton(Ton::International)
        .source_addr(COctetString::from_static_slice(b"14155550177\0").unwrap())
        .destination_addr(COctetString::from_static_slice(b"14155550100\0").unwrap())
        .esm_class(EsmClass::from(esm_class))
        .short_message(OctetString::from_slice(octets).unwrap())
        .build()
}

#[test]
fn a_refused_bind_ends_the_session() {
    for answer in [bare(BIND_RESP, 0x0D, 1), bare(GENERIC_NACK, 0x0D, 1)] {
        let mut session = new_session(1);
        session.receive(&answer, START);
        assert_eq!(events(&mut session), ["closed: the bind was refused with command status 0x0000000d"]);
        assert_eq!(session.next_deadline(), None);
    }
}

#[test]
fn a_bind_without_an_answer_ends_the_session() {
    let mut session = new_session(1);
    assert_eq!(session.next_deadline(), Some(RESPONSE));
    assert_eq!(session.ready(START), Err(Hold::NotBound));
    session.tick(RESPONSE);
    assert_eq!(events(&mut session), ["closed: the SMSC does not answer"]);
}

#[test]
fn the_window_closes_and_opens() {
    let mut session = bound_session(2);
    session.submit(&text(b"a"), 1, START).unwrap();
    let (first, _) = submission(&mut session);
    session.submit(&text(b"b"), 2, START).unwrap();
    assert_eq!(session.ready(START), Err(Hold::Window));
    session.receive(&taken(first, "x1"), START);
    assert_eq!(session.ready(START), Ok(()));
    assert_eq!(events(&mut session), ["1 taken as x1"]);
    assert_eq!(session.unanswered(), 1);
}

#[test]
fn throttling_pauses_and_refuses() {
    for code in [status::THROTTLED, status::QUEUE_FULL] {
        let mut session = bound_session(2);
        session.submit(&text(b"a"), 1, START).unwrap();
        let (sequence, _) = submission(&mut session);
        session.receive(&bare(SUBMIT_SM_RESP, code, sequence), START);
        assert_eq!(events(&mut session), [format!("1 refused {code:#x}")]);
        assert_eq!(session.ready(START), Err(Hold::Until(limits::THROTTLE_PAUSE)));
        assert_eq!(session.ready(limits::THROTTLE_PAUSE), Ok(()));
    }
}

#[test]
fn a_nack_refuses_a_submission_even_without_a_reason() {
    let mut session = bound_session(1);
    session.submit(&text(b"a"), 1, START).unwrap();
    let (sequence, _) = submission(&mut session);
    session.receive(&bare(GENERIC_NACK, 0, sequence), START);
    assert_eq!(events(&mut session), ["1 refused 0x64"]);
}

#[test]
fn what_is_unanswered_is_given_up_and_a_late_answer_changes_nothing() {
    let mut session = bound_session(2);
    session.submit(&text(b"a"), 1, START).unwrap();
    let (sequence, _) = submission(&mut session);
    assert_eq!(session.next_deadline(), Some(RESPONSE));
    session.tick(RESPONSE);
    assert_eq!(events(&mut session), ["1 unanswered"]);
    session.receive(&taken(sequence, "x1"), seconds(11));
    assert_eq!(events(&mut session), Vec::<String>::new());
}

#[test]
fn a_disconnect_leaves_the_whole_window_unanswered() {
    let mut session = bound_session(3);
    for token in 1..=3 {
        session.submit(&text(b"a"), token, START).unwrap();
    }
    session.disconnected();
    assert_eq!(
        events(&mut session),
        ["1 unanswered", "2 unanswered", "3 unanswered", "closed: the connection ended"]
    );
}

#[test]
fn silence_is_asked_about_and_then_ends_the_session() {
    let mut session = bound_session(1);
    assert_eq!(session.next_deadline(), Some(ENQUIRE));
    session.tick(ENQUIRE);
    let asked = written(&mut session);
    assert!(matches!(asked[0].pdu(), Some(Pdu::EnquireLink)));
    session.receive(&pdu(0, asked[0].sequence_number(), Pdu::EnquireLinkResp), seconds(31));
    assert_eq!(session.next_deadline(), Some(seconds(61)));
    session.tick(seconds(61));
    session.tick(seconds(71));
    assert_eq!(events(&mut session), ["closed: the SMSC does not answer"]);
}

#[test]
fn an_enquiry_of_the_smsc_is_answered() {
    let mut session = bound_session(1);
    session.receive(&pdu(0, 77, Pdu::EnquireLink), START);
    let answer = written(&mut session);
    assert!(matches!(answer[0].pdu(), Some(Pdu::EnquireLinkResp)));
    assert_eq!(answer[0].sequence_number(), 77);
}

#[test]
fn both_sides_may_unbind() {
    let mut session = bound_session(1);
    session.receive(&bare(UNBIND, 0, 9), START);
    assert!(matches!(written(&mut session)[0].pdu(), Some(Pdu::UnbindResp)));
    assert_eq!(events(&mut session), ["closed: the SMSC unbound"]);

    let mut session = bound_session(1);
    session.unbind(START);
    let sequence = written(&mut session)[0].sequence_number();
    session.receive(&pdu(0, sequence, Pdu::UnbindResp), START);
    assert_eq!(events(&mut session), ["closed: unbound"]);
}

#[test]
fn deliveries_are_answered_once_and_only_when_told_to() {
    let mut session = bound_session(1);
    session.receive(&pdu(0, 5, delivery(0, b"hi")), START);
    assert!(session.take_output().is_empty());
    assert_eq!(events(&mut session), ["delivery 5"]);
    session.answer(5, status::OK, START);
    session.answer(5, status::TEMPORARY_FAILURE, START);
    let answers = written(&mut session);
    assert_eq!(answers.len(), 1);
    assert_eq!(u32::from(answers[0].status()), status::OK);
}

#[test]
fn an_answer_is_seen_when_something_later_is_answered() {
    let mut session = bound_session(2);
    session.submit(&text(b"a"), 1, START).unwrap();
    let (earlier, _) = submission(&mut session);
    session.receive(&pdu(0, 5, delivery(0, b"hi")), START);
    session.answer(5, status::OK, START);
    session.receive(&taken(earlier, "x1"), START);
    assert_eq!(events(&mut session), ["delivery 5", "1 taken as x1"]);
    session.submit(&text(b"b"), 2, START).unwrap();
    written(&mut session);
    session.receive(&taken(earlier + 1, "x2"), START);
    assert_eq!(events(&mut session), ["seen 5", "2 taken as x2"]);
}

#[test]
fn a_busy_smsc_is_asked_too_whether_it_has_seen_an_answer() {
    let mut session = bound_session(1);
    session.receive(&pdu(0, 5, delivery(0, b"hi")), START);
    session.answer(5, status::OK, START);
    written(&mut session);
    session.receive(&pdu(0, 77, Pdu::EnquireLink), seconds(29));
    written(&mut session);
    assert_eq!(session.next_deadline(), Some(ENQUIRE));
    session.tick(ENQUIRE);
    let asked = written(&mut session);
    session.receive(&pdu(0, asked[0].sequence_number(), Pdu::EnquireLinkResp), seconds(31));
    assert_eq!(events(&mut session), ["delivery 5", "seen 5"]);
}

#[test]
fn a_delivery_given_again_before_its_answer_is_answered_once() {
    let mut session = bound_session(1);
    session.receive(&pdu(0, 5, delivery(0, b"hi")), START);
    session.receive(&pdu(0, 5, delivery(0, b"hi")), START);
    assert_eq!(events(&mut session), ["delivery 5"]);
    session.answer(5, status::OK, START);
    assert_eq!(written(&mut session).len(), 1);
}

#[test]
fn too_many_unanswered_deliveries_are_throttled() {
    let mut session = bound_session(1);
    let most = u32::try_from(limits::UNANSWERED_DELIVERIES).unwrap();
    for sequence in 1..=most + 1 {
        session.receive(&pdu(0, sequence, delivery(0, b"hi")), START);
    }
    assert_eq!(events(&mut session).len(), limits::UNANSWERED_DELIVERIES);
    let answers = written(&mut session);
    assert_eq!(answers.len(), 1);
    assert_eq!(u32::from(answers[0].status()), status::THROTTLED);
}

#[test]
fn broken_deliveries_are_refused_and_the_session_goes_on() {
    let mut session = bound_session(1);
    session.receive(&bare(DELIVER_SM, 0, 5), START);
    session.receive(&pdu(0, 6, delivery(0x40, &[9, 0, 3, 1])), START);
    session.receive(&bare(0x77, 0, 7), START);
    assert_eq!(events(&mut session), ["malformed 0x5", "malformed 0x5", "malformed 0x77"]);
    let statuses: Vec<u32> = written(&mut session).iter().map(|command| command.status().into()).collect();
    assert_eq!(statuses, [status::INVALID_LENGTH, status::PERMANENT_FAILURE, status::INVALID_COMMAND]);
    assert_eq!(session.ready(START), Ok(()));
}

#[test]
fn impossible_lengths_end_the_session() {
    for length in [0_u32, 15, 16_385, u32::MAX] {
        let mut session = bound_session(1);
        session.receive(&length.to_be_bytes(), START);
        assert_eq!(events(&mut session), ["closed: the peer sent a PDU of impossible length"], "{length}");
    }
}

#[test]
fn pdus_may_come_octet_by_octet() {
    let mut session = bound_session(1);
    for octet in pdu(0, 5, delivery(0, b"hi")) {
        session.receive(&[octet], START);
    }
    assert_eq!(events(&mut session), ["delivery 5"]);
}

#[test]
fn receipts_and_parts_are_told_apart() {
    let mut session = bound_session(1);
    session.receive(&pdu(0, 5, delivery(0x04, b"id:x1 stat:DELIVRD err:000")), START);
    session.receive(&pdu(0, 6, delivery(0x40, &[5, 0, 3, 9, 2, 1, b'h'])), START);
    session.receive(&pdu(0, 7, delivery(0x08, b"")), START);
    let mut deliveries = std::iter::from_fn(|| session.next_event()).map(|event| match event {
        Event::Delivery(delivery) => delivery.delivered,
        _ => panic!("another event"),
    });
    assert!(
        matches!(deliveries.next(), Some(Delivered::Receipt(receipt)) if receipt.notice.message_id == "x1")
    );
    match deliveries.next() {
        Some(Delivered::Message(part)) => {
            assert_eq!(part.octets, b"h");
            assert_eq!(
                part.joined.map(|joined| (joined.reference, joined.total, joined.number)),
                Some((9, 2, 1))
            );
        }
        _ => panic!("another delivery"),
    }
    assert!(matches!(deliveries.next(), Some(Delivered::Other)));
}

#[test]
fn parts_are_joined_by_header_or_by_tlvs() {
    let mut session = bound_session(2);
    session.submit(&part(Concatenation::Header), 1, START).unwrap();
    let (_, submit) = submission(&mut session);
    assert_eq!(u8::from(submit.esm_class), 0x40);
    assert_eq!(submit.short_message().as_ref(), b"\x05\x00\x03\x34\x02\x01hello");
    assert_eq!(submit.tlvs().len(), 1);

    session.submit(&part(Concatenation::Sar), 2, START).unwrap();
    let (_, submit) = submission(&mut session);
    assert_eq!(u8::from(submit.esm_class), 0);
    assert_eq!(submit.short_message().as_ref(), b"hello");
    let values: Vec<_> = submit.tlvs().iter().filter_map(|tlv| tlv.value().cloned()).collect();
    assert_eq!(
        values[1..],
        [TlvValue::SarMsgRefNum(0x1234), TlvValue::SarTotalSegments(2), TlvValue::SarSegmentSeqnum(1)]
    );
}

#[test]
fn what_no_pdu_can_hold_is_not_written() {
    let mut session = bound_session(1);
    assert!(session.submit(&text(&[b'a'; 255]), 1, START).is_err());
    assert!(session.take_output().is_empty());
    assert_eq!(session.ready(START), Ok(()));
}
