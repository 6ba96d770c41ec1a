//! How long a path may be.

/// Longest text of a path in bytes. An event is 32 KiB; no name of a field that anybody means is near this.
pub const PATH_LIMIT_BYTES: usize = 1_024;

/// Most names in a path, and the depth to which events are walked: `serde_json` itself refuses deeper than 128.
pub const DEPTH_LIMIT: usize = 128;
