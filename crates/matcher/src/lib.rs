//! Finds protected health information in plain text: the 18 identifiers of the Safe Harbor method
//! (45 CFR 164.514(b)(2)(i)), and the codes that say what somebody is treated for.
//!
//! For friendly names, tags, URL parameters, TwiML Bins, support tickets and sampled messages: places where such
//! text may not stand. A [`Finding`] says what was found, where, and by which detector; it never holds text.
//!
//! What has a check digit, a fixed form or a table of valid values is found by that alone; what does not is found by
//! the words before it (`MRN 00123456`, `Dear Jane`). There is no model and no network: the same text gives the
//! same findings, in time linear in its length. What this cannot find is a name without any word that gives it away.
//!
//! Reading order: [`Class`], `tokens`, `hints`, then one file per family of detectors.

mod class;
mod codes;
mod dates;
mod hints;
mod identifiers;
mod limits;
mod names;
mod network;
mod places;
mod short;
mod telephones;
mod tokens;
mod words;

use std::ops::Range;

pub use class::{Class, Finding};

use hints::Hint;
use tokens::Text;
use words::Trait;

/// What a detector found: the bytes, what it is, and the detector's name.
struct Found {
    span: Range<usize>,
    class: Class,
    detector: &'static str,
}

type Detector = fn(&Text<'_>, usize) -> Option<Found>;

/// What is tried at a token that something is joined to, before all others.
const JOINED: &[Detector] = &[network::url, network::email, network::address];

/// What is tried at a token with digits in it, the most telling first.
const WITH_DIGITS: &[Detector] = &[
    dates::numeric,
    dates::day_before_month,
    dates::great_age,
    identifiers::labelled,
    identifiers::self_checking,
    telephones::telephone,
    places::street,
    places::zip,
    codes::drug,
    codes::diagnosis,
];

/// What is tried at a word that begins with a capital.
const CAPITALISED: &[Detector] = &[
    dates::month_before_day,
    identifiers::labelled,
    places::post_office_box,
    places::city,
    names::after_honorific,
    names::after_label,
    names::after_greeting,
    names::full_name,
];

/// What is tried at any other word.
const OTHER_WORDS: &[Detector] = &[dates::month_before_day, identifiers::labelled];

/// Calls `found` for everything in `text`, from left to right, without overlaps.
pub fn scan(text: &str, mut found: impl FnMut(Finding)) {
    let mut text = Text::new(text);
    let mut end = 0;
    let mut index = 0;
    while text.reaches(index) {
        if let Some(it) = found_at(&text, index, end) {
            end = it.span.end;
            found(Finding { class: it.class, span: it.span, detector: it.detector });
        }
        index += 1;
    }
}

/// What begins at a token; nothing inside the finding before, which ends at `end`.
fn found_at(text: &Text<'_>, index: usize, end: usize) -> Option<Found> {
    let token = text.token(index);
    if token.start < end {
        return None;
    }
    let joined = if text.is_joined(index) { JOINED } else { &[] };
    let detectors = if token.digits() > 0 {
        WITH_DIGITS
    } else if token.is(Trait::Capitalised) {
        CAPITALISED
    } else if token.hint == Some(Hint::Month) || token.len() >= identifiers::KEY || !joined.is_empty() {
        OTHER_WORDS
    } else {
        return None;
    };
    // A finding may begin before its token: `+1`.
    joined.iter().chain(detectors).find_map(|detect| detect(text, index).filter(|it| it.span.start >= end))
}

/// Everything in `text`, in order.
///
/// ```
/// let findings = matcher::find("Your MRN is 00123456.");
/// assert_eq!(findings[0].class, matcher::Class::MedicalRecord);
/// assert_eq!(findings[0].span, 12..20);
/// ```
pub fn find(text: &str) -> Vec<Finding> {
    let mut findings = Vec::new();
    scan(text, |finding| findings.push(finding));
    findings
}
