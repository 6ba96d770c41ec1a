//! Every bound of this crate.

use std::time::Duration;

/// Bytes of an answer's body at most: an answer holds one key.
pub const ANSWER_BYTES: usize = 64 * 1024;
/// Bytes of a file with a token or credentials at most.
pub const FILE_BYTES: u64 = 64 * 1024;
/// How long connecting, the TLS handshake included, may take.
pub const CONNECT: Duration = Duration::from_secs(3);
/// How long one request may take after that, unless the settings say otherwise.
pub const ANSWER: Duration = Duration::from_secs(5);
/// How often a request is made that may succeed the next time.
pub const ATTEMPTS: u32 = 3;
/// How long to wait before the second attempt; doubled before each further one.
pub const PAUSE: Duration = Duration::from_millis(200);
/// Addresses of a service that are tried.
pub const ADDRESSES: usize = 4;
