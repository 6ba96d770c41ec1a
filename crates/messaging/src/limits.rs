//! Every limit of messaging, in one place.

use std::time::Duration;

/// How long a message may wait when `ValidityPeriod` is not given; also the longest that an
/// undelivered body lives (ambiguity 15).
pub const DEFAULT_VALIDITY: Duration = Duration::from_secs(4 * 3600);

/// The longest `ValidityPeriod`, in seconds (Twilio's limit).
pub const MAX_VALIDITY_SECONDS: i64 = 36_000;

/// How long messages of a Messaging Service may wait when neither it nor they say so (Twilio's default).
pub const DEFAULT_SERVICE_VALIDITY: Duration = Duration::from_secs(MAX_VALIDITY_SECONDS as u64);

/// How far ahead `SendAt` must lie, at least (Twilio, error 35114).
pub const MIN_SCHEDULE_AHEAD: Duration = Duration::from_secs(900);

/// How far ahead `SendAt` may lie, at most (Twilio, error 35114).
pub const MAX_SCHEDULE_AHEAD: Duration = Duration::from_secs(35 * 86_400);

/// How long after the end of its validity a message that no carrier took is looked at once more, and fails: it does not
/// wait for its next attempt, which may be a quarter of an hour away.
pub const AFTER_VALIDITY: Duration = Duration::from_micros(1);

/// Messages handed to the carrier at a time.
pub const SENDING_CONCURRENCY: usize = 32;

/// How long a carrier may take to say whether it has a message; well below [`jobs::limits::HANDLER_LIMIT`].
pub const SUBMIT_DEADLINE: Duration = Duration::from_secs(60);

/// Inbound webhooks in hand at a time.
pub const ANSWERING_CONCURRENCY: usize = 16;

/// How long the webhook of an arrived message may take with its redirects and its fallback; well below
/// [`jobs::limits::HANDLER_LIMIT`], or the job would be asked again beside itself and never end.
pub const ANSWERING_DEADLINE: Duration = Duration::from_secs(60);

/// How often the webhook of an arrived message is tried.
pub const MAX_ANSWER_ATTEMPTS: u32 = 3;

/// TwiML `<Redirect>`s followed for one arrived message.
pub const MAX_REDIRECTS: usize = 10;

/// Messages one TwiML answer may send.
pub const MAX_REPLIES: usize = 10;

/// Characters of a friendly name (Twilio's limit).
pub const MAX_FRIENDLY_NAME: usize = 64;

/// Applications of one account (Twilio's limit).
pub const MAX_APPLICATIONS: usize = 1_000;

/// Bytes of the customer's name of an address (Twilio's limit: 16 characters of four bytes, 21 of three).
pub const MAX_CUSTOMER_NAME_BYTES: usize = 64;

/// Characters of every other part of an address.
pub const MAX_ADDRESS_PART: usize = 255;

/// Senders of one kind in one Messaging Service (Twilio's limit).
pub const MAX_SENDERS: usize = 400;

/// Messaging Services whose turn is remembered; when there are more, all begin anew.
pub const MAX_ROTATIONS: usize = 10_000;

/// Words of a Messaging Service for one order.
pub const MAX_KEYWORDS: usize = 100;

/// Characters of such a word.
pub const MAX_KEYWORD: usize = 20;

/// Characters of the answer to such a word: two segments.
pub const MAX_KEYWORD_REPLY: usize = 306;

/// Sets of words in other languages, or for other countries, of one Messaging Service.
pub const MAX_WORD_VARIANTS: usize = 20;

/// Countries that one set of words is for.
pub const MAX_WORD_COUNTRIES: usize = 50;

/// Opt-outs of one pair that are removed at once; there is more than one only when they came in together.
pub const MAX_OPT_OUTS: usize = 100;

/// Redactions of messages without a receipt that are carried out at a time.
pub const REDACTING_CONCURRENCY: usize = 4;

/// How long the parts of a message that came in may take to come; what is there then is handed on.
pub const PARTS_WAIT: Duration = Duration::from_secs(300);

/// Parts looked at when a message is put together: all of the most there can be (a header counts to 255),
/// and as many of an earlier message with the same reference.
pub const MAX_PARTS: usize = 512;

/// Messages put together late, at a time.
pub const JOINING_CONCURRENCY: usize = 4;

/// Times a change is tried again when another one came first.
pub const MAX_CONFLICTS: usize = 5;

/// Characters of an inbound body; longer ones are cut by no carrier we know.
pub const MAX_INBOUND_CHARACTERS: usize = 1_600;

/// Free numbers that a search looks through at most.
pub const SEARCHED_NUMBERS: usize = 10_000;

/// Media of one message (Twilio, error 21623).
pub const MAX_MEDIA: usize = 10;

/// Bytes of all media of one message together (Twilio's limit).
pub const MAX_MEDIA_BYTES: usize = 5 * 1024 * 1024;

/// How long a signed link to a medium may work (D-MEDIA-1: one hour, where Twilio's redirects work for four).
pub const MAX_LINK_LIFE: Duration = Duration::from_secs(3_600);

/// Characters of such a link's token; ours are shorter.
pub const MAX_LINK_TOKEN: usize = 512;

/// Messages whose media are fetched at a time; each holds at most [`MAX_MEDIA_BYTES`].
pub const FETCHING_CONCURRENCY: usize = 4;

/// How often a medium is asked for when its server cannot be reached or says that it failed.
pub const MAX_FETCH_ATTEMPTS: u32 = 3;

/// How long the media of a message that came in stay when what came in is to be redacted: its webhook has been told
/// where they are, and must have time to read them.
pub const INBOUND_MEDIA_KEPT: Duration = DEFAULT_VALIDITY;
