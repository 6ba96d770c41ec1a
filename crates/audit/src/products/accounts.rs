//! The 2010 API: numbers, applications and keys, which every account has, and samples of its messages and calls.

use serde_json::Value;

use crate::check::{Check, Notes, Test, all, each, never};
use crate::fact::Keep::{Day, Filled, Number, Place, Text, Urls, With, Words};
use crate::fact::{Fact, place_of};
use crate::limits::KEY_DAYS;
use crate::observations::Item;
use crate::provider::Provider;
use crate::resource::Resource;

/// Methods by which the platform calls back.
pub const METHODS: &[&str] = &["GET", "POST"];

/// The account itself.
pub static ACCOUNT: Resource = Resource::one("Account", "api", "/2010-04-01/Accounts/{account}.json")
    .keep(&[("status", Words(&["active", "suspended", "closed"]))]);

/// Telephone numbers and what happens when they are called or written to.
pub static NUMBERS: Resource = Resource::list(
    "IncomingPhoneNumbers",
    "api",
    "/2010-04-01/Accounts/{account}/IncomingPhoneNumbers.json",
    "incoming_phone_numbers",
)
.keep(&[
    ("phone_number", Place),
    ("voice_url", Urls),
    ("voice_fallback_url", Urls),
    ("status_callback", Urls),
    ("sms_url", Urls),
    ("sms_fallback_url", Urls),
    ("sms_method", Words(METHODS)),
    ("sms_fallback_method", Words(METHODS)),
]);

/// Short codes.
pub static SHORT_CODES: Resource =
    Resource::list("ShortCodes", "api", "/2010-04-01/Accounts/{account}/SMS/ShortCodes.json", "short_codes")
        .keep(&[
            ("sms_url", Urls),
            ("sms_fallback_url", Urls),
            ("sms_method", Words(METHODS)),
            ("sms_fallback_method", Words(METHODS)),
        ]);

/// TwiML applications.
pub static APPLICATIONS: Resource =
    Resource::list("Applications", "api", "/2010-04-01/Accounts/{account}/Applications.json", "applications")
        .keep(&[
            ("voice_url", Urls),
            ("voice_fallback_url", Urls),
            ("status_callback", Urls),
            ("sms_url", Urls),
            ("sms_fallback_url", Urls),
            ("sms_status_callback", Urls),
            ("message_status_callback", Urls),
            ("sms_method", Words(METHODS)),
            ("sms_fallback_method", Words(METHODS)),
        ]);

/// Apps by which others act for the account.
pub static CONNECT_APPS: Resource =
    Resource::list("ConnectApps", "api", "/2010-04-01/Accounts/{account}/ConnectApps.json", "connect_apps")
        .keep(&[("authorize_redirect_url", Urls), ("deauthorize_callback_url", Urls)]);

/// What is called when usage passes a mark.
pub static USAGE_TRIGGERS: Resource = Resource::list(
    "UsageTriggers",
    "api",
    "/2010-04-01/Accounts/{account}/Usage/Triggers.json",
    "usage_triggers",
)
.keep(&[("callback_url", Urls)]);

/// API keys.
pub static KEYS: Resource = Resource::list("Keys", "api", "/2010-04-01/Accounts/{account}/Keys.json", "keys")
    .keep(&[("date_created", Day)]);

/// API keys as the newer API lists them, restricted ones among them.
pub static IAM_KEYS: Resource =
    Resource::list("IAM Keys", "iam", "/v1/Keys?AccountSid={account}", "keys").keep(&[("date_created", Day)]);

/// One of them, with what it is restricted to.
pub static IAM_KEY: Resource =
    Resource::one("IAM Key", "iam", "/v1/Keys/{1}").under(&IAM_KEYS).keep(&[("policy", Filled)]);

/// Accounts that are linked to the customer's Organization. Its API takes a token of the Organization.
pub static ORGANIZATION: Resource = Resource::list(
    "Organization Accounts",
    "preview-iam",
    "/Organizations/{organization}/Accounts",
    "content",
)
.id("account_sid");

/// Public keys by which signed requests are checked.
pub static PUBLIC_KEYS: Resource =
    Resource::list("PublicKeys", "accounts", "/v1/Credentials/PublicKeys", "credentials");

const STATES: &[&str] = &[
    "queued",
    "sending",
    "sent",
    "failed",
    "delivered",
    "undelivered",
    "receiving",
    "received",
    "accepted",
    "scheduled",
    "read",
    "partially_delivered",
    "canceled",
];

/// Messages, newest first.
pub static MESSAGES: Resource =
    Resource::list("Messages", "api", "/2010-04-01/Accounts/{account}/Messages.json", "messages")
        .sample()
        .keep(&[
            ("to", With(address)),
            ("from", With(address)),
            ("body", Text),
            ("num_media", Number),
            ("direction", Words(&["inbound", "outbound-api", "outbound-call", "outbound-reply"])),
            ("status", Words(STATES)),
            ("date_created", Day),
            ("error_code", Filled),
            ("tags", Text),
        ]);

/// What this file reads.
pub static RESOURCES: &[&Resource] = &[
    &ACCOUNT,
    &NUMBERS,
    &SHORT_CODES,
    &APPLICATIONS,
    &CONNECT_APPS,
    &USAGE_TRIGGERS,
    &KEYS,
    &IAM_KEYS,
    &IAM_KEY,
    &ORGANIZATION,
    &PUBLIC_KEYS,
    &MESSAGES,
];

const LINKED: Test = all(&ORGANIZATION, |accounts, notes| {
    let own = &notes.subject().id;
    let linked = accounts.iter().any(|account| account.id == *own);
    notes.wants(
        linked,
        "account_sid",
        "has no account of this SID, though it was designated by self-service",
    );
});
/// No key is older than [`KEY_DAYS`] (D-KEY-2).
pub const KEY_AGE: Test = each(&KEYS, key_age);
/// As [`KEY_AGE`], for the keys that only the newer API lists.
pub const IAM_KEY_AGE: Test = each(&IAM_KEYS, key_age);
/// Software has keys of its own.
pub const HAS_KEY: Test = all(&KEYS, |keys, notes| {
    notes.wants(!keys.is_empty(), "", "there is no API key, so software uses the account's own token");
});
/// Every key is restricted to what it needs.
pub const KEY_RESTRICTED: Test = each(&IAM_KEY, |key, notes| {
    notes.wants_flag(key, "policy", "is not a restricted key: it may do whatever the account may");
});
/// No identifiers of persons in the texts of messages.
pub const MESSAGE_TEXT: Test = each(&MESSAGES, |message, notes| {
    clean(message, "body", notes, "identifiers of persons stand in the text of a message");
});
/// Messages are not tagged.
pub const NO_TAGS: Test = never(&MESSAGES, |message, notes| {
    if message.found("tags").is_some() {
        notes.fails("tags", "is tagged, and message tagging is not eligible");
    }
});

const ACCOUNTS: &[Provider] = &[Provider::Twilio, Provider::SignalWire, Provider::Switchward];
const TWILIO: &[Provider] = &[Provider::Twilio];
const OTHERS: &[Provider] = &[Provider::SignalWire, Provider::Switchward];
const MFA: &str = "that people sign in with a second factor, and that nobody shares the account's own token";
const ROLES: &str = "which people have which role, and the written procedure of each channel and flow";
const WORKFORCE: &str = "training, sanctions and leaving, and that people who left have no access";

/// What this file settles.
pub static CHECKS: &[Check] = &[
    Check::new(
        "GEN-PKCV-1",
        &[all(&PUBLIC_KEYS, |keys, notes| {
            notes.wants(!keys.is_empty(), "", "there is no public key, so no request can be signed with one");
        })],
    )
    .leaves("that requests are signed with the key and others are refused"),
    // For accounts that were designated by self-service; of the others it is said before that they are not meant.
    Check::new("DES-SELF-1", &[LINKED]).on(TWILIO),
    Check::new("DES-SELF-2", &[LINKED])
        .on(TWILIO)
        .leaves("that the vendor lets you designate each linked account"),
    Check::new("ART-RESTR-SMS", &[MESSAGE_TEXT]).on(ACCOUNTS),
    Check::new("ART-CTRL-ACCESS", &[KEY_RESTRICTED]).on(ACCOUNTS).leaves(ROLES),
    Check::new("ART-CTRL-AUTHN", &[HAS_KEY, KEY_AGE, IAM_KEY_AGE]).on(TWILIO).leaves(MFA),
    Check::new("ART-CTRL-AUTHN", &[HAS_KEY, KEY_AGE]).on(OTHERS).leaves(MFA),
    Check::new("ART-WORK-1", &[KEY_AGE, IAM_KEY_AGE]).on(TWILIO).leaves(WORKFORCE),
    Check::new("ART-WORK-1", &[KEY_AGE]).on(OTHERS).leaves(WORKFORCE),
];

fn key_age(key: &Item, notes: &mut Notes<'_>) {
    let young = key.day("date_created").is_some_and(|day| notes.today().days_since(day) <= KEY_DAYS);
    notes.wants(young, "date_created", "is older than 90 days, or does not say how old it is (D-KEY-2)");
}

/// No identifiers of persons were found in a text, where there was one.
pub fn clean(item: &Item, field: &str, notes: &mut Notes<'_>, note: &'static str) {
    if let Some(classes) = item.found(field) {
        notes.wants(classes.is_empty(), field, note);
    }
}

/// Where an address belongs, and `masked` besides when its last four digits are hidden.
///
/// The area code of a masked number is still there, so it can be judged with zeros in place of what is hidden.
pub fn address(value: &Value) -> Option<Fact> {
    let text = value.as_str().filter(|text| !text.is_empty())?;
    let lower = text.to_ascii_lowercase();
    let words = match lower.strip_suffix("xxxx").filter(|rest| rest.starts_with('+')) {
        Some(rest) => vec![place_of(&format!("{rest}0100")).to_owned(), "masked".to_owned()],
        None => vec![place_of(text).to_owned()],
    };
    Some(Fact::Words(words))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_masked_number_keeps_its_place() {
        let words = |text: &str| crate::fact::words(address(&Value::from(text)));
        assert_eq!(words("+1415555XXXX"), ["us", "masked"]);
        assert_eq!(words("+1416555XXXX"), ["canada", "masked"]);
        assert_eq!(words("+14155550100"), ["us"]);
        assert_eq!(words("whatsapp:+14155550100"), ["whatsapp"]);
        assert_eq!(words("HOSPITAL"), ["name"]);
        assert!(words("").is_empty());
    }
}
