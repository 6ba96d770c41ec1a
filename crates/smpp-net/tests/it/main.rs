//! What the carrier promises, against an SMSC that is not ours (the npm package `smpp`), and what our
//! simulated SMSC does with systems that are not ours (Python's smpplib, Kannel).
//!
//! `cargo xtask test` installs them and names them in variables; without a variable each test that needs it
//! says that it was skipped. By hand: `npm ci` in `tests/peer` (or a copy of it) and its `node_modules` in
//! `SWITCHWARD_SMPP_PEER`; a Python with `tests/peer/requirements.txt` in `SWITCHWARD_SMPP_PYTHON`; the
//! folder of `bearerbox` in `SWITCHWARD_KANNEL`.
#![expect(clippy::unwrap_used, reason = "a failed step of a test is a failed test")]

mod binds;
mod faults;
mod inbound;
mod kannel;
mod odd;
mod operator;
mod outbound;
mod peer;
mod rules;
mod senders;
mod site;
mod smpplib;
mod smsc;
mod tls;
