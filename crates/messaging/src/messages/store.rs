//! What messaging keeps: messages with their bodies, and opt-outs.

use base::{Address, AttestationSid, MessageSid, MessagingServiceSid, Region, Sid, Timestamp};
use errors::Result;
use kit::{Meter, meter};
use phi::{Digest, DigestKey, Phi};
use store::{Batch, Document, Index, IndexValue, Kind, NewDocument, Query, Scoped, StoreError, Tally};

use crate::limits::MAX_OPT_OUTS;

use crate::media::model::{Media, NewMedia};
use crate::media::store as media;

use super::model::{Counterparty, Direction, Message, MessageBody, MessageFacts};

/// A message to be kept.
pub struct NewMessage {
    /// Its SID.
    pub sid: MessageSid,
    /// What is known of it.
    pub facts: MessageFacts,
    /// The counterparty's number.
    pub counterparty: Phi<String>,
    /// The text.
    pub body: Phi<String>,
    /// When it was accepted or came in.
    pub created_at: Timestamp,
    /// Its media; the facts name them.
    pub media: Vec<NewMedia>,
}

/// Counts that a message is in this state now.
fn tally(batch: &mut Batch, facts: &MessageFacts) {
    batch.tally(Tally { what: "messages", outcome: facts.status.as_str() });
}

/// What a message is counted as: by its direction, by whether it carries media, and by the kind of our number.
fn kind(facts: &MessageFacts) -> Meter {
    let is_inbound = facts.direction == Direction::Inbound;
    let [text_in, text_out, media_in, media_out] = match Address::parse(&facts.own_number) {
        Ok(Address::Phone(number)) if number.region() == Region::UsTollFree => [
            Meter::SmsInboundTollfree,
            Meter::SmsOutboundTollfree,
            Meter::MmsInboundTollfree,
            Meter::MmsOutboundTollfree,
        ],
        // Nobody can write to a name.
        Ok(Address::Alphanumeric(_)) if !is_inbound => [
            Meter::SmsInboundLongcode,
            Meter::SmsOutboundName,
            Meter::MmsInboundLongcode,
            Meter::MmsOutboundName,
        ],
        Ok(Address::ShortCode(_)) => [
            Meter::SmsInboundShortcode,
            Meter::SmsOutboundShortcode,
            Meter::MmsInboundShortcode,
            Meter::MmsOutboundShortcode,
        ],
        _ => [
            Meter::SmsInboundLongcode,
            Meter::SmsOutboundLongcode,
            Meter::MmsInboundLongcode,
            Meter::MmsOutboundLongcode,
        ],
    };
    match (facts.is_mms(), is_inbound) {
        (false, true) => text_in,
        (false, false) => text_out,
        (true, true) => media_in,
        (true, false) => media_out,
    }
}

/// Counts so many messages like this one; its segments are what they came to, and of an MMS that is one.
fn meter(batch: &mut Batch, facts: &MessageFacts, at: Timestamp, messages: i64) {
    meter::count(batch, kind(facts), at, messages, messages * i64::from(facts.segments));
}

/// Takes back the count of a message that will never be sent.
pub fn uncount(batch: &mut Batch, message: &Document<Message>) {
    meter(batch, &message.facts, message.created_at, -1);
}

/// Writes a message whose state has changed.
pub fn advance(batch: &mut Batch, message: &Document<Message>) {
    batch.update::<Message>(message);
    tally(batch, &message.facts);
}

/// Writes that another sender of ours takes the place of the one that was chosen first.
pub fn change_sender(batch: &mut Batch, key: &DigestKey, message: &Document<Message>) {
    batch.update::<Message>(message);
    let own = IndexValue::Digest(key.digest("number", message.facts.own_number.as_bytes()));
    batch.reindex::<Message>(message.sid, "from", vec![own]);
}

/// Adds a message and its body.
pub fn insert(batch: &mut Batch, key: &DigestKey, new: NewMessage) {
    tally(batch, &new.facts);
    meter(batch, &new.facts, new.created_at, 1);
    for medium in new.media {
        media::insert(batch, new.sid, medium, new.created_at);
    }
    let own = IndexValue::Digest(key.digest("number", new.facts.own_number.as_bytes()));
    let other = IndexValue::Digest(new.counterparty.digest(key, "number"));
    // `DateSent` of a message that came in is when it came in; of any other, when the carrier took it.
    let (from, to, event_at) = match new.facts.direction {
        Direction::Inbound => (other, own, Some(new.created_at)),
        Direction::OutboundApi | Direction::OutboundReply => (own, other, None),
    };
    batch.insert::<Message>(NewDocument {
        sid: new.sid,
        parent: None,
        created_at: new.created_at,
        event_at,
        facts: new.facts,
        content: Some(new.counterparty.map(|number| Counterparty { number })),
        index: vec![Index { key: "from", value: from }, Index { key: "to", value: to }],
    });
    batch.insert::<MessageBody>(NewDocument {
        sid: new.sid,
        parent: None,
        created_at: new.created_at,
        event_at: None,
        facts: (),
        content: Some(new.body),
        index: Vec::new(),
    });
}

/// Destroys what the message's retention says, once it is terminal.
pub fn redact_when_terminal(batch: &mut Batch, sid: MessageSid, facts: &MessageFacts) {
    if facts.status.is_terminal() {
        redact(batch, sid, facts);
    }
}

/// Destroys what the message's retention says, now.
pub fn redact(batch: &mut Batch, sid: MessageSid, facts: &MessageFacts) {
    if facts.discard_body {
        batch.shred::<MessageBody>(sid);
        // The webhook of what came in was told where its media are: they have a little longer (`INBOUND_MEDIA_KEPT`).
        if facts.direction != Direction::Inbound {
            shred_media(batch, facts);
        }
    }
    if facts.obfuscate_address {
        batch.shred::<Message>(sid);
    }
}

/// Destroys the media of a message.
pub fn shred_media(batch: &mut Batch, facts: &MessageFacts) {
    facts.media.iter().for_each(|sid| batch.shred::<Media>(sid.0));
}

/// The text of a message, still protected; `None` when it is gone.
///
/// # Errors
/// When the store cannot answer.
pub async fn body(scoped: &Scoped, sid: MessageSid) -> Result<Option<Phi<String>>, StoreError> {
    Ok(scoped.get::<MessageBody>(sid).await?.and_then(|document| document.content))
}

/// The query of a list of messages.
pub fn query(
    key: &DigestKey,
    to: Option<&Phi<String>>,
    from: Option<&Phi<String>>,
    sent: store::Range,
) -> Query {
    let filter = |name, value: Option<&Phi<String>>| {
        value.map(|number| Index { key: name, value: IndexValue::Digest(number.digest(key, "number")) })
    };
    Query {
        filters: filter("to", to).into_iter().chain(filter("from", from)).collect(),
        event: sent,
        ..Query::default()
    }
}

/// The kind of opt-out documents: "this handset wants nothing from this number of ours". Holds a
/// digest of the pair and no number, so it works when numbers are redacted (D-RED-1).
#[derive(Debug)]
pub enum OptOut {}

impl Kind for OptOut {
    const NAME: &'static str = "opt-out";
    type Sid = AttestationSid;
    type Facts = ();
    type Content = ();
}

const PAIR: &str = "pair";

/// The digest of a handset and one of our numbers.
pub fn pair(key: &DigestKey, own_number: &str, counterparty: &Phi<String>) -> Digest {
    counterparty.map_ref(|number| format!("{own_number}|{number}")).digest(key, PAIR)
}

/// The opt-out lists that count for a handset and one of our senders: that of the sender, and that of the Messaging
/// Service it is in, because whoever stops one number of a service stops the service.
pub fn lists(
    key: &DigestKey,
    own_number: &str,
    service: Option<MessagingServiceSid>,
    counterparty: &Phi<String>,
) -> Vec<Digest> {
    let own = pair(key, own_number, counterparty);
    let service = service.map(|service| pair(key, &service.to_string(), counterparty));
    std::iter::once(own).chain(service).collect()
}

/// Whether one of these lists has an opt-out.
///
/// # Errors
/// When the store cannot answer.
pub async fn is_opted_out(scoped: &Scoped, lists: &[Digest]) -> Result<bool, StoreError> {
    for list in lists {
        if scoped.find::<OptOut>(PAIR, IndexValue::Digest(*list)).await?.is_some() {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Every opt-out of this pair: two that came in at once are both kept, and both must go.
///
/// # Errors
/// When the store cannot answer.
pub async fn opt_outs(scoped: &Scoped, pair: Digest) -> Result<Vec<Document<OptOut>>, StoreError> {
    let filters = vec![Index { key: PAIR, value: IndexValue::Digest(pair) }];
    let query = Query { filters, limit: MAX_OPT_OUTS, ..Query::default() };
    Ok(scoped.list::<OptOut>(query).await?.documents)
}

/// Adds an opt-out.
pub fn add_opt_out(batch: &mut Batch, random: &dyn base::Random, pair: Digest, now: Timestamp) {
    batch.insert::<OptOut>(NewDocument {
        sid: AttestationSid::generate(random),
        parent: None,
        created_at: now,
        event_at: None,
        facts: (),
        content: None,
        index: vec![Index { key: PAIR, value: IndexValue::Digest(pair) }],
    });
}
