//! Elastic SIP trunks: whether signalling and media are encrypted.

use super::voice::sip_is_encrypted;
use crate::check::{Check, each};
use crate::fact::Keep::{Flag, Urls, With};
use crate::resource::Resource;

/// Trunks.
pub static TRUNKS: Resource = Resource::list("Trunks", "trunking", "/v1/Trunks", "trunks")
    .keep(&[("secure", Flag), ("disaster_recovery_url", Urls)]);

/// Where a trunk sends inbound calls.
pub static ORIGINATION: Resource =
    Resource::list("OriginationUrls", "trunking", "/v1/Trunks/{1}/OriginationUrls", "origination_urls")
        .under(&TRUNKS)
        .keep(&[("sip_url", With(sip_is_encrypted)), ("enabled", Flag)]);

/// What this file reads.
pub static RESOURCES: &[&Resource] = &[&TRUNKS, &ORIGINATION];

/// What this file settles.
pub static CHECKS: &[Check] = &[Check::new(
    "VOI-TRUNK-1",
    &[
        each(&TRUNKS, |trunk, notes| {
            notes.wants_flag(trunk, "secure", "does not demand TLS and SRTP");
        }),
        each(&ORIGINATION, |origination, notes| {
            if origination.flag("enabled") != Some(false) {
                notes.wants_flag(origination, "sip_url", "is called without TLS");
            }
        }),
    ],
)];
