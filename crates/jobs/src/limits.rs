//! Every limit of durable work, in one place.

use std::time::Duration;

/// How long a job is leased; longer than any handler may take (a webhook: connect, read and redirects).
pub const LEASE: Duration = Duration::from_secs(120);

/// How long a queue sleeps at most before it looks again.
pub const IDLE_POLL: Duration = Duration::from_millis(500);

/// The pause after the first failure.
pub const FIRST_BACKOFF: Duration = Duration::from_secs(1);

/// The longest pause between two attempts.
pub const LONGEST_BACKOFF: Duration = Duration::from_secs(900);
