//! `switchward audit`: reads an account of any Twilio-compatible vendor, or a Segment workspace, and says of every
//! rule of the guide whether it holds there, with evidence.
//!
//! Three steps, of which only the first does I/O: *observe* reads the API and keeps facts, never text
//! ([`observations`]); *judge* makes a [`report`] of them, the same bytes for the same observations; *render* shows it.
//!
//! Reading order: [`resource`] (what may be read), [`fact`] (what is kept of it), [`check`] (what a rule asks),
//! [`products`] (the tables of both), [`files`] (what people write down), `judge`, `observe`, [`report`].

pub mod check;
pub mod diff;
pub mod fact;
pub mod files;
pub mod inside;
mod judge;
pub mod limits;
pub mod observations;
pub mod observe;
mod probe;
pub mod products;
pub mod provider;
pub mod render;
pub mod report;
pub mod resource;
pub mod service;
pub mod stated;
pub mod tls;
pub mod way;
pub mod wire;

pub use judge::judge;
pub use provider::Provider;
