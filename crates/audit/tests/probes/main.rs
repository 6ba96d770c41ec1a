//! Active probes against servers of the test's own, on this machine.

#![allow(clippy::unwrap_used, reason = "a panic is how a test fails")]

mod hosts;
mod media;
mod place;
