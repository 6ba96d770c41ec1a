//! The limiters against what they promise, for any sequence of events.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking, in its helpers too")]

mod failures;
mod in_flight;
mod rates;
