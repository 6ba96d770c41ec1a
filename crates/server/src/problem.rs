//! The one error of the command line: a sentence for the person who typed the command.

use std::fmt;
use std::io;
use std::path::Path;

/// Why a command could not be carried out. Never holds a secret or protected data.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Problem(String);

impl Problem {
    /// A problem with this text.
    pub(crate) fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// A failed operation on a file or folder.
    pub(crate) fn file(what: &str, path: &Path, error: &io::Error) -> Self {
        Self(format!("{what} {}: {error}", path.display()))
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Problem {}

impl From<store::OpenError> for Problem {
    fn from(error: store::OpenError) -> Self {
        use store::OpenError::{Locked, MasterKey, Newer};
        let advice = match &error {
            Locked => ": is another `switchward` running on this data folder? Stop it first",
            MasterKey { .. } => ": restore the right master.key or SWITCHWARD_MASTER_KEY",
            Newer { .. } => ": run the newer program, or restore a backup made before the upgrade",
            _ => "",
        };
        Self(format!("{error}{advice}"))
    }
}

impl From<errors::ApiError> for Problem {
    fn from(error: errors::ApiError) -> Self {
        Self(error.to_string())
    }
}

impl From<store::StoreError> for Problem {
    fn from(error: store::StoreError) -> Self {
        Self(error.to_string())
    }
}

/// The result of everything a command does.
pub(crate) type Result<T, E = Problem> = std::result::Result<T, E>;
