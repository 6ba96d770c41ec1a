//! Matchers that a customer adds: by key or value, exact, similar, or by a pattern.

use regex::{Regex, RegexBuilder};
use serde::{Deserialize, Serialize};

use crate::words::{joined, words};
use crate::{Colour, limits, similar};

/// A matcher as it is said. It is configuration and never PHI.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CustomMatcher {
    /// A name for people.
    pub name: String,
    /// What it recommends.
    pub colour: Colour,
    /// What it looks at.
    pub on: Where,
    /// How it compares.
    #[serde(flatten)]
    pub how: How,
}

/// What a matcher looks at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Where {
    /// The names of fields.
    Key,
    /// What stands in them.
    Value,
}

/// How a matcher compares.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum How {
    /// With these words: as keys, whatever case and separators they have; as values, letter by letter.
    Exact(Vec<String>),
    /// The same, where a score above [`limits::SIMILAR`] is enough.
    Similar(Vec<String>),
    /// With a pattern of RE2's syntax, anywhere in it.
    Pattern(String),
}

/// Why a matcher cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unusable {
    /// Its name is empty or too long.
    Name,
    /// It has no words, too many, or one that says nothing or is too long.
    Words,
    /// Its pattern is none, is too large, or matches what is empty and so everything.
    Pattern,
}

/// A matcher that is ready.
#[derive(Debug)]
pub(crate) struct Ready {
    pub(crate) on: Where,
    pub(crate) colour: Colour,
    compared: Compared,
}

#[derive(Debug)]
enum Compared {
    Exact(Vec<String>),
    Similar(Vec<String>),
    Pattern(Regex),
}

impl CustomMatcher {
    /// Whether it can be used.
    ///
    /// # Errors
    /// [`Unusable`].
    pub fn check(&self) -> Result<(), Unusable> {
        self.ready().map(|_| ())
    }

    pub(crate) fn ready(&self) -> Result<Ready, Unusable> {
        let is_text = |text: &String| !text.trim().is_empty() && text.chars().count() <= limits::WORD;
        if !is_text(&self.name) {
            return Err(Unusable::Name);
        }
        let compared = match &self.how {
            How::Exact(words) => Compared::Exact(self.prepared(words, is_text)?),
            How::Similar(words) => Compared::Similar(self.prepared(words, is_text)?),
            How::Pattern(text) => Compared::Pattern(compile(text).ok_or(Unusable::Pattern)?),
        };
        Ok(Ready { on: self.on, colour: self.colour, compared })
    }

    fn prepared(&self, given: &[String], is_text: impl Fn(&String) -> bool) -> Result<Vec<String>, Unusable> {
        if given.is_empty() || given.len() > limits::MATCHER_WORDS || !given.iter().all(is_text) {
            return Err(Unusable::Words);
        }
        let prepared: Vec<_> = given.iter().map(|word| form(self.on, word)).collect();
        if prepared.iter().any(String::is_empty) { Err(Unusable::Words) } else { Ok(prepared) }
    }
}

/// Keys are compared as their words in one, values as they are.
fn form(on: Where, text: &str) -> String {
    match on {
        Where::Key => joined(text),
        Where::Value => text.to_owned(),
    }
}

fn compile(text: &str) -> Option<Regex> {
    if text.is_empty() || text.len() > limits::PATTERN_BYTES {
        return None;
    }
    let mut builder = RegexBuilder::new(text);
    builder
        .size_limit(limits::PATTERN_PROGRAM_BYTES)
        .dfa_size_limit(limits::PATTERN_PROGRAM_BYTES)
        .nest_limit(limits::PATTERN_NEST);
    // A pattern that matches nothing at all matches everything, which nobody means.
    builder.build().ok().filter(|regex| !regex.is_match(""))
}

impl Ready {
    /// Whether it recognises a key, of a field or of what the field stands in; or a value.
    pub(crate) fn recognises(&self, text: &str) -> bool {
        match &self.compared {
            Compared::Exact(words) => {
                let form = form(self.on, text);
                words.contains(&form)
            }
            Compared::Similar(words) => {
                let form: String = form(self.on, text).chars().take(limits::KEY).collect();
                words.iter().any(|word| similar::score(word, &form) > limits::SIMILAR)
            }
            Compared::Pattern(regex) => regex.is_match(text),
        }
    }
}

/// Whether words stand in a key one behind the other; with `=` in front they must be all of it.
pub(crate) fn stands_in(sequence: &str, key: &[String]) -> bool {
    let (is_all, sequence) = match sequence.strip_prefix('=') {
        Some(rest) => (true, rest),
        None => (false, sequence),
    };
    let wanted = sequence.split(' ').count();
    if is_all && wanted != key.len() {
        return false;
    }
    key.windows(wanted).any(|window| window.iter().map(String::as_str).eq(sequence.split(' ')))
}

/// The words of a key, once for all rows of the pack.
pub(crate) fn key_words(key: &str) -> Vec<String> {
    words(key)
}
