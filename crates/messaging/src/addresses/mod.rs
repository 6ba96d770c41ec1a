//! Addresses: where the account or its customer is. All of one is personal data, so all of it is content; what is
//! looked for is found by keyed digests.
//!
//! They stand here because the tie is on both sides: a number names its address, and an address that a number names
//! is not deleted.

mod model;
pub(crate) mod routes;
mod service;
mod view;

pub(crate) use service::refuse_unknown;
