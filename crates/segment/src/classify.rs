//! Which fields of events are protected (`PRIV-MATCH-1`, `PRIV-MATCH-2`, `PRIV-INBOX-1`, `PRIV-INBOX-2`): fields are
//! detected when events come in, people give them colours, and a colour counts at once, for what is kept already too.
//!
//! Read in this order: `records` (what is kept of a workspace's fields), `held` (the same as events are walked against),
//! `door` (what happens at ingest), `sight` (what a reader is shown), `resources` (our own API), `scan` (what is kept
//! already, looked through or purged). Crate `privacy` recognises, drops and masks.

mod door;
mod held;
pub(crate) mod records;
pub(crate) mod resources;
pub(crate) mod scan;
mod sight;

pub(crate) use held::{Classified, red};
pub use scan::queue;
pub(crate) use sight::Sight;
