//! One place in an event, and its text form.

use std::fmt;
use std::str::FromStr;

use serde_json::Value;

use crate::limits::{DEPTH_LIMIT, PATH_LIMIT_BYTES};

/// A place in an event: the names on the way to it. No name at all is the event itself.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Path(Vec<String>);

/// Why a text is no path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PathError {
    /// Longer than [`PATH_LIMIT_BYTES`].
    TooLong,
    /// More names than [`DEPTH_LIMIT`].
    TooDeep,
    /// A dot at the beginning, at the end or after another dot.
    EmptyName,
    /// A backslash at the end, which escapes nothing.
    OpenEscape,
    /// A character that needs a backslash before it.
    Unescaped,
}

impl fmt::Display for PathError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::TooLong => "the path is too long",
            Self::TooDeep => "the path has too many names",
            Self::EmptyName => "a name of the path is empty",
            Self::OpenEscape => "the path ends in a backslash",
            Self::Unescaped => "a character of the path needs a backslash before it",
        })
    }
}

impl std::error::Error for PathError {}

impl Path {
    /// The event itself.
    pub const ROOT: Self = Self(Vec::new());

    /// The place with these names, which may hold any character.
    pub fn of<N: Into<String>>(names: impl IntoIterator<Item = N>) -> Self {
        Self(names.into_iter().map(Into::into).collect())
    }

    /// Reads a path as the filter language writes it: every character outside `A-Z a-z 0-9 _ -` needs a backslash.
    pub fn parse(text: &str) -> Result<Self, PathError> {
        Self::read(text, true)
    }

    /// Reads a path from a place where it stands alone (the `fields` of a filter's action): only dots and
    /// backslashes need a backslash.
    pub fn parse_loosely(text: &str) -> Result<Self, PathError> {
        Self::read(text, false)
    }

    fn read(text: &str, strict: bool) -> Result<Self, PathError> {
        if text.len() > PATH_LIMIT_BYTES {
            return Err(PathError::TooLong);
        }
        if text.is_empty() {
            return Ok(Self::ROOT);
        }
        let mut names = Vec::new();
        let mut name = String::new();
        let mut characters = text.chars();
        while let Some(character) = characters.next() {
            match character {
                '\\' => name.push(characters.next().ok_or(PathError::OpenEscape)?),
                '.' if name.is_empty() => return Err(PathError::EmptyName),
                '.' => names.push(std::mem::take(&mut name)),
                plain if !strict || is_plain(plain) => name.push(plain),
                _ => return Err(PathError::Unescaped),
            }
        }
        if name.is_empty() {
            return Err(PathError::EmptyName);
        }
        names.push(name);
        if names.len() > DEPTH_LIMIT {
            return Err(PathError::TooDeep);
        }
        Ok(Self(names))
    }

    /// The names, outermost first.
    pub fn names(&self) -> &[String] {
        &self.0
    }

    /// The place of the field `name` of the object at this place.
    pub fn child(&self, name: impl Into<String>) -> Self {
        let mut names = self.0.clone();
        names.push(name.into());
        Self(names)
    }

    /// The place that `inner` means when read from here.
    pub fn join(&self, inner: &Self) -> Self {
        Self(self.0.iter().chain(&inner.0).cloned().collect())
    }

    /// Whether this is the event itself.
    pub fn is_root(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether this place is `other` or inside it.
    pub fn is_within(&self, other: &Self) -> bool {
        self.0.starts_with(&other.0)
    }

    /// The one value at this place; a name of digits is a position where it meets a list. `None` when there is none.
    pub fn get<'a>(&self, event: &'a Value) -> Option<&'a Value> {
        self.0.iter().try_fold(event, |value, name| match value {
            Value::Object(fields) => fields.get(name),
            Value::Array(items) => items.get(position(name)?),
            _ => None,
        })
    }
}

/// A position in a list, written as JSON writes it: no sign and no leading zero.
fn position(name: &str) -> Option<usize> {
    let canonical = name == "0" || !name.starts_with('0');
    (canonical && name.bytes().all(|byte| byte.is_ascii_digit())).then(|| name.parse().ok()).flatten()
}

/// A character that stands in a path without a backslash.
fn is_plain(character: char) -> bool {
    character.is_ascii_alphanumeric() || matches!(character, '_' | '-')
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, name) in self.0.iter().enumerate() {
            if index > 0 {
                f.write_str(".")?;
            }
            for character in name.chars() {
                if !is_plain(character) {
                    f.write_str("\\")?;
                }
                write!(f, "{character}")?;
            }
        }
        Ok(())
    }
}

impl FromStr for Path {
    type Err = PathError;

    fn from_str(text: &str) -> Result<Self, PathError> {
        Self::parse(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn text_and_names() {
        let check = |text: &str, names: &[&str]| {
            let path = Path::parse(text).unwrap();
            assert_eq!(path.names(), names, "{text}");
            assert_eq!(path.to_string(), text);
        };
        check("", &[]);
        check("userId", &["userId"]);
        check("context.library.name", &["context", "library", "name"]);
        check(r"properties.product\ 1.price", &["properties", "product 1", "price"]);
        check(r"traits.a\.b", &["traits", "a.b"]);
        check(r"traits.\$x\\", &["traits", r"$x\"]);
    }

    #[test]
    fn refuses_what_is_no_path() {
        assert_eq!(Path::parse("."), Err(PathError::EmptyName));
        assert_eq!(Path::parse("a..b"), Err(PathError::EmptyName));
        assert_eq!(Path::parse("a."), Err(PathError::EmptyName));
        assert_eq!(Path::parse("a\\"), Err(PathError::OpenEscape));
        assert_eq!(Path::parse("a b"), Err(PathError::Unescaped));
        assert_eq!(Path::parse_loosely("a b.c"), Ok(Path::of(["a b", "c"])));
        assert_eq!(Path::parse(&"a".repeat(2_000)), Err(PathError::TooLong));
        assert_eq!(Path::parse(&["a"; 200].join(".")), Err(PathError::TooDeep));
    }

    #[test]
    fn reads_one_value() {
        let event = json!({"a": {"b.c": [10, {"d": true}]}, "0": "zero"});
        let get = |text: &str| Path::parse(text).unwrap().get(&event).cloned();
        assert_eq!(get(r"a.b\.c.0"), Some(json!(10)));
        assert_eq!(get(r"a.b\.c.1.d"), Some(json!(true)));
        assert_eq!(get(r"a.b\.c.01"), None);
        assert_eq!(get(r"a.b\.c.length"), None);
        assert_eq!(get("0"), Some(json!("zero")));
        assert_eq!(get(""), Some(event.clone()));
    }
}
