//! The other side of a connection: an SMSC, as far as a simulated one needs it.
//!
//! It answers what it is told to answer, so a test or a simulator decides how it behaves. Silence is its
//! user's business: it has no deadlines.

use std::collections::{HashMap, VecDeque};

use rusmpp_core::CommandId;
use rusmpp_core::pdus::owned::{
    BindReceiverResp, BindTransceiverResp, BindTransmitterResp, DeliverSm, Pdu, SubmitSm, SubmitSmResp,
};
use rusmpp_core::tlvs::owned::{MessageDeliveryRequestTlvValue as Tlv, TlvValue};
use rusmpp_core::types::owned::{AnyOctetString, COctetString, OctetString};
use rusmpp_core::values::owned::MessagePayload;
use rusmpp_core::values::{DataCoding, EsmClass, InterfaceVersion, MessageState, Ton};

use crate::delivery::{BrokenHeader, Extras, Joined, Party, RECEIPT};
use crate::limits::{LAST_SEQUENCE, SHORT_MESSAGE_BYTES};
use crate::session::Mode;
use crate::submit::{InvalidSubmit, npi, text};
use crate::wire::{self, ANSWER_BIT, Incoming, NotSmpp, Stream};
use crate::{State, status};

/// The bits of `registered_delivery` that ask for a receipt of success (SMPP 3.4 §5.2.17).
const RECEIPT_BITS: u8 = 0b0000_0011;
const RECEIPT_WANTED: u8 = 0b0000_0001;

/// What a connected system does.
pub enum SmscEvent {
    /// It wants to be bound; it waits for [`SmscSession::accept`] or [`SmscSession::refuse_bind`].
    Bind(Binding),
    /// It submits; it waits for [`SmscSession::take`] or [`SmscSession::refuse`].
    Submit(Submitted),
    /// It has answered a delivery with this command status.
    Answered {
        /// The one given to [`SmscSession::deliver`].
        token: u64,
        /// The command status.
        status: u32,
    },
    /// It is there.
    Alive,
    /// A PDU of this command could not be read, or may not come now, and was refused.
    Malformed {
        /// The command id.
        command: u32,
    },
    /// It says that it could not read a PDU of ours.
    Nack {
        /// The command status.
        status: u32,
    },
    /// It unbound, or sent what is no SMPP.
    Closed,
}

/// Who wants to be bound. Holds the password: no `Debug`.
pub struct Binding {
    /// Names it when it is answered.
    pub sequence: u32,
    /// What for.
    pub mode: Mode,
    /// Its name.
    pub system_id: String,
    /// Its password.
    pub password: String,
}

/// A `submit_sm` that waits for an answer. Open text: no `Debug`.
#[derive(Clone)]
pub struct Submitted {
    /// Names it when it is answered.
    pub sequence: u32,
    /// The sender.
    pub source: Party,
    /// The recipient.
    pub destination: Party,
    /// How the text is written.
    pub data_coding: u8,
    /// What kind of message it is, and whether a header stands before the text.
    pub esm_class: u8,
    /// The text, with its header.
    pub octets: Vec<u8>,
    /// The text, without its header.
    pub text: Vec<u8>,
    /// Which part it is; `None` for a whole message.
    pub joined: Option<Joined>,
    /// Whether the text stood in `message_payload`.
    pub is_payload: bool,
    /// Whether a receipt is wanted.
    pub wants_receipt: bool,
    /// `user_message_reference`.
    pub reference: Option<u16>,
}

/// What is delivered to a system. Open text: no `Debug`.
#[derive(Clone)]
pub struct Deliver {
    /// The sender.
    pub source: Party,
    /// The recipient.
    pub destination: Party,
    /// How the text is written.
    pub data_coding: u8,
    /// What kind of message it is, and whether a header stands before the text.
    pub esm_class: u8,
    /// The text, with its header. What `short_message` cannot hold goes in `message_payload`.
    pub octets: Vec<u8>,
    /// Which part it is, when TLVs are to say it.
    pub sar: Option<Joined>,
    /// Which message it is a receipt of, and what became of that.
    pub receipt: Option<(String, State)>,
}

/// One connection of a simulated SMSC.
#[derive(Default)]
pub struct SmscSession {
    mode: Option<Mode>,
    is_closed: bool,
    input: Stream,
    output: Vec<u8>,
    events: VecDeque<SmscEvent>,
    sequence: u32,
    binding: HashMap<u32, Mode>,
    pending: HashMap<u32, u64>,
}

impl SmscSession {
    /// Takes bytes from the connection.
    pub fn receive(&mut self, bytes: &[u8]) {
        self.input.push(bytes);
        while !self.is_closed {
            match self.input.next() {
                Ok(None) => return,
                Ok(Some(incoming)) => self.handle(incoming),
                Err(NotSmpp) => self.close(),
            }
        }
    }

    /// Binds a system.
    pub fn accept(&mut self, sequence: u32, system_id: &str) {
        let Some(mode) = self.binding.remove(&sequence) else { return };
        self.mode = Some(mode);
        self.answer_bind(mode, status::OK, sequence, system_id);
    }

    /// Refuses a bind with a command status.
    pub fn refuse_bind(&mut self, sequence: u32, command_status: u32) {
        if let Some(mode) = self.binding.remove(&sequence) {
            self.answer_bind(mode, command_status, sequence, "");
        }
    }

    /// Takes a submission, under this name.
    pub fn take(&mut self, sequence: u32, message_id: &str) {
        let id = COctetString::from_string(message_id.to_owned()).unwrap_or_default();
        wire::write(&mut self.output, status::OK, sequence, SubmitSmResp::new(id, Vec::new()));
    }

    /// Refuses a submission with a command status.
    pub fn refuse(&mut self, sequence: u32, command_status: u32) {
        let answer = SubmitSmResp::new(COctetString::null(), Vec::new());
        wire::write(&mut self.output, command_status, sequence, answer);
    }

    /// Delivers something; `token` names it in [`SmscEvent::Answered`].
    ///
    /// # Errors
    /// [`InvalidSubmit`] when no PDU can hold it; nothing was written.
    pub fn deliver(&mut self, deliver: &Deliver, token: u64) -> Result<(), InvalidSubmit> {
        let pdu = to_pdu(deliver)?;
        let sequence = self.next_sequence();
        self.pending.insert(sequence, token);
        wire::write(&mut self.output, status::OK, sequence, pdu);
        Ok(())
    }

    /// Asks whether the system is there.
    pub fn enquire(&mut self) {
        let sequence = self.next_sequence();
        wire::write(&mut self.output, status::OK, sequence, Pdu::EnquireLink);
    }

    /// What the system is bound for; `None` when it is not.
    pub fn mode(&self) -> Option<Mode> {
        self.mode
    }

    /// What is to be written to the connection.
    pub fn take_output(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.output)
    }

    /// What happened next.
    pub fn next_event(&mut self) -> Option<SmscEvent> {
        self.events.pop_front()
    }

    fn handle(&mut self, incoming: Incoming) {
        let Incoming { command, status: command_status, sequence, pdu, .. } = incoming;
        let bind = |mode, system_id: &str, password: &str| {
            SmscEvent::Bind(Binding {
                sequence,
                mode,
                system_id: system_id.to_owned(),
                password: password.to_owned(),
            })
        };
        let event = match (CommandId::from(command), pdu) {
            (_, Some(Pdu::BindTransceiver(asked))) => {
                bind(Mode::Transceiver, asked.system_id.as_str(), asked.password.as_str())
            }
            (_, Some(Pdu::BindTransmitter(asked))) => {
                bind(Mode::Transmitter, asked.system_id.as_str(), asked.password.as_str())
            }
            (_, Some(Pdu::BindReceiver(asked))) => {
                bind(Mode::Receiver, asked.system_id.as_str(), asked.password.as_str())
            }
            (_, Some(Pdu::SubmitSm(submit))) => match (self.mode, submitted(sequence, &submit)) {
                (Some(Mode::Transceiver | Mode::Transmitter), Ok(submitted)) => SmscEvent::Submit(submitted),
                (Some(Mode::Transceiver | Mode::Transmitter), Err(BrokenHeader)) => {
                    return self.refuse(sequence, status::INVALID_ESM_CLASS);
                }
                (Some(Mode::Receiver) | None, _) => return self.refuse(sequence, status::NOT_BOUND),
            },
            (CommandId::DeliverSmResp, _) => match self.pending.remove(&sequence) {
                Some(token) => SmscEvent::Answered { token, status: command_status },
                None => return,
            },
            (CommandId::EnquireLink, _) => {
                return wire::write(&mut self.output, status::OK, sequence, Pdu::EnquireLinkResp);
            }
            (CommandId::EnquireLinkResp, _) => SmscEvent::Alive,
            (CommandId::GenericNack, _) => SmscEvent::Nack { status: command_status },
            (CommandId::Unbind, _) => {
                wire::write(&mut self.output, status::OK, sequence, Pdu::UnbindResp);
                return self.close();
            }
            _ if command & ANSWER_BIT != 0 => return,
            _ => {
                wire::write(&mut self.output, status::INVALID_COMMAND, sequence, Pdu::GenericNack);
                SmscEvent::Malformed { command }
            }
        };
        if let SmscEvent::Bind(asked) = &event {
            self.binding.insert(asked.sequence, asked.mode);
        }
        self.events.push_back(event);
    }

    fn answer_bind(&mut self, mode: Mode, command_status: u32, sequence: u32, system_id: &str) {
        let id = text::<16>(system_id).unwrap_or_default();
        let version = Some(InterfaceVersion::Smpp3_4);
        let pdu: Pdu = match mode {
            Mode::Transceiver => BindTransceiverResp::new(id, version).into(),
            Mode::Transmitter => BindTransmitterResp::new(id, version).into(),
            Mode::Receiver => BindReceiverResp::new(id, version).into(),
        };
        wire::write(&mut self.output, command_status, sequence, pdu);
    }

    fn close(&mut self) {
        self.is_closed = true;
        self.mode = None;
        self.events.push_back(SmscEvent::Closed);
    }

    fn next_sequence(&mut self) -> u32 {
        self.sequence = if self.sequence >= LAST_SEQUENCE { 1 } else { self.sequence + 1 };
        self.sequence
    }
}

fn submitted(sequence: u32, pdu: &SubmitSm) -> Result<Submitted, BrokenHeader> {
    let esm_class = u8::from(pdu.esm_class);
    let extras = Extras::of(pdu.tlvs());
    let octets: &[u8] = extras.payload.unwrap_or_else(|| pdu.short_message().as_ref());
    let (joined, text) = extras.split(esm_class, octets)?;
    let reference = pdu.tlvs().iter().find_map(|tlv| match tlv.value() {
        Some(TlvValue::UserMessageReference(reference)) => Some(reference.value),
        _ => None,
    });
    Ok(Submitted {
        sequence,
        source: Party { ton: u8::from(pdu.source_addr_ton), address: pdu.source_addr.as_str().to_owned() },
        destination: Party {
            ton: u8::from(pdu.dest_addr_ton),
            address: pdu.destination_addr.as_str().to_owned(),
        },
        data_coding: u8::from(pdu.data_coding),
        esm_class,
        octets: octets.to_vec(),
        text: text.to_vec(),
        joined,
        is_payload: extras.payload.is_some(),
        wants_receipt: u8::from(pdu.registered_delivery) & RECEIPT_BITS == RECEIPT_WANTED,
        reference,
    })
}

fn to_pdu(deliver: &Deliver) -> Result<DeliverSm, InvalidSubmit> {
    let mut tlvs = Vec::new();
    if let Some(joined) = deliver.sar {
        tlvs.extend([
            Tlv::SarMsgRefNum(joined.reference),
            Tlv::SarTotalSegments(joined.total),
            Tlv::SarSegmentSeqnum(joined.number),
        ]);
    }
    let mut esm_class = deliver.esm_class;
    if let Some((id, state)) = &deliver.receipt {
        esm_class |= RECEIPT;
        let id = COctetString::from_string(id.clone()).map_err(|_| InvalidSubmit)?;
        tlvs.extend([Tlv::ReceiptedMessageId(id), Tlv::MessageState(MessageState::from(state.code()))]);
    }
    let mut short_message = deliver.octets.clone();
    if short_message.len() > SHORT_MESSAGE_BYTES {
        let payload = AnyOctetString::from_vec(std::mem::take(&mut short_message));
        tlvs.push(Tlv::MessagePayload(MessagePayload::new(payload)));
    }
    Ok(DeliverSm::builder()
        .source_addr_ton(Ton::from(deliver.source.ton))
        .source_addr_npi(npi(&deliver.source))
        .source_addr(text(&deliver.source.address)?)
        .dest_addr_ton(Ton::from(deliver.destination.ton))
        .dest_addr_npi(npi(&deliver.destination))
        .destination_addr(text(&deliver.destination.address)?)
        .esm_class(EsmClass::from(esm_class))
        .data_coding(DataCoding::from(deliver.data_coding))
        .short_message(OctetString::from_vec(short_message).map_err(|_| InvalidSubmit)?)
        .tlvs(tlvs)
        .build())
}
