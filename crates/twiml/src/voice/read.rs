//! Reads the verbs of a voice document.

mod dial;
mod element;
mod nouns;
mod speech;

use std::time::Duration;

use roxmltree::Node;

use self::element::{Element, is_key, keys_and_pauses};
use super::codes::{
    ENQUEUE_METHOD, ENQUEUE_NAME_LONG, ENQUEUE_NAME_SHORT, ENQUEUE_WAIT_METHOD, ENQUEUE_WORKFLOW,
    GATHER_BARGE_IN, GATHER_EMPTY_RESULT, GATHER_FINISH_ON_KEY, GATHER_HINTS, GATHER_INPUT, GATHER_LANGUAGE,
    GATHER_MAX_SPEECH_TIME, GATHER_METHOD, GATHER_MODEL, GATHER_NESTED, GATHER_NUM_DIGITS,
    GATHER_PARTIAL_METHOD, GATHER_PROFANITY_FILTER, GATHER_SAY_LOOP, GATHER_SAY_VOICE, GATHER_SPEECH_TIMEOUT,
    GATHER_TIMEOUT, PAUSE_LENGTH, PLAY_DIGITS, PLAY_LOOP, RECORD_FINISH_ON_KEY, RECORD_MAX_LENGTH,
    RECORD_METHOD, RECORD_PLAY_BEEP, RECORD_TIMEOUT, RECORD_TRANSCRIBE, RECORDING_EVENTS, RECORDING_TRIM,
    REDIRECT_METHOD, REJECT_REASON, ROOT, SAY_LANGUAGE, SAY_LOOP, SAY_VOICE, SIP_URI, SMS_BODY, SMS_FROM,
    SMS_METHOD, SMS_TO, START_NESTED,
};
use super::words::{
    BankAccountType, InputType, PayInput, PaymentMethod, RecordingEvents, RejectReason, TokenType, Trim,
};
use super::{
    Connect, Document, Enqueue, Gather, Parameter, Pause, Pay, Play, Played, Prompt, Prompted, Record,
    RecordingStatus, Redirect, Refer, Reject, Say, Sms, SpeechTimeout, Start, Started, Stop, Stopped, Verb,
};
use crate::document::{self, Violation, content, name, refuse_attributes, refuse_text};
use crate::limits::{
    GATHERED_KEYS_LIMIT, HINTS_LIMIT, PARAMETER_LIMIT, PAY_PROMPT_LIMIT, PROMPT_LIMIT, SECONDS_LIMIT,
    START_LIMIT, VERB_LIMIT,
};
use crate::{SCHEMA_VIOLATION, TwimlError};

/// Longest name of a queue in characters (Twilio 14205, 14213).
const QUEUE_NAME_LIMIT: usize = 64;
/// Most calls that may wait in a queue (`Queues` of the 2010 API).
const QUEUE_SIZE_LIMIT: u16 = 5_000;
/// Most characters of a text message (Twilio 21617 sets as many for the REST API).
const SMS_LIMIT: usize = 1_600;
/// All keys: those that end a recording when the document does not say which.
const ALL_KEYS: &str = "1234567890*#";

/// Reads a voice document. An empty document and an empty `Response` have no verbs.
///
/// Errors: 11750 too large; 12100 not UTF-8, not well-formed, with a DTD, or too many nodes; 12102 the root is not
/// `Response`; 13xxx and 14xxx a value that this attribute of this verb cannot have, or a noun that this verb cannot
/// hold; 12200 anything else that is not in the schema, or too much of it.
pub fn parse(body: &[u8]) -> Result<Document, TwimlError> {
    document::read(body, document)
}

fn document(response: Node) -> Result<Document, Violation> {
    if name(response)? != "Response" {
        return Err(Violation::of(response, ROOT));
    }
    refuse_attributes(response, &[])?;
    let mut verbs = Vec::new();
    for child in content(response) {
        if child.is_text() {
            refuse_text(child)?;
            continue;
        }
        if verbs.len() == VERB_LIMIT {
            return Err(Violation::schema(child));
        }
        verbs.push(verb(child)?);
    }
    Ok(Document { verbs })
}

fn verb(node: Node) -> Result<Verb, Violation> {
    Ok(match name(node)? {
        "Say" => Verb::Say(say(node, SAY_VOICE, SAY_LOOP)?),
        "Play" => Verb::Play(play(node)?),
        "Pause" => Verb::Pause(pause(node)?),
        "Gather" => Verb::Gather(Box::new(gather(node)?)),
        "Record" => Verb::Record(Box::new(record(node)?)),
        "Dial" => Verb::Dial(Box::new(dial::dial(node)?)),
        "Enqueue" => Verb::Enqueue(Box::new(enqueue(node)?)),
        "Leave" => {
            Element::new(node, &[])?.empty()?;
            Verb::Leave
        }
        "Echo" => {
            Element::new(node, &[])?.empty()?;
            Verb::Echo
        }
        "Hangup" => Verb::Hangup(only_parameters(Element::new(node, &[])?)?),
        "Reject" => {
            let element = Element::new(node, &["reason"])?;
            let reason = element.read("reason", REJECT_REASON, RejectReason::from_word)?.unwrap_or_default();
            Verb::Reject(Reject { reason, parameters: only_parameters(element)? })
        }
        "Redirect" => {
            let element = Element::new(node, &["method"])?;
            Verb::Redirect(Redirect {
                url: element.text()?,
                method: element.method("method", REDIRECT_METHOD)?,
            })
        }
        "Refer" => Verb::Refer(refer(node)?),
        "Connect" => {
            let element = Element::new(node, &["action", "method"])?;
            let [child] = element.elements()?[..] else {
                return element.refused(SCHEMA_VIOLATION);
            };
            let action = element.action("action", "method", SCHEMA_VIOLATION)?;
            Verb::Connect(Box::new(Connect { action, to: nouns::connected(child)? }))
        }
        "Start" => Verb::Start(Box::new(start(node)?)),
        "Stop" => Verb::Stop(stop(node)?),
        "Pay" => Verb::Pay(Box::new(pay(node)?)),
        "Prompt" => Verb::Prompt(Box::new(prompt(node)?)),
        "Sms" => Verb::Sms(Box::new(sms(node)?)),
        "Queue" => Verb::Queue(Box::new(nouns::queue(node)?)),
        _ => return Err(Violation::schema(node)),
    })
}

fn say(node: Node, voice: u32, times: u32) -> Result<Say, Violation> {
    let element = Element::new(node, &["voice", "language", "loop"])?;
    Ok(Say {
        voice: element.token("voice", voice)?,
        language: element.language("language", SAY_LANGUAGE)?,
        times: element.times(times)?,
        speech: speech::speech(node)?,
    })
}

fn play(node: Node) -> Result<Play, Violation> {
    let element = Element::new(node, &["loop", "digits"])?;
    let digits = element.read("digits", PLAY_DIGITS, keys_and_pauses)?;
    let url = element.text()?;
    let what = match digits {
        Some(digits) if url.is_empty() => Played::Digits(digits),
        None if !url.is_empty() => Played::Url(url),
        _ => return element.refused(SCHEMA_VIOLATION),
    };
    Ok(Play { what, times: element.times(PLAY_LOOP)? })
}

fn pause(node: Node) -> Result<Pause, Violation> {
    let element = Element::new(node, &["length"])?;
    element.empty()?;
    Ok(Pause { length: element.seconds("length", 1..=SECONDS_LIMIT, 1, PAUSE_LENGTH)? })
}

/// What is nested in `Gather` and `Prompt`; anything else has the code given.
fn prompted(element: Element, nested: u32) -> Result<Vec<Prompted>, Violation> {
    let mut all = Vec::new();
    for child in element.elements()? {
        if all.len() == PROMPT_LIMIT {
            return Err(Violation::schema(child));
        }
        all.push(match name(child)? {
            "Say" => Prompted::Say(say(child, GATHER_SAY_VOICE, GATHER_SAY_LOOP)?),
            "Play" => Prompted::Play(play(child)?),
            "Pause" => Prompted::Pause(pause(child)?),
            _ => return Err(Violation::of(child, nested)),
        });
    }
    Ok(all)
}

fn gather(node: Node) -> Result<Gather, Violation> {
    let element = Element::new(
        node,
        &[
            "input",
            "action",
            "method",
            "timeout",
            "speechTimeout",
            "maxSpeechTime",
            "profanityFilter",
            "finishOnKey",
            "numDigits",
            "partialResultCallback",
            "partialResultCallbackMethod",
            "language",
            "hints",
            "bargeIn",
            "debug",
            "actionOnEmptyResult",
            "speechModel",
            "enhanced",
        ],
    )?;
    let finish_on_key = element.read("finishOnKey", GATHER_FINISH_ON_KEY, |written| {
        let mut characters = written.chars();
        match (characters.next(), characters.next()) {
            (None, _) => Some(None),
            (Some(key), None) if is_key(key) => Some(Some(key)),
            _ => None,
        }
    })?;
    let speech_timeout = element.read("speechTimeout", GATHER_SPEECH_TIMEOUT, |written| match written {
        "" => Some(SpeechTimeout::AsTimeout),
        "auto" => Some(SpeechTimeout::Auto),
        seconds => {
            let seconds: u32 =
                seconds.parse().ok().filter(|seconds| (1..=SECONDS_LIMIT).contains(seconds))?;
            Some(SpeechTimeout::After(Duration::from_secs(seconds.into())))
        }
    })?;
    Ok(Gather {
        input: element.read("input", GATHER_INPUT, InputType::from_word)?.unwrap_or_default(),
        action: element.action("action", "method", GATHER_METHOD)?,
        timeout: element.seconds("timeout", 0..=SECONDS_LIMIT, 5, GATHER_TIMEOUT)?,
        speech_timeout: speech_timeout.unwrap_or_default(),
        max_speech_time: element.seconds("maxSpeechTime", 1..=SECONDS_LIMIT, 60, GATHER_MAX_SPEECH_TIME)?,
        profanity_filter: element.flag("profanityFilter", true, GATHER_PROFANITY_FILTER)?,
        finish_on_key: finish_on_key.unwrap_or(Some('#')),
        num_digits: element.number("numDigits", 1..=GATHERED_KEYS_LIMIT, GATHER_NUM_DIGITS)?,
        partial_result: element.callback(
            "partialResultCallback",
            "partialResultCallbackMethod",
            GATHER_PARTIAL_METHOD,
        )?,
        language: element.language("language", GATHER_LANGUAGE)?.unwrap_or_else(|| "en-US".to_owned()),
        hints: hints(element, GATHER_HINTS)?,
        barge_in: element.flag("bargeIn", true, GATHER_BARGE_IN)?,
        debug: element.flag("debug", false, SCHEMA_VIOLATION)?,
        action_on_empty_result: element.flag("actionOnEmptyResult", false, GATHER_EMPTY_RESULT)?,
        speech_model: element.token("speechModel", GATHER_MODEL)?,
        enhanced: element.flag("enhanced", false, SCHEMA_VIOLATION)?,
        nested: prompted(element, GATHER_NESTED)?,
    })
}

/// Words with commas between them.
fn hints(element: Element, code: u32) -> Result<Vec<String>, Violation> {
    let (most, longest) = HINTS_LIMIT;
    let hints = element.read("hints", code, |written| {
        let hints: Vec<String> =
            written.split(',').map(str::trim).filter(|hint| !hint.is_empty()).map(str::to_owned).collect();
        let fits = hints.len() <= most && hints.iter().all(|hint| hint.chars().count() <= longest);
        fits.then_some(hints)
    })?;
    Ok(hints.unwrap_or_default())
}

fn record(node: Node) -> Result<Record, Violation> {
    let element = Element::new(
        node,
        &[
            "action",
            "method",
            "timeout",
            "finishOnKey",
            "maxLength",
            "playBeep",
            "trim",
            "recordingStatusCallback",
            "recordingStatusCallbackMethod",
            "recordingStatusCallbackEvent",
            "recordingConfigurationId",
            "transcribe",
            "transcribeCallback",
        ],
    )?;
    element.empty()?;
    let timeout = element.seconds("timeout", 0..=SECONDS_LIMIT, 5, RECORD_TIMEOUT)?;
    let finish_on_key = element.read("finishOnKey", RECORD_FINISH_ON_KEY, |keys| {
        keys.chars().all(is_key).then(|| keys.to_owned())
    })?;
    Ok(Record {
        action: element.action("action", "method", RECORD_METHOD)?,
        timeout: Some(timeout).filter(|timeout| !timeout.is_zero()),
        finish_on_key: finish_on_key.unwrap_or_else(|| ALL_KEYS.to_owned()),
        max_length: element.seconds("maxLength", 1..=SECONDS_LIMIT, 3_600, RECORD_MAX_LENGTH)?,
        play_beep: element.flag("playBeep", true, RECORD_PLAY_BEEP)?,
        trim: element.read("trim", RECORDING_TRIM, Trim::from_word)?.unwrap_or_default(),
        status: recording_status(element, RECORD_METHOD)?,
        configuration_id: element.any("recordingConfigurationId"),
        transcribe: element.flag("transcribe", false, RECORD_TRANSCRIBE)?,
        transcribe_callback: element.any("transcribeCallback"),
    })
}

/// `recordingStatusCallback` with its method and events.
fn recording_status(element: Element, method: u32) -> Result<RecordingStatus, Violation> {
    let events =
        element.read("recordingStatusCallbackEvent", RECORDING_EVENTS, RecordingEvents::from_words)?;
    Ok(RecordingStatus {
        callback: element.callback("recordingStatusCallback", "recordingStatusCallbackMethod", method)?,
        events: events.unwrap_or_default(),
    })
}

fn enqueue(node: Node) -> Result<Enqueue, Violation> {
    let element =
        Element::new(node, &["action", "maxQueueSize", "method", "waitUrl", "waitUrlMethod", "workflowSid"])?;
    let workflow_sid = element.sid("workflowSid", "WW", ENQUEUE_WORKFLOW)?;
    let task = match content(node).find(Node::is_element) {
        None => None,
        Some(child) if name(child)? == "Task" && workflow_sid.is_some() => Some(nouns::task(child)?),
        Some(other) => return Err(Violation::schema(other)),
    };
    let queue = if workflow_sid.is_some() {
        if element.elements()?.len() > 1 {
            return element.refused(SCHEMA_VIOLATION);
        }
        None
    } else {
        Some(element.named(QUEUE_NAME_LIMIT, ENQUEUE_NAME_SHORT, ENQUEUE_NAME_LONG)?)
    };
    Ok(Enqueue {
        queue,
        action: element.action("action", "method", ENQUEUE_METHOD)?,
        wait: element.action("waitUrl", "waitUrlMethod", ENQUEUE_WAIT_METHOD)?,
        max_queue_size: element.number("maxQueueSize", 1..=QUEUE_SIZE_LIMIT, SCHEMA_VIOLATION)?,
        workflow_sid,
        task,
    })
}

fn refer(node: Node) -> Result<Refer, Violation> {
    let element = Element::new(node, &["action", "method"])?;
    let [sip] = element.elements()?[..] else {
        return element.refused(SCHEMA_VIOLATION);
    };
    if name(sip)? != "Sip" {
        return Err(Violation::schema(sip));
    }
    let uri = Element::new(sip, &[])?.text()?;
    if !nouns::is_sip_uri(&uri) {
        return Err(Violation::of(sip, SIP_URI));
    }
    Ok(Refer { action: element.action("action", "method", SCHEMA_VIOLATION)?, sip_uri: uri })
}

fn start(node: Node) -> Result<Start, Violation> {
    let element = Element::new(node, &["action", "method"])?;
    let mut what = Vec::new();
    for child in element.elements()? {
        if what.len() == START_LIMIT {
            return Err(Violation::schema(child));
        }
        what.push(match name(child)? {
            "Stream" => Started::Stream(nouns::stream(child)?),
            "Siprec" => Started::Siprec(nouns::siprec(child)?),
            "Transcription" => Started::Transcription(Box::new(nouns::transcription(child)?)),
            "Recording" => Started::Recording(nouns::recording(child)?),
            _ => return Err(Violation::of(child, START_NESTED)),
        });
    }
    if what.is_empty() {
        return element.refused(START_NESTED);
    }
    Ok(Start { action: element.action("action", "method", SCHEMA_VIOLATION)?, what })
}

/// The nouns of `Stop` may have all their attributes; only the name says something.
fn stop(node: Node) -> Result<Stop, Violation> {
    let element = Element::new(node, &[])?;
    let mut what = Vec::new();
    for child in element.elements()? {
        if what.len() == START_LIMIT {
            return Err(Violation::schema(child));
        }
        what.push(match name(child)? {
            "Stream" => Stopped::Stream(nouns::named(child, nouns::STREAM)?),
            "Siprec" => Stopped::Siprec(nouns::named(child, nouns::SIPREC)?),
            "Transcription" => Stopped::Transcription(nouns::named(child, nouns::TRANSCRIPTION)?),
            _ => return Err(Violation::schema(child)),
        });
    }
    if what.is_empty() { element.refused(SCHEMA_VIOLATION) } else { Ok(Stop { what }) }
}

fn sms(node: Node) -> Result<Sms, Violation> {
    let element = Element::new(node, &["to", "from", "action", "method", "statusCallback"])?;
    let party = |written: &str| (written.len() <= QUEUE_NAME_LIMIT).then(|| written.to_owned());
    Ok(Sms {
        text: element.named(SMS_LIMIT, SMS_BODY, SMS_BODY)?,
        to: element.read("to", SMS_TO, party)?.filter(|to| !to.is_empty()),
        from: element.read("from", SMS_FROM, party)?.filter(|from| !from.is_empty()),
        action: element.action("action", "method", SMS_METHOD)?,
        status_callback: element.any("statusCallback"),
    })
}

fn pay(node: Node) -> Result<Pay, Violation> {
    let element = Element::new(
        node,
        &[
            "input",
            "action",
            "method",
            "bankAccountType",
            "statusCallback",
            "statusCallbackMethod",
            "timeout",
            "maxAttempts",
            "securityCode",
            "postalCode",
            "minPostalCodeLength",
            "paymentConnector",
            "paymentMethod",
            "tokenType",
            "chargeAmount",
            "currency",
            "description",
            "validCardTypes",
            "language",
        ],
    )?;
    let mut prompts = Vec::new();
    let mut parameters = Vec::new();
    for child in element.elements()? {
        match name(child)? {
            "Prompt" if prompts.len() < PAY_PROMPT_LIMIT => prompts.push(prompt(child)?),
            "Parameter" => nouns::parameter(child, &mut parameters)?,
            _ => return Err(Violation::schema(child)),
        }
    }
    let amount = |written: &str| {
        let is_part = |character: char| character.is_ascii_digit() || character == '.';
        written.chars().all(is_part).then(|| written.to_owned())
    };
    let currency = |written: &str| {
        let is_code = written.len() == 3 && written.chars().all(|letter| letter.is_ascii_alphabetic());
        is_code.then(|| written.to_ascii_lowercase())
    };
    Ok(Pay {
        input: element.read("input", SCHEMA_VIOLATION, PayInput::from_word)?.unwrap_or_default(),
        action: element.action("action", "method", SCHEMA_VIOLATION)?,
        bank_account_type: element.read("bankAccountType", SCHEMA_VIOLATION, BankAccountType::from_word)?,
        status_callback: element.callback("statusCallback", "statusCallbackMethod", SCHEMA_VIOLATION)?,
        timeout: element.seconds("timeout", 1..=SECONDS_LIMIT, 5, SCHEMA_VIOLATION)?,
        max_attempts: element.number("maxAttempts", 1..=u16::MAX, SCHEMA_VIOLATION)?.unwrap_or(1),
        security_code: element.flag("securityCode", true, SCHEMA_VIOLATION)?,
        postal_code: element.any("postalCode"),
        min_postal_code_length: element.number("minPostalCodeLength", 0..=u16::MAX, SCHEMA_VIOLATION)?,
        payment_connector: element.any("paymentConnector"),
        payment_method: element
            .read("paymentMethod", SCHEMA_VIOLATION, PaymentMethod::from_word)?
            .unwrap_or_default(),
        token_type: element.read("tokenType", SCHEMA_VIOLATION, TokenType::from_word)?,
        charge_amount: element.read("chargeAmount", SCHEMA_VIOLATION, amount)?,
        currency: element.read("currency", SCHEMA_VIOLATION, currency)?.unwrap_or_else(|| "usd".to_owned()),
        description: element.any("description"),
        valid_card_types: list(element, "validCardTypes", CARD_TYPES)?,
        language: element.language("language", SCHEMA_VIOLATION)?,
        prompts,
        parameters,
    })
}

const CARD_TYPES: &[&str] =
    &["visa", "mastercard", "amex", "maestro", "discover", "optima", "jcb", "diners-club", "enroute"];
const PAY_ERRORS: &[&str] = &[
    "timeout",
    "invalid-card-number",
    "invalid-card-type",
    "invalid-date",
    "invalid-security-code",
    "internal-error",
    "input-matching-failed",
];
const PAY_STEPS: &[&str] = &[
    "payment-card-number",
    "expiration-date",
    "security-code",
    "postal-code",
    "payment-processing",
    "bank-account-number",
    "bank-routing-number",
];

fn prompt(node: Node) -> Result<Prompt, Violation> {
    let element = Element::new(node, &["for", "errorType", "cardType", "attempt", "requireMatchingInputs"])?;
    let attempts = element.read("attempt", SCHEMA_VIOLATION, |written| {
        written.split_ascii_whitespace().map(|attempt| attempt.parse().ok()).collect()
    })?;
    let step = |written: &str| PAY_STEPS.contains(&written).then(|| written.to_owned());
    Ok(Prompt {
        for_step: element.read("for", SCHEMA_VIOLATION, step)?,
        error_types: list(element, "errorType", PAY_ERRORS)?,
        card_types: list(element, "cardType", CARD_TYPES)?,
        attempts: attempts.unwrap_or_default(),
        require_matching_inputs: element.flag("requireMatchingInputs", false, SCHEMA_VIOLATION)?,
        nested: prompted(element, SCHEMA_VIOLATION)?,
    })
}

/// Words of a table, with spaces between them.
fn list(element: Element, attribute: &str, known: &[&str]) -> Result<Vec<String>, Violation> {
    let words = element.read(attribute, SCHEMA_VIOLATION, |written| {
        let words = written.split_ascii_whitespace();
        words.map(|word| known.contains(&word).then(|| word.to_owned())).collect()
    })?;
    Ok(words.unwrap_or_default())
}

/// An element that may hold parameters and nothing else.
fn only_parameters(element: Element) -> Result<Vec<Parameter>, Violation> {
    let mut parameters = Vec::new();
    for child in element.elements()? {
        if name(child)? != "Parameter" || parameters.len() == PARAMETER_LIMIT {
            return Err(Violation::schema(child));
        }
        nouns::parameter(child, &mut parameters)?;
    }
    Ok(parameters)
}
