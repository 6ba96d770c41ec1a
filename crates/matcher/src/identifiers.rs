//! Numbers of persons, plans, accounts, licenses, vehicles and devices (45 CFR 164.514(b)(2)(i)(G) to (M), (P) to (R)).

mod checks;

use crate::Found;
use crate::class::Class;
use crate::codes;
use crate::hints::{self, Hint};
use crate::limits::{JOINED_TOKENS, VALUE_CHARACTERS};
use crate::short::Short;
use crate::tokens::{Text, Token};
use crate::words::Trait;

/// Endings of files that hold pictures.
pub(crate) const PICTURES: &[&str] = &["jpg", "jpeg", "png", "heic", "gif", "webp", "tiff"];

/// The fewest characters of a key of biometrics.
pub(crate) const KEY: usize = 16;

/// A value without its separators, as far as it goes.
struct Joined {
    /// Letters in capitals.
    characters: Short<{ 2 * VALUE_CHARACTERS }>,
    digits: usize,
    /// Lengths of its groups.
    groups: Short<JOINED_TOKENS>,
    last: usize,
}

/// Joins the tokens from `index` that only these separators part.
fn join(text: &Text<'_>, index: usize, separators: &[u8]) -> Joined {
    let mut joined = Joined { characters: Short::new(), digits: 0, groups: Short::new(), last: index };
    for at in index..index + JOINED_TOKENS {
        let token = text.token(at);
        if !joined.characters.extend(text.word(at).as_bytes()) {
            break;
        }
        joined.digits += token.digits();
        joined.groups.push(token.len() as u8);
        joined.last = at;
        // A group of letters alone (a bank in an IBAN) has four of them.
        let is_group = |next: &Token| {
            next.digits() > 0 || token.len() == 4 && next.len() == 4 && next.is(Trait::Capitalised)
        };
        if !separators.contains(&text.joint(at)) || !text.get(at + 1).is_some_and(is_group) {
            break;
        }
    }
    joined.characters.make_upper();
    joined
}

fn found(text: &Text<'_>, index: usize, last: usize, class: Class, detector: &'static str) -> Option<Found> {
    Some(Found { span: text.token(index).start..text.token(last).end, class, detector })
}

/// A value behind a word that says what it is.
pub(crate) fn labelled(text: &Text<'_>, index: usize) -> Option<Found> {
    let token = text.token(index);
    // Cheap first: values have digits, but for keys of biometrics and names of pictures.
    let may_be = token.digits() > 0 || token.len() >= KEY || matches!(text.joint(index), b'.' | b'-' | b'_');
    if !may_be || token.hint.is_some() {
        return None;
    }
    let hint = hints::label(text, index)?;
    let value = join(text, index, b"-");
    let (length, digits) = (value.characters.len(), value.digits);
    let characters = &*value.characters;
    let (class, last, detector) = match hint {
        Hint::Provider => (checks::is_npi(characters)).then_some((Class::License, value.last, "npi"))?,
        Hint::Routing => {
            (checks::is_routing(characters)).then_some((Class::Account, value.last, "routing_number"))?
        }
        Hint::Value(Class::SocialSecurity) => {
            let value = join(text, index, b"-. ");
            checks::is_social_security(&value.characters).then_some((
                Class::SocialSecurity,
                value.last,
                "social_security",
            ))?
        }
        // These have detectors of their own, which ask for the label themselves.
        Hint::Value(Class::Telephone | Class::Fax)
        | Hint::Birth
        | Hint::Aged
        | Hint::Month
        | Hint::Numbered(_) => {
            return None;
        }
        Hint::Value(Class::Geography) => {
            let is_zip = length == 5 && digits == 5 || *value.groups == [5, 4] && digits == 9;
            is_zip.then_some((Class::Geography, value.last, "zip"))?
        }
        Hint::Value(Class::Diagnosis) => return codes::labelled_diagnosis(text, index),
        Hint::Value(Class::Drug) => {
            let is_code = (10..=11).contains(&digits) && length == digits;
            is_code.then_some((Class::Drug, value.last, "ndc"))?
        }
        Hint::Value(Class::Photograph) => return picture(text, index),
        Hint::Value(Class::Biometric) => {
            let is_key = token.len() >= KEY && !token.is(Trait::Wide);
            is_key.then_some((Class::Biometric, index, "biometric_key"))?
        }
        Hint::Value(Class::Vehicle) => {
            let is_plate = (5..=8).contains(&length) && digits >= 2 && value.groups.len() <= 2;
            (is_plate || checks::is_vin(characters)).then_some((Class::Vehicle, value.last, "vehicle"))?
        }
        Hint::Value(Class::Account) => {
            if let Some(iban) = plan_or_iban(text, index) {
                return Some(iban);
            }
            let value = join(text, index, b"- ");
            let length = value.characters.len();
            let is_account =
                (6..=VALUE_CHARACTERS).contains(&length) && value.digits >= 5 && value.digits * 2 >= length;
            is_account.then_some((Class::Account, value.last, "account"))?
        }
        Hint::Value(class) => {
            let is_value = (5..=VALUE_CHARACTERS).contains(&length) && digits >= 4 && digits * 2 >= length;
            is_value.then_some((class, value.last, "labelled"))?
        }
    };
    found(text, index, last, class, detector)
}

/// A picture's file behind a word such as `photo`.
fn picture(text: &Text<'_>, index: usize) -> Option<Found> {
    let mut at = index;
    for _ in 0..JOINED_TOKENS {
        match text.joint(at) {
            b'.' if text.is(at + 1, Trait::Picture) => {
                return found(text, index, at + 1, Class::Photograph, "picture");
            }
            b'.' | b'-' | b'_' if text.get(at + 1).is_some() => at += 1,
            _ => return None,
        }
    }
    None
}

/// What its own form or check digit gives away.
pub(crate) fn self_checking(text: &Text<'_>, index: usize) -> Option<Found> {
    let token = text.token(index);
    if matches!(text.joint_before(index), b'-' | b'.') {
        return None;
    }
    let word = text.word(index).as_bytes();
    match (token.len(), token.digits()) {
        (3, 3) => social_security(text, index),
        (4, 4) | (12..=19, _) if token.is(Trait::Number) => card(text, index),
        (4, 1..=3) => plan_or_iban(text, index),
        (17, 3..=16) => checks::is_vin(&join(text, index, &[]).characters)
            .then(|| found(text, index, index, Class::Vehicle, "vin"))?,
        (11, 4..=8) => {
            checks::is_medicare(word).then(|| found(text, index, index, Class::HealthPlan, "mbi"))?
        }
        (9, 7) => checks::is_dea(word).then(|| found(text, index, index, Class::License, "dea"))?,
        (15..=34, 8..) => checks::is_iban(&join(text, index, &[]).characters)
            .then(|| found(text, index, index, Class::Account, "iban"))?,
        _ => None,
    }
}

/// `123-45-6789` or `123 45 6789`.
fn social_security(text: &Text<'_>, index: usize) -> Option<Found> {
    let separator = text.joint(index);
    let is_form = matches!(separator, b'-' | b' ') && text.joint(index + 1) == separator;
    let value = is_form.then(|| join(text, index, &[separator]))?;
    let is_number =
        *value.groups == [3, 2, 4] && value.digits == 9 && checks::is_social_security(&value.characters);
    is_number.then(|| found(text, index, value.last, Class::SocialSecurity, "social_security"))?
}

/// A payment card, in one piece or in its usual groups.
fn card(text: &Text<'_>, index: usize) -> Option<Found> {
    let value = match text.joint(index) {
        separator @ (b'-' | b' ') if text.token(index).len() == 4 => join(text, index, &[separator]),
        _ => join(text, index, &[]),
    };
    let is_form = value.groups.len() == 1 || matches!(*value.groups, [4, 4, 4, 4] | [4, 6, 5]);
    let is_card = is_form && value.digits == value.characters.len() && checks::is_card(&value.characters);
    is_card.then(|| found(text, index, value.last, Class::Account, "card"))?
}

/// `1EG4-TE5-MK73`, or an IBAN in groups of four.
fn plan_or_iban(text: &Text<'_>, index: usize) -> Option<Found> {
    let separator = text.joint(index);
    if !matches!(separator, b'-' | b' ') {
        return None;
    }
    let value = join(text, index, &[separator]);
    if separator == b'-' {
        let is_plan = *value.groups == [4, 3, 4] && checks::is_medicare(&value.characters);
        return is_plan.then(|| found(text, index, value.last, Class::HealthPlan, "mbi"))?;
    }
    let is_grouped = value.groups.len() >= 4 && value.groups.iter().rev().skip(1).all(|group| *group == 4);
    (is_grouped && checks::is_iban(&value.characters))
        .then(|| found(text, index, value.last, Class::Account, "iban"))?
}
