//! What the program does, as spans of traces: requests, decisions, commits, jobs, deliveries.
//!
//! Whoever works says so with a [`Work`], whose every value is a word of the program, a number or an account's SID.
//! There is no way to put text into one that came from outside, so nothing that is protected can leave in a trace.
//!
//! A [`Tracer`] begins a trace at the two places where work comes from: a request and a job. What happens inside is
//! found by the running task ([`child`], [`note`]), so crates in between carry nothing along.
//!
//! Without the feature `otel` all of this only runs the work that it is given: the same functions, and nothing in them.

pub mod limits;
// Compiled with the feature as well, so that lints see it beside the rest.
#[cfg_attr(feature = "otel", expect(dead_code, reason = "what is there without the feature"))]
mod off;
#[cfg(feature = "otel")]
mod parent;
#[cfg(feature = "otel")]
mod recorder;
mod work;

#[cfg(not(feature = "otel"))]
pub use off::{Tracer, account, child, note, remember_job};
#[cfg(feature = "otel")]
pub use recorder::{Measures, Span, SpanId, TraceId, Tracer, account, child, note, remember_job};
pub use work::{Kind, Value, Work};
