//! What the simulator promises, through the carrier port and over HTTP.
#![expect(clippy::unwrap_used, reason = "a failed step of a test is a failed test")]

mod carrier;
mod clock;
mod faults;
mod handsets;
mod phones;
mod receipts;
mod support;
