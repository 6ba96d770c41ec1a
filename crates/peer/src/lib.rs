//! What the carriers that hand messages to another server over HTTP have in common (`upstream`, `mm7`): one request that
//! says whether it can have been read ([`Wire`]), how fast the server may be asked ([`Pacing`]), and the part of their
//! configuration that is the same ([`check_entries`], [`Password`]).
//!
//! # What this crate must not do
//!
//! Keep a connection open; follow a redirect; put anything but the caller's path into a URL, or a header or body into an
//! error.

mod config;
pub mod limits;
mod pacing;
mod wire;

pub use config::{ConfigProblem, Password, Wrong, check_entries};
pub use pacing::Pacing;
pub use wire::{Answer, Wire, WireError};
