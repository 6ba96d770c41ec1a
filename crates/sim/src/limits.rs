//! Every limit of the simulator, in one place: it runs for weeks, and all it has is memory.

use std::ops::RangeInclusive;
use std::time::Duration;

/// Messages kept per handset; the oldest is dropped.
pub const MESSAGES_PER_HANDSET: usize = 100;

/// Handsets kept; the one that was first written to is dropped.
pub const HANDSETS: usize = 1_000;

/// Accepted messages remembered, to notice one that is handed over twice; the oldest is forgotten.
pub const REMEMBERED_MESSAGES: usize = 100_000;

/// Receipts waiting to be given; beyond that the carrier is unavailable, so that none is lost.
pub const WAITING_RECEIPTS: usize = 100_000;

/// Receipts handed to the inbox at once.
pub const RECEIPTS_AT_ONCE: usize = 64;

/// How long after a handset got a message its receipt is given, by the virtual clock.
pub const RECEIPT_DELAY: Duration = Duration::from_millis(50);

/// How long a receipt may wait, in real time, after the clock was moved by somebody else than the
/// simulator's own route.
pub const CLOCK_POLL: Duration = Duration::from_millis(20);

/// The pause, in real time, after the inbox first refused a receipt; it doubles from there.
pub const FIRST_BACKOFF: Duration = Duration::from_millis(20);

/// The longest such pause.
pub const LONGEST_BACKOFF: Duration = Duration::from_secs(1);

/// Attempts that fail before a number ending in 9010 is served.
pub const UNAVAILABLE_ATTEMPTS: u32 = 2;

/// Fault scripts that one account (or the operator) may have at a time.
pub const FAULTS_PER_ACCOUNT: usize = 100;

/// Submissions that one fault script applies to.
pub const FAULT_COUNT: RangeInclusive<u32> = 1..=1_000;

/// The delay of a fault script, in milliseconds; a day at most.
pub const FAULT_DELAY_MS: RangeInclusive<u64> = 1..=86_400_000;

/// Carriers' error codes that a fault script may name.
pub const FAULT_CODES: RangeInclusive<u32> = 30_001..=30_999;

/// How far the clock is moved at once, in seconds; 40 days pass every deadline of a message.
pub const ADVANCE_SECONDS: RangeInclusive<u64> = 0..=40 * 86_400;

/// Characters of a message from a handset: ten segments.
pub const ARRIVAL_CHARACTERS: RangeInclusive<usize> = 1..=1_600;

/// Calls at phones that are remembered; the oldest is forgotten.
pub const PHONE_CALLS: usize = 1_000;

/// Things heard in a call that are kept.
pub const HEARD_PER_CALL: usize = 100;

/// Things that somebody does at a phone and that may wait.
pub const ACTS_PER_CALL: usize = 32;

/// Keys pressed at once.
pub const KEYS_AT_ONCE: RangeInclusive<usize> = 1..=32;

/// How long a phone waits, in real time, until it is listened to.
pub const PERSON_WAIT: Duration = Duration::from_secs(5);
