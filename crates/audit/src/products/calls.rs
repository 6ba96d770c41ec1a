//! What calls left behind: transcripts, and the TwiML they were answered with.

use serde_json::Value;

use super::{accounts, voice};
use crate::check::{Check, Test, each, never};
use crate::fact::Fact;
use crate::fact::Keep::{Text, Urls, With, Words};
use crate::provider::Provider;
use crate::resource::Resource;

/// Transcripts that the platform itself made of recordings.
pub static TRANSCRIPTIONS: Resource = Resource::list(
    "Transcriptions",
    "api",
    "/2010-04-01/Accounts/{account}/Transcriptions.json",
    "transcriptions",
)
.sample()
.keep(&[("transcription_text", Text), ("type", Words(&["fast"]))]);

/// Requests about a call, with the TwiML that came back. Of that, where it streams to and which features it names.
pub static EVENTS: Resource =
    Resource::list("Call Events", "api", "/2010-04-01/Accounts/{account}/Calls/{1}/Events.json", "events")
        .under(&voice::CALLS)
        .sample()
        .keep(&[
            ("request.parameters.twiml#streams", With(streams)),
            ("request.parameters.twiml#features", With(features)),
            ("response.response_body#streams", With(streams)),
            ("response.response_body#features", With(features)),
        ]);

/// What this file reads.
pub static RESOURCES: &[&Resource] = &[&TRANSCRIPTIONS, &EVENTS];

const STREAMS: [&str; 2] = ["request.parameters.twiml#streams", "response.response_body#streams"];
const FEATURES: [&str; 2] = ["request.parameters.twiml#features", "response.response_body#features"];
/// TwiML elements that rules ask about; the names as TwiML writes them.
const ELEMENTS: &[&str] =
    &["Stream", "Siprec", "VirtualAgent", "Autopilot", "ConversationRelay", "AiSession"];

/// Streams of sampled calls went over TLS to parties of the register.
pub const STREAMS_REGISTERED: Test = never(&EVENTS, |event, notes| {
    for field in STREAMS {
        for url in event.urls(field) {
            voice::streamed(url, field, notes);
        }
    }
});
/// Where a sampled call was given to Virtual Agent, there is an agreement with its vendor.
pub const AGENT_REGISTERED: Test = never(&EVENTS, |event, notes| {
    for field in FEATURES {
        if event.says(field, "VirtualAgent") {
            notes.wants(notes.is_registered(voice::DIALOGFLOW), field, voice::NO_GOOGLE);
        }
    }
});
/// No sampled call was given to Autopilot.
pub const NO_AUTOPILOT: Test = never(&EVENTS, |event, notes| {
    for field in FEATURES {
        if event.says(field, "Autopilot") {
            notes.fails(field, "hands the call to Autopilot");
        }
    }
});
/// No sampled call was given to an AI.
pub const NO_RELAY: Test = never(&EVENTS, |event, notes| {
    for field in FEATURES {
        if event.says(field, "ConversationRelay") || event.says(field, "AiSession") {
            notes.fails(field, "hands the call to an AI, and no feature with AI is eligible");
        }
    }
});

const ACCOUNTS: &[Provider] = &[Provider::Twilio, Provider::SignalWire, Provider::Switchward];

/// What this file settles.
pub static CHECKS: &[Check] = &[
    Check::new(
        "ART-RESTR-VOICE",
        &[each(&TRANSCRIPTIONS, |transcript, notes| {
            let note = "identifiers of persons stand in the transcript of a recording";
            accounts::clean(transcript, "transcription_text", notes, note);
        })],
    )
    .on(ACCOUNTS),
    Check::new(
        "VOI-TRANS-1",
        &[each(&TRANSCRIPTIONS, |transcript, notes| {
            let note = "is a transcript of a kind that the platform itself does not make";
            notes.wants(transcript.says("type", "fast"), "type", note);
        })],
    ),
    // The published schemas have no tags for calls; where a vendor shows them they are found.
    Check::new(
        "LOG-TAGVOICE-1",
        &[
            never(&voice::CALLS, |call, notes| {
                if call.is("tags") {
                    notes.fails("tags", "is tagged, and message tagging is not eligible");
                }
            }),
            accounts::NO_TAGS,
        ],
    )
    .leaves(
        "that neither messages, nor verifications, nor calls are tagged, where the API does not show tags",
    ),
];

/// The elements of a TwiML document, each as its name and the rest of its tag.
fn elements(document: &Value) -> impl Iterator<Item = (&str, &str)> {
    let text = document.as_str().unwrap_or_default();
    text.split('<').skip(1).filter_map(|tag| {
        let tag = tag.split('>').next().unwrap_or_default().trim_end_matches('/');
        let end = tag.find(|c: char| c.is_ascii_whitespace()).unwrap_or(tag.len());
        let (name, rest) = tag.split_at(end);
        name.bytes().all(|b| b.is_ascii_alphanumeric()).then_some((name, rest))
    })
}

/// The features that a document names.
fn features(document: &Value) -> Option<Fact> {
    let mut words: Vec<String> = elements(document)
        .filter(|(name, _)| ELEMENTS.contains(name))
        .map(|(name, _)| name.to_owned())
        .collect();
    words.sort_unstable();
    words.dedup();
    (!words.is_empty()).then_some(Fact::Words(words))
}

/// Where a document streams media to. An element without a URL (SIPREC names a connector) keeps a place that is unknown.
fn streams(document: &Value) -> Option<Fact> {
    let urls = elements(document)
        .filter(|(name, _)| matches!(*name, "Stream" | "Siprec"))
        // `<Stop><Stream name="..."/></Stop>` sends nothing anywhere.
        .filter(|(name, rest)| *name == "Siprec" || attribute(rest, "url").is_some())
        .map(|(_, rest)| Value::from(attribute(rest, "url").unwrap_or("unknown")));
    Urls.of(&Value::Array(urls.collect()))
}

/// The value of an attribute in what follows an element's name.
fn attribute<'a>(rest: &'a str, name: &str) -> Option<&'a str> {
    let at = rest.match_indices(name).find(|(at, _)| {
        let before = rest[..*at].bytes().next_back();
        before.is_some_and(|b| b.is_ascii_whitespace())
    })?;
    let after = rest[at.0 + name.len()..].trim_start().strip_prefix('=')?.trim_start();
    let quote = after.chars().next().filter(|quote| matches!(quote, '"' | '\''))?;
    after[1..].split(quote).next().filter(|value| !value.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hosts(document: &str) -> Vec<(String, String)> {
        match streams(&Value::from(document)) {
            Some(Fact::Urls(urls)) => urls.into_iter().map(|url| (url.scheme, url.host)).collect(),
            _ => Vec::new(),
        }
    }

    #[test]
    fn finds_where_a_document_streams_to() {
        let pair = |scheme: &str, host: &str| (scheme.to_owned(), host.to_owned());
        let document =
            r#"<Response><Start><Stream name="url" url = 'wss://a.example.org/x'/></Start></Response>"#;
        assert_eq!(hosts(document), [pair("wss", "a.example.org")]);
        assert_eq!(hosts(r#"<Start><Siprec connectorName="x"/></Start>"#), [pair("other", "")]);
        assert!(hosts(r#"<Stop><Stream name="x"/></Stop>"#).is_empty());
        assert!(hosts("<Response><Say>Stream url=\"wss://a.example.org\"</Say></Response>").is_empty());
        assert!(hosts("{\"sid\": \"CA0\"}").is_empty());
        assert!(hosts("<Stream url=").is_empty());
    }

    #[test]
    fn keeps_the_elements_that_rules_ask_about_and_no_text() {
        let document =
            "<Response><Say>Alice</Say><Connect><VirtualAgent connectorName='x'/></Connect></Response>";
        assert_eq!(features(&Value::from(document)), Some(Fact::Words(vec!["VirtualAgent".to_owned()])));
        assert_eq!(features(&Value::from("<Response><Say>Alice</Say></Response>")), None);
        assert_eq!(features(&Value::Null), None);
    }
}
