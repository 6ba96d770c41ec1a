//! Every bound of what carriers over HTTP have in common.

use std::ops::RangeInclusive;
use std::time::Duration;

/// Servers that one carrier has.
pub const ENTRIES: usize = 8;

/// Characters of a server's name.
pub const NAME_CHARACTERS: usize = 32;

/// The slowest and the fastest rate that can be configured, in messages a second.
pub const RATES: RangeInclusive<f64> = 0.01..=1_000.0;

/// How long a connection may take.
pub const CONNECT: Duration = Duration::from_secs(5);

/// Addresses of one host that are tried.
pub const ADDRESSES: usize = 4;

/// How long a message may wait for a server's rate in hand; what would wait longer goes back into the queue.
pub const PACE_WAIT: Duration = Duration::from_millis(250);

/// The longest `Retry-After` that is believed.
pub const LONGEST_RETRY_AFTER: Duration = Duration::from_secs(900);
