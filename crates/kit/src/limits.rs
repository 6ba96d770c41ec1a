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

/// Requests of one account that run at the same time, unless the operator says otherwise: an eighth of the
/// connections that the port takes, so that no account keeps the others out.
pub const CONCURRENT_REQUESTS: u32 = 512;

/// Answers per second to one address without usable credentials, unless the operator says otherwise.
pub const UNAUTHENTICATED_PER_SECOND: u32 = 50;

/// How many of them may come at once.
pub const UNAUTHENTICATED_BURST: u32 = 1_000;

/// Wrong passwords for one user name from one address before the next try has to wait.
pub const FREE_LOGIN_FAILURES: u32 = 10;

/// Wrong passwords from one address, whatever the user names, before the next try has to wait.
pub const FREE_ADDRESS_FAILURES: u32 = 100;

/// Bits of an IPv6 address that one customer of a network usually holds (RFC 6177): they count as one.
pub const IPV6_PREFIX_BITS: u32 = 64;

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
