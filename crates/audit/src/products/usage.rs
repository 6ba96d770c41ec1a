//! What an account used this month: the inventory that is held against the list of eligible services.

use serde_json::Value;

use crate::check::{Check, Notes, Test, each, never};
use crate::fact::Fact;
use crate::fact::Keep::With;
use crate::observations::Item;
use crate::provider::Provider;
use crate::resource::Resource;

/// Usage by category. Only the class of a category is kept.
pub static USAGE: Resource = Resource::list(
    "UsageRecords",
    "api",
    "/2010-04-01/Accounts/{account}/Usage/Records/ThisMonth.json",
    "usage_records",
)
.id("category")
.keep(&[
    ("category", With(class)),
    ("category#product", With(product)),
    ("count", With(positive)),
    ("usage", With(positive)),
]);

/// What this file reads.
pub static RESOURCES: &[&Resource] = &[&USAGE];

/// What is used is eligible, and nothing that is on no list is used.
pub const INVENTORY: Test = each(&USAGE, inventory);
/// What is used of Programmable Voice and SIP is eligible.
pub const VOICE_LISTED: Test = each(&USAGE, |record, notes| listed(record, notes, "voice"));
/// What is used of Programmable Video is eligible.
pub const VIDEO_LISTED: Test = each(&USAGE, |record, notes| listed(record, notes, "video"));
/// What is used of Programmable Messaging is eligible.
pub const MESSAGING_LISTED: Test = each(&USAGE, |record, notes| listed(record, notes, "messaging"));
/// What is used of Chat and Conversations is eligible.
pub const CHAT_LISTED: Test = each(&USAGE, |record, notes| listed(record, notes, "chat"));
/// No feature with AI or machine learning is used.
pub const NO_AI: Test = never(&USAGE, |record, notes| {
    unused(record, notes, "ai", "is a feature with AI or machine learning, and none of them is eligible");
});
/// No add-on of the marketplace is used.
pub const NO_MARKETPLACE: Test = never(&USAGE, |record, notes| {
    unused(
        record,
        notes,
        "marketplace",
        "is an add-on of the marketplace, which no agreement makes eligible",
    );
});

const ACCOUNTS: &[Provider] = &[Provider::Twilio, Provider::SignalWire, Provider::Switchward];

/// What this file settles.
pub static CHECKS: &[Check] = &[
    Check::new("CON-NELIST-1", &[INVENTORY]).on(ACCOUNTS),
    Check::new("ART-ELIG-1", &[INVENTORY])
        .on(ACCOUNTS)
        .leaves("that each workflow's use case meets the conditions of the services it uses"),
    Check::new("DES-ELIG-1", &[INVENTORY]).on(ACCOUNTS),
    Check::new("AI-GEN-2", &[NO_AI]).on(ACCOUNTS),
    Check::new("AI-NAME-1", &[NO_AI]).on(ACCOUNTS),
    Check::new(
        "LOOK-ELIG-1",
        &[each(&USAGE, |record, notes| {
            if in_use(record) && record.says("category", "lookup") {
                notes.holds();
            }
            unused(record, notes, "lookup_unlisted", "is a package of Lookup that the guide does not list");
        })],
    ),
    Check::new("LOOK-MKT-1", &[NO_MARKETPLACE]),
    Check::new("SMS-MKT-1", &[NO_MARKETPLACE]),
];

/// Whether anything of the category was used.
fn in_use(record: &Item) -> bool {
    record.is("usage") || record.is("count")
}

fn unused(record: &Item, notes: &mut Notes<'_>, class: &str, note: &'static str) {
    if in_use(record) && record.says("category", class) {
        notes.fails("category", note);
    }
}

fn listed(record: &Item, notes: &mut Notes<'_>, product: &str) {
    if record.says("category#product", product) {
        inventory(record, notes);
    }
}

fn inventory(record: &Item, notes: &mut Notes<'_>) {
    if !in_use(record) {
        return;
    }
    // Policy `ineligible_services`: `relaxed` leaves it to attestations of workflows, but never for these three.
    let relaxed = notes.policy("ineligible_services") == "relaxed";
    let note = match record.word("category").unwrap_or_default() {
        "eligible" | "lookup" => return notes.holds(),
        "push" if notes.policy("verify_push") == "allow" => return notes.holds(),
        "ai" => "is a feature with AI or machine learning, and none of them is eligible",
        "autopilot" => "is Autopilot, which is not eligible",
        "marketplace" => "is an add-on of the marketplace, which no agreement makes eligible",
        _ if relaxed => return notes.holds(),
        "whatsapp" => "is WhatsApp, which is not eligible",
        "messenger" => "is Facebook Messenger, which is not eligible",
        "email" => "is email, which is not eligible",
        "push" => "is Verify Push, which policy `verify_push` does not allow",
        "lookup_unlisted" => "is a package of Lookup that the guide does not list",
        _ => "is a service that is not on the list of eligible ones",
    };
    notes.fails("category", note);
}

fn positive(value: &Value) -> Option<Fact> {
    let number = match value {
        Value::Number(number) => number.as_f64(),
        Value::String(text) => text.trim().parse().ok(),
        _ => None,
    };
    number.map(|number: f64| Fact::Flag(number > 0.0))
}

fn class(value: &Value) -> Option<Fact> {
    value.as_str().map(|category| Fact::Words(vec![class_of(category).to_owned()]))
}

/// The class of a usage category, by the longest prefix; what stands in no row is `unlisted`.
///
/// The categories: `https://www.twilio.com/docs/usage/api/usage-record#usage-categories`.
fn class_of(category: &str) -> &'static str {
    let starts = |(prefix, _): &&(&str, &'static str)| category.starts_with(prefix);
    let row = CLASSES.iter().filter(starts).max_by_key(|(prefix, _)| prefix.len());
    row.map_or("unlisted", |(_, class)| class)
}

fn product(value: &Value) -> Option<Fact> {
    product_of(value.as_str()?).map(|product| Fact::Words(vec![product.to_owned()]))
}

/// The product that a usage category is of, by the longest prefix; none for what is of several, or of another.
fn product_of(category: &str) -> Option<&'static str> {
    let starts = |(prefix, _): &&(&str, &'static str)| category.starts_with(prefix);
    let row = PRODUCTS.iter().filter(starts).max_by_key(|(prefix, _)| prefix.len());
    row.map(|(_, product)| *product)
}

const PRODUCTS: &[(&str, &str)] = &[
    ("a2p", "messaging"),
    ("agent-conference", "voice"),
    ("amazon-polly", "voice"),
    ("answering-machine-detection", "voice"),
    ("calls", "voice"),
    ("call-progess-events", "voice"),
    ("channels", "messaging"),
    ("conversations", "chat"),
    ("cps", "voice"),
    ("group-rooms", "video"),
    ("ivr", "voice"),
    ("media-composer", "video"),
    ("mediastorage", "messaging"),
    ("mms", "messaging"),
    ("pchat", "chat"),
    ("peer-to-peer-rooms", "video"),
    ("pv", "video"),
    ("recordings", "voice"),
    ("recordingstorage", "voice"),
    ("rooms-group", "video"),
    ("shortcodes", "messaging"),
    ("sip", "voice"),
    ("small-group-rooms", "video"),
    ("sms", "messaging"),
    ("speech-recognition", "voice"),
    ("transcriptions", "voice"),
    ("trunking", "voice"),
    ("tts", "voice"),
    ("turnmegabytes", "video"),
    ("twilio-interconnect", "voice"),
    ("video", "video"),
    ("virtual-agent", "voice"),
    ("voice", "voice"),
];

const CLASSES: &[(&str, &str)] = &[
    ("a2p", "eligible"),
    ("agent-conference", "eligible"),
    ("amazon-polly", "eligible"),
    ("answering-machine-detection", "eligible"),
    ("authy-outbound-email", "email"),
    ("authy-phone-verifications", "eligible"),
    ("authy-calls-outbound", "eligible"),
    ("authy-sms-outbound", "eligible"),
    ("authy-verify-email", "email"),
    ("authy-verify-outbound-email", "email"),
    ("autopilot", "autopilot"),
    ("call-progess-events", "eligible"), // As the vendor spells it.
    ("calleridlookups", "lookup"),
    ("calls", "eligible"),
    ("carrier-lookups", "lookup"),
    ("channels-messenger", "messenger"),
    ("channels-whatsapp", "whatsapp"),
    ("conversations", "eligible"),
    ("cps", "eligible"),
    ("call-forwarding-lookups", "lookup_unlisted"),
    ("enhanced-line-type-lookups", "lookup"),
    ("events", "eligible"),
    ("flex-usage", "eligible"),
    ("fraud-lookups", "ai"),
    ("functions", "eligible"),
    ("group-rooms", "eligible"),
    ("identity-match", "lookup_unlisted"),
    ("ivr-virtual-agent-genai", "ai"),
    ("live-activity-lookups", "lookup_unlisted"),
    ("lookups", "lookup"),
    ("marketplace", "marketplace"),
    ("mediastorage", "eligible"),
    ("mms", "eligible"),
    ("monitor", "eligible"),
    ("number-format-lookups", "lookup"),
    ("pchat", "eligible"),
    ("phonenumbers", "eligible"),
    ("premiumsupport", "eligible"),
    ("pv", "eligible"),
    ("pv-rooms", "unlisted"), // Peer-to-peer rooms.
    ("recordings", "eligible"),
    ("recordingstorage", "eligible"),
    ("rooms-group", "eligible"),
    ("shortcodes", "eligible"),
    ("sim-swap-lookups", "lookup_unlisted"),
    ("small-group-rooms", "eligible"),
    ("sms", "eligible"),
    ("sms-messages-features-engagement-suite", "unlisted"),
    ("speech-recognition", "eligible"),
    ("studio", "eligible"),
    ("sync", "eligible"),
    ("taskrouter", "eligible"),
    ("totalprice", "eligible"),
    ("transcriptions", "eligible"),
    ("trunking", "eligible"),
    ("tts-google", "eligible"),
    ("turnmegabytes", "eligible"),
    ("twilio-interconnect", "eligible"),
    ("verify-push", "push"),
    ("verify-whatsapp", "whatsapp"),
    ("video-recordings", "eligible"),
    ("virtual-agent", "eligible"),
    ("voice-insights", "eligible"),
    ("voice-intelligence", "ai"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_category_has_the_class_of_its_longest_prefix() {
        let cases = [
            ("sms-inbound-longcode", "eligible"),
            ("sms-messages-features-engagement-suite", "unlisted"),
            ("channels-whatsapp-template-utility", "whatsapp"),
            ("channels-messenger-inbound", "messenger"),
            ("channels-messaging-inbound", "unlisted"),
            ("marketplace-payfone-tcpa-compliance", "marketplace"),
            ("voice-intelligence-operators", "ai"),
            ("voice-insights", "eligible"),
            ("authy-verify-email-verifications", "email"),
            ("authy-phone-intelligence", "unlisted"),
            ("sim-swap-lookups", "lookup_unlisted"),
            ("pv-room-participants-us1", "eligible"),
            ("pv-rooms", "unlisted"),
            ("wireless-usage", "unlisted"),
            ("a-service-of-tomorrow", "unlisted"),
        ];
        for (category, class) in cases {
            assert_eq!(class_of(category), class, "{category}");
        }
    }

    #[test]
    fn a_category_is_of_a_product() {
        let cases = [
            ("sms-inbound-longcode", Some("messaging")),
            ("calls-inbound", Some("voice")),
            ("calleridlookups", None),
            ("call-forwarding-lookups", None),
            ("video-recordings", Some("video")),
            ("pchat-users", Some("chat")),
            ("totalprice", None),
        ];
        for (category, product) in cases {
            assert_eq!(product_of(category), product, "{category}");
        }
    }

    #[test]
    fn only_what_was_used_is_judged() {
        assert_eq!(positive(&Value::from("0")), Some(Fact::Flag(false)));
        assert_eq!(positive(&Value::from("0.5")), Some(Fact::Flag(true)));
        assert_eq!(positive(&Value::Null), None);
    }
}
