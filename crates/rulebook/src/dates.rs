//! Calendar dates: the rulebook counts days of notice and compares agreement dates, nothing finer.

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::fmt;

/// Days in each month of a common year.
const MONTH_DAYS: [u8; 12] = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

/// A day of the Gregorian calendar, in UTC, written `YYYY-MM-DD`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Date {
    year: u16,
    month: u8,
    day: u8,
}

/// The text or the numbers do not name a day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InvalidDate;

impl fmt::Display for InvalidDate {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a date is written YYYY-MM-DD and must exist")
    }
}

impl std::error::Error for InvalidDate {}

impl Date {
    /// The day with these numbers; `month` and `day` start at 1, `year` at 1.
    pub const fn new(year: u16, month: u8, day: u8) -> Result<Date, InvalidDate> {
        if year == 0 || year > 9999 || month == 0 || month > 12 || day == 0 {
            return Err(InvalidDate);
        }
        let leap_day = if month == 2 && is_leap(year) { 1 } else { 0 };
        if day > MONTH_DAYS[month as usize - 1] + leap_day {
            return Err(InvalidDate);
        }
        Ok(Date { year, month, day })
    }

    /// Reads exactly `YYYY-MM-DD`.
    pub fn parse(text: &str) -> Result<Date, InvalidDate> {
        let bytes = text.as_bytes();
        if bytes.len() != 10 || bytes[4] != b'-' || bytes[7] != b'-' {
            return Err(InvalidDate);
        }
        let number = |from: usize, to: usize| -> Result<u16, InvalidDate> {
            bytes[from..to].iter().try_fold(0, |sum, byte| match byte {
                b'0'..=b'9' => Ok(sum * 10 + u16::from(byte - b'0')),
                _ => Err(InvalidDate),
            })
        };
        let small = |from, to| number(from, to).and_then(|n| u8::try_from(n).map_err(|_| InvalidDate));
        Date::new(number(0, 4)?, small(5, 7)?, small(8, 10)?)
    }

    /// Calendar days from `earlier` to `self`; negative when `earlier` is the later one.
    pub fn days_since(self, earlier: Date) -> i32 {
        self.day_number() - earlier.day_number()
    }

    /// The day that many calendar days earlier; the first one there is when none is so early.
    #[must_use]
    pub fn days_before(self, days: u16) -> Date {
        let Date { mut year, mut month, mut day } = self;
        let mut left = days;
        while left >= u16::from(day) {
            left -= u16::from(day);
            (year, month) = if month == 1 { (year - 1, 12) } else { (year, month - 1) };
            if year == 0 {
                return Date { year: 1, month: 1, day: 1 };
            }
            day = MONTH_DAYS[usize::from(month) - 1] + u8::from(month == 2 && is_leap(year));
        }
        Date { year, month, day: day - u8::try_from(left).expect("it is less than a day of a month") }
    }

    /// Days since 1 January of year 1.
    fn day_number(self) -> i32 {
        let past_years = i32::from(self.year) - 1;
        let leap_days = past_years / 4 - past_years / 100 + past_years / 400;
        let past_months: i32 =
            MONTH_DAYS[..usize::from(self.month) - 1].iter().map(|days| i32::from(*days)).sum();
        let leap_day = i32::from(self.month > 2 && is_leap(self.year));
        past_years * 365 + leap_days + past_months + leap_day + i32::from(self.day) - 1
    }
}

const fn is_leap(year: u16) -> bool {
    year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400))
}

impl fmt::Display for Date {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{:04}-{:02}-{:02}", self.year, self.month, self.day)
    }
}

impl Serialize for Date {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Date {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Date, D::Error> {
        let text = String::deserialize(deserializer)?;
        Date::parse(&text).map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn accepts_days_that_exist_only() {
        for good in ["2024-02-29", "2000-02-29", "2024-12-31", "0001-01-01"] {
            assert_eq!(Date::parse(good).map(|date| date.to_string()), Ok(good.to_owned()));
        }
        for bad in [
            "2023-02-29",
            "1900-02-29",
            "2024-13-01",
            "2024-00-01",
            "2024-04-31",
            "2024-4-01",
            "24-04-01",
            "2024-04-0x",
            "",
        ] {
            assert_eq!(Date::parse(bad), Err(InvalidDate), "{bad}");
        }
    }

    #[test]
    fn counts_days_across_months_and_leap_years() {
        let days = |from: &str, to: &str| Date::parse(to).unwrap().days_since(Date::parse(from).unwrap());
        assert_eq!(days("2024-01-01", "2024-01-01"), 0);
        assert_eq!(days("2024-02-28", "2024-03-01"), 2);
        assert_eq!(days("2023-02-28", "2023-03-01"), 1);
        assert_eq!(days("2024-12-11", "2025-06-09"), 180);
        assert_eq!(days("1970-01-01", "2000-01-01"), 10_957);
        assert_eq!(days("2000-01-02", "2000-01-01"), -1);
    }

    #[test]
    fn counts_back_across_months_and_leap_years() {
        let from = Date::parse("2024-03-01").unwrap();
        for days in [0, 1, 29, 60, 366, 10_000] {
            assert_eq!(from.days_since(from.days_before(days)), i32::from(days));
        }
        assert_eq!(from.days_before(1).to_string(), "2024-02-29");
        assert_eq!(Date::parse("0001-01-31").unwrap().days_before(31).to_string(), "0001-01-01");
    }
}
