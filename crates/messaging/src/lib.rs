//! Programmable Messaging: text messages out and in, phone numbers, Messaging Services, opt-out.
//!
//! Spec: the Messages and IncomingPhoneNumbers resources of Twilio's 2010-04-01 API, and `messaging/v1/Services`. Read
//! in this order: [`carrier`] (the port), `messages` (the resource), `dispatch` (from queue to carrier), `inbound`
//! (receipts, arrivals and TwiML replies), `numbers`, `short_codes`, `own` (the two as one), `services`, `optout`.
//!
//! A message is two sealed documents with one SID: the message (its protected content is the
//! counterparty's number) and its body. Redaction destroys the key of either one; what remains is
//! the masked number, the state, and keyed digests by which both can still be found.

mod addresses;
mod applications;
pub mod calls;
pub mod carrier;
mod dispatch;
mod inbound;
mod languages;
pub mod limits;
pub mod media;
mod messages;
mod numbers;
pub mod optout;
mod own;
mod parts;
pub mod registered;
pub mod review;
mod routes;
pub mod segments;
mod services;
mod short_codes;
mod smart;

pub use dispatch::{queues, queues_with};
pub use inbound::{ArrivalError, Inbox, Rider};
pub use media::link_routes as media_link_routes;
pub use numbers::operator::routes as number_routes;
pub use numbers::{add_to_inventory, claim_number, digits_of};
pub use routes::{PRODUCT, routes};
pub use services::exists as has_service;
pub use services::opt_out::routes as opt_out_routes;
pub use services::routes::routes as service_routes;
