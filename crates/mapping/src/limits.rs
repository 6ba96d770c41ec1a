//! How much a mapping may hold and make.

/// Most directives, fields and elements of a mapping.
pub const NODE_LIMIT: usize = 10_000;

/// How deep a mapping nests.
pub const DEPTH_LIMIT: usize = 32;

/// Longest pattern and longest replacement of `@replace` in characters (the published limit).
pub const REPLACE_LIMIT: usize = 10;

/// What one evaluation may copy and make, in bytes, intermediate results included. An event is 32 KiB.
pub const WORK_LIMIT_BYTES: usize = 4 * 1024 * 1024;
