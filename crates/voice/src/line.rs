//! The line port: how calls leave and arrive. The simulator is one implementation of it, SIP another; neither knows
//! accounts, rules or TwiML.
//!
//! A leg is a pair of bounded queues: what the driver orders goes one way, what happened comes the other. Whoever drops
//! its half of a leg ends it.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use base::{AccountSid, CallSid};
pub use statements::InForce;
use tokio::sync::mpsc;

use crate::limits::{LEG_EVENTS, LEG_ORDERS};

/// A call, as lines name it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Reference {
    /// The account that it is of.
    pub account: AccountSid,
    /// The call.
    pub call: CallSid,
}

/// A leg to be placed. It is the outside world's from here on, so it holds open text; it has no `Debug`.
pub struct Outgoing {
    /// Names the leg, and lets a line notice that it was asked twice.
    pub reference: Reference,
    /// What the other end is shown: a number in E.164, or a SIP address or name.
    pub from: String,
    /// Who is called: a number in E.164 or a SIP address.
    pub to: String,
    /// How long it may ring.
    pub timeout: Duration,
    /// It must not leave by a way that others could read (VOI-SIPIF-1): TLS and SRTP, or an attested interconnect.
    pub private_path: bool,
    /// It must not leave by a line that this register does not have (ART-BAA-4); none for any line.
    pub register: Option<InForce>,
}

/// A call that has come in. It has no `Debug`.
pub struct Incoming {
    /// Who calls: a number in E.164, a SIP address; empty when it is withheld.
    pub from: String,
    /// Who is called: a number of ours.
    pub to: String,
    /// Whom it was forwarded from, when it says so.
    pub forwarded_from: Option<String>,
    /// Others could not read it on its way: TLS and SRTP, or an attested interconnect.
    pub private_path: bool,
    /// The leg itself, not yet answered.
    pub leg: Leg,
}

/// What is ordered of a leg.
pub enum Order {
    /// Take the call.
    Answer,
    /// Do not take it.
    Reject(Rejection),
    /// End it, whatever its state. [`Event::Ended`] follows.
    HangUp,
    /// Play this and say [`Event::Played`]. What is played already is finished first.
    Play {
        /// To answer by.
        id: u64,
        /// What.
        sound: Sound,
    },
    /// Play nothing any more; what was to be played is forgotten without a word.
    Silence,
    /// Connect the sound of this leg with that of another one of the same line, both ways, until either ends or
    /// [`Order::Unbridge`] comes.
    Bridge(Reference),
    /// Connect it no longer.
    Unbridge,
}

/// Why a call is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rejection {
    /// As if the phone were busy.
    Busy,
    /// It is not taken.
    Declined,
}

/// Something to play. Open text: what is said to a patient is protected.
pub enum Sound {
    /// Text, in a language (BCP 47).
    Speech {
        /// The text.
        text: String,
        /// The language.
        language: String,
        /// The voice, as TwiML names it.
        voice: String,
    },
    /// A file, which the driver has fetched: its type and its bytes.
    File {
        /// The type that its server says.
        content_type: String,
        /// The bytes.
        bytes: Vec<u8>,
    },
    /// Keys: `0-9A-D*#`, and `w` and `W` for half a second and a second of silence.
    Keys(String),
}

/// What happened to a leg. No `Debug`: keys are protected.
pub enum Event {
    /// The phone rings.
    Ringing,
    /// Somebody, or a machine, answered.
    Answered,
    /// A key was pressed: one of `0-9A-D*#`.
    Digit(char),
    /// It was played to its end.
    Played(u64),
    /// It could not be played.
    NotPlayed {
        /// Which.
        id: u64,
        /// Twilio's code.
        code: u32,
    },
    /// The leg is over. Nothing follows.
    Ended(Ended),
}

/// How a leg ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ended {
    /// Why.
    pub cause: Cause,
    /// The last status of SIP, where the line speaks it.
    pub sip_response: Option<u16>,
}

/// Why a leg ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cause {
    /// One of the two hung up, or it was rejected.
    HungUp,
    /// Busy.
    Busy,
    /// Nobody answered in time.
    NoAnswer,
    /// It could not be placed or carried on, by the public error dictionary.
    Failed(u32),
}

/// Why a line did not take a leg.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LineError {
    /// It never will; the code is of the public error dictionary.
    Refused(u32),
    /// It cannot now.
    Unavailable,
}

/// The driver's half of a leg.
pub struct Leg {
    /// What is ordered.
    pub orders: mpsc::Sender<Order>,
    /// What happened.
    pub events: mpsc::Receiver<Event>,
}

/// The line's half of a leg.
pub struct Wire {
    /// What is ordered.
    pub orders: mpsc::Receiver<Order>,
    /// What happened.
    pub events: mpsc::Sender<Event>,
}

/// The two halves of a new leg.
pub fn leg() -> (Leg, Wire) {
    let (orders, ordered) = mpsc::channel(LEG_ORDERS);
    let (happened, events) = mpsc::channel(LEG_EVENTS);
    (Leg { orders, events }, Wire { orders: ordered, events: happened })
}

/// A leg that is being placed.
pub type Placing<'a> = Pin<Box<dyn Future<Output = Result<Leg, LineError>> + Send + 'a>>;

/// A line. Calls that come in it gives to a [`crate::Switchboard`].
pub trait Line: Send + Sync + 'static {
    /// Begins to place a leg. `Ok` means that the line has taken it on; what becomes of it, its events say.
    fn place(&self, leg: Outgoing) -> Placing<'_>;

    /// Whether it has a way out whose host is in this register, under an agreement in force. A line that reaches nobody
    /// has no party.
    fn is_covered(&self, register: &InForce) -> bool;
}

/// The line that calls are placed with, as the API knows it when it takes one: shared with the routes.
#[derive(Clone, Default)]
pub struct AtHand(pub Option<Arc<dyn Line>>);

impl AtHand {
    /// [`Line::is_covered`]; where no line is at hand yet, it is asked when there is one.
    pub(crate) fn is_covered(&self, register: &InForce) -> bool {
        self.0.as_ref().is_none_or(|line| line.is_covered(register))
    }
}
