//! From the events of a request to the log: who may not be in it is left out first, then what was there before; what
//! remains is one batch, on disk before anything is answered.

use std::collections::HashMap;
use std::sync::Arc;

use base::measure::Counter;
use base::{SourceSid, SubjectSid, Timestamp, WorkspaceSid};
use kit::Services;
use phi::{DigestKey, Phi};
use serde_json::value::RawValue;
use store::{EVENT_NAME_BYTES, EventName, NewEvent, Scope, StoreError, SubjectKey};
use tracking::{Consent, Event};

use crate::limits;
use crate::subjects::{self, Known, Memory};
use crate::window::Window;

/// What takes events; one for all requests.
pub struct Ingest {
    pub(crate) services: Arc<Services>,
    window: Window,
    /// What it has done.
    pub measures: IngestMeasures,
}

/// What was done with events, for the metrics.
#[derive(Debug, Default)]
pub struct IngestMeasures {
    /// Events that are in the log.
    pub accepted: Counter,
    /// Events that were there before.
    pub repeated: Counter,
    /// Events that were left out because somebody is suppressed or did not consent.
    pub withheld: Counter,
    /// Events that were not in order.
    pub rejected: Counter,
}

/// Where events go.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Destination {
    pub(crate) workspace: WorkspaceSid,
    pub(crate) source: SourceSid,
    pub(crate) consent_required: bool,
}

/// An event with what it is about and called.
struct Named {
    event: Event,
    /// Whom it is about: it is sealed for all of them, so that it ends with any.
    subjects: Vec<SubjectSid>,
    name: EventName,
}

impl Ingest {
    /// Takes nothing yet.
    pub fn new(services: Arc<Services>) -> Self {
        Self { services, window: Window::default(), measures: IngestMeasures::default() }
    }

    /// Writes events to the log; they are on disk when this returns `Ok`.
    ///
    /// # Errors
    /// [`StoreError`]; nothing was written then.
    pub(crate) async fn accept(
        &self,
        to: Destination,
        at: Timestamp,
        events: Vec<Event>,
    ) -> Result<(), StoreError> {
        let store = &self.services.store;
        let key = store.scope(Scope::workspace(to.workspace)).digest_key().await?;
        let taken = events.len();
        let mut events: Vec<Named> = events
            .into_iter()
            .filter(|event| !to.consent_required || event.consent == Consent::Given)
            .map(|event| named(&key, to.source, event))
            .collect();
        for _ in 0..limits::ATTEMPTS {
            let memory = Memory::now(store).await?;
            let known = self.look(&memory, to.workspace, &events).await?;
            let is_suppressed = |sid: &SubjectSid| matches!(known.get(sid), Some(Known::Suppressed));
            events.retain(|named| !named.subjects.iter().any(is_suppressed));
            if events.is_empty() {
                break;
            }
            match self.write(to, at, &events, &memory, &known).await {
                // Somebody's key came or went meanwhile: what is known of them is not so any more.
                Err(StoreError::Exists | StoreError::Conflict) => {
                    known.keys().for_each(|sid| memory.forget(to.workspace, *sid));
                }
                Err(error) => return Err(error),
                Ok(()) => {
                    self.measures.withheld.add((taken - events.len()) as u64);
                    return Ok(());
                }
            }
        }
        if !events.is_empty() {
            return Err(StoreError::Unavailable("its subjects keep changing".into()));
        }
        self.measures.withheld.add(taken as u64);
        Ok(())
    }

    /// What is known of everybody whom the events mention.
    async fn look(
        &self,
        memory: &Memory,
        workspace: WorkspaceSid,
        events: &[Named],
    ) -> Result<HashMap<SubjectSid, Known>, StoreError> {
        let mut known = HashMap::new();
        for sid in events.iter().flat_map(|named| named.subjects.iter()) {
            if !known.contains_key(sid) {
                known.insert(*sid, memory.look(&self.services.store, workspace, *sid).await?);
            }
        }
        Ok(known)
    }

    async fn write(
        &self,
        to: Destination,
        at: Timestamp,
        events: &[Named],
        memory: &Memory,
        known: &HashMap<SubjectSid, Known>,
    ) -> Result<(), StoreError> {
        let store = &self.services.store;
        self.window.follow(store, at).await?;
        let names: Vec<_> = events.iter().map(|named| named.name).collect();
        let reserved = self.window.reserve(&names, at).await;
        let new: Vec<_> = events
            .iter()
            .zip(&reserved.is_new)
            .filter(|(_, is_new)| **is_new)
            .map(|(named, _)| named)
            .collect();
        self.measures.repeated.add((events.len() - new.len()) as u64);
        if new.is_empty() {
            return Ok(());
        }
        let mut batch = store.batch(Scope::workspace(to.workspace));
        let (mut keys, mut present) = (HashMap::<SubjectSid, Arc<SubjectKey>>::new(), Vec::new());
        for sid in new.iter().flat_map(|named| &named.subjects) {
            if keys.contains_key(sid) {
                continue;
            }
            let key = match known.get(sid) {
                Some(Known::Key(key)) => {
                    present.push(*sid);
                    Arc::clone(key)
                }
                _ => Arc::new(batch.add_subject(*sid, at)),
            };
            keys.insert(*sid, key);
        }
        let about: Vec<Vec<&SubjectKey>> = new
            .iter()
            .map(|named| named.subjects.iter().filter_map(|sid| keys.get(sid).map(Arc::as_ref)).collect())
            .collect();
        let rows: Vec<NewEvent<'_, Box<RawValue>>> = new
            .iter()
            .zip(&about)
            .map(|(named, subjects)| NewEvent { name: named.name, subjects, body: &named.event.body })
            .collect();
        batch.append_events(&to.source.to_string(), at, &present, &rows);
        store.commit(batch).await?;
        self.measures.accepted.add(new.len() as u64);
        reserved.settle(at);
        for (sid, key) in keys {
            memory.keep(to.workspace, sid, Known::Key(key));
        }
        Ok(())
    }
}

fn named(key: &DigestKey, source: SourceSid, event: Event) -> Named {
    let mut subjects = Vec::with_capacity(2);
    subjects.extend(event.user_id.as_ref().map(|id| subjects::user(key, id)));
    subjects.extend(event.anonymous_id.as_ref().map(|id| subjects::anonymous(key, id)));
    // An alias does not say which kind of id the former one is.
    if let Some(former) = &event.previous_id {
        for former in [subjects::user(key, former), subjects::anonymous(key, former)] {
            if !subjects.contains(&former) {
                subjects.push(former);
            }
        }
    }
    let name = name(key, source, &event.message_id);
    Named { event, subjects, name }
}

/// The event's name in the log: a digest of its `messageId` in its source.
fn name(key: &DigestKey, source: SourceSid, message_id: &Phi<String>) -> EventName {
    let digest = message_id.map_ref(|id| format!("{source}|{id}")).digest(key, "segment message");
    let mut name = [0; EVENT_NAME_BYTES];
    name.copy_from_slice(&digest.0[..EVENT_NAME_BYTES]);
    name
}
