//! Programmable Chat, which is withdrawn: what is left of it.

use super::accounts;
use super::conversations;
use super::hosts;
use crate::check::{Check, Notes, Test, each, never};
use crate::fact::Keep::{Text, Urls, Words};
use crate::observations::Item;
use crate::resource::Resource;

/// Chat Services.
pub static SERVICES: Resource = Resource::list("Chat Services", "chat", "/v2/Services", "services")
    .keep(&[("pre_webhook_url", Urls), ("post_webhook_url", Urls)]);

/// Channels of a service.
pub static CHANNELS: Resource =
    Resource::list("Chat Channels", "chat", "/v2/Services/{1}/Channels", "channels")
        .under(&SERVICES)
        .keep(&[("type", Words(&["public", "private"]))]);

/// Where events of a channel go.
pub static WEBHOOKS: Resource =
    Resource::list("Chat Channel Webhooks", "chat", "/v2/Services/{2}/Channels/{1}/Webhooks", "webhooks")
        .under(&CHANNELS)
        .keep(&[("type", Words(&["webhook", "studio", "trigger"])), ("configuration.url", Urls)]);

/// What was said.
pub static MESSAGES: Resource =
    Resource::list("Chat Messages", "chat", "/v2/Services/{2}/Channels/{1}/Messages", "messages")
        .under(&CHANNELS)
        .sample()
        .keep(&[("body", Text)]);

/// What this file reads.
pub static RESOURCES: &[&Resource] = &[&SERVICES, &CHANNELS, &WEBHOOKS, &MESSAGES];

/// Channels are private.
pub const PRIVATE: Test = each(&CHANNELS, |channel, notes| {
    notes.wants(
        channel.says("type", "private"),
        "type",
        "is a public channel: everybody in the service may read it",
    );
});
/// What services are linked to is registered.
pub const SERVICE_PARTIES: Test = each(&SERVICES, hosts::registered);
/// What channels are linked to is registered.
pub const CHANNEL_PARTIES: Test = each(&WEBHOOKS, hosts::registered);
/// No service leads to Autopilot.
pub const SERVICE_AUTOPILOT: Test = never(&SERVICES, hosts::not_autopilot);
/// No channel leads to Autopilot.
pub const CHANNEL_AUTOPILOT: Test = never(&WEBHOOKS, hosts::not_autopilot);
/// No identifiers of persons in what was said.
pub const TEXT: Test = each(&MESSAGES, |message, notes| {
    accounts::clean(message, "body", notes, "identifiers of persons stand in what was said");
});

/// What this file settles.
pub static CHECKS: &[Check] = &[
    Check::new(
        "CHAT-EOL-1",
        // The vendor lists the services of Conversations here too: they are no leftovers.
        &[never(&SERVICES, |service, notes| {
            let moved = notes.items(&conversations::SERVICES).iter().any(|other| other.id == service.id);
            if !moved {
                notes.fails("", "is a service of a withdrawn product: move it to Conversations");
            }
        })
        .also(&[&conversations::SERVICES])],
    ),
    Check::new(
        "CHAT-ELIG-1",
        &[
            super::usage::CHAT_LISTED,
            each(&SERVICES, |_, notes| notes.holds()),
            each(&CHANNELS, |channel, notes| {
                let known = channel.word("type").is_some_and(|kind| kind != "other");
                notes.wants(known, "type", "is a kind of channel that is not on the list");
            }),
            each(&WEBHOOKS, |webhook, notes| on_list(webhook, "type", notes)),
            each(&conversations::SCOPED_WEBHOOKS, |webhook, notes| on_list(webhook, "target", notes)),
        ],
    ),
    Check::new("CHAT-PRIV-1", &[PRIVATE]),
    Check::new("CHAT-3P-1", &[SERVICE_PARTIES, CHANNEL_PARTIES]),
    Check::new("CHAT-AUTOP-1", &[SERVICE_AUTOPILOT, CHANNEL_AUTOPILOT]),
    Check::new("CHAT-BOT-1", &[SERVICE_PARTIES, CHANNEL_PARTIES]),
];

fn on_list(webhook: &Item, field: &str, notes: &mut Notes<'_>) {
    let known = webhook.word(field).is_some_and(|kind| kind != "other");
    notes.wants(known, field, "is a kind of link that is not on the list");
}
