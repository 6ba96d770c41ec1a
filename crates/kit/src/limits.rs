//! Every limit of the request path, in one place.

/// Bytes of a form body; a message's 1,600 characters need a fraction of it.
pub const MAX_FORM_BYTES: usize = 256 * 1024;

/// Parameters of one request.
pub const MAX_PARAMS: usize = 200;

/// Page size when none is asked for (Twilio's default).
pub const DEFAULT_PAGE_SIZE: usize = 50;

/// The largest page (Twilio's limit).
pub const MAX_PAGE_SIZE: usize = 1_000;

/// Characters of a page token; a sealed cursor with its filters is far shorter.
pub const MAX_PAGE_TOKEN: usize = 4_096;

/// Characters of an Authorization header.
pub const MAX_AUTHORIZATION: usize = 1_024;

/// Characters of a `Twilio-Client-Validation` header; a signature of 8192 bits takes 1,366 of them.
pub const MAX_VALIDATION: usize = 4_096;

/// Headers that one such token may sign.
pub const MAX_SIGNED_HEADERS: usize = 20;

/// Seconds for which such a token may be valid (Twilio's limit).
pub const VALIDATION_SECONDS: i64 = 300;

/// Seconds by which a caller's clock may differ from ours.
pub const CLOCK_SKEW_SECONDS: i64 = 5;
