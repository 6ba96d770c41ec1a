//! Every limit of the blob store, in one place.

use std::time::Duration;

/// Bytes that are sealed together: what a range read opens too much of is less than two of these.
pub const CHUNK_BYTES: usize = 64 * 1024;

/// Chunks read at once.
pub const CHUNKS_AT_ONCE: u64 = 16;

/// Sealed bytes held before they are handed to the store as a part; S3 takes no smaller ones (but for the last).
pub const PART_BYTES: usize = 5 * 1024 * 1024;

/// How old a blob without a document must be before it is taken for an orphan: what is being written has none yet.
pub const ORPHAN_AGE: Duration = Duration::from_secs(3_600);

/// How long connecting to a bucket, the TLS handshake included, may take.
pub const CONNECT: Duration = Duration::from_secs(5);

/// How long one request to a bucket may take, its whole answer included, unless the settings say otherwise: a part of
/// [`PART_BYTES`] at three megabits a second.
pub const REQUEST: Duration = Duration::from_secs(15);

/// How often a request is made again that may succeed the next time.
pub const RETRIES: usize = 2;

/// How long to wait before that, at first; up to [`LONGEST_PAUSE`] later.
pub const PAUSE: Duration = Duration::from_millis(200);

/// How long to wait before that at most.
pub const LONGEST_PAUSE: Duration = Duration::from_secs(2);

/// How long after the first attempt another one may begin.
pub const RETRYING: Duration = Duration::from_secs(15);

/// Bytes of one answer of a bucket: it is read whole. A backup reads a blob at once, and messages have none larger than
/// 5 MB.
pub const ANSWER_BYTES: usize = 128 * 1024 * 1024;

/// How long a connection to a bucket is kept that nobody uses; AWS closes them after twenty seconds.
pub const IDLE: Duration = Duration::from_secs(15);

/// Connections to a bucket that are kept while nobody uses them.
pub const IDLE_CONNECTIONS: usize = 8;

/// Characters of what all names in a bucket begin with.
pub const PREFIX_CHARACTERS: usize = 128;

/// Characters of a name's parts.
pub const NAME_CHARACTERS: usize = 64;
