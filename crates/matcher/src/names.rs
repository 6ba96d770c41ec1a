//! Names of persons (45 CFR 164.514(b)(2)(i)(A)), by the words around them.

mod given;

use crate::Found;
use crate::class::Class;
use crate::limits::NAME_WORDS;
use crate::tokens::Text;

const HONORIFICS: &[&str] = &["mr", "mrs", "ms", "miss", "mx"];
const GREETINGS: &[&str] = &["hi", "hello", "hey", "dear"];
/// Words for a person that a name may stand behind.
const PERSONS: &[&str] = &[
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
/// Words with a capital that are no names.
const NO_NAMES: &[&str] = &[
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
    let is_elided = text.get(index).is_some_and(|token| token.capitalised && token.len() == 1)
        && is_apostrophe(text.gap(index))
        && text.is_name_like(index + 1);
    is_elided || text.is_name_like(index) && !NO_NAMES.contains(&text.word(index))
}

fn is_apostrophe(gap: &str) -> bool {
    matches!(gap, "'" | "\u{2019}")
}

/// The last token of a name that begins at `first`: its words, initials and hyphens.
fn end_of_name(text: &Text<'_>, first: usize) -> usize {
    let mut last = first;
    for _ in 0..NAME_WORDS {
        let is_joined = matches!(text.gap(last), " " | "-" | ". ") || is_apostrophe(text.gap(last));
        let is_initial =
            text.word(last + 1).len() == 1 && text.get(last + 1).is_some_and(|token| token.capitalised);
        if !is_joined || !(is_name(text, last + 1) || is_initial && matches!(text.gap(last + 1), ". " | " "))
        {
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
    Some(Found {
        span: text.token(first).start..text.token(last).end,
        next: last + 1,
        class: Class::Name,
        detector,
    })
}

/// `Mrs. Doe`, `Mr John Doe`.
pub(crate) fn after_honorific(text: &Text<'_>, index: usize) -> Option<Found> {
    let before = index.checked_sub(1)?;
    let is_honorific = text.is_any(before, HONORIFICS) && matches!(text.gap(before), " " | ". ");
    (is_honorific && is_name(text, index))
        .then(|| found(text, index, end_of_name(text, index), "honorific"))?
}

/// `Patient: Jane Doe`, `my name is Jane`, `patient Jane Doe`.
pub(crate) fn after_label(text: &Text<'_>, index: usize) -> Option<Found> {
    let before = index.checked_sub(1)?;
    if !is_name(text, index) {
        return None;
    }
    let last = end_of_name(text, index);
    let is_known = given::is_given_name(text.word(index));
    let colon = matches!(text.gap(before), ": " | ":" | " : " | "=");
    let is_label = colon && (text.is(before, "name") || text.is_any(before, PERSONS));
    let is_said = text.is(before, "is") && before > 0 && text.is_any(before - 1, &["name"]);
    let is_speaker = text.is(before, "is") && before > 0 && text.is_any(before - 1, &["this"]) && is_known
        || text.is(before, "am") && is_known;
    let is_person = text.gap(before) == " " && text.is_any(before, PERSONS) && (is_known || last > index);
    (is_label || is_said || is_speaker || is_person).then(|| found(text, index, last, "label"))?
}

/// `Hi Jane,`, `Dear Jane Doe`.
pub(crate) fn after_greeting(text: &Text<'_>, index: usize) -> Option<Found> {
    let before = index.checked_sub(1)?;
    let is_greeting = text.is_any(before, GREETINGS) && matches!(text.gap(before), " " | ", ");
    if !is_greeting || !is_name(text, index) {
        return None;
    }
    let last = end_of_name(text, index);
    (given::is_given_name(text.word(index)) || last > index).then(|| found(text, index, last, "greeting"))?
}

/// A common given name and another name behind it.
pub(crate) fn full_name(text: &Text<'_>, index: usize) -> Option<Found> {
    if !given::is_given_name(text.word(index)) || given::is_word_too(text.word(index)) {
        return None;
    }
    let last = end_of_name(text, index);
    let is_person = last > index && !matches!(text.word_before(index), "St" | "Dr" | "Saint");
    is_person.then(|| found(text, index, last, "full_name"))?
}
