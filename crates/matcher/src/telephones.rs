//! Telephone and fax numbers (45 CFR 164.514(b)(2)(i)(D), (E)).

use base::{AreaCode, area_code, split_calling_code};

use crate::Found;
use crate::class::Class;
use crate::hints::{self, Hint};
use crate::limits::JOINED_TOKENS;
use crate::short::Short;
use crate::tokens::Text;
use crate::words::Trait;

/// Digits of an international number (ITU-T E.164), and the fewest that are taken for one.
const INTERNATIONAL: std::ops::RangeInclusive<usize> = 8..=15;

/// `(415) 555-0123`, `415.555.0123`, `+44 20 7946 0123`; `4155550123` and `555-0123` behind a word that announces one.
pub(crate) fn telephone(text: &Text<'_>, index: usize) -> Option<Found> {
    let has_plus = match text.byte_before(index) {
        b'+' => true,
        b'(' => text.gap_before(index).ends_with("+("),
        _ => false,
    };
    let may_begin = has_plus || matches!(text.token(index).len(), 1 | 3 | 10 | 11);
    if !may_begin || matches!(text.joint_before(index), b'-' | b'.' | b'/') {
        return None;
    }
    let mut digits = Short::<{ *INTERNATIONAL.end() }>::new();
    let mut groups = Short::<JOINED_TOKENS>::new();
    let mut last = index;
    for at in index..index + JOINED_TOKENS {
        if !text.is(at, Trait::Number) || !digits.extend(text.word(at).as_bytes()) {
            break;
        }
        groups.push(text.token(at).len() as u8);
        last = at;
        let is_whole = groups_fit(&groups) && is_national(&digits);
        if is_whole || !is_joint(text.gap(at)) || !(has_plus || may_fit(&groups)) {
            break;
        }
    }
    let national = digits.strip_prefix(b"1").filter(|rest| rest.len() == 10).unwrap_or(&digits);
    let label = || match hints::label(text, index) {
        Some(Hint::Value(class @ (Class::Telephone | Class::Fax))) => Some(class),
        _ => None,
    };
    let class = if has_plus {
        let is_number = INTERNATIONAL.contains(&digits.len())
            && std::str::from_utf8(&digits).is_ok_and(|digits| split_calling_code(digits).is_some())
            && (digits[0] != b'1' || is_national(&digits));
        is_number.then(|| label().unwrap_or(Class::Telephone))?
    } else if groups_fit(&groups) {
        is_national(&digits).then(|| label().unwrap_or(Class::Telephone))?
    } else {
        let is_number =
            groups.len() == 1 && is_national(&digits) || *groups == [3, 4] && is_exchange(national);
        is_number.then(label)??
    };
    if is_toll_free(national) {
        return None;
    }
    let before = text.gap_before(index);
    let lead = before.len() - before.trim_end_matches(['+', '(']).len();
    let span = text.token(index).start - lead..text.token(last).end;
    Some(Found { span, class, detector: "telephone" })
}

/// What stands between the groups of a number.
fn is_joint(gap: &str) -> bool {
    (1..=3).contains(&gap.len()) && gap.bytes().all(|sign| matches!(sign, b' ' | b'-' | b'.' | b'(' | b')'))
}

/// The ways to write a number of the North American plan in groups.
fn groups_fit(groups: &[u8]) -> bool {
    matches!(groups, [3, 3, 4] | [1, 3, 3, 4])
}

/// Whether more groups can make a number of them, with or without its area code.
fn may_fit(groups: &[u8]) -> bool {
    matches!(groups, [1] | [3] | [1, 3] | [3, 3] | [1, 3, 3] | [3, 4])
}

/// A number of the North American plan, its area code assigned.
fn is_national(digits: &[u8]) -> bool {
    let digits = digits.strip_prefix(b"1").unwrap_or(digits);
    digits.len() == 10 && is_exchange(&digits[3..]) && holder(digits).is_some()
}

/// Who holds the area code that the ten digits begin with.
fn holder(national: &[u8]) -> Option<AreaCode> {
    area_code(national[..3].iter().fold(0, |code, byte| code * 10 + u16::from(byte - b'0')))
}

/// An exchange begins with 2 to 9 and is not `N11`.
fn is_exchange(digits: &[u8]) -> bool {
    matches!(digits, [b'2'..=b'9', second, third, ..] if (*second, *third) != (b'1', b'1'))
}

fn is_toll_free(national: &[u8]) -> bool {
    national.len() == 10 && holder(national) == Some(AreaCode::TollFree)
}
