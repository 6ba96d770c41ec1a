//! What the carrier promises, against an SMSC that is not ours: the npm package `smpp`.
//!
//! The tests need node and the package: `npm ci` in `tests/peer` (or a copy of it), and the path of the
//! `node_modules` in `SWITCHWARD_SMPP_PEER`. Without it each of them says that it was skipped.
#![expect(clippy::unwrap_used, reason = "a failed step of a test is a failed test")]

mod faults;
mod inbound;
mod outbound;
mod peer;
mod site;
mod tls;
