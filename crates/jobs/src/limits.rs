//! Every limit of durable work, in one place.

use std::time::Duration;

/// How long a job is leased at a time: when its process dies, another takes it over after this.
pub const LEASE: Duration = Duration::from_secs(20);

/// How often the lease of a job in hand is renewed.
pub const RENEW_EVERY: Duration = Duration::from_secs(5);

/// The pause after a renewal that failed.
pub const RENEW_PAUSE: Duration = Duration::from_secs(1);

/// How long after its last renewal a job is stopped. What is left until the end of the lease is for clocks that differ.
pub const GIVE_UP: Duration = Duration::from_secs(15);

/// How long any handler may take (a webhook: connect, read and redirects).
pub const HANDLER_LIMIT: Duration = Duration::from_secs(120);

/// How long a queue waits at least after a look that found nothing due: every commit of a job, of any queue, is a
/// reason for another. The first after a rest is made at once.
pub const LOOK_EVERY: Duration = Duration::from_millis(3);

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

/// How often it is looked whether the clock has gone back.
pub const CLOCK_CHECK: Duration = Duration::from_secs(1);

/// How far the clock may go back without anything being done about it.
pub const CLOCK_TOLERANCE: Duration = Duration::from_secs(2);

/// For how many checks jobs are looked after once the clock has gone back: a power of two, and longer than any handler
/// may take ([`HANDLER_LIMIT`]), because what it writes may hold a time that it read before.
pub const CLOCK_LOOKS: u32 = 128;
