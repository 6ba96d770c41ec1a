//! Time as an input: one timestamp type, one trait, a real and a virtual clock.

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use time::OffsetDateTime;
use time::format_description::well_known::{Rfc2822, Rfc3339};

const MICROS_PER_SECOND: i64 = 1_000_000;

/// An instant: microseconds since the Unix epoch, UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(i64);

impl Timestamp {
    /// The instant `micros` microseconds after the Unix epoch.
    pub const fn from_micros(micros: i64) -> Self {
        Self(micros)
    }

    /// The instant `seconds` seconds after the Unix epoch.
    pub const fn from_seconds(seconds: i64) -> Self {
        Self(seconds.saturating_mul(MICROS_PER_SECOND))
    }

    /// Microseconds since the Unix epoch.
    pub const fn micros(self) -> i64 {
        self.0
    }

    /// Whole seconds since the Unix epoch, rounded down.
    pub const fn seconds(self) -> i64 {
        self.0.div_euclid(MICROS_PER_SECOND)
    }

    /// This instant plus `duration`, saturating at the end of time.
    pub fn plus(self, duration: Duration) -> Self {
        Self(self.0.saturating_add(i64::try_from(duration.as_micros()).unwrap_or(i64::MAX)))
    }

    /// This instant minus `duration`, saturating at the beginning of time.
    pub fn minus(self, duration: Duration) -> Self {
        Self(self.0.saturating_sub(i64::try_from(duration.as_micros()).unwrap_or(i64::MAX)))
    }

    /// How long after `earlier` this is; zero when it is not after it.
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_micros(u64::try_from(self.0.saturating_sub(earlier.0)).unwrap_or(0))
    }

    /// The 2010 API's date form, for example `Thu, 24 Aug 2023 05:01:45 +0000` (RFC 2822).
    pub fn rfc2822(self) -> String {
        self.date_time().format(&Rfc2822).unwrap_or_default()
    }

    /// The v1/v2 APIs' date form in whole seconds, for example `2015-07-30T20:00:00Z` (ISO 8601).
    pub fn iso8601(self) -> String {
        self.date_time().format(&Rfc3339).unwrap_or_default()
    }

    /// The date-time with milliseconds, as Segment's API prints it: `2023-08-24T05:01:45.250Z`.
    pub fn iso8601_millis(self) -> String {
        let seconds = self.iso8601();
        let millis = self.0.rem_euclid(MICROS_PER_SECOND) / 1_000;
        format!("{}.{millis:03}Z", seconds.trim_end_matches('Z'))
    }

    /// Reads an RFC 3339 date-time (`2023-08-24T05:01:45Z`) or a plain date (`2023-08-24`, midnight UTC).
    pub fn parse_iso8601(text: &str) -> Option<Self> {
        let full;
        let text = if text.len() == "2023-08-24".len() {
            full = format!("{text}T00:00:00Z");
            &full
        } else {
            text
        };
        let parsed = OffsetDateTime::parse(text, &Rfc3339).ok()?;
        i64::try_from(parsed.unix_timestamp_nanos() / 1_000).ok().map(Self)
    }

    /// Reads the 2010 API's date form (RFC 2822).
    pub fn parse_rfc2822(text: &str) -> Option<Self> {
        let time = OffsetDateTime::parse(text, &Rfc2822).ok()?;
        Some(Self::from_seconds(time.unix_timestamp()))
    }

    /// Midnight UTC of this instant's day.
    pub fn start_of_day(self) -> Self {
        const DAY: i64 = 86_400 * MICROS_PER_SECOND;
        Self(self.0 - self.0.rem_euclid(DAY))
    }

    /// Whole seconds only: what both date forms print, so out-of-range values show the epoch.
    fn date_time(self) -> OffsetDateTime {
        OffsetDateTime::from_unix_timestamp(self.seconds()).unwrap_or(OffsetDateTime::UNIX_EPOCH)
    }
}

/// Where "now" comes from.
pub trait Clock: Send + Sync + 'static {
    /// The present instant.
    fn now(&self) -> Timestamp;
}

/// The machine's clock.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "the one place that reads the machine's clock")]
    fn now(&self) -> Timestamp {
        let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Timestamp(i64::try_from(since_epoch.as_micros()).unwrap_or(i64::MAX))
    }
}

/// A clock that can be moved: it stands still (tests), or runs ahead of the machine's
/// clock by an offset (the simulator).
#[derive(Debug)]
pub struct VirtualClock {
    base: Option<Timestamp>,
    offset: AtomicI64,
}

impl VirtualClock {
    /// A clock that stands at `at` until it is advanced.
    pub fn standing_at(at: Timestamp) -> Self {
        Self { base: Some(at), offset: AtomicI64::new(0) }
    }

    /// A clock that follows the machine's clock plus whatever it was advanced by.
    pub fn following_system() -> Self {
        Self { base: None, offset: AtomicI64::new(0) }
    }

    /// Moves the clock forward.
    pub fn advance(&self, by: Duration) {
        let micros = i64::try_from(by.as_micros()).unwrap_or(i64::MAX);
        self.offset.fetch_add(micros, Ordering::SeqCst);
    }

    /// Moves the clock back, as a machine's clock that is set right does.
    pub fn set_back(&self, by: Duration) {
        let micros = i64::try_from(by.as_micros()).unwrap_or(i64::MAX);
        self.offset.fetch_sub(micros, Ordering::SeqCst);
    }
}

impl Clock for VirtualClock {
    fn now(&self) -> Timestamp {
        let base = self.base.unwrap_or_else(|| SystemClock.now());
        Timestamp(base.0.saturating_add(self.offset.load(Ordering::SeqCst)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prints_both_wire_forms() {
        let at = Timestamp::from_micros(1_692_853_305_999_999);
        assert_eq!(at.rfc2822(), "Thu, 24 Aug 2023 05:01:45 +0000");
        assert_eq!(at.iso8601(), "2023-08-24T05:01:45Z");
        assert_eq!(at.iso8601_millis(), "2023-08-24T05:01:45.999Z");
        assert_eq!(Timestamp::from_micros(-1).iso8601_millis(), "1969-12-31T23:59:59.999Z");
    }

    #[test]
    fn reads_the_date_form_of_the_2010_api() {
        let at = Timestamp::from_seconds(1_692_853_505);
        assert_eq!(Timestamp::parse_rfc2822(&at.rfc2822()), Some(at));
        assert_eq!(Timestamp::parse_rfc2822("yesterday"), None);
    }

    #[test]
    fn reads_dates_and_date_times() {
        let day = Timestamp::parse_iso8601("2023-08-24").unwrap();
        assert_eq!(day.iso8601(), "2023-08-24T00:00:00Z");
        let at = Timestamp::parse_iso8601("2023-08-24T07:01:45+02:00").unwrap();
        assert_eq!(at.iso8601(), "2023-08-24T05:01:45Z");
        assert_eq!(at.start_of_day(), day);
        assert_eq!(Timestamp::parse_iso8601("yesterday"), None);
    }

    #[test]
    fn virtual_clock_moves_only_when_told() {
        let clock = VirtualClock::standing_at(Timestamp::from_seconds(10));
        assert_eq!(clock.now(), Timestamp::from_seconds(10));
        clock.advance(Duration::from_secs(5));
        assert_eq!(clock.now(), Timestamp::from_seconds(15));
    }
}
