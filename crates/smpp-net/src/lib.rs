//! The SMPP carrier: messages to and from a mobile network, over TCP or TLS.
//!
//! Read in this order: [`SmppConfig`] (which SMSCs), `stored` (those of the API), [`SmppCarrier`] (the carrier port: which bind, how
//! fast, in how many parts), `link` (one connection, kept up), `inbound` (receipts and messages of
//! handsets), `names` (how a receipt finds its message, even after a restart), `repeats` (what is given
//! twice), `codes` (what statuses mean).
//!
//! # What is promised
//!
//! - A message counts as handed over once the SMSC has taken every part of it *and* the SMSC's names of
//!   the parts are on disk. When the process dies in between, or an answer does not come, the message is
//!   submitted again: at least once. Every attempt carries the same `user_message_reference` and the same
//!   reference number of parts, taken from the message's SID, by which the SMSC or the handset can notice.
//! - A `deliver_sm` is answered as taken only when it is on disk, a part of a text too. What stays
//!   incomplete is handed on as it is after [`messaging::limits::PARTS_WAIT`].
//! - A delivery whose answer was lost is recognised when it is given again (`repeats`).
//! - The receipt of the last part decides when it reports delivery; a failure of any part decides at once.
//!
//! # What statuses and receipts become
//!
//! | from the SMSC | becomes |
//! |---|---|
//! | throttled, queue full, system error, not bound, an unknown vendor status, no answer | unavailable: tried again |
//! | invalid destination (0x0B, 0x50, 0x51) | 30005: unknown handset |
//! | rejected (0x66) | 30007: filtered |
//! | any other refusal | 30008: unknown error |
//! | receipt `DELIVRD` | delivered |
//! | receipt `EXPIRED` | undelivered, 30036: validity ended |
//! | receipt `UNDELIV` | undelivered, 30003: handset cannot be reached |
//! | receipt `REJECTD` | undelivered, 30007: filtered |
//! | receipt `DELETED`, `UNKNOWN` | undelivered, 30008: unknown error |
//! | receipt `ACCEPTD`, `ENROUTE` | nothing yet |

mod carrier;
mod codes;
mod config;
mod inbound;
pub mod limits;
mod link;
mod names;
mod repeats;
mod routes;
mod senders;
pub mod smsc;
mod stored;
mod sweep;
mod text;
mod tls;

pub use carrier::SmppCarrier;
pub use config::{
    BindConfig, BindMode, Concatenate, ConfigProblem, Password, ProtocolVersion, ReceiptIds, SenderRate,
    SmppConfig,
};
pub use routes::routes;
