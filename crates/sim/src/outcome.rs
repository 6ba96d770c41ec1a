//! What the simulated network does with a message, decided by the recipient's last four digits.

use base::PhoneNumber;

use crate::limits::UNAVAILABLE_ATTEMPTS;

/// Twilio 30003: the handset cannot be reached.
pub(crate) const UNREACHABLE: u32 = 30_003;
/// Twilio 30004: the recipient or the carrier blocks the message.
pub(crate) const BLOCKED: u32 = 30_004;
/// Twilio 30005: no such handset.
pub(crate) const UNKNOWN_HANDSET: u32 = 30_005;
/// Twilio 30006: a landline, or a carrier that cannot be reached.
pub(crate) const LANDLINE: u32 = 30_006;
/// Twilio 30007: filtered as unwanted.
pub(crate) const FILTERED: u32 = 30_007;
/// Twilio 30008: the carrier gives no reason.
pub(crate) const UNKNOWN_ERROR: u32 = 30_008;
/// Twilio 30036: the validity period ended before the message reached the handset.
pub(crate) const EXPIRED: u32 = 30_036;

/// What becomes of a submission.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// The carrier cannot take it now.
    Unavailable,
    /// The carrier cannot take it at the first attempts.
    UnavailableAtFirst,
    /// The carrier will never take it.
    Rejected(u32),
    /// It reaches the handset, and a receipt says so.
    Delivered,
    /// It does not reach the handset, and a receipt says so.
    Undelivered(u32),
    /// It reaches the handset, and nobody is told.
    Silent,
}

const MAGIC: &[(&str, Outcome)] = &[
    ("9001", Outcome::Rejected(UNREACHABLE)),
    ("9004", Outcome::Rejected(BLOCKED)),
    ("9005", Outcome::Rejected(UNKNOWN_HANDSET)),
    ("9006", Outcome::Rejected(LANDLINE)),
    ("9007", Outcome::Rejected(FILTERED)),
    ("9008", Outcome::Undelivered(UNKNOWN_ERROR)),
    ("9010", Outcome::UnavailableAtFirst),
    ("9011", Outcome::Silent),
];

/// What the number decides, at the attempt after `earlier` ones.
pub(crate) fn of_number(to: &PhoneNumber, earlier: u32) -> Outcome {
    let magic = MAGIC.iter().find(|(digits, _)| to.as_str().ends_with(digits));
    match magic.map(|(_, outcome)| *outcome) {
        None => Outcome::Delivered,
        Some(Outcome::UnavailableAtFirst) if earlier < UNAVAILABLE_ATTEMPTS => Outcome::Unavailable,
        Some(Outcome::UnavailableAtFirst) => Outcome::Delivered,
        Some(outcome) => outcome,
    }
}
