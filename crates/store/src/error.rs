//! What can go wrong, in words that carry no value of any row.

use std::fmt;

use phi::WrapError;

/// Why an operation on the store failed. Never contains data.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StoreError {
    /// The SID or name is taken.
    Exists,
    /// The row changed meanwhile, or the lease was lost; nothing of the batch was written.
    Conflict,
    /// A key or row does not open: it was altered, moved or shredded.
    Sealed,
    /// The scope has no key: it was never created, or was destroyed.
    UnknownScope,
    /// The batch is larger than [`crate::limits::BATCH_STEPS`] or [`crate::limits::BATCH_BYTES`].
    TooLarge,
    /// The database, or the master key's holder, cannot be used now; the text says why, without values.
    /// Nothing is lost, and trying again later may help.
    Unavailable(String),
}

impl From<WrapError> for StoreError {
    fn from(error: WrapError) -> Self {
        match error {
            WrapError::Sealed => Self::Sealed,
            WrapError::OtherMasterKey | WrapError::Unavailable(_) => Self::Unavailable(error.to_string()),
        }
    }
}

impl fmt::Display for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exists => f.write_str("it exists already"),
            Self::Conflict => f.write_str("it was changed meanwhile"),
            Self::Sealed => f.write_str("a key or row does not open"),
            Self::UnknownScope => f.write_str("the scope has no key"),
            Self::TooLarge => f.write_str("the batch is too large"),
            Self::Unavailable(cause) => write!(f, "the store is unavailable: {cause}"),
        }
    }
}

impl std::error::Error for StoreError {}

pub(crate) fn unavailable(cause: &str) -> StoreError {
    StoreError::Unavailable(cause.into())
}

pub(crate) fn closed() -> StoreError {
    unavailable("the store is closed")
}

/// Why a database could not be opened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OpenError {
    /// Another process has this file open.
    Locked,
    /// The database was made under another master key.
    MasterKey {
        /// The id of the key the database was made under.
        wanted: String,
        /// The id of the key that was given.
        given: String,
    },
    /// The database was migrated by a newer program.
    Newer {
        /// The last migration the database has.
        found: i64,
        /// The last migration this program knows.
        known: i64,
    },
    /// A migration that was applied differs from the one in this program.
    AlteredMigration {
        /// Its number.
        number: i64,
    },
    /// There is something in the database that rows were to be copied into.
    NotEmpty,
    /// The server acknowledges commits before they are on disk.
    NotDurable,
    /// The database cannot be reached or read; the text says why, without values.
    Unavailable(String),
}

impl fmt::Display for OpenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Locked => f.write_str("the database file is in use by another process"),
            Self::MasterKey { wanted, given } if wanted == given => {
                write!(f, "the master key {given} does not open this database although its id matches")
            }
            Self::MasterKey { wanted, given } => {
                write!(f, "the database needs the master key {wanted}, but {given} was given")
            }
            Self::Newer { found, known } => write!(
                f,
                "the database was migrated to version {found} by a newer program; this one knows {known}"
            ),
            Self::AlteredMigration { number } => {
                write!(f, "migration {number} was applied in another form than this program has")
            }
            Self::NotEmpty => f.write_str("there is something in the database already"),
            Self::NotDurable => f.write_str("the server has synchronous_commit off: commits are not durable"),
            Self::Unavailable(cause) => write!(f, "the database cannot be opened: {cause}"),
        }
    }
}

impl std::error::Error for OpenError {}

impl From<StoreError> for OpenError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Unavailable(cause) => Self::Unavailable(cause),
            other => Self::Unavailable(other.to_string()),
        }
    }
}
