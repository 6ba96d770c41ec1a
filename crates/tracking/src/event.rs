//! One event: what a call must have, and the one form in which it is kept.

use std::fmt;

use base::Timestamp;
use phi::Phi;
use serde_json::value::RawValue;

use crate::call::EventType;
use crate::limits;
use crate::object::{Object, Writer, depth, text};
use crate::times::Times;

/// Bytes that normalising adds at most: the times, a `messageId` and an address with their names.
const ADDED_BYTES: usize = 512;

/// Members that are written anew, or not at all.
const OWN: [&str; 12] = [
    "type",
    "messageId",
    "userId",
    "anonymousId",
    "context",
    "integrations",
    "timestamp",
    "originalTimestamp",
    "sentAt",
    "receivedAt",
    "writeKey",
    "batch",
];

/// An event in the one form. Everything that was sent is PHI.
#[derive(Debug)]
pub struct Event {
    /// Which call it was.
    pub kind: EventType,
    /// What tells it from other events of its source; made up here when none was sent.
    pub message_id: Phi<String>,
    /// Who did it, as the customer's own systems call them.
    pub user_id: Option<Phi<String>>,
    /// Who did it, as a device calls them. One of the two is always there.
    pub anonymous_id: Option<Phi<String>>,
    /// For an alias, who they were before.
    pub previous_id: Option<Phi<String>>,
    /// Whether it carries consent.
    pub consent: Consent,
    /// When it happened, by our clock.
    pub at: Timestamp,
    /// The event as JSON.
    pub body: Phi<Box<RawValue>>,
}

impl Event {
    /// Bytes of the event as JSON.
    pub fn size(&self) -> usize {
        self.body.learn(|body| body.get().len())
    }
}

/// What `context.consent.categoryPreferences` says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Consent {
    /// There is no consent object.
    Absent,
    /// There is one, and it allows no category, or cannot be read.
    Refused,
    /// It allows a category.
    Given,
}

/// Why an event was not taken. Its request is answered with 200 all the same, as the published API does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Rejected {
    /// It is no object, one of its names stands twice, or its context or integrations are no objects.
    Shape,
    /// It has more than [`limits::EVENT_BYTES`].
    TooLarge,
    /// It is nested deeper than [`limits::DEPTH`].
    TooDeep,
    /// Its type is none.
    UnknownType,
    /// It has neither `userId` nor `anonymousId`.
    NoIdentity,
    /// A track call without `event`.
    NoName,
    /// An alias without `previousId` or `userId`.
    NoPreviousId,
    /// A group call without `groupId`.
    NoGroupId,
    /// Its `messageId` is longer than [`limits::MESSAGE_ID`].
    MessageId,
}

impl Rejected {
    /// The reason in a word, for counting.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Shape => "shape",
            Self::TooLarge => "too_large",
            Self::TooDeep => "too_deep",
            Self::UnknownType => "unknown_type",
            Self::NoIdentity => "no_user_anon_id",
            Self::NoName => "no_event",
            Self::NoPreviousId => "no_previous_id",
            Self::NoGroupId => "no_group_id",
            Self::MessageId => "message_id",
        }
    }
}

impl fmt::Display for Rejected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What an event is read with: what its request says for all of its events.
pub(crate) struct Surroundings<'a> {
    /// The type that the path names; otherwise the event says it.
    pub(crate) kind: Option<EventType>,
    pub(crate) context: Option<&'a RawValue>,
    pub(crate) integrations: Option<&'a RawValue>,
    pub(crate) sent_at: Option<&'a RawValue>,
    /// Whether its times are taken as they are.
    pub(crate) is_import: bool,
    pub(crate) received_at: Timestamp,
    /// The address that the request came from, in words.
    pub(crate) address: &'a str,
}

/// Reads one event. `object` is what `raw` holds.
pub(crate) fn normalise(
    raw: &RawValue,
    object: &Object<'_>,
    around: &Surroundings<'_>,
    new_message_id: impl FnOnce() -> String,
) -> Result<Event, Rejected> {
    let shared =
        [around.context, around.integrations].iter().flatten().map(|raw| raw.get().len()).sum::<usize>();
    let size = raw.get().len();
    if size > limits::EVENT_BYTES || size + shared > limits::EVENT_BYTES + ADDED_BYTES {
        return Err(Rejected::TooLarge);
    }
    if depth(raw.get()) > limits::DEPTH {
        return Err(Rejected::TooDeep);
    }
    let kind = match around.kind {
        Some(kind) => kind,
        None => object.text("type").and_then(|word| EventType::parse(&word)).ok_or(Rejected::UnknownType)?,
    };
    let ids = Ids::read(object, kind)?;
    let message_id = match object.get("messageId").and_then(id) {
        Some(given) if given.chars().count() > limits::MESSAGE_ID => return Err(Rejected::MessageId),
        Some(given) => given,
        None => new_message_id(),
    };
    let context = Context::merge(object.get("context"), around)?;
    let integrations = merged(object.get("integrations"), around.integrations)?;

    let given_time = object.get("timestamp").or_else(|| object.get("originalTimestamp"));
    let sent_at = object.get("sentAt").or(around.sent_at);
    let times = Times {
        received_at: around.received_at,
        sent_at: sent_at.and_then(instant),
        original: given_time.and_then(instant),
    };
    let at = if around.is_import { times.as_sent() } else { times.corrected() };

    let mut writer = Writer::with_capacity(size + shared + ADDED_BYTES);
    writer.text("type", kind.as_str());
    writer.text("messageId", &message_id);
    for (name, value) in [("userId", &ids.user), ("anonymousId", &ids.anonymous)] {
        if let Some(value) = value {
            writer.text(name, value);
        }
    }
    for (name, value) in object.members().filter(|(name, _)| !OWN.contains(name)) {
        writer.raw(name, value.get());
    }
    writer.raw("context", &context.json);
    if let Some(integrations) = integrations {
        writer.raw("integrations", &integrations);
    }
    if let Some(given) = given_time {
        writer.raw("originalTimestamp", given.get());
    }
    if let Some(sent_at) = sent_at {
        writer.raw("sentAt", sent_at.get());
    }
    writer.text("timestamp", &at.iso8601_millis());
    writer.text("receivedAt", &around.received_at.iso8601_millis());
    let body = RawValue::from_string(writer.finish()).map_err(|_| Rejected::Shape)?;
    Ok(Event {
        kind,
        message_id: Phi::new(message_id),
        user_id: ids.user.map(Phi::new),
        anonymous_id: ids.anonymous.map(Phi::new),
        previous_id: ids.previous.map(Phi::new),
        consent: context.consent,
        at,
        body: Phi::new(body),
    })
}

/// Whom an event is about.
struct Ids {
    user: Option<String>,
    anonymous: Option<String>,
    previous: Option<String>,
}

impl Ids {
    /// What each type must have, as the published rules of the SDKs say.
    fn read(object: &Object<'_>, kind: EventType) -> Result<Self, Rejected> {
        let read = |name| object.get(name).and_then(id);
        let ids = Self { user: read("userId"), anonymous: read("anonymousId"), previous: read("previousId") };
        let is_there = |name| object.get(name).and_then(id).is_some();
        match kind {
            EventType::Alias if ids.previous.is_none() || ids.user.is_none() => Err(Rejected::NoPreviousId),
            _ if ids.user.is_none() && ids.anonymous.is_none() => Err(Rejected::NoIdentity),
            EventType::Track if !is_there("event") => Err(Rejected::NoName),
            EventType::Group if !is_there("groupId") => Err(Rejected::NoGroupId),
            EventType::Alias => Ok(ids),
            _ => Ok(Self { previous: None, ..ids }),
        }
    }
}

/// The context of an event, and what it says about consent.
struct Context {
    json: String,
    consent: Consent,
}

impl Context {
    fn merge(own: Option<&RawValue>, around: &Surroundings<'_>) -> Result<Self, Rejected> {
        let json = merged(own, around.context)?.unwrap_or_else(|| "{}".to_owned());
        let raw: &RawValue = serde_json::from_str(&json).map_err(|_| Rejected::Shape)?;
        let object = Object::read(raw).ok_or(Rejected::Shape)?;
        let consent = object.get("consent").map_or(Consent::Absent, consent);
        let is_direct = object.get("direct").is_some_and(|direct| direct.get() == "true");
        if !is_direct || object.get("ip").is_some() {
            return Ok(Self { consent, json });
        }
        let mut writer = Writer::with_capacity(json.len() + around.address.len() + 8);
        for (name, value) in object.members().filter(|(name, _)| *name != "ip") {
            writer.raw(name, value.get());
        }
        writer.text("ip", around.address);
        Ok(Self { consent, json: writer.finish() })
    }
}

/// A consent object that cannot be read allows nothing.
fn consent(raw: &RawValue) -> Consent {
    let allows = Object::read(raw)
        .and_then(|consent| consent.get("categoryPreferences"))
        .and_then(Object::read)
        .is_some_and(|categories| categories.members().any(|(_, allowed)| allowed.get() == "true"));
    if allows { Consent::Given } else { Consent::Refused }
}

/// An object of the event over one of its batch: the event's own members win.
fn merged(own: Option<&RawValue>, shared: Option<&RawValue>) -> Result<Option<String>, Rejected> {
    let read = |raw| Object::read(raw).ok_or(Rejected::Shape);
    let (own, shared) = match (own, shared) {
        (None, None) => return Ok(None),
        (Some(one), None) | (None, Some(one)) => {
            read(one)?;
            return Ok(Some(one.get().to_owned()));
        }
        (Some(own), Some(shared)) => (own, shared),
    };
    let mut writer = Writer::with_capacity(own.get().len() + shared.get().len());
    let (own, shared) = (read(own)?, read(shared)?);
    for (name, value) in own.members() {
        writer.raw(name, value.get());
    }
    for (name, value) in shared.members() {
        if !own.members().any(|(own, _)| own == name) {
            writer.raw(name, value.get());
        }
    }
    Ok(Some(writer.finish()))
}

/// An id: a string, or a number, which many customers' ids are.
fn id(raw: &RawValue) -> Option<String> {
    let json = raw.get();
    if json.starts_with(|first: char| first == '-' || first.is_ascii_digit()) {
        return Some(json.to_owned());
    }
    text(raw).filter(|text| !text.is_empty()).map(std::borrow::Cow::into_owned)
}

fn instant(raw: &RawValue) -> Option<Timestamp> {
    Timestamp::parse_iso8601(&text(raw)?)
}
