//! Small checks that several requests share: texts, lists, dates.

use base::Timestamp;
use errors::{ApiError, Result, codes};
use rulebook::Date;

use crate::limits;

/// The error for a parameter that is missing or not acceptable.
pub(crate) fn invalid(parameter: &'static str) -> ApiError {
    ApiError::new(codes::INVALID_PARAMETER).parameter(parameter)
}

/// The error for a statement that is not as it should be.
pub(crate) fn wrong(problem: statements::Problem) -> ApiError {
    invalid(problem.field)
}

/// Whether the text says something and is not longer than `limit` characters.
pub(crate) fn is_filled(text: &str, limit: usize) -> bool {
    !text.trim().is_empty() && text.chars().count() <= limit
}

/// A text that must say something.
pub(crate) fn filled(parameter: &'static str, text: String, limit: usize) -> Result<String> {
    if is_filled(&text, limit) { Ok(text) } else { Err(invalid(parameter)) }
}

/// Whether every line of a list says something, and there are not too many.
pub(crate) fn are_lines(list: &[String]) -> bool {
    list.len() <= limits::LIST && list.iter().all(|line| is_filled(line, limits::LINE))
}

/// A friendly name.
pub(crate) fn friendly_name(parameter: &'static str, name: String) -> Result<String> {
    filled(parameter, name, limits::FRIENDLY_NAME)
}

/// A date or date-time in ISO 8601.
pub(crate) fn date(parameter: &'static str, text: &str) -> Result<Timestamp> {
    Timestamp::parse_iso8601(text).ok_or_else(|| invalid(parameter))
}

/// A date or date-time that may be missing.
pub(crate) fn optional_date(parameter: &'static str, text: Option<&str>) -> Result<Option<Timestamp>> {
    text.map(|text| date(parameter, text)).transpose()
}

/// The day of an instant, in UTC. Nothing when the year has not four digits.
pub(crate) fn day(at: Timestamp) -> Option<Date> {
    at.iso8601().get(..10).and_then(|text| Date::parse(text).ok())
}

/// A stored instant as views show it.
pub(crate) fn shown(micros: i64) -> String {
    Timestamp::from_micros(micros).iso8601()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn reads_dates_with_and_without_time() {
        for (text, day_of) in [("2024-06-06", "2024-06-06"), ("2024-06-06T23:59:59Z", "2024-06-06")] {
            assert_eq!(day(date("X", text).unwrap()).unwrap().to_string(), day_of);
        }
        assert_eq!(date("X", "6 June 2024").unwrap_err(), invalid("X"));
        assert_eq!(optional_date("X", None), Ok(None));
    }

    #[test]
    fn blank_and_overlong_texts_say_nothing() {
        assert!(is_filled("a", 1));
        assert!(!is_filled(" \t", 10));
        assert!(!is_filled("éé", 1));
        assert!(are_lines(&[]) && !are_lines(&[String::new()]));
    }
}
