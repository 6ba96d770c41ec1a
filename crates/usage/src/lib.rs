//! Usage: what an account has used, day by day, as the platform counted it.
//!
//! Reading order: `calendar` (days and periods), `category` (what is added up), `figures` (the sums), `records` (the
//! nine lists), `triggers` (who is told, and when), `routes`. Products count with [`kit::Meter`]; nothing here is in the way of a message (ADR 0010).
//!
//! What this crate must not do: hold anything that came in a message; count anything itself.

mod calendar;
mod category;
mod figures;
pub mod limits;
mod records;
mod routes;
mod triggers;

pub use routes::{PRODUCT, routes};
pub use triggers::watch::{keep_watch, look};
