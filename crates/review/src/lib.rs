//! Break-glass review: how the operator's people may see a text of a customer, and no other way (CHG-MOD-2).
//!
//! Switchward moderates nothing: no part of it reads texts to judge them, in no account, so that a HIPAA project is
//! exempt from what there is none of (CHG-MOD-1). What remains is the review that the guide leaves open: after a
//! complaint, or when an account shows signs of risk, two people sign, a time box opens, and each text that one of
//! them reads is on the account's own ledger before it is shown. In reading order: [`messages`] (the port),
//! `risk` (signs, from facts alone), `complaints`, `reviewers`, `model`, `service`. See `docs/reviews.md`.

mod complaints;
pub mod limits;
pub mod messages;
mod model;
mod reviewers;
mod risk;
mod routes;
mod service;
mod text;

pub use routes::routes;
