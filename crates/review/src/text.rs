//! The error for what is not as it should be.

use errors::{ApiError, codes};

/// The error for a parameter that is missing or not acceptable.
pub(crate) fn invalid(parameter: &'static str) -> ApiError {
    ApiError::new(codes::INVALID_PARAMETER).parameter(parameter)
}
