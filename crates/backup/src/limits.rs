//! Every bound of backups.

/// Bytes sealed at a time.
pub const CHUNK_BYTES: usize = 64 * 1024;
/// Bytes of a file's header at most.
pub const HEADER_BYTES: usize = 16 * 1024;
/// Bytes of one record at most: a row is smaller than the largest batch.
pub const RECORD_BYTES: usize = store::limits::BATCH_BYTES + 64 * 1024;
/// Bytes of a manifest at most.
pub const MANIFEST_BYTES: usize = 64 * 1024;
/// Files of the data folder that a backup takes along at most.
pub const FILES: usize = 32;
/// Bytes of one of them at most.
pub const FILE_BYTES: usize = 256 * 1024;
/// Rows that are put back at a time.
pub const RESTORED_ROWS: usize = 256;
