//! Media of messages: pictures, films, sounds and documents, out and in.
//!
//! Read in this order: [`kind`] (what bytes are, by their looks), `model` (what is kept), `store`, `fetch` (from the
//! customer's URL into the blob store), `service` and `routes` (the API), `range` (parts of the bytes), `link` and `links` (what opens
//! one medium without credentials, for an hour at most).
//!
//! One document per medium. Its protected content is the key of its blob and the URL it came from; so destroying the
//! document's key destroys the medium, and nobody reads one without the ledger's proof.

pub(crate) mod fetch;
pub mod kind;
mod link;
pub(crate) mod links;
pub(crate) mod model;
pub mod range;
pub(crate) mod routes;
pub(crate) mod service;
pub(crate) mod store;
mod view;

pub use links::routes as link_routes;
pub use store::is_wanted;
