//! Conversations, and Frontline, which is built on it: addresses, participants and where events go.

use super::accounts::{self, METHODS};
use super::chat;
use super::hosts;
use super::messaging;
use super::runtime;
use crate::check::{Check, Notes, Test, each, never};
use crate::fact::Keep::{Text, Urls, Words};
use crate::observations::Item;
use crate::resource::Resource;

const CHANNELS: &[&str] = &["sms", "mms", "chat", "whatsapp", "messenger", "email", "gbm", "apple", "rcs"];

/// Addresses at which conversations begin by themselves.
pub static ADDRESSES: Resource = Resource::list(
    "Conversations Addresses",
    "conversations",
    "/v1/Configuration/Addresses",
    "address_configurations",
)
.keep(&[("type", Words(CHANNELS)), ("auto_creation.webhook_url", Urls)]);

/// Where events of all conversations go.
pub static WEBHOOKS: Resource =
    Resource::one("Conversations Webhooks", "conversations", "/v1/Configuration/Webhooks")
        .id("account_sid")
        .keep(&[("method", Words(METHODS)), ("pre_webhook_url", Urls), ("post_webhook_url", Urls)]);

/// Conversations Services.
pub static SERVICES: Resource =
    Resource::list("Conversations Services", "conversations", "/v1/Services", "services");

/// Where events of a service's conversations go.
pub static SERVICE_WEBHOOKS: Resource = Resource::one(
    "Conversations Service Webhooks",
    "conversations",
    "/v1/Services/{1}/Configuration/Webhooks",
)
.under(&SERVICES)
.id("chat_service_sid")
.keep(&[("method", Words(METHODS)), ("pre_webhook_url", Urls), ("post_webhook_url", Urls)]);

/// Conversations.
pub static CONVERSATIONS: Resource =
    Resource::list("Conversations", "conversations", "/v1/Services/{1}/Conversations", "conversations")
        .under(&SERVICES)
        .sample()
        .keep(&[("friendly_name", Text), ("unique_name", Text), ("attributes", Text)]);

/// Where events of one conversation go.
pub static SCOPED_WEBHOOKS: Resource = Resource::list(
    "Conversation Webhooks",
    "conversations",
    "/v1/Services/{2}/Conversations/{1}/Webhooks",
    "webhooks",
)
.under(&CONVERSATIONS)
.sample()
.keep(&[("target", Words(&["webhook", "studio", "trigger"])), ("configuration.url", Urls)]);

/// Who takes part in a conversation, and through which channel.
pub static PARTICIPANTS: Resource = Resource::list(
    "Conversation Participants",
    "conversations",
    "/v1/Services/{2}/Conversations/{1}/Participants",
    "participants",
)
.under(&CONVERSATIONS)
.sample()
.keep(&[("messaging_binding.type", Words(CHANNELS))]);

/// What was said.
pub static MESSAGES: Resource = Resource::list(
    "Conversation Messages",
    "conversations",
    "/v1/Services/{2}/Conversations/{1}/Messages",
    "messages",
)
.under(&CONVERSATIONS)
.sample()
.keep(&[("body", Text), ("subject", Text), ("attributes", Text)]);

/// What this file reads.
pub static RESOURCES: &[&Resource] = &[
    &ADDRESSES,
    &WEBHOOKS,
    &SERVICES,
    &SERVICE_WEBHOOKS,
    &CONVERSATIONS,
    &SCOPED_WEBHOOKS,
    &PARTICIPANTS,
    &MESSAGES,
];

const CHANNELS_OF_ADDRESSES: Test = each(&ADDRESSES, |address, notes| {
    on_channel(address, "type", notes);
});
const CHANNELS_OF_PARTICIPANTS: Test = each(&PARTICIPANTS, |participant, notes| {
    on_channel(participant, "messaging_binding.type", notes);
});
const NO_WHATSAPP_ADDRESSES: Test = never(&ADDRESSES, |address, notes| {
    off_whatsapp(address, "type", notes);
});
const NO_WHATSAPP_PARTICIPANTS: Test = never(&PARTICIPANTS, |participant, notes| {
    off_whatsapp(participant, "messaging_binding.type", notes);
});

const AUTOPILOT: &[Test] = &[
    never(&WEBHOOKS, hosts::not_autopilot),
    never(&SERVICE_WEBHOOKS, hosts::not_autopilot),
    never(&SCOPED_WEBHOOKS, hosts::not_autopilot),
    never(&ADDRESSES, hosts::not_autopilot),
    runtime::NO_AUTOPILOT_WIDGET,
];
const BOTS: &[Test] = &[
    each(&WEBHOOKS, hosts::registered),
    each(&SERVICE_WEBHOOKS, hosts::registered),
    each(&SCOPED_WEBHOOKS, hosts::registered),
    each(&ADDRESSES, hosts::registered),
];

/// Required settings of the channels that conversations use: SMS-GEO-1 and CHAT-PRIV-1 (SMS-MMS-1 is a probe).
const INHERITED_REQUIRED: &[Test] =
    &[messaging::GEO_COUNTRIES, messaging::GEO_MESSAGES, messaging::GEO_NUMBERS, chat::PRIVATE];
/// Their special considerations: SMS-GEO-2, SMS-BOT-1, CHAT-3P-1 and CHAT-BOT-1.
const INHERITED_SPECIAL: &[Test] = &[
    messaging::GEO_COUNTRIES,
    messaging::BOTS_OF_NUMBERS,
    messaging::BOTS_OF_CODES,
    messaging::BOTS_OF_SERVICES,
    chat::SERVICE_PARTIES,
    chat::CHANNEL_PARTIES,
];
/// What is not eligible on them: SMS-CHAN-1, SMS-AUTOP-1, SMS-TAG-1, SMS-MKT-1 and CHAT-AUTOP-1.
const INHERITED_INELIGIBLE: &[Test] = &[
    messaging::NO_CHANNEL_SENDERS,
    messaging::NO_WHATSAPP,
    messaging::NO_CHANNEL_MESSAGES,
    messaging::AUTOPILOT_NUMBERS,
    messaging::AUTOPILOT_SERVICES,
    accounts::NO_TAGS,
    super::usage::NO_MARKETPLACE,
    chat::SERVICE_AUTOPILOT,
    chat::CHANNEL_AUTOPILOT,
];
const CHANNELS_USED: &[Test] = &[CHANNELS_OF_ADDRESSES, CHANNELS_OF_PARTICIPANTS];
const WHATSAPP: &[Test] = &[NO_WHATSAPP_ADDRESSES, NO_WHATSAPP_PARTICIPANTS];
/// D-RED-4: it would be demanding the impossible.
const REDACTION: &str =
    "how texts are protected in conversations, with which the vendor's redaction does not work (D-RED-4)";

/// What this file settles.
pub static CHECKS: &[Check] = &[
    Check::new("CONV-CHAN-1", CHANNELS_USED),
    Check::new("CONV-INH-1", INHERITED_REQUIRED),
    Check::new("CONV-INH-2", INHERITED_SPECIAL).leaves(REDACTION),
    Check::new("CONV-INH-3", INHERITED_INELIGIBLE),
    Check::new("CONV-WA-1", WHATSAPP),
    Check::new("CONV-AUTOP-1", AUTOPILOT),
    Check::new("CONV-BOT-1", BOTS),
    // Frontline has no list of its users; what they use are conversations.
    Check::new("FRON-CHAN-1", CHANNELS_USED),
    Check::new("FRON-INH-1", INHERITED_REQUIRED),
    Check::new("FRON-INH-2", INHERITED_SPECIAL).leaves(REDACTION),
    Check::new("FRON-INH-3", INHERITED_INELIGIBLE),
    Check::new("FRON-WA-1", WHATSAPP),
    Check::new(
        "ART-RESTR-CHAT",
        &[
            each(&MESSAGES, |message, notes| {
                accounts::clean(message, "body", notes, "identifiers of persons stand in what was said");
            }),
            chat::TEXT,
        ],
    ),
    Check::new(
        "ART-RESTR-SUBJ",
        &[never(&MESSAGES, |message, notes| {
            accounts::clean(
                message,
                "subject",
                notes,
                "identifiers of persons stand in the subject of a mail",
            );
        })],
    )
    .leaves("subjects of mail that leaves by other ways"),
];

/// A channel is SMS or chat; MMS by policy `conversations_mms`. A participant without a binding is in the chat.
fn on_channel(item: &Item, field: &str, notes: &mut Notes<'_>) {
    let holds = match item.word(field) {
        Some("sms" | "chat") | None => true,
        Some("mms") => notes.policy("conversations_mms") == "allow",
        Some(_) => false,
    };
    notes.wants(holds, field, "is a channel other than SMS and chat");
}

fn off_whatsapp(item: &Item, field: &str, notes: &mut Notes<'_>) {
    if item.says(field, "whatsapp") {
        notes.fails(field, "is WhatsApp, for which there is no agreement");
    }
}
