//! Every bound of usage, in one place.

use std::time::Duration;

/// Usage triggers of an account at most.
pub const TRIGGERS: usize = 1_000;
/// Characters of a trigger's name at most.
pub const FRIENDLY_NAME: usize = 64;
/// The largest value that a trigger may have.
pub const TRIGGER_VALUE: i64 = 1_000_000_000_000_000;
/// How often triggers are looked at: how late one may fire, with the delivery besides.
pub const LOOK_EVERY: Duration = Duration::from_secs(60);
