//! Every limit of the upstream carrier, in one place.

use std::time::Duration;

/// Senders that one account maps.
pub const SENDERS: usize = 1_000;

/// Messages a second when the configuration says nothing.
pub const DEFAULT_RATE: f64 = 10.0;

/// How long an answer may take, from the written request to its last byte. Together with [`peer::limits::CONNECT`], and once more for
/// the look at the list, below [`messaging::limits::SUBMIT_DEADLINE`].
pub const READ: Duration = Duration::from_secs(15);

/// Bytes of an answer: a page of the list at its longest texts.
pub const ANSWER_BYTES: usize = 1024 * 1024;

/// After how long a message is tried again while no account is configured that carries it.
pub const NO_ACCOUNT_WAIT: Duration = Duration::from_secs(5);

/// How long an account rests that says "too many" without saying for how long.
pub const REST: Duration = Duration::from_secs(2);

/// How long an account rests that does not accept our credentials, or is suspended.
pub const CREDENTIALS_REST: Duration = Duration::from_secs(60);

/// How long after an attempt with an unknown outcome its callback is waited for before the list is looked at: an
/// upstream that was slow to answer may still write it.
pub const SETTLING: Duration = Duration::from_secs(60);

/// How far the upstream's clock may be off when its list is compared with an attempt.
pub const SKEW: Duration = Duration::from_secs(120);

/// Messages on one page of the list.
pub const LIST_PAGE: usize = 100;

/// Pages of the list that are looked at in one attempt; two fit into a hand-over.
pub const LIST_PAGES: usize = 2;

/// How long after its hand-over a message is asked about that got no callback.
pub const CALLBACK_WAIT: Duration = Duration::from_secs(900);

/// The longest pause between two questions about one message.
pub const LONGEST_ASK_PAUSE: Duration = Duration::from_secs(3 * 3_600);

/// How long after its hand-over a message is asked about: the longest validity of a message, and two days for a vendor
/// that is late. Then its record goes, and what comes later is not recognised.
pub const FOLLOWED: Duration = Duration::from_secs(3 * 86_400);

/// How long the name of a message that came in is kept, to recognise it when it is told again.
pub const ARRIVAL_KEPT: Duration = Duration::from_secs(86_400);

/// Questions about messages under way at a time.
pub const FOLLOWING_CONCURRENCY: usize = 4;

/// Times a change is tried again when another one came first.
pub const MAX_CONFLICTS: usize = 5;

/// Attempts of one message that tokens can tell apart.
pub const ATTEMPTS: u8 = u8::MAX;
