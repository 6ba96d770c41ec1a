//! Programmable Messaging: services and their senders, other channels, and the countries that may be written to.

use super::accounts::{self, APPLICATIONS, MESSAGES, METHODS, NUMBERS, SHORT_CODES};
use super::conversations::SERVICES as CONVERSATIONS_SERVICES;
use super::hosts;
use super::runtime::FLOWS;
use crate::check::{Check, Notes, Test, each, never};
use crate::fact::Keep::{Flag, Length, Urls, Words};
use crate::limits::{ERRORS_OF, ERRORS_PERCENT, REDACTED_DAYS};
use crate::observations::Item;
use crate::provider::Provider;
use crate::resource::Resource;

/// The United States, and the territories that policy `us_territories` is about.
const COUNTRIES: &[&str] = &["US", "PR", "VI", "GU", "AS", "MP"];

/// Messaging Services.
pub static SERVICES: Resource = Resource::list("Messaging Services", "messaging", "/v1/Services", "services")
    .keep(&[
        ("inbound_request_url", Urls),
        ("inbound_method", Words(METHODS)),
        ("fallback_url", Urls),
        ("fallback_method", Words(METHODS)),
        ("status_callback", Urls),
        ("sticky_sender", Flag),
        ("fallback_to_long_code", Flag),
        ("scan_message_content", Words(&["inherit", "enable", "disable"])),
    ]);

/// Long codes and toll-free numbers among a service's senders.
pub static SERVICE_NUMBERS: Resource = Resource::list(
    "Messaging Service PhoneNumbers",
    "messaging",
    "/v1/Services/{1}/PhoneNumbers",
    "phone_numbers",
)
.under(&SERVICES)
.keep(&[("country_code", Words(COUNTRIES))]);

/// Short codes among a service's senders.
pub static SERVICE_SHORT_CODES: Resource =
    Resource::list("Messaging Service ShortCodes", "messaging", "/v1/Services/{1}/ShortCodes", "short_codes")
        .under(&SERVICES)
        .keep(&[("country_code", Words(COUNTRIES))]);

/// Alphanumeric senders of a service.
pub static ALPHA_SENDERS: Resource = Resource::list(
    "Messaging Service AlphaSenders",
    "messaging",
    "/v1/Services/{1}/AlphaSenders",
    "alpha_senders",
)
.under(&SERVICES)
.keep(&[("alpha_sender", Length)]);

/// Senders of a service on other channels.
pub static CHANNEL_SENDERS: Resource = Resource::list(
    "Messaging Service ChannelSenders",
    "messaging",
    "/v1/Services/{1}/ChannelSenders",
    "senders",
)
.under(&SERVICES)
.keep(&[("sender_type", Words(&["WhatsApp", "Messenger", "RCS"]))]);

/// The account's senders on WhatsApp.
pub static WHATSAPP_SENDERS: Resource = Resource::list(
    "Channels Senders (whatsapp)",
    "messaging",
    "/v2/Channels/Senders?Channel=whatsapp",
    "senders",
)
.keep(SENDER);

/// The account's senders on RCS.
pub static RCS_SENDERS: Resource =
    Resource::list("Channels Senders (rcs)", "messaging", "/v2/Channels/Senders?Channel=rcs", "senders")
        .keep(SENDER);

const SENDER: &[(&str, crate::fact::Keep)] =
    &[("webhook.callback_url", Urls), ("webhook.fallback_url", Urls), ("webhook.status_callback_url", Urls)];

/// Countries to which messages may be sent.
pub static GEO_PERMISSIONS: Resource =
    Resource::list("Messaging GeoPermissions", "accounts", "/v1/Messaging/GeoPermissions", "permissions")
        .id("country_code")
        .whole()
        .keep(&[("country_code", Words(COUNTRIES)), ("enabled", Flag)]);

/// What this file reads.
pub static RESOURCES: &[&Resource] = &[
    &SERVICES,
    &SERVICE_NUMBERS,
    &SERVICE_SHORT_CODES,
    &ALPHA_SENDERS,
    &CHANNEL_SENDERS,
    &WHATSAPP_SENDERS,
    &RCS_SENDERS,
    &GEO_PERMISSIONS,
];

/// Only the United States may be written to.
pub const GEO_COUNTRIES: Test = each(&GEO_PERMISSIONS, |permission, notes| {
    if permission.is("enabled") {
        in_country(permission, notes, "is a country outside the United States to which messages may be sent");
    }
});
/// Messages went to and came from the United States (D-GEO-1: settings never prove it).
pub const GEO_MESSAGES: Test = each(&MESSAGES, message_places);
/// The account's own numbers are of the United States.
pub const GEO_NUMBERS: Test = each(&NUMBERS, |number, notes| {
    in_place(number, "phone_number", notes, "is not a number of the United States");
});
const GEO_SERVICE_NUMBERS: Test = each(&SERVICE_NUMBERS, |number, notes| {
    in_country(number, notes, "is not a number of the United States");
});
const GEO_SERVICE_CODES: Test = each(&SERVICE_SHORT_CODES, |code, notes| {
    in_country(code, notes, "is not a short code of the United States");
});
const NO_ALPHA: Test = never(&ALPHA_SENDERS, |_, notes| {
    notes.fails("alpha_sender", "is an alphanumeric sender, which has no area code");
});

/// No sender on another channel is attached to a service.
pub const NO_CHANNEL_SENDERS: Test = never(&CHANNEL_SENDERS, |_, notes| {
    notes.fails("sender_type", "is a sender on a channel that is not eligible");
});
/// The account has no sender on WhatsApp.
pub const NO_WHATSAPP: Test = never(&WHATSAPP_SENDERS, |_, notes| {
    notes.fails("", "is a sender on WhatsApp, which is not eligible");
});
/// The account has no sender on RCS.
pub const NO_RCS: Test = never(&RCS_SENDERS, |_, notes| {
    notes.fails("", "is a sender on RCS, which is not on the list of eligible channels");
});
/// No message went to or came from another channel.
pub const NO_CHANNEL_MESSAGES: Test = never(&MESSAGES, |message, notes| {
    for field in ["to", "from"] {
        let other = ["whatsapp", "messenger", "client", "sip", "email", "other"];
        if other.iter().any(|place| message.says(field, place)) {
            notes.fails(field, "belongs to a channel that is not eligible");
        }
    }
});

/// Bots and other receivers of messages are registered: numbers.
pub const BOTS_OF_NUMBERS: Test = each(&NUMBERS, hosts::messages_registered);
/// As [`BOTS_OF_NUMBERS`]: short codes.
pub const BOTS_OF_CODES: Test = each(&SHORT_CODES, hosts::messages_registered);
/// As [`BOTS_OF_NUMBERS`]: applications.
pub const BOTS_OF_APPS: Test = each(&APPLICATIONS, hosts::messages_registered);
/// As [`BOTS_OF_NUMBERS`]: Messaging Services.
pub const BOTS_OF_SERVICES: Test = each(&SERVICES, hosts::messages_registered);

/// No number leads to Autopilot.
pub const AUTOPILOT_NUMBERS: Test = never(&NUMBERS, hosts::not_autopilot);
/// No short code leads to Autopilot.
pub const AUTOPILOT_CODES: Test = never(&SHORT_CODES, hosts::not_autopilot);
/// No application leads to Autopilot.
pub const AUTOPILOT_APPS: Test = never(&APPLICATIONS, hosts::not_autopilot);
/// No Messaging Service leads to Autopilot.
pub const AUTOPILOT_SERVICES: Test = never(&SERVICES, hosts::not_autopilot);

/// Webhooks of numbers carry messages by POST (D-RED-3).
const POST_NUMBERS: Test = each(&NUMBERS, sms_by_post);
const POST_CODES: Test = each(&SHORT_CODES, sms_by_post);
const POST_APPS: Test = each(&APPLICATIONS, sms_by_post);
const POST_SERVICES: Test = each(&SERVICES, |service, notes| {
    by_post(service, "inbound_request_url", "inbound_method", notes);
    by_post(service, "fallback_url", "fallback_method", notes);
});

const NO_BODY: Test = each(&MESSAGES, |message, notes| {
    if is_over(message, notes) {
        notes.wants(
            message.found("body").is_none(),
            "body",
            "still has its text, days after it was transmitted",
        );
    }
});
const MASKED: Test = each(&MESSAGES, |message, notes| {
    if is_over(message, notes) && has_number(message, counterparty(message)) {
        let field = counterparty(message);
        notes.wants(message.says(field, "masked"), field, "shows the whole number of the other side");
    }
});
/// Settings that cannot work with masked numbers (D-RED-2).
const MASKABLE: Test = each(&SERVICES, |service, notes| {
    let note = "keeps whole numbers, so it does not work with redaction of numbers (D-RED-2)";
    for field in ["sticky_sender", "fallback_to_long_code"] {
        notes.wants(!service.is(field), field, note);
    }
});
const WITHOUT_REDACTION: &[&Resource] = &[&FLOWS, &CONVERSATIONS_SERVICES];
const REDACTED: Test = each(&MESSAGES, |message, notes| {
    if !is_over(message, notes) {
        return;
    }
    let field = counterparty(message);
    let whole_number = has_number(message, field) && !message.says(field, "masked");
    let redacted = message.found("body").is_none() && !whole_number;
    // D-RED-4: there the vendor's redaction cannot be had, so it is not what is asked for.
    let impossible = WITHOUT_REDACTION.iter().any(|other| !notes.items(other).is_empty());
    let note = if impossible {
        "is kept; redaction does not work with Studio, Flex and Conversations, which this account has (D-RED-4): \
         either keep PHI out of its messages or send them from an account without those"
    } else {
        "is kept in full: redaction of text and of numbers is not both on"
    };
    notes.wants(redacted, "", note);
})
.also(WITHOUT_REDACTION);

const TWILIO: &[Provider] = &[Provider::Twilio];
const SWITCHWARD: &[Provider] = &[Provider::Switchward];
const OURS_AND_TWILIO: &[Provider] = &[Provider::Twilio, Provider::Switchward];
const SIGNALWIRE: &[Provider] = &[Provider::SignalWire];
const ELSEWHERE: &str = "what is set up outside the compatibility API, which shows no more";
const OPT_OUT: &str =
    "that opt-outs work with masked numbers: the vendor's own STOP handling keeps whole ones (D-RED-1)";

/// What this file settles.
pub static CHECKS: &[Check] = &[
    Check::new(
        "SMS-ELIG-1",
        &[
            super::usage::MESSAGING_LISTED,
            NO_CHANNEL_SENDERS,
            NO_WHATSAPP,
            NO_RCS,
            NO_CHANNEL_MESSAGES,
            NO_ALPHA,
        ],
    )
    .on(OURS_AND_TWILIO),
    Check::new("SMS-ELIG-1", &[super::usage::MESSAGING_LISTED, NO_CHANNEL_MESSAGES])
        .on(SIGNALWIRE)
        .leaves(ELSEWHERE),
    Check::new(
        "SMS-GEO-1",
        &[GEO_COUNTRIES, GEO_MESSAGES, GEO_NUMBERS, GEO_SERVICE_NUMBERS, GEO_SERVICE_CODES, NO_ALPHA],
    )
    .on(OURS_AND_TWILIO),
    Check::new("SMS-GEO-1", &[GEO_MESSAGES, GEO_NUMBERS]).on(SIGNALWIRE).leaves(ELSEWHERE),
    Check::new("SMS-GEO-2", &[GEO_COUNTRIES]),
    Check::new("SMS-REDACT-1", &[NO_BODY, POST_NUMBERS, POST_CODES, POST_APPS, POST_SERVICES])
        .on(OURS_AND_TWILIO),
    Check::new("SMS-REDACT-1", &[NO_BODY, POST_NUMBERS, POST_APPS]).on(SIGNALWIRE).leaves(ELSEWHERE),
    // Here stickiness and opt-outs are kept by keyed digests, so D-RED-1 and D-RED-2 do not arise.
    Check::new("SMS-REDACT-2", &[MASKED]).on(SWITCHWARD),
    Check::new("SMS-REDACT-2", &[MASKED, MASKABLE]).on(TWILIO).leaves(OPT_OUT),
    Check::new("SMS-REDACT-2", &[MASKED]).on(SIGNALWIRE).leaves(OPT_OUT),
    Check::new("SMS-REDACT-3", &[REDACTED]),
    Check::new("SMS-AUTOP-1", &[AUTOPILOT_NUMBERS, AUTOPILOT_CODES, AUTOPILOT_APPS, AUTOPILOT_SERVICES])
        .on(OURS_AND_TWILIO),
    Check::new("SMS-AUTOP-1", &[AUTOPILOT_NUMBERS, AUTOPILOT_APPS]).on(SIGNALWIRE),
    Check::new("SMS-BOT-1", &[BOTS_OF_NUMBERS, BOTS_OF_CODES, BOTS_OF_APPS, BOTS_OF_SERVICES])
        .on(OURS_AND_TWILIO),
    Check::new("SMS-BOT-1", &[BOTS_OF_NUMBERS, BOTS_OF_APPS]).on(SIGNALWIRE).leaves(ELSEWHERE),
    Check::new("SMS-CHAN-1", &[NO_CHANNEL_SENDERS, NO_WHATSAPP, NO_RCS, NO_CHANNEL_MESSAGES])
        .on(OURS_AND_TWILIO),
    Check::new("SMS-CHAN-1", &[NO_CHANNEL_MESSAGES]).on(SIGNALWIRE).leaves(ELSEWHERE),
    Check::new("SMS-TAG-1", &[accounts::NO_TAGS]).on(OURS_AND_TWILIO).leaves(TAGS),
    Check::new(
        "SMS-TAG-2",
        &[never(&MESSAGES, |message, notes| {
            accounts::clean(message, "tags", notes, "identifiers of persons stand in a tag");
        })],
    )
    .on(OURS_AND_TWILIO)
    .leaves(TAGS),
    Check::new("DES-ELIG-2", &[super::usage::INVENTORY, NO_CHANNEL_MESSAGES, NO_CHANNEL_SENDERS])
        .on(OURS_AND_TWILIO),
    Check::new("DES-ELIG-2", &[super::usage::INVENTORY, NO_CHANNEL_MESSAGES])
        .on(SIGNALWIRE)
        .leaves(ELSEWHERE),
    Check::new(
        "CHG-MOD-1",
        &[each(&SERVICES, |service, notes| {
            let scans = service.says("scan_message_content", "enable");
            notes.wants(!scans, "scan_message_content", "has its content scanned for moderation");
        })],
    )
    .leaves("what the account's own setting is, where services inherit it"),
    Check::new("CHG-MOD-2", &[each(&accounts::ACCOUNT, error_rate).also(&[&MESSAGES])])
        .leaves("that no carrier or consumer has complained"),
];

const TAGS: &str = "that no message is tagged, where the API does not show tags";

fn allows_territories(notes: &Notes<'_>) -> bool {
    notes.policy("us_territories") == "include"
}

fn in_country(item: &Item, notes: &mut Notes<'_>, note: &'static str) {
    let holds = match item.word("country_code") {
        Some("US") => true,
        Some("other") | None => false,
        Some(_) => allows_territories(notes),
    };
    notes.wants(holds, "country_code", note);
}

/// A telephone number belongs to the United States; addresses of other channels are another rule's.
pub fn in_place(item: &Item, field: &str, notes: &mut Notes<'_>, note: &'static str) {
    if let Some(holds) = is_us(item, field, notes) {
        notes.wants(holds, field, note);
    }
}

/// Whether an address is of the United States; none when it is no telephone number.
fn is_us(item: &Item, field: &str, notes: &Notes<'_>) -> Option<bool> {
    match item.word(field)? {
        "us" | "toll_free" | "short_code" => Some(true),
        "territory" => Some(allows_territories(notes)),
        "canada" | "elsewhere" | "premium" | "name" => Some(false),
        _ => None,
    }
}

fn message_places(message: &Item, notes: &mut Notes<'_>) {
    // An inbound message cannot be kept from arriving; it must not stay readable (policy `foreign_inbound`).
    let empty = message.found("body").is_none() && message.number("num_media").unwrap_or_default() == 0;
    if message.says("direction", "inbound") && empty {
        return notes.holds();
    }
    for field in ["to", "from"] {
        in_place(message, field, notes, "does not belong to an area code of the United States");
    }
}

/// Which member holds the other side's address.
fn counterparty(message: &Item) -> &'static str {
    if message.says("direction", "inbound") { "from" } else { "to" }
}

fn has_number(message: &Item, field: &str) -> bool {
    ["us", "territory", "toll_free", "canada", "elsewhere", "premium"]
        .iter()
        .any(|place| message.says(field, place))
}

/// Whether a message is done with for so long that redaction has had its time.
fn is_over(message: &Item, notes: &Notes<'_>) -> bool {
    let done = ["sent", "failed", "delivered", "undelivered", "received", "read", "canceled"];
    let old = |day| notes.today().days_since(day) >= REDACTED_DAYS;
    done.iter().any(|state| message.says("status", state)) && message.day("date_created").is_none_or(old)
}

fn sms_by_post(item: &Item, notes: &mut Notes<'_>) {
    by_post(item, "sms_url", "sms_method", notes);
    by_post(item, "sms_fallback_url", "sms_fallback_method", notes);
}

fn by_post(item: &Item, url: &str, method: &str, notes: &mut Notes<'_>) {
    if !item.urls(url).is_empty() {
        notes.wants(
            item.says(method, "POST"),
            method,
            "carries texts in URLs, which are logged for days, so redaction has no effect (D-RED-3)",
        );
    }
}

fn error_rate(_: &Item, notes: &mut Notes<'_>) {
    let messages = notes.items(&MESSAGES);
    let failed = messages.iter().filter(|message| message.is("error_code")).count();
    let many = messages.len() >= ERRORS_OF && failed * 100 > messages.len() * ERRORS_PERCENT;
    notes.wants(!many, "", "has many failed messages among the newest, for which content may be reviewed");
}
