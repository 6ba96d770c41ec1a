//! One bound connection: what was asked, what is answered, and when silence is a fault.

use std::collections::{HashMap, HashSet, VecDeque};
use std::fmt;
use std::time::Duration;

use rusmpp_core::CommandId;
use rusmpp_core::pdus::owned::{BindReceiver, BindTransceiver, BindTransmitter, DeliverSmResp, Pdu};
use rusmpp_core::types::owned::COctetString;
use rusmpp_core::values::{InterfaceVersion, Npi, Ton};

use crate::delivery::{self, Delivery};
use crate::limits::{LAST_SEQUENCE, THROTTLE_PAUSE, UNANSWERED_DELIVERIES, UNSEEN_ANSWERS, WINDOW};
use crate::pace::Bucket;
use crate::status;
use crate::submit::{self, InvalidSubmit, Submit};
use crate::wire::{self, ANSWER_BIT, Incoming, NotSmpp, Stream};

/// The sequence number of the bind, the first request of a session.
const BIND_SEQUENCE: u32 = 1;

/// What a session may be used for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Both ways.
    Transceiver,
    /// Submitting only.
    Transmitter,
    /// Deliveries only.
    Receiver,
}

/// The protocol's version.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Version {
    /// 3.4.
    V34,
    /// 5.0.
    V50,
}

/// Who binds, as what. Holds the password: no `Debug`.
pub struct BindRequest<'a> {
    /// What for.
    pub mode: Mode,
    /// The protocol's version.
    pub version: Version,
    /// Our name: at most 15 characters.
    pub system_id: &'a str,
    /// The password: at most 8 characters.
    pub password: &'a str,
    /// What kind of system we are: at most 12 characters, usually none.
    pub system_type: &'a str,
}

/// A name or password that a bind cannot hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InvalidBind;

impl fmt::Display for InvalidBind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(
            "system_id has at most 15 characters, password 8 and system_type 12, all of them ASCII (SMPP 3.4 §4.1.1)",
        )
    }
}

impl std::error::Error for InvalidBind {}

/// The session's limits.
#[derive(Clone, Copy, Debug)]
pub struct Timing {
    /// Requests that may wait for an answer at a time.
    pub window: usize,
    /// Messages a second.
    pub rate_per_second: f64,
    /// How long an answer may take.
    pub response: Duration,
    /// After how much silence the SMSC is asked whether it is there.
    pub enquire: Duration,
}

/// What happened.
pub enum Event {
    /// The SMSC has accepted the bind.
    Bound,
    /// The SMSC has taken a message; `message_id` is its name there, when it gave one.
    Submitted {
        /// The one given to [`Session::submit`].
        token: u64,
        /// The SMSC's name of the message.
        message_id: Option<String>,
    },
    /// The SMSC has refused a message.
    Refused {
        /// The one given to [`Session::submit`].
        token: u64,
        /// Why: a command status.
        status: u32,
    },
    /// There was no answer: the message was taken or not.
    Unanswered {
        /// The one given to [`Session::submit`].
        token: u64,
    },
    /// Something came; it wants [`Session::answer`].
    Delivery(Delivery),
    /// The SMSC has seen our answer to this delivery: it answered something that we wrote later.
    AnswerSeen {
        /// The one of [`Delivery`].
        sequence: u32,
    },
    /// A PDU of this command could not be read and was refused.
    Malformed {
        /// The command id.
        command: u32,
    },
    /// The session is over; the connection is to be closed once the output is written.
    Closed(CloseReason),
}

/// Why a session is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CloseReason {
    /// The SMSC refused the bind with this command status.
    BindRefused(u32),
    /// The SMSC did not answer the bind, or whether it is there.
    Silent,
    /// What came is no SMPP: the length of a PDU is impossible.
    NotSmpp,
    /// The SMSC unbound.
    UnboundByPeer,
    /// We unbound.
    Unbound,
    /// The connection ended.
    Disconnected,
}

impl fmt::Display for CloseReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::BindRefused(status) => write!(f, "the bind was refused with command status {status:#010x}"),
            Self::Silent => f.write_str("the SMSC does not answer"),
            Self::NotSmpp => f.write_str("the peer sent a PDU of impossible length"),
            Self::UnboundByPeer => f.write_str("the SMSC unbound"),
            Self::Unbound => f.write_str("unbound"),
            Self::Disconnected => f.write_str("the connection ended"),
        }
    }
}

/// Why nothing can be submitted now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hold {
    /// Not bound, not for submitting, or closed.
    NotBound,
    /// As many requests are unanswered as may be.
    Window,
    /// Too fast, or the SMSC asked for a pause: try again at this instant.
    Until(Duration),
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Binding { deadline: Duration },
    Bound,
    Unbinding { deadline: Duration },
    Closed,
}

/// A submission without an answer.
struct Pending {
    token: u64,
    /// Which request it was, counted from 1.
    request: u64,
}

/// An answer to a delivery that the SMSC may not have seen.
struct Unseen {
    sequence: u32,
    /// How many requests were written before it.
    after: u64,
    written_at: Duration,
}

/// A question whether the SMSC is there.
#[derive(Default)]
struct Asked {
    sequence: u32,
    request: u64,
    at: Duration,
}

/// The state machine of one connection. Instants are the time since the connection was made.
pub struct Session {
    mode: Mode,
    timing: Timing,
    state: State,
    input: Stream,
    output: Vec<u8>,
    events: VecDeque<Event>,
    sequence: u32,
    /// How many requests were written.
    requests: u64,
    /// Submissions without an answer, by sequence number.
    pending: HashMap<u32, Pending>,
    /// When they are given up, in order; those that were answered meanwhile are passed over.
    expiries: VecDeque<(Duration, u32)>,
    deliveries: HashSet<u32>,
    /// Answers to deliveries that the SMSC may not have seen, oldest first.
    unseen: VecDeque<Unseen>,
    heard_at: Duration,
    /// When something must have been heard after the question whether the SMSC is there.
    enquiry: Option<Duration>,
    /// The last such question, answered or not.
    asked: Asked,
    bucket: Bucket,
    paused_until: Duration,
}

impl Session {
    /// A session that asks to be bound: the first output is the bind.
    ///
    /// # Errors
    /// [`InvalidBind`] when a field is too long.
    pub fn new(bind: &BindRequest<'_>, timing: Timing) -> Result<Self, InvalidBind> {
        let window = timing.window.clamp(1, WINDOW);
        let mut session = Self {
            mode: bind.mode,
            timing: Timing { window, ..timing },
            state: State::Binding { deadline: timing.response },
            input: Stream::default(),
            output: Vec::new(),
            events: VecDeque::new(),
            sequence: BIND_SEQUENCE,
            requests: 1,
            pending: HashMap::new(),
            expiries: VecDeque::new(),
            deliveries: HashSet::new(),
            unseen: VecDeque::new(),
            heard_at: Duration::ZERO,
            enquiry: None,
            asked: Asked::default(),
            bucket: Bucket::new(timing.rate_per_second),
            paused_until: Duration::ZERO,
        };
        session.write(status::OK, BIND_SEQUENCE, bind_pdu(bind)?);
        Ok(session)
    }

    /// Takes bytes from the connection.
    pub fn receive(&mut self, bytes: &[u8], now: Duration) {
        if self.state == State::Closed {
            return;
        }
        self.input.push(bytes);
        while self.state != State::Closed {
            match self.input.next() {
                Ok(None) => return,
                Ok(Some(incoming)) => {
                    // Whatever it says shows that it is there.
                    self.heard_at = now;
                    self.enquiry = None;
                    self.handle(incoming, now);
                }
                Err(NotSmpp) => self.close(CloseReason::NotSmpp),
            }
        }
    }

    /// Does what is due.
    pub fn tick(&mut self, now: Duration) {
        match self.state {
            State::Closed => return,
            State::Binding { deadline } if deadline <= now => return self.close(CloseReason::Silent),
            State::Unbinding { deadline } if deadline <= now => return self.close(CloseReason::Unbound),
            State::Binding { .. } | State::Unbinding { .. } | State::Bound => {}
        }
        while let Some(&(deadline, sequence)) = self.expiries.front()
            && (deadline <= now || !self.pending.contains_key(&sequence))
        {
            self.expiries.pop_front();
            if let Some(Pending { token, .. }) = self.pending.remove(&sequence) {
                self.events.push_back(Event::Unanswered { token });
            }
        }
        match self.enquiry {
            Some(deadline) if deadline <= now => self.close(CloseReason::Silent),
            None if self.state == State::Bound && self.enquire_at() <= now => {
                let sequence = self.next_request();
                self.enquiry = Some(now + self.timing.response);
                self.asked = Asked { sequence, request: self.requests, at: now };
                self.write(status::OK, sequence, Pdu::EnquireLink);
            }
            _ => {}
        }
    }

    /// Whether a message can be submitted now.
    ///
    /// # Errors
    /// [`Hold`]: why not.
    pub fn ready(&self, now: Duration) -> Result<(), Hold> {
        if self.state != State::Bound || self.mode == Mode::Receiver {
            return Err(Hold::NotBound);
        }
        if self.pending.len() >= self.timing.window {
            return Err(Hold::Window);
        }
        let free_at = self.paused_until.max(now + self.bucket.wait(now));
        if free_at > now { Err(Hold::Until(free_at)) } else { Ok(()) }
    }

    /// Submits one part; `token` names it in the event that tells how it went. Call it when
    /// [`Session::ready`] says so.
    ///
    /// # Errors
    /// [`InvalidSubmit`] when no PDU can hold it; nothing was written.
    pub fn submit(&mut self, part: &Submit, token: u64, now: Duration) -> Result<(), InvalidSubmit> {
        let pdu = part.to_pdu()?;
        let sequence = self.next_request();
        self.bucket.take(now);
        self.pending.insert(sequence, Pending { token, request: self.requests });
        self.expiries.push_back((now + self.timing.response, sequence));
        self.write(status::OK, sequence, pdu);
        Ok(())
    }

    /// Answers a delivery with a command status. Only the first answer is sent.
    pub fn answer(&mut self, sequence: u32, command_status: u32, now: Duration) {
        if self.deliveries.remove(&sequence) && self.state != State::Closed {
            self.write(command_status, sequence, delivered());
            self.unseen.push_back(Unseen { sequence, after: self.requests, written_at: now });
            if self.unseen.len() > UNSEEN_ANSWERS {
                self.unseen.pop_front();
            }
        }
    }

    /// Ends the session in good order: nothing more is submitted, and the SMSC is told.
    pub fn unbind(&mut self, now: Duration) {
        match self.state {
            State::Bound => {
                let sequence = self.next_request();
                self.state = State::Unbinding { deadline: now + self.timing.response };
                self.write(status::OK, sequence, Pdu::Unbind);
            }
            State::Binding { .. } => self.close(CloseReason::Unbound),
            State::Unbinding { .. } | State::Closed => {}
        }
    }

    /// The connection ended: what is unanswered stays so.
    pub fn disconnected(&mut self) {
        if self.state != State::Closed {
            self.close(CloseReason::Disconnected);
        }
    }

    /// What is to be written to the connection.
    pub fn take_output(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.output)
    }

    /// What happened next.
    pub fn next_event(&mut self) -> Option<Event> {
        self.events.pop_front()
    }

    /// When [`Session::tick`] is due.
    pub fn next_deadline(&self) -> Option<Duration> {
        let own = match self.state {
            State::Binding { deadline } | State::Unbinding { deadline } => Some(deadline),
            State::Bound => Some(self.enquiry.unwrap_or_else(|| self.enquire_at())),
            State::Closed => return None,
        };
        let first = self.expiries.iter().find(|(_, sequence)| self.pending.contains_key(sequence));
        own.into_iter().chain(first.map(|(deadline, _)| *deadline)).min()
    }

    /// How many submissions have no answer yet.
    pub fn unanswered(&self) -> usize {
        self.pending.len()
    }

    /// After a silence, and when there is an answer of which the SMSC has not shown that it has seen it.
    fn enquire_at(&self) -> Duration {
        let unseen = self.unseen.front().map(|answer| answer.written_at.max(self.asked.at));
        unseen.map_or(self.heard_at, |at| at.min(self.heard_at)) + self.timing.enquire
    }

    /// The SMSC has answered a request: it has read everything that was written before.
    fn has_read_up_to(&mut self, request: u64) {
        while let Some(answer) = self.unseen.front()
            && answer.after < request
        {
            self.events.push_back(Event::AnswerSeen { sequence: answer.sequence });
            self.unseen.pop_front();
        }
    }

    fn handle(&mut self, incoming: Incoming, now: Duration) {
        let Incoming { command, status: command_status, sequence, body, pdu } = incoming;
        match CommandId::from(command) {
            CommandId::BindTransceiverResp | CommandId::BindTransmitterResp | CommandId::BindReceiverResp => {
                self.bound(sequence, command_status);
            }
            CommandId::SubmitSmResp => {
                let message_id = match &pdu {
                    Some(Pdu::SubmitSmResp(answer)) => Some(answer.message_id().as_str().to_owned()),
                    _ => None,
                };
                self.submitted(sequence, command_status, message_id.filter(|id| !id.is_empty()), now);
            }
            CommandId::GenericNack if sequence == BIND_SEQUENCE => {
                self.bound(sequence, refusal(command_status))
            }
            CommandId::GenericNack => self.submitted(sequence, refusal(command_status), None, now),
            CommandId::EnquireLink => self.write(status::OK, sequence, Pdu::EnquireLinkResp),
            CommandId::EnquireLinkResp if sequence == self.asked.sequence => {
                self.has_read_up_to(self.asked.request);
            }
            CommandId::Unbind => {
                self.write(status::OK, sequence, Pdu::UnbindResp);
                self.close(CloseReason::UnboundByPeer);
            }
            CommandId::UnbindResp => {
                if matches!(self.state, State::Unbinding { .. }) {
                    self.has_read_up_to(self.requests);
                }
                self.close(CloseReason::Unbound);
            }
            CommandId::DeliverSm => match pdu {
                Some(Pdu::DeliverSm(delivered)) => {
                    self.delivered(sequence, body.to_vec(), delivery::read(&delivered));
                }
                _ => self.malformed(command, sequence, status::INVALID_LENGTH),
            },
            CommandId::AlertNotification | CommandId::Outbind => {}
            // A request that we do not know; an answer that we do not know was not asked for.
            _ if command & ANSWER_BIT == 0 => self.malformed(command, sequence, status::INVALID_COMMAND),
            _ => {}
        }
    }

    fn bound(&mut self, sequence: u32, command_status: u32) {
        if !matches!(self.state, State::Binding { .. }) || sequence != BIND_SEQUENCE {
            return;
        }
        if command_status == status::OK {
            self.state = State::Bound;
            self.events.push_back(Event::Bound);
        } else {
            self.close(CloseReason::BindRefused(command_status));
        }
    }

    fn submitted(&mut self, sequence: u32, command_status: u32, message_id: Option<String>, now: Duration) {
        let Some(Pending { token, request }) = self.pending.remove(&sequence) else { return };
        self.has_read_up_to(request);
        if matches!(command_status, status::THROTTLED | status::QUEUE_FULL) {
            self.paused_until = now + THROTTLE_PAUSE;
        }
        self.events.push_back(if command_status == status::OK {
            Event::Submitted { token, message_id }
        } else {
            Event::Refused { token, status: command_status }
        });
    }

    fn delivered(
        &mut self,
        sequence: u32,
        body: Vec<u8>,
        read: Result<delivery::Delivered, delivery::BrokenHeader>,
    ) {
        // Given again before it was answered: one answer is for both.
        if self.deliveries.contains(&sequence) {
            return;
        }
        let refused = match read {
            _ if !matches!(self.state, State::Bound | State::Unbinding { .. }) => status::NOT_BOUND,
            _ if self.deliveries.len() >= UNANSWERED_DELIVERIES => status::THROTTLED,
            Err(delivery::BrokenHeader) => {
                self.events.push_back(Event::Malformed { command: CommandId::DeliverSm.into() });
                status::PERMANENT_FAILURE
            }
            Ok(delivered) => {
                self.deliveries.insert(sequence);
                return self.events.push_back(Event::Delivery(Delivery { sequence, body, delivered }));
            }
        };
        self.write(refused, sequence, delivered());
    }

    fn malformed(&mut self, command: u32, sequence: u32, command_status: u32) {
        self.events.push_back(Event::Malformed { command });
        self.write(command_status, sequence, Pdu::GenericNack);
    }

    fn close(&mut self, reason: CloseReason) {
        self.state = State::Closed;
        let mut unanswered: Vec<_> = self.pending.drain().collect();
        unanswered.sort_unstable_by_key(|(sequence, _)| *sequence);
        self.events
            .extend(unanswered.into_iter().map(|(_, pending)| Event::Unanswered { token: pending.token }));
        self.expiries.clear();
        self.deliveries.clear();
        self.unseen.clear();
        self.events.push_back(Event::Closed(reason));
    }

    /// Counts a request that is about to be written; its sequence number.
    fn next_request(&mut self) -> u32 {
        self.requests += 1;
        self.sequence = if self.sequence >= LAST_SEQUENCE { BIND_SEQUENCE + 1 } else { self.sequence + 1 };
        self.sequence
    }

    fn write(&mut self, command_status: u32, sequence: u32, pdu: impl Into<Pdu>) {
        wire::write(&mut self.output, command_status, sequence, pdu);
    }
}

/// A nack refuses even when it forgot to say why.
fn refusal(command_status: u32) -> u32 {
    if command_status == status::OK { status::TEMPORARY_FAILURE } else { command_status }
}

/// The body of `deliver_sm_resp`: an empty message id (SMPP 3.4 §4.6.2).
fn delivered() -> DeliverSmResp {
    DeliverSmResp::new(COctetString::null(), Vec::new())
}

fn bind_pdu(bind: &BindRequest<'_>) -> Result<Pdu, InvalidBind> {
    let version = match bind.version {
        Version::V34 => InterfaceVersion::Smpp3_4,
        Version::V50 => InterfaceVersion::Smpp5_0,
    };
    let invalid = |_| InvalidBind;
    let system_id = submit::text::<16>(bind.system_id).map_err(invalid)?;
    let password = submit::text::<9>(bind.password).map_err(invalid)?;
    let system_type = submit::text::<13>(bind.system_type).map_err(invalid)?;
    let (ton, npi, range) = (Ton::Unknown, Npi::Unknown, COctetString::null());
    Ok(match bind.mode {
        Mode::Transceiver => {
            BindTransceiver::new(system_id, password, system_type, version, ton, npi, range).into()
        }
        Mode::Transmitter => {
            BindTransmitter::new(system_id, password, system_type, version, ton, npi, range).into()
        }
        Mode::Receiver => {
            BindReceiver::new(system_id, password, system_type, version, ton, npi, range).into()
        }
    })
}
