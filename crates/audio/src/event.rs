//! What a session tells whoever drives it.

use std::time::Duration;

use crate::{Digit, PlayId};

/// Something that happened in a session. Its `Debug` holds nothing that was said or keyed in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    /// The first packet came that is valid (under SRTP: that has the key).
    MediaStarted,
    /// Somebody keyed this in. Told when it begins, not when it ends.
    Digit(Digit),
    /// All digits that were to be sent are.
    DigitsSent,
    /// A source was played to its end, or was stopped.
    PlayEnded {
        /// Which.
        id: PlayId,
        /// How much of it was heard, its repetitions included.
        position: Duration,
        /// Whether it was stopped before its end.
        was_stopped: bool,
    },
    /// Somebody began to speak. Only while [`Session::listen`](crate::Session::listen) asks for it.
    SpeechStarted,
    /// Nobody has spoken for so long. Told once for each silence, while `listen` asks for it.
    Silence(Duration),
    /// A recording ended. What it is stands in what [`Session::record`](crate::Session::record) gave.
    RecordingEnded,
    /// Nothing came for so long. Told once for each such time.
    MediaTimeout(Duration),
    /// Audio comes again after that.
    MediaResumed,
}
