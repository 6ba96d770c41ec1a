//! Every bound of classification, in one place.

/// Matchers that a customer may add (published: 100).
pub const CUSTOM_MATCHERS: usize = 100;
/// Words of one matcher.
pub const MATCHER_WORDS: usize = 20;
/// Characters of one word, and of a matcher's name.
pub const WORD: usize = 100;
/// Bytes of a pattern.
pub const PATTERN_BYTES: usize = 1_024;
/// Bytes of a compiled pattern, and of what it caches while it runs.
pub const PATTERN_PROGRAM_BYTES: usize = 64 * 1_024;
/// How deep a pattern's groups nest.
pub const PATTERN_NEST: u32 = 50;

/// Fields of one workspace. One more is not listed: where what nobody has spoken about is hidden, so is that.
pub const FIELDS: usize = 5_000;
/// Sources that a field is listed with.
pub const SOURCES: usize = 100;
/// Fields that one request adds.
pub const NEW_FIELDS: usize = 200;

/// Values of a new field that are looked at, one after the other.
pub const FIRST_VALUES: u32 = 16;
/// Afterwards one of so many is looked at: a field may begin to hold what it did not.
pub const EVERY_VALUE: u32 = 256;
/// Bytes of a value that are looked at.
pub const VALUE_BYTES: usize = 4 * 1_024;
/// Characters of a key that are looked at.
pub const KEY: usize = 200;

/// The score above which two words are similar (published: 0.7).
pub const SIMILAR: f64 = 0.7;
