//! Every limit of durable work, in one place.

use std::time::Duration;

/// How long a job is leased; longer than any handler may take (a webhook: connect, read and redirects).
pub const LEASE: Duration = Duration::from_secs(120);

/// How long a queue sleeps at most before it looks again.
pub const IDLE_POLL: Duration = Duration::from_millis(500);

/// How long a queue sleeps at least when something is due soon.
pub const SHORTEST_PAUSE: Duration = Duration::from_millis(5);

/// The pause after the first failure.
pub const FIRST_BACKOFF: Duration = Duration::from_secs(1);

/// The longest pause between two attempts.
pub const LONGEST_BACKOFF: Duration = Duration::from_secs(900);

/// Failures in a row after which a job is parked: with the pauses in between, after more than eight minutes.
pub const FAILURES_PARKED: u32 = 10;
