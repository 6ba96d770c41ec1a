//! Runtime tools: Studio, Functions and Assets, Sync, and the Debugger.

use serde_json::Value;

use super::accounts::{self, APPLICATIONS, NUMBERS, SHORT_CODES};
use super::hosts;
use super::messaging;
use crate::check::{Check, Notes, Test, all, each, never};
use crate::fact::Keep::{Day, Filled, Flag, Sid, Text, Urls, With, Words};
use crate::fact::{Fact, Keep, each_text};
use crate::observations::Item;
use crate::provider::Provider;
use crate::resource::Resource;

/// Studio's flows.
pub static FLOWS: Resource = Resource::list("Flows", "studio", "/v2/Flows", "flows")
    .keep(&[("status", Words(&["draft", "published"]))]);

/// One flow with its definition, which the list leaves out.
pub static FLOW: Resource = Resource::one("Flow", "studio", "/v2/Flows/{1}")
    .under(&FLOWS)
    .keep(&[("definition.states", With(widgets)), ("definition", With(requests))]);

/// Runs of a flow, newest first.
pub static EXECUTIONS: Resource =
    Resource::list("Executions", "studio", "/v2/Flows/{1}/Executions", "executions")
        .under(&FLOWS)
        .sample()
        .keep(&[("status", Words(&["active", "ended"]))]);

/// What a run knows.
pub static EXECUTION_CONTEXT: Resource =
    Resource::one("ExecutionContext", "studio", "/v2/Flows/{2}/Executions/{1}/Context")
        .under(&EXECUTIONS)
        .sample()
        .id("execution_sid")
        .keep(&[("context", Text)]);

/// Serverless services.
pub static SERVICES: Resource =
    Resource::list("Serverless Services", "serverless", "/v1/Services", "services");

/// Functions of a service.
pub static FUNCTIONS: Resource =
    Resource::list("Functions", "serverless", "/v1/Services/{1}/Functions", "functions").under(&SERVICES);

/// Versions of a function.
pub static FUNCTION_VERSIONS: Resource = Resource::list(
    "Function Versions",
    "serverless",
    "/v1/Services/{2}/Functions/{1}/Versions",
    "function_versions",
)
.under(&FUNCTIONS)
.keep(&[("visibility", Words(VISIBILITIES))]);

/// Assets of a service.
pub static ASSETS: Resource =
    Resource::list("Assets", "serverless", "/v1/Services/{1}/Assets", "assets").under(&SERVICES);

/// Versions of an asset.
pub static ASSET_VERSIONS: Resource =
    Resource::list("Asset Versions", "serverless", "/v1/Services/{2}/Assets/{1}/Versions", "asset_versions")
        .under(&ASSETS)
        .keep(&[("visibility", Words(VISIBILITIES))]);

/// What was built of functions and assets, and with which packages.
pub static BUILDS: Resource = Resource::list("Builds", "serverless", "/v1/Services/{1}/Builds", "builds")
    .under(&SERVICES)
    .keep(&[("asset_versions", With(sids)), ("dependencies", With(packages))]);

/// Where builds are deployed.
pub static ENVIRONMENTS: Resource =
    Resource::list("Environments", "serverless", "/v1/Services/{1}/Environments", "environments")
        .under(&SERVICES)
        .keep(&[("build_sid", Sid)]);

/// What functions wrote.
pub static LOGS: Resource =
    Resource::list("Function Logs", "serverless", "/v1/Services/{2}/Environments/{1}/Logs", "logs")
        .under(&ENVIRONMENTS)
        .sample()
        .keep(&[("message", Text)]);

/// Sync services.
pub static SYNC_SERVICES: Resource = Resource::list("Sync Services", "sync", "/v1/Services", "services")
    .keep(&[("acl_enabled", Flag), ("reachability_webhooks_enabled", Flag), ("webhook_url", Urls)]);

/// Documents of a Sync service.
pub static SYNC_DOCUMENTS: Resource =
    Resource::list("Sync Documents", "sync", "/v1/Services/{1}/Documents", "documents")
        .under(&SYNC_SERVICES)
        .sample()
        .keep(&[("date_expires", Day)]);

/// Alerts of the Debugger, newest first.
pub static ALERTS: Resource = Resource::list("Alerts", "monitor", "/v1/Alerts", "alerts").sample();

/// One alert with the request it is about.
pub static ALERT: Resource =
    Resource::one("Alert", "monitor", "/v1/Alerts/{1}").under(&ALERTS).sample().keep(&[
        ("alert_text", Text),
        ("request_variables", Text),
        ("response_body", Text),
        ("request_headers", With(is_signed)),
    ]);

/// Who changed what, newest first.
pub static EVENTS: Resource = Resource::list("Events", "monitor", "/v1/Events", "events")
    .sample()
    .keep(&[("actor_sid", Filled), ("event_date", Day)]);

/// Alarms on errors, and whom they tell.
pub static ALARMS: Resource = Resource::list("Alarms", "monitor", "/v2/Alarms", "alarms")
    .id("alertConfigSid")
    .keep(&[("webhook", Urls)]);

/// AI assistants.
pub static ASSISTANTS: Resource =
    Resource::list("Assistants", "assistants", "/v1/Assistants", "assistants").id("id");

/// What this file reads.
pub static RESOURCES: &[&Resource] = &[
    &FLOWS,
    &FLOW,
    &EXECUTIONS,
    &EXECUTION_CONTEXT,
    &SERVICES,
    &FUNCTIONS,
    &FUNCTION_VERSIONS,
    &ASSETS,
    &ASSET_VERSIONS,
    &BUILDS,
    &ENVIRONMENTS,
    &LOGS,
    &SYNC_SERVICES,
    &SYNC_DOCUMENTS,
    &ALERTS,
    &ALERT,
    &EVENTS,
    &ALARMS,
    &ASSISTANTS,
];

const VISIBILITIES: &[&str] = &["public", "protected", "private"];

/// Widgets of Studio that use eligible services only; the types as the vendor's schema of flow definitions writes them
/// (twilio.com/docs/studio/rest-api/v2/schemas), and its list of widgets for those that came after it.
const WIDGETS: &[&str] = &[
    "trigger",
    "split-based-on",
    "set-variables",
    "run-subflow",
    "say-play",
    "gather-input-on-call",
    "connect-call-to",
    "make-outgoing-call-v1",
    "make-outgoing-call-v2",
    "record-call",
    "record-voicemail",
    "enqueue-call",
    "capture-payments",
    "fork-stream",
    "connect-virtual-agent",
    "connect-virtual-agent-v2",
    "send-message",
    "send-and-wait-for-reply",
    "make-http-request",
    "run-function",
    "add-twiml-redirect",
    "send-to-flex",
    "start-conversation",
    "resume-conversation",
];
/// The widget that hands over to Autopilot. The schema no longer has it; flows of its time do.
const AUTOPILOT_WIDGET: &str = "send-to-auto-pilot";
/// The widget that hands a call to an AI by ConversationRelay.
const RELAY_WIDGET: &str = "run-conversation-relay";
/// What every widget that reads or writes Unified Profiles has in its type (`search-for-a-profile`).
const PROFILE: &str = "profile";
/// What only addresses of channels that are not eligible begin with.
const SCHEMES: &[&str] = &["whatsapp:", "messenger:", "rcs:"];
/// Packages by which a function reaches a service that is not eligible, and what that is.
const PACKAGES: &[(&str, &str)] = &[
    ("@sendgrid/", "email"),
    ("nodemailer", "email"),
    ("mailgun", "email"),
    ("openai", "ai"),
    ("@anthropic-ai/", "ai"),
    ("@google/generative-ai", "ai"),
    ("langchain", "ai"),
    ("whatsapp", "whatsapp"),
];

/// No flow hands over to Autopilot.
pub const NO_AUTOPILOT_WIDGET: Test = never(&FLOW, |flow, notes| {
    if flow.says("definition.states", AUTOPILOT_WIDGET) {
        notes.fails("definition.states", "hands over to Autopilot, which is not eligible");
    }
});
/// No flow reads or writes Unified Profiles.
pub const NO_PROFILE_WIDGET: Test = never(&FLOW, |flow, notes| {
    if flow.says("definition.states", PROFILE) {
        notes.fails("definition.states", "uses Unified Profiles, which is not eligible");
    }
});
/// No flow hands a call to an AI.
pub const NO_RELAY_WIDGET: Test = never(&FLOW, |flow, notes| {
    if flow.says("definition.states", RELAY_WIDGET) {
        notes.fails("definition.states", "hands the call to an AI, and no feature with AI is eligible");
    }
});
/// What runs of flows know names nobody.
pub const EXECUTION_TEXT: Test = each(&EXECUTION_CONTEXT, |context, notes| {
    accounts::clean(context, "context", notes, "identifiers of persons can be read in the context of a run");
});
/// What the Debugger kept names nobody.
pub const ALERT_TEXT: Test = each(&ALERT, |alert, notes| {
    for field in ["alert_text", "request_variables", "response_body"] {
        accounts::clean(alert, field, notes, "identifiers of persons can be read in what the Debugger kept");
    }
});
/// What functions wrote names nobody.
pub const LOG_TEXT: Test = each(&LOGS, |line, notes| {
    accounts::clean(line, "message", notes, "identifiers of persons stand in the log of a function");
});
const WIDGETS_ELIGIBLE: Test = each(&FLOW, |flow, notes| {
    for widget in flow.words("definition.states") {
        let note = match widget.as_str() {
            AUTOPILOT_WIDGET => "hands over to Autopilot, which is not eligible",
            RELAY_WIDGET => "hands the call to an AI, and no feature with AI is eligible",
            PROFILE => "uses Unified Profiles, which is not eligible",
            "channel" => "writes to an address of a channel that is not eligible",
            "other" => "has a widget that is not on the list of eligible ones",
            _ => {
                notes.holds();
                continue;
            }
        };
        notes.fails("definition.states", note);
    }
});
const REQUESTS_REGISTERED: Test = each(&FLOW, hosts::registered);
const REQUESTS_ELIGIBLE: Test = never(&FLOW, hosts::not_ineligible);
const PACKAGES_ELIGIBLE: Test = never(&BUILDS, |build, notes| {
    for class in build.words("dependencies") {
        let note = match class.as_str() {
            "email" => "has a package that sends mail, which is not eligible",
            "ai" => "has a package of an AI service",
            _ => "has a package of a channel that is not eligible",
        };
        notes.fails("dependencies", note);
    }
});
const ACL: Test = each(&SYNC_SERVICES, |service, notes| {
    notes.wants_flag(service, "acl_enabled", "lets every client read and write: its access control is off");
});
const FUNCTIONS_CLOSED: Test = each(&FUNCTION_VERSIONS, |version, notes| {
    let open = version.says("visibility", "public");
    notes.wants(!open, "visibility", "is public: it answers requests that the platform has not signed");
});
const ASSETS_PRIVATE: Test = each(&ASSET_VERSIONS, |version, notes| {
    let private = version.says("visibility", "private");
    notes.wants(private, "visibility", "is not private, so no PHI may be in it");
});
const NO_ASSISTANT: Test = never(&ASSISTANTS, |_, notes| {
    notes.fails("", "is an AI assistant, and no feature with AI is eligible");
});

/// Integrations: hosts of all URLs are registered. One test per resource that keeps URLs.
const BINS: &[Test] =
    &[each(&NUMBERS, hosts::bins), each(&SHORT_CODES, hosts::bins), each(&APPLICATIONS, hosts::bins)];
const BIN_TEXT: &str = "that no PHI stands in the text of TwiML bins, which no API shows";
const TRAINED: &str = "which people may see that in the console";

const ACCOUNTS: &[Provider] = &[Provider::Twilio, Provider::SignalWire, Provider::Switchward];

/// What this file settles.
pub static CHECKS: &[Check] = &[
    Check::new(
        "RT-SCOPE-1",
        &[
            each(&FLOWS, |_, notes| notes.holds()),
            each(&SERVICES, |_, notes| notes.holds()),
            each(&SYNC_SERVICES, |_, notes| notes.holds()),
            each(&NUMBERS, hosts::runtime),
            each(&SHORT_CODES, hosts::runtime),
            each(&APPLICATIONS, hosts::runtime),
            each(&messaging::SERVICES, hosts::runtime),
            NO_ASSISTANT,
        ],
    ),
    Check::new("RT-CTRL-1", &[ACL, FUNCTIONS_CLOSED, ASSETS_PRIVATE])
        .leaves("encryption at rest, and which people have which role"),
    Check::new("RT-STUDIO-1", &[EXECUTION_TEXT]).leaves(TRAINED),
    Check::new("RT-STUDIO-3", &[WIDGETS_ELIGIBLE, REQUESTS_ELIGIBLE]),
    Check::new("RT-FUNC-1", &[FUNCTIONS_CLOSED]),
    Check::new("RT-DEBUG-1", &[ALERT_TEXT]).leaves(TRAINED),
    Check::new("RT-SYNC-1", &[ACL]),
    Check::new("FLEX-PLUG-2", &[ALERT_TEXT])
        .leaves("error texts of plugins that tools other than the Debugger collect"),
    // The Debugger keeps the headers of requests that went wrong. It is not documented that it keeps all of them, so
    // a missing signature says nothing.
    Check::new(
        "GEN-SIG-1",
        &[all(&ALERT, |alerts, notes| {
            if alerts.iter().any(|alert| alert.is("request_headers")) {
                notes.holds()
            } else {
                notes.unsure()
            }
        })],
    ),
    Check::new("RT-ASSET-1", &[never(&ASSET_VERSIONS, public_asset).also(&[&BUILDS, &ENVIRONMENTS])]),
    Check::new("RT-ASSET-2", &[ASSETS_PRIVATE]),
    Check::new("RT-BIN-1", BINS).leaves(BIN_TEXT),
    Check::new("RT-BIN-2", BINS).leaves(BIN_TEXT),
    Check::new(
        "ART-ARCH-1",
        &[
            WIDGETS_ELIGIBLE,
            REQUESTS_ELIGIBLE,
            REQUESTS_REGISTERED,
            PACKAGES_ELIGIBLE,
            never(&NUMBERS, hosts::not_ineligible),
            never(&APPLICATIONS, hosts::not_ineligible),
            never(&messaging::SERVICES, hosts::not_ineligible),
            never(&SYNC_SERVICES, hosts::not_ineligible),
        ],
    )
    .on(ACCOUNTS),
    Check::new("ART-SURF-1", &[accounts::MESSAGE_TEXT, EXECUTION_TEXT, ALERT_TEXT, LOG_TEXT]).on(ACCOUNTS),
    Check::new(
        "ART-CTRL-AUDIT",
        &[
            all(&EVENTS, |events, notes| {
                notes.wants(!events.is_empty(), "", "there is no record of who changed what");
            }),
            each(&EVENTS, |event, notes| {
                let says = event.is("actor_sid") && event.day("event_date").is_some();
                notes.wants(says, "actor_sid", "does not say who did it, and when");
            }),
        ],
    )
    .on(ACCOUNTS),
    Check::new("AI-GEN-1", &[super::usage::NO_AI, NO_ASSISTANT, PACKAGES_ELIGIBLE, NO_RELAY_WIDGET])
        .on(ACCOUNTS),
    Check::new("FLEX-UP-1", &[NO_PROFILE_WIDGET])
        .leaves("that Unified Profiles is off in the console of Flex, which no API shows"),
];

/// D-ASSET-1: what is saved is reported, and what is deployed is worse.
fn public_asset(version: &Item, notes: &mut Notes<'_>) {
    if !version.says("visibility", "public") {
        return;
    }
    let sid = version.id.rsplit('/').next().unwrap_or_default();
    let deployed = notes.items(&BUILDS).iter().any(|build| {
        let build_sid = build.id.rsplit('/').next().unwrap_or_default();
        let runs =
            notes.items(&ENVIRONMENTS).iter().any(|environment| environment.says("build_sid", build_sid));
        runs && build.says("asset_versions", sid)
    });
    let note = if deployed {
        "is on the open internet: it must hold no PHI and nothing else that is sensitive"
    } else {
        "is public and will be on the open internet once it is deployed (D-ASSET-1)"
    };
    notes.fails("visibility", note);
}

/// The types of a definition's widgets, and `channel` when one addresses a channel that is not eligible.
fn widgets(states: &Value) -> Option<Fact> {
    let mut words = Vec::new();
    for state in states.as_array()? {
        let kind = state.get("type").and_then(Value::as_str).unwrap_or_default();
        let known = WIDGETS.iter().chain([&AUTOPILOT_WIDGET, &RELAY_WIDGET]).find(|known| **known == kind);
        let unknown = if kind.contains(PROFILE) { PROFILE } else { "other" };
        words.push(known.map_or(unknown, |known| known).to_owned());
        let mut channel = false;
        each_text(state.get("properties").unwrap_or(&Value::Null), &mut |text| {
            let lower = text.trim_start().to_ascii_lowercase();
            channel |= SCHEMES.iter().any(|scheme| lower.starts_with(scheme));
        });
        if channel {
            words.push("channel".to_owned());
        }
    }
    words.sort_unstable();
    words.dedup();
    (!words.is_empty()).then_some(Fact::Words(words))
}

/// Where a definition's widgets send requests. A URL that is put together at run time is not known and is kept as such.
fn requests(definition: &Value) -> Option<Fact> {
    let asks = |state: &&Value| state.get("type").and_then(Value::as_str) == Some("make-http-request");
    let states = definition.get("states")?.as_array()?;
    let urls: Vec<Value> =
        states.iter().filter(asks).filter_map(|state| state.pointer("/properties/url")).cloned().collect();
    Keep::Urls.of(&Value::Array(urls))
}

/// Whether a signature of the platform is among the headers of a request.
fn is_signed(headers: &Value) -> Option<Fact> {
    let text = headers.to_string().to_ascii_lowercase();
    (!headers.is_null()).then(|| Fact::Flag(text.contains("x-twilio-signature")))
}

/// The SIDs of a list of SIDs, or of objects that have one.
fn sids(list: &Value) -> Option<Fact> {
    let sids = list.as_array()?.iter().map(|entry| entry.get("sid").unwrap_or(entry).clone()).collect();
    Sid.of(&Value::Array(sids))
}

/// What the packages of a build reach that is not eligible; none when it has no such package.
fn packages(list: &Value) -> Option<Fact> {
    let names = list.as_array()?.iter().filter_map(|package| package.get("name").and_then(Value::as_str));
    let mut classes: Vec<String> = names
        .filter_map(|name| PACKAGES.iter().find(|(part, _)| name.contains(part)))
        .map(|(_, class)| (*class).to_owned())
        .collect();
    classes.sort_unstable();
    classes.dedup();
    (!classes.is_empty()).then_some(Fact::Words(classes))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::fact::words;

    #[test]
    fn a_flow_is_its_widgets_and_channels_and_nothing_else() {
        let states = json!([
            { "type": "trigger", "name": "Alice" },
            { "type": "send-to-auto-pilot", "properties": {} },
            { "type": "send-message", "properties": { "to": "whatsapp:+14155550100", "body": "Alice" } },
            { "type": "send-a-letter" },
            { "type": "search-for-a-profile" },
        ]);
        let found = words(widgets(&states));
        assert_eq!(found, ["channel", "other", "profile", "send-message", "send-to-auto-pilot", "trigger"]);
    }

    #[test]
    fn requests_of_a_flow_are_urls() {
        let definition = json!({ "states": [
            { "type": "make-http-request", "properties": { "url": "https://a.example.org/x" } },
            { "type": "make-http-request", "properties": { "url": "{{flow.variables.url}}" } },
            { "type": "say-play", "properties": { "url": "https://b.example.org/x" } },
        ]});
        let Some(Fact::Urls(urls)) = requests(&definition) else { panic!("there are URLs") };
        let seen: Vec<(&str, &str)> =
            urls.iter().map(|url| (url.scheme.as_str(), url.host.as_str())).collect();
        assert_eq!(seen, [("https", "a.example.org"), ("other", "")], "what is not known is not passed over");
    }

    #[test]
    fn packages_are_kept_as_what_they_reach() {
        let list = json!([{ "name": "twilio" }, { "name": "@sendgrid/mail" }, { "name": "openai" }]);
        assert_eq!(words(packages(&list)), ["ai", "email"]);
        assert_eq!(packages(&json!([{ "name": "twilio" }])), None);
    }

    #[test]
    fn versions_of_a_build_are_sids_in_either_form() {
        let sid = "ZN00000000000000000000000000000001";
        assert_eq!(words(sids(&json!([{ "sid": sid, "path": "/a" }]))), [sid]);
        assert_eq!(words(sids(&json!([sid]))), [sid]);
    }
}
