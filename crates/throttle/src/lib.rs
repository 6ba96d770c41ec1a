//! How much somebody may ask for: rates, delays after failures, and requests at the same time.
//!
//! No clock, no I/O: every call is given the present instant. Memory is fixed when a table is made
//! ([`limits`]), whoever comes and however many; a call locks eight slots at most, for as long as it
//! takes to look through them.

mod failures;
mod in_flight;
pub mod limits;
mod rate;
mod table;

pub use failures::{FailurePolicy, FailureThrottle};
pub use in_flight::{InFlight, Seat};
pub use rate::{Rate, RateLimiter};
