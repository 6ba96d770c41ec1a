//! Short codes of an account: the `SMS/ShortCodes` resource. The operator leases them and brings them in, each to one
//! account; nobody finds one in the inventory.
//!
//! A short code of ours is not protected data; the numbers at the other end are.

mod model;
pub(crate) mod operator;
pub(crate) mod routes;
mod service;
mod view;

pub(crate) use model::ShortCode;
pub(crate) use service::{by_code, get, owned};
