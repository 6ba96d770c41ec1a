//! Phone numbers in E.164 form, what region they belong to, and how they are shown once redacted.
//!
//! A number is protected data (ambiguity 22 of the rulebook): there is no `Display`, and `Debug` prints `[phone]`.

use std::fmt;

use crate::calling_code::{CallingCode, calling_code_of, split_calling_code};
use crate::nanp::{AreaCode, area_code};

/// Fewest digits accepted after the `+`.
pub const PHONE_DIGITS_MIN: usize = 7;
/// Most digits after the `+` (ITU-T E.164 §6.1).
pub const PHONE_DIGITS_MAX: usize = 15;
/// Longest text looked at, punctuation included.
pub const PHONE_TEXT_LIMIT: usize = 64;
/// How many digits redaction hides (rule `SMS-REDACT-2`).
pub const MASKED_DIGITS: usize = 4;
/// Numbers with fewer digits are hidden whole, since four of them would leave too little to hide in.
pub const MASKED_WHOLE_BELOW: usize = 8;

/// Text that is not an E.164 number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InvalidPhoneNumber;

impl fmt::Display for InvalidPhoneNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not an E.164 phone number")
    }
}

impl std::error::Error for InvalidPhoneNumber {}

/// A number in E.164 form: `+`, then 7 to 15 digits of which the first is not 0.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PhoneNumber(String);

/// Where a number belongs, as far as the rules about US numbers care (rulebook, ambiguities 1 and 2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Region {
    /// An area code of the 50 states or the District of Columbia.
    UnitedStates,
    /// Puerto Rico, US Virgin Islands, Guam, American Samoa, Northern Marianas.
    UsTerritory,
    /// Toll-free in the North American plan: 800, 833, 844, 855, 866, 877, 888.
    UsTollFree,
    /// Premium (900), personal (5XX) and special (7XX) services.
    Premium,
    /// Canada, the Caribbean, Bermuda.
    OtherNanp,
    /// Calling code 1, but no assigned area code or not ten digits: never treated as the US.
    UnassignedNanp,
    /// Every other calling code.
    International,
}

/// Why a number is not valid; the values of `validation_errors` in Lookup v2.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NumberFault {
    /// Fewer digits than any number of its country.
    TooShort,
    /// More digits than any number of its country.
    TooLong,
    /// A length between shortest and longest that its country does not use.
    InvalidLength,
    /// The length fits, the digits do not.
    InvalidButPossible,
    /// Unknown calling code or country, or none given.
    InvalidCountryCode,
    /// Not a number at all.
    NotANumber,
}

impl NumberFault {
    /// The word on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::TooShort => "TOO_SHORT",
            Self::TooLong => "TOO_LONG",
            Self::InvalidLength => "INVALID_LENGTH",
            Self::InvalidButPossible => "INVALID_BUT_POSSIBLE",
            Self::InvalidCountryCode => "INVALID_COUNTRY_CODE",
            Self::NotANumber => "NOT_A_NUMBER",
        }
    }
}

impl PhoneNumber {
    /// Reads a number that starts with `+`. Spaces, dots, dashes and parentheses are dropped, as SDK users write them.
    pub fn parse(text: &str) -> Result<Self, InvalidPhoneNumber> {
        let digits = international_digits(text).map_err(|_| InvalidPhoneNumber)?.ok_or(InvalidPhoneNumber)?;
        Self::from_digits(&digits)
    }

    fn from_digits(digits: &str) -> Result<Self, InvalidPhoneNumber> {
        let long_enough = (PHONE_DIGITS_MIN..=PHONE_DIGITS_MAX).contains(&digits.len());
        if !long_enough || digits.starts_with('0') {
            return Err(InvalidPhoneNumber);
        }
        Ok(Self(format!("+{digits}")))
    }

    /// The number as `+14155552671`.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The number as `+14155552671`, owned.
    pub fn into_string(self) -> String {
        self.0
    }

    fn digits(&self) -> &str {
        &self.0[1..]
    }

    fn calling_code(&self) -> Option<(CallingCode, &str)> {
        split_calling_code(self.digits())
    }

    fn area_code(&self) -> Option<AreaCode> {
        let national = self.digits().strip_prefix('1').filter(|national| national.len() == 10)?;
        area_code(national[..3].parse().ok()?)
    }

    /// Where the number belongs, judged by its digits alone.
    pub fn region(&self) -> Region {
        if !self.digits().starts_with('1') {
            return Region::International;
        }
        match self.area_code() {
            Some(AreaCode::State(_)) => Region::UnitedStates,
            Some(AreaCode::Territory(_)) => Region::UsTerritory,
            Some(AreaCode::TollFree) => Region::UsTollFree,
            Some(AreaCode::Premium) => Region::Premium,
            Some(AreaCode::Country(_)) => Region::OtherNanp,
            None => Region::UnassignedNanp,
        }
    }

    /// ISO 3166-1 alpha-2 of the number's country; the main one where countries share a calling code,
    /// `None` for unassigned codes and for services that belong to no country.
    pub fn country_iso(&self) -> Option<&'static str> {
        let (row, national) = self.calling_code()?;
        match (row.code, national.as_bytes().first()) {
            (1, _) => match self.area_code()? {
                AreaCode::Country(country) | AreaCode::Territory(country) => Some(country),
                AreaCode::State(_) | AreaCode::TollFree | AreaCode::Premium => Some("US"),
            },
            (7, Some(b'6' | b'7')) => Some("KZ"),
            _ => row.country_iso,
        }
    }

    /// Postal letters of the state, for a number of the 50 states or DC.
    pub fn us_state(&self) -> Option<&'static str> {
        match self.area_code()? {
            AreaCode::State(state) => Some(state),
            _ => None,
        }
    }

    /// The country calling code, such as 1 or 44; `None` when it is not assigned.
    pub fn country_calling_code(&self) -> Option<u16> {
        self.calling_code().map(|(row, _)| row.code)
    }

    /// How the number is written at home: `(415) 555-2671` in the North American plan, elsewhere the national digits
    /// alone (all digits when the calling code is unknown). Protected like the number itself.
    pub fn national_format(&self) -> String {
        match self.calling_code() {
            Some((row, national)) if row.code == 1 && national.len() == 10 => {
                format!("({}) {}-{}", &national[..3], &national[3..6], &national[6..])
            }
            Some((_, national)) => national.to_owned(),
            None => self.digits().to_owned(),
        }
    }

    /// What is wrong with the number, or `None` when it is valid: its calling code is assigned, its length is possible,
    /// and in the North American plan the area code is assigned and the exchange does not start with 0 or 1.
    pub fn fault(&self) -> Option<NumberFault> {
        let Some((row, national)) = self.calling_code() else {
            return Some(NumberFault::InvalidCountryCode);
        };
        if let Some(fault) = length_fault(row, national.len()) {
            return Some(fault);
        }
        let exchange_fits = || matches!(national.as_bytes()[3], b'2'..=b'9');
        let fits = row.code != 1 || (self.area_code().is_some() && exchange_fits());
        (!fits).then_some(NumberFault::InvalidButPossible)
    }

    /// The number with its last four digits hidden, `+1415555XXXX`; hidden whole below eight digits
    /// (rule `SMS-REDACT-2`). Safe to show.
    pub fn masked(&self) -> String {
        format!("+{}", mask_digits(self.digits()))
    }
}

impl fmt::Debug for PhoneNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[phone]")
    }
}

/// Reads a number as Lookup v2 does: international with `+`, or national with its country (ISO 3166-1 alpha-2).
/// Answers the number only when it is valid in the sense of [`PhoneNumber::fault`].
pub fn check_number(text: &str, country: Option<&str>) -> Result<PhoneNumber, NumberFault> {
    let digits = match international_digits(text)? {
        Some(digits) => {
            if split_calling_code(&digits).is_none() {
                return Err(NumberFault::InvalidCountryCode);
            }
            digits
        }
        None => {
            let row = country.and_then(calling_code_of).ok_or(NumberFault::InvalidCountryCode)?;
            format!("{}{}", row.code, without_trunk_prefix(row, &plain_digits(text)?))
        }
    };
    let number = PhoneNumber::from_digits(&digits).map_err(|_| match digits.len() > PHONE_DIGITS_MAX {
        true => NumberFault::TooLong,
        false => NumberFault::TooShort,
    })?;
    number.fault().map_or(Ok(number), Err)
}

/// The digits after a leading `+`, or `None` when there is no `+`.
fn international_digits(text: &str) -> Result<Option<String>, NumberFault> {
    text.trim().strip_prefix('+').map(plain_digits).transpose()
}

fn plain_digits(text: &str) -> Result<String, NumberFault> {
    if text.len() > PHONE_TEXT_LIMIT {
        return Err(NumberFault::NotANumber);
    }
    let digits: String = text.chars().filter(|c| !matches!(c, ' ' | '.' | '-' | '(' | ')')).collect();
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(NumberFault::NotANumber);
    }
    Ok(digits)
}

/// National digits without what is dialled before them at home, when what remains has a possible length.
fn without_trunk_prefix(row: CallingCode, digits: &str) -> &str {
    match digits.strip_prefix(row.trunk_prefix) {
        Some(rest) if length_fault(row, rest.len()).is_none() => rest,
        _ => digits,
    }
}

fn length_fault(row: CallingCode, length: usize) -> Option<NumberFault> {
    let shortest = row.lengths.first().copied().map_or(0, usize::from);
    let longest = row.lengths.last().copied().map_or(0, usize::from);
    match length {
        _ if length < shortest => Some(NumberFault::TooShort),
        _ if length > longest => Some(NumberFault::TooLong),
        _ if row.lengths.iter().any(|&possible| usize::from(possible) == length) => None,
        _ => Some(NumberFault::InvalidLength),
    }
}

/// Hides the last four of these digits, or all when there are few.
pub(crate) fn mask_digits(digits: &str) -> String {
    let shown = match digits.len() {
        length if length < MASKED_WHOLE_BELOW => 0,
        length => length - MASKED_DIGITS,
    };
    format!("{}{}", &digits[..shown], "X".repeat(digits.len() - shown))
}
