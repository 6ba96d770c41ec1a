//! Every bound of a look around a token; together they make the time linear.

/// Characters of a gap inside a number, a name or a label.
pub(crate) const GAP: usize = 4;

/// Words between a label and its value (`medical record number of the patient is: …`).
pub(crate) const LABEL_WORDS: usize = 5;

/// Letters and digits of a value behind a label.
pub(crate) const VALUE_CHARACTERS: usize = 24;

/// Tokens of anything that is joined from several.
pub(crate) const JOINED_TOKENS: usize = 10;

/// Words of a person's name.
pub(crate) const NAME_WORDS: usize = 3;

/// Words of a street's name.
pub(crate) const STREET_WORDS: usize = 4;

/// Characters of a web address that are looked at.
pub(crate) const URL_BYTES: usize = 2_048;

/// Tokens of an email address on either side of its `@`.
pub(crate) const EMAIL_TOKENS: usize = 8;

/// Years that a date may be in.
pub(crate) const YEARS: std::ops::RangeInclusive<u64> = 1_900..=2_099;

/// Tokens that may be looked at behind a token: an email address is the longest look.
pub(crate) const AHEAD: usize = 2 * EMAIL_TOKENS + 2;

/// Tokens that may be looked at before it: a label, and the word before the label.
pub(crate) const BEHIND: usize = LABEL_WORDS + 3;

/// Tokens of a text that are held at a time.
pub(crate) const WINDOW: usize = 32;

const _: () = assert!(WINDOW.is_power_of_two() && WINDOW > AHEAD + BEHIND);
