//! Environment variables: the one place that reads them.

use crate::problem::{Problem, Result};

/// An environment variable; `None` when unset or empty.
///
/// # Errors
/// When it is not text.
#[expect(clippy::disallowed_methods, reason = "the one place that reads settings from the environment")]
pub(crate) fn variable(name: &str) -> Result<Option<String>> {
    match std::env::var(name) {
        Ok(value) => Ok(Some(value).filter(|value| !value.is_empty())),
        Err(std::env::VarError::NotPresent) => Ok(None),
        Err(std::env::VarError::NotUnicode(_)) => Err(Problem::new(format!("{name} is not text"))),
    }
}
