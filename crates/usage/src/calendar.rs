//! Days and periods as usage is asked for: UTC days, months and years. Pure.

use std::fmt;

use base::Timestamp;
use time::{Date, Month};

/// The Julian day of 1970-01-01.
const EPOCH: i32 = 2_440_588;

/// A day (UTC), in days since 1970-01-01.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Day(pub i64);

impl Day {
    /// The day of an instant.
    pub fn of(at: Timestamp) -> Self {
        Self(kit::meter::day_of(at))
    }

    /// Reads `YYYY-MM-DD`, or a number of days from `today`: `-30days`, `+1day`.
    pub fn parse(text: &str, today: Day) -> Option<Self> {
        if let Some(offset) = text.strip_suffix("days").or_else(|| text.strip_suffix("day")) {
            // A plus that was not encoded comes as a space.
            let offset = offset.trim_start();
            let days: i64 = offset.parse().ok()?;
            return (-1_000_000..=1_000_000).contains(&days).then_some(Self(today.0 + days));
        }
        let mut parts = text.split('-');
        let (year, month, day) = (parts.next()?, parts.next()?, parts.next()?);
        if parts.next().is_some() || (year.len(), month.len(), day.len()) != (4, 2, 2) {
            return None;
        }
        let month = Month::try_from(month.parse::<u8>().ok()?).ok()?;
        let date = Date::from_calendar_date(year.parse().ok()?, month, day.parse().ok()?).ok()?;
        Some(Self::from(date))
    }

    fn date(self) -> Date {
        let julian = i32::try_from(self.0).ok().and_then(|day| day.checked_add(EPOCH));
        julian.and_then(|day| Date::from_julian_day(day).ok()).unwrap_or(Date::MIN)
    }

    /// The first day of its month.
    #[must_use]
    pub fn month_start(self) -> Self {
        Self(self.0 - i64::from(self.date().day()) + 1)
    }

    /// The first day of its year.
    #[must_use]
    pub fn year_start(self) -> Self {
        Self(self.0 - i64::from(self.date().ordinal()) + 1)
    }

    /// The day before.
    #[must_use]
    pub fn before(self) -> Self {
        Self(self.0 - 1)
    }
}

impl From<Date> for Day {
    fn from(date: Date) -> Self {
        Self(i64::from(date.to_julian_day() - EPOCH))
    }
}

impl fmt::Display for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let date = self.date();
        write!(f, "{:04}-{:02}-{:02}", date.year(), u8::from(date.month()), date.day())
    }
}

/// Days in a row, both ends included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Period {
    /// The first day.
    pub start: Day,
    /// The last day.
    pub end: Day,
}

/// What a period is cut into.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Every {
    /// Nothing: it is one.
    Whole,
    /// Days.
    Day,
    /// Calendar months; the first and the last may be parts of one.
    Month,
    /// Calendar years, likewise.
    Year,
}

impl Period {
    /// Every day.
    pub const ALWAYS: Self = Self { start: Day(i64::MIN), end: Day(i64::MAX) };

    /// The days that are in both; `None` when there are none.
    pub fn within(self, other: Period) -> Option<Self> {
        let both = Self { start: self.start.max(other.start), end: self.end.min(other.end) };
        (both.start <= both.end).then_some(both)
    }

    /// Its parts, newest first.
    pub fn parts(self, every: Every) -> Vec<Period> {
        let mut parts = Vec::new();
        let mut end = self.end;
        while end >= self.start {
            let start = match every {
                Every::Whole => self.start,
                Every::Day => end,
                Every::Month => end.month_start().max(self.start),
                Every::Year => end.year_start().max(self.start),
            };
            parts.push(Period { start, end });
            end = start.before();
        }
        parts
    }

    /// Whether the day is in it.
    pub fn contains(self, day: i64) -> bool {
        (self.start.0..=self.end.0).contains(&day)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> Day {
        Day::parse(text, Day(0)).expect("a day")
    }

    #[test]
    fn days_are_read_and_written() {
        for (text, number) in [("1970-01-01", 0), ("2024-02-29", 19_782), ("1969-12-31", -1)] {
            assert_eq!((day(text).0, day(text).to_string().as_str()), (number, text));
        }
        let today = day("2026-03-01");
        for (text, meant) in [
            ("-1days", "2026-02-28"),
            ("-30days", "2026-01-30"),
            ("+1day", "2026-03-02"),
            (" 2days", "2026-03-03"),
        ] {
            assert_eq!(Day::parse(text, today).map(|day| day.to_string()).as_deref(), Some(meant), "{text}");
        }
        for text in
            ["", "2026-2-1", "2026-02-30", "2026-02-01T00:00:00Z", "days", "-xdays", "--1days", "yesterday"]
        {
            assert_eq!(Day::parse(text, today), None, "{text}");
        }
    }

    #[test]
    fn periods_are_cut_newest_first() {
        let period = Period { start: day("2024-12-30"), end: day("2025-02-02") };
        let cut = |every| -> Vec<String> {
            period.parts(every).iter().map(|part| format!("{}/{}", part.start, part.end)).collect()
        };
        assert_eq!(cut(Every::Whole), ["2024-12-30/2025-02-02"]);
        assert_eq!(
            cut(Every::Month),
            ["2025-02-01/2025-02-02", "2025-01-01/2025-01-31", "2024-12-30/2024-12-31"]
        );
        assert_eq!(cut(Every::Year), ["2025-01-01/2025-02-02", "2024-12-30/2024-12-31"]);
        assert_eq!((cut(Every::Day).len(), cut(Every::Day)[0].as_str()), (35, "2025-02-02/2025-02-02"));
    }
}
