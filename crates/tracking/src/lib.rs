//! Segment's tracking calls, from the bytes of a body to events in one form.
//!
//! Nothing here does I/O: bytes, a call and an instant go in, events come out. What an event says is PHI from the
//! moment it is read; only its type, and whether it carries consent, are facts.
//!
//! In reading order: [`Call`] (which path was called), [`Body`] (what it brought), [`Event`] (what comes out),
//! [`Rejected`] (why something does not), [`inflate`] (gzip within limits). Bounds are in [`limits`].
//!
//! Source: the published tracking API reference, and what `@segment/analytics-node` 3, `@segment/analytics-next` 1 and
//! `segment-analytics-python` 2 send.

mod body;
mod call;
mod event;
mod gzip;
pub mod limits;
mod object;
mod surrogates;
mod times;

pub use body::{Arrival, Body, Malformed, Received};
pub use call::{Call, EventType};
pub use event::{Consent, Event, Rejected};
pub use gzip::{InflateError, inflate};
