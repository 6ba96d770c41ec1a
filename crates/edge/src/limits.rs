//! Every bound of this crate, in one place, so that an operator can read what a peer may cost.

use std::time::Duration;

/// Connections served at the same time; further ones are told to come back.
pub const MAX_CONNECTIONS: usize = 4096;
/// Connections over [`MAX_CONNECTIONS`] that are answered before being closed; beyond, closed at once.
pub const MAX_REFUSALS: usize = 64;
/// How long a connection over the limit may take to show which protocol it speaks.
pub const REFUSAL_TIMEOUT: Duration = Duration::from_secs(1);
/// Seconds a refused client is asked to wait before it tries again (`Retry-After`).
pub const RETRY_AFTER_SECONDS: u32 = 1;

/// Request line and header fields together, in bytes; more is answered with 431.
pub const MAX_HEADER_BYTES: usize = 32 * 1024;
/// Smallest read buffer that the HTTP implementation accepts, in bytes.
pub(crate) const MIN_HTTP_BUFFER_BYTES: usize = 8 * 1024;

/// How long a new connection or tunnel may stay silent.
pub const FIRST_BYTE_TIMEOUT: Duration = Duration::from_secs(10);
/// How long a TLS handshake may take.
pub const TLS_HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(10);
/// How long one request head may take from its first byte to its last.
pub const HEADER_TIMEOUT: Duration = Duration::from_secs(15);
/// How long a kept-alive connection may wait for its next request.
pub const IDLE_TIMEOUT: Duration = Duration::from_secs(75);
/// How long a peer may refuse to take bytes of an answer.
pub const WRITE_STALL_TIMEOUT: Duration = Duration::from_secs(30);
/// How long a request may take from its head to the head of its answer, the upload of its body included.
pub const REQUEST_TIMEOUT: Duration = Duration::from_secs(120);

/// How long running requests may go on after shutdown was asked for.
pub const SHUTDOWN_GRACE: Duration = Duration::from_secs(25);
/// During shutdown, how long a request head may take instead of [`HEADER_TIMEOUT`].
pub const DRAIN_HEAD_TIMEOUT: Duration = Duration::from_secs(1);
/// After [`SHUTDOWN_GRACE`], how long we wait for cancelled connections to let go of their sockets.
pub const CANCEL_TIMEOUT: Duration = Duration::from_secs(1);

/// First pause after the system refused a new socket (too many open files); doubles on each failure.
pub const ACCEPT_PAUSE_MIN: Duration = Duration::from_millis(10);
/// Longest pause between two attempts to accept.
pub const ACCEPT_PAUSE_MAX: Duration = Duration::from_secs(1);

/// Minted certificates kept in memory.
pub const MAX_CACHED_LEAVES: usize = 1024;
/// Validity of a minted certificate, in days.
pub const LEAF_DAYS: i64 = 30;
/// A minted certificate with fewer days left than this is replaced when next asked for.
pub const LEAF_RENEW_DAYS: i64 = 7;
/// Validity of the private authority's own certificate, in days.
pub const AUTHORITY_DAYS: i64 = 3650;
/// Certificates are valid from this many days ago, for clients whose clock is behind.
pub const CLOCK_SKEW_DAYS: i64 = 1;
/// Largest certificate or key file that is read, in bytes.
pub const MAX_PEM_BYTES: u64 = 256 * 1024;
