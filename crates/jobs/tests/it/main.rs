//! Durable work from outside: jobs on a real database, a clock that stands, and handlers that fail.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking, in its helpers too")]

mod bench;
mod clocks;
mod lanes;
mod order;
mod parking;
mod retry;
mod stop;
