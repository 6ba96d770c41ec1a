//! Runs voice documents: what happened to a call goes in, what to do comes out.
//!
//! No sockets, no clock, no tasks: documents are fetched, sounds played and legs called by a driver, which says what
//! became of it. An [`Interpreter`] is for one call, from its first document to its end.

mod ids;
mod input;
mod output;

pub use ids::{FetchId, LegId, MediaId, RecordingId, TimerId};
pub use input::{
    ConferenceEvent, ConnectionEnd, DialedQueueEvent, Fetched, FinishedSpeech, Input, LegEvent, LegResult,
    Modification, PartialSpeech, QueueEvent, QueueResult, Recorded, ReferEnd, SentSms,
};
pub use output::{Alert, End, Listening, Media, Output, Purpose, Recognition, Request, Target};

/// What an interpreter begins with.
pub struct Settings {
    /// The first document.
    pub entry: Entry,
    /// Where to ask when a document fails.
    pub fallback: Option<Target>,
    /// Whether the call is answered already: true for a call of the API, false for one that comes in.
    pub answered: bool,
    /// What the document is for.
    pub role: Role,
}

/// Where the first document is.
pub enum Entry {
    /// To be fetched.
    Url(Target),
    /// Given with the call (`Twiml` of the API). It has no URL, so URLs in it must be absolute.
    Twiml(Vec<u8>),
}

/// What a document is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// It runs a call: at its end the call ends.
    Call,
    /// It runs at a called party before the two are connected (`url` of `Number`, `Sip`, `Client`): at its end they are.
    Screening,
}
