//! The endpoint as others meet it: with itself, with datagrams that no telephone would send, and with SIPp and baresip,
//! which are not ours.
//!
//! `cargo xtask test` installs them and names them in variables; without its variable a test that needs one says that it
//! was skipped. By hand: `SWITCHWARD_SIPP` is the program `sipp` (Debian's `sip-tester`), `SWITCHWARD_BARESIP` the
//! program `baresip` (`baresip-core`).
#![expect(clippy::unwrap_used, reason = "a failed step of a test is a failed test")]

mod baresip;
mod calls;
mod overload;
mod registrations;
mod rules;
mod sipp;
mod site;
mod torture;
