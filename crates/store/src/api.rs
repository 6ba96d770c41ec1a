//! How a failed store looks to an API caller.

use errors::{ApiError, codes};

use crate::StoreError;

impl From<StoreError> for ApiError {
    /// A conflict is the caller's to retry, an unavailable store is ours (fail closed, 503), and a
    /// row that does not open is a fault that says nothing of itself.
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Exists | StoreError::Conflict => codes::CONFLICT.into(),
            StoreError::Unavailable(_) => codes::UNAVAILABLE.into(),
            StoreError::TooLarge => codes::TOO_LARGE.into(),
            StoreError::Sealed | StoreError::UnknownScope => {
                tracing::error!(%error, "the store answered what should not happen");
                codes::INTERNAL.into()
            }
        }
    }
}
