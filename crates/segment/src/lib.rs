//! Segment's front half: workspaces with their sources, and the tracking API that takes events for them.
//!
//! Read in this order: [`records`] (workspaces, sources, suppressions as they are kept), `workspaces`, `sources` and
//! `regulations` (our own API for them), `window` (which events were there before), `subjects` (whom events are
//! about), `ingest` (from a parsed body to the log), `tracking_api` (the HTTP face of it).
//!
//! Every field of an event is PHI. An event is sealed under the keys of whom it is about, and it is on disk before it
//! is answered with 200. Of a person who is suppressed nothing is written, not even a digest of the event's name.
//! Reading the log, and delivering from it, is not here yet.

mod ingest;
pub mod limits;
pub mod records;
mod regulations;
mod routes;
mod sources;
mod subjects;
mod tracking_api;
mod view;
mod window;
mod workspaces;

pub use ingest::Ingest;
pub use routes::routes;
pub use tracking_api::{LABELS, router};
