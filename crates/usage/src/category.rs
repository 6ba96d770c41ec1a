//! The usage categories: which meters each adds up, and in which units.

use errors::{ApiError, Result, codes};
use kit::Meter;

use Meter::{
    CallerIdLookups, CarrierLookups, Lookups, MmsInboundLongcode, MmsInboundShortcode, MmsInboundTollfree,
    MmsOutboundLongcode, MmsOutboundName, MmsOutboundShortcode, MmsOutboundTollfree, SmsInboundLongcode,
    SmsInboundShortcode, SmsInboundTollfree, SmsOutboundLongcode, SmsOutboundName, SmsOutboundShortcode,
    SmsOutboundTollfree,
};

/// A published category that the platform counts.
#[derive(Debug, PartialEq, Eq)]
pub struct Category {
    /// The word on the wire.
    pub name: &'static str,
    /// The words for people.
    pub description: &'static str,
    /// What `count` counts.
    pub count_unit: &'static str,
    /// What `usage` measures.
    pub usage_unit: &'static str,
    /// What is added up.
    pub meters: &'static [Meter],
}

const fn sms(name: &'static str, description: &'static str, meters: &'static [Meter]) -> Category {
    Category { name, description, count_unit: "messages", usage_unit: "segments", meters }
}

const fn mms(name: &'static str, description: &'static str, meters: &'static [Meter]) -> Category {
    Category { name, description, count_unit: "messages", usage_unit: "messages", meters }
}

const fn lookup(name: &'static str, description: &'static str, meters: &'static [Meter]) -> Category {
    Category { name, description, count_unit: "lookups", usage_unit: "lookups", meters }
}

/// Every category that is counted, in the order in which records are listed.
pub const CATEGORIES: &[Category] = &[
    lookup("calleridlookups", "Caller Name Lookups", &[CallerIdLookups]),
    lookup("carrier-lookups", "Carrier Lookups", &[CarrierLookups]),
    lookup("lookups", "Lookups", &[Lookups]),
    mms(
        "mms",
        "MMS",
        &[
            MmsInboundLongcode,
            MmsInboundShortcode,
            MmsInboundTollfree,
            MmsOutboundLongcode,
            MmsOutboundName,
            MmsOutboundShortcode,
            MmsOutboundTollfree,
        ],
    ),
    mms("mms-inbound", "Inbound MMS", &[MmsInboundLongcode, MmsInboundShortcode, MmsInboundTollfree]),
    mms("mms-inbound-longcode", "Long Code Inbound MMS", &[MmsInboundLongcode]),
    mms("mms-inbound-shortcode", "Short Code Inbound MMS", &[MmsInboundShortcode]),
    mms(
        "mms-outbound",
        "Outbound MMS",
        &[MmsOutboundLongcode, MmsOutboundName, MmsOutboundShortcode, MmsOutboundTollfree],
    ),
    mms("mms-outbound-longcode", "Long Code Outbound MMS", &[MmsOutboundLongcode]),
    mms("mms-outbound-shortcode", "Short Code Outbound MMS", &[MmsOutboundShortcode]),
    sms(
        "sms",
        "SMS",
        &[
            SmsInboundLongcode,
            SmsInboundShortcode,
            SmsInboundTollfree,
            SmsOutboundLongcode,
            SmsOutboundName,
            SmsOutboundShortcode,
            SmsOutboundTollfree,
        ],
    ),
    sms("sms-inbound", "Inbound SMS", &[SmsInboundLongcode, SmsInboundShortcode, SmsInboundTollfree]),
    sms("sms-inbound-longcode", "Long Code Inbound SMS", &[SmsInboundLongcode]),
    sms("sms-inbound-shortcode", "Short Code Inbound SMS", &[SmsInboundShortcode]),
    sms("sms-inbound-tollfree", "Toll-Free Inbound SMS", &[SmsInboundTollfree]),
    sms(
        "sms-outbound",
        "Outbound SMS",
        &[SmsOutboundLongcode, SmsOutboundName, SmsOutboundShortcode, SmsOutboundTollfree],
    ),
    sms("sms-outbound-longcode", "Long Code Outbound SMS", &[SmsOutboundLongcode]),
    sms("sms-outbound-shortcode", "Short Code Outbound SMS", &[SmsOutboundShortcode]),
    sms("sms-outbound-tollfree", "Toll-Free Outbound SMS", &[SmsOutboundTollfree]),
    Category {
        name: "totalprice",
        description: "Total Price",
        count_unit: "",
        usage_unit: "usd",
        meters: &[],
    },
];

/// How the names of published categories begin that nothing is counted for.
const OTHERS: &[&str] = &[
    "a2p-",
    "agent-",
    "amazon-",
    "answering-",
    "authy-",
    "call-",
    "calls",
    "channels",
    "conversations",
    "cps",
    "flex-",
    "fraud-",
    "group-rooms",
    "imp-",
    "ip-messaging",
    "marketplace",
    "mediastorage",
    "mms-messages",
    "monitor",
    "notify",
    "number-",
    "peer-to-peer",
    "pfax",
    "phonenumbers",
    "pv",
    "recordings",
    "rooms-",
    "sms-messages",
    "sms-outbound-content",
    "speech-",
    "studio",
    "sync",
    "task",
    "transcriptions",
    "trunking",
    "turnmegabytes",
    "twilio-",
    "tts-",
    "verify",
    "video",
    "virtual-agent",
    "voice-",
    "wds-",
    "wireless",
];

/// The category of this name.
///
/// # Errors
/// 20501 when it is a published one that is not counted; 20001 when it is none.
pub fn find(parameter: &'static str, name: &str) -> Result<&'static Category> {
    if let Some(category) = CATEGORIES.iter().find(|category| category.name == name) {
        return Ok(category);
    }
    let is_published = OTHERS.iter().any(|start| name.starts_with(start));
    let code = if is_published { codes::NOT_SUPPORTED } else { codes::INVALID_PARAMETER };
    Err(ApiError::new(code).parameter(parameter))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_meter_is_in_a_category_and_names_are_in_order() {
        let covered: BTreeSet<Meter> =
            CATEGORIES.iter().flat_map(|category| category.meters).copied().collect();
        assert_eq!(covered, Meter::ALL.iter().copied().collect());
        assert!(CATEGORIES.is_sorted_by_key(|category| category.name));
        assert!(find("Category", "sms").is_ok());
        assert_eq!(find("Category", "calls").map_err(|error| error.code().number), Err(20_501));
        assert_eq!(find("Category", "smoke-signals").map_err(|error| error.code().number), Err(20_001));
    }
}
