//! TwiML Bins: documents that the platform keeps, and answers webhooks with.
//!
//! Twilio has them in its console alone, so the API is our own; the address of a bin is Twilio's
//! (`https://handler.twilio.com/twiml/EH…`) and never leaves the platform (`webhooks::hosted`). Read in this order:
//! `template` (placeholders), `inspect` (whether it is TwiML, and what in it may identify a person), `model`,
//! `service`, `answer` (what webhooks get).

mod answer;
mod inspect;
pub mod limits;
mod model;
mod routes;
mod service;
mod template;
mod view;

pub use answer::Bins;
pub use routes::{routes, serving_routes};
