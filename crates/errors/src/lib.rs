//! The catalogue of error codes and the one API error made from it.
//!
//! A caller's text comes from the catalogue. What can be added is a [`Detail`]: static text or a
//! number, so that content can never slip into an answer, a log line or an alert.

mod api_error;
mod catalogue;

pub use api_error::{ApiError, Detail};
pub use catalogue::{CATALOGUE, Code, codes, find};

/// The result of everything that answers an API request.
pub type Result<T, E = ApiError> = std::result::Result<T, E>;
