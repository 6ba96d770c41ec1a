//! Verify: channels, push and webhooks.

use super::accounts::address;
use super::hosts;
use super::messaging;
use crate::check::{Check, Notes, Test, each, never};
use crate::fact::Keep::{Filled, Urls, With, Words};
use crate::observations::Item;
use crate::resource::Resource;

const CHANNELS: &[&str] = &["sms", "call", "email", "whatsapp", "rbm", "sna", "push", "totp"];

/// Verify Services.
pub static SERVICES: Resource =
    Resource::list("Verify Services", "verify", "/v2/Services", "services").keep(&[
        ("push.apn_credential_sid", Filled),
        ("push.fcm_credential_sid", Filled),
        ("whatsapp.from", Filled),
        ("whatsapp.msg_service_sid", Filled),
    ]);

/// Where events of a service go.
pub static WEBHOOKS: Resource =
    Resource::list("Verify Webhooks", "verify", "/v2/Services/{1}/Webhooks", "webhooks")
        .under(&SERVICES)
        .keep(&[("webhook_url", Urls)]);

/// Attempts to verify, newest first.
pub static ATTEMPTS: Resource = Resource::list("Verification Attempts", "verify", "/v2/Attempts", "attempts")
    .sample()
    .keep(&[("channel", Words(CHANNELS)), ("channel_data.to", With(address))]);

/// Templates of what is sent.
pub static TEMPLATES: Resource =
    Resource::list("Verification Templates", "verify", "/v2/Templates", "templates")
        .keep(&[("channels", Words(CHANNELS))]);

/// What this file reads.
pub static RESOURCES: &[&Resource] = &[&SERVICES, &WEBHOOKS, &ATTEMPTS, &TEMPLATES];

const PUSH: Test = each(&SERVICES, |service, notes| {
    let set = service.is("push.apn_credential_sid") || service.is("push.fcm_credential_sid");
    let allowed = notes.policy("verify_push") == "allow";
    notes.wants(!set || allowed, "push", "is set up for push, which policy `verify_push` does not allow");
});

/// What this file settles.
pub static CHECKS: &[Check] = &[
    Check::new(
        "VER-CHAN-1",
        &[
            each(&ATTEMPTS, attempt),
            each(&SERVICES, |service, notes| {
                let set = service.is("whatsapp.from") || service.is("whatsapp.msg_service_sid");
                notes.wants(!set, "whatsapp", "is set up for WhatsApp, which is not eligible");
            }),
            PUSH,
        ],
    ),
    Check::new(
        "VER-EMAIL-1",
        &[
            never(&ATTEMPTS, |attempt, notes| {
                if attempt.says("channel", "email") {
                    notes.fails("channel", "went by email, which is not eligible");
                }
            }),
            never(&TEMPLATES, |template, notes| {
                if template.says("channels", "email") {
                    notes.fails("channels", "is for email, which is not eligible");
                }
            }),
        ],
    )
    .leaves("that no mail integration is set up in the console"),
    Check::new("VER-REQ-1", &[each(&WEBHOOKS, hosts::encrypted)]),
    Check::new("VER-PUSH-1", &[PUSH]),
];

fn attempt(attempt: &Item, notes: &mut Notes<'_>) {
    let listed = match attempt.word("channel") {
        Some("sms" | "call") => true,
        Some("push") => notes.policy("verify_push") == "allow",
        _ => false,
    };
    notes.wants(listed, "channel", "went by a channel other than SMS and voice");
    let note = "does not belong to an area code of the United States";
    messaging::in_place(attempt, "channel_data.to", notes, note);
}
