//! Parts of messages that wait for the others, on disk: a carrier is told that a part is taken, and does
//! not give it again.

use std::collections::BTreeMap;

use base::{MessageSid, Sid, Timestamp};
use phi::Phi;
use serde::{Deserialize, Serialize};
use store::{Batch, Document, Kind, NewDocument, Query, Scoped, StoreError};

use crate::carrier::ArrivalPart;
use crate::limits::MAX_PARTS;
use crate::segments::{Coding, decode};

/// The kind of part documents. Their parent names the message they are of.
#[derive(Debug)]
pub(crate) enum MessagePart {}

impl Kind for MessagePart {
    const NAME: &'static str = "message-part";
    type Sid = MessageSid;
    type Facts = PartFacts;
    type Content = PartContent;
}

/// What is known of a part.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct PartFacts {
    /// Our number.
    pub(crate) own_number: String,
    /// How many parts there are.
    pub(crate) total: u8,
    number: u8,
    coding: Coding,
}

/// What a part says, and who says it.
#[derive(Serialize, Deserialize)]
pub(crate) struct PartContent {
    from: String,
    octets: Vec<u8>,
}

/// A message put together from its parts.
pub(crate) struct Joined {
    /// The handset's number.
    pub(crate) from: Phi<String>,
    /// The text.
    pub(crate) body: Phi<String>,
    /// The parts it was made of.
    pub(crate) parts: Vec<Document<MessagePart>>,
}

/// What all parts of one message share, as a name that shows nothing of it.
pub(crate) fn group(key: &phi::DigestKey, part: &ArrivalPart) -> String {
    let shared = format!("{}|{}|{}|{}", part.from, part.to, part.reference, part.total);
    let digest = key.digest("message-part", shared.as_bytes());
    MessageSid::from_bytes(std::array::from_fn(|index| digest.0[index])).to_string()
}

/// Adds a part.
pub(crate) fn insert(batch: &mut Batch, sid: MessageSid, group: String, part: ArrivalPart, now: Timestamp) {
    batch.insert::<MessagePart>(NewDocument {
        sid,
        parent: Some(group),
        created_at: now,
        event_at: None,
        facts: PartFacts { own_number: part.to, total: part.total, number: part.number, coding: part.coding },
        content: Some(Phi::new(PartContent { from: part.from, octets: part.octets })),
        index: Vec::new(),
    });
}

/// The parts that are there of a message, oldest first.
pub(crate) async fn list(scoped: &Scoped, group: &str) -> Result<Vec<Document<MessagePart>>, StoreError> {
    let query =
        Query { parent: Some(group.to_owned()), oldest_first: true, limit: MAX_PARTS, ..Query::default() };
    Ok(scoped.list::<MessagePart>(query).await?.documents)
}

/// Puts together what is there: of each number the newest part. The others are of an earlier message with
/// the same reference, and are left.
pub(crate) fn join(parts: Vec<Document<MessagePart>>) -> (Option<Joined>, Vec<Document<MessagePart>>) {
    let (mut newest, mut left) = (BTreeMap::new(), Vec::new());
    for part in parts {
        left.extend(newest.insert(part.facts.number, part));
    }
    let parts: Vec<_> = newest.into_values().collect();
    let coding = parts.first().map(|part| part.facts.coding);
    let contents = parts.iter().filter_map(|part| {
        part.content.as_ref().map(|content| content.map_ref(|part| (part.from.clone(), part.octets.clone())))
    });
    let whole = contents.reduce(|text, next| {
        text.zip(next).map(|((from, octets), (_, more))| (from, [octets, more].concat()))
    });
    let joined = coding.zip(whole).map(|(coding, whole)| Joined {
        from: whole.map_ref(|(from, _)| from.clone()),
        body: whole.map(|(_, octets)| decode(coding, &octets)),
        parts,
    });
    (joined, left)
}

/// Whether no part is missing.
pub(crate) fn is_complete(parts: &[Document<MessagePart>]) -> bool {
    let Some(total) = parts.first().map(|part| part.facts.total) else { return false };
    (1..=total).all(|number| parts.iter().any(|part| part.facts.number == number))
}
