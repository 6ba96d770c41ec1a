//! Every limit of the MM7 carrier, in one place.

use std::time::Duration;

/// Characters of our names there (VASP and VAS).
pub const ID_CHARACTERS: usize = 128;

/// Senders that one MMSC carries.
pub const SENDERS: usize = 1_000;

/// Characters of the password that an MMSC gives when it calls, at least: nobody counts wrong guesses of it.
pub const INBOUND_PASSWORD_CHARACTERS: usize = 16;

/// Messages a second when the configuration says nothing.
pub const DEFAULT_RATE: f64 = 5.0;

/// Bytes of a message, its text and its media together, when the configuration says nothing: 600 KB are what most
/// carriers of the United States take.
pub const DEFAULT_MAX_BYTES: u64 = 600_000;

/// The smallest and the largest limit that can be configured; more than this no message brings.
pub const MAX_BYTES: std::ops::RangeInclusive<u64> = 10_000..=6_000_000;

/// How long an answer may take, from the first byte of the request to its own last one. Together with [`peer::limits::CONNECT`]
/// below [`messaging::limits::SUBMIT_DEADLINE`].
pub const READ: Duration = Duration::from_secs(40);

/// Bytes of an answer: an envelope with a status.
pub const ANSWER_BYTES: usize = 64 * 1024;

/// How long an MMSC rests that says that it cannot now.
pub const REST: Duration = Duration::from_secs(2);

/// How long an MMSC rests that does not accept our credentials, our names or our version.
pub const CREDENTIALS_REST: Duration = Duration::from_secs(60);

/// How long after its hand-over a report about a message is understood: the longest validity of a message, and two
/// days for a handset that was switched off. Then its record goes.
pub const FOLLOWED: Duration = Duration::from_secs(3 * 86_400);

/// How long the name of a message that came in is kept, to recognise it when it is told again.
pub const ARRIVAL_KEPT: Duration = Duration::from_secs(86_400);

/// Records that are removed at a time.
pub const CLEARING_CONCURRENCY: usize = 4;

/// Times a change is tried again when another one came first.
pub const MAX_CONFLICTS: usize = 5;

/// Characters of the name that an MMSC gives to a message.
pub const MESSAGE_ID_CHARACTERS: usize = 256;

/// Open hand-overs to one recipient that are looked at when a report names none of them.
pub const OPEN_LOOKED_AT: usize = 2;

/// Bytes of what an MMSC tells: media of the largest message in base64, and an envelope.
pub const INBOUND_BYTES: usize = 8 * 1024 * 1024;

/// Requests of MMSCs that are read at the same time; others are told to come again.
pub const INBOUND_CONCURRENCY: usize = 4;

/// How long such a request may take to come.
pub const INBOUND_READ: Duration = Duration::from_secs(60);

/// Bytes of an envelope.
pub const ENVELOPE_BYTES: usize = 256 * 1024;

/// Nodes of an envelope.
pub const ENVELOPE_NODES: u32 = 4_096;

/// Recipients that are read of an envelope.
pub const RECIPIENTS: usize = 64;

/// Parts of a body, at all depths together.
pub const PARTS: usize = 64;

/// How deep multiparts may stand in each other: the request, the message, alternatives in it.
pub const DEPTH: usize = 4;

/// Bytes of the header of one part.
pub const PART_HEADER_BYTES: usize = 8 * 1024;

/// Characters of a boundary (RFC 2046 §5.1.1).
pub const BOUNDARY_CHARACTERS: usize = 70;

/// Parameters of a content type.
pub const TYPE_PARAMETERS: usize = 16;
