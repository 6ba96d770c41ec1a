//! Latencies in buckets: a fixed table, no allocation while measuring, within 1/64 of each value.

use std::time::Duration;

/// Buckets per power of two; the width of a bucket is at most 1/64 of its values.
const STEPS: u64 = 64;
/// Powers of two above `STEPS` microseconds: the last bucket begins above two hours.
const POWERS: usize = 28;
const BUCKETS: usize = STEPS as usize * POWERS;

/// Counts of durations, in microseconds.
#[derive(Clone)]
pub(crate) struct Histogram {
    counts: Vec<u64>,
    count: u64,
    longest: Duration,
}

impl Default for Histogram {
    fn default() -> Self {
        Self { counts: vec![0; BUCKETS], count: 0, longest: Duration::ZERO }
    }
}

impl Histogram {
    /// Counts one duration.
    pub(crate) fn record(&mut self, took: Duration) {
        let micros = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        self.counts[bucket(micros)] += 1;
        self.count += 1;
        self.longest = self.longest.max(took);
    }

    /// Adds what another one counted.
    pub(crate) fn merge(&mut self, other: &Self) {
        for (mine, theirs) in self.counts.iter_mut().zip(&other.counts) {
            *mine += theirs;
        }
        self.count += other.count;
        self.longest = self.longest.max(other.longest);
    }

    /// The longest, exactly.
    pub(crate) fn longest(&self) -> Duration {
        self.longest
    }

    /// The duration that `share` (0 to 1) of all are not longer than; the upper end of its bucket.
    pub(crate) fn quantile(&self, share: f64) -> Duration {
        // Counts of one run are far below 2^52, where the conversion would lose.
        let rank = (share.clamp(0.0, 1.0) * self.count as f64).ceil().max(1.0) as u64;
        let mut seen = 0;
        for (index, count) in self.counts.iter().enumerate() {
            seen += count;
            if seen >= rank {
                return Duration::from_micros(upper(index)).min(self.longest);
            }
        }
        self.longest
    }
}

/// The first `STEPS` buckets hold one microsecond each; then `STEPS / 2` per power of two would do, but
/// the plain form is easier to check: the power, and the next six bits.
fn bucket(micros: u64) -> usize {
    if micros < STEPS {
        return micros as usize;
    }
    let power = micros.ilog2() - STEPS.ilog2();
    let step = (micros >> power) - STEPS;
    ((u64::from(power) + 1) * STEPS + step).min(BUCKETS as u64 - 1) as usize
}

/// The largest value of a bucket.
fn upper(index: usize) -> u64 {
    let (row, step) = (index as u64 / STEPS, index as u64 % STEPS);
    if row == 0 { step } else { ((STEPS + step + 1) << (row - 1)) - 1 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_value_lies_in_a_bucket_that_is_narrow() {
        for micros in (0..70_000).chain([1 << 20, (1 << 30) + 12_345]) {
            let upper = upper(bucket(micros));
            assert!(upper >= micros && upper - micros <= micros / STEPS, "{micros}: {upper}");
        }
        assert_eq!(bucket(u64::MAX), BUCKETS - 1);
    }

    #[test]
    fn quantiles_are_ranks() {
        let mut histogram = Histogram::default();
        assert_eq!(histogram.quantile(0.5), Duration::ZERO);
        for micros in 1..=100 {
            histogram.record(Duration::from_micros(micros));
        }
        let mut other = Histogram::default();
        other.record(Duration::from_millis(5));
        histogram.merge(&other);
        assert_eq!(histogram.count, 101);
        assert_eq!(histogram.quantile(0.5), Duration::from_micros(51));
        assert_eq!(histogram.quantile(1.0), Duration::from_millis(5));
        assert_eq!(histogram.longest(), Duration::from_millis(5));
    }
}
