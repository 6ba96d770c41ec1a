//! What an application holds of a call: the call that comes in, the leg that rings or talks, and what happens on it.

use std::net::SocketAddr;
use std::time::Duration;

use tokio::sync::{mpsc, oneshot, watch};

use crate::digest::Credentials;
use crate::policy::{Authenticated, Transport};
use crate::sdp::{Mismatch, Sdp};
use crate::uri::Uri;

/// A call to be made.
///
/// It is not `Debug`: it names people.
pub struct Dial {
    /// Whom to call.
    pub target: Target,
    /// The user of From: the caller's number. What a URI may not hold is escaped.
    pub from_user: String,
    /// The host of From; ours when `None`.
    pub from_host: Option<String>,
    /// The name beside it.
    pub from_display: Option<String>,
    /// Header fields of the application; their names begin with `X-`.
    pub headers: Vec<(String, String)>,
    /// What media is offered.
    pub offer: Sdp,
    /// What a challenge is answered with.
    pub credentials: Option<Credentials>,
    /// How long it may ring; [`limits::RING`](crate::limits::RING) at most.
    pub ring: Duration,
    /// Whether media must be protected: the offer, the answer, and what either side changes later.
    pub secure_media: bool,
}

/// Where a call out leads.
#[derive(Clone)]
pub enum Target {
    /// A URI, by way of another server when one is named.
    Uri {
        /// Whom.
        uri: Uri,
        /// The first hop; it must route loosely (RFC 3261 §16.12.1.1).
        proxy: Option<Uri>,
    },
    /// The telephone that registered last for an address-of-record (`user@host`), by the way it registered.
    Registered(String),
}

/// Why a call out was not begun.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refused {
    /// There are too many calls.
    Busy,
    /// A header field's name does not begin with `X-`, or its value is not one line.
    Header,
    /// The offer is in the clear, and media must be protected.
    Insecure,
}

/// Why a command could not be carried out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Failed {
    /// The other side refused with this status.
    Status(u16),
    /// It did not answer in time, or cannot be reached.
    NoAnswer,
    /// Something of the kind is under way already; it may be tried again.
    Busy,
    /// The call is in no state for it.
    State,
    /// The answer does not fit, or media would be in the clear.
    Mismatch(Mismatch),
    /// What was given cannot be sent: no digit, no URI.
    Invalid,
    /// The call has ended.
    Ended,
}

/// What happens on a call.
pub enum Event {
    /// The other side rings (180) or lets something be heard before it answers (183, with a description).
    Ringing {
        /// The status, 101 to 199.
        code: u16,
        /// Where its media comes from, when it says so.
        early: Option<Sdp>,
    },
    /// The other side answered, or answered an offer that was made in our answer.
    Answered {
        /// Its description.
        answer: Sdp,
    },
    /// The other side wants other media: it holds, takes back, or moves. The call goes on meanwhile.
    Offer(Renegotiation),
    /// A digit by INFO.
    Digit {
        /// `0` to `9`, `*`, `#`, `A` to `D`.
        digit: char,
        /// How long, in milliseconds, when it is said.
        duration_ms: Option<u16>,
    },
    /// The other side wants to be connected with somebody else (REFER).
    Transfer(Referral),
    /// How far the other side is with a transfer that we asked for: the status that it got.
    TransferProgress {
        /// The status; 200 or more is the last one.
        code: u16,
    },
    /// The call is over. Nothing comes after it but the same again.
    Ended(End),
}

/// How a call ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// The other side hung up.
    ByPeer,
    /// This side hung up, or let go of the leg.
    ByUs,
    /// The caller gave up before there was an answer.
    Cancelled,
    /// A call out was refused, or a call in was refused by us, with this status.
    Refused(u16),
    /// It rang for too long.
    Unanswered,
    /// Nobody could be reached.
    Unreachable,
    /// The answer does not fit the offer, or media would be in the clear.
    Mismatch(Mismatch),
    /// The answer was never acknowledged.
    NoAck,
    /// The other side is gone: it did not refresh the session, or did not answer when it was refreshed.
    Expired,
}

/// A call that comes in and waits for a decision. Dropping it refuses it with 480.
///
/// It is not `Debug`: it names people, and its offer may hold keys.
pub struct Incoming {
    /// A name for this leg, made here.
    pub id: String,
    /// The user of From: the number of the caller, which anybody can write.
    pub from_user: String,
    /// The host of From.
    pub from_host: String,
    /// The name beside it.
    pub from_display: Option<String>,
    /// The user of To.
    pub to_user: String,
    /// The user of the Request-URI: whom the call is for.
    pub callee: String,
    /// The host of the Request-URI.
    pub domain: String,
    /// The user of the topmost Diversion (RFC 5806): whom it was forwarded from.
    pub forwarded_from: Option<String>,
    /// The Call-ID.
    pub call_id: String,
    /// Where it came from.
    pub source: SocketAddr,
    /// How it came.
    pub transport: Transport,
    /// Who it is, when the policy asked.
    pub authenticated: Option<Authenticated>,
    /// Header fields of the application (`X-...`).
    pub headers: Vec<(String, String)>,
    /// The media that is offered; without it the answer is an offer, and the answer to it comes as an event.
    pub offer: Option<Sdp>,
    pub(crate) leg: Leg,
}

impl Incoming {
    /// Lets the caller hear that it rings (180), or something else before the answer (183 with a description).
    ///
    /// # Errors
    /// [`Failed::Ended`] when the caller gave up, [`Failed::Mismatch`] when media would be in the clear.
    pub async fn ring(&self, early: Option<Sdp>) -> Result<(), Failed> {
        self.leg.control.ask(|reply| Command::Ring { early, reply }).await
    }

    /// Takes the call.
    ///
    /// # Errors
    /// As [`Incoming::ring`].
    pub async fn answer(self, answer: Sdp) -> Result<Leg, Failed> {
        self.leg.control.ask(|reply| Command::Answer { answer, reply }).await?;
        Ok(self.leg)
    }

    /// Refuses the call with a status of 300 to 699 and its phrase. Another status becomes 480.
    pub async fn reject(mut self, code: u16) -> End {
        // When the call ended first, that is what is told.
        let _ = self.leg.control.commands.send(Command::Reject { code }).await;
        self.leg.ended().await
    }

    /// Waits for the call to end before it was decided about: mostly because the caller gave up.
    pub async fn ended(&mut self) -> End {
        self.leg.ended().await
    }
}

/// A leg of a call. Dropping it hangs up.
#[derive(Debug)]
pub struct Leg {
    /// A name for this leg, made here.
    pub id: String,
    pub(crate) control: Control,
    pub(crate) events: mpsc::Receiver<Event>,
    pub(crate) end: watch::Receiver<Option<End>>,
}

impl Leg {
    /// What happens next. It may be asked again after being dropped in the middle.
    pub async fn event(&mut self) -> Event {
        match self.events.recv().await {
            Some(event) => event,
            None => Event::Ended(self.ended().await),
        }
    }

    /// What can be done to it. Clones may outlive the leg.
    pub fn control(&self) -> &Control {
        &self.control
    }

    /// Waits for the end, and reads no events.
    pub async fn ended(&mut self) -> End {
        let ended = self.end.wait_for(Option::is_some).await;
        // Whoever knew it is gone with the endpoint.
        ended.ok().and_then(|end| *end).unwrap_or(End::ByUs)
    }
}

/// What can be done to a leg.
#[derive(Clone, Debug)]
pub struct Control {
    pub(crate) commands: mpsc::Sender<Command>,
}

impl Control {
    /// Ends the call: BYE, CANCEL when it rings there, or 480 when it rings here.
    pub async fn hang_up(&self) {
        // Without a receiver it has ended.
        let _ = self.commands.send(Command::HangUp).await;
    }

    /// Offers other media (re-INVITE): to hold, to take back, to move.
    ///
    /// # Errors
    /// [`Failed`] when it was not agreed on; the call goes on as it was.
    pub async fn renegotiate(&self, offer: Sdp) -> Result<Sdp, Failed> {
        self.ask(|reply| Command::Renegotiate { offer, reply }).await
    }

    /// Sends a digit by INFO (`application/dtmf-relay`).
    ///
    /// # Errors
    /// [`Failed`] when the other side did not take it.
    pub async fn digit(&self, digit: char, duration_ms: u16) -> Result<(), Failed> {
        self.ask(|reply| Command::Digit { digit, duration_ms, reply }).await
    }

    /// Asks the other side to call somebody else (REFER). How that goes comes as [`Event::TransferProgress`].
    ///
    /// # Errors
    /// [`Failed`] when the other side does not want to.
    pub async fn refer(&self, to: Uri) -> Result<(), Failed> {
        self.ask(|reply| Command::Refer { to, reply }).await
    }

    async fn ask<T>(
        &self,
        command: impl FnOnce(oneshot::Sender<Result<T, Failed>>) -> Command,
    ) -> Result<T, Failed> {
        let (reply, answer) = oneshot::channel();
        self.commands.send(command(reply)).await.map_err(|_| Failed::Ended)?;
        answer.await.map_err(|_| Failed::Ended)?
    }
}

/// An offer in a call. Dropping it refuses it with 488; so does waiting longer than
/// [`limits::DECISION`](crate::limits::DECISION).
pub struct Renegotiation {
    /// What the other side offers.
    pub offer: Sdp,
    pub(crate) reply: oneshot::Sender<Result<Sdp, u16>>,
}

impl Renegotiation {
    /// Agrees.
    pub fn accept(self, answer: Sdp) {
        // When the call ended meanwhile there is nobody to be answered.
        let _ = self.reply.send(Ok(answer));
    }

    /// Refuses with a status of 400 to 699; the call goes on as it was.
    pub fn refuse(self, code: u16) {
        let _ = self.reply.send(Err(code));
    }
}

/// A wish to be connected with somebody else. Dropping it refuses it with 603.
pub struct Referral {
    /// Whom: a URI.
    pub target: String,
    pub(crate) reply: oneshot::Sender<Result<(), u16>>,
    pub(crate) control: Control,
}

impl Referral {
    /// Agrees (202), and tells how far it got when there is something to tell.
    pub fn accept(self) -> Progress {
        let _ = self.reply.send(Ok(()));
        Progress { control: self.control }
    }

    /// Refuses with a status of 400 to 699.
    pub fn refuse(self, code: u16) {
        let _ = self.reply.send(Err(code));
    }
}

/// Tells the one who asked for a transfer how far it got (NOTIFY with `message/sipfrag`).
pub struct Progress {
    control: Control,
}

impl Progress {
    /// The status that the new call got. One of 200 or more is the last.
    pub async fn report(&self, code: u16) {
        let _ = self.control.commands.send(Command::Progress { code }).await;
    }
}

/// What a call is told by the application.
pub(crate) enum Command {
    Ring { early: Option<Sdp>, reply: oneshot::Sender<Result<(), Failed>> },
    Answer { answer: Sdp, reply: oneshot::Sender<Result<(), Failed>> },
    Reject { code: u16 },
    HangUp,
    Renegotiate { offer: Sdp, reply: oneshot::Sender<Result<Sdp, Failed>> },
    Digit { digit: char, duration_ms: u16, reply: oneshot::Sender<Result<(), Failed>> },
    Refer { to: Uri, reply: oneshot::Sender<Result<(), Failed>> },
    Progress { code: u16 },
}

/// The application's half of a leg, and the call's.
pub(crate) struct Ends {
    pub(crate) leg: Leg,
    pub(crate) commands: mpsc::Receiver<Command>,
    pub(crate) events: mpsc::Sender<Event>,
    pub(crate) end: watch::Sender<Option<End>>,
}

impl Ends {
    pub(crate) fn new(id: String) -> Self {
        let (commands_sender, commands) = mpsc::channel(crate::limits::COMMANDS);
        let (events, events_receiver) = mpsc::channel(crate::limits::EVENTS);
        let (end, end_receiver) = watch::channel(None);
        let control = Control { commands: commands_sender };
        Self { leg: Leg { id, control, events: events_receiver, end: end_receiver }, commands, events, end }
    }
}
