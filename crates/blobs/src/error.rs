//! Why a blob could not be written or read.

use std::fmt;

use object_store::client::{HttpError, HttpErrorKind};

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
            error => {
                tracing::warn!(reason = reason(&error), "the blob store failed");
                Self::Unavailable
            }
        }
    }
}

/// What failed, in words of ours: the text of a bucket's refusal repeats our request, with its signature.
fn reason(error: &object_store::Error) -> &'static str {
    use object_store::Error::{PermissionDenied, Unauthenticated};
    if matches!(error, PermissionDenied { .. } | Unauthenticated { .. }) {
        return "our credentials are missing or refused, or have no rights there";
    }
    let mut next = Some(error as &(dyn std::error::Error + 'static));
    while let Some(error) = next {
        if let Some(error) = error.downcast_ref::<HttpError>() {
            return match error.kind() {
                HttpErrorKind::Connect => "it cannot be reached, or TLS fails",
                HttpErrorKind::Timeout => "it does not answer in time",
                _ => "the connection broke, or the answer is not one",
            };
        }
        if let Some(error) = error.downcast_ref::<std::io::Error>() {
            return match error.kind() {
                std::io::ErrorKind::StorageFull => "the disk is full",
                std::io::ErrorKind::PermissionDenied => "the folder may not be used",
                _ => "the disk failed",
            };
        }
        next = error.source();
    }
    "it refuses the request, is failing, or asks us to slow down"
}
