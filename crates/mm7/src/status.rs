//! MM7's codes and words (TS 23.140 §8.7) as ours.

use std::time::Duration;

use messaging::carrier::Receipt;

use crate::limits::{CREDENTIALS_REST, REST};

/// It is done.
pub(crate) const SUCCESS: u32 = 1000;
/// An address is nobody's.
pub(crate) const ADDRESS_ERROR: u32 = 2002;
/// What it brings is not taken.
pub(crate) const CONTENT_REFUSED: u32 = 2004;
/// A message is not known by this name.
pub(crate) const MESSAGE_UNKNOWN: u32 = 2005;
/// The request cannot be read.
pub(crate) const CORRUPT: u32 = 2007;
/// Nothing of this name is served.
pub(crate) const UNSUPPORTED: u32 = 4003;
/// Not now.
pub(crate) const UNAVAILABLE: u32 = 4006;

/// Twilio's codes.
const UNREACHABLE: u32 = 30_003;
const BLOCKED: u32 = 30_004;
const NO_SUCH_NUMBER: u32 = 30_005;
const FILTERED: u32 = 30_007;
pub(crate) const UNKNOWN_ERROR: u32 = 30_008;
const EXPIRED: u32 = 30_036;

/// The words for a code that we answer.
pub(crate) fn text(code: u32) -> &'static str {
    match code {
        SUCCESS => "Success",
        ADDRESS_ERROR => "Address Error",
        CONTENT_REFUSED => "Multimedia content refused",
        MESSAGE_UNKNOWN => "Message ID Not found",
        CORRUPT => "Message format corrupt",
        UNSUPPORTED => "Unsupported operation",
        UNAVAILABLE => "Service unavailable",
        _ => "Client error",
    }
}

/// What a status of an answer says about a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// The MMSC has it.
    Taken,
    /// It never will; the code is Twilio's.
    Refused(u32),
    /// It does not, and may later.
    Later(Duration),
    /// It does not, and will not before the operator puts something right.
    Misconfigured,
}

/// What a code means. Codes are grouped by thousands, and new ones may come.
pub(crate) fn verdict(code: u32) -> Verdict {
    match code {
        1000..=1999 => Verdict::Taken,
        2001 => Verdict::Refused(BLOCKED),
        2002 | 2003 => Verdict::Refused(NO_SUCH_NUMBER),
        2004 | 3002 => Verdict::Refused(FILTERED),
        2000..=2999 | 3001..=3999 => Verdict::Refused(UNKNOWN_ERROR),
        3000 | 4000 | 4005 | 4006 => Verdict::Later(REST),
        // Who we say that we are, the version, and what we may: nothing is wrong with the message.
        4001..=4003 | 4007 => Verdict::Misconfigured,
        _ => Verdict::Refused(UNKNOWN_ERROR),
    }
}

/// How long an MMSC is left alone after a verdict.
pub(crate) fn rest(verdict: Verdict) -> Option<Duration> {
    match verdict {
        Verdict::Later(time) => Some(time),
        Verdict::Misconfigured => Some(CREDENTIALS_REST),
        Verdict::Taken | Verdict::Refused(_) => None,
    }
}

/// What a report's word says: nothing while the message is under way, or where nobody knows.
pub(crate) fn receipt(word: &str) -> Option<Receipt> {
    match word.to_ascii_lowercase().as_str() {
        "retrieved" => Some(Receipt::Delivered),
        "expired" => Some(Receipt::Undelivered(EXPIRED)),
        "rejected" => Some(Receipt::Undelivered(BLOCKED)),
        "unreachable" => Some(Receipt::Undelivered(UNREACHABLE)),
        "unrecognised" | "unrecognized" | "system error" => Some(Receipt::Undelivered(UNKNOWN_ERROR)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_become_verdicts() {
        for (code, expected) in [
            (1000, Verdict::Taken),
            (1100, Verdict::Taken),
            (2001, Verdict::Refused(30_004)),
            (2003, Verdict::Refused(30_005)),
            (2004, Verdict::Refused(30_007)),
            (2007, Verdict::Refused(30_008)),
            (3000, Verdict::Later(REST)),
            (3002, Verdict::Refused(30_007)),
            (4001, Verdict::Misconfigured),
            (4004, Verdict::Refused(30_008)),
            (4006, Verdict::Later(REST)),
            (4007, Verdict::Misconfigured),
            (9999, Verdict::Refused(30_008)),
        ] {
            assert_eq!(verdict(code), expected, "{code}");
        }
    }

    #[test]
    fn words_become_receipts() {
        for (word, expected) in [
            ("Retrieved", Some(Receipt::Delivered)),
            ("Expired", Some(Receipt::Undelivered(30_036))),
            ("Rejected", Some(Receipt::Undelivered(30_004))),
            ("Unreachable", Some(Receipt::Undelivered(30_003))),
            ("Indeterminate", None),
            ("Forwarded", None),
            ("Deferred", None),
            ("something new", None),
        ] {
            assert_eq!(receipt(word), expected, "{word}");
        }
    }
}
