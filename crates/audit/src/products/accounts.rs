//! The 2010 API's numbers and applications, keys: the settings every account has.

use crate::check::{Check, each};
use crate::fact::Keep::{Day, Urls, Words};
use crate::resource::Resource;

const METHODS: &[&str] = &["GET", "POST"];

/// Telephone numbers and what happens when they are called.
pub static NUMBERS: Resource = Resource::list(
    "IncomingPhoneNumbers",
    "api",
    "/2010-04-01/Accounts/{account}/IncomingPhoneNumbers.json",
    "incoming_phone_numbers",
)
.keep(&[
    ("voice_url", Urls),
    ("voice_fallback_url", Urls),
    ("status_callback", Urls),
    ("sms_url", Urls),
    ("sms_fallback_url", Urls),
    ("sms_method", Words(METHODS)),
    ("sms_fallback_method", Words(METHODS)),
]);

/// API keys.
pub static KEYS: Resource = Resource::list("Keys", "api", "/2010-04-01/Accounts/{account}/Keys.json", "keys")
    .keep(&[("date_created", Day)]);

/// What this file reads.
pub static RESOURCES: &[&Resource] = &[&NUMBERS, &KEYS];

const NUMBER_URLS: &[&str] =
    &["voice_url", "voice_fallback_url", "status_callback", "sms_url", "sms_fallback_url"];

/// What this file settles.
pub static CHECKS: &[Check] = &[Check::new(
    "GEN-HTTPS-2",
    &[each(&NUMBERS, |number, notes| {
        notes.wants_urls(number, NUMBER_URLS, "is not an https URL", |url| url.is_encrypted());
    })],
)];
