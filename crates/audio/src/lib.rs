//! The audio of calls: packets, keys, prompts, digits, conferences and recordings.
//!
//! Read in this order: [`Media`] (what signalling hands over), [`Session`] (what can be done with one side of a call) and
//! [`Event`] (what it tells), [`Engine`] (the threads that move audio), [`Mixer`]; below them `rtp`, `rtcp`, `srtp`, `jitter`,
//! `telephone_event`, `g711`, `tone`; [`draft`] and `gcm` (recordings). Why it is like this: ADR 0017.
//!
//! What this crate must not do: know an account, write a sample in the clear, print what is said or keyed in.

pub mod draft;
mod engine;
mod event;
mod g711;
mod gcm;
mod jitter;
pub mod limits;
mod media;
mod mixer;
mod outbound;
mod prompt;
mod public_key;
mod recorder;
mod rtcp;
mod rtp;
mod session;
mod speaking;
mod srtp;
mod telephone_event;
pub mod tone;
mod wav;

pub use engine::{Engine, EngineConfig, EngineProblem};
pub use event::Event;
pub use g711::Codec;
pub use jitter::{JitterBuffer, Played};
pub use media::{Direction, Media, Reports};
pub use mixer::{MemberId, Mixer, Role};
pub use prompt::Prompt;
pub use public_key::{EncryptionDetails, PublicKey, PublicKeyProblem};
pub use recorder::{Channels, RecordOptions, Recorded, Recording};
pub use rtcp::{Reported, ReportedStream, parse as parse_report};
pub use rtp::{Packet, RtpProblem};
pub use session::{Events, Listen, PlayId, Quality, Repeat, Session, SessionProblem, Source};
pub use srtp::{KeyProblem, SrtpKey, SrtpKeys, SrtpProblem, SrtpReceiver, SrtpSender, Suite};
pub use telephone_event::{Digit, Digits};
