//! Where the events of Segment's sources go, and what of them.
//!
//! Read in this order: [`records`] (what is kept), [`pipeline`] (from an event to what leaves of it; pure), `rules` (what
//! the guard is told), `resources`, `parts`, `manifest` and `overview` (our own API), [`transport`] (how a kind of
//! destination is reached), [`engine`], `run` and `plan` (delivery).
//!
//! In a HIPAA workspace nothing leaves that was not granted, that the approved manifest does not say, or to a host that
//! no agreement in force covers; all of that is asked again before each request. An event is opened after the ledger has
//! an entry for it, and leaves after the accounting of disclosures has whom it is about.

pub mod engine;
pub mod limits;
mod manifest;
mod overview;
mod parts;
pub mod pipeline;
mod plan;
pub mod records;
mod resources;
mod routes;
mod rules;
mod run;
pub mod transport;
mod view;

pub use engine::Engine;
pub use pipeline::Pipeline;
pub use routes::routes;
