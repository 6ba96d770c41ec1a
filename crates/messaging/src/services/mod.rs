//! Messaging Services: what a set of senders is configured with, and which of them a message is sent from.
//!
//! Spec: `messaging/v1/Services`. Read in this order: `model` (a service and its senders), `pool` (which sender a
//! recipient gets, decided from facts alone), `choice` (the same with what is on disk), `service` and `senders` (the
//! API), `view`, `routes`, `opt_out` (words of its own, in our API). What ties a recipient to a sender or to an opt-out is a keyed digest, so that redaction
//! takes no feature away (D-RED-1, D-RED-2).

mod absent;
pub(crate) mod choice;
mod model;
pub(crate) mod opt_out;
mod pool;
pub(crate) mod routes;
mod senders;
mod service;
mod usecases;
mod view;

pub(crate) use choice::Rotation;
pub(crate) use model::{PoolCode, PoolNumber, ServiceFacts, ServiceText};
pub(crate) use pool::{Registrable, arrives, country_of, registrable};
pub(crate) use senders::{forget_code, forget_number};
pub use service::exists;
