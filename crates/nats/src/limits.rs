//! Every bound of this crate, in one place.

use std::time::Duration;

/// Bytes of a line of the protocol; `INFO` of a large cluster is the longest.
pub const LINE: usize = 64 * 1024;
/// Bytes of a message that the server sends us: acknowledgements.
pub const PAYLOAD: usize = 64 * 1024;
/// Messages of one publication.
pub const MESSAGES: usize = 1_000;
/// How long a login, and a publication with its acknowledgements, may take.
pub const WAIT: Duration = Duration::from_secs(15);
/// Characters of a subject.
pub const SUBJECT: usize = 255;
