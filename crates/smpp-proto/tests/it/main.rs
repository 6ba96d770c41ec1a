//! What a session promises, against an SMSC made of single PDUs, and against noise.
#![expect(clippy::unwrap_used, reason = "a failed step of a test is a failed test")]

mod noise;
mod session;
mod smsc;
