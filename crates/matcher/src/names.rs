//! Names of persons (45 CFR 164.514(b)(2)(i)(A)), by the words around them.

pub(crate) mod given;

use crate::Found;
use crate::class::Class;
use crate::limits::NAME_WORDS;
use crate::tokens::Text;
use crate::words::Trait;

pub(crate) const HONORIFICS: &[&str] = &["mr", "mrs", "ms", "miss", "mx"];
pub(crate) const GREETINGS: &[&str] = &["hi", "hello", "hey", "dear"];
/// Words for a person that a name may stand behind.
pub(crate) const PERSONS: &[&str] = &[
    "patient",
    "client",
    "resident",
    "mother",
    "father",
    "mom",
    "dad",
    "wife",
    "husband",
    "spouse",
    "son",
    "daughter",
    "guardian",
    "caregiver",
    "brother",
    "sister",
    "guarantor",
    "insured",
];
/// Words of a sentence that says a name: `my name is Jane`, `I am Jane`, `Name: Jane`.
pub(crate) const NAMING: &[&str] = &["name", "is", "am"];
/// Words with a capital that are no names.
pub(crate) const NO_NAMES: &[&str] = &[
    "There",
    "Team",
    "All",
    "Everyone",
    "Customer",
    "Patient",
    "Patients",
    "Member",
    "Members",
    "Friend",
    "Friends",
    "Sir",
    "Madam",
    "Doctor",
    "Dr",
    "Valued",
    "Provider",
    "Nurse",
    "Clinic",
    "Hospital",
    "Center",
    "Health",
    "Medical",
    "Care",
    "Pharmacy",
    "Lab",
    "Your",
    "You",
    "We",
    "The",
    "This",
    "Please",
    "Thank",
    "Thanks",
    "Reply",
    "Portal",
    "Service",
    "Services",
    "Support",
    "Family",
    "Parent",
    "Parents",
    "Student",
    "World",
    "Again",
    "From",
    "And",
    "Or",
    "For",
    "To",
    "Is",
    "Are",
    "Was",
    "Has",
    "Have",
    "Will",
    "Can",
    "At",
    "On",
    "In",
    "It",
    "If",
    "Street",
    "Day",
    "Monday",
    "Tuesday",
    "Wednesday",
    "Thursday",
    "Friday",
    "Saturday",
    "Sunday",
    "Group",
    "Plan",
    "Insurance",
    "University",
    "School",
    "County",
    "City",
    "Park",
    "Id",
    "Number",
    "Record",
    "Date",
    "Name",
];

fn is_name(text: &Text<'_>, index: usize) -> bool {
    // `O'Brien`
    let is_elided =
        is_initial(text, index) && is_apostrophe(text.gap(index)) && text.is(index + 1, Trait::NameLike);
    is_elided || text.is(index, Trait::NameLike) && !text.is(index, Trait::NoName)
}

fn is_initial(text: &Text<'_>, index: usize) -> bool {
    text.get(index).is_some_and(|token| token.is(Trait::Capitalised) && token.len() == 1)
}

/// A common given name, written as one.
fn is_given(text: &Text<'_>, index: usize) -> bool {
    text.is(index, Trait::Given) && text.is(index, Trait::NameLike)
}

fn is_apostrophe(gap: &str) -> bool {
    matches!(gap, "'" | "\u{2019}")
}

/// The last token of a name that begins at `first`: its words, initials and hyphens.
fn end_of_name(text: &Text<'_>, first: usize) -> usize {
    let mut last = first;
    for _ in 0..NAME_WORDS {
        let is_joined = matches!(text.gap(last), " " | "-" | ". ") || is_apostrophe(text.gap(last));
        let is_next = || {
            is_name(text, last + 1) || is_initial(text, last + 1) && matches!(text.gap(last + 1), ". " | " ")
        };
        if !is_joined || !is_next() {
            break;
        }
        // A point after a whole word ends the sentence.
        if text.gap(last) == ". " && text.word(last).len() > 1 {
            break;
        }
        last += 1;
    }
    last
}

fn found(text: &Text<'_>, first: usize, last: usize, detector: &'static str) -> Option<Found> {
    Some(Found { span: text.token(first).start..text.token(last).end, class: Class::Name, detector })
}

/// `Mrs. Doe`, `Mr John Doe`.
pub(crate) fn after_honorific(text: &Text<'_>, index: usize) -> Option<Found> {
    let before = index.checked_sub(1)?;
    let is_honorific = text.is(before, Trait::Honorific) && matches!(text.gap(before), " " | ". ");
    (is_honorific && is_name(text, index))
        .then(|| found(text, index, end_of_name(text, index), "honorific"))?
}

/// `Patient: Jane Doe`, `my name is Jane`, `patient Jane Doe`.
pub(crate) fn after_label(text: &Text<'_>, index: usize) -> Option<Found> {
    let before = index.checked_sub(1)?;
    let is_behind_person = text.is(before, Trait::Person);
    if !(is_behind_person || text.is(before, Trait::Naming)) || !is_name(text, index) {
        return None;
    }
    let last = end_of_name(text, index);
    let is_known = is_given(text, index);
    let colon = matches!(text.gap(before), ": " | ":" | " : " | "=");
    let is_label = colon && (is_behind_person || text.is_word(before, "name"));
    let is_behind_is =
        |word: &str| text.is_word(before, "is") && text.word_before(before).eq_ignore_ascii_case(word);
    let is_said = is_behind_is("name");
    let is_speaker = is_known && (is_behind_is("this") || text.is_word(before, "am"));
    let is_person = text.joint(before) == b' ' && is_behind_person && (is_known || last > index);
    (is_label || is_said || is_speaker || is_person).then(|| found(text, index, last, "label"))?
}

/// `Hi Jane,`, `Dear Jane Doe`.
pub(crate) fn after_greeting(text: &Text<'_>, index: usize) -> Option<Found> {
    let before = index.checked_sub(1)?;
    let is_greeting = text.is(before, Trait::Greeting) && matches!(text.gap(before), " " | ", ");
    if !is_greeting || !is_name(text, index) {
        return None;
    }
    let last = end_of_name(text, index);
    (is_given(text, index) || last > index).then(|| found(text, index, last, "greeting"))?
}

/// A common given name and another name behind it.
pub(crate) fn full_name(text: &Text<'_>, index: usize) -> Option<Found> {
    if !is_given(text, index) || text.is(index, Trait::GivenOrWord) {
        return None;
    }
    let last = end_of_name(text, index);
    let is_person = last > index && !matches!(text.word_before(index), "St" | "Dr" | "Saint");
    is_person.then(|| found(text, index, last, "full_name"))?
}
