//! The edge through its public face: real sockets on the loopback address, real certificates, short deadlines.
#![expect(clippy::unwrap_used, reason = "a failed step of a test is a failed test")]

mod authority;
mod limits;
mod ports;
mod products;
mod shutdown;
mod support;
