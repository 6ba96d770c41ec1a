//! Why a backup could not be made, is not whole, or was not put back.

use std::fmt;
use std::io;

use blobs::BlobError;
use phi::WrapError;
use store::{OpenError, StoreError};

/// Why. Never holds a value of any row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BackupError {
    /// A file could not be read or written.
    File(io::ErrorKind),
    /// The file is no backup of this kind, or of a newer program.
    NotABackup(&'static str),
    /// Something in the file was altered, or its end is missing.
    Damaged(&'static str),
    /// The two halves do not belong together.
    Mismatch(&'static str),
    /// The master key's holder did not open the backup's key. The id is that of the master key it needs.
    Key {
        /// Which master key.
        wanted: String,
        /// What its holder said.
        error: WrapError,
    },
    /// The database that is backed up, or put back, cannot be used.
    Store(String),
    /// There is something where the backup was to be put.
    NotEmpty,
}

impl fmt::Display for BackupError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(kind) => write!(f, "a file of the backup cannot be used: {kind}"),
            Self::NotABackup(why) => write!(f, "this is not a backup that can be read: {why}"),
            Self::Damaged(what) => write!(f, "the backup is damaged: {what}"),
            Self::Mismatch(why) => write!(f, "the two halves do not belong together: {why}"),
            Self::Key { wanted, error } => write!(f, "the backup needs the master key {wanted}: {error}"),
            Self::Store(why) => f.write_str(why),
            Self::NotEmpty => f.write_str("there is something in the target already: it is not overwritten"),
        }
    }
}

impl std::error::Error for BackupError {}

impl From<io::Error> for BackupError {
    fn from(error: io::Error) -> Self {
        Self::File(error.kind())
    }
}

impl From<StoreError> for BackupError {
    fn from(error: StoreError) -> Self {
        Self::Store(error.to_string())
    }
}

impl From<BlobError> for BackupError {
    fn from(error: BlobError) -> Self {
        Self::Store(error.to_string())
    }
}

impl From<OpenError> for BackupError {
    fn from(error: OpenError) -> Self {
        match error {
            OpenError::NotEmpty => Self::NotEmpty,
            other => Self::Store(other.to_string()),
        }
    }
}
