//! The sizes of the tables, and how fast delays grow.

use std::time::Duration;

/// Sets of a table; each has a lock of its own.
pub const SETS: usize = 1_024;
/// Slots of a set: what is looked through under the lock.
pub const WAYS: usize = 8;
/// Locks over the counts of running requests.
pub const SHARDS: usize = 64;

/// The highest rate that can be kept, in events per second.
pub const MAX_PER_SECOND: u32 = 1_000_000;

/// The first delay after too many failures; each further failure doubles it.
pub const FIRST_DELAY: Duration = Duration::from_secs(1);
/// The longest delay.
pub const LONGEST_DELAY: Duration = Duration::from_secs(15 * 60);
/// After so long without a failure, earlier ones are forgotten.
pub const FORGET_AFTER: Duration = Duration::from_secs(60 * 60);
