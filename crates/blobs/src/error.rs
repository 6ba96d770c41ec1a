//! Why a blob could not be written or read.

use std::fmt;

/// Why. Never holds a byte of a blob or a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BlobError {
    /// There is no such blob.
    Missing,
    /// It does not open: another key, another blob, or altered bytes.
    Sealed,
    /// It is larger than the writer was allowed.
    TooLarge,
    /// The folder or bucket cannot be used now.
    Unavailable,
}

impl fmt::Display for BlobError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Missing => "there is no such blob",
            Self::Sealed => "the blob does not open",
            Self::TooLarge => "the blob is too large",
            Self::Unavailable => "the blob store cannot be used",
        })
    }
}

impl std::error::Error for BlobError {}

impl From<object_store::Error> for BlobError {
    fn from(error: object_store::Error) -> Self {
        match error {
            object_store::Error::NotFound { .. } => Self::Missing,
            // Its text names the blob's path, which is SIDs, and what the system said.
            error => {
                tracing::warn!(%error, "the blob store failed");
                Self::Unavailable
            }
        }
    }
}
