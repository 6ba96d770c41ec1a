//! Deliveries that the SMSC gives again because our answer did not reach it.
//!
//! `deliver_sm` carries no name, and two equal messages are two messages: a patient may write "yes" twice.
//! So a delivery counts as given again only when an equal one was taken, on a connection that has ended
//! since, and the SMSC never showed that it had read our answer. Each one taken stands for one given again.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use base::{CarrierRecordSid, Sid};
use serde::{Deserialize, Serialize};
use store::{Batch, Document, Index, IndexValue, Kind, NewDocument, Query, Range, Scope, Store, StoreError};

use crate::limits::{EQUAL_DELIVERIES, REPEAT_WINDOW};

/// The kind of the documents: one for each delivery taken whose answer the SMSC may not have seen.
#[derive(Debug)]
pub(crate) enum TakenDelivery {}

impl Kind for TakenDelivery {
    const NAME: &'static str = "smpp-delivery";
    type Sid = CarrierRecordSid;
    type Facts = DeliveryFacts;
    type Content = ();
}

/// Where it was taken.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct DeliveryFacts {
    /// The process.
    run: String,
    connection: String,
    sequence: u32,
    /// Seconds after which the SMSC has either seen the answer or lost the connection.
    settles_after: u64,
}

const CONTENT: &str = "content";

/// A delivery, as it is recognised.
#[derive(Clone)]
pub(crate) struct Mark {
    /// Names the document, once there is one.
    pub(crate) sid: CarrierRecordSid,
    facts: DeliveryFacts,
    content: IndexValue,
}

/// The deliveries taken, and which connections are open.
pub(crate) struct Repeats {
    store: Store,
    run: String,
    open: Mutex<HashSet<String>>,
}

/// A connection that is open as long as this lives.
pub(crate) struct OpenConnection {
    repeats: Arc<Repeats>,
    name: String,
    settles_after: Duration,
}

impl Drop for OpenConnection {
    fn drop(&mut self) {
        self.repeats.open().remove(&self.name);
    }
}

impl OpenConnection {
    /// What a delivery of this connection is recognised by.
    pub(crate) fn mark(&self, network: &str, sequence: u32, body: &[u8]) -> Mark {
        let store = &self.repeats.store;
        let digest = store.system_digest("smpp-delivery", &[network.as_bytes(), &[0], body].concat());
        Mark {
            sid: CarrierRecordSid::generate(store.random().as_ref()),
            facts: DeliveryFacts {
                run: self.repeats.run.clone(),
                connection: self.name.clone(),
                sequence,
                settles_after: self.settles_after.as_secs(),
            },
            content: IndexValue::Digest(digest),
        }
    }
}

impl Repeats {
    pub(crate) fn new(store: Store) -> Arc<Self> {
        let run = CarrierRecordSid::generate(store.random().as_ref()).to_string();
        Arc::new(Self { store, run, open: Mutex::default() })
    }

    /// Notes a new connection; `settles_after` is how long the SMSC may leave it open whether it has seen
    /// an answer.
    pub(crate) fn connection(self: &Arc<Self>, settles_after: Duration) -> OpenConnection {
        let name = CarrierRecordSid::generate(self.store.random().as_ref()).to_string();
        self.open().insert(name.clone());
        OpenConnection { repeats: Arc::clone(self), name, settles_after }
    }

    /// Whether this delivery is one that was taken already. It takes that one's place then: when its answer
    /// is lost too, it may come once more.
    pub(crate) async fn is_given_again(&self, mark: &Mark) -> Result<bool, StoreError> {
        let now = self.store.clock().now();
        let query = Query {
            filters: vec![Index { key: CONTENT, value: mark.content.clone() }],
            created: Range { from: Some(now.minus(REPEAT_WINDOW)), until: None },
            oldest_first: true,
            limit: EQUAL_DELIVERIES,
            ..Query::default()
        };
        let taken = self.store.scope(Scope::SYSTEM).list::<TakenDelivery>(query).await?.documents;
        let Some(former) = taken.into_iter().find(|taken| self.may_be_lost(taken, mark)) else {
            return Ok(false);
        };
        let mut batch = self.store.batch(Scope::SYSTEM);
        batch.delete(&former);
        self.insert(&mut batch, mark);
        self.store.commit(batch).await.map(|_| true)
    }

    /// Whether the answer to `taken` may not have reached the SMSC, so that `mark` is the same given again.
    fn may_be_lost(&self, taken: &Document<TakenDelivery>, mark: &Mark) -> bool {
        let facts = &taken.facts;
        if facts.connection == mark.facts.connection {
            // A number is given to one request at a time (SMPP 3.4 §5.1.4).
            return facts.sequence == mark.facts.sequence;
        }
        if facts.run != self.run && self.store.is_shared() {
            // Another process may hold the connection open; then it would have noted by now what was seen.
            let age = self.store.clock().now().since(taken.created_at);
            return age > Duration::from_secs(facts.settles_after);
        }
        !self.open().contains(&facts.connection)
    }

    /// Notes, in the transaction that takes it, that a delivery was taken.
    pub(crate) fn insert(&self, batch: &mut Batch, mark: &Mark) {
        batch.in_scope(Scope::SYSTEM).insert::<TakenDelivery>(NewDocument {
            sid: mark.sid,
            parent: None,
            created_at: self.store.clock().now(),
            event_at: None,
            facts: mark.facts.clone(),
            content: None,
            index: vec![Index { key: CONTENT, value: mark.content.clone() }],
        });
    }

    /// The SMSC has seen the answers to these: what comes and is equal is something new.
    pub(crate) async fn seen(&self, sids: Vec<CarrierRecordSid>) -> Result<(), StoreError> {
        let scoped = self.store.scope(Scope::SYSTEM);
        let mut batch = self.store.batch(Scope::SYSTEM);
        let mut is_empty = true;
        for sid in sids {
            if let Some(document) = scoped.get::<TakenDelivery>(sid).await? {
                batch.delete(&document);
                is_empty = false;
            }
        }
        if is_empty { Ok(()) } else { self.store.commit(batch).await.map(drop) }
    }

    fn open(&self) -> MutexGuard<'_, HashSet<String>> {
        // What is behind the lock is consistent after every statement, so a panic elsewhere spoils nothing.
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
