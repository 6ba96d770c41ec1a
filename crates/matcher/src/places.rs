//! Places smaller than a state (45 CFR 164.514(b)(2)(i)(B)): streets, towns, ZIP codes.

use crate::Found;
use crate::class::Class;
use crate::limits::STREET_WORDS;
use crate::tokens::Text;
use crate::words::Trait;

pub(crate) const STREETS: &[&str] = &[
    "street",
    "st",
    "avenue",
    "ave",
    "road",
    "rd",
    "boulevard",
    "blvd",
    "lane",
    "ln",
    "drive",
    "dr",
    "court",
    "ct",
    "place",
    "pl",
    "parkway",
    "pkwy",
    "highway",
    "hwy",
    "terrace",
    "ter",
    "circle",
    "cir",
    "trail",
    "trl",
    "way",
    "square",
    "sq",
];
pub(crate) const ROOMS: &[&str] = &["apt", "apartment", "unit", "suite", "ste"];
pub(crate) const STATES: &[&str] = &[
    "AK", "AL", "AR", "AZ", "CA", "CO", "CT", "DC", "DE", "FL", "GA", "HI", "IA", "ID", "IL", "IN", "KS",
    "KY", "LA", "MA", "MD", "ME", "MI", "MN", "MO", "MS", "MT", "NC", "ND", "NE", "NH", "NJ", "NM", "NV",
    "NY", "OH", "OK", "OR", "PA", "PR", "RI", "SC", "SD", "TN", "TX", "UT", "VA", "VT", "WA", "WI", "WV",
    "WY",
];
/// Letters of states that are words: they count with a ZIP code only.
pub(crate) const WORDS_TOO: &[&str] = &["HI", "IN", "ME", "OK", "OR", "PA", "MA", "LA", "AL", "CO"];

fn found(text: &Text<'_>, first: usize, last: usize, detector: &'static str) -> Option<Found> {
    Some(Found { span: text.token(first).start..text.token(last).end, class: Class::Geography, detector })
}

/// `1600 Example Street`, `12B N 5th Ave, Apt 3`.
pub(crate) fn street(text: &Text<'_>, index: usize) -> Option<Found> {
    let token = text.token(index);
    if token.digits() > 6 || token.len() - token.digits() > 1 || text.joint(index) != b' ' {
        return None;
    }
    for at in index + 1..=index + STREET_WORDS {
        let next = text.get(at)?;
        if at > index + 1 && next.is(Trait::Street) {
            let has_room =
                text.gap(at).len() <= 3 && text.is(at + 1, Trait::Room) && text.get(at + 2).is_some();
            return found(text, index, if has_room { at + 2 } else { at }, "street");
        }
        let is_ordinal = next.digits() > 0 && !next.is(Trait::Number);
        if !(next.is(Trait::Capitalised) || is_ordinal) || !matches!(text.gap(at), " " | ". ") {
            return None;
        }
    }
    None
}

/// `PO Box 123`, `P.O. Box 123`.
pub(crate) fn post_office_box(text: &Text<'_>, index: usize) -> Option<Found> {
    let at = match (text.word(index), text.gap(index)) {
        ("PO", " ") => index + 1,
        ("P", "." | ". ") if text.word(index + 1) == "O" => index + 2,
        _ => return None,
    };
    let is_box = text.is_word(at, "box") && text.number(at + 1).is_some();
    is_box.then(|| found(text, index, at + 1, "post_office_box"))?
}

/// `Springfield, IL`, `San Francisco, CA 94105`, from the town's first word.
pub(crate) fn city(text: &Text<'_>, index: usize) -> Option<Found> {
    let mut last = index;
    for _ in 0..3 {
        if !text.is(last, Trait::NameLike) {
            return None;
        }
        match text.gap(last) {
            " " => last += 1,
            ", " => {
                let with_zip = text.joint(last + 1) == b' ' && is_zip(text, last + 2);
                let is_state =
                    is_state(text, last + 1) && (with_zip || !text.is(last + 1, Trait::StateOrWord));
                let end = if with_zip { last + 2 + usize::from(is_long(text, last + 2)) } else { last + 1 };
                return is_state.then(|| found(text, index, end, "city_and_state"))?;
            }
            _ => return None,
        }
    }
    None
}

/// `94105-1234` anywhere, `CA 94105` behind a state.
pub(crate) fn zip(text: &Text<'_>, index: usize) -> Option<Found> {
    if !is_zip(text, index) || text.joint_before(index) == b'-' {
        return None;
    }
    if is_long(text, index) {
        return found(text, index, index + 1, "zip_plus_4");
    }
    let before = index.checked_sub(1)?;
    let is_behind_state = is_state(text, before) && text.joint(before) == b' ';
    is_behind_state.then(|| found(text, index, index, "zip"))?
}

/// The letters of a state, as they are written: in capitals.
fn is_state(text: &Text<'_>, index: usize) -> bool {
    text.is(index, Trait::State) && text.is(index, Trait::Upper)
}

fn is_zip(text: &Text<'_>, index: usize) -> bool {
    text.get(index).is_some_and(|token| token.len() == 5 && token.is(Trait::Number))
}

/// Whether four more digits follow, and nothing more.
fn is_long(text: &Text<'_>, index: usize) -> bool {
    text.joint(index) == b'-'
        && text.get(index + 1).is_some_and(|token| token.len() == 4 && token.is(Trait::Number))
        && text.joint(index + 1) != b'-'
}
