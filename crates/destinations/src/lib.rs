//! Where the events of Segment's sources go, and what of them.
//!
//! Read in this order: [`records`] (what is kept), [`pipeline`] and `encryption` (from an event to what
//! leaves of it; pure), `rules` (what
//! the guard is told), `service`, `resources`, `parts`, `manifest` and `overview` (our own API), `public_api` (Segment's), [`transport`] and `kinds` (how a
//! kind of destination is reached), [`engine`], `run`, `plan` and `again` (delivery).
//!
//! In a HIPAA workspace nothing leaves that was not granted, that the approved manifest does not say, or to a host that
//! no agreement in force covers; all of that is asked again before each request. An event is opened after the ledger has
//! an entry for it, and leaves after the accounting of disclosures has whom it is about.

mod again;
mod encryption;
pub mod engine;
mod kinds;
pub mod limits;
mod manifest;
mod measures;
mod overview;
mod parts;
pub mod pipeline;
mod plan;
mod public_api;
pub mod records;
mod resources;
mod routes;
mod rules;
mod run;
mod service;
pub mod transport;
mod view;

pub use engine::Engine;
pub use kinds::Ways;
pub use measures::EngineMeasures;
pub use pipeline::Pipeline;
pub use public_api::SERVED;
pub use routes::routes;
