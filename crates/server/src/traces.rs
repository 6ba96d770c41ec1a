//! Traces: where the spans of this program go (`docs/adr/0006-traces-from-a-closed-set.md`).
//!
//! Without the feature `otel` there is nothing here but the word that says so to whoever configured them.

// Compiled with the feature as well, so that lints see it beside the rest.
#[cfg_attr(feature = "otel", expect(dead_code, reason = "what is there without the feature"))]
mod absent;
#[cfg(feature = "otel")]
mod collector;
#[cfg(feature = "otel")]
mod exporter;
#[cfg(feature = "otel")]
mod limits;
#[cfg(feature = "otel")]
mod otlp;

#[cfg(not(feature = "otel"))]
pub(crate) use absent::{Collector, Traces};
#[cfg(feature = "otel")]
pub(crate) use collector::Collector;
#[cfg(feature = "otel")]
pub(crate) use exporter::Traces;
