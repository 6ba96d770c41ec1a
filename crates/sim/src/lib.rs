//! The simulated carrier and the simulated line: handsets, faults and a clock that can be moved, behind the same ports as
//! real ones, so that developers, tests and demonstrations drive the same program.
//!
//! Read in this order: `outcome` (what a number's last four digits decide), `faults` (what a script
//! decides instead), [`Simulator`] (the carrier), `receipts` (what it tells later), `phones` (the line), `routes` and
//! `phone_routes` (how they are driven over HTTP).
//!
//! What the last four digits of the recipient decide, in any area code:
//!
//! | digits | what happens |
//! |---|---|
//! | 9001 | rejected, 30003: the handset cannot be reached |
//! | 9004 | rejected, 30004: blocked |
//! | 9005 | rejected, 30005: unknown handset |
//! | 9006 | rejected, 30006: landline |
//! | 9007 | rejected, 30007: filtered by the carrier |
//! | 9008 | accepted, then an undelivered receipt with 30008: unknown error |
//! | 9010 | the carrier is unavailable for the first two attempts, then delivers |
//! | 9011 | accepted and shown on the handset, but no receipt is ever given |
//! | others | delivered |
//!
//! Nothing here touches the disk. Texts and numbers are held as `Phi`, and shown only after the
//! ledger of the account that sent them has an entry about it.

mod faults;
pub mod limits;
mod outcome;
mod phone_routes;
mod phones;
mod reach;
mod receipts;
mod recent;
mod request;
mod routes;
mod simulator;
mod view;

pub use faults::{Fault, FaultKind, TooManyFaults};
pub use phone_routes::phone_routes;
pub use phones::PhoneCall;
pub use receipts::Round;
pub use routes::{PRODUCT, routes};
pub use simulator::{HandsetMessage, Simulator};
