//! What tells numbers of ours apart, and the words by which lists and searches ask for them. Pure.

use base::{PhoneNumber, Region};
use errors::{ApiError, Result, codes};
use kit::Params;

/// The kind of a number, judged by its digits. Whether a number of another country is a mobile one its digits alone do
/// not say, and in the North American plan no number is only that: so none is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NumberKind {
    /// In an area.
    Local,
    /// Of a mobile network.
    Mobile,
    /// Free for who calls it.
    TollFree,
}

impl NumberKind {
    /// The kind of a number.
    pub fn of(number: &PhoneNumber) -> Self {
        match number.region() {
            Region::UsTollFree => Self::TollFree,
            _ => Self::Local,
        }
    }

    /// The kind of a number in E.164.
    pub fn of_text(number: &str) -> Option<Self> {
        PhoneNumber::parse(number).ok().map(|number| Self::of(&number))
    }
}

/// Digits that are looked for, of which `*` is any; letters stand for the digits of their key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pattern(Vec<Option<u8>>);

/// Characters of a pattern at least and at most.
const PATTERN_LENGTH: std::ops::RangeInclusive<usize> = 2..=16;

impl Pattern {
    /// Reads a pattern; `+`, blanks and the marks between groups of digits are no part of it.
    ///
    /// # Errors
    /// 20001 when it is too short, too long, or something else.
    pub fn parse(parameter: &'static str, text: &str) -> Result<Self> {
        let invalid = || ApiError::new(codes::INVALID_PARAMETER).parameter(parameter);
        let meant = text.bytes().filter(|byte| !b"+ ()-.".contains(byte));
        let digits: Vec<Option<u8>> = meant.map(key).collect::<Option<_>>().ok_or_else(invalid)?;
        if PATTERN_LENGTH.contains(&digits.len()) { Ok(Self(digits)) } else { Err(invalid()) }
    }

    /// Whether it is anywhere in the number.
    pub fn is_in(&self, number: &str) -> bool {
        let digits = number.trim_start_matches('+').as_bytes();
        let fits = |window: &[u8]| {
            window.iter().zip(&self.0).all(|(digit, key)| key.is_none_or(|key| key == *digit))
        };
        digits.windows(self.0.len()).any(fits)
    }
}

/// What a character of a pattern stands for: a digit, or any (`None`).
fn key(byte: u8) -> Option<Option<u8>> {
    Some(match byte.to_ascii_lowercase() {
        b'*' => None,
        digit @ b'0'..=b'9' => Some(digit),
        b'a'..=b'c' => Some(b'2'),
        b'd'..=b'f' => Some(b'3'),
        b'g'..=b'i' => Some(b'4'),
        b'j'..=b'l' => Some(b'5'),
        b'm'..=b'o' => Some(b'6'),
        b'p'..=b's' => Some(b'7'),
        b't'..=b'v' => Some(b'8'),
        b'w'..=b'z' => Some(b'9'),
        _ => return None,
    })
}

/// Takes a pattern, if there is one.
///
/// # Errors
/// As [`Pattern::parse`].
pub fn pattern(params: &mut Params, name: &'static str) -> Result<Option<Pattern>> {
    let text = params.text(name)?.filter(|text| !text.is_empty());
    text.map(|text| Pattern::parse(name, &text)).transpose()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_are_digits_letters_and_stars() {
        for (pattern, number, is_in) in [
            ("555", "+14155550100", true),
            ("+1415", "+14155550100", true),
            ("1415*55*1", "+14155550100", true),
            ("(415) 555", "+14155550100", true),
            ("KLM", "+14155560100", true),
            ("556", "+14155550100", false),
            ("4155550100**", "+14155550100", false),
        ] {
            let parsed = Pattern::parse("Contains", pattern).expect("a pattern");
            assert_eq!(parsed.is_in(number), is_in, "{pattern}");
        }
        for text in ["", "1", "5?5", "12345678901234567", "é5"] {
            assert!(Pattern::parse("Contains", text).is_err(), "{text}");
        }
    }

    #[test]
    fn kinds_go_by_the_digits() {
        for (number, kind) in [
            ("+14155550100", Some(NumberKind::Local)),
            ("+18005550199", Some(NumberKind::TollFree)),
            ("+442079460000", Some(NumberKind::Local)),
            ("12345", None),
        ] {
            assert_eq!(NumberKind::of_text(number), kind, "{number}");
        }
    }
}
