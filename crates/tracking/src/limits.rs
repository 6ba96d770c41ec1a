//! Every bound of a tracking call, in one place. Those of the published API say so.

/// Bytes of one event (published: 32 KB).
pub const EVENT_BYTES: usize = 32 * 1024;

/// Bytes of one request's body, after decompression (published: 500 KB per batch).
pub const BODY_BYTES: usize = 500 * 1024;

/// Events of one batch (published: 2,500; more is answered 200 and nothing of it is kept).
pub const BATCH_EVENTS: usize = 2_500;

/// Characters of a `messageId` (published: under 100).
pub const MESSAGE_ID: usize = 100;

/// How deep an event may be nested. No SDK comes near it, and readers that recurse survive it.
pub const DEPTH: usize = 64;

/// Members up to which a doubled name is looked for by comparing all with all.
pub(crate) const FEW_MEMBERS: usize = 16;

/// Bytes of a request's events together, each with the context and integrations that its batch says for all: a small
/// body cannot become a large one.
pub const EXPANDED_BYTES: usize = 4 * BODY_BYTES;
