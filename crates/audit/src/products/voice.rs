//! Voice and SIP: who may reach a SIP Domain, where calls go, what happens to recordings.

use serde_json::Value;

use super::accounts::NUMBERS;
use super::{calls, runtime, usage};
use crate::check::{Check, Notes, each, never};
use crate::fact::Keep::{Filled, Flag, Number, Place, Urls, With, Words};
use crate::fact::{Fact, UrlFacts};
use crate::observations::Item;
use crate::resource::Resource;

/// SIP Domains.
pub static DOMAINS: Resource =
    Resource::list("SIP Domains", "api", "/2010-04-01/Accounts/{account}/SIP/Domains.json", "domains").keep(
        &[
            ("secure", Flag),
            ("sip_registration", Flag),
            ("voice_url", Urls),
            ("voice_fallback_url", Urls),
            ("voice_status_callback_url", Urls),
        ],
    );

/// Access control lists that admit calls to a domain.
pub static DOMAIN_ACLS: Resource = Resource::list(
    "SIP Domain IpAccessControlListMappings",
    "api",
    "/2010-04-01/Accounts/{account}/SIP/Domains/{1}/Auth/Calls/IpAccessControlListMappings.json",
    "contents",
)
.under(&DOMAINS);

/// Credential lists that admit calls to a domain.
pub static DOMAIN_CREDENTIALS: Resource = Resource::list(
    "SIP Domain CredentialListMappings",
    "api",
    "/2010-04-01/Accounts/{account}/SIP/Domains/{1}/Auth/Calls/CredentialListMappings.json",
    "contents",
)
.under(&DOMAINS);

/// Credential lists with which one may register at a domain.
pub static REGISTRATION_CREDENTIALS: Resource = Resource::list(
    "SIP Domain registration CredentialListMappings",
    "api",
    "/2010-04-01/Accounts/{account}/SIP/Domains/{1}/Auth/Registrations/CredentialListMappings.json",
    "contents",
)
.under(&DOMAINS);

/// Access control lists.
pub static ACLS: Resource = Resource::list(
    "SIP IpAccessControlLists",
    "api",
    "/2010-04-01/Accounts/{account}/SIP/IpAccessControlLists.json",
    "ip_access_control_lists",
);

/// The networks in them.
pub static ACL_ADDRESSES: Resource = Resource::list(
    "SIP IpAddresses",
    "api",
    "/2010-04-01/Accounts/{account}/SIP/IpAccessControlLists/{1}/IpAddresses.json",
    "ip_addresses",
)
.under(&ACLS)
.keep(&[("cidr_prefix_length", Number)]);

/// Connection policies of BYOC trunks.
pub static POLICIES: Resource =
    Resource::list("ConnectionPolicies", "voice", "/v1/ConnectionPolicies", "connection_policies");

/// Where they send calls.
pub static TARGETS: Resource =
    Resource::list("ConnectionPolicy Targets", "voice", "/v1/ConnectionPolicies/{1}/Targets", "targets")
        .under(&POLICIES)
        .keep(&[("target", With(sip_is_encrypted)), ("enabled", Flag)]);

/// Countries that may be called.
pub static COUNTRIES: Resource =
    Resource::list("DialingPermissions Countries", "voice", "/v1/DialingPermissions/Countries", "content")
        .id("iso_code")
        .keep(&[
            ("iso_code", Words(&["US", "PR", "VI", "GU", "AS", "MP"])),
            ("low_risk_numbers_enabled", Flag),
            ("high_risk_special_numbers_enabled", Flag),
            ("high_risk_tollfraud_numbers_enabled", Flag),
        ]);

/// Calls, as the places they went between.
pub static CALLS: Resource =
    Resource::list("Calls", "api", "/2010-04-01/Accounts/{account}/Calls.json", "calls").sample().keep(&[
        ("to", Place),
        ("from", Place),
        ("forwarded_from", Place),
        ("tags", Filled),
    ]);

/// Recordings.
pub static RECORDINGS: Resource =
    Resource::list("Recordings", "api", "/2010-04-01/Accounts/{account}/Recordings.json", "recordings")
        .sample()
        .keep(&[("encryption_details", Filled), ("media_url", Urls)]);

/// What marketplace add-ons made of recordings.
pub static ADD_ON_RESULTS: Resource = Resource::list(
    "Recording AddOnResults",
    "api",
    "/2010-04-01/Accounts/{account}/Recordings/{1}/AddOnResults.json",
    "add_on_results",
)
.under(&RECORDINGS)
.sample();

/// The voice widgets of a flow, and where its media streams go.
pub static FLOW_WIDGETS: Resource = Resource::one("Flows (voice widgets)", "studio", "/v2/Flows/{1}")
    .under(&runtime::FLOWS)
    .keep(&[("definition", With(stream_urls)), ("definition.states", With(widgets))]);

/// What this file reads.
pub static RESOURCES: &[&Resource] = &[
    &DOMAINS,
    &DOMAIN_ACLS,
    &DOMAIN_CREDENTIALS,
    &REGISTRATION_CREDENTIALS,
    &ACLS,
    &ACL_ADDRESSES,
    &POLICIES,
    &TARGETS,
    &COUNTRIES,
    &CALLS,
    &RECORDINGS,
    &ADD_ON_RESULTS,
    &FLOW_WIDGETS,
];

/// Shortest prefix of an access control list: no one party holds more than a /8 of the IPv4 internet.
const SHORTEST_PREFIX: i64 = 8;

/// Widgets this file asks about: Autopilot, Virtual Agent, media streams, menus.
const WIDGETS: &[&str] = &[
    "send-to-auto-pilot",
    "connect-virtual-agent",
    "connect-virtual-agent-v2",
    "fork-stream",
    "gather-input-on-call",
];

/// Where Virtual Agent sends the conversation.
pub const DIALOGFLOW: &str = "dialogflow.googleapis.com";
/// What is wrong when there is no agreement about that.
pub const NO_GOOGLE: &str =
    "uses Virtual Agent and the register has no agreement with Google (dialogflow.googleapis.com)";

const TWIML: &str = "TwiML with which none of the sampled calls was answered";

/// What this file settles.
pub static CHECKS: &[Check] = &[
    Check::new("VOI-GEO-1", &[each(&COUNTRIES, country), each(&CALLS, call)])
        .leaves("calls that were not sampled or withheld their number, and legs opened by TwiML"),
    Check::new(
        "VOI-SIP-1",
        &[
            each(&DOMAINS, domain_asks_who).also(&[
                &DOMAIN_ACLS,
                &DOMAIN_CREDENTIALS,
                &REGISTRATION_CREDENTIALS,
            ]),
            each(&ACL_ADDRESSES, |address, notes| {
                let prefix = address.number("cidr_prefix_length");
                notes.wants(
                    prefix.is_some_and(|prefix| prefix >= SHORTEST_PREFIX),
                    "cidr_prefix_length",
                    "admits networks of many parties",
                );
            }),
        ],
    )
    .leaves("strength of the SIP passwords and limits on the rate of attempts"),
    Check::new(
        "VOI-SIPIF-1",
        &[
            each(&DOMAINS, |domain, notes| {
                notes.wants_flag(domain, "secure", "does not demand TLS and SRTP");
            }),
            each(&TARGETS, |target, notes| {
                if target.flag("enabled") != Some(false) {
                    notes.wants_flag(target, "target", "is called without TLS");
                }
            }),
        ],
    )
    .leaves("SRTP towards the targets, and private interconnects"),
    Check::new(
        "VOI-RECENC-1",
        &[each(&RECORDINGS, |recording, notes| {
            notes.wants_flag(recording, "encryption_details", "is not encrypted with a key of the customer");
        })],
    ),
    Check::new(
        "VOI-TRANS-2",
        &[
            super::marketplace::NO_ADD_ONS,
            never(&ADD_ON_RESULTS, |_, notes| {
                notes.fails("", "a marketplace add-on was given this recording");
            }),
        ],
    ),
    Check::new("VOI-STREAM-1", &[never(&FLOW_WIDGETS, stream), calls::STREAMS_REGISTERED]).leaves(TWIML),
    Check::new(
        "VOI-DIALOG-1",
        &[
            never(&FLOW_WIDGETS, |flow, notes| {
                must_be_readable(flow, notes);
                let agent = flow.says("definition.states", "connect-virtual-agent")
                    || flow.says("definition.states", "connect-virtual-agent-v2");
                if agent {
                    notes.wants(notes.is_registered(DIALOGFLOW), "definition.states", NO_GOOGLE);
                }
            }),
            calls::AGENT_REGISTERED,
        ],
    )
    .leaves(TWIML),
    Check::new(
        "VOI-AUTOP-1",
        &[
            never(&FLOW_WIDGETS, |flow, notes| {
                must_be_readable(flow, notes);
                if flow.says("definition.states", "send-to-auto-pilot") {
                    notes.fails("definition.states", "hands the call to Autopilot");
                }
            }),
            never(&NUMBERS, |number, notes| {
                if number.urls("voice_url").iter().any(|url| url.host.ends_with("autopilot.twilio.com")) {
                    notes.fails("voice_url", "hands the call to Autopilot");
                }
            }),
            calls::NO_AUTOPILOT,
        ],
    )
    .leaves(TWIML),
    Check::new(
        "VOI-IVR-1",
        &[each(&FLOW_WIDGETS, |flow, notes| {
            if flow.says("definition.states", "gather-input-on-call") {
                let autopilot = flow.says("definition.states", "send-to-auto-pilot");
                notes.wants(!autopilot, "definition.states", "is a voice menu that hands over to Autopilot");
            }
        })],
    ),
    // What is marketplace, Intelligence or Autopilot has rules of its own; this one is about what is on no list.
    Check::new("VOI-ELIG-1", &[usage::VOICE_LISTED, runtime::NO_RELAY_WIDGET, calls::NO_RELAY])
        .leaves("voice features that neither usage, nor flows, nor the sampled calls show"),
];

fn country(country: &Item, notes: &mut Notes<'_>) {
    let open = [
        "low_risk_numbers_enabled",
        "high_risk_special_numbers_enabled",
        "high_risk_tollfraud_numbers_enabled",
    ];
    if !open.iter().any(|field| country.is(field)) {
        if open.iter().any(|field| country.flag(field).is_none()) {
            notes.unsure();
        }
        return;
    }
    let allowed = match country.word("iso_code") {
        Some("US") => true,
        Some("other") | None => false,
        Some(_) => notes.policy("us_territories") == "include",
    };
    notes.wants(allowed, "iso_code", "may be called, though it is outside the United States");
}

fn call(call: &Item, notes: &mut Notes<'_>) {
    for field in ["to", "from", "forwarded_from"] {
        for place in call.words(field) {
            match place.as_str() {
                "us" | "toll_free" | "short_code" => notes.holds(),
                "territory" => notes.wants(
                    notes.policy("us_territories") == "include",
                    field,
                    "is in a territory, which this reading of the rule leaves out",
                ),
                // No number, so no area code.
                "client" | "sip" | "masked" | "name" => {}
                _ => notes.fails(field, "is not a number of the United States"),
            }
        }
    }
}

fn domain_asks_who(domain: &Item, notes: &mut Notes<'_>) {
    if domain.flag("sip_registration").is_none() {
        notes.unsure();
    }
    let any = |resource| notes.items(resource).iter().any(|mapping| mapping.is_under(domain));
    let asks = any(&DOMAIN_ACLS) || any(&DOMAIN_CREDENTIALS);
    let registers = !domain.is("sip_registration") || any(&REGISTRATION_CREDENTIALS);
    notes.wants(asks, "", "accepts calls without an access control list or a credential list");
    notes.wants(registers, "sip_registration", "accepts registrations without a credential list");
}

/// A flow whose widgets could not be read must not pass for one without any.
fn must_be_readable(flow: &Item, notes: &mut Notes<'_>) {
    if flow.facts.get("definition.states").is_none() {
        notes.fails("definition.states", "has no widgets that the audit could read");
    }
}

fn stream(flow: &Item, notes: &mut Notes<'_>) {
    must_be_readable(flow, notes);
    for url in flow.urls("definition") {
        streamed(url, "definition", notes);
    }
}

/// Media goes over TLS to a party of the register, and it is known where.
pub fn streamed(url: &UrlFacts, field: &str, notes: &mut Notes<'_>) {
    if url.host.is_empty() {
        return notes.fails(field, "streams media to a place that is not written there");
    }
    notes.wants(url.scheme == "wss", field, "streams media without TLS");
    let note = "streams media to a host without an agreement in the register";
    notes.wants(notes.is_registered(&url.host), field, note);
}

/// Whether a SIP URI asks for TLS: `sips:`, or `;transport=tls` (RFC 3261 §19.1).
pub fn sip_is_encrypted(value: &Value) -> Option<Fact> {
    let uri = value.as_str()?.trim().to_ascii_lowercase();
    let mut parts = uri.split(['?', '>']).next().unwrap_or_default().split(';');
    let is_sips = parts.next().is_some_and(|address| address.trim_start_matches('<').starts_with("sips:"));
    Some(Fact::Flag(is_sips || parts.any(|parameter| parameter == "transport=tls")))
}

fn widgets(states: &Value) -> Option<Fact> {
    let kinds = states.as_array()?.iter().filter_map(|state| state.get("type")?.as_str());
    let known = kinds.filter_map(|kind| WIDGETS.iter().find(|known| **known == kind));
    Some(Fact::Words(known.map(|kind| (*kind).to_owned()).collect()))
}

/// Where the streams go that a flow starts. One without a URL (SIPREC names a connector) keeps a place that is unknown.
fn stream_urls(definition: &Value) -> Option<Fact> {
    let states = definition.get("states")?.as_array()?;
    let is_stream = |state: &&Value| state.get("type").is_some_and(|kind| kind == "fork-stream");
    let property =
        |state: &Value, name: &str| state.get("properties")?.get(name)?.as_str().map(str::to_owned);
    let urls = states
        .iter()
        .filter(is_stream)
        .filter(|state| property(state, "stream_action").as_deref() != Some("stop"))
        .map(|state| property(state, "stream_url").filter(|url| !url.is_empty()))
        .map(|url| Value::from(url.unwrap_or_else(|| "unknown".to_owned())));
    Urls.of(&Value::Array(urls.collect()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn tells_which_sip_uris_ask_for_tls() {
        for (uri, encrypted) in [
            ("sips:pbx.hospital.example.org", true),
            ("sip:pbx.hospital.example.org;transport=tls", true),
            ("sip:pbx.hospital.example.org;edge=umatilla;TRANSPORT=TLS?x=1", true),
            ("sip:pbx.hospital.example.org;transport=udp", false),
            ("sip:pbx.hospital.example.org", false),
            ("sip:pbx.hospital.example.org?x=;transport=tls", false),
        ] {
            assert_eq!(sip_is_encrypted(&json!(uri)), Some(Fact::Flag(encrypted)), "{uri}");
        }
    }

    #[test]
    fn a_stream_that_is_started_has_a_place_known_or_not() {
        let definition = json!({ "states": [
            { "type": "fork-stream", "properties": { "stream_action": "start", "stream_url": "wss://a.example.org/x" } },
            { "type": "fork-stream", "properties": { "stream_action": "start", "stream_transport_type": "siprec" } },
            { "type": "fork-stream", "properties": { "stream_action": "stop" } },
        ]});
        let Some(Fact::Urls(urls)) = stream_urls(&definition) else { panic!("there are URLs") };
        assert_eq!(urls.iter().map(|url| url.host.as_str()).collect::<Vec<_>>(), ["a.example.org", ""]);
    }

    #[test]
    fn keeps_the_widgets_that_rules_ask_about_and_no_others() {
        let states = json!([{ "type": "fork-stream", "name": "a" }, { "type": "say-play" }]);
        assert_eq!(widgets(&states), Some(Fact::Words(vec!["fork-stream".to_owned()])));
    }
}
