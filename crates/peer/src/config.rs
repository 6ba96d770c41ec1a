//! What the configurations of these carriers have in common. Errors name the key, never a value.

use std::fmt;

use serde::Deserialize;
use zeroize::Zeroizing;

use crate::limits::{ENTRIES, NAME_CHARACTERS};

/// A secret: wiped when dropped, never printed.
#[derive(Deserialize)]
#[serde(from = "String")]
pub struct Password(Zeroizing<String>);

impl From<String> for Password {
    fn from(text: String) -> Self {
        Self(Zeroizing::new(text))
    }
}

impl From<Zeroizing<String>> for Password {
    fn from(text: Zeroizing<String>) -> Self {
        Self(text)
    }
}

impl Password {
    /// The secret itself.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

/// The key that is wrong, and why.
pub type Wrong = (&'static str, &'static str);

/// What is wrong with a configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigProblem {
    /// What an entry is called.
    pub of: &'static str,
    /// Which one, from 0; none when it is not about one.
    pub entry: Option<usize>,
    /// The key.
    pub key: &'static str,
    /// Why: never what stood there.
    pub reason: &'static str,
}

impl fmt::Display for ConfigProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(index) = self.entry {
            write!(f, "{} number {}, ", self.of, index + 1)?;
        }
        write!(f, "key `{}`: {}", self.key, self.reason)
    }
}

impl std::error::Error for ConfigProblem {}

/// Checks the entries under `key`, each called an `of`: that there are some, that their names are names and differ, and
/// what `check` says of each.
///
/// # Errors
/// [`ConfigProblem`] with the entry and the key.
pub fn check_entries<T>(
    (of, key): (&'static str, &'static str),
    entries: &[T],
    name: impl Fn(&T) -> &str,
    check: impl Fn(&T) -> Result<(), Wrong>,
) -> Result<(), ConfigProblem> {
    if entries.is_empty() || entries.len() > ENTRIES {
        return Err(ConfigProblem { of, entry: None, key, reason: "there must be 1 to 8" });
    }
    for (index, entry) in entries.iter().enumerate() {
        let problem = |(key, reason)| ConfigProblem { of, entry: Some(index), key, reason };
        if entries[..index].iter().any(|other| name(other) == name(entry)) {
            return Err(problem(("name", "must differ from the others")));
        }
        if !is_name(name(entry)) {
            return Err(problem(("name", "has 1 to 32 letters, digits, `-` and `_`")));
        }
        check(entry).map_err(problem)?;
    }
    Ok(())
}

fn is_name(text: &str) -> bool {
    let is_allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    !text.is_empty() && text.len() <= NAME_CHARACTERS && text.bytes().all(is_allowed)
}
