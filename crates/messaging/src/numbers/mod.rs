//! The account's phone numbers: the IncomingPhoneNumbers resource, and the inventory they come from.
//!
//! A number of ours is not protected data; the numbers at the other end are.

pub(crate) mod available;
mod inventory;
pub(crate) mod kinds;
mod model;
pub(crate) mod operator;
pub(crate) mod routes;
mod service;
mod view;

pub(crate) use inventory::OWNER;
pub use inventory::{add_to_inventory, claim_number};
pub(crate) use model::{
    BY_ADDRESS, BY_APPLICATION, BY_VOICE_APPLICATION, Configured, Hook, PhoneNumber, method,
};
pub use service::digits_of;
pub(crate) use service::{Owned, by_number, callback_fact, check_urls, get, owned};
