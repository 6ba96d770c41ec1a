//! What a run has before it: which events, what leaves of them, in which requests, and of whom.

use std::collections::{BTreeMap, BTreeSet};

use base::{SubjectSid, Timestamp};
use data_encoding::HEXLOWER;
use phi::Proof;
use segment::reading::{Reader, Reading};
use serde_json::Value;
use store::{Consumer, EventName, EventPlace, LoggedEvents, Place, SealedEvent, SetAside, StoreError};

use crate::engine::Engine;
use crate::limits;
use crate::pipeline::{Kept, Payload, Pipeline};
use crate::run::Target;

const SUPPRESSED: &str = "discarded_suppressed";
pub(crate) const DELETED: &str = "discarded_deleted";

/// An event with so many of a request's payloads, in order.
pub(crate) struct Planned {
    pub(crate) place: EventPlace,
    payloads: usize,
}

/// What goes in one request.
pub(crate) struct Chunk {
    /// The place behind its last event.
    pub(crate) end: Place,
    /// The row of its first payload, and when that was received.
    pub(crate) first: (u64, Timestamp),
    pub(crate) events: Vec<Planned>,
    pub(crate) payloads: Vec<Value>,
    pub(crate) ids: Vec<String>,
}

impl Chunk {
    /// Takes out what is about somebody who waits; whoever else that is about waits as well.
    pub(crate) fn part(&mut self, waiting: &mut BTreeSet<SubjectSid>) -> Vec<EventPlace> {
        let is_waiting = |event: &Planned, waiting: &BTreeSet<SubjectSid>| {
            event.place.subjects.iter().any(|sid| waiting.contains(sid))
        };
        if !self.events.iter().any(|event| is_waiting(event, waiting)) {
            return Vec::new();
        }
        let (mut taken, mut left) = (Vec::new(), Vec::new());
        let mut payloads = std::mem::take(&mut self.payloads).into_iter();
        let mut ids = std::mem::take(&mut self.ids).into_iter();
        for event in std::mem::take(&mut self.events) {
            let payloads = payloads.by_ref().take(event.payloads).collect::<Vec<_>>();
            let ids = ids.by_ref().take(event.payloads).collect::<Vec<_>>();
            if is_waiting(&event, waiting) {
                waiting.extend(event.place.subjects.iter().copied());
                taken.push(event.place);
                continue;
            }
            self.payloads.extend(payloads);
            self.ids.extend(ids);
            left.push(event);
        }
        self.events = left;
        taken
    }

    /// Its events.
    pub(crate) fn places(&self) -> Vec<EventPlace> {
        self.events.iter().map(|event| event.place.clone()).collect()
    }
}

/// Puts payloads into requests.
struct Chunks {
    batch_size: usize,
    made: Vec<Chunk>,
    /// Bytes of the last one's payloads.
    bytes: usize,
    /// Whether the next payload begins a request.
    is_closed: bool,
}

impl Chunks {
    fn new(batch_size: usize) -> Self {
        Self { batch_size, made: Vec::new(), bytes: 0, is_closed: false }
    }

    /// Adds what leaves of an event. Returns its bytes.
    fn push(
        &mut self,
        event: &EventPlace,
        at: Timestamp,
        name: &EventName,
        made: Vec<Payload>,
        before: Place,
    ) -> usize {
        let mut total = 0;
        for Payload { mapping, value } in made {
            let size = value.to_string().len();
            let room = self.made.last().filter(|chunk| {
                !self.is_closed
                    && chunk.payloads.len() < self.batch_size
                    && self.bytes + size <= limits::RUN_BYTES
            });
            if room.is_none() {
                let first = (event.row, at);
                let (events, payloads, ids) = (Vec::new(), Vec::new(), Vec::new());
                // A request that ends within an event's payloads ends before the event: all of them go again.
                self.made.push(Chunk { end: before, first, events, payloads, ids });
                (self.bytes, self.is_closed) = (0, false);
            }
            (self.bytes, total) = (self.bytes + size, total + size);
            let chunk = self.made.last_mut().expect("one was added when there was none");
            match chunk.events.last_mut() {
                Some(last) if last.place == *event => last.payloads += 1,
                _ => chunk.events.push(Planned { place: event.clone(), payloads: 1 }),
            }
            chunk.ids.push(id(name, &mapping));
            chunk.payloads.push(value);
        }
        total
    }
}

/// What a run has before it.
pub(crate) struct Plan {
    pub(crate) chunks: Vec<Chunk>,
    /// The place behind everything that was looked at.
    pub(crate) end: Place,
    /// How many events were kept, by reason and the place behind them.
    pub(crate) kept: Vec<(Place, &'static str)>,
    /// Events about somebody of whom something was set aside: the places behind them, and whether they were begun.
    pub(crate) joining: Vec<(Place, EventPlace, bool)>,
    /// Whoever waits behind what was set aside.
    pub(crate) waiting: BTreeSet<SubjectSid>,
    /// How many payloads are about whom, of those that were not begun before.
    pub(crate) subjects: BTreeMap<SubjectSid, u64>,
}

/// What is tried again of what was set aside together.
pub(crate) struct Again {
    /// Which of what was set aside.
    pub(crate) index: usize,
    pub(crate) chunks: Vec<Chunk>,
    pub(crate) kept: Vec<&'static str>,
    pub(crate) subjects: BTreeMap<SubjectSid, u64>,
}

/// Opens events of a run and makes what leaves of them.
pub(crate) struct Opening<'a> {
    pub(crate) consumer: &'a Consumer,
    pub(crate) target: &'a Target,
    pub(crate) pipeline: &'a Pipeline,
    pub(crate) proof: &'a Proof,
}

impl Opening<'_> {
    fn batch_size(&self) -> usize {
        self.target.document.facts.settings.batch_size() as usize
    }

    /// What leaves of an event, or why nothing does.
    async fn open(
        &self,
        reader: &Reader<'_>,
        event: &SealedEvent,
    ) -> Result<Result<Vec<Payload>, &'static str>, StoreError> {
        Ok(match reader.read(&self.consumer.stream, event).await? {
            Reading::Suppressed => Err(SUPPRESSED),
            Reading::Destroyed => Err(DELETED),
            Reading::Event(body) => {
                // A number beyond all measures is taken and cannot be read: it holds up nobody else's events.
                match serde_json::from_str::<Value>(body.open(self.proof).get()) {
                    Ok(body) => self.pipeline.run(body, chance(&event.name)).map_err(Kept::as_str),
                    Err(_) => Err(Kept::Unjudged.as_str()),
                }
            }
        })
    }
}

impl Engine {
    /// Opens events and makes what leaves of them, until there is enough for one run. A run that was begun before makes
    /// the same requests again, and may go on behind them.
    pub(crate) async fn plan(
        &self,
        opening: &Opening<'_>,
        rows: Vec<LoggedEvents>,
    ) -> Result<Plan, StoreError> {
        let Opening { consumer, target, .. } = *opening;
        let batch_size = opening.batch_size();
        let reader = Reader::new(&self.services.store, target.workspace).await?;
        let most = match target.document.facts.max_per_second {
            Some(rate) => (limits::RUN_REQUESTS * batch_size).min(rate as usize),
            None => limits::RUN_REQUESTS * batch_size,
        };
        let aside = &consumer.aside;
        let mut set_aside = aside.iter().map(|one| one.events.len()).sum::<usize>();
        let waiting = aside.iter().flat_map(|one| &one.events).flat_map(|event| event.subjects.clone());
        let mut plan = Plan {
            chunks: Vec::new(),
            end: consumer.place,
            kept: Vec::new(),
            joining: Vec::new(),
            waiting: waiting.collect(),
            subjects: BTreeMap::new(),
        };
        let mut chunks = Chunks::new(batch_size);
        let (mut looked_at, mut payloads, mut bytes) = (0, 0, 0);
        'rows: for row in rows {
            let length = row.events.len();
            for (index, event) in row.events.iter().enumerate().skip(plan.end.skip as usize) {
                let is_begun = plan.end < consumer.tried;
                let enough = payloads >= most
                    || bytes >= limits::RUN_BYTES
                    || looked_at >= limits::RUN_EVENTS
                    || set_aside >= limits::SET_ASIDE_EVENTS;
                if enough && !is_begun {
                    break 'rows;
                }
                // What was begun before ends where it ended then, so that its requests have the same keys.
                chunks.is_closed |= plan.end == consumer.tried;
                looked_at += 1;
                let before = plan.end;
                plan.end = behind(row.sequence, before.row, index + 1, length);
                let place = EventPlace {
                    row: row.sequence,
                    index: u32::try_from(index).unwrap_or(u32::MAX),
                    subjects: event.subjects.clone(),
                };
                if place.subjects.iter().any(|sid| plan.waiting.contains(sid)) {
                    plan.waiting.extend(place.subjects.iter().copied());
                    plan.joining.push((plan.end, place, is_begun));
                    set_aside += 1;
                } else {
                    match opening.open(&reader, event).await? {
                        Err(reason) => plan.kept.push((plan.end, reason)),
                        Ok(made) => {
                            if !is_begun {
                                count(&mut plan.subjects, event, made.len());
                            }
                            payloads += made.len();
                            bytes += chunks.push(&place, row.at, &event.name, made, before);
                        }
                    }
                }
                // What does not leave behind a request goes with it.
                if let Some(chunk) = chunks.made.last_mut() {
                    chunk.end = plan.end;
                }
            }
        }
        plan.chunks = chunks.made;
        Ok(plan)
    }

    /// The same of what was set aside, by its place in the list.
    pub(crate) async fn plan_again(
        &self,
        opening: &Opening<'_>,
        due: Vec<(usize, Vec<AsideEvent>)>,
    ) -> Result<Vec<Again>, StoreError> {
        let reader = Reader::new(&self.services.store, opening.target.workspace).await?;
        let mut plans = Vec::with_capacity(due.len());
        for (index, events) in due {
            let mut chunks = Chunks::new(opening.batch_size());
            let (mut kept, mut subjects) = (Vec::new(), BTreeMap::new());
            for AsideEvent { place, found } in events {
                // It was too old to be kept.
                let Some((at, event)) = found else {
                    kept.push(DELETED);
                    continue;
                };
                match opening.open(&reader, &event).await? {
                    Err(reason) => kept.push(reason),
                    Ok(made) => {
                        count(&mut subjects, &event, made.len());
                        chunks.push(&place, at, &event.name, made, Place::default());
                    }
                }
            }
            plans.push(Again { index, chunks: chunks.made, kept, subjects });
        }
        Ok(plans)
    }
}

/// An event that was set aside, with what the log has of it.
pub(crate) struct AsideEvent {
    pub(crate) place: EventPlace,
    pub(crate) found: Option<(Timestamp, SealedEvent)>,
}

/// Puts an event behind what was set aside about the same people.
pub(crate) fn join(aside: &mut Vec<SetAside>, event: EventPlace, is_disclosed: bool, now: Timestamp) {
    let is_same = |known: &EventPlace| (known.row, known.index) == (event.row, event.index);
    if aside.iter().flat_map(|one| &one.events).any(is_same) {
        return;
    }
    let last = aside.iter_mut().rev().find(|one| one.is_about(&event.subjects));
    match last {
        Some(one)
            if one.failures == 0
                && one.is_disclosed == is_disclosed
                && one.events.len() < limits::SET_ASIDE_TOGETHER =>
        {
            one.events.push(event);
        }
        _ => aside.push(SetAside {
            events: vec![event],
            due_at: now,
            failures: 0,
            failing_since: None,
            is_disclosed,
        }),
    }
}

fn count(subjects: &mut BTreeMap<SubjectSid, u64>, event: &SealedEvent, payloads: usize) {
    for sid in &event.subjects {
        *subjects.entry(*sid).or_default() += payloads as u64;
    }
}

/// The place behind the first `count` of the `length` events of a row, when every row up to `before` is done.
fn behind(row: u64, before: u64, count: usize, length: usize) -> Place {
    match count == length {
        true => Place { row, skip: 0 },
        false => Place { row: before, skip: u32::try_from(count).unwrap_or(u32::MAX) },
    }
}

/// What a destination knows a payload by. The name is a keyed digest of its own.
fn id(name: &EventName, mapping: &str) -> String {
    match mapping {
        "" => HEXLOWER.encode(name),
        mapping => format!("{}-{mapping}", HEXLOWER.encode(name)),
    }
}

/// A number in `[0, 1)` that is the same for the same event: its name is a digest.
fn chance(name: &EventName) -> f64 {
    let mut bytes = [0; 4];
    bytes.copy_from_slice(&name[..4]);
    f64::from(u32::from_be_bytes(bytes)) / (f64::from(u32::MAX) + 1.0)
}
