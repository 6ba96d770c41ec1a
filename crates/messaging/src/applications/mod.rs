//! TwiML applications: one set of webhooks that many numbers and messages name.
//!
//! They stand here and not in a crate of their own because the tie is on both sides: a message that comes in is
//! answered by the application of its number, a message that is sent reports to the one it names, and an application
//! that is deleted is taken off the numbers.

mod model;
pub(crate) mod routes;
mod service;
mod view;

pub(crate) use model::ApplicationText;
pub use model::Target;
pub(crate) use service::{find, hook, refuse_unknown};
