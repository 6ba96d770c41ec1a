//! The upstream carrier: messages leave through another account that speaks Twilio's API, over https.
//!
//! It is for a team that has an agreement with such a vendor and wants Switchward in front of it. Read in this order:
//! [`UpstreamConfig`] (which accounts), [`UpstreamCarrier`] (the carrier port), `account` (one account: what is asked of
//! it, and what its answers mean), `record` (what is remembered of a hand-over), `token` (how a
//! callback names its message), `callbacks` (what the upstream tells), `follow` (and what it is asked when it does not).
//!
//! # What is promised
//!
//! Twilio's `POST Messages` has no idempotency key, so whether a message was taken is not known when the connection
//! breaks after the request was written. Such a message is *open*: it is not sent again before the upstream's own list
//! shows that it is not there ([`limits::SETTLING`] later), or its status callback says that it is. Where neither can be
//! had, it is not sent again at all and fails when its validity ends: a reminder that comes twice is worse than one that
//! fails visibly. What an upstream takes after its list was read is sent twice; the callbacks of both attempts name
//! theirs, so that this is noticed and logged.
//!
//! # What this crate must not do
//!
//! Put a recipient or a text into a URL; follow a redirect; speak plain HTTP; hand a message of a HIPAA project to a
//! host that the account's register does not have under an agreement in force (ART-BAA-4).

mod account;
mod callbacks;
mod carrier;
mod config;
mod follow;
pub mod limits;
mod record;
mod token;

pub use callbacks::routes;
pub use carrier::UpstreamCarrier;
pub use config::{AccountConfig, UpstreamConfig};
