//! What an interpreter is told.

use std::time::Duration;

use super::ids::{FetchId, LegId, MediaId, RecordingId, TimerId};
use super::output::Target;

/// Something that happened to the call. No `Debug`: keys and speech are protected.
///
/// What names an id that is no longer of interest is without effect, so races need no care.
pub enum Input {
    /// A document arrived.
    Fetched {
        /// The one of [`Output::Fetch`](super::Output::Fetch).
        fetch: FetchId,
        /// What arrived.
        document: Fetched,
    },
    /// A document did not arrive, or may not be used.
    FetchFailed {
        /// The one of [`Output::Fetch`](super::Output::Fetch).
        fetch: FetchId,
        /// Twilio's code, such as 11200.
        code: u32,
    },
    /// Everything was played, as often as asked.
    MediaFinished(MediaId),
    /// It could not be played: the call goes on with what follows.
    MediaFailed {
        /// The one of [`Output::Play`](super::Output::Play).
        media: MediaId,
        /// Twilio's code, such as 13420.
        code: u32,
    },
    /// The caller pressed a key: one of `0-9*#A-D`.
    Digit(char),
    /// The caller began to speak.
    SpeechStarted,
    /// Speech that is not final yet.
    SpeechPartial(PartialSpeech),
    /// The caller has spoken.
    SpeechFinished(FinishedSpeech),
    /// Speech cannot be recognised.
    SpeechFailed {
        /// Twilio's code.
        code: u32,
    },
    /// A timer is due.
    Timer(TimerId),
    /// A recording is over, because it was stopped or by its own silence.
    RecordingEnded {
        /// The one of [`Output::StartRecording`](super::Output::StartRecording).
        recording: RecordingId,
        /// The recording; none when nothing was heard.
        recorded: Option<Recorded>,
    },
    /// What happened to a leg of a `Dial`.
    Leg {
        /// Which.
        leg: LegId,
        /// What.
        event: LegEvent,
    },
    /// What happened to this caller in a conference.
    Conference(ConferenceEvent),
    /// What happened to this caller in a queue.
    Queue(QueueEvent),
    /// What happened to a `Dial` of a queue.
    DialedQueue(DialedQueueEvent),
    /// What the call was connected to is over.
    ConnectionEnded(ConnectionEnd),
    /// What became of a SIP REFER.
    Referred(ReferEnd),
    /// The text message was accepted (with its SID and state) or not.
    SmsSent(Option<SentSms>),
    /// The caller hung up, or the connection is lost.
    HungUp,
    /// Somebody changed the call by the API.
    Modified(Modification),
}

/// A document as it arrived.
pub enum Fetched {
    /// TwiML, not yet read.
    Twiml(Vec<u8>),
    /// A sound (`audio/*`): it is played.
    Audio,
    /// Plain text: it is said.
    Text(String),
}

/// Speech that is not final yet.
pub struct PartialSpeech {
    /// The part that will not change.
    pub stable: String,
    /// The part that may.
    pub unstable: String,
    /// How likely the first part is final, from 0 to 1.
    pub stability: f32,
}

/// What the caller said.
pub struct FinishedSpeech {
    /// The words; empty when none were understood.
    pub text: String,
    /// How sure that is, from 0 to 1.
    pub confidence: f32,
}

/// A recording that exists.
#[derive(Clone)]
pub struct Recorded {
    /// Its SID.
    pub sid: String,
    /// Where it can be fetched, with credentials.
    pub url: String,
    /// Its length.
    pub duration: Duration,
}

/// What happened to a leg of a `Dial`.
pub enum LegEvent {
    /// The call was begun and has this SID.
    Started {
        /// The SID.
        call_sid: String,
    },
    /// It rings.
    Ringing,
    /// Somebody, or a machine, answered.
    Answered,
    /// The document of [`Output::Screen`](super::Output::Screen) is over: without hanging up, or with.
    Screened {
        /// Whether the called party is to be connected.
        accepted: bool,
    },
    /// The call is over. Comes once for every leg, hung up by whomever.
    Ended {
        /// How.
        result: LegResult,
        /// The time from its answer on.
        duration: Duration,
        /// The recording of the `Dial`, if there was one.
        recorded: Option<Recorded>,
    },
}

/// How a leg of a `Dial` ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LegResult {
    /// It was answered.
    Completed,
    /// Busy.
    Busy,
    /// Nobody answered.
    NoAnswer,
    /// It was ended before somebody answered.
    Canceled,
    /// It could not be made: not in service, or refused, with Twilio's code when there is one.
    Failed {
        /// Twilio's code for an alert, such as 13224 or 13227.
        code: Option<u32>,
    },
}

/// What happened to this caller in a conference.
pub enum ConferenceEvent {
    /// It has come in.
    Joined {
        /// Whether it waits, because the conference has not started or nobody else is there.
        waiting: bool,
    },
    /// The waiting is over.
    Started,
    /// It waits again: everybody else left.
    Waiting,
    /// It is out: the conference ended, or it was taken out, or it left.
    Ended,
    /// It could not come in.
    Failed {
        /// Twilio's code, such as 16020 for a conference that is full.
        code: u32,
    },
}

/// What happened to this caller in a queue.
pub enum QueueEvent {
    /// It waits.
    Entered,
    /// Its turn has come. Answered by [`Output::JoinDequeuer`](super::Output::JoinDequeuer).
    Dequeued {
        /// The document to run before, with its request's parameters, from the `url` of the other side's `<Queue>`.
        whisper: Option<(Target, Vec<(&'static str, String)>)>,
    },
    /// It has left, for whatever reason.
    Left {
        /// The reason.
        result: QueueResult,
        /// The queue's SID.
        queue_sid: Option<String>,
        /// How long it waited.
        waited: Duration,
    },
}

/// Why a call left a queue (`QueueResult`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum QueueResult {
    /// It was connected, and that is over.
    Bridged,
    /// `<Leave>`.
    Leave,
    /// The caller hung up.
    Hangup,
    /// The API gave it another document while it waited.
    Redirected,
    /// The API gave it another document while it was connected.
    RedirectedFromBridged,
    /// The queue is full.
    QueueFull,
    /// The document asks for what is not possible.
    Error,
    /// We failed.
    SystemError,
}

impl QueueResult {
    /// The word of the API.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Bridged => "bridged",
            Self::Leave => "leave",
            Self::Hangup => "hangup",
            Self::Redirected => "redirected",
            Self::RedirectedFromBridged => "redirected-from-bridged",
            Self::QueueFull => "queue-full",
            Self::Error => "error",
            Self::SystemError => "system-error",
        }
    }
}

/// What happened to a `Dial` of a queue.
pub enum DialedQueueEvent {
    /// The first of the queue is connected.
    Bridged {
        /// Its call's SID.
        call_sid: String,
    },
    /// The connection is over, or the attempt is.
    Ended {
        /// Twilio's code when it failed, such as 14214; 13224 when there is no such queue.
        failure: Option<u32>,
        /// How long the two were connected.
        duration: Duration,
        /// How long the other had waited.
        waited: Duration,
        /// The recording of the `Dial`, if there was one.
        recorded: Option<Recorded>,
    },
}

/// How what the call was connected to ended.
pub struct ConnectionEnd {
    /// Twilio's code when it failed, such as 31920.
    pub failure: Option<u32>,
    /// What `action` is told besides.
    pub parameters: Vec<(&'static str, String)>,
}

/// What became of a SIP REFER: it is over once its answer is an error, a notification is final, or the caller hung up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReferEnd {
    /// The status of the answer to the REFER, when there was one.
    pub sip_response: Option<u16>,
    /// The last status that was notified.
    pub notified: Option<u16>,
}

/// A text message that was accepted.
pub struct SentSms {
    /// Its SID.
    pub sid: String,
    /// Its state.
    pub status: &'static str,
}

/// What the API changed. Keys and texts of it are protected.
pub enum Modification {
    /// Another document, by its URL.
    Url {
        /// Where.
        target: Target,
        /// A new fallback, if any was given.
        fallback: Option<Target>,
    },
    /// Another document.
    Twiml(Vec<u8>),
    /// The call ends (`Status=completed`, or `canceled` before it was answered).
    Ended,
}
