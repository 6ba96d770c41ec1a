//! What an interpreter is in the middle of.

use std::collections::VecDeque;
use std::time::Duration;
use std::vec::IntoIter;

use url::Url;

use super::ids::{FetchId, LegId, MediaId, RecordingId, TimerId};
use super::input::{LegResult, Recorded};
use super::output::{Purpose, Target};
use crate::voice::{Action, Dial, Gather, Party, Prompted, Verb};

/// A document that is being run. There are at most two: the call's own, and above it one that fills a wait.
pub(super) struct Frame {
    pub(super) kind: Kind,
    pub(super) origin: Origin,
    /// Whether its document is what the fallback gave: there is no other then.
    pub(super) is_fallback: bool,
    pub(super) verbs: IntoIter<Verb>,
    pub(super) activity: Activity,
}

impl Frame {
    pub(super) fn new(kind: Kind) -> Self {
        Self {
            kind,
            origin: Origin::Inline(Vec::new()),
            is_fallback: false,
            verbs: Vec::new().into_iter(),
            activity: Activity::Idle,
        }
    }
}

/// Where a document is from.
pub(super) enum Origin {
    /// A URL, which is asked again where a verb names no other.
    Url(Url),
    /// The API: it is run again then.
    Inline(Vec<u8>),
}

/// What a document is run for.
#[derive(Clone, PartialEq, Eq)]
pub(super) enum Kind {
    /// The call itself.
    Main,
    /// Somebody waits in a queue; asked again at its end.
    QueueWait(Target),
    /// Somebody waits in a conference; asked again at its end.
    ConferenceWait(Target),
    /// Somebody's turn in a queue has come.
    Whisper,
}

/// What a document waits for.
pub(super) enum Activity {
    /// Nothing: the next verb.
    Idle,
    /// Another document.
    Fetching {
        fetch: FetchId,
        purpose: Purpose,
        target: Target,
    },
    /// The end of what is said or played.
    Playing(MediaId),
    /// The end of a pause.
    Pausing(TimerId),
    Gathering(Box<Gathering>),
    Recording(Box<Recording>),
    Dialing(Box<Dialing>),
    /// The end of a conference.
    Conferring(Box<Conferring>),
    /// The caller's turn in a queue, and the connection after it.
    Queueing {
        action: Action,
        wait: Action,
    },
    DialingQueue(Box<DialingQueue>),
    /// The end of what `Connect` connected to.
    Connected {
        action: Action,
    },
    Echoing,
    Referring {
        action: Action,
    },
    Texting {
        action: Action,
    },
    /// What can fill a wait could not be had: nothing more is tried.
    Silent,
}

/// A `Gather`.
pub(super) struct Gathering {
    pub(super) gather: Box<Gather>,
    /// What is still to be said and played.
    pub(super) prompts: IntoIter<Prompted>,
    pub(super) prompt: Option<Prompting>,
    pub(super) keys: String,
    /// Until the next input, or until speech must have ended.
    pub(super) timer: Option<TimerId>,
    pub(super) is_speaking: bool,
    /// Whether speech is still recognised.
    pub(super) hears: bool,
    pub(super) partial_results: u32,
}

/// What of a `Gather` is said or played.
pub(super) enum Prompting {
    Media(MediaId),
    Pause(TimerId),
}

/// A `Record`.
pub(super) struct Recording {
    pub(super) recording: RecordingId,
    pub(super) action: Action,
    pub(super) finish_on_key: String,
    /// Until it must have ended.
    pub(super) timer: Option<TimerId>,
    pub(super) key: Option<char>,
    pub(super) is_stopping: bool,
}

impl Recording {
    pub(super) fn new(
        recording: RecordingId,
        timer: TimerId,
        (action, finish_on_key): (Action, String),
    ) -> Self {
        Self { recording, action, finish_on_key, timer: Some(timer), key: None, is_stopping: false }
    }
}

/// A `Dial` of parties.
pub(super) struct Dialing {
    pub(super) dial: Box<Dial>,
    /// Those who come after, when one is called after the other.
    pub(super) later: VecDeque<Party>,
    pub(super) legs: Vec<Leg>,
    pub(super) bridged: Option<LegId>,
    /// Whether it has rung as long as it may.
    pub(super) gave_up: bool,
    /// Until ringing, or the connection, must have ended.
    pub(super) timer: Option<TimerId>,
}

/// One leg of a `Dial`.
pub(super) struct Leg {
    pub(super) id: LegId,
    pub(super) screening: Option<Target>,
    pub(super) call_sid: Option<String>,
    pub(super) state: LegState,
}

pub(super) enum LegState {
    /// Called, maybe ringing.
    Calling,
    /// Answered; its own document runs.
    Screening,
    /// Connected, or to be ended soon.
    Answered,
    Ended {
        result: LegResult,
        duration: Duration,
        recorded: Option<Recorded>,
    },
}

/// A `Dial` of a conference.
pub(super) struct Conferring {
    pub(super) action: Action,
    pub(super) wait: Action,
    pub(super) hangup_on_star: bool,
    /// Until it must have ended.
    pub(super) timer: Option<TimerId>,
}

/// A `Dial` of a queue.
pub(super) struct DialingQueue {
    pub(super) action: Action,
    pub(super) time_limit: Duration,
    pub(super) hangup_on_star: bool,
    /// Until it must have ended.
    pub(super) timer: Option<TimerId>,
    /// The call that is connected.
    pub(super) call_sid: Option<String>,
}
