//! Telephone and fax numbers (45 CFR 164.514(b)(2)(i)(D), (E)).

use base::{AreaCode, area_code, split_calling_code};

use crate::Found;
use crate::class::Class;
use crate::hints::{self, Hint};
use crate::limits::JOINED_TOKENS;
use crate::tokens::Text;

/// Digits of an international number (ITU-T E.164), and the fewest that are taken for one.
const INTERNATIONAL: std::ops::RangeInclusive<usize> = 8..=15;

/// `(415) 555-0123`, `415.555.0123`, `+44 20 7946 0123`; `4155550123` and `555-0123` behind a word that announces one.
pub(crate) fn telephone(text: &Text<'_>, index: usize) -> Option<Found> {
    let before = text.gap_before(index);
    if matches!(before, "-" | "." | "/") {
        return None;
    }
    let has_plus = before.ends_with('+') || before.ends_with("+(");
    let mut digits = String::new();
    let mut groups = Vec::with_capacity(5);
    let mut last = index;
    for at in index..text.len().min(index + JOINED_TOKENS) {
        let token = text.token(at);
        if !token.is_number() || digits.len() + token.len() > *INTERNATIONAL.end() {
            break;
        }
        digits.push_str(text.word(at));
        groups.push(token.len());
        last = at;
        let gap = text.gap(at);
        let is_joint = !gap.is_empty()
            && gap.len() <= 3
            && gap.chars().all(|sign| matches!(sign, ' ' | '-' | '.' | '(' | ')'));
        if !is_joint || is_national(&digits) && groups_fit(&groups) {
            break;
        }
    }
    let class = match hints::label(text, index) {
        Some(Hint::Value(class @ (Class::Telephone | Class::Fax))) => Some(class),
        _ => None,
    };
    let national = digits.strip_prefix('1').filter(|rest| rest.len() == 10).unwrap_or(&digits);
    let is_telephone = if has_plus {
        INTERNATIONAL.contains(&digits.len())
            && split_calling_code(&digits).is_some()
            && (!digits.starts_with('1') || is_national(&digits))
    } else if groups_fit(&groups) {
        is_national(&digits)
    } else {
        class.is_some()
            && (is_national(&digits) && groups.len() == 1 || groups == [3, 4] && is_exchange(national))
    };
    if !is_telephone || is_toll_free(national) {
        return None;
    }
    let lead = before.len() - before.trim_end_matches(['+', '(']).len();
    Some(Found {
        span: text.token(index).start - lead..text.token(last).end,
        next: last + 1,
        class: class.unwrap_or(Class::Telephone),
        detector: "telephone",
    })
}

/// The ways to write a number of the North American plan in groups.
fn groups_fit(groups: &[usize]) -> bool {
    matches!(groups, [3, 3, 4] | [1, 3, 3, 4])
}

/// A number of the North American plan, its area code assigned.
fn is_national(digits: &str) -> bool {
    let digits = digits.strip_prefix('1').unwrap_or(digits);
    let npa = digits.get(..3).and_then(|npa| npa.parse().ok()).and_then(area_code);
    digits.len() == 10 && npa.is_some() && is_exchange(&digits[3..])
}

/// An exchange begins with 2 to 9 and is not `N11`.
fn is_exchange(digits: &str) -> bool {
    matches!(digits.as_bytes(), [b'2'..=b'9', second, third, ..] if (*second, *third) != (b'1', b'1'))
}

fn is_toll_free(national: &str) -> bool {
    let npa = national.get(..3).and_then(|npa| npa.parse().ok()).and_then(area_code);
    national.len() == 10 && npa == Some(AreaCode::TollFree)
}
