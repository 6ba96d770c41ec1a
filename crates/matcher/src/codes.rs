//! Codes that say what somebody is treated for: diagnoses (ICD-10-CM) and drugs (NDC).

use crate::Found;
use crate::class::Class;
use crate::tokens::Text;
use crate::words::Trait;

/// Words before a letter and a number that make a place or a version of them.
pub(crate) const PLACES: &[&str] =
    &["room", "suite", "unit", "gate", "bay", "floor", "version", "section", "row", "seat", "rev"];

/// Letter, digit, digit or A or B: the category of a code.
fn is_category(word: &str) -> bool {
    matches!(word.as_bytes(), [b'A'..=b'Z', b'0'..=b'9', b'0'..=b'9' | b'A' | b'B'])
}

fn is_rest(word: &str) -> bool {
    (1..=4).contains(&word.len())
        && word.bytes().all(|byte| byte.is_ascii_digit() || byte.is_ascii_uppercase())
}

/// `E11.9`, `S52.521A`: a category, a point, up to four more.
pub(crate) fn diagnosis(text: &Text<'_>, index: usize) -> Option<Found> {
    let is_code = text.joint(index) == b'.' && is_category(text.word(index)) && is_rest(text.word(index + 1));
    let is_place = text.is_before(index, Trait::Numbered);
    let is_free = !matches!(text.joint_before(index), b'.' | b'-') && text.gap(index + 1) != "..";
    (is_code && !is_place && is_free).then(|| found(text, index, index + 1))
}

/// The same without its point, behind a word such as `diagnosis`.
pub(crate) fn labelled_diagnosis(text: &Text<'_>, index: usize) -> Option<Found> {
    if let Some(found) = diagnosis(text, index) {
        return Some(found);
    }
    let (category, rest) = text.word(index).split_at_checked(3)?;
    let is_code = is_category(category) && (rest.is_empty() || is_rest(rest));
    is_code.then(|| found(text, index, index))
}

fn found(text: &Text<'_>, first: usize, last: usize) -> Found {
    let span = text.token(first).start..text.token(last).end;
    Found { span, class: Class::Diagnosis, detector: "icd_10" }
}

/// A National Drug Code: labeler, product and package in one of the four forms of 21 CFR 207.33.
pub(crate) fn drug(text: &Text<'_>, index: usize) -> Option<Found> {
    if text.joint(index) != b'-' || text.joint(index + 1) != b'-' {
        return None;
    }
    let length =
        |at: usize| text.get(at).filter(|token| token.is(Trait::Number)).map_or(0, |token| token.len());
    let is_form = matches!(
        (length(index), length(index + 1), length(index + 2)),
        (4, 4, 2) | (5, 3, 2) | (5, 4, 1) | (5, 4, 2)
    );
    let is_joined = is_form && text.joint(index + 2) != b'-' && text.joint_before(index) != b'-';
    is_joined.then(|| Found {
        span: text.token(index).start..text.token(index + 2).end,
        class: Class::Drug,
        detector: "ndc",
    })
}
