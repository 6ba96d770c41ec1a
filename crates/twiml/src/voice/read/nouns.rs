//! Reads the nouns that stand in more than one verb, and those of `Connect` and `Start`.

use std::time::Duration;

use roxmltree::Node;

use super::element::{Element, is_sid};
use super::{QUEUE_NAME_LIMIT, hints, recording_status};
use crate::SCHEMA_VIOLATION;
use crate::document::{Violation, name};
use crate::limits::{PARAMETER_LIMIT, SECONDS_LIMIT, SIP_URI_LIMIT_BYTES, TOKEN_LIMIT};
use crate::voice::codes::{
    CONFERENCE_BEEP, CONFERENCE_COACH, CONFERENCE_END_ON_EXIT, CONFERENCE_LABEL, CONFERENCE_MUTED,
    CONFERENCE_NAME, CONFERENCE_START_ON_ENTER, CONFERENCE_TRIM, CONFERENCE_WAIT_METHOD, QUEUE_ACTIVITY,
    QUEUE_METHOD, QUEUE_NAME_LONG, QUEUE_NAME_SHORT, QUEUE_RESERVATION, RECORDING_TRACK, RECORDING_TRIM,
};
use crate::voice::words::{
    Beep, Channels, ConferenceEvents, ConferenceRecording, ConversationEvents, ConversationRecording,
    JitterBuffer, RecordingTrack, Track, Trim,
};
use crate::voice::{
    ConferenceNoun, Connected, ConversationNoun, ConversationRelay, Parameter, QueueNoun, RecordingNoun,
    Siprec, Stream, Task, Transcription, VirtualAgent,
};

/// Longest name of a conference in characters.
const CONFERENCE_NAME_LIMIT: usize = 128;
/// Most participants of a conference.
const PARTICIPANTS_LIMIT: u16 = 250;

/// Attributes of `<Stream>`.
pub(super) const STREAM: &[&str] = &[
    "name",
    "connectorName",
    "url",
    "track",
    "statusCallback",
    "statusCallbackMethod",
    "audioFormat",
    "sampleRate",
];
/// Attributes of `<Siprec>`.
pub(super) const SIPREC: &[&str] =
    &["name", "connectorName", "track", "statusCallback", "statusCallbackMethod"];
/// Attributes of `<Transcription>`.
pub(super) const TRANSCRIPTION: &[&str] = &[
    "name",
    "track",
    "statusCallbackUrl",
    "statusCallbackMethod",
    "inboundTrackLabel",
    "outboundTrackLabel",
    "partialResults",
    "languageCode",
    "transcriptionEngine",
    "profanityFilter",
    "speechModel",
    "hints",
    "enableAutomaticPunctuation",
    "intelligenceService",
];
/// Attributes of `<ConversationRelay>`; three have had another spelling.
const CONVERSATION_RELAY: &[&str] = &[
    "url",
    "language",
    "ttsLanguage",
    "transcriptionLanguage",
    "ttsProvider",
    "voice",
    "transcriptionProvider",
    "speechModel",
    "profanityFilter",
    "dtmfDetection",
    "welcomeGreeting",
    "partialPrompts",
    "welcomeGreetingInterruptible",
    "interruptible",
    "preemptible",
    "hints",
    "intelligenceService",
    "reportInputDuringAgentSpeech",
    "elevenlabsTextNormalization",
    "interruptSensitivity",
    "debug",
    "backgroundNoiseReduction",
    "backgroundnoisereduction",
    "speechTimeout",
    "speechtimeout",
    "deepgramSmartFormat",
    "deepgramsmartformat",
    "ignoreBackchannel",
    "ignorebackchannel",
    "events",
    "partialPromptOnHangup",
    "eagerEotThreshold",
    "asrSmartFormat",
    "ttsTextNormalization",
    "ttsLanguageTextNormalization",
    "elevenlabsLanguageTextNormalization",
    "includeInPrompt",
    "customerName",
    "applicationReconnect",
    "echoPromptFiltering",
    "turnDetection",
];
/// Attributes of `<Language>`.
const LANGUAGE: &[&str] = &[
    "code",
    "ttsProvider",
    "voice",
    "transcriptionProvider",
    "speechModel",
    "hints",
    "asrSmartFormat",
    "ttsTextNormalization",
    "ttsLanguageTextNormalization",
];

/// Whether this can be a SIP URI: its parts are read by who calls it.
pub(super) fn is_sip_uri(written: &str) -> bool {
    let lower = written.get(..5).unwrap_or(written).to_ascii_lowercase();
    (lower.starts_with("sip:") || lower == "sips:")
        && written.len() <= SIP_URI_LIMIT_BYTES
        && !written.chars().any(|character| {
            character.is_whitespace() || character.is_control() || "<>\"".contains(character)
        })
        && written.split_once(':').is_some_and(|(_, rest)| !rest.is_empty() && rest != "@")
}

/// Adds a `<Parameter>`, `<Config>` and the like.
pub(super) fn parameter(node: Node, parameters: &mut Vec<Parameter>) -> Result<(), Violation> {
    if parameters.len() == PARAMETER_LIMIT {
        return Err(Violation::schema(node));
    }
    let element = Element::new(node, &["name", "value"])?;
    element.empty()?;
    let Some(name) = element.any("name") else {
        return element.refused(SCHEMA_VIOLATION);
    };
    parameters.push(Parameter { name, value: node.attribute("value").unwrap_or_default().to_owned() });
    Ok(())
}

/// The parameters in an element that may hold nothing else but, where it is given, configuration.
fn parameters(
    element: Element,
    mut configuration: Option<&mut Vec<Parameter>>,
) -> Result<Vec<Parameter>, Violation> {
    let mut parameters = Vec::new();
    for child in element.elements()? {
        match (name(child)?, configuration.as_deref_mut()) {
            ("Parameter", _) => parameter(child, &mut parameters)?,
            ("Config", Some(configuration)) => parameter(child, configuration)?,
            _ => return Err(Violation::schema(child)),
        }
    }
    Ok(parameters)
}

/// The `name` of a noun of `Stop`.
pub(super) fn named(node: Node, known: &[&str]) -> Result<Option<String>, Violation> {
    let element = Element::new(node, known)?;
    parameters(element, Some(&mut Vec::new()))?;
    Ok(element.any("name"))
}

pub(super) fn queue(node: Node) -> Result<QueueNoun, Violation> {
    let element = Element::new(node, &["url", "method", "reservationSid", "postWorkActivitySid"])?;
    let reservation_sid = element.sid("reservationSid", "WR", QUEUE_RESERVATION)?;
    let name = element.text()?;
    let name = if name.is_empty() && reservation_sid.is_some() {
        None
    } else {
        Some(element.named(QUEUE_NAME_LIMIT, QUEUE_NAME_SHORT, QUEUE_NAME_LONG)?)
    };
    Ok(QueueNoun {
        name,
        screening: element.action("url", "method", QUEUE_METHOD)?,
        reservation_sid,
        post_work_activity_sid: element.sid("postWorkActivitySid", "WA", QUEUE_ACTIVITY)?,
    })
}

pub(super) fn task(node: Node) -> Result<Task, Violation> {
    let element = Element::new(node, &["priority", "timeout"])?;
    let timeout = element.number("timeout", 0..=u32::MAX, SCHEMA_VIOLATION)?;
    Ok(Task {
        attributes: element.text()?,
        priority: element.number("priority", 0..=u32::MAX, SCHEMA_VIOLATION)?,
        timeout: timeout.map(|seconds| Duration::from_secs(seconds.into())),
    })
}

pub(super) fn conference(node: Node) -> Result<ConferenceNoun, Violation> {
    let element = Element::new(
        node,
        &[
            "muted",
            "beep",
            "startConferenceOnEnter",
            "endConferenceOnExit",
            "waitUrl",
            "waitMethod",
            "maxParticipants",
            "record",
            "recordingConfigurationId",
            "region",
            "coach",
            "trim",
            "statusCallbackEvent",
            "statusCallback",
            "statusCallbackMethod",
            "recordingStatusCallback",
            "recordingStatusCallbackMethod",
            "recordingStatusCallbackEvent",
            "eventCallbackUrl",
            "jitterBufferSize",
            "participantLabel",
        ],
    )?;
    let label = |written: &str| {
        let fits = written.chars().count() <= CONFERENCE_NAME_LIMIT
            && !written.contains('/')
            && !is_sid(written, "CA");
        fits.then(|| written.to_owned())
    };
    let events = element.read("statusCallbackEvent", SCHEMA_VIOLATION, ConferenceEvents::from_words)?;
    Ok(ConferenceNoun {
        name: element.named(CONFERENCE_NAME_LIMIT, CONFERENCE_NAME, CONFERENCE_NAME)?,
        muted: element.flag("muted", false, CONFERENCE_MUTED)?,
        beep: element.read("beep", CONFERENCE_BEEP, Beep::from_word)?.unwrap_or_default(),
        start_on_enter: element.flag("startConferenceOnEnter", true, CONFERENCE_START_ON_ENTER)?,
        end_on_exit: element.flag("endConferenceOnExit", false, CONFERENCE_END_ON_EXIT)?,
        wait: element.action("waitUrl", "waitMethod", CONFERENCE_WAIT_METHOD)?,
        max_participants: element
            .number("maxParticipants", 2..=PARTICIPANTS_LIMIT, SCHEMA_VIOLATION)?
            .unwrap_or(PARTICIPANTS_LIMIT),
        record: element.read("record", SCHEMA_VIOLATION, ConferenceRecording::from_word)?.unwrap_or_default(),
        trim: element.read("trim", CONFERENCE_TRIM, Trim::from_word)?.unwrap_or_default(),
        region: element.token("region", SCHEMA_VIOLATION)?,
        coach: element.sid("coach", "CA", CONFERENCE_COACH)?,
        status_callback: element.callback("statusCallback", "statusCallbackMethod", SCHEMA_VIOLATION)?,
        status_events: events.unwrap_or_default(),
        recording_status: recording_status(element, SCHEMA_VIOLATION)?,
        recording_configuration_id: element.any("recordingConfigurationId"),
        event_callback_url: element.any("eventCallbackUrl"),
        jitter_buffer: element
            .read("jitterBufferSize", SCHEMA_VIOLATION, JitterBuffer::from_word)?
            .unwrap_or_default(),
        participant_label: element
            .read("participantLabel", CONFERENCE_LABEL, label)?
            .filter(|label| !label.is_empty()),
    })
}

fn track(element: Element) -> Result<Option<Track>, Violation> {
    element.read("track", SCHEMA_VIOLATION, Track::from_word)
}

pub(super) fn stream(node: Node) -> Result<Stream, Violation> {
    let element = Element::new(node, STREAM)?;
    let connector_name = element.any("connectorName");
    let url = element.any("url");
    if url.is_none() && connector_name.is_none() {
        return element.refused(SCHEMA_VIOLATION);
    }
    Ok(Stream {
        name: element.any("name"),
        connector_name,
        url,
        track: track(element)?.unwrap_or_default(),
        status_callback: element.callback("statusCallback", "statusCallbackMethod", SCHEMA_VIOLATION)?,
        audio_format: element.token("audioFormat", SCHEMA_VIOLATION)?,
        sample_rate: element.number("sampleRate", 8_000..=48_000, SCHEMA_VIOLATION)?,
        parameters: parameters(element, None)?,
    })
}

pub(super) fn siprec(node: Node) -> Result<Siprec, Violation> {
    let element = Element::new(node, SIPREC)?;
    Ok(Siprec {
        name: element.any("name"),
        connector_name: element.any("connectorName"),
        track: track(element)?.unwrap_or(Track::Both),
        status_callback: element.callback("statusCallback", "statusCallbackMethod", SCHEMA_VIOLATION)?,
        parameters: parameters(element, None)?,
    })
}

pub(super) fn transcription(node: Node) -> Result<Transcription, Violation> {
    let element = Element::new(node, TRANSCRIPTION)?;
    let mut configuration = Vec::new();
    Ok(Transcription {
        name: element.any("name"),
        track: track(element)?.unwrap_or(Track::Both),
        status_callback: element.callback("statusCallbackUrl", "statusCallbackMethod", SCHEMA_VIOLATION)?,
        inbound_track_label: element.any("inboundTrackLabel"),
        outbound_track_label: element.any("outboundTrackLabel"),
        partial_results: element.flag("partialResults", false, SCHEMA_VIOLATION)?,
        language: element.language("languageCode", SCHEMA_VIOLATION)?.unwrap_or_else(|| "en-US".to_owned()),
        engine: element.token("transcriptionEngine", SCHEMA_VIOLATION)?,
        profanity_filter: element.flag("profanityFilter", true, SCHEMA_VIOLATION)?,
        speech_model: element.token("speechModel", SCHEMA_VIOLATION)?,
        hints: hints(element, SCHEMA_VIOLATION)?,
        automatic_punctuation: element.flag("enableAutomaticPunctuation", true, SCHEMA_VIOLATION)?,
        intelligence_service: element.any("intelligenceService"),
        parameters: parameters(element, Some(&mut configuration))?,
        configuration,
    })
}

pub(super) fn recording(node: Node) -> Result<RecordingNoun, Violation> {
    let element = Element::new(
        node,
        &[
            "recordingStatusCallback",
            "recordingStatusCallbackMethod",
            "recordingStatusCallbackEvent",
            "trim",
            "track",
            "channels",
            "recordingConfigurationId",
        ],
    )?;
    element.empty()?;
    Ok(RecordingNoun {
        status: recording_status(element, SCHEMA_VIOLATION)?,
        trim: element.read("trim", RECORDING_TRIM, Trim::from_word)?.unwrap_or(Trim::DoNotTrim),
        track: element.read("track", RECORDING_TRACK, RecordingTrack::from_word)?.unwrap_or_default(),
        channels: element.read("channels", SCHEMA_VIOLATION, Channels::from_word)?.unwrap_or_default(),
        configuration_id: element.any("recordingConfigurationId"),
    })
}

pub(super) fn connected(node: Node) -> Result<Connected, Violation> {
    Ok(match name(node)? {
        "Stream" => Connected::Stream(stream(node)?),
        "Room" => {
            let element = Element::new(node, &["participantIdentity"])?;
            Connected::Room {
                name: element.named(TOKEN_LIMIT, SCHEMA_VIOLATION, SCHEMA_VIOLATION)?,
                participant_identity: element.any("participantIdentity"),
            }
        }
        "Conversation" => Connected::Conversation(Box::new(conversation(node)?)),
        "VirtualAgent" => Connected::VirtualAgent(virtual_agent(node)?),
        "ConversationRelay" => Connected::ConversationRelay(Box::new(conversation_relay(node)?)),
        "AiSession" => {
            let element = Element::new(node, &["aiConnector", "aiSessionConfiguration"])?;
            element.empty()?;
            Connected::AiSession {
                connector: element.any("aiConnector"),
                configuration: element.any("aiSessionConfiguration"),
            }
        }
        "ConversationRelaySession" => {
            let element = Element::new(node, &["connector", "sessionConfiguration"])?;
            element.empty()?;
            Connected::ConversationRelaySession {
                connector: element.any("connector"),
                configuration: element.any("sessionConfiguration"),
            }
        }
        "Autopilot" => {
            let element = Element::new(node, &[])?;
            Connected::Autopilot(element.named(TOKEN_LIMIT, SCHEMA_VIOLATION, SCHEMA_VIOLATION)?)
        }
        _ => return Err(Violation::schema(node)),
    })
}

fn conversation(node: Node) -> Result<ConversationNoun, Violation> {
    let element = Element::new(
        node,
        &[
            "serviceInstanceSid",
            "inboundAutocreation",
            "routingAssignmentTimeout",
            "inboundTimeout",
            "url",
            "method",
            "record",
            "trim",
            "recordingStatusCallback",
            "recordingStatusCallbackMethod",
            "recordingStatusCallbackEvent",
            "statusCallback",
            "statusCallbackMethod",
            "statusCallbackEvent",
        ],
    )?;
    element.empty()?;
    let seconds = |attribute| -> Result<Option<Duration>, Violation> {
        let seconds = element.number(attribute, 0..=SECONDS_LIMIT, SCHEMA_VIOLATION)?;
        Ok(seconds.map(|seconds| Duration::from_secs(seconds.into())))
    };
    let events = element.read("statusCallbackEvent", SCHEMA_VIOLATION, ConversationEvents::from_words)?;
    Ok(ConversationNoun {
        service_instance_sid: element.sid("serviceInstanceSid", "IS", SCHEMA_VIOLATION)?,
        inbound_autocreation: element.flag("inboundAutocreation", false, SCHEMA_VIOLATION)?,
        routing_assignment_timeout: seconds("routingAssignmentTimeout")?,
        inbound_timeout: seconds("inboundTimeout")?,
        wait: element.action("url", "method", SCHEMA_VIOLATION)?,
        record: element
            .read("record", SCHEMA_VIOLATION, ConversationRecording::from_word)?
            .unwrap_or_default(),
        trim: element.read("trim", RECORDING_TRIM, Trim::from_word)?.unwrap_or(Trim::DoNotTrim),
        recording_status: recording_status(element, SCHEMA_VIOLATION)?,
        status_callback: element.callback("statusCallback", "statusCallbackMethod", SCHEMA_VIOLATION)?,
        status_events: events.unwrap_or_default(),
    })
}

fn virtual_agent(node: Node) -> Result<VirtualAgent, Violation> {
    let element = Element::new(
        node,
        &["connectorName", "language", "sentimentAnalysis", "statusCallback", "statusCallbackMethod"],
    )?;
    let mut configuration = Vec::new();
    Ok(VirtualAgent {
        connector_name: element.any("connectorName"),
        language: element.language("language", SCHEMA_VIOLATION)?,
        sentiment_analysis: element.flag("sentimentAnalysis", false, SCHEMA_VIOLATION)?,
        status_callback: element.callback("statusCallback", "statusCallbackMethod", SCHEMA_VIOLATION)?,
        parameters: parameters(element, Some(&mut configuration))?,
        configuration,
    })
}

fn conversation_relay(node: Node) -> Result<ConversationRelay, Violation> {
    let element = Element::new(node, CONVERSATION_RELAY)?;
    let mut relay = ConversationRelay { attributes: attributes(node), ..ConversationRelay::default() };
    for child in element.elements()? {
        match name(child)? {
            "Language" if relay.languages.len() < PARAMETER_LIMIT => {
                Element::new(child, LANGUAGE)?.empty()?;
                relay.languages.push(attributes(child));
            }
            "Parameter" => parameter(child, &mut relay.parameters)?,
            _ => return Err(Violation::schema(child)),
        }
    }
    Ok(relay)
}

fn attributes(node: Node) -> Vec<Parameter> {
    let parameter = |found: roxmltree::Attribute| Parameter {
        name: found.name().to_owned(),
        value: found.value().to_owned(),
    };
    node.attributes().map(parameter).collect()
}
