//! Flex: its configuration, channels, and who hears of its tasks.

use serde_json::Value;
use url::Url;

use super::conversations::ADDRESSES;
use super::{accounts, hosts, insights, plugins};
use crate::check::{Check, Notes, Test, each, never};
use crate::fact::Keep::{Sid, Text, Urls, With, Words};
use crate::fact::{Fact, each_text, urls_within};
use crate::observations::Item;
use crate::resource::Resource;

/// The configuration of Flex.
pub static CONFIGURATION: Resource =
    Resource::one("Flex Configuration", "flex-api", "/v1/Configuration").id("account_sid").keep(&[
        ("account_sid", Sid),
        ("crm_callback_url", Urls),
        ("crm_fallback_url", Urls),
        ("call_recording_webhook_url", Urls),
        ("flex_url", Urls),
        ("integrations", With(urls_within)),
        ("attributes", With(urls_within)),
        ("crm_attributes", With(urls_within)),
    ]);

/// Flex Flows.
pub static FLEX_FLOWS: Resource = Resource::list("FlexFlows", "flex-api", "/v1/FlexFlows", "flex_flows")
    .keep(&[
        ("channel_type", Words(&["web", "sms", "facebook", "whatsapp", "line", "custom"])),
        ("integration", With(urls_within)),
    ]);

/// TaskRouter workspaces.
pub static WORKSPACES: Resource = Resource::list("Workspaces", "taskrouter", "/v1/Workspaces", "workspaces")
    .keep(&[("event_callback_url", Urls)]);

/// Who is called when a task is given to somebody.
pub static WORKFLOWS: Resource =
    Resource::list("Workflows", "taskrouter", "/v1/Workspaces/{1}/Workflows", "workflows")
        .under(&WORKSPACES)
        .keep(&[("assignment_callback_url", Urls), ("fallback_assignment_callback_url", Urls)]);

/// Workers, as the roles they have in Flex.
pub static WORKERS: Resource =
    Resource::list("Workers", "taskrouter", "/v1/Workspaces/{1}/Workers", "workers")
        .under(&WORKSPACES)
        .keep(&[("attributes", With(roles))]);

/// Tasks, as the identifiers found in their attributes, and where media lies that is attached to them.
pub static TASKS: Resource = Resource::list("Tasks", "taskrouter", "/v1/Workspaces/{1}/Tasks", "tasks")
    .under(&WORKSPACES)
    .sample()
    .keep(&[("attributes", With(said)), (ATTACHED, With(attached))]);

/// The fact with the places of media that is attached to a task.
pub const ATTACHED: &str = "attributes#media";

/// What this file reads.
pub static RESOURCES: &[&Resource] =
    &[&CONFIGURATION, &FLEX_FLOWS, &WORKSPACES, &WORKFLOWS, &WORKERS, &TASKS];

/// A kind that is missing, or that the audit does not know, must not pass for one that is eligible.
fn must_be_known(item: &Item, field: &str, notes: &mut Notes<'_>) {
    if matches!(item.word(field), None | Some("other")) {
        notes.unsure();
    }
}

/// Tasks hold nothing that may identify a person.
const NO_IDENTIFIERS: Test = each(&TASKS, |task, notes| {
    accounts::clean(task, "attributes", notes, "holds what may identify a person");
});

const NO_EMAIL: Test = never(&ADDRESSES, |address, notes| {
    must_be_known(address, "type", notes);
    if address.says("type", "email") {
        notes.fails("type", "takes email, which is not eligible");
    }
});

/// What this file settles.
pub static CHECKS: &[Check] = &[
    Check::new(
        "FLEX-DES-1",
        &[each(&CONFIGURATION, |flex, notes| {
            let designated = flex.word("account_sid").is_some_and(|account| notes.is_designated(account));
            notes.wants(designated, "account_sid", "is not designated as a HIPAA project");
        })],
    ),
    Check::new("FLEX-INS-1", &[NO_IDENTIFIERS, insights::UNNAMED])
        .leaves("attributes that the segments of Flex Insights do not show"),
    Check::new("FLEX-INS-6", &[NO_IDENTIFIERS]).leaves("tasks that were not sampled"),
    Check::new(
        "FLEX-UI-1",
        &[each(&WORKERS, |worker, notes| match worker.word("attributes") {
            // Without Flex, TaskRouter's workers have no use for its roles.
            _ if notes.items(&CONFIGURATION).is_empty() => {}
            None => notes.fails("attributes", "is a worker without a role, so none limits what it sees"),
            Some("other") => notes.unsure(),
            Some(_) => notes.holds(),
        })
        .also(&[&CONFIGURATION])],
    )
    .leaves("that each worker of Flex, administrators and supervisors above all, is authorised to see PHI"),
    Check::new(
        "FLEX-REC-2",
        &[each(&WORKSPACES, |workspace, notes| {
            let field = &["event_callback_url"];
            notes.wants_urls(workspace, field, "is not an https URL", |url| url.is_encrypted());
            registered(workspace, field, notes);
        })],
    )
    .leaves("how the endpoints that consume task events are secured"),
    Check::new(
        "FLEX-INT-1",
        &[
            each(&CONFIGURATION, hosts::registered),
            each(&FLEX_FLOWS, hosts::registered),
            each(&WORKSPACES, hosts::registered),
            each(&WORKFLOWS, hosts::registered),
            each(&plugins::RELEASED, hosts::registered),
        ],
    )
    .leaves("integrations that plugins, functions or servers of the customer make"),
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

/// The roles in a worker's attributes, which are JSON in a text; none when it has none. Those of workforce
/// optimization begin with `wfo.`.
fn roles(attributes: &Value) -> Option<Fact> {
    const ROLES: &[&str] = &["agent", "supervisor", "admin"];
    let attributes: Value = serde_json::from_str(attributes.as_str()?).ok()?;
    let named = attributes.get("roles")?.as_array()?.iter().filter_map(Value::as_str);
    let kept = named.filter(|role| !role.starts_with("wfo.")).map(Value::from).collect();
    Words(ROLES).of(&Value::Array(kept))
}

/// The media that a task's attributes attach to its conversation
/// (twilio.com/docs/flex/developer/insights/custom-media-attached-conversations).
fn conversation(attributes: &Value) -> Option<Value> {
    let mut attributes: Value = serde_json::from_str(attributes.as_str()?).ok()?;
    attributes.get_mut("conversations").map(Value::take)
}

/// The identifiers in a task's attributes. Where its media lies is left to FLEX-MEDIA-1: a URL is an identifier too.
fn said(attributes: &Value) -> Option<Fact> {
    let Some(mut own) = serde_json::from_str::<Value>(attributes.as_str()?).ok().filter(Value::is_object)
    else {
        return Text.of(attributes);
    };
    if let Some(conversation) = own.get_mut("conversations").and_then(Value::as_object_mut) {
        conversation.remove("media");
    }
    Text.of(&own)
}

fn attached(attributes: &Value) -> Option<Fact> {
    urls_within(&conversation(attributes)?)
}

/// The URLs of that media, whole, for a probe to try.
pub fn attached_to(attributes: &Value) -> Vec<Url> {
    let mut urls = Vec::new();
    if let Some(conversation) = conversation(attributes) {
        each_text(&conversation, &mut |text| {
            let url = Url::parse(text).ok().filter(|url| matches!(url.scheme(), "http" | "https"));
            urls.extend(url);
        });
    }
    urls
}

fn registered(item: &Item, fields: &[&str], notes: &mut Notes<'_>) {
    for field in fields {
        for url in item.urls(field) {
            notes.wants(notes.is_registered(&url.host), field, "has no agreement in the register");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fact::words;

    #[test]
    fn a_worker_is_its_roles_and_nothing_else() {
        let of = |text: &str| words(roles(&Value::from(text)));
        assert_eq!(of(r#"{"email":"alice@example.org","roles":["agent","wfo.full_access"]}"#), ["agent"]);
        assert_eq!(of(r#"{"roles":["chief"]}"#), ["other"]);
        assert!(of(r#"{"roles":[]}"#).is_empty());
        assert!(of("alice").is_empty());
    }

    #[test]
    fn identifiers_of_a_task_are_found_everywhere_but_in_its_media() {
        let found = |text: &str| match said(&Value::from(text)) {
            Some(Fact::Found(classes)) => classes.len(),
            _ => 0,
        };
        assert_eq!(found(r#"{"conversations":{"media":[{"url":"https://a.example.org/x"}]}}"#), 0);
        assert_eq!(found(r#"{"conversations":{"outcome":"mail to alice@example.org"}}"#), 1);
        assert_eq!(found("not JSON: alice@example.org"), 1);
    }

    #[test]
    fn media_of_a_task_is_where_it_lies() {
        let text = r#"{"conversations":{"media":[{"type":"VoiceRecording","url":"https://a.example.org/x?t=1"},
            {"type":"Chat","sid":"CH0"}]},"url":"https://b.example.org"}"#;
        let Some(Fact::Urls(urls)) = attached(&Value::from(text)) else { panic!("there are URLs") };
        assert_eq!(urls.iter().map(|url| url.host.as_str()).collect::<Vec<_>>(), ["a.example.org"]);
        assert_eq!(attached(&Value::from("{}")), None);
    }
}
