//! Rates by the generic cell rate algorithm: one instant per key says everything a token bucket does.
//!
//! The instant is when the bucket would be full again (the *theoretical arrival time* of ITU-T I.371
//! annex A). An event moves it by the interval of the rate; it may lie ahead of now by the burst at most.

use std::hash::Hash;
use std::num::NonZeroU32;
use std::time::Duration;

use base::Timestamp;

use crate::limits::MAX_PER_SECOND;
use crate::table::{State, Table};

const NANOS_PER_SECOND: i64 = 1_000_000_000;
const NANOS_PER_MICRO: i64 = 1_000;

/// A rate and how much may come at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    /// Nanoseconds that one event takes.
    interval: i64,
    /// Nanoseconds that the events of one burst take.
    depth: i64,
}

impl Rate {
    /// This many events per second (at most [`MAX_PER_SECOND`]), of which `burst` may come at once.
    pub fn new(per_second: NonZeroU32, burst: NonZeroU32) -> Self {
        let interval = NANOS_PER_SECOND / i64::from(per_second.get().min(MAX_PER_SECOND));
        Self { interval, depth: interval.saturating_mul(i64::from(burst.get())) }
    }

    /// This many events per second, and one second's worth at once.
    pub fn per_second(per_second: NonZeroU32) -> Self {
        Self::new(per_second, per_second)
    }
}

/// When a key's bucket is full again, in nanoseconds since the Unix epoch.
#[derive(Clone, Copy, Default)]
struct FullAt(i64);

impl FullAt {
    /// Takes one event at `now`, or says how long it has to wait.
    fn take(&mut self, rate: Rate, now: Timestamp) -> Result<(), Duration> {
        let now = now.micros().saturating_mul(NANOS_PER_MICRO);
        // Never further ahead than a full burst: a clock that was set back must not lock anybody out.
        let full_at = self.0.clamp(now, now.saturating_add(rate.depth));
        let next = full_at.saturating_add(rate.interval);
        let early = next.saturating_sub(now.saturating_add(rate.depth));
        if early > 0 {
            self.0 = full_at;
            return Err(Duration::from_nanos(early.unsigned_abs()));
        }
        self.0 = next;
        Ok(())
    }
}

impl State for FullAt {
    fn idle_from(&self) -> Timestamp {
        Timestamp::from_micros(self.0 / NANOS_PER_MICRO)
    }
}

/// Keeps many keys to their rates.
#[derive(Default)]
pub struct RateLimiter {
    table: Table<FullAt>,
}

impl RateLimiter {
    /// Counts one event of `key`.
    ///
    /// # Errors
    /// How long to wait, when the rate does not allow it now; it is not counted then.
    pub fn take(&self, key: &impl Hash, rate: Rate, now: Timestamp) -> Result<(), Duration> {
        self.table.with(key, |full_at| full_at.take(rate, now))
    }
}
