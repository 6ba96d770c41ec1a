//! What an interpreter asks for.

use std::time::Duration;

use super::ids::{FetchId, LegId, MediaId, RecordingId, TimerId};
use crate::Method;
use crate::voice::{
    Concern, ConferenceNoun, Connected, Dial, Enqueue, Party, QueueNoun, Record, RejectReason, Say,
    SequenceOfKeys, Sms, Started, Stopped,
};

/// Something to do. No `Debug`: it carries what is said and whom to call. Every URL in it is absolute.
pub enum Output {
    /// Take the call. Comes at most once, before anything that needs it.
    Answer,
    /// Do not take the call. [`Output::Ended`] follows.
    Reject(RejectReason),
    /// End the call. [`Output::Ended`] follows.
    HangUp,
    /// Ask for a document, and say what came by [`Input::Fetched`](super::Input::Fetched) or
    /// [`Input::FetchFailed`](super::Input::FetchFailed).
    Fetch {
        /// To answer by.
        fetch: FetchId,
        /// What to ask.
        request: Request,
    },
    /// Tell somebody; the answer has no effect.
    Notify(Request),
    /// Say or play this, as often as asked, and say when it is over.
    Play {
        /// To answer by.
        media: MediaId,
        /// What.
        what: Media,
        /// How often.
        times: u16,
    },
    /// Be silent. No answer is needed.
    StopMedia(MediaId),
    /// What to listen for from now on; it replaces what was listened for before.
    Listen(Listening),
    /// Record the caller, after the beep if there is one, and say when it is over.
    StartRecording {
        /// To answer by.
        recording: RecordingId,
        /// How. Keys and `max_length` are counted by the interpreter, silence by the recorder.
        settings: Box<Record>,
    },
    /// Record no longer. Answered by [`Input::RecordingEnded`](super::Input::RecordingEnded).
    StopRecording(RecordingId),
    /// Call these, all at once, and let the caller hear that it rings.
    Dial {
        /// Whom. One alone when the document says `sequential`.
        legs: Vec<(LegId, Party)>,
        /// The `Dial` itself, for its settings; its target is empty.
        settings: Box<Dial>,
    },
    /// Run this document at the called party, with an interpreter in the role [`Role::Screening`](super::Role).
    Screen {
        /// Which.
        leg: LegId,
        /// The document.
        target: Target,
    },
    /// Connect the caller with this leg.
    Bridge(LegId),
    /// End this leg, whatever its state. Answered by [`LegEvent::Ended`](super::LegEvent::Ended).
    HangUpLeg(LegId),
    /// Bring the caller into a conference.
    JoinConference(Box<ConferenceNoun>),
    /// Take the caller out of the conference. Answered by [`ConferenceEvent::Ended`](super::ConferenceEvent::Ended).
    LeaveConference,
    /// Put the caller into a queue.
    Enqueue(Box<Enqueue>),
    /// Take the caller out of the queue. Answered by [`QueueEvent::Left`](super::QueueEvent::Left).
    LeaveQueue,
    /// The caller, whose turn has come, is ready to be connected.
    JoinDequeuer,
    /// Connect the caller with the first of a queue, or wait until there is one.
    DialQueue {
        /// Which.
        queue: Box<QueueNoun>,
        /// The `Dial` itself, for its settings; its target is empty.
        settings: Box<Dial>,
    },
    /// Give that up, or end the connection. Answered by [`DialedQueueEvent::Ended`](super::DialedQueueEvent::Ended).
    LeaveDialedQueue,
    /// Let the caller hear hold music, until the next [`Output::StopHoldMusic`].
    StartHoldMusic,
    /// No more hold music.
    StopHoldMusic,
    /// Hand the call over and say when that is over.
    Connect(Box<Connected>),
    /// Take the call back. Answered by [`Input::ConnectionEnded`](super::Input::ConnectionEnded).
    Disconnect,
    /// Start something beside the call. No answer is needed.
    Start(Box<Started>),
    /// Stop something that was started.
    Stop(Stopped),
    /// Send the caller's sound back until the call ends.
    StartEcho,
    /// No longer.
    StopEcho,
    /// Send a SIP REFER and say what became of it.
    Refer {
        /// Where to: a SIP URI.
        uri: String,
    },
    /// Send a text message and say what became of it.
    SendSms(Box<Sms>),
    /// Say when this time has passed.
    SetTimer {
        /// To answer by.
        timer: TimerId,
        /// From now on.
        after: Duration,
    },
    /// The timer is no longer needed. Being told of it does no harm.
    CancelTimer(TimerId),
    /// Tell the account that something is wrong.
    Alert(Alert),
    /// The call is over for this interpreter. Nothing follows.
    Ended(End),
}

impl Output {
    /// What it is, for a log: says nothing of its content.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Answer => "answer",
            Self::Reject(_) => "reject",
            Self::HangUp => "hang up",
            Self::Fetch { .. } => "fetch",
            Self::Notify(_) => "notify",
            Self::Play { .. } => "play",
            Self::StopMedia(_) => "stop media",
            Self::Listen(_) => "listen",
            Self::StartRecording { .. } => "start recording",
            Self::StopRecording(_) => "stop recording",
            Self::Dial { .. } => "dial",
            Self::Screen { .. } => "screen",
            Self::Bridge(_) => "bridge",
            Self::HangUpLeg(_) => "hang up leg",
            Self::JoinConference(_) => "join conference",
            Self::LeaveConference => "leave conference",
            Self::Enqueue(_) => "enqueue",
            Self::LeaveQueue => "leave queue",
            Self::JoinDequeuer => "join dequeuer",
            Self::DialQueue { .. } => "dial queue",
            Self::LeaveDialedQueue => "leave dialed queue",
            Self::StartHoldMusic => "start hold music",
            Self::StopHoldMusic => "stop hold music",
            Self::Connect(_) => "connect",
            Self::Disconnect => "disconnect",
            Self::Start(_) => "start",
            Self::Stop(_) => "stop",
            Self::StartEcho => "start echo",
            Self::StopEcho => "stop echo",
            Self::Refer { .. } => "refer",
            Self::SendSms(_) => "send sms",
            Self::SetTimer { .. } => "set timer",
            Self::CancelTimer(_) => "cancel timer",
            Self::Alert(_) => "alert",
            Self::Ended(_) => "ended",
        }
    }
}

/// A URL and how to ask it.
#[derive(Clone, PartialEq, Eq)]
pub struct Target {
    /// The URL: absolute.
    pub url: String,
    /// The method.
    pub method: Method,
}

/// A request to the customer's application. The parameters of every voice request (`CallSid`, `From`, ...) are the
/// driver's to add, in front; those of a queue too, for [`Purpose::QueueWait`].
#[derive(Clone, PartialEq, Eq)]
pub struct Request {
    /// What for.
    pub purpose: Purpose,
    /// Where to and how.
    pub target: Target,
    /// What the verb adds: in the body of a POST, in the query of a GET.
    pub parameters: Vec<(&'static str, String)>,
}

/// What a request is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// The call's first document, or one that the API named.
    Voice,
    /// `<Redirect>`.
    Redirect,
    /// The `action` of this verb.
    Action(&'static str),
    /// The fallback, after a document failed.
    Fallback,
    /// What to play to somebody who waits in a queue.
    QueueWait,
    /// What to play to somebody who waits in a conference.
    ConferenceWait,
    /// What to play to somebody whose turn in a queue has come.
    QueueWhisper,
    /// Speech that is not final yet.
    PartialResult,
    /// The `action` of this verb once the call is over: its answer has no effect.
    Farewell(&'static str),
}

/// Something to say or play.
#[derive(Clone, PartialEq, Eq)]
pub enum Media {
    /// Speech; its own `times` is 1.
    Say(Say),
    /// A file at this URL.
    Url(String),
    /// Keys: `0-9*#A-D`, and `w` and `W` for half a second and a second of silence.
    Digits(SequenceOfKeys),
}

/// What to listen for.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Listening {
    /// Keys.
    pub digits: bool,
    /// Speech.
    pub speech: Option<Recognition>,
}

/// How to recognise speech.
#[derive(Clone, PartialEq, Eq)]
pub struct Recognition {
    /// The language spoken.
    pub language: String,
    /// Words that may be expected.
    pub hints: Vec<String>,
    /// The silence that ends the speech; none when the recogniser is to find out.
    pub silence: Option<Duration>,
    /// How long speech may last.
    pub max_length: Duration,
    /// Whether bad words are masked.
    pub profanity_filter: bool,
    /// The model, by name.
    pub model: Option<String>,
    /// Whether the better model is wanted.
    pub enhanced: bool,
    /// Whether [`Input::SpeechPartial`](super::Input::SpeechPartial) is wanted.
    pub partial: bool,
}

/// Something the account is to be told. Says where, never what.
#[derive(Clone, PartialEq, Eq)]
pub struct Alert {
    /// Twilio's code.
    pub code: u32,
    /// The URL of the document, or of what failed.
    pub url: Option<String>,
    /// Where in the document, when known.
    pub position: Option<crate::Position>,
    /// What the guide has a rule about, when that is why.
    pub concern: Option<Concern>,
}

/// Why the call is over for an interpreter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// The document ended the call, or there was no more of it.
    HungUp,
    /// The document did not take the call.
    Rejected,
    /// The other side ended the call, or the connection is lost.
    HungUpByCaller,
    /// The API ended the call.
    Canceled,
    /// A screening document is over and did not hang up: connect the two.
    Passed,
    /// No document could be had. Twilio says that an application error has occurred.
    ApplicationError,
}
