//! Voice documents: what to do with a call.
//!
//! [`parse`] reads the bytes of a document into a [`Document`], strictly: a verb, noun, attribute or value that is not
//! known is an error with Twilio's code for it, and so is one in the wrong place. What is read but never served, or
//! served on conditions of the guide only, says so by its [`Concern`]. What the verbs *do* is
//! [`interpreter`](crate::interpreter)'s.

mod codes;
mod concern;
mod nouns;
mod read;
mod resolve;
mod speech;
mod verbs;
mod words;

pub use concern::Concern;
pub use nouns::{
    ApplicationNoun, CallStatusReports, ClientNoun, ConferenceNoun, ConversationNoun, ConversationRelay,
    MachineDetection, NumberNoun, Parameter, QueueNoun, RecordingNoun, SimNoun, SipNoun, SipTarget, Siprec,
    Stream, Task, Transcription, VirtualAgent, WhatsAppNoun,
};
pub use read::parse;
pub use resolve::InvalidUrl;
pub use speech::{Alphabet, Emphasis, Interpretation, Speech, Style};
pub use verbs::{
    Action, Callback, Connect, Connected, Dial, DialTarget, Document, Enqueue, Gather, Party, Pause, Pay,
    Play, Played, Prompt, Prompted, Record, RecordingStatus, Redirect, Refer, Reject, Say, Sms,
    SpeechTimeout, Start, Started, Stop, Stopped, Times, Verb,
};
pub use words::{
    BankAccountType, Beep, CallEvents, CallRecording, Channels, ConferenceEvents, ConferenceRecording,
    ConversationEvents, ConversationRecording, InputType, JitterBuffer, MachineDetectionMode, PayInput,
    PaymentMethod, RecordingEvents, RecordingTrack, RejectReason, SequenceOfKeys, TokenType, Track, Trim,
};
