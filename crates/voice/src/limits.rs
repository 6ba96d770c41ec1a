//! Every limit of voice, in one place.

use std::ops::RangeInclusive;
use std::time::Duration;

/// Characters of a friendly name (the published document).
pub const MAX_FRIENDLY_NAME: usize = 64;

/// SIP domains of an account.
pub const MAX_DOMAINS: usize = 100;

/// Characters of the label in front of a SIP domain's suffix: a DNS label (RFC 1035 §2.3.4).
pub const DOMAIN_LABEL: RangeInclusive<usize> = 1..=63;

/// Labels in front of it: an edge's name may stand between.
pub const MAX_DOMAIN_LABELS: usize = 3;

/// Lists mapped to a SIP domain, for each thing that they guard.
pub const MAX_MAPPINGS: usize = 100;

/// Credential lists of an account.
pub const MAX_CREDENTIAL_LISTS: usize = 100;

/// Credentials of a list.
pub const MAX_CREDENTIALS: usize = 1_000;

/// Characters of a SIP user name.
pub const SIP_USERNAME: RangeInclusive<usize> = 1..=32;

/// Characters of a SIP password; the shortest is the guide's (VOI-SIP-1), the longest bounds the work of a request.
pub const SIP_PASSWORD: RangeInclusive<usize> = 12..=256;

/// IP access control lists of an account.
pub const MAX_IP_LISTS: usize = 100;

/// Addresses of an IP access control list.
pub const MAX_IP_ADDRESSES: usize = 100;

/// Bits of an address range: a wider one lets a whole continent in (VOI-SIP-1).
pub const CIDR_PREFIX: RangeInclusive<i64> = 8..=32;

/// Seconds that a phone rings when nothing is said.
pub const DEFAULT_TIMEOUT: u32 = 60;

/// Seconds that a phone may ring.
pub const TIMEOUT: RangeInclusive<i64> = 1..=600;

/// Seconds that a call may last when nothing is said (Twilio's default).
pub const DEFAULT_TIME_LIMIT: u32 = 14_400;

/// Seconds that a call may be allowed to last.
pub const TIME_LIMIT: RangeInclusive<i64> = 1..=86_400;

/// Characters of `SendDigits`.
pub const MAX_SEND_DIGITS: usize = 32;

/// Characters of `Twiml` (the published document).
pub const MAX_TWIML: usize = 4_000;

/// Characters of a SIP address or a client's name.
pub const MAX_ADDRESS: usize = 255;

/// Calls that are being placed at the same time.
pub const PLACING_CONCURRENCY: usize = 32;

/// Calls that are looked after at the same time.
pub const WATCHING_CONCURRENCY: usize = 16;

/// Orders to calls that are carried out at the same time.
pub const ORDERING_CONCURRENCY: usize = 16;

/// How long a call may wait to be placed; one that waited longer would surprise whoever is called.
pub const MAX_QUEUE_TIME: Duration = Duration::from_secs(600);

/// Attempts at a write that somebody else's write came between.
pub const MAX_CONFLICTS: usize = 16;

/// Orders to a leg that may wait.
pub const LEG_ORDERS: usize = 64;

/// Events of a leg that may wait.
pub const LEG_EVENTS: usize = 64;

/// Orders of the API to one call that may wait.
pub const CALL_ORDERS: usize = 16;

/// Calls that live in one process; beyond that they wait to be placed, or are not taken.
pub const LIVE_CALLS: usize = 1_000;

/// How long an order looks for its call.
pub const ORDER_WAIT: Duration = Duration::from_secs(30);

/// The pause before an order looks again.
pub const ORDER_RETRY: Duration = Duration::from_millis(100);

/// How often it is looked whether a call is still alive.
pub const WATCH_EVERY: Duration = Duration::from_secs(15);

/// How often a process says that it is alive.
pub const SIGN_EVERY: Duration = Duration::from_secs(5);

/// How long a sign of life counts.
pub const SIGN_KEPT: Duration = Duration::from_secs(30);

/// What may wait to be told to a call.
pub const HAPPENINGS: usize = 256;

/// How often a call looks at the clock, in real time: the store's clock may have been moved.
pub const TIMER_POLL: Duration = Duration::from_millis(50);

/// How long a line may take to take a leg on.
pub const PLACE_DEADLINE: Duration = Duration::from_secs(30);

/// How long a leg may take to hear that it is to hang up.
pub const HANG_UP_WAIT: Duration = Duration::from_secs(5);

/// Bytes of a file that is played: five minutes of uncompressed telephone sound.
pub const MAX_SOUND_BYTES: usize = 5 * 1024 * 1024;
