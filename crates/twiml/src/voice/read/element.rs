//! One element and its attributes, each read into what it means or refused with the code given.

use std::ops::RangeInclusive;
use std::time::Duration;

use roxmltree::{Attribute, Node};

use crate::document::{self, Violation, content, name, refuse_attributes, refuse_text};
use crate::limits::{LOOP_LIMIT, TOKEN_LIMIT};
use crate::voice::{Action, Callback, Times};
use crate::{Method, SCHEMA_VIOLATION};

/// A Twilio SID has 34 characters.
const SID_LENGTH: usize = 34;

/// An element all of whose attributes are known.
#[derive(Clone, Copy)]
pub(super) struct Element<'a, 'input> {
    node: Node<'a, 'input>,
}

impl<'a, 'input> Element<'a, 'input> {
    /// Refuses attributes that are not `known`.
    pub(super) fn new(node: Node<'a, 'input>, known: &[&str]) -> Result<Self, Violation> {
        refuse_attributes(node, known)?;
        Ok(Self { node })
    }

    /// What is wrong with the element itself.
    pub(super) fn refused<T>(self, code: u32) -> Result<T, Violation> {
        Err(Violation::of(self.node, code))
    }

    /// The elements in it; text beside them is refused.
    pub(super) fn elements(self) -> Result<Vec<Node<'a, 'input>>, Violation> {
        let mut elements = Vec::new();
        for child in content(self.node) {
            if child.is_text() {
                refuse_text(child)?;
            } else {
                name(child)?;
                elements.push(child);
            }
        }
        Ok(elements)
    }

    /// Its text without the white space around; elements in it are refused.
    pub(super) fn text(self) -> Result<String, Violation> {
        document::only_text(self.node).map(|text| text.trim().to_owned())
    }

    /// Its text, which is a name of 1 to `longest` characters; the codes are for one that is too short or too long.
    pub(super) fn named(self, longest: usize, short: u32, long: u32) -> Result<String, Violation> {
        let text = self.text()?;
        match text.chars().count() {
            0 => self.refused(short),
            length if length > longest => self.refused(long),
            _ => Ok(text),
        }
    }

    /// Refuses any content.
    pub(super) fn empty(self) -> Result<(), Violation> {
        match self.elements()?.first() {
            Some(child) => Err(Violation::schema(*child)),
            None => Ok(()),
        }
    }

    fn find(self, attribute: &str) -> Option<Attribute<'a, 'input>> {
        self.node.attribute_node(attribute)
    }

    /// The attribute as `read` understands it.
    pub(super) fn read<T>(
        self,
        attribute: &str,
        code: u32,
        read: impl FnOnce(&str) -> Option<T>,
    ) -> Result<Option<T>, Violation> {
        let Some(written) = self.find(attribute) else {
            return Ok(None);
        };
        match read(written.value().trim()) {
            Some(value) => Ok(Some(value)),
            None => Err(Violation { code, offset: written.range().start }),
        }
    }

    /// Any text; none when absent or empty.
    pub(super) fn any(self, attribute: &str) -> Option<String> {
        self.find(attribute).map(|found| found.value().trim().to_owned()).filter(|value| !value.is_empty())
    }

    /// `true` or `false`.
    pub(super) fn flag(self, attribute: &str, default: bool, code: u32) -> Result<bool, Violation> {
        let read = |written: &str| match written {
            _ if written.eq_ignore_ascii_case("true") => Some(true),
            _ if written.eq_ignore_ascii_case("false") => Some(false),
            _ => None,
        };
        Ok(self.read(attribute, code, read)?.unwrap_or(default))
    }

    /// A whole number in this range.
    pub(super) fn number<T>(
        self,
        attribute: &str,
        range: RangeInclusive<T>,
        code: u32,
    ) -> Result<Option<T>, Violation>
    where
        T: std::str::FromStr + PartialOrd,
    {
        self.read(attribute, code, |written| written.parse().ok().filter(|number| range.contains(number)))
    }

    /// Whole seconds in this range.
    pub(super) fn seconds(
        self,
        attribute: &str,
        range: RangeInclusive<u32>,
        default: u32,
        code: u32,
    ) -> Result<Duration, Violation> {
        let seconds = self.number(attribute, range, code)?.unwrap_or(default);
        Ok(Duration::from_secs(u64::from(seconds)))
    }

    /// Whole milliseconds in this range.
    pub(super) fn milliseconds(
        self,
        attribute: &str,
        range: RangeInclusive<u32>,
        default: u32,
    ) -> Result<Duration, Violation> {
        let milliseconds = self.number(attribute, range, SCHEMA_VIOLATION)?.unwrap_or(default);
        Ok(Duration::from_millis(u64::from(milliseconds)))
    }

    /// `loop`: 0 is until stopped.
    pub(super) fn times(self, code: u32) -> Result<Times, Violation> {
        let written: Option<u32> = self.number("loop", 0..=u32::MAX, code)?;
        Ok(match written {
            None => Times::default(),
            Some(0) => Times::UNTIL_STOPPED,
            Some(times) => Times(u16::try_from(times).unwrap_or(LOOP_LIMIT).min(LOOP_LIMIT)),
        })
    }

    /// A name of a model, voice, engine and the like: letters, digits and few signs.
    pub(super) fn token(self, attribute: &str, code: u32) -> Result<Option<String>, Violation> {
        let is_part = |character: char| character.is_ascii_alphanumeric() || "._-:/+ ".contains(character);
        let read = |written: &str| {
            (written.len() <= TOKEN_LIMIT && written.chars().all(is_part)).then(|| written.to_owned())
        };
        Ok(self.read(attribute, code, read)?.filter(|token| !token.is_empty()))
    }

    /// A BCP 47 tag, as far as its shape goes.
    pub(super) fn language(self, attribute: &str, code: u32) -> Result<Option<String>, Violation> {
        Ok(self.read(attribute, code, language)?.filter(|tag| !tag.is_empty()))
    }

    /// A SID with this prefix.
    pub(super) fn sid(self, attribute: &str, prefix: &str, code: u32) -> Result<Option<String>, Violation> {
        self.read(attribute, code, |written| is_sid(written, prefix).then(|| written.to_owned()))
    }

    /// The method of a URL.
    pub(super) fn method(self, attribute: &str, code: u32) -> Result<Method, Violation> {
        document::method(self.node, attribute, code)
    }

    /// A URL where it matters whether it is empty or absent.
    pub(super) fn action(self, url: &str, method: &str, code: u32) -> Result<Action, Violation> {
        let url = self.find(url).map(|found| found.value().trim().to_owned());
        Ok(Action { url, method: self.method(method, code)? })
    }

    /// A URL to report to; an empty one is none.
    pub(super) fn callback(self, url: &str, method: &str, code: u32) -> Result<Option<Callback>, Violation> {
        let method = self.method(method, code)?;
        Ok(self.any(url).map(|url| Callback { url, method }))
    }
}

/// A BCP 47 tag, as far as its shape goes; empty is allowed.
pub(super) fn language(written: &str) -> Option<String> {
    let is_part = |character: char| character.is_ascii_alphanumeric() || character == '-';
    (written.len() <= TOKEN_LIMIT && written.chars().all(is_part)).then(|| written.to_owned())
}

/// Whether this is a SID with this prefix.
pub(super) fn is_sid(written: &str, prefix: &str) -> bool {
    written.len() == SID_LENGTH
        && written.starts_with(prefix)
        && written.bytes().skip(prefix.len()).all(|byte| byte.is_ascii_hexdigit())
}

/// Keys as a caller has them.
pub(super) fn is_key(character: char) -> bool {
    character.is_ascii_digit() || character == '*' || character == '#'
}

/// Keys and pauses to send: `0-9*#A-D` and `w`, `W`.
pub(super) fn keys_and_pauses(written: &str) -> Option<String> {
    let is_part = |character: char| is_key(character) || "wWABCD".contains(character);
    let fits = !written.is_empty() && written.len() <= crate::limits::SENT_KEYS_LIMIT;
    (fits && written.chars().all(is_part)).then(|| written.to_owned())
}
