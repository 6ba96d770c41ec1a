//! The audio plane through its public edges: sockets of the loopback, files, and other implementations.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking, in its helpers too")]
#![expect(non_snake_case, reason = "tests that prove a rule are named after it")]

mod calls;
mod recordings;
mod srtp;
