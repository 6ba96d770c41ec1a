//! Reads `Dial` and whom it calls.

use roxmltree::Node;

use super::element::{Element, keys_and_pauses};
use super::nouns::{conference, is_sip_uri, parameter, queue};
use super::recording_status;
use crate::SCHEMA_VIOLATION;
use crate::document::{Violation, content, name};
use crate::limits::{
    HEADER_LIMIT_BYTES, LEG_LIMIT, PARAMETER_LIMIT, RINGING_DEFAULT_SECONDS, RINGING_LIMIT_SECONDS,
    SECONDS_LIMIT, TIME_LIMIT_DEFAULT_SECONDS, TOKEN_LIMIT,
};
use crate::voice::codes::{
    DIAL_ANSWER_ON_BRIDGE, DIAL_CALLER_ID, DIAL_CALLER_ID_TOO_LONG, DIAL_HANGUP_ON_STAR, DIAL_METHOD,
    DIAL_NESTED, DIAL_RECORD, DIAL_RING_TONE, DIAL_SEQUENTIAL, DIAL_TIME_LIMIT, DIAL_TIMEOUT, DIAL_TOO_MANY,
    MIXED_NOUNS, NUMBER_FORMAT, NUMBER_METHOD, NUMBER_SEND_DIGITS, RECORDING_TRACK, RECORDING_TRIM,
    SIP_CREDENTIALS, SIP_HEADER_NAME, SIP_HEADER_TOO_LONG, SIP_METHOD, SIP_TOO_MANY_HEADERS, SIP_URI,
};
use crate::voice::words::{CallEvents, CallRecording, MachineDetectionMode, RecordingTrack, Trim};
use crate::voice::{
    ApplicationNoun, CallStatusReports, ClientNoun, Dial, DialTarget, MachineDetection, NumberNoun,
    Parameter, Party, SimNoun, SipNoun, SipTarget, WhatsAppNoun,
};

/// Longest phone number as written, in bytes: with spaces, brackets and dashes.
const NUMBER_LIMIT: usize = 64;
/// Longest identity of a client in characters.
const IDENTITY_LIMIT: usize = 256;

pub(super) fn dial(node: Node) -> Result<Dial, Violation> {
    let element = Element::new(
        node,
        &[
            "action",
            "method",
            "timeout",
            "hangupOnStar",
            "timeLimit",
            "callerId",
            "record",
            "trim",
            "recordingStatusCallback",
            "recordingStatusCallbackMethod",
            "recordingStatusCallbackEvent",
            "recordingConfigurationId",
            "answerOnBridge",
            "ringTone",
            "recordingTrack",
            "sequential",
            "referUrl",
            "referMethod",
            "events",
            "passports",
        ],
    )?;
    element
        .read("callerId", DIAL_CALLER_ID_TOO_LONG, |written| (written.len() <= TOKEN_LIMIT).then_some(()))?;
    let caller_id = element.read("callerId", DIAL_CALLER_ID, |written| {
        let is_part = |character: char| !character.is_control() && !"<>\"".contains(character);
        written.chars().all(is_part).then(|| written.to_owned())
    })?;
    let tone = |written: &str| {
        let is_part = |character: char| character.is_ascii_lowercase() || character == '-';
        let written = written.to_ascii_lowercase();
        (written.len() >= 2 && written.len() <= 6 && written.chars().all(is_part)).then_some(written)
    };
    Ok(Dial {
        action: element.action("action", "method", DIAL_METHOD)?,
        timeout: element.seconds(
            "timeout",
            1..=RINGING_LIMIT_SECONDS,
            RINGING_DEFAULT_SECONDS,
            DIAL_TIMEOUT,
        )?,
        hangup_on_star: element.flag("hangupOnStar", false, DIAL_HANGUP_ON_STAR)?,
        time_limit: element.seconds(
            "timeLimit",
            1..=SECONDS_LIMIT,
            TIME_LIMIT_DEFAULT_SECONDS,
            DIAL_TIME_LIMIT,
        )?,
        caller_id: caller_id.filter(|id| !id.is_empty()),
        record: element.read("record", DIAL_RECORD, CallRecording::from_word)?.unwrap_or_default(),
        trim: element.read("trim", RECORDING_TRIM, Trim::from_word)?.unwrap_or(Trim::DoNotTrim),
        recording_track: element
            .read("recordingTrack", RECORDING_TRACK, RecordingTrack::from_word)?
            .unwrap_or_default(),
        recording_status: recording_status(element, DIAL_METHOD)?,
        recording_configuration_id: element.any("recordingConfigurationId"),
        answer_on_bridge: element.flag("answerOnBridge", false, DIAL_ANSWER_ON_BRIDGE)?,
        ring_tone: element.read("ringTone", DIAL_RING_TONE, tone)?,
        sequential: element.flag("sequential", false, DIAL_SEQUENTIAL)?,
        refer: element.action("referUrl", "referMethod", DIAL_METHOD)?,
        events: element.any("events"),
        passports: element.any("passports"),
        target: target(element, node)?,
    })
}

fn target(element: Element, node: Node) -> Result<DialTarget, Violation> {
    if !content(node).any(|child| child.is_element()) {
        return Ok(DialTarget::Parties(vec![Party::Number(NumberNoun::plain(number(element)?))]));
    }
    let Ok(nouns) = element.elements() else {
        return element.refused(DIAL_NESTED);
    };
    if let [only] = nouns[..] {
        match name(only)? {
            "Conference" => return Ok(DialTarget::Conference(Box::new(conference(only)?))),
            "Queue" => return Ok(DialTarget::Queue(Box::new(queue(only)?))),
            _ => {}
        }
    }
    let mut parties = Vec::new();
    for noun in nouns {
        if parties.len() == LEG_LIMIT {
            return Err(Violation::of(noun, DIAL_TOO_MANY));
        }
        parties.push(match name(noun)? {
            "Number" => Party::Number(number_noun(noun)?),
            "Sip" => Party::Sip(Box::new(sip(noun)?)),
            "Client" => Party::Client(client(noun)?),
            "Application" => Party::Application(application(noun)?),
            "Sim" => Party::Sim(SimNoun {
                sid: Element::new(noun, &[])?.named(TOKEN_LIMIT, DIAL_NESTED, DIAL_NESTED)?,
            }),
            "WhatsApp" => Party::WhatsApp(whatsapp(noun)?),
            "Conference" | "Queue" => return Err(Violation::of(noun, MIXED_NOUNS)),
            _ => return Err(Violation::of(noun, DIAL_NESTED)),
        });
    }
    Ok(DialTarget::Parties(parties))
}

/// The phone number that is an element's text. Which number it is, and whether it may be called, is not yet asked.
fn number(element: Element) -> Result<String, Violation> {
    let written = element.text()?;
    let is_part = |character: char| character.is_ascii_alphanumeric() || "+-(). *#".contains(character);
    let is_number = written.len() <= NUMBER_LIMIT
        && written.chars().all(is_part)
        && written.chars().any(|character| character.is_ascii_digit());
    if is_number { Ok(written) } else { element.refused(NUMBER_FORMAT) }
}

fn number_noun(node: Node) -> Result<NumberNoun, Violation> {
    let element = Element::new(
        node,
        &[
            "sendDigits",
            "url",
            "method",
            "statusCallbackEvent",
            "statusCallback",
            "statusCallbackMethod",
            "byoc",
            "machineDetection",
            "machineDetectionTimeout",
            "machineDetectionSpeechThreshold",
            "machineDetectionSpeechEndThreshold",
            "machineDetectionSilenceTimeout",
            "amdStatusCallback",
            "amdStatusCallbackMethod",
        ],
    )?;
    Ok(NumberNoun {
        number: number(element)?,
        send_digits: element
            .read("sendDigits", NUMBER_SEND_DIGITS, |written| match written {
                "" => Some(None),
                keys => keys_and_pauses(keys).map(Some),
            })?
            .flatten(),
        screening: element.action("url", "method", NUMBER_METHOD)?,
        status: call_status(element, NUMBER_METHOD)?,
        byoc: element.sid("byoc", "BY", SCHEMA_VIOLATION)?,
        machine_detection: machine_detection(element)?,
    })
}

/// `statusCallback` with its method and events.
fn call_status(element: Element, method: u32) -> Result<CallStatusReports, Violation> {
    let events = element.read("statusCallbackEvent", SCHEMA_VIOLATION, CallEvents::from_words)?;
    Ok(CallStatusReports {
        callback: element.callback("statusCallback", "statusCallbackMethod", method)?,
        events: events.unwrap_or_default(),
    })
}

/// Ranges and defaults as the REST API has them for calls.
fn machine_detection(element: Element) -> Result<Option<MachineDetection>, Violation> {
    let mode = element.read("machineDetection", SCHEMA_VIOLATION, MachineDetectionMode::from_word)?;
    let timeout = element.seconds("machineDetectionTimeout", 3..=59, 30, SCHEMA_VIOLATION)?;
    let speech_threshold = element.milliseconds("machineDetectionSpeechThreshold", 1_000..=6_000, 2_400)?;
    let speech_end_threshold =
        element.milliseconds("machineDetectionSpeechEndThreshold", 500..=5_000, 1_200)?;
    let silence_timeout = element.milliseconds("machineDetectionSilenceTimeout", 2_000..=10_000, 5_000)?;
    let callback = element.callback("amdStatusCallback", "amdStatusCallbackMethod", SCHEMA_VIOLATION)?;
    Ok(mode.map(|mode| MachineDetection {
        mode,
        timeout,
        speech_threshold,
        speech_end_threshold,
        silence_timeout,
        callback,
    }))
}

fn sip(node: Node) -> Result<SipNoun, Violation> {
    let element = Element::new(
        node,
        &[
            "username",
            "password",
            "url",
            "method",
            "statusCallbackEvent",
            "statusCallback",
            "statusCallbackMethod",
            "machineDetection",
            "machineDetectionTimeout",
            "machineDetectionSpeechThreshold",
            "machineDetectionSpeechEndThreshold",
            "machineDetectionSilenceTimeout",
            "amdStatusCallback",
            "amdStatusCallbackMethod",
        ],
    )?;
    let (username, password) = credentials(element)?;
    let mut targets = Vec::new();
    let mut headers = Vec::new();
    if content(node).any(|child| child.is_element()) {
        for child in element.elements()? {
            match name(child)? {
                "Uri" if targets.len() == LEG_LIMIT => return Err(Violation::of(child, DIAL_TOO_MANY)),
                "Uri" => {
                    let uri = Element::new(child, &["priority", "weight", "username", "password"])?;
                    let (own_username, own_password) = credentials(uri)?;
                    targets.push(SipTarget {
                        uri: sip_uri(uri)?,
                        username: own_username.or_else(|| username.clone()),
                        password: own_password.or_else(|| password.clone()),
                        priority: uri.number("priority", 0..=u16::MAX, SCHEMA_VIOLATION)?,
                        weight: uri.number("weight", 0..=u16::MAX, SCHEMA_VIOLATION)?,
                    });
                }
                "Headers" => sip_headers(child, &mut headers)?,
                _ => return Err(Violation::schema(child)),
            }
        }
        if targets.is_empty() {
            return element.refused(SIP_URI);
        }
    } else {
        targets.push(SipTarget { uri: sip_uri(element)?, username, password, priority: None, weight: None });
    }
    Ok(SipNoun {
        targets,
        headers,
        screening: element.action("url", "method", SIP_METHOD)?,
        status: call_status(element, SIP_METHOD)?,
        machine_detection: machine_detection(element)?,
    })
}

fn credentials(element: Element) -> Result<(Option<String>, Option<String>), Violation> {
    let one = |written: &str| {
        let fits = written.len() <= TOKEN_LIMIT && !written.chars().any(char::is_control);
        fits.then(|| written.to_owned())
    };
    Ok((element.read("username", SIP_CREDENTIALS, one)?, element.read("password", SIP_CREDENTIALS, one)?))
}

fn sip_uri(element: Element) -> Result<String, Violation> {
    let uri = element.text()?;
    if is_sip_uri(&uri) { Ok(uri) } else { element.refused(SIP_URI) }
}

fn sip_headers(node: Node, headers: &mut Vec<Parameter>) -> Result<(), Violation> {
    for child in Element::new(node, &[])?.elements()? {
        if name(child)? != "Header" {
            return Err(Violation::schema(child));
        }
        if headers.len() == PARAMETER_LIMIT {
            return Err(Violation::of(child, SIP_TOO_MANY_HEADERS));
        }
        let element = Element::new(child, &["name", "value"])?;
        element.empty()?;
        let is_token = |name: &str| {
            let is_part =
                |character: char| character.is_ascii_alphanumeric() || "-_.!%*+`'~".contains(character);
            let is_custom =
                ["x-", "user-to-user"].iter().any(|known| name.to_ascii_lowercase().starts_with(known));
            (is_custom && name.chars().all(is_part)).then(|| name.to_owned())
        };
        let Some(name) = element.read("name", SIP_HEADER_NAME, is_token)? else {
            return element.refused(SIP_HEADER_NAME);
        };
        // A line break in a value would be a header of its own.
        let is_value = |value: &str| (!value.chars().any(char::is_control)).then(|| value.to_owned());
        let value = element.read("value", SIP_HEADER_NAME, is_value)?.unwrap_or_default();
        if name.len() + value.len() > HEADER_LIMIT_BYTES {
            return element.refused(SIP_HEADER_TOO_LONG);
        }
        headers.push(Parameter { name, value });
    }
    Ok(())
}

fn client(node: Node) -> Result<ClientNoun, Violation> {
    let element = Element::new(
        node,
        &["url", "method", "statusCallbackEvent", "statusCallback", "statusCallbackMethod"],
    )?;
    let mut parameters = Vec::new();
    let identity = identified(node, "Identity", &mut parameters)?;
    let fits = |identity: &String| {
        !identity.is_empty()
            && identity.chars().count() <= IDENTITY_LIMIT
            && !identity.chars().any(char::is_control)
    };
    let Some(identity) = identity.filter(fits) else {
        return element.refused(SCHEMA_VIOLATION);
    };
    Ok(ClientNoun {
        identity,
        parameters,
        screening: element.action("url", "method", NUMBER_METHOD)?,
        status: call_status(element, NUMBER_METHOD)?,
    })
}

/// What an element names, by its text or by one element of this name, with parameters beside it.
fn identified(node: Node, noun: &str, parameters: &mut Vec<Parameter>) -> Result<Option<String>, Violation> {
    let text: String = content(node).filter(Node::is_text).filter_map(|text| text.text()).collect();
    let mut named = Some(text.trim().to_owned()).filter(|text| !text.is_empty());
    for child in content(node).filter(Node::is_element) {
        match name(child)? {
            "Parameter" => parameter(child, parameters)?,
            other if other == noun && named.is_none() => named = Some(Element::new(child, &[])?.text()?),
            _ => return Err(Violation::schema(child)),
        }
    }
    Ok(named)
}

fn application(node: Node) -> Result<ApplicationNoun, Violation> {
    let element = Element::new(
        node,
        &[
            "url",
            "method",
            "statusCallbackEvent",
            "statusCallback",
            "statusCallbackMethod",
            "customerId",
            "copyParentTo",
        ],
    )?;
    let mut parameters = Vec::new();
    let sid = identified(node, "ApplicationSid", &mut parameters)?;
    let Some(sid) = sid.filter(|sid| super::element::is_sid(sid, "AP")) else {
        return element.refused(DIAL_NESTED);
    };
    Ok(ApplicationNoun {
        sid,
        parameters,
        screening: element.action("url", "method", NUMBER_METHOD)?,
        status: call_status(element, NUMBER_METHOD)?,
        customer_id: element.any("customerId"),
        copy_parent_to: element.flag("copyParentTo", false, SCHEMA_VIOLATION)?,
    })
}

fn whatsapp(node: Node) -> Result<WhatsAppNoun, Violation> {
    let element = Element::new(
        node,
        &["url", "method", "statusCallbackEvent", "statusCallback", "statusCallbackMethod"],
    )?;
    Ok(WhatsAppNoun {
        number: number(element)?,
        screening: element.action("url", "method", NUMBER_METHOD)?,
        status: call_status(element, NUMBER_METHOD)?,
    })
}
