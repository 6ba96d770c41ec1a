//! Segment's front half: workspaces with their sources, and the tracking API that takes events for them.
//!
//! Read in this order: [`records`] (workspaces, sources, suppressions as they are kept), `workspaces`, `sources` and
//! `regulations` (our own API for them), `public_api` (Segment's API for the same, with its tokens), `people` (who may do
//! what by that), [`schema_settings`] and `enforce` (what becomes of events that were not planned), `classify` (which of
//! their fields are protected), `window` (which events were there before), `subjects` (whom events are about), `ingest`
//! (from a parsed body to the log), `tracking_api` (the HTTP face of it), `watch` (what waits for people for too long).
//!
//! Every field of an event is PHI. An event is sealed under the keys of whom it is about, and it is on disk before it
//! is answered with 200. Of a person who is suppressed nothing is written, not even a digest of the event's name.
//! Delivering from the log is the affair of crate `destinations`.

pub(crate) mod classify;
mod compiled;
mod enforce;
mod ingest;
pub mod limits;
mod people;
mod public_api;
pub mod reading;
pub mod records;
mod regulations;
mod retention;
pub mod roles;
mod routes;
pub mod schema_settings;
mod sources;
mod subjects;
mod tokens;
mod tracking_api;
mod view;
mod watch;
mod window;
mod workspaces;

/// What another crate needs to serve operations of the Public API.
pub mod public {
    pub use crate::public_api::{Answering, Call, Failed, PageRequest, Reply, Served};
}

/// For fuzz targets alone.
#[cfg(fuzzing)]
pub mod fuzzing {
    /// Reads a token.
    pub fn token(text: &str) {
        let _ = crate::tokens::Given::parse(text);
    }

    /// Reads a cursor.
    pub fn cursor(text: &str) {
        crate::public_api::fuzzed_cursor(text);
    }
}

pub use classify::queue;
pub use ingest::Ingest;
pub use public_api::{LABEL as PUBLIC_LABEL, router as public_router};
pub use retention::Retention;
pub use routes::routes;
pub use tracking_api::{LABELS, router};
pub use watch::{Watch, WatchMeasures};
