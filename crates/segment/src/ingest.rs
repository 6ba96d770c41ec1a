//! From the events of a request to the log: what was not planned is judged, who may not be in it is left out, then what
//! was there before; what remains is one batch, on disk before anything is answered.

use std::collections::HashMap;
use std::sync::Arc;

use base::measure::Counter;
use base::{SourceSid, SubjectSid, Timestamp, WorkspaceSid};
use data_encoding::HEXLOWER;
use kit::Services;
use phi::{DigestKey, Phi};
use serde_json::value::RawValue;
use store::{EVENT_NAME_BYTES, EventName, NewEvent, Scope, StoreError, SubjectKey};
use tracking::{Consent, Event};

use crate::classify::Classified;
use crate::compiled::Compiled;
use crate::enforce::{self, Controls, Fate};
use crate::limits;
use crate::subjects::{self, Known, Memory};
use crate::window::Window;

/// What takes events; one for all requests.
pub struct Ingest {
    pub(crate) services: Arc<Services>,
    window: Window,
    compiled: Compiled,
    pub(crate) classified: Classified,
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
    /// Events that their tracking plan does not allow, and that were left out.
    pub blocked: Counter,
    /// Such events that went to a quarantine.
    pub quarantined: Counter,
    /// Events that were kept without what their tracking plan does not allow.
    pub omitted: Counter,
    /// Violations that no event was made of, because their request had too many.
    pub untold: Counter,
    /// Events that were kept without a field that is red.
    pub stripped: Counter,
    /// Events that were not kept for a field that is red.
    pub kept_out: Counter,
    /// Fields that came by and are not listed, because there are too many.
    pub unlisted: Counter,
}

/// Where events go.
#[derive(Clone, Copy)]
pub(crate) struct Destination<'a> {
    pub(crate) workspace: WorkspaceSid,
    pub(crate) source: SourceSid,
    pub(crate) consent_required: bool,
    /// What becomes of events that were not planned.
    pub(crate) controls: &'a Controls,
    /// The revision of how the workspace classifies fields; 0 where nobody has said anything.
    pub(crate) privacy_revision: i64,
}

/// An event as it goes into the log.
pub(crate) struct Named {
    /// The source that gets it: the one that sent it, a quarantine, or one that is told of violations.
    pub(crate) source: SourceSid,
    pub(crate) body: Phi<Box<RawValue>>,
    /// Whom it is about: it is sealed for all of them, so that it ends with any.
    pub(crate) subjects: Vec<SubjectSid>,
    pub(crate) name: EventName,
    /// When it happened, as its sender says.
    pub(crate) happened_at: Timestamp,
}

impl Ingest {
    /// Takes nothing yet.
    pub fn new(services: Arc<Services>) -> Self {
        Self {
            services,
            window: Window::default(),
            compiled: Compiled::default(),
            classified: Classified::default(),
            measures: IngestMeasures::default(),
        }
    }

    /// Writes events to the log; they are on disk when this returns `Ok`.
    ///
    /// # Errors
    /// [`StoreError`]; nothing was written then.
    pub(crate) async fn accept(
        &self,
        to: Destination<'_>,
        at: Timestamp,
        mut events: Vec<Event>,
    ) -> Result<(), StoreError> {
        let store = &self.services.store;
        let key = store.scope(Scope::workspace(to.workspace)).digest_key().await?;
        let sent = events.len();
        events.retain(|event| !to.consent_required || event.consent == Consent::Given);
        self.measures.withheld.add((sent - events.len()) as u64);
        let mut events = self.judged(to, at, &key, events).await?;
        let (mut taken, mut is_classified) = (events.len(), false);
        for _ in 0..limits::ATTEMPTS {
            let memory = Memory::now(store).await?;
            let known = self.look(&memory, to.workspace, &events).await?;
            self.forget_the_past(&memory, to.workspace, &mut events).await?;
            let is_suppressed = |sid: &SubjectSid| matches!(known.get(sid), Some(Known::Suppressed));
            events.retain(|named| !named.subjects.iter().any(is_suppressed));
            if events.is_empty() {
                break;
            }
            // Behind the question who is suppressed: not even the name of a field stays of them.
            if !is_classified {
                let before = events.len();
                events = self.classified(to, at, events).await?;
                (taken, is_classified) = (taken - (before - events.len()), true);
                if events.is_empty() {
                    break;
                }
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

    /// The events that go into the log, and where: as they came, changed, into quarantine, or not at all; and those
    /// about violations behind them. All that is made of an event is about whom the event is about.
    async fn judged(
        &self,
        to: Destination<'_>,
        at: Timestamp,
        key: &DigestKey,
        events: Vec<Event>,
    ) -> Result<Vec<Named>, StoreError> {
        let controls = to.controls;
        let as_it_came = |event: Event, subjects, name| {
            let happened_at = event.at;
            Named { source: to.source, body: event.body, subjects, name, happened_at }
        };
        if controls.are_idle() {
            let named = |event: Event| {
                let (subjects, name) = (subjects_of(key, &event), name(key, to.source, &event.message_id));
                as_it_came(event, subjects, name)
            };
            return Ok(events.into_iter().map(named).collect());
        }
        let plan = match controls.plan {
            Some((sid, revision)) => {
                Some(self.compiled.plan(&self.services.store, to.workspace, sid, revision).await?)
            }
            None => None,
        };
        let (mut kept, mut told) = (Vec::with_capacity(events.len()), Vec::new());
        for (count, event) in events.into_iter().enumerate() {
            if count % limits::JUDGED_AT_ONCE == limits::JUDGED_AT_ONCE - 1 {
                tokio::task::yield_now().await;
            }
            let (subjects, own_name) = (subjects_of(key, &event), name(key, to.source, &event.message_id));
            let reference = HEXLOWER.encode(&own_name);
            let room = limits::VIOLATIONS.saturating_sub(told.len());
            let weighed = event.body.map_ref(|body| {
                enforce::weigh(
                    body,
                    controls,
                    plan.as_deref(),
                    &enforce::Told { at, reference: &reference, room },
                )
            });
            self.measures.untold.add(weighed.learn(|weighed| weighed.untold) as u64);
            if let Some(source) = controls.violations_to {
                for index in 0..weighed.learn(|weighed| weighed.violations.len()) {
                    let body = weighed.map_ref(|weighed| weighed.violations[index].clone());
                    let id = event.message_id.map_ref(|id| format!("violation {index} of {id}"));
                    let name = name(key, source, &id);
                    told.push(Named {
                        source,
                        body,
                        subjects: subjects.clone(),
                        name,
                        happened_at: event.at,
                    });
                }
            }
            match Fate::of(weighed.learn(|weighed| weighed.fate as u32)) {
                Fate::Through => kept.push(as_it_came(event, subjects, own_name)),
                Fate::Changed => {
                    self.measures.omitted.increment();
                    let body = weighed.map(|weighed| weighed.body);
                    let (source, happened_at) = (to.source, event.at);
                    kept.push(Named { source, body, subjects, name: own_name, happened_at });
                }
                fate @ (Fate::Blocked | Fate::Quarantined) => match controls.blocked_to {
                    Some(source) if fate == Fate::Quarantined => {
                        self.measures.quarantined.increment();
                        let name = name(key, source, &event.message_id);
                        kept.push(Named {
                            source,
                            body: weighed.map(|weighed| weighed.body),
                            subjects,
                            name,
                            happened_at: event.at,
                        });
                    }
                    _ => self.measures.blocked.increment(),
                },
            }
        }
        kept.append(&mut told);
        Ok(kept)
    }

    /// Leaves out what happened before somebody it is about was deleted: a replay does not bring it back.
    async fn forget_the_past(
        &self,
        memory: &Memory,
        workspace: WorkspaceSid,
        events: &mut Vec<Named>,
    ) -> Result<(), StoreError> {
        let mut kept = Vec::with_capacity(events.len());
        for named in events.drain(..) {
            let mut is_past = false;
            for sid in &named.subjects {
                let deleted = memory.deleted_at(&self.services.store, workspace, *sid).await?;
                is_past |= deleted.is_some_and(|at| named.happened_at < at);
            }
            if !is_past {
                kept.push(named);
            }
        }
        *events = kept;
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
        to: Destination<'_>,
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
        let mut sources: Vec<SourceSid> = Vec::with_capacity(1);
        for named in &new {
            if !sources.contains(&named.source) {
                sources.push(named.source);
            }
        }
        for (count, source) in sources.into_iter().enumerate() {
            let rows: Vec<NewEvent<'_, Box<RawValue>>> = new
                .iter()
                .zip(&about)
                .filter(|(named, _)| named.source == source)
                .map(|(named, subjects)| NewEvent { name: named.name, subjects, body: &named.body })
                .collect();
            // That the keys are there still is checked once for all of the batch.
            let present = if count == 0 { present.as_slice() } else { &[] };
            batch.append_events(&source.to_string(), at, present, &rows);
        }
        store.commit(batch).await?;
        self.measures.accepted.add(new.len() as u64);
        reserved.settle(at);
        for (sid, key) in keys {
            memory.keep(to.workspace, sid, Known::Key(key));
        }
        Ok(())
    }
}

fn subjects_of(key: &DigestKey, event: &Event) -> Vec<SubjectSid> {
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
    subjects
}

/// The event's name in the log: a digest of its `messageId` in its source.
fn name(key: &DigestKey, source: SourceSid, message_id: &Phi<String>) -> EventName {
    let digest = message_id.map_ref(|id| format!("{source}|{id}")).digest(key, "segment message");
    let mut name = [0; EVENT_NAME_BYTES];
    name.copy_from_slice(&digest.0[..EVENT_NAME_BYTES]);
    name
}
