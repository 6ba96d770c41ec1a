//! A token bucket: so many messages a second, and no more.

use std::time::Duration;

/// Lets a message through every `1 / rate` seconds, and one second's worth at once after a rest.
#[derive(Clone, Debug)]
pub struct Bucket {
    interval: Duration,
    burst: Duration,
    /// When the bucket will be full again.
    full_at: Duration,
}

impl Bucket {
    /// A full bucket; `per_second` is more than zero.
    pub fn new(per_second: f64) -> Self {
        let interval = Duration::try_from_secs_f64(1.0 / per_second).unwrap_or(Duration::MAX / 4);
        let burst = Duration::from_secs(1).max(interval).saturating_sub(interval);
        Self { interval, burst, full_at: Duration::ZERO }
    }

    /// An empty bucket: what was let through before its time zero is not known.
    pub fn spent(per_second: f64) -> Self {
        let bucket = Self::new(per_second);
        Self { full_at: bucket.burst.saturating_add(bucket.interval), ..bucket }
    }

    /// The time between two messages.
    pub fn interval(&self) -> Duration {
        self.interval
    }

    /// How long until the next message may pass; zero for now.
    pub fn wait(&self, now: Duration) -> Duration {
        self.full_at.saturating_sub(self.burst).saturating_sub(now)
    }

    /// Counts a message. When the bucket was empty, the message passes after [`Bucket::wait`].
    pub fn take(&mut self, now: Duration) {
        self.full_at = self.full_at.max(now).saturating_add(self.interval);
    }

    /// Whether nothing was taken that has not been filled up again.
    pub fn is_full(&self, now: Duration) -> bool {
        self.full_at <= now
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// How many of `asked` messages pass within `seconds`.
    fn passed(per_second: f64, asked: usize, seconds: u64) -> usize {
        let mut bucket = Bucket::new(per_second);
        let mut now = Duration::ZERO;
        (0..asked)
            .take_while(|_| {
                now += bucket.wait(now);
                bucket.take(now);
                now <= Duration::from_secs(seconds)
            })
            .count()
    }

    #[test]
    fn passes_the_rate_after_one_burst() {
        assert_eq!(passed(10.0, 1_000, 9), 100);
        assert_eq!(passed(1.0, 1_000, 9), 10);
        assert_eq!(passed(0.1, 1_000, 30), 4);
    }

    #[test]
    fn a_spent_bucket_lets_nothing_through_at_first() {
        for (per_second, wait) in [(1.0, 1_000), (100.0, 10), (0.5, 2_000)] {
            assert_eq!(Bucket::spent(per_second).wait(Duration::ZERO), Duration::from_millis(wait));
        }
        assert!(Bucket::spent(1.0).is_full(Duration::from_secs(1)));
    }

    #[test]
    fn a_rest_fills_it_but_not_over_the_brim() {
        let mut bucket = Bucket::new(2.0);
        bucket.take(Duration::ZERO);
        assert!(!bucket.is_full(Duration::ZERO));
        let later = Duration::from_secs(60);
        assert!(bucket.is_full(later));
        bucket.take(later);
        bucket.take(later);
        assert_eq!(bucket.wait(later), Duration::from_millis(500));
    }
}
