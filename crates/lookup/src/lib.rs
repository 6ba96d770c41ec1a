//! Lookup: what is known about a phone number. Twilio's `lookups/v2` and `lookups/v1`, fetch only.
//!
//! Formatting and validation are computed here ([`base::check_number`]); line type, carrier and caller
//! name come from a [`Provider`], by default the operator's own [`LocalTable`]. The number asked about
//! is protected data: it is sealed in the path's extractor, opened once its ledger entry is on disk,
//! and stored nowhere. In a HIPAA project the packages of LOOK-ELIG-1 are served, add-ons are refused
//! by LOOK-MKT-1, and everything else by AI-GEN-1 or CON-NELIST-1.
//!
//! Reading order: [`routes()`], [`model`], [`provider`], [`table`], `service`, `view`.

pub mod model;
pub mod provider;
mod routes;
mod service;
pub mod table;
mod view;

pub use model::{Caller, CallerType, Line, LineType};
pub use provider::{Answering, Provider, Unreachable};
pub use routes::routes;
pub use table::{LocalTable, TableProblem};
