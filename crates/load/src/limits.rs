//! Every limit of the load, in one place.

use std::time::Duration;

/// Bytes of one answer or of one request to the sink; a message's JSON is under two kilobytes, a page has fifty.
pub(crate) const MESSAGE_BYTES: usize = 128 * 1024;

/// Headers of one answer or request that are looked at.
pub(crate) const HEADERS: usize = 64;

/// How long an answer may take before it counts as none.
pub(crate) const ANSWER: Duration = Duration::from_secs(30);

/// The pause before a broken connection is made anew, so that a server that is down is not hammered.
pub(crate) const RECONNECT: Duration = Duration::from_millis(20);
