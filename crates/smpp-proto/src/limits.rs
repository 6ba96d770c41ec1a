//! Every limit of the protocol, in one place.

use std::time::Duration;

/// Octets of the header of every PDU (SMPP 3.4 §3.2).
pub const HEADER_BYTES: usize = 16;

/// Octets of the largest PDU that is read. A body in `message_payload` of the longest text that
/// messaging takes needs a quarter of it.
pub const PDU_BYTES: usize = 16_384;

/// Octets of `short_message` that one submission carries, user data header included: what fits on the
/// air (3GPP TS 23.040), where seven-bit characters travel as one octet each to the SMSC.
pub const SHORT_MESSAGE_BYTES: usize = 254;

/// Requests that may wait for an answer at a time, whatever the configuration asks for.
pub const WINDOW: usize = 1_000;

/// Deliveries that may wait for our answer at a time; more are refused as throttled, and come again.
pub const UNANSWERED_DELIVERIES: usize = 100;

/// How long nothing is submitted after the SMSC has said that it is throttling.
pub const THROTTLE_PAUSE: Duration = Duration::from_secs(1);

/// The last sequence number; the next one is 1 (SMPP 3.4 §5.1.4).
pub const LAST_SEQUENCE: u32 = 0x7FFF_FFFF;

/// Answers to deliveries of which the SMSC has not shown that it has seen them, kept in mind at a time.
pub const UNSEEN_ANSWERS: usize = 10_000;
