//! How much a plan may hold and how long an event may be looked at.

/// Most rules of a plan (Segment's own limit).
pub const RULE_LIMIT: usize = 2_000;

/// Most schemas in one rule, every subschema counted.
pub const SCHEMA_NODE_LIMIT: usize = 5_000;

/// Most patterns in one rule.
pub const PATTERN_COUNT_LIMIT: usize = 200;

/// Longest pattern in bytes.
pub const PATTERN_LIMIT_BYTES: usize = 1_024;

/// Largest compiled pattern in bytes. `(a{100}){100}` is larger and is refused.
pub const PATTERN_PROGRAM_LIMIT_BYTES: usize = 64 * 1024;

/// How deep schemas nest, and how deep an evaluation goes through references.
pub const DEPTH_LIMIT: usize = 100;

/// What one event may cost: a step is a schema put to a value, a comparison of two values, or 64 bytes of text put to
/// a pattern.
pub const STEP_LIMIT: u32 = 200_000;

/// Most violations that are reported of one event; the outcome does not depend on more.
pub const VIOLATION_LIMIT: usize = 100;
