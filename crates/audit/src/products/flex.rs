//! Flex: its configuration, channels, and who hears of its tasks.

use super::conversations::ADDRESSES;
use crate::check::{Check, Notes, Test, each, never};
use crate::fact::Keep::{Sid, Text, Urls, Words};
use crate::observations::Item;
use crate::resource::Resource;

/// The configuration of Flex.
pub static CONFIGURATION: Resource =
    Resource::one("Flex Configuration", "flex-api", "/v1/Configuration").id("account_sid").keep(&[
        ("account_sid", Sid),
        ("crm_callback_url", Urls),
        ("crm_fallback_url", Urls),
        ("call_recording_webhook_url", Urls),
    ]);

/// Flex Flows.
pub static FLEX_FLOWS: Resource = Resource::list("FlexFlows", "flex-api", "/v1/FlexFlows", "flex_flows")
    .keep(&[("channel_type", Words(&["web", "sms", "facebook", "whatsapp", "line", "custom"]))]);

/// TaskRouter workspaces.
pub static WORKSPACES: Resource = Resource::list("Workspaces", "taskrouter", "/v1/Workspaces", "workspaces")
    .keep(&[("event_callback_url", Urls)]);

/// Tasks, as the identifiers found in their attributes.
pub static TASKS: Resource = Resource::list("Tasks", "taskrouter", "/v1/Workspaces/{1}/Tasks", "tasks")
    .under(&WORKSPACES)
    .sample()
    .keep(&[("attributes", Text)]);

/// What this file reads.
pub static RESOURCES: &[&Resource] = &[&CONFIGURATION, &FLEX_FLOWS, &WORKSPACES, &TASKS];

/// A kind that is missing, or that the audit does not know, must not pass for one that is eligible.
fn must_be_known(item: &Item, field: &str, notes: &mut Notes<'_>) {
    if matches!(item.word(field), None | Some("other")) {
        notes.unsure();
    }
}

const NO_EMAIL: Test = never(&ADDRESSES, |address, notes| {
    must_be_known(address, "type", notes);
    if address.says("type", "email") {
        notes.fails("type", "takes email, which is not eligible");
    }
});

const HOOKS: &[&str] = &["crm_callback_url", "crm_fallback_url", "call_recording_webhook_url"];

/// What this file settles.
pub static CHECKS: &[Check] = &[
    Check::new(
        "FLEX-DES-1",
        &[each(&CONFIGURATION, |flex, notes| {
            let designated = flex.word("account_sid").is_some_and(|account| notes.is_designated(account));
            notes.wants(designated, "account_sid", "is not designated as a HIPAA project");
        })],
    ),
    Check::new("FLEX-INS-1", &[each(&TASKS, no_identifiers)])
        .leaves("what reached the historical reports of Flex Insights"),
    Check::new("FLEX-INS-6", &[each(&TASKS, no_identifiers)]).leaves("tasks that were not sampled"),
    Check::new(
        "FLEX-REC-2",
        &[each(&WORKSPACES, |workspace, notes| {
            let field = &["event_callback_url"];
            notes.wants_urls(workspace, field, "is not an https URL", |url| url.is_encrypted());
            registered(workspace, field, notes);
        })],
    )
    .leaves("how the endpoints that consume task events are secured"),
    Check::new("FLEX-INT-1", &[each(&CONFIGURATION, |flex, notes| registered(flex, HOOKS, notes))])
        .leaves("integrations that are built outside the configuration of Flex"),
    Check::new(
        "FLEX-WA-1",
        &[
            never(&FLEX_FLOWS, |flow, notes| {
                must_be_known(flow, "channel_type", notes);
                if matches!(flow.word("channel_type"), Some("whatsapp" | "facebook" | "line")) {
                    notes.fails("channel_type", "is a channel that is not eligible");
                }
            }),
            never(&ADDRESSES, |address, notes| {
                must_be_known(address, "type", notes);
                if matches!(address.word("type"), Some("whatsapp" | "messenger")) {
                    notes.fails("type", "is a channel that is not eligible");
                }
            }),
        ],
    ),
    Check::new("FLEX-EMAIL-1", &[NO_EMAIL]),
    Check::new(
        "FLEX-WEBCHAT-1",
        &[never(&FLEX_FLOWS, |flow, notes| {
            must_be_known(flow, "channel_type", notes);
            if flow.says("channel_type", "web") {
                notes.fails("channel_type", "is Webchat, which is not eligible");
            }
        })],
    )
    .leaves("Webchat that is opened through the web chat endpoint"),
    Check::new(
        "SG-ELIG-1",
        &[
            NO_EMAIL,
            never(&super::events::SINKS, |sink, notes| {
                must_be_known(sink, "sink_type", notes);
                if sink.says("sink_type", "email") {
                    notes.fails("sink_type", "sends events by email, which is not eligible");
                }
            }),
        ],
    )
    .leaves("email sent by Verify, Studio, functions or servers of the customer"),
];

fn no_identifiers(task: &Item, notes: &mut Notes<'_>) {
    if let Some(classes) = task.found("attributes") {
        notes.wants(classes.is_empty(), "attributes", "holds what may identify a person");
    }
}

fn registered(item: &Item, fields: &[&str], notes: &mut Notes<'_>) {
    for field in fields {
        for url in item.urls(field) {
            notes.wants(notes.is_registered(&url.host), field, "has no agreement in the register");
        }
    }
}
