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

/// Characters of a name's parts.
pub const NAME_CHARACTERS: usize = 64;
