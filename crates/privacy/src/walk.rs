//! An event against what is known of its fields: one pass over its bytes that builds nothing.
//!
//! An event of known fields costs a look-up for each name. What is not known, or is worth a look, is the exception.

use std::borrow::Cow;
use std::fmt;

use base::SourceSid;
use paths::Path;
use serde::de::{self, DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};

use crate::fields::{Fields, Place, TOP};
use crate::{Colour, Door, Matched, Matchers, limits};

/// Members of an event that are ours and never a person's.
pub(crate) const OURS: [&str; 3] = ["type", "timestamp", "receivedAt"];

/// What an event has to do with what is known.
#[derive(Debug, Default)]
pub struct Walked {
    /// What is new: a field, a source that a field is seen in, or a matcher that recognises it.
    pub detected: Vec<Detected>,
    /// What is to happen at ingest, as the strictest of its fields has it.
    pub door: Door,
    /// Fields beyond [`limits::FIELDS`], or beyond [`limits::NEW_FIELDS`] in one event.
    pub unlisted: usize,
    /// Whether a matcher has one of those red: it has no door of its own.
    pub unlisted_red: bool,
}

/// Something new of a field. It has no value, and its name cannot be printed: it may be a patient's.
#[derive(Clone, PartialEq, Eq)]
pub struct Detected {
    /// Where it stands.
    pub path: Path,
    /// Which matcher recognises it.
    pub matched: Option<Matched>,
}

impl fmt::Debug for Detected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "[field] {:?}", self.matched)
    }
}

/// Walks an event that came from a source. `None` when it cannot be read: a number beyond all measures, or a name that is
/// longer than a path may be.
pub fn walk(event: &str, fields: &Fields, source: SourceSid, matchers: &Matchers) -> Option<Walked> {
    let mut walk = Walk { fields, source, matchers, names: Vec::new(), walked: Walked::default() };
    let mut reader = serde_json::Deserializer::from_str(event);
    let seed = Value { walk: &mut walk, at: Some(TOP) };
    seed.deserialize(&mut reader).ok()?;
    reader.end().ok()?;
    Some(walk.walked)
}

struct Walk<'a> {
    fields: &'a Fields,
    source: SourceSid,
    matchers: &'a Matchers,
    names: Vec<String>,
    walked: Walked,
}

impl Walk<'_> {
    /// A value that has no fields of its own.
    fn leaf(&mut self, at: Option<Place>, value: impl FnOnce() -> Option<String>) {
        if self.names.is_empty() {
            return;
        }
        let known = at.and_then(|at| self.fields.state(at));
        let is_new = known.is_none_or(|state| {
            !state.sources.contains(&self.source) && state.sources.len() < limits::SOURCES
        });
        let looks = known.is_none_or(|state| state.wants_a_look());
        if !is_new && !looks {
            return;
        }
        let path = Path::of(self.names.iter().cloned());
        let by_key = if known.is_none() { self.matchers.by_key(&path) } else { None };
        let matched = by_key.or_else(|| {
            let value = if looks { value() } else { None };
            value.and_then(|value| self.matchers.by_value(&path, &value))
        });
        if known.is_some() && !is_new && matched.is_none() {
            return;
        }
        if let Some(present) = self.walked.detected.iter_mut().find(|detected| detected.path == path) {
            present.matched = present.matched.take().or(matched);
            return;
        }
        let is_beyond = known.is_none() && self.fields.len() + self.walked.detected.len() >= limits::FIELDS;
        if is_beyond || self.walked.detected.len() >= limits::NEW_FIELDS {
            self.walked.unlisted += 1;
            self.walked.unlisted_red |= matched.is_some_and(|matched| matched.colour == Colour::Red);
            return;
        }
        self.walked.detected.push(Detected { path, matched });
    }
}

/// One value, at a place of the tree if there is one.
struct Value<'w, 'a> {
    walk: &'w mut Walk<'a>,
    at: Option<Place>,
}

impl<'de> DeserializeSeed<'de> for Value<'_, '_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        // Whatever is inside a field that is kept out is kept out with it.
        if let Some(state) = self.at.and_then(|at| self.walk.fields.state(at)) {
            self.walk.walked.door = self.walk.walked.door.max(state.door);
        }
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Value<'_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E: de::Error>(self) -> Result<(), E> {
        self.walk.leaf(self.at, || None);
        Ok(())
    }

    fn visit_bool<E: de::Error>(self, _: bool) -> Result<(), E> {
        self.walk.leaf(self.at, || None);
        Ok(())
    }

    fn visit_i64<E: de::Error>(self, number: i64) -> Result<(), E> {
        self.walk.leaf(self.at, || Some(number.to_string()));
        Ok(())
    }

    fn visit_u64<E: de::Error>(self, number: u64) -> Result<(), E> {
        self.walk.leaf(self.at, || Some(number.to_string()));
        Ok(())
    }

    fn visit_f64<E: de::Error>(self, _: f64) -> Result<(), E> {
        self.walk.leaf(self.at, || None);
        Ok(())
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<(), E> {
        self.walk.leaf(self.at, || Some(text.to_owned()));
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<(), A::Error> {
        let mut is_empty = true;
        // Lists have no place of their own.
        while items.next_element_seed(Value { walk: &mut *self.walk, at: self.at })?.is_some() {
            is_empty = false;
        }
        if is_empty {
            self.walk.leaf(self.at, || None);
        }
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<(), A::Error> {
        let mut is_empty = true;
        while let Some(name) = members.next_key_seed(Key)? {
            is_empty = false;
            if self.walk.names.is_empty() && OURS.contains(&name.as_ref()) {
                members.next_value::<de::IgnoredAny>()?;
                continue;
            }
            let at = self.at.and_then(|at| self.walk.fields.child(at, &name));
            self.walk.names.push(name.into_owned());
            members.next_value_seed(Value { walk: &mut *self.walk, at })?;
            self.walk.names.pop();
        }
        if is_empty {
            self.walk.leaf(self.at, || None);
        }
        Ok(())
    }
}

/// A name, borrowed where it has no escapes.
struct Key;

impl<'de> DeserializeSeed<'de> for Key {
    type Value = Cow<'de, str>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Cow<'de, str>, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl<'de> Visitor<'de> for Key {
    type Value = Cow<'de, str>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a name")
    }

    fn visit_borrowed_str<E: de::Error>(self, text: &'de str) -> Result<Cow<'de, str>, E> {
        Ok(Cow::Borrowed(text))
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Cow<'de, str>, E> {
        Ok(Cow::Owned(text.to_owned()))
    }
}
