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
mod telephones;
mod tokens;

use std::ops::Range;

pub use class::{Class, Finding};

use tokens::Text;

/// What a detector found: the bytes, the token after them, what it is, and the detector's name.
struct Found {
    span: Range<usize>,
    next: usize,
    class: Class,
    detector: &'static str,
}

type Detector = fn(&Text<'_>, usize) -> Option<Found>;

/// What is tried at a token with digits in it, the most telling first.
const WITH_DIGITS: &[Detector] = &[
    network::url,
    network::email,
    network::address,
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
    network::url,
    network::email,
    network::address,
    dates::month_before_day,
    identifiers::labelled,
    identifiers::self_checking,
    places::post_office_box,
    places::city,
    names::after_honorific,
    names::after_label,
    names::after_greeting,
    names::full_name,
];

/// What is tried at any other word.
const OTHER_WORDS: &[Detector] =
    &[network::url, network::email, network::address, dates::month_before_day, identifiers::labelled];

/// Calls `found` for everything in `text`, from left to right, without overlaps.
pub fn scan(text: &str, mut found: impl FnMut(Finding)) {
    let text = Text::new(text);
    let mut index = 0;
    let mut end = 0;
    while index < text.len() {
        let token = text.token(index);
        let detectors = if token.digits > 0 {
            WITH_DIGITS
        } else if token.capitalised {
            CAPITALISED
        } else if text.may_begin(index) {
            OTHER_WORDS
        } else {
            index += 1;
            continue;
        };
        // A finding may begin before its token (`+1`, the city before a state), but not inside the one before.
        let first =
            detectors.iter().find_map(|detect| detect(&text, index).filter(|it| it.span.start >= end));
        match first {
            Some(it) => {
                end = it.span.end;
                index = it.next.max(index + 1);
                found(Finding { class: it.class, span: it.span, detector: it.detector });
            }
            None => index += 1,
        }
    }
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
