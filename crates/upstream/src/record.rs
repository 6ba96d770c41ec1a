//! What is remembered of a hand-over, on disk: written before the request, so that a process that dies in between, or a
//! connection that breaks, leaves a question and not a second message.
//!
//! A record names SIDs and times alone. One job follows it and removes it at last (`follow`).

use base::{CarrierRecordSid, Sid, Timestamp};
use messaging::carrier::Reference;
use serde::{Deserialize, Serialize};
use store::{Batch, Document, Kind, Name, NewDocument, NewJob, Scope, Store, StoreError};

use crate::limits::{CALLBACK_WAIT, MAX_CONFLICTS};

/// The queue of messages that are asked about.
pub(crate) const FOLLOWING: &str = "upstream.follow";

/// The kind of the documents: one for each message that was, or may have been, handed over.
#[derive(Debug)]
pub(crate) enum HandOver {}

impl Kind for HandOver {
    const NAME: &'static str = "upstream-hand-over";
    type Sid = CarrierRecordSid;
    type Facts = HandOverFacts;
    type Content = ();
}

/// What is known of a hand-over.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct HandOverFacts {
    pub(crate) account: String,
    pub(crate) message: String,
    /// The name of the upstream's account.
    pub(crate) upstream: String,
    /// When the last attempt began, in microseconds.
    pub(crate) began: i64,
    /// Which attempt that is, from 1.
    pub(crate) attempt: u8,
    /// The upstream's SID, once it is known that it has the message.
    pub(crate) taken_as: Option<String>,
    /// The last receipt has come.
    pub(crate) is_over: bool,
}

impl HandOverFacts {
    /// Whose message it is.
    pub(crate) fn reference(&self) -> Result<Reference, StoreError> {
        let account = self.account.parse().map_err(|_| StoreError::Sealed)?;
        let message = self.message.parse().map_err(|_| StoreError::Sealed)?;
        Ok(Reference { account, message })
    }
}

/// The name that keeps two records from claiming one message of the upstream.
fn claim(upstream: &str, sid: &str) -> Name {
    Name::custom("upstream-message", &format!("{upstream}:{sid}"))
}

/// The record of a message.
pub(crate) fn sid(store: &Store, reference: Reference) -> CarrierRecordSid {
    let Reference { account, message } = reference;
    let digest = store.system_digest("upstream-hand-over", format!("{account}:{message}").as_bytes());
    CarrierRecordSid::from_bytes(std::array::from_fn(|index| digest.0[index]))
}

/// What is known of a message, if anything.
pub(crate) async fn find(
    store: &Store,
    reference: Reference,
) -> Result<Option<Document<HandOver>>, StoreError> {
    store.scope(Scope::SYSTEM).get::<HandOver>(sid(store, reference)).await
}

/// Writes that a first attempt begins, with the job that follows it.
///
/// # Errors
/// [`StoreError::Exists`] when another one has begun meanwhile.
pub(crate) async fn begin(
    store: &Store,
    reference: Reference,
    upstream: &str,
) -> Result<Document<HandOver>, StoreError> {
    let (sid, now) = (sid(store, reference), store.clock().now());
    let facts = HandOverFacts {
        account: reference.account.to_string(),
        message: reference.message.to_string(),
        upstream: upstream.to_owned(),
        began: now.micros(),
        attempt: 1,
        taken_as: None,
        is_over: false,
    };
    let mut batch = store.batch(Scope::SYSTEM);
    batch.insert::<HandOver>(NewDocument::of(sid, now, facts));
    follow(&mut batch, sid, now.plus(CALLBACK_WAIT));
    store.commit(batch).await?;
    find(store, reference).await?.ok_or(StoreError::Conflict)
}

/// Writes that another attempt begins.
///
/// # Errors
/// [`StoreError::Conflict`] when something has become known meanwhile.
pub(crate) async fn begin_again(store: &Store, record: &mut Document<HandOver>) -> Result<(), StoreError> {
    record.facts.attempt = record.facts.attempt.saturating_add(1);
    record.facts.began = store.clock().now().micros();
    let mut batch = store.batch(Scope::SYSTEM);
    batch.update::<HandOver>(record);
    store.commit(batch).await?;
    record.revision += 1;
    Ok(())
}

/// Forgets an attempt that has certainly not happened.
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
pub(crate) fn remove(batch: &mut Batch, record: &Document<HandOver>) {
    batch.delete(record);
    if let Some(sid) = &record.facts.taken_as {
        batch.unname(claim(&record.facts.upstream, sid));
    }
}

/// What came of telling a record that the upstream has its message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Taken {
    /// It is written, or was.
    Known,
    /// The upstream has the message under another SID too: it was sent twice.
    Twice,
    /// The upstream's message is another one's.
    Claimed,
    /// There is no record.
    Gone,
}

/// Writes that the upstream has a message under `as_sid`.
pub(crate) async fn taken(store: &Store, reference: Reference, as_sid: &str) -> Result<Taken, StoreError> {
    for _ in 0..MAX_CONFLICTS {
        let Some(mut record) = find(store, reference).await? else { return Ok(Taken::Gone) };
        match record.facts.taken_as.as_deref() {
            Some(known) if known == as_sid => return Ok(Taken::Known),
            Some(_) => return Ok(Taken::Twice),
            None => {}
        }
        let name = claim(&record.facts.upstream, as_sid);
        if store.locate(&name).await?.is_some() {
            return Ok(Taken::Claimed);
        }
        record.facts.taken_as = Some(as_sid.to_owned());
        let mut batch = store.batch(Scope::SYSTEM);
        batch.update::<HandOver>(&record);
        batch.name(name, record.sid.to_string());
        match store.commit(batch).await {
            Err(StoreError::Conflict | StoreError::Exists) => {}
            done => return done.map(|_| Taken::Known),
        }
    }
    Err(StoreError::Conflict)
}

/// Writes that the last receipt of a message has come.
pub(crate) async fn over(store: &Store, reference: Reference) -> Result<(), StoreError> {
    for _ in 0..MAX_CONFLICTS {
        let Some(mut record) = find(store, reference).await? else { return Ok(()) };
        if record.facts.is_over {
            return Ok(());
        }
        record.facts.is_over = true;
        let mut batch = store.batch(Scope::SYSTEM);
        batch.update::<HandOver>(&record);
        match store.commit(batch).await {
            Err(StoreError::Conflict) => {}
            done => return done.map(drop),
        }
    }
    Err(StoreError::Conflict)
}

/// Queues the job that asks about a message, or removes what came in, at `due_at`.
pub(crate) fn follow(batch: &mut Batch, sid: CarrierRecordSid, due_at: Timestamp) {
    batch.in_scope(Scope::SYSTEM).enqueue(NewJob {
        queue: FOLLOWING,
        lane: None,
        ordering_key: None,
        due_at,
        payload: sid.to_string().into_bytes(),
    });
}

/// The kind of the documents that say that a message of a handset was taken: the upstream may tell it again.
#[derive(Debug)]
pub(crate) enum TakenArrival {}

impl Kind for TakenArrival {
    const NAME: &'static str = "upstream-arrival";
    type Sid = CarrierRecordSid;
    type Facts = ();
    type Content = ();
}

/// The record of a message that came in.
pub(crate) fn arrival(store: &Store, upstream: &str, sid: &str) -> CarrierRecordSid {
    let digest = store.system_digest("upstream-arrival", format!("{upstream}:{sid}").as_bytes());
    CarrierRecordSid::from_bytes(std::array::from_fn(|index| digest.0[index]))
}
