//! How much a TwiML document may hold.

/// Largest document in bytes (Twilio 11750: 64 KiB).
pub const DOCUMENT_LIMIT_BYTES: usize = 64 * 1024;

/// Most XML nodes (elements, texts, comments) of a document. Depth needs no limit of its own: the schema ends at the
/// third level and anything deeper is refused unread.
pub const NODE_LIMIT: u32 = 4_096;

/// Most verbs of one reply.
pub const VERB_LIMIT: usize = 100;

/// Most `Body` texts of one message.
pub const BODY_LIMIT: usize = 10;

/// Most `Media` of one message (Twilio 21623 sets the same ten for the REST API).
pub const MEDIA_LIMIT: usize = 10;

/// Most legs of one `Dial` (Twilio's ten).
pub const LEG_LIMIT: usize = 10;

/// How often something with `loop="0"` is said or played (Twilio's 1000).
pub const LOOP_LIMIT: u16 = 1_000;
