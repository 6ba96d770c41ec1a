//! A look through what a workspace keeps: fields that are not known yet, events that hold something red, and, where it
//! purges, the events without it (`PRIV-INBOX-2`).
//!
//! It is a job of small steps: each goes on by [`limits::SCAN_ROWS`] rows and commits what it found together with its own
//! continuation, so that it goes on where it was whatever happens. What came after it began was looked at when it came.

use std::collections::HashMap;
use std::sync::Arc;

use base::{ScanSid, SubjectSid, Timestamp, WorkspaceSid};
use jobs::{Outcome, Queue};
use kit::Services;
use ledger::{Action, Actor, Entry, Purpose};
use paths::Path;
use phi::Phi;
use privacy::{Fields, drop_fields, walk};
use serde_json::Value;
use serde_json::value::{RawValue, to_raw_value};
use store::{
    Batch, Document, Lease, LoggedEvents, NewDocument, NewEvent, NewJob, Rewritten, Scope, Scoped,
    StoreError, SubjectKey,
};

use super::held::{self, Held};
use super::records::{Field, FieldFacts, FieldName, Scan, field_sid};
use crate::limits;
use crate::records::Workspace;
use crate::subjects::{Known, Memory};

/// The queue of looks.
const SCANNING: &str = "segment-scan";

/// The queue of looks through what workspaces keep.
pub fn queue(services: Arc<Services>) -> Queue {
    Queue::new(SCANNING, limits::SCANS_AT_ONCE, move |lease| {
        let services = Arc::clone(&services);
        async move { step(&services, &lease).await.unwrap_or_else(Outcome::Failed) }
    })
}

/// The job of a look.
pub(crate) fn job(sid: ScanSid, at: Timestamp) -> NewJob {
    NewJob {
        queue: SCANNING,
        lane: None,
        ordering_key: Some(sid.to_string()),
        due_at: at,
        payload: sid.to_string().into_bytes(),
    }
}

async fn step(services: &Services, lease: &Lease) -> Result<Outcome, StoreError> {
    let store = &services.store;
    let scoped = store.scope(lease.scope);
    let sid = std::str::from_utf8(&lease.payload).ok().and_then(|text| text.parse().ok());
    let scan = match sid {
        Some(sid) => scoped.get::<Scan>(sid).await?,
        None => None,
    };
    let Some(mut scan) = scan.filter(|scan| scan.facts.finished_at.is_none()) else {
        let mut batch = store.batch(lease.scope);
        batch.finish(lease);
        store.commit(batch).await?;
        return Ok(Outcome::Done);
    };
    let mut batch = store.batch(lease.scope);
    let Some(source) = scan.facts.sources.last().cloned() else {
        scan.facts.finished_at = Some(services.now().micros());
        batch.update(&scan);
        batch.finish(lease);
        commit(services, batch, &scan, None).await?;
        return Ok(Outcome::Done);
    };
    let mut rows = scoped.events(&source, scan.facts.after, limits::SCAN_ROWS).await?;
    let mut is_last = rows.len() < limits::SCAN_ROWS;
    // What a step writes is bounded by its events: each may be of other people, whose keys it asks for.
    let mut events = 0;
    let fitting = rows.iter().position(|row| {
        events += row.events.len();
        events > limits::SCAN_EVENTS
    });
    if let Some(fitting) = fitting {
        is_last &= fitting.max(1) >= rows.len();
        rows.truncate(fitting.max(1));
    }
    is_last |= rows.iter().any(|row| row.at > scan.created_at);
    if !rows.is_empty() {
        look(services, &scoped, &mut batch, &mut scan, &source, &rows).await?;
    }
    if is_last {
        scan.facts.sources.pop();
        scan.facts.after = 0;
    }
    batch.update(&scan);
    batch.reschedule(lease, services.now(), 0);
    commit(services, batch, &scan, Some(source)).await?;
    Ok(Outcome::Done)
}

/// With an entry of the account's ledger: events were opened.
async fn commit(
    services: &Services,
    mut batch: Batch,
    scan: &Document<Scan>,
    source: Option<String>,
) -> Result<(), StoreError> {
    let Ok(account) = scan.facts.account.parse() else {
        return Err(StoreError::Unavailable("a scan without an account".into()));
    };
    batch.in_scope(Scope::account(account));
    let entry = Entry {
        actor: Actor::System,
        action: Action(if scan.facts.purges { "purge_events" } else { "scan_events" }),
        sids: [scan.facts.workspace.clone(), scan.sid.to_string()].into_iter().chain(source).collect(),
        fields: &[],
        purpose: Purpose::Retention,
        source: None,
    };
    ledger::commit(&services.store, batch, &entry).await.map(|_| ())
}

/// What one step goes by.
struct Step<'a> {
    held: Held,
    red: Fields,
    scan: &'a mut Document<Scan>,
    new: HashMap<Path, FieldFacts>,
}

async fn look(
    services: &Services,
    scoped: &Scoped,
    batch: &mut Batch,
    scan: &mut Document<Scan>,
    source: &str,
    rows: &[LoggedEvents],
) -> Result<(), StoreError> {
    let store = &services.store;
    let unknown = || StoreError::Unavailable("a scan of no workspace".into());
    let workspace: WorkspaceSid = scan.facts.workspace.parse().map_err(|_| unknown())?;
    let account = scan.facts.account.parse().map_err(|_| unknown())?;
    let found = store.scope(Scope::account(account)).get::<Workspace>(workspace).await?;
    let is_hipaa = found.is_some_and(|found| found.facts.is_hipaa());
    let (held, red) = (held::read(store, workspace, is_hipaa).await?, held::red(scoped).await?);
    let memory = Memory::now(store).await?;
    let mut step = Step { held, red, scan, new: HashMap::new() };
    for row in rows {
        step.scan.facts.after = row.sequence;
        if row.at > step.scan.created_at {
            break;
        }
        step.scan.facts.rows += 1;
        let mut keys: HashMap<SubjectSid, Arc<SubjectKey>> = HashMap::new();
        for sid in row.events.iter().flat_map(|event| &event.subjects) {
            let known = match memory.look(store, workspace, *sid).await? {
                // What is kept of somebody who is suppressed is looked through as well.
                Known::Suppressed => scoped.subject_key(*sid).await?.map(Arc::new),
                Known::Key(key) => Some(key),
                Known::New => None,
            };
            keys.extend(known.map(|key| (*sid, key)));
        }
        step.row(scoped, batch, source, row, &keys)?;
        tokio::task::yield_now().await;
    }
    let key = scoped.digest_key().await?;
    for (path, facts) in step.new {
        step.scan.facts.detected += 1;
        let sid = field_sid(&key, &Phi::new(path.clone()));
        let index = facts.index();
        let content = Some(Phi::new(FieldName::of(&path)));
        // When it is detected at ingest at this very moment, this step is done again.
        batch.insert::<Field>(NewDocument { content, index, ..NewDocument::of(sid, services.now(), facts) });
    }
    Ok(())
}

impl Step<'_> {
    /// One row: what is in it, and the row without what is red.
    fn row(
        &mut self,
        scoped: &Scoped,
        batch: &mut Batch,
        source: &str,
        row: &LoggedEvents,
        keys: &HashMap<SubjectSid, Arc<SubjectKey>>,
    ) -> Result<(), StoreError> {
        let mut less: Vec<Option<Phi<Box<RawValue>>>> = Vec::with_capacity(row.events.len());
        for event in &row.events {
            let own: Vec<_> =
                event.subjects.iter().filter_map(|sid| keys.get(sid).map(Arc::as_ref)).collect();
            let opened = scoped.open_event_with::<Box<RawValue>>(source, event, &own)?;
            let Some(body) = opened else {
                self.scan.facts.destroyed += 1;
                less.push(None);
                continue;
            };
            self.scan.facts.events += 1;
            self.detect(source, &body);
            less.push(self.without_red(&body));
        }
        if !self.scan.facts.purges {
            self.scan.facts.unresolved += less.iter().flatten().count() as u64;
            return Ok(());
        }
        if less.iter().all(Option::is_none) {
            return Ok(());
        }
        self.scan.facts.purged += less.iter().flatten().count() as u64;
        let own: Vec<Vec<&SubjectKey>> = row
            .events
            .iter()
            .map(|event| event.subjects.iter().filter_map(|sid| keys.get(sid).map(Arc::as_ref)).collect())
            .collect();
        let rewritten: Vec<_> = row
            .events
            .iter()
            .zip(&less)
            .zip(&own)
            .map(|((event, less), subjects)| match less {
                Some(body) => Rewritten::Changed(NewEvent { name: event.name, subjects, body }),
                None => Rewritten::Kept(event),
            })
            .collect();
        let present: Vec<SubjectSid> = keys.keys().copied().collect();
        batch.rewrite_events(source, row.sequence, &present, &rewritten);
        Ok(())
    }

    /// Fields that are not known yet. The names come out of the event, and nothing else.
    fn detect(&mut self, source: &str, body: &Phi<Box<RawValue>>) {
        let Ok(source_sid) = source.parse() else { return };
        let mut walked = None;
        body.learn(|body| walked = walk(body.get(), &self.held.fields, source_sid, &self.held.matchers));
        let Some(walked) = walked else {
            self.scan.facts.unreadable += 1;
            return;
        };
        for one in walked.detected {
            if self.held.fields.get(&one.path).is_some() || self.new.len() >= privacy::limits::NEW_FIELDS {
                continue;
            }
            let recommended = one.matched.map(|matched| (matched.matcher, matched.colour));
            let facts = self
                .new
                .entry(one.path)
                .or_insert_with(|| FieldFacts { sources: vec![source.to_owned()], ..FieldFacts::default() });
            facts.recommended = facts.recommended.take().or(recommended);
        }
    }

    /// The event without what is red; `None` when there is nothing red in it.
    fn without_red(&mut self, body: &Phi<Box<RawValue>>) -> Option<Phi<Box<RawValue>>> {
        if self.red.is_empty() {
            return None;
        }
        let less = body.map_ref(|body| {
            let mut event = serde_json::from_str::<Value>(body.get()).ok()?;
            let count = drop_fields(&mut event, &self.red);
            Some((count, to_raw_value(&event).ok()?)).filter(|(count, _)| *count > 0)
        });
        let count = less.learn(|less| less.as_ref().map(|(count, _)| *count))?;
        if self.scan.facts.purges {
            self.scan.facts.purged_values += count as u64;
        }
        Some(less.map(|less| less.map(|(_, body)| body).unwrap_or_default()))
    }
}
