//! What a run has before it: which events, what leaves of them, in which requests, and of whom.

use std::collections::BTreeMap;

use base::{SubjectSid, Timestamp};
use data_encoding::HEXLOWER;
use phi::Proof;
use segment::reading::{Reader, Reading};
use serde_json::Value;
use store::{Consumer, EventName, LoggedEvents, Place, StoreError};

use crate::engine::Engine;
use crate::limits;
use crate::pipeline::{Kept, Payload, Pipeline};
use crate::records::Settings;
use crate::run::Target;

const SUPPRESSED: &str = "discarded_suppressed";
const DELETED: &str = "discarded_deleted";

/// What goes in one request.
pub(crate) struct Chunk {
    /// The place behind its last event.
    pub(crate) end: Place,
    /// The row of its first payload, and when that was received.
    pub(crate) first: (u64, Timestamp),
    pub(crate) payloads: Vec<Value>,
    pub(crate) ids: Vec<String>,
}

/// What a run has before it.
pub(crate) struct Plan {
    pub(crate) chunks: Vec<Chunk>,
    /// The place behind everything that was looked at.
    pub(crate) end: Place,
    /// How many events were kept, by reason and the place behind them.
    pub(crate) kept: Vec<(Place, &'static str)>,
    /// How many payloads are about whom.
    pub(crate) subjects: BTreeMap<SubjectSid, u64>,
}

impl Engine {
    /// Opens events and makes what leaves of them, until there is enough for one run. A run that was begun before goes
    /// exactly as far as that.
    pub(crate) async fn plan(
        &self,
        consumer: &Consumer,
        target: &Target,
        pipeline: &Pipeline,
        rows: Vec<LoggedEvents>,
        proof: &Proof,
    ) -> Result<Plan, StoreError> {
        let Settings::Webhook(settings) = &target.document.facts.settings;
        let batch_size = settings.batch_size as usize;
        let reader = Reader::new(&self.services.store, target.workspace).await?;
        let until = (consumer.tried > consumer.place).then_some(consumer.tried);
        let most = match target.document.facts.max_per_second {
            Some(rate) => (limits::RUN_REQUESTS * batch_size).min(rate as usize),
            None => limits::RUN_REQUESTS * batch_size,
        };
        let mut plan =
            Plan { chunks: Vec::new(), end: consumer.place, kept: Vec::new(), subjects: BTreeMap::new() };
        let (mut looked_at, mut payloads, mut bytes, mut chunk_bytes) = (0, 0, 0, 0);
        'rows: for row in rows {
            let length = row.events.len();
            for (index, event) in row.events.iter().enumerate().skip(plan.end.skip as usize) {
                let enough =
                    payloads >= most || bytes >= limits::RUN_BYTES || looked_at >= limits::RUN_EVENTS;
                if until.map_or(enough, |until| plan.end >= until) {
                    break 'rows;
                }
                looked_at += 1;
                let made = match reader.read(&consumer.stream, event).await? {
                    Reading::Suppressed => Err(SUPPRESSED),
                    Reading::Destroyed => Err(DELETED),
                    Reading::Event(body) => {
                        let body = serde_json::from_str::<Value>(body.open(proof).get());
                        let body = body.map_err(|_| StoreError::Sealed)?;
                        pipeline.run(body, chance(&event.name)).map_err(Kept::as_str)
                    }
                };
                let before = plan.end;
                plan.end = behind(row.sequence, before.row, index + 1, length);
                let made = match made {
                    Ok(made) => made,
                    Err(reason) => {
                        plan.kept.push((plan.end, reason));
                        // Kept events behind a request go with it.
                        if let Some(chunk) = plan.chunks.last_mut() {
                            chunk.end = plan.end;
                        }
                        continue;
                    }
                };
                for sid in &event.subjects {
                    *plan.subjects.entry(*sid).or_default() += made.len() as u64;
                }
                for Payload { mapping, value } in made {
                    let size = value.to_string().len();
                    let room = plan.chunks.last().filter(|chunk| {
                        chunk.payloads.len() < batch_size && chunk_bytes + size <= limits::RUN_BYTES
                    });
                    if room.is_none() {
                        let first = (row.sequence, row.at);
                        plan.chunks.push(Chunk { end: before, first, payloads: Vec::new(), ids: Vec::new() });
                        chunk_bytes = 0;
                    }
                    (payloads, bytes, chunk_bytes) = (payloads + 1, bytes + size, chunk_bytes + size);
                    let chunk = plan.chunks.last_mut().expect("one was added when there was none");
                    chunk.ids.push(id(&event.name, &mapping));
                    chunk.payloads.push(value);
                }
                // A request that ends within an event's payloads ends before the event: all of them go again.
                if let Some(chunk) = plan.chunks.last_mut() {
                    chunk.end = plan.end;
                }
            }
        }
        Ok(plan)
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
