//! The MMS carrier: messages with media leave through MMSCs that speak MM7, and come in from them.
//!
//! Spec: 3GPP TS 23.140 V6.16 (§8.7: MM7 is SOAP 1.1 with attachments over HTTP), RFC 2387 and RFC 2046 for
//! the bodies. Why MM7 and not MM4 or one vendor's API: ADR 0012. Read in this order: [`Mm7Config`] (which MMSCs),
//! [`Mm7Carrier`] (the carrier port), `relay` (one MMSC: what it is sent, and what its answers mean), [`mime`] and
//! [`soap`] (the two formats, both ways), `status` (its codes as ours), `record` (what is
//! remembered of a hand-over), `door` (what MMSCs tell).
//!
//! # What is promised
//!
//! MM7 has no question about a message, and nothing that makes a second submission harmless. So a message is written down
//! before it is handed over, and one whose answer was lost is never handed over again: a report about it settles it,
//! and without one it fails when its validity ends.
//!
//! # What this crate must not do
//!
//! Speak plain HTTP to anything but this machine; follow a redirect; put a number, a text or a medium into a URL or a
//! log; answer what comes in before it is on disk; hand a message of a HIPAA project to a host that the account's
//! register does not have under an agreement in force (ART-BAA-4).

mod carrier;
mod config;
mod door;
pub mod limits;
pub mod mime;
mod record;
mod relay;
pub mod soap;
mod status;

pub use carrier::Mm7Carrier;
pub use config::{Mm7Config, RelayConfig};
pub use door::routes;
