//! How much an expression may hold and cost.

/// Longest expression in bytes.
pub const EXPRESSION_LIMIT_BYTES: usize = 16 * 1024;

/// How deep expressions nest: parentheses, `!`, lists and calls.
pub const DEPTH_LIMIT: usize = 64;

/// Longest pattern of `match` in characters, which may come from the event.
pub const PATTERN_LIMIT: usize = 512;

/// What one evaluation may cost: a step is a node of the expression, an element of a list, or a character that a
/// pattern looked at. A text of 32 KiB against any ordinary pattern takes about 32,000.
pub const STEP_LIMIT: u32 = 1_000_000;

/// Most places, and most names in all of them, in the `fields` of one action.
pub const FIELD_LIMIT: usize = 1_000;
