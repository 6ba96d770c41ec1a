//! What is asked of every URL of every product.
//!
//! Each list has one test per resource that keeps URLs; a test below compares them with the tables, so that a new
//! resource with URLs cannot be forgotten.

use super::accounts::{APPLICATIONS, CONNECT_APPS, NUMBERS, SHORT_CODES, USAGE_TRIGGERS};
use super::{
    chat, conversations, events, flex, hosts, messaging, plugins, probes, runtime, trunking, verify, voice,
};
use crate::check::{Check, Notes, Test, each};
use crate::observations::Item;
use crate::provider::Provider;

type Look = fn(&Item, &mut Notes<'_>);

/// One question to every resource that keeps URLs.
const fn everywhere(ask: Look) -> [Test; 27] {
    [
        each(&NUMBERS, ask),
        each(&SHORT_CODES, ask),
        each(&APPLICATIONS, ask),
        each(&CONNECT_APPS, ask),
        each(&USAGE_TRIGGERS, ask),
        each(&messaging::SERVICES, ask),
        each(&messaging::WHATSAPP_SENDERS, ask),
        each(&messaging::RCS_SENDERS, ask),
        each(&conversations::ADDRESSES, ask),
        each(&conversations::WEBHOOKS, ask),
        each(&conversations::SERVICE_WEBHOOKS, ask),
        each(&conversations::SCOPED_WEBHOOKS, ask),
        each(&chat::SERVICES, ask),
        each(&chat::WEBHOOKS, ask),
        each(&verify::WEBHOOKS, ask),
        each(&runtime::FLOW, ask),
        each(&runtime::SYNC_SERVICES, ask),
        each(&runtime::ALARMS, ask),
        each(&voice::DOMAINS, ask),
        each(&voice::FLOW_WIDGETS, ask),
        each(&trunking::TRUNKS, ask),
        each(&events::SINKS, ask),
        each(&flex::CONFIGURATION, ask),
        each(&flex::FLEX_FLOWS, ask),
        each(&flex::WORKSPACES, ask),
        each(&flex::WORKFLOWS, ask),
        each(&plugins::RELEASED, ask),
    ]
}

/// The same, of what a compatibility API of the 2010 kind has.
const fn in_2010_api(ask: Look) -> [Test; 2] {
    [each(&NUMBERS, ask), each(&APPLICATIONS, ask)]
}

static ENCRYPTED: [Test; 27] = everywhere(hosts::encrypted);
static ENCRYPTED_2010: [Test; 2] = in_2010_api(hosts::encrypted);
static SILENT: [Test; 27] = everywhere(hosts::silent);
static SILENT_2010: [Test; 2] = in_2010_api(hosts::silent);
static REGISTERED: [Test; 27] = everywhere(hosts::registered);
static REGISTERED_2010: [Test; 2] = in_2010_api(hosts::registered);

const OURS_AND_TWILIO: &[Provider] = &[Provider::Twilio, Provider::Switchward];
const SIGNALWIRE: &[Provider] = &[Provider::SignalWire];
const WRITTEN: &str = "that transmission security is written down for each channel and flow";
const ELSEWHERE: &str = "what is set up outside the compatibility API, which shows no more";

/// What this file settles.
pub static CHECKS: &[Check] = &[
    Check::new("GEN-HTTPS-2", &ENCRYPTED).on(OURS_AND_TWILIO),
    Check::new("GEN-HTTPS-2", &ENCRYPTED_2010).on(SIGNALWIRE).leaves(ELSEWHERE),
    Check::new(
        "GEN-AUTH-1",
        &[
            each(&NUMBERS, hosts::asks_for_login),
            each(&SHORT_CODES, hosts::asks_for_login),
            each(&APPLICATIONS, hosts::asks_for_login),
            each(&messaging::SERVICES, hosts::asks_for_login),
        ],
    )
    .on(OURS_AND_TWILIO),
    Check::new(
        "GEN-AUTH-1",
        &[each(&NUMBERS, hosts::asks_for_login), each(&APPLICATIONS, hosts::asks_for_login)],
    )
    .on(SIGNALWIRE),
    Check::new("ART-RESTR-TRACK", &SILENT).on(OURS_AND_TWILIO),
    Check::new("ART-RESTR-TRACK", &SILENT_2010).on(SIGNALWIRE).leaves(ELSEWHERE),
    Check::new("ART-CTRL-INTEG", &REGISTERED).on(OURS_AND_TWILIO),
    Check::new("ART-CTRL-INTEG", &REGISTERED_2010).on(SIGNALWIRE).leaves(ELSEWHERE),
    Check::new("ART-CTRL-TRANS", &ENCRYPTED).on(OURS_AND_TWILIO).leaves(WRITTEN),
    Check::new("ART-CTRL-TRANS", &[probes::CALLBACKS_MODERN, probes::API_MODERN]),
    Check::new("ART-CTRL-TRANS", &[probes::DOMAINS_SECURE, probes::TRUNKS_SECURE]).on(OURS_AND_TWILIO),
    Check::new("ART-CTRL-TRANS", &ENCRYPTED_2010).on(SIGNALWIRE).leaves(ELSEWHERE),
];

#[cfg(test)]
mod tests {
    use super::super::insights;
    use super::*;
    use crate::fact::{Fact, Keep};

    /// Goal: no URL escapes GEN-HTTPS-2. Method: whatever a table keeps as URLs is among what the rule looks at.
    #[test]
    fn gen_https_2_looks_at_every_resource_that_keeps_urls() {
        // A homepage is looked at by a person, and media is fetched: nothing is called there. Workspaces have their
        // own rules.
        let not_called = [&events::CONNECT_APPS, &voice::RECORDINGS, &insights::SEGMENTS];
        let is_called = |resource: &&crate::resource::Resource| {
            !not_called.iter().any(|it| std::ptr::eq(*resource, *it)) && resource.product != "segment"
        };
        for resource in crate::products::resources().filter(is_called) {
            let url = serde_json::json!("https://app.hospital.example.org/x");
            let flow = serde_json::json!({ "states": [
                { "type": "make-http-request", "properties": { "url": "https://app.hospital.example.org/x" } },
            ]});
            let keeps = resource.keep.iter().any(|(_, keep): &(&str, Keep)| {
                [&url, &flow].iter().any(|value| matches!(keep.of(value), Some(Fact::Urls(_))))
            });
            let asked = ENCRYPTED.iter().any(|test| std::ptr::eq(test.resource, resource));
            assert!(!keeps || asked, "{} keeps URLs and GEN-HTTPS-2 does not look at it", resource.name);
        }
    }
}
