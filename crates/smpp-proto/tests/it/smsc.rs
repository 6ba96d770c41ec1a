//! What the tests share: a session, the PDUs it wrote, and the PDUs an SMSC would write.

use std::time::Duration;

use bytes::BytesMut;
use rusmpp_core::CommandStatus;
use rusmpp_core::command::owned::Command;
use rusmpp_core::decode::owned::DecodeWithLength;
use rusmpp_core::encode::{Encode, Length};
use rusmpp_core::pdus::owned::{BindTransceiverResp, Pdu, SubmitSm, SubmitSmResp};
use rusmpp_core::types::owned::COctetString;
use smpp_proto::{BindRequest, Concatenation, Event, Joined, Mode, Party, Session, Submit, Timing, Version};

pub(crate) const RESPONSE: Duration = Duration::from_secs(10);
pub(crate) const ENQUIRE: Duration = Duration::from_secs(30);

pub(crate) fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

pub(crate) fn new_session(window: usize) -> Session {
    let bind = BindRequest {
        mode: Mode::Transceiver,
        version: Version::V34,
        system_id: "clinic",
        password: "secret",
        system_type: "",
    };
    let timing = Timing { window, rate_per_second: 1_000.0, response: RESPONSE, enquire: ENQUIRE };
    Session::new(&bind, timing).unwrap()
}

/// A session whose bind was accepted.
pub(crate) fn bound_session(window: usize) -> Session {
    let mut session = new_session(window);
    let bind = written(&mut session);
    assert!(matches!(bind[0].pdu(), Some(Pdu::BindTransceiver(_))));
    let answer = BindTransceiverResp::new(COctetString::null(), None);
    session.receive(&pdu(0, bind[0].sequence_number(), answer), Duration::ZERO);
    assert_eq!(events(&mut session), ["bound"]);
    session
}

/// The bytes of a PDU.
pub(crate) fn pdu(status: u32, sequence: u32, body: impl Into<Pdu>) -> Vec<u8> {
    let command = Command::new(CommandStatus::from(status), sequence, body);
    let mut bytes = vec![0; 4 + command.length()];
    let length = u32::try_from(bytes.len()).unwrap();
    bytes[..4].copy_from_slice(&length.to_be_bytes());
    command.encode(&mut bytes[4..]);
    bytes
}

/// The bytes of a PDU without a body that may have one.
pub(crate) fn bare(command: u32, status: u32, sequence: u32) -> Vec<u8> {
    [16, command, status, sequence].into_iter().flat_map(u32::to_be_bytes).collect()
}

pub(crate) fn taken(sequence: u32, message_id: &str) -> Vec<u8> {
    let id = COctetString::from_string(message_id.to_owned()).unwrap();
    pdu(0, sequence, SubmitSmResp::new(id, Vec::new()))
}

/// The PDUs that the session wrote since the last time.
pub(crate) fn written(session: &mut Session) -> Vec<Command> {
    let mut bytes = BytesMut::from(session.take_output().as_slice());
    let mut commands = Vec::new();
    while !bytes.is_empty() {
        let length = usize::try_from(u32::from_be_bytes(bytes[..4].try_into().unwrap())).unwrap();
        let mut one = bytes.split_to(length).split_off(4);
        commands.push(Command::decode(&mut one, length - 4).unwrap().0);
    }
    commands
}

/// The only PDU that the session wrote, as a submission.
pub(crate) fn submission(session: &mut Session) -> (u32, SubmitSm) {
    let commands = written(session);
    assert_eq!(commands.len(), 1);
    match commands[0].pdu() {
        Some(Pdu::SubmitSm(submit)) => (commands[0].sequence_number(), submit.clone()),
        _ => panic!("it wrote something else"),
    }
}

/// The events since the last time, in words.
pub(crate) fn events(session: &mut Session) -> Vec<String> {
    std::iter::from_fn(|| session.next_event())
        .map(|event| match event {
            Event::Bound => "bound".to_owned(),
            Event::Submitted { token, message_id } => {
                format!("{token} taken as {}", message_id.unwrap_or_default())
            }
            Event::Refused { token, status } => format!("{token} refused {status:#x}"),
            Event::Unanswered { token } => format!("{token} unanswered"),
            Event::Delivery(delivery) => format!("delivery {}", delivery.sequence),
            Event::AnswerSeen { sequence } => format!("seen {sequence}"),
            Event::Malformed { command } => format!("malformed {command:#x}"),
            Event::Closed(reason) => format!("closed: {reason}"),
        })
        .collect()
}

pub(crate) fn text(octets: &[u8]) -> Submit {
    let party = |address: &str| Party { ton: 1, address: address.to_owned() };
    Submit {
        source: party("14155550100"),
        destination: party("14155550177"),
        data_coding: 0,
        octets: octets.to_vec(),
        joined: None,
        concatenation: Concatenation::Header,
        validity_seconds: 60,
        reference: 0x1234,
    }
}

pub(crate) fn part(concatenation: Concatenation) -> Submit {
    Submit {
        joined: Some(Joined { reference: 0x1234, total: 2, number: 1 }),
        concatenation,
        ..text(b"hello")
    }
}
