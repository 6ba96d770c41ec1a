//! What happens to fields when events come in: they are detected, and what is red is kept out before anything is
//! written (`PRIV-MATCH-2`).

use std::sync::Arc;

use base::{SourceSid, Timestamp};
use paths::Path;
use phi::Phi;
use privacy::{Colour, Detected, Door, Matched, drop_fields, walk};
use serde_json::Value;
use serde_json::value::{RawValue, to_raw_value};
use store::{NewDocument, Scope, StoreError};

use super::held::Held;
use super::records::{Field, FieldFacts, FieldName, field_sid};
use crate::ingest::{Destination, Ingest, Named};
use crate::limits;

/// What is new of a field in one request.
struct New {
    path: Path,
    source: SourceSid,
    matched: Option<Matched>,
}

impl Ingest {
    /// The events without what is kept out, after what is new of their fields is on disk.
    pub(crate) async fn classified(
        &self,
        to: Destination<'_>,
        at: Timestamp,
        events: Vec<Named>,
    ) -> Result<Vec<Named>, StoreError> {
        let store = &self.services.store;
        let mut held =
            self.classified.of(store, to.workspace, to.privacy_revision, to.controls.is_hipaa()).await?;
        let mut doors = Vec::new();
        // Once more after each time that something was new: what was recognised then has a door.
        for attempt in 0..=limits::ATTEMPTS {
            // In the end nothing is listed any more, so what is red and new has the door of what is not listed.
            let room = if attempt == limits::ATTEMPTS { 0 } else { privacy::limits::NEW_FIELDS };
            let (new, seen, unlisted) = look(&events, &held, room).await;
            doors = seen;
            if new.is_empty() {
                self.measures.unlisted.add(unlisted as u64);
                break;
            }
            held = self.keep(to, at, &held, new).await?;
        }
        let mut kept = Vec::with_capacity(events.len());
        for (named, door) in events.into_iter().zip(doors) {
            match door {
                Door::Keep => kept.push(named),
                Door::DropEvent => self.measures.kept_out.increment(),
                Door::DropField => {
                    self.measures.stripped.increment();
                    let body = named.body.map(|body| without(&body, &held));
                    match body.learn(Option::is_some) {
                        true => kept.push(Named { body: body.map(Option::unwrap_or_default), ..named }),
                        false => self.measures.kept_out.increment(),
                    }
                }
            }
        }
        Ok(kept)
    }

    /// Writes what is new, and answers with what is known then.
    async fn keep(
        &self,
        to: Destination<'_>,
        at: Timestamp,
        held: &Arc<Held>,
        new: Vec<New>,
    ) -> Result<Arc<Held>, StoreError> {
        let store = &self.services.store;
        let scope = Scope::workspace(to.workspace);
        let scoped = store.scope(scope);
        let key = scoped.digest_key().await?;
        let mut batch = store.batch(scope);
        let mut added: Vec<(Path, FieldFacts)> = Vec::with_capacity(new.len());
        for New { path, source, matched } in new {
            let sid = field_sid(&key, &Phi::new(path.clone()));
            let recommended = matched.map(|matched| (matched.matcher, matched.colour));
            let source = source.to_string();
            let facts = match held.fields.get(&path) {
                None => {
                    let facts = FieldFacts { recommended, sources: vec![source], ..FieldFacts::default() };
                    let content = Some(Phi::new(FieldName::of(&path)));
                    let index = facts.index();
                    batch.insert::<Field>(NewDocument {
                        content,
                        index,
                        ..NewDocument::of(sid, at, facts.clone())
                    });
                    facts
                }
                Some(_) => {
                    let Some(mut known) = scoped.get::<Field>(sid).await? else { continue };
                    if !known.facts.sources.contains(&source) {
                        known.facts.sources.push(source);
                    }
                    known.facts.recommended = known.facts.recommended.or(recommended);
                    batch.update(&known);
                    known.facts
                }
            };
            added.push((path, facts));
        }
        match store.commit(batch).await {
            Ok(_) => {
                let now = Arc::new(held.with(added.iter().map(|(path, facts)| (path, facts))));
                self.classified.keep(to.workspace, Arc::clone(&now));
                Ok(now)
            }
            // Somebody else was first.
            Err(StoreError::Exists | StoreError::Conflict) => {
                self.classified.forget(to.workspace);
                let revision = to.privacy_revision;
                self.classified.of(store, to.workspace, revision, to.controls.is_hipaa()).await
            }
            Err(error) => Err(error),
        }
    }
}

/// What is new in the events, as much as there is room for; what is to happen to each; and how many fields there is no
/// room for.
async fn look(events: &[Named], held: &Held, room: usize) -> (Vec<New>, Vec<Door>, usize) {
    let (mut new, mut doors, mut unlisted): (Vec<New>, Vec<Door>, usize) =
        (Vec::new(), Vec::with_capacity(events.len()), 0);
    for (count, named) in events.iter().enumerate() {
        if count % limits::JUDGED_AT_ONCE == limits::JUDGED_AT_ONCE - 1 {
            tokio::task::yield_now().await;
        }
        // Where fields stand comes out of it, never what stands there.
        let mut walked = None;
        named.body.learn(|body| walked = walk(body.get(), &held.fields, named.source, &held.matchers));
        let Some(walked) = walked else {
            // A number beyond all measures, for example: where something is kept out, what cannot be looked at is.
            doors.push(if held.fields.keeps_out() { Door::DropEvent } else { Door::Keep });
            continue;
        };
        unlisted += walked.unlisted;
        // What is red and has no place in the list has no door of its own, so its event has it.
        let mut door = walked.door;
        if walked.unlisted_red {
            door = door.max(held.door_of_unlisted());
        }
        for Detected { path, matched } in walked.detected {
            match new.iter().position(|one| one.path == path) {
                // A document is written once in a batch; the next look finds the other source.
                Some(place) if new[place].source != named.source => {}
                Some(place) => new[place].matched = new[place].matched.take().or(matched),
                None if new.len() < room => new.push(New { path, source: named.source, matched }),
                None if held.fields.get(&path).is_none()
                    && matched.is_some_and(|matched| matched.colour == Colour::Red) =>
                {
                    door = door.max(held.door_of_unlisted());
                }
                None => {}
            }
        }
        doors.push(door);
    }
    (new, doors, unlisted)
}

fn without(body: &RawValue, held: &Held) -> Option<Box<RawValue>> {
    let mut event = serde_json::from_str::<Value>(body.get()).ok()?;
    drop_fields(&mut event, &held.fields);
    to_raw_value(&event).ok()
}
