//! Programmable Voice: calls, and SIP domains and who may call them.
//!
//! Spec: the Calls and SIP resources of Twilio's 2010-04-01 API, and TwiML for voice. Read in this order: [`mod@line`] (the
//! port), [`hook`] (what answers calls), [`neighbours`] (what is asked of other products), `calls` (the resource),
//! `placing` (from queue to line), [`Switchboard`] (where calls live), `driver` (what a document makes of a call),
//! `orders` (what the API says to a call that goes on), [`sip`].
//!
//! A call is in the memory of one process while it goes on. What it is, and that it is there, is on disk: one whose process
//! died is found and ended, and its report is sent.

mod calls;
mod driver;
pub mod hook;
pub mod limits;
pub mod line;
pub mod neighbours;
mod orders;
mod placing;
mod routes;
pub mod sip;
mod switchboard;

pub use routes::routes;
pub use switchboard::{ArrivalError, Switchboard};

use kit::Product;

/// The product, as it is routed and as agreements name it.
pub const PRODUCT: Product = Product { label: "api", service: "voice" };
