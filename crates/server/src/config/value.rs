//! A value of the file and where it stands, read as what a key needs.

use std::cell::RefCell;
use std::ops::{Range, RangeInclusive};
use std::path::{Path, PathBuf};
use std::str::FromStr;

use toml::Spanned;
use toml::de::{DeArray, DeValue};

use super::MAX_LIST;
use super::secret::SecretSource;

/// What would have been right, and where the wrong thing stands. Never says what was there.
#[derive(Debug)]
pub(super) struct Wrong {
    pub(super) span: Range<usize>,
    pub(super) text: String,
}

/// What reading a value yields.
pub(super) type Read<T = ()> = Result<T, Wrong>;

/// What every value of one file shares.
pub(super) struct Surroundings<'a> {
    /// Where relative paths start.
    pub(super) folder: &'a Path,
    /// The first key whose value is itself a secret.
    pub(super) secret_key: RefCell<Option<String>>,
}

/// A value, its key and its place.
#[derive(Clone, Copy)]
pub(super) struct Value<'a> {
    pub(super) key: &'a str,
    pub(super) value: &'a Spanned<DeValue<'a>>,
    pub(super) surroundings: &'a Surroundings<'a>,
}

impl<'a> Value<'a> {
    /// The mistake of not being `expected`.
    pub(super) fn wrong(&self, text: impl Into<String>) -> Wrong {
        Wrong { span: self.value.span(), text: text.into() }
    }

    /// Text that is not empty.
    pub(super) fn text(&self) -> Read<&'a str> {
        match self.value.get_ref() {
            DeValue::String(text) if !text.is_empty() => Ok(text),
            _ => Err(self.wrong("must be text in quotes, and not empty")),
        }
    }

    /// `true` or `false`.
    pub(super) fn boolean(&self) -> Read<bool> {
        match self.value.get_ref() {
            DeValue::Boolean(value) => Ok(*value),
            _ => Err(self.wrong("must be true or false, without quotes")),
        }
    }

    /// A number with or without a fraction, inside the bounds.
    pub(super) fn number(&self, bounds: RangeInclusive<f64>) -> Read<f64> {
        let digits = match self.value.get_ref() {
            DeValue::Integer(number) if number.radix() == 10 => number.as_str(),
            DeValue::Float(number) => number.as_str(),
            _ => "",
        };
        let number = digits.parse().ok().filter(|number| bounds.contains(number));
        number.ok_or_else(|| {
            self.wrong(format!(
                "must be a number from {} to {}, without quotes",
                bounds.start(),
                bounds.end()
            ))
        })
    }

    /// Text of the form that `T` has; `expected` says which, with an example.
    pub(super) fn parsed<T: FromStr>(&self, expected: &str) -> Read<T> {
        let wrong = || self.wrong(format!("must be {expected}, in quotes"));
        self.text().map_err(|_| wrong())?.parse().map_err(|_| wrong())
    }

    /// A path; a relative one starts at the file's folder.
    pub(super) fn path(&self) -> Read<PathBuf> {
        let text = self.text().map_err(|_| self.wrong("must be a path in quotes"))?;
        if text.contains('\0') {
            return Err(self.wrong("must be a path: none has a NUL in it"));
        }
        Ok(self.surroundings.folder.join(text))
    }

    /// A secret, or the variable that holds it.
    pub(super) fn secret(&self) -> Read<SecretSource> {
        let source = SecretSource::written(self.text()?);
        match &source {
            SecretSource::Environment(name) if !is_variable(name) => {
                return Err(self.wrong("must be `env:` and the name of a variable, such as \"env:SECRET\""));
            }
            SecretSource::Here(_) => {
                self.surroundings.secret_key.borrow_mut().get_or_insert_with(|| self.key.to_owned());
            }
            _ => {}
        }
        Ok(source)
    }

    /// A file with a secret in it and nothing else.
    pub(super) fn secret_file(&self) -> Read<SecretSource> {
        self.path().map(SecretSource::File)
    }

    /// A list, each entry read by `read`.
    pub(super) fn list<T>(&self, read: impl Fn(&Value<'a>) -> Read<T>) -> Read<Vec<T>> {
        self.entries()?.iter().map(|entry| read(&Value { value: entry, ..*self })).collect()
    }

    /// The entries of a list.
    pub(super) fn entries(&self) -> Read<&'a DeArray<'a>> {
        match self.value.get_ref() {
            DeValue::Array(array) if array.len() <= MAX_LIST => Ok(array),
            DeValue::Array(_) => Err(self.wrong(format!("must have at most {MAX_LIST} entries"))),
            _ => Err(self.wrong("must be a list in brackets")),
        }
    }
}

/// Whether this may be the name of an environment variable (POSIX.1-2017 §8.1).
fn is_variable(name: &str) -> bool {
    let mut bytes = name.bytes();
    bytes.next().is_some_and(|first| first.is_ascii_alphabetic() || first == b'_')
        && bytes.all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}
