//! Dates and great ages (45 CFR 164.514(b)(2)(i)(C)): everything about a date except its year.

use crate::Found;
use crate::class::Class;
use crate::hints::{self, Hint};
use crate::limits::YEARS;
use crate::tokens::Text;
use crate::words::Trait;

const MONTHS: &[&str] = &["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
/// Words before a day and a month without a year that make a date of them.
pub(crate) const BEFORE_DAY: &[&str] = &[
    "on",
    "by",
    "before",
    "after",
    "since",
    "until",
    "till",
    "from",
    "dated",
    "date",
    "through",
    "monday",
    "tuesday",
    "wednesday",
    "thursday",
    "friday",
    "saturday",
    "sunday",
    "mon",
    "tue",
    "wed",
    "thu",
    "fri",
    "sat",
    "sun",
];
pub(crate) const YEARS_OLD: &[&str] = &["years", "year", "yr", "yrs", "yo", "y"];
/// The ages that Safe Harbor has aggregated into "90 or older".
const GREAT_AGES: std::ops::RangeInclusive<u64> = 90..=125;

fn found(text: &Text<'_>, first: usize, end: usize, detector: &'static str) -> Option<Found> {
    let span = text.token(first).start..end;
    Some(Found { span, class: Class::Date, detector })
}

fn is_day_of(month: u64, day: u64) -> bool {
    let days = match month {
        2 => 29,
        4 | 6 | 9 | 11 => 30,
        1..=12 => 31,
        _ => 0,
    };
    (1..=days).contains(&day)
}

/// `2026-11-22`, `11/22/2026`, `22.11.2026`, `11-22-26`, and `11/22` where a word before makes a date of it.
pub(crate) fn numeric(text: &Text<'_>, index: usize) -> Option<Found> {
    let separator = text.joint(index);
    if !joined(separator) || text.token(index).len() > 4 || joined(text.joint_before(index)) {
        return None;
    }
    let first = text.number(index)?;
    let second = text.number(index + 1).filter(|_| text.token(index + 1).len() <= 2)?;
    if text.joint(index + 1) != separator {
        let is_short = separator == b'/' && text.token(index).len() <= 2 && !joined(text.joint(index + 1));
        if !is_short || !is_day_of(first, second) {
            return None;
        }
        let is_said =
            text.is_before(index, Trait::BeforeDay) || hints::label(text, index) == Some(Hint::Birth);
        return is_said.then(|| found(text, index, text.token(index + 1).end, "day_and_month"))?;
    }
    let third = text.get(index + 2)?;
    let word = text.word(index + 2);
    // `2026-11-22T10:00`: the day goes up to the letter.
    let digits = word.bytes().take_while(u8::is_ascii_digit).count();
    let is_end = digits == third.len() || word.as_bytes().get(digits) == Some(&b'T');
    if !is_end
        || digits == third.len()
            && joined(text.joint(index + 2))
            && text.get(index + 3).is_some_and(|next| next.digits() > 0)
    {
        return None;
    }
    let number: u64 = word[..digits].parse().ok()?;
    let is_date = match (text.token(index).len(), digits) {
        (4, 2) => YEARS.contains(&first) && is_day_of(second, number),
        (1 | 2, 4) => YEARS.contains(&number) && (is_day_of(first, second) || is_day_of(second, first)),
        // With points this would be a version or a section.
        (1 | 2, 2) => separator != b'.' && (is_day_of(first, second) || is_day_of(second, first)),
        _ => false,
    };
    is_date.then(|| found(text, index, third.start + digits, "date"))?
}

/// Whether a gap joins numbers to one whole.
fn joined(joint: u8) -> bool {
    matches!(joint, b'-' | b'/' | b'.')
}

/// `November 22, 2026`, `Nov 22nd`, `November 2026`.
pub(crate) fn month_before_day(text: &Text<'_>, index: usize) -> Option<Found> {
    let month = month(text, index)?;
    if !matches!(text.gap(index), " " | ". " | "." | "-") {
        return None;
    }
    if day(text, index + 1).is_some_and(|day| is_day_of(month, day)) {
        let with_year = matches!(text.gap(index + 1), ", " | " " | "," | "-") && is_year(text, index + 2);
        let last = if with_year { index + 2 } else { index + 1 };
        return found(text, index, text.token(last).end, "month_and_day");
    }
    is_year(text, index + 1).then(|| found(text, index, text.token(index + 1).end, "month_and_year"))?
}

/// `22 November 2026`, `22nd of Nov`.
pub(crate) fn day_before_month(text: &Text<'_>, index: usize) -> Option<Found> {
    if !matches!(text.gap(index), " " | "-" | ". ") {
        return None;
    }
    let at = if text.is_word(index + 1, "of") { index + 2 } else { index + 1 };
    let month = month(text, at)?;
    if !is_day_of(month, day(text, index)?) {
        return None;
    }
    let with_year = matches!(text.gap(at), " " | ", " | "-") && is_year(text, at + 1);
    let last = if with_year { at + 1 } else { at };
    found(text, index, text.token(last).end, "day_and_month")
}

/// `aged 94`, `94 years old`, `a 94-year-old`, `94 y/o`.
pub(crate) fn great_age(text: &Text<'_>, index: usize) -> Option<Found> {
    if !matches!(text.token(index).len(), 2 | 3) || !GREAT_AGES.contains(&text.number(index)?) {
        return None;
    }
    let is_old = || text.is_word(index + 2, "old") || text.is_word(index + 2, "o");
    let is_years = matches!(text.gap(index), " " | "-" | "")
        && text.is(index + 1, Trait::YearsOld)
        && (is_old() || text.is_word(index + 1, "yo"));
    let is_said = hints::label(text, index) == Some(Hint::Aged) && !joined(text.joint(index));
    (is_years || is_said).then(|| Found {
        span: text.token(index).start..text.token(index).end,
        class: Class::Age,
        detector: "age_over_89",
    })
}

/// The month that a word names. `May` and `March` are months with a capital only, and `mar` never.
fn month(text: &Text<'_>, index: usize) -> Option<u64> {
    let token = text.get(index).filter(|token| token.hint == Some(Hint::Month))?;
    let is_word = |word: &&str| text.is_word(index, word);
    if !token.is(Trait::Capitalised) && ["may", "march", "mar", "sep", "dec", "jan"].iter().any(is_word) {
        return None;
    }
    let start = text.word(index)[..3].to_ascii_lowercase();
    let place = MONTHS.iter().position(|month| *month == start)?;
    u64::try_from(place + 1).ok()
}

/// The day of a month: `5`, `05`, `5th`.
fn day(text: &Text<'_>, index: usize) -> Option<u64> {
    let token = text.get(index).filter(|token| (1..=2).contains(&token.digits()))?;
    let (number, rest) = text.word(index).split_at_checked(token.digits())?;
    let is_ordinal = ["st", "nd", "rd", "th"].iter().any(|ending| rest.eq_ignore_ascii_case(ending));
    (rest.is_empty() || is_ordinal).then(|| number.parse().ok())?
}

fn is_year(text: &Text<'_>, index: usize) -> bool {
    text.get(index).is_some_and(|token| token.len() == 4)
        && text.number(index).is_some_and(|year| YEARS.contains(&year))
}
