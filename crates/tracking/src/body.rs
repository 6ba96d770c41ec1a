//! The body of a request: one event, or a batch of them with what they have in common.

use std::borrow::Cow;

use base::{Random, Timestamp};
use data_encoding::HEXLOWER;
use serde::de::IgnoredAny;
use serde_json::value::RawValue;

use crate::call::{Call, EventType};
use crate::event::{self, Event, Rejected, Surroundings};
use crate::limits;
use crate::object::Object;
use crate::surrogates;

/// Random bytes of a `messageId` that is made up here.
const MESSAGE_ID_BYTES: usize = 16;

/// When and from where a request came.
#[derive(Clone, Copy, Debug)]
pub struct Arrival<'a> {
    /// What was called.
    pub call: Call,
    /// When.
    pub received_at: Timestamp,
    /// The address it came from, in words.
    pub address: &'a str,
}

/// A body that is answered with 400.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Malformed {
    /// It is not JSON, or no object, or a name of it stands twice.
    Json,
    /// It, or its only event, is larger than allowed, or its events would be once each has what is said for all.
    TooLarge,
}

/// What came out of a body.
#[derive(Debug, Default)]
pub struct Received {
    /// The events that are in order, in the order in which they were sent.
    pub events: Vec<Event>,
    /// Why the others are not.
    pub rejected: Vec<Rejected>,
    /// Whether there were more than [`limits::BATCH_EVENTS`]: then none was looked at.
    pub too_many: bool,
}

/// The body of a request, halves of characters replaced.
pub struct Body<'a>(Cow<'a, [u8]>);

impl<'a> Body<'a> {
    /// A body as it came, decompressed.
    pub fn new(body: &'a [u8]) -> Self {
        Self(surrogates::mended(body).map_or(Cow::Borrowed(body), Cow::Owned))
    }

    /// Its `writeKey`, if it has one.
    pub fn write_key(&self) -> Option<String> {
        let object: Object<'_> = serde_json::from_slice(&self.0).ok()?;
        object.text("writeKey").map(Cow::into_owned)
    }

    /// Whether it is JSON, for an answer that needs no more.
    ///
    /// # Errors
    /// [`Malformed::Json`].
    pub fn check(&self) -> Result<(), Malformed> {
        serde_json::from_slice::<IgnoredAny>(&self.0).map(drop).map_err(|_| Malformed::Json)
    }

    /// Reads its events.
    ///
    /// # Errors
    /// [`Malformed`].
    pub fn read(&self, arrival: &Arrival<'_>, random: &dyn Random) -> Result<Received, Malformed> {
        let body = &*self.0;
        if body.len() > limits::BODY_BYTES {
            return Err(Malformed::TooLarge);
        }
        match arrival.call {
            Call::One(kind) => one(body, kind, arrival, random),
            Call::Batch | Call::Import => several(body, arrival, random),
            Call::Metrics => match serde_json::from_slice::<Object<'_>>(body) {
                Ok(_) => Ok(Received::default()),
                Err(_) => Err(Malformed::Json),
            },
        }
    }
}

fn one(
    body: &[u8],
    kind: EventType,
    arrival: &Arrival<'_>,
    random: &dyn Random,
) -> Result<Received, Malformed> {
    let raw: &RawValue = serde_json::from_slice(body).map_err(|_| Malformed::Json)?;
    let object = Object::read(raw).ok_or(Malformed::Json)?;
    if raw.get().len() > limits::EVENT_BYTES {
        return Err(Malformed::TooLarge);
    }
    let around = Surroundings {
        kind: Some(kind),
        context: None,
        integrations: None,
        sent_at: None,
        is_import: false,
        received_at: arrival.received_at,
        address: arrival.address,
    };
    let mut received = Received::default();
    match event::normalise(raw, &object, &around, || new_message_id(random)) {
        Ok(event) => received.events.push(event),
        Err(rejected) => received.rejected.push(rejected),
    }
    Ok(received)
}

fn several(body: &[u8], arrival: &Arrival<'_>, random: &dyn Random) -> Result<Received, Malformed> {
    let object: Object<'_> = serde_json::from_slice(body).map_err(|_| Malformed::Json)?;
    let batch = object.get("batch").ok_or(Malformed::Json)?;
    let items: Vec<&RawValue> = serde_json::from_str(batch.get()).map_err(|_| Malformed::Json)?;
    let mut received = Received::default();
    if items.len() > limits::BATCH_EVENTS {
        received.too_many = true;
        return Ok(received);
    }
    let around = Surroundings {
        kind: None,
        context: object.get("context"),
        integrations: object.get("integrations"),
        sent_at: object.get("sentAt"),
        is_import: arrival.call == Call::Import,
        received_at: arrival.received_at,
        address: arrival.address,
    };
    let mut bytes = 0;
    for raw in items {
        let read = Object::read(raw).ok_or(Rejected::Shape);
        match read.and_then(|object| event::normalise(raw, &object, &around, || new_message_id(random))) {
            Ok(event) => {
                bytes += event.size();
                if bytes > limits::EXPANDED_BYTES {
                    return Err(Malformed::TooLarge);
                }
                received.events.push(event);
            }
            Err(rejected) => received.rejected.push(rejected),
        }
    }
    Ok(received)
}

fn new_message_id(random: &dyn Random) -> String {
    let mut bytes = [0; MESSAGE_ID_BYTES];
    random.fill(&mut bytes);
    format!("api-{}", HEXLOWER.encode(&bytes))
}

#[cfg(test)]
mod tests;
