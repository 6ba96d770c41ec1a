//! A key as words: `firstName`, `first_name`, `First-Name` and `FIRST NAME` are the same two.

use crate::limits;

/// The words of a key, in small letters. Beyond [`limits::KEY`] characters nothing is read.
pub(crate) fn words(key: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    let mut word = String::new();
    let mut before = Kind::Gap;
    let mut characters = key.chars().take(limits::KEY).peekable();
    while let Some(character) = characters.next() {
        let kind = Kind::of(character);
        let next_is_small = characters.peek().is_some_and(|next| next.is_lowercase());
        // `patientID`, `patientId`, `HTTPServer`: a word begins where capitals begin, and at the last of several.
        let begins = match (before, kind) {
            (Kind::Gap, _) | (Kind::Capital, Kind::Small) => false,
            (Kind::Capital, Kind::Capital) => next_is_small,
            (before, kind) => before != kind,
        };
        if (begins || kind == Kind::Gap) && !word.is_empty() {
            words.push(std::mem::take(&mut word));
        }
        if kind != Kind::Gap {
            word.extend(character.to_lowercase());
        }
        before = kind;
    }
    if !word.is_empty() {
        words.push(word);
    }
    words
}

/// The words of a key in one, as similarity compares them.
pub(crate) fn joined(key: &str) -> String {
    words(key).concat()
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Small,
    Capital,
    Digit,
    Gap,
}

impl Kind {
    fn of(character: char) -> Self {
        if character.is_numeric() {
            Self::Digit
        } else if character.is_uppercase() {
            Self::Capital
        } else if character.is_alphabetic() {
            Self::Small
        } else {
            Self::Gap
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_words() {
        let check = |key: &str, expected: &[&str]| assert_eq!(words(key), expected, "{key}");
        check("firstName", &["first", "name"]);
        check("first_name", &["first", "name"]);
        check("FIRST-NAME", &["first", "name"]);
        check("FirstName", &["first", "name"]);
        check("patientID", &["patient", "id"]);
        check("HTTPServer", &["http", "server"]);
        check("line1", &["line", "1"]);
        check("icd10Code", &["icd", "10", "code"]);
        check("__", &[]);
        check("größe", &["größe"]);
    }
}
