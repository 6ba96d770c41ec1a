//! A JSON object as it was sent: its members in order, their values unread. A name that stands there twice is an
//! error, because two readers would not agree on which one counts.

use std::borrow::Cow;
use std::collections::HashSet;
use std::fmt;

use serde::de::{self, Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

use crate::limits;

/// The members of an object, in the order in which they were sent.
pub(crate) struct Object<'a>(Vec<(Cow<'a, str>, &'a RawValue)>);

impl<'a> Object<'a> {
    /// Reads an object; `None` when this is none, or has a name twice.
    pub(crate) fn read(raw: &'a RawValue) -> Option<Self> {
        serde_json::from_str(raw.get()).ok()
    }

    /// The value of a member; JSON's `null` counts as none.
    pub(crate) fn get(&self, name: &str) -> Option<&'a RawValue> {
        let found = self.0.iter().find(|(key, _)| key == name).map(|(_, value)| *value);
        found.filter(|value| value.get() != "null")
    }

    /// The text of a member, when it is a string.
    pub(crate) fn text(&self, name: &str) -> Option<Cow<'a, str>> {
        text(self.get(name)?)
    }

    /// The members.
    pub(crate) fn members(&self) -> impl Iterator<Item = (&str, &'a RawValue)> {
        self.0.iter().map(|(key, value)| (key.as_ref(), *value))
    }
}

/// A value's text, when it is a string.
pub(crate) fn text(raw: &RawValue) -> Option<Cow<'_, str>> {
    serde_json::from_str::<Text<'_>>(raw.get()).ok().map(|text| text.0)
}

impl<'de> Deserialize<'de> for Object<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Members;
        impl<'de> Visitor<'de> for Members {
            type Value = Object<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<Object<'de>, M::Error> {
                let mut members: Vec<(Cow<'de, str>, &'de RawValue)> = Vec::new();
                while let Some((Text(key), value)) = map.next_entry()? {
                    members.push((key, value));
                }
                match is_doubled(&members) {
                    true => Err(de::Error::custom("a name stands twice")),
                    false => Ok(Object(members)),
                }
            }
        }
        deserializer.deserialize_map(Members)
    }
}

fn is_doubled(members: &[(Cow<'_, str>, &RawValue)]) -> bool {
    if members.len() <= limits::FEW_MEMBERS {
        let mut rest = members.iter();
        return std::iter::from_fn(|| rest.next().map(|member| (member, rest.clone())))
            .any(|((name, _), mut others)| others.any(|(other, _)| other == name));
    }
    let mut seen = HashSet::with_capacity(members.len());
    !members.iter().all(|(name, _)| seen.insert(name.as_ref()))
}

/// A string, borrowed where it has no escapes.
struct Text<'a>(Cow<'a, str>);

impl<'de> Deserialize<'de> for Text<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Words;
        impl<'de> Visitor<'de> for Words {
            type Value = Text<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a string")
            }

            fn visit_borrowed_str<E: de::Error>(self, text: &'de str) -> Result<Text<'de>, E> {
                Ok(Text(Cow::Borrowed(text)))
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Text<'de>, E> {
                Ok(Text(Cow::Owned(text.to_owned())))
            }
        }
        deserializer.deserialize_str(Words)
    }
}

/// How deep JSON text is nested. The text has been found to be JSON.
pub(crate) fn depth(text: &str) -> usize {
    let (mut depth, mut deepest, mut in_string, mut escaped) = (0usize, 0, false, false);
    for byte in text.bytes() {
        if in_string {
            match byte {
                _ if escaped => escaped = false,
                b'\\' => escaped = true,
                b'"' => in_string = false,
                _ => {}
            }
            continue;
        }
        match byte {
            b'"' => in_string = true,
            b'{' | b'[' => {
                depth += 1;
                deepest = deepest.max(depth);
            }
            b'}' | b']' => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    deepest
}

/// Writes an object, member by member.
pub(crate) struct Writer(String);

impl Writer {
    pub(crate) fn with_capacity(bytes: usize) -> Self {
        let mut text = String::with_capacity(bytes);
        text.push('{');
        Self(text)
    }

    pub(crate) fn raw(&mut self, name: &str, json: &str) {
        if self.0.len() > 1 {
            self.0.push(',');
        }
        self.quote(name);
        self.0.push(':');
        self.0.push_str(json);
    }

    pub(crate) fn text(&mut self, name: &str, value: &str) {
        if self.0.len() > 1 {
            self.0.push(',');
        }
        self.quote(name);
        self.0.push(':');
        self.quote(value);
    }

    fn quote(&mut self, text: &str) {
        if text.bytes().all(|byte| byte >= b' ' && byte != b'"' && byte != b'\\') {
            self.0.push('"');
            self.0.push_str(text);
            self.0.push('"');
        } else {
            self.0.push_str(&serde_json::Value::from(text).to_string());
        }
    }

    pub(crate) fn finish(mut self) -> String {
        self.0.push('}');
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn object(text: &str) -> Option<Vec<(String, String)>> {
        let raw: Box<RawValue> = serde_json::from_str(text).ok()?;
        let object = Object::read(&raw)?;
        Some(object.members().map(|(name, value)| (name.to_owned(), value.get().to_owned())).collect())
    }

    #[test]
    fn members_keep_their_order_and_a_doubled_name_is_refused() {
        let pairs = object(r#"{"b":1,"a":{"x":[]},"c\n":null}"#).unwrap();
        let names: Vec<_> = pairs.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, ["b", "a", "c\n"]);
        assert_eq!(object(r#"{"userId":1,"userId":2}"#), None);
        assert_eq!(object(r#"{"userId":1,"user\u0049d":2}"#), None, "however it is written");
        let many: Vec<_> = (0..1_000).map(|n| format!("\"k{n}\":0")).collect();
        assert_eq!(object(&format!("{{{}}}", many.join(","))).unwrap().len(), 1_000);
        assert_eq!(object(&format!("{{{},\"k7\":1}}", many.join(","))), None);
        assert_eq!(object("[1]"), None);
    }

    #[test]
    fn depth_counts_brackets_outside_strings() {
        for (text, expected) in [("1", 0), ("{}", 1), (r#"{"a":[[1],{}]}"#, 3), (r#"{"[[\"[{":"}]\\"}"#, 1)] {
            assert_eq!(depth(text), expected, "{text}");
        }
    }

    #[test]
    fn what_is_written_reads_back() {
        let mut writer = Writer::with_capacity(0);
        writer.text("a\"b", "line\nbreak");
        writer.raw("c", "[1]");
        assert_eq!(writer.finish(), r#"{"a\"b":"line\nbreak","c":[1]}"#);
        assert_eq!(Writer::with_capacity(0).finish(), "{}");
    }
}
