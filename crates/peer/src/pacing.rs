//! How fast a server may be asked.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use messaging::carrier::Pace;
use tokio::time::Instant;

use crate::limits::PACE_WAIT;

/// When a server may be handed the next message.
pub struct Pacing(Mutex<Times>);

struct Times {
    /// When the next message may go.
    next: Instant,
    /// It said that it wants nothing before.
    rests_until: Instant,
}

impl Default for Pacing {
    fn default() -> Self {
        let now = Instant::now();
        Self(Mutex::new(Times { next: now, rests_until: now }))
    }
}

impl Pacing {
    /// When the next message may go, at so many a second; counted when it is now or soon.
    pub fn pace(&self, rate_per_second: f64) -> Pace {
        let (mut times, now) = (self.times(), Instant::now());
        let rest = times.rests_until.saturating_duration_since(now);
        if !rest.is_zero() {
            return Pace::Later(rest);
        }
        let wait = times.next.saturating_duration_since(now);
        if wait > PACE_WAIT {
            return Pace::Later(wait);
        }
        times.next = times.next.max(now) + Duration::from_secs_f64(1.0 / rate_per_second);
        Pace::After(wait)
    }

    /// Lets nothing go for so long.
    pub fn rest(&self, time: Duration) {
        let mut times = self.times();
        times.rests_until = times.rests_until.max(Instant::now() + time);
    }

    fn times(&self) -> MutexGuard<'_, Times> {
        // Two instants: whole after every statement.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
