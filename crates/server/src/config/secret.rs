//! Secrets: where one stands, so that it need not stand in the configuration file.

use std::fmt;
use std::path::PathBuf;

use zeroize::Zeroizing;

use crate::environment::variable;
use crate::problem::{Problem, Result};
use crate::secret_file;

/// What an environment variable is named by.
const ENVIRONMENT: &str = "env:";

/// Where a secret stands.
#[derive(Clone, PartialEq, Eq)]
pub enum SecretSource {
    /// In the configuration itself.
    Here(Zeroizing<String>),
    /// In a file, which holds nothing else.
    File(PathBuf),
    /// In this environment variable.
    Environment(String),
}

impl fmt::Debug for SecretSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Here(_) => f.write_str("[secret]"),
            Self::File(path) => f.debug_tuple("File").field(path).finish(),
            Self::Environment(name) => f.debug_tuple("Environment").field(name).finish(),
        }
    }
}

impl SecretSource {
    /// What `text` stands for: itself, or the variable that it names.
    #[must_use]
    pub fn written(text: &str) -> Self {
        match text.strip_prefix(ENVIRONMENT) {
            Some(name) => Self::Environment(name.to_owned()),
            None => Self::Here(Zeroizing::new(text.to_owned())),
        }
    }

    /// The secret itself. Line ends after it do not count.
    ///
    /// # Errors
    /// When the file or variable is missing or empty, or others may read the file.
    pub(crate) fn reveal(&self) -> Result<Zeroizing<String>> {
        match self {
            Self::Here(text) => Ok(text.clone()),
            Self::File(path) => match secret_file::read_given(path)? {
                Some(text) if !text.trim_end().is_empty() => Ok(Zeroizing::new(text.trim_end().to_owned())),
                Some(_) => Err(Problem::new(format!("{} is empty: it should hold a secret", path.display()))),
                None => {
                    Err(Problem::new(format!("{} does not exist: it should hold a secret", path.display())))
                }
            },
            Self::Environment(name) => variable(name)?.map(Zeroizing::new).ok_or_else(|| {
                Problem::new(format!("the environment variable {name} is not set: it should hold a secret"))
            }),
        }
    }
}
