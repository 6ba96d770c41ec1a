//! What is remembered of a hand-over, on disk: written before the request, so that a process that dies in between, or a
//! connection that breaks, leaves a question and not a second message.
//!
//! A record names SIDs, times and the MMSC's name for the message; sender and recipient only as a keyed digest, by which
//! a report finds a hand-over whose answer was lost. One job removes it at last.

use std::sync::Arc;

use base::{CarrierRecordSid, Sid, Timestamp};
use jobs::{Outcome, Queue};
use messaging::carrier::Reference;
use serde::{Deserialize, Serialize};
use store::{
    Batch, Document, Index, IndexValue, Kind, Lease, Name, NewDocument, NewJob, Query, Scope, Store,
    StoreError,
};

use crate::limits::{ARRIVAL_KEPT, CLEARING_CONCURRENCY, FOLLOWED, MAX_CONFLICTS, OPEN_LOOKED_AT};

/// The queue of records that are to go.
const CLEARING: &str = "mm7.clear";
/// Finds open hand-overs by sender and recipient.
const PAIR: &str = "pair";

/// The kind of the documents: one for each message that was, or may have been, handed over.
#[derive(Debug)]
pub(crate) enum HandOver {}

impl Kind for HandOver {
    const NAME: &'static str = "mm7-hand-over";
    type Sid = CarrierRecordSid;
    type Facts = HandOverFacts;
    type Content = ();
}

/// What is known of a hand-over.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct HandOverFacts {
    account: String,
    message: String,
    /// The name of the MMSC.
    relay: String,
    /// When it began, in microseconds.
    began: i64,
    /// The MMSC has it.
    pub(crate) is_taken: bool,
    /// What the MMSC calls the message, once that is known.
    message_id: Option<String>,
}

impl HandOverFacts {
    /// Whose message it is.
    pub(crate) fn reference(&self) -> Result<Reference, StoreError> {
        let account = self.account.parse().map_err(|_| StoreError::Sealed)?;
        let message = self.message.parse().map_err(|_| StoreError::Sealed)?;
        Ok(Reference { account, message })
    }
}

/// The name under which a message of an MMSC is found.
fn claim(relay: &str, message_id: &str) -> Name {
    Name::custom("mm7-message", &format!("{relay}:{message_id}"))
}

/// Sender and recipient at an MMSC, as a value that shows neither.
pub(crate) fn pair(store: &Store, relay: &str, from: &str, to: &str) -> IndexValue {
    IndexValue::Digest(store.system_digest("mm7-pair", format!("{relay}|{from}|{to}").as_bytes()))
}

/// The record of a message.
fn sid(store: &Store, reference: Reference) -> CarrierRecordSid {
    let Reference { account, message } = reference;
    let digest = store.system_digest("mm7-hand-over", format!("{account}:{message}").as_bytes());
    CarrierRecordSid::from_bytes(std::array::from_fn(|index| digest.0[index]))
}

/// What is known of a message, if anything.
pub(crate) async fn find(
    store: &Store,
    reference: Reference,
) -> Result<Option<Document<HandOver>>, StoreError> {
    store.scope(Scope::SYSTEM).get::<HandOver>(sid(store, reference)).await
}

/// Writes that a hand-over begins, with the job that removes what is known of it.
///
/// # Errors
/// [`StoreError::Exists`] when another one has begun meanwhile.
pub(crate) async fn begin(
    store: &Store,
    reference: Reference,
    relay: &str,
    pair: IndexValue,
) -> Result<Document<HandOver>, StoreError> {
    let (sid, now) = (sid(store, reference), store.clock().now());
    let facts = HandOverFacts {
        account: reference.account.to_string(),
        message: reference.message.to_string(),
        relay: relay.to_owned(),
        began: now.micros(),
        is_taken: false,
        message_id: None,
    };
    let mut batch = store.batch(Scope::SYSTEM);
    let index = vec![Index { key: PAIR, value: pair }];
    batch.insert::<HandOver>(NewDocument { index, ..NewDocument::of(sid, now, facts) });
    clear_at(&mut batch, sid, now.plus(FOLLOWED));
    store.commit(batch).await?;
    find(store, reference).await?.ok_or(StoreError::Conflict)
}

/// Forgets a hand-over that has certainly not happened.
pub(crate) async fn forget(store: &Store, record: &Document<HandOver>) -> Result<(), StoreError> {
    let mut batch = store.batch(Scope::SYSTEM);
    remove(&mut batch, record);
    match store.commit(batch).await {
        // Something has become known after all.
        Err(StoreError::Conflict) => Ok(()),
        done => done.map(drop),
    }
}

/// Removes a record, and its claim.
fn remove(batch: &mut Batch, record: &Document<HandOver>) {
    batch.delete(record);
    if let Some(id) = &record.facts.message_id {
        batch.unname(claim(&record.facts.relay, id));
    }
}

/// Writes that the MMSC has a message, and what it calls it.
pub(crate) async fn taken(
    store: &Store,
    reference: Reference,
    message_id: Option<&str>,
) -> Result<(), StoreError> {
    for _ in 0..MAX_CONFLICTS {
        let Some(mut record) = find(store, reference).await? else { return Ok(()) };
        let is_named = record.facts.message_id.is_some();
        if record.facts.is_taken && (is_named || message_id.is_none()) {
            if is_named && message_id.is_some() && record.facts.message_id.as_deref() != message_id {
                tracing::warn!(message = %reference.message, "the MMSC has two names for one message");
            }
            return Ok(());
        }
        let mut batch = store.batch(Scope::SYSTEM);
        record.facts.is_taken = true;
        if let Some(id) = message_id {
            let name = claim(&record.facts.relay, id);
            if store.locate(&name).await?.is_none() {
                record.facts.message_id = Some(id.to_owned());
                batch.name(name, record.sid.to_string());
                batch.reindex::<HandOver>(record.sid, PAIR, Vec::new());
            }
        }
        batch.update::<HandOver>(&record);
        match store.commit(batch).await {
            Err(StoreError::Conflict | StoreError::Exists) => {}
            done => return done.map(drop),
        }
    }
    Err(StoreError::Conflict)
}

/// Whose message a report is about.
pub(crate) enum Found {
    /// This one's.
    Message(Reference),
    /// One of several whose answers are not here yet: that is known soon.
    Later,
    /// Nobody's.
    Nobody,
}

/// Finds the message of a report: by the MMSC's name for it, else as the only one between the two whose answer was lost,
/// or has not been written yet.
pub(crate) async fn of_report(
    store: &Store,
    relay: &str,
    message_id: &str,
    pair: Option<IndexValue>,
) -> Result<Found, StoreError> {
    let scoped = store.scope(Scope::SYSTEM);
    if let Some(located) = store.locate(&claim(relay, message_id)).await? {
        let sid = located.sid.parse().map_err(|_| StoreError::Sealed)?;
        let Some(record) = scoped.get::<HandOver>(sid).await? else { return Ok(Found::Nobody) };
        return record.facts.reference().map(Found::Message);
    }
    let Some(value) = pair else { return Ok(Found::Nobody) };
    let filters = vec![Index { key: PAIR, value }];
    let query = Query { filters, limit: OPEN_LOOKED_AT, ..Query::default() };
    let open = scoped.list::<HandOver>(query).await?.documents;
    match open.as_slice() {
        [] => Ok(Found::Nobody),
        [record] => {
            let reference = record.facts.reference()?;
            tracing::info!(message = %reference.message, "a report shows that the MMSC has a message whose answer was lost");
            taken(store, reference, Some(message_id)).await?;
            Ok(Found::Message(reference))
        }
        _ => Ok(Found::Later),
    }
}

fn clear_at(batch: &mut Batch, sid: CarrierRecordSid, due_at: Timestamp) {
    batch.in_scope(Scope::SYSTEM).enqueue(NewJob {
        queue: CLEARING,
        lane: None,
        ordering_key: None,
        due_at,
        payload: sid.to_string().into_bytes(),
    });
}

/// The kind of the documents that say that a message of a handset was taken: the MMSC may tell it again.
#[derive(Debug)]
pub(crate) enum TakenArrival {}

impl Kind for TakenArrival {
    const NAME: &'static str = "mm7-arrival";
    type Sid = CarrierRecordSid;
    type Facts = ();
    type Content = ();
}

/// The record of a message that came in: `told` is what makes it this one.
pub(crate) fn arrival(store: &Store, told: &[u8]) -> CarrierRecordSid {
    let digest = store.system_digest("mm7-arrival", told);
    CarrierRecordSid::from_bytes(std::array::from_fn(|index| digest.0[index]))
}

/// Writes that a message came in.
pub(crate) fn remember(batch: &mut Batch, record: CarrierRecordSid, now: Timestamp) {
    clear_at(batch, record, now.plus(ARRIVAL_KEPT));
    batch.in_scope(Scope::SYSTEM).insert::<TakenArrival>(NewDocument::of(record, now, ()));
}

/// The job queue of records that are to go.
pub(crate) fn queue(store: Store) -> Queue {
    let store = Arc::new(store);
    Queue::new(CLEARING, CLEARING_CONCURRENCY, move |lease| {
        let store = Arc::clone(&store);
        async move { clear(&store, &lease).await.unwrap_or_else(Outcome::Failed) }
    })
}

async fn clear(store: &Store, lease: &Lease) -> Result<Outcome, StoreError> {
    let mut batch = store.batch(Scope::SYSTEM);
    batch.finish(lease);
    let sid = std::str::from_utf8(&lease.payload).ok().and_then(|text| text.parse().ok());
    let scoped = store.scope(Scope::SYSTEM);
    if let Some(sid) = sid {
        let sid: CarrierRecordSid = sid;
        if let Some(record) = scoped.get::<HandOver>(sid).await? {
            let over = Timestamp::from_micros(record.facts.began).plus(FOLLOWED);
            if store.clock().now() < over {
                // It was tried again since.
                return Ok(Outcome::RetryAt(over));
            }
            remove(&mut batch, &record);
        }
        if let Some(arrival) = scoped.get::<TakenArrival>(sid).await? {
            batch.delete(&arrival);
        }
    }
    store.commit(batch).await?;
    Ok(Outcome::Done)
}
