//! How much a TwiML document may hold, and how long an interpreter goes on.

use std::time::Duration;

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

/// Longest name of a voice, model, engine or language in bytes.
pub const TOKEN_LIMIT: usize = 128;

/// Most characters of one `Say` (Twilio 13521).
pub const SPEECH_LIMIT_CHARACTERS: usize = 4_096;

/// How deep SSML may be nested.
pub const SPEECH_DEPTH_LIMIT: usize = 8;

/// Longest `<break>` (SSML's ten seconds).
pub const BREAK_LIMIT: Duration = Duration::from_secs(10);

/// Most `Say`, `Play` and `Pause` of one `Gather` or `Prompt`.
pub const PROMPT_LIMIT: usize = 50;

/// Most `Prompt` of one `Pay`.
pub const PAY_PROMPT_LIMIT: usize = 50;

/// Most `Parameter`, `Config` or `Header` of one element.
pub const PARAMETER_LIMIT: usize = 50;

/// Longest name and value of a SIP header together, in bytes (Twilio 13253).
pub const HEADER_LIMIT_BYTES: usize = 1_024;

/// Longest SIP URI in bytes, with its headers.
pub const SIP_URI_LIMIT_BYTES: usize = 2_048;

/// Most things that one `Start` or `Stop` names.
pub const START_LIMIT: usize = 10;

/// Most keys of one `Gather`; with as many it ends.
pub const GATHERED_KEYS_LIMIT: u16 = 1_024;

/// Most keys and pauses sent by one `sendDigits` or `digits`.
pub const SENT_KEYS_LIMIT: usize = 256;

/// Most `hints` (Twilio's 500), and the longest in characters (Twilio's 100).
pub const HINTS_LIMIT: (usize, usize) = (500, 100);

/// Longest wait that an attribute may ask for, in seconds: a day, as long as a call may last.
pub const SECONDS_LIMIT: u32 = 86_400;

/// Longest time a `Dial` rings, in seconds (Twilio's ten minutes).
pub const RINGING_LIMIT_SECONDS: u32 = 600;

/// Most documents in a row that change nothing for the caller: nobody heard, said or pressed anything and no time
/// passed. One more is a loop (alert 11215).
pub const DOCUMENTS_IN_A_ROW_LIMIT: u32 = 50;

/// How much longer than `maxSpeechTime` a recogniser may take before it is given up.
pub const RECOGNITION_GRACE: Duration = Duration::from_secs(10);

/// How long the last facts may take (a recording's, a leg's) once a call is over.
pub const ENDING_LIMIT: Duration = Duration::from_secs(30);

/// How long a `Dial` rings, and how long the connection may last, when the document does not say (Twilio's defaults),
/// in seconds.
pub const RINGING_DEFAULT_SECONDS: u32 = 30;
/// See [`RINGING_DEFAULT_SECONDS`].
pub const TIME_LIMIT_DEFAULT_SECONDS: u32 = 14_400;
