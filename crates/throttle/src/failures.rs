//! Delays that grow with failures: a few are free, each further one doubles the wait.

use std::hash::Hash;
use std::time::Duration;

use base::Timestamp;

use crate::limits::{FIRST_DELAY, FORGET_AFTER, LONGEST_DELAY};
use crate::table::{State, Table};

/// How many failures cost nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FailurePolicy {
    /// Failures before the first delay.
    pub free: u32,
}

impl FailurePolicy {
    /// The delay after this many failures.
    fn delay(self, failures: u32) -> Duration {
        let Some(doublings) = failures.checked_sub(self.free.saturating_add(1)) else {
            return Duration::ZERO;
        };
        FIRST_DELAY.saturating_mul(1_u32.checked_shl(doublings).unwrap_or(u32::MAX)).min(LONGEST_DELAY)
    }
}

/// The failures of a key.
#[derive(Clone, Copy)]
struct Failures {
    count: u32,
    last: Timestamp,
}

impl Default for Failures {
    fn default() -> Self {
        Self { count: 0, last: Timestamp::from_micros(0) }
    }
}

impl State for Failures {
    fn idle_from(&self) -> Timestamp {
        self.last.plus(FORGET_AFTER)
    }
}

/// Makes keys wait after failures.
#[derive(Default)]
pub struct FailureThrottle {
    table: Table<Failures>,
}

impl FailureThrottle {
    /// How long `key` has to wait before it may try again; `None` when it may now.
    pub fn wait(&self, key: &impl Hash, policy: FailurePolicy, now: Timestamp) -> Option<Duration> {
        let failures = self.table.get(key);
        let delay = policy.delay(failures.count);
        // Never longer than the delay itself: a clock that was set back must not lock anybody out.
        let left = failures.last.plus(delay).since(now).min(delay);
        (left > Duration::ZERO).then_some(left)
    }

    /// Counts a failure of `key`, and says how many there are now and how long it has to wait.
    pub fn failed(&self, key: &impl Hash, policy: FailurePolicy, now: Timestamp) -> (u32, Duration) {
        self.table.with(key, |failures| {
            if now.since(failures.last) >= FORGET_AFTER {
                failures.count = 0;
            }
            failures.count = failures.count.saturating_add(1);
            failures.last = now;
            (failures.count, policy.delay(failures.count))
        })
    }

    /// Forgets the failures of `key`: it has shown that it knows.
    pub fn forgive(&self, key: &impl Hash) {
        if self.table.get(key).count > 0 {
            self.table.with(key, |failures| *failures = Failures::default());
        }
    }
}
