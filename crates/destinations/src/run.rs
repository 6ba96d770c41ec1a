//! One run of one destination: claim it, open its next events, hand over what leaves of them, and go on.
//!
//! Three commits: the claim with the ledger's entry, which earns the proof that opens the events; what is begun, with
//! the accounting of disclosures, before a byte leaves; and what became of it. When the process ends between the second
//! and the third, the lease runs out and the same events go again under the same ids.

use std::collections::BTreeMap;
use std::time::Duration;

use auth::{AccountContext, AccountStatus, load_account};
use base::measure::Stopwatch;
use base::{DeadLetterSid, DestinationSid, Sid, SourceSid, Timestamp, WorkspaceSid};
use data_encoding::HEXLOWER;
use ledger::{Action, Actor, Entry, Purpose};
use phi::Proof;
use segment::records::Workspace;
use store::{Batch, Claim, Consumer, Document, LoggedEvents, NewDocument, Place, SealedEvent, StoreError};

use crate::engine::Engine;
use crate::limits;
use crate::pipeline::Pipeline;
use crate::plan::{Chunk, Plan};
use crate::records::{DeadLetter, DeadLetterFacts, Destination};
use crate::rules;
use crate::transport::{HandedOver, Parcel};

/// How the ledger calls a run.
const DELIVER: Action = Action("deliver_events");
const FIELDS: &[&str] = &["event"];
const KEY_LABEL: &str = "events of a request to a destination";
const KEY_BYTES: usize = 16;
const DAY_SECONDS: i64 = 86_400;

const DELIVERED: &str = "delivered";
const RETRIED: &str = "retried";
const GAVE_UP: &str = "gave_up";
const REJECTED: &str = "rejected";
const REFUSED: &str = "discarded_refused";

/// Whose events go where, as of the beginning of a run.
pub(crate) struct Target {
    pub(crate) sid: DestinationSid,
    pub(crate) workspace: WorkspaceSid,
    pub(crate) source: SourceSid,
    pub(crate) document: Document<Destination>,
    pub(crate) account: AccountContext,
    pub(crate) is_hipaa: bool,
}

/// What became of a run.
struct Done {
    place: Place,
    /// When to go on, and what failed, where something did.
    failed: Option<Timestamp>,
    counts: BTreeMap<&'static str, u64>,
    dead: Vec<DeadLetterFacts>,
    taken: bool,
    sent: u64,
}

impl Engine {
    /// Does one run.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] when another process has the destination or it was changed; another [`StoreError`]
    /// when the store failed. Its place is as it was then, or goes on when the lease is over.
    pub(crate) async fn deliver(&self, consumer: Consumer) -> Result<(), StoreError> {
        let store = &self.services.store;
        let Some(target) = self.target(&consumer).await? else {
            // Deleted, switched off, or of a closed account: nobody is given anything.
            let mut batch = store.batch(consumer.scope);
            // Claimed, so that one that was switched on again meanwhile stays.
            batch.claim(&consumer, store.clock().now(), limits::LEASE);
            batch.remove_consumer(&consumer.name);
            return store.commit(batch).await.map(drop);
        };
        let facts = &target.document.facts;
        // What was saved was read then; what cannot be read now gives nothing away.
        let (Ok(pipeline), Some(url)) = (Pipeline::of(facts, target.is_hipaa), rules::url(facts)) else {
            return self.wait(&consumer).await;
        };
        if !target.account.is_active() {
            return self.wait(&consumer).await;
        }
        let asked = rules::asked(&target.account, facts, &url, &pipeline, target.is_hipaa);
        let verdict = rules::may_hand_over(&target.account, asked);
        if let Err(code) = verdict
            && rules::is_waited_for(code)
        {
            return self.wait(&consumer).await;
        }
        let rows = self.rows(&consumer).await?;
        if verdict.is_err() {
            return self.pass_by(&consumer, &rows).await;
        }
        let (claim, proof) = self.claim(&consumer, &target, &rows).await?;
        let plan = self.plan(&consumer, &target, &pipeline, rows, &proof).await?;
        self.begin(&consumer, &claim, &target, &plan).await?;
        let done = self.send(&consumer, &target, plan).await?;
        self.end(&consumer, &claim, &target, done).await
    }

    /// The destination as of now; `None` when it is given nothing.
    async fn target(&self, consumer: &Consumer) -> Result<Option<Target>, StoreError> {
        let store = &self.services.store;
        let Ok(sid) = consumer.name.parse::<DestinationSid>() else { return Ok(None) };
        let Some(document) = store.scope(consumer.scope).get::<Destination>(sid).await? else {
            return Ok(None);
        };
        let Some((account, workspace, source)) = document.facts.place() else { return Ok(None) };
        if !document.facts.enabled || source.to_string() != consumer.stream {
            return Ok(None);
        }
        let account = load_account(store, account, store.clock().now()).await?;
        let open = |account: &AccountContext| account.account.facts.status != AccountStatus::Closed;
        let Some(account) = account.filter(open) else { return Ok(None) };
        let Some(held) = store.scope(account.scope()).get::<Workspace>(workspace).await? else {
            return Ok(None);
        };
        Ok(Some(Target { sid, workspace, source, document, account, is_hipaa: held.facts.is_hipaa() }))
    }

    /// Looks again later; the events stay where they are.
    async fn wait(&self, consumer: &Consumer) -> Result<(), StoreError> {
        let store = &self.services.store;
        let now = store.clock().now();
        let mut batch = store.batch(consumer.scope);
        let claim = batch.claim(consumer, now, limits::LEASE);
        batch.put_off(&claim, now.plus(limits::WAIT), consumer.failures, consumer.failing_since);
        store.commit(batch).await.map(drop)
    }

    /// The next rows, as many as one run can do.
    async fn rows(&self, consumer: &Consumer) -> Result<Vec<LoggedEvents>, StoreError> {
        let scoped = self.services.store.scope(consumer.scope);
        let (mut rows, mut events, mut bytes) = (Vec::<LoggedEvents>::new(), 0, 0);
        while rows.len() < limits::RUN_ROWS && events < limits::RUN_EVENTS && bytes < limits::READ_BYTES {
            let after = rows.last().map_or(consumer.place.row, |row| row.sequence);
            let read = scoped.events(&consumer.stream, after, limits::READ_ROWS).await?;
            events += read.iter().map(|row| row.events.len()).sum::<usize>();
            bytes += read.iter().flat_map(|row| &row.events).map(SealedEvent::size).sum::<usize>();
            let is_last = read.len() < limits::READ_ROWS;
            rows.extend(read);
            if is_last {
                break;
            }
        }
        Ok(rows)
    }

    /// Takes the destination, and records which rows are opened for it.
    async fn claim(
        &self,
        consumer: &Consumer,
        target: &Target,
        rows: &[LoggedEvents],
    ) -> Result<(Claim, Proof), StoreError> {
        let store = &self.services.store;
        let now = store.clock().now();
        let mut sids = vec![
            target.account.sid().to_string(),
            target.workspace.to_string(),
            target.source.to_string(),
            target.sid.to_string(),
        ];
        sids.extend(rows.first().map(|row| format!("from row {}", row.sequence)));
        sids.extend(rows.last().map(|row| format!("to row {}", row.sequence)));
        let entry = Entry {
            actor: Actor::System,
            action: DELIVER,
            sids,
            fields: FIELDS,
            purpose: Purpose::Webhook,
            source: None,
        };
        // The entry is the account's, as every one about its workspaces is.
        let mut batch = store.batch(target.account.scope());
        let claim = batch.claim(consumer, now, limits::LEASE);
        Ok((claim, ledger::commit(store, batch, &entry).await?))
    }

    /// Goes on behind rows that are not given away, because the destination may not have them.
    async fn pass_by(&self, consumer: &Consumer, rows: &[LoggedEvents]) -> Result<(), StoreError> {
        let Some(last) = rows.last() else { return Ok(()) };
        let events: usize = rows.iter().map(|row| row.events.len()).sum();
        let events = (events as u64).saturating_sub(u64::from(consumer.place.skip));
        let store = &self.services.store;
        let now = store.clock().now();
        let mut batch = store.batch(consumer.scope);
        let claim = batch.claim(consumer, now, limits::LEASE);
        batch.go_on(&claim, Place { row: last.sequence, skip: 0 }, now, None);
        batch.count_deliveries(&claim, day(now), REFUSED, events);
        store.commit(batch).await?;
        self.measures.discarded.add(events);
        Ok(())
    }

    /// Notes what is about to leave, and of whom; not again for a second attempt.
    async fn begin(
        &self,
        consumer: &Consumer,
        claim: &Claim,
        target: &Target,
        plan: &Plan,
    ) -> Result<(), StoreError> {
        if plan.chunks.is_empty() || consumer.tried >= plan.end {
            return Ok(());
        }
        let store = &self.services.store;
        let now = store.clock().now();
        let mut batch = store.batch(consumer.scope);
        batch.begin(claim, plan.end);
        if let Some(approved) = target.document.facts.approved.as_ref().filter(|_| target.is_hipaa) {
            for (subject, events) in &plan.subjects {
                batch.note_disclosure(claim, *subject, &approved.manifest, now, *events);
            }
        }
        store.commit(batch).await.map(drop)
    }

    /// Hands over one request after the other, as long as it may.
    async fn send(&self, consumer: &Consumer, target: &Target, plan: Plan) -> Result<Done, StoreError> {
        let started = Stopwatch::start();
        let mut done = Done {
            place: consumer.place,
            failed: None,
            counts: BTreeMap::new(),
            dead: Vec::new(),
            taken: false,
            sent: 0,
        };
        let mut all = true;
        for chunk in plan.chunks {
            if started.elapsed() > limits::RUN_TIME || !self.still_may(consumer, target).await? {
                all = false;
                break;
            }
            let events = chunk.payloads.len() as u64;
            let now = self.services.now();
            let failing_since = consumer.failing_since.filter(|_| !done.taken);
            let overdue = chunk.first.1.plus(limits::GIVE_UP) <= now
                && failing_since.is_some_and(|since| since.plus(limits::GIVE_UP) <= now);
            let attempts = if done.taken { 0 } else { consumer.failures };
            if overdue {
                done.dead.push(dead(&chunk, GAVE_UP, 0, attempts));
                *done.counts.entry(GAVE_UP).or_default() += events;
                done.place = chunk.end;
                continue;
            }
            let key = match chunk.ids.as_slice() {
                [only] => only.clone(),
                all => {
                    let digest = self.services.store.system_digest(KEY_LABEL, all.join(",").as_bytes());
                    HEXLOWER.encode(&digest.0[..KEY_BYTES])
                }
            };
            let (payloads, ids, key) = (&*chunk.payloads, &*chunk.ids, &*key);
            let parcel = Parcel { payloads, ids, key, is_phi: target.is_hipaa };
            let facts = &target.document.facts;
            match self.transport.hand_over(&target.account, &facts.settings, parcel).await {
                HandedOver::Taken => {
                    *done.counts.entry(DELIVERED).or_default() += events;
                    (done.taken, done.place, done.sent) = (true, chunk.end, done.sent + events);
                }
                HandedOver::Refused(status) => {
                    done.dead.push(dead(&chunk, REJECTED, status, attempts + 1));
                    *done.counts.entry(REJECTED).or_default() += events;
                    // It answers, so it is not failing.
                    (done.taken, done.place, done.sent) = (true, chunk.end, done.sent + events);
                }
                HandedOver::Later(code) => {
                    tracing::debug!(destination = %target.sid, code, "a destination does not take events now");
                    *done.counts.entry(RETRIED).or_default() += events;
                    done.failed = Some(now);
                    all = false;
                    break;
                }
            }
        }
        if all {
            done.place = plan.end;
        }
        for (_, reason) in plan.kept.iter().filter(|(place, _)| *place <= done.place) {
            *done.counts.entry(*reason).or_default() += 1;
        }
        Ok(done)
    }

    /// Whether the next request may go: the destination is as it was, and covered now (SEG-DEST-1).
    async fn still_may(&self, consumer: &Consumer, target: &Target) -> Result<bool, StoreError> {
        let Some(now) = self.target(consumer).await? else { return Ok(false) };
        if now.document.revision != target.document.revision
            || now.is_hipaa != target.is_hipaa
            || !now.account.is_active()
        {
            return Ok(false);
        }
        let covered = rules::url(&now.document.facts)
            .is_some_and(|url| now.account.is_registered(url.host(), rules::SERVICE));
        Ok(!target.is_hipaa || covered)
    }

    /// Writes what became of it.
    async fn end(
        &self,
        consumer: &Consumer,
        claim: &Claim,
        target: &Target,
        done: Done,
    ) -> Result<(), StoreError> {
        let store = &self.services.store;
        let now = store.clock().now();
        let mut batch = store.batch(consumer.scope);
        let failing_since = consumer.failing_since.filter(|_| !done.taken);
        let pace = target.document.facts.max_per_second.map_or(Duration::ZERO, |rate| {
            Duration::from_micros(done.sent.saturating_mul(1_000_000) / u64::from(rate.max(1)))
        });
        batch.go_on(claim, done.place, now.plus(pace), failing_since);
        if done.failed.is_some() {
            let failures = if done.taken { 1 } else { consumer.failures.saturating_add(1) };
            let pause = self.backoff(failures);
            batch.put_off(claim, now.plus(pause), failures, failing_since.or(Some(now)));
        }
        for (outcome, events) in &done.counts {
            batch.count_deliveries(claim, day(now), outcome, *events);
        }
        self.bury(&mut batch, target, now, &done.dead);
        store.commit(batch).await?;
        for (outcome, events) in done.counts {
            match outcome {
                DELIVERED => self.measures.delivered.add(events),
                RETRIED => self.measures.retried.increment(),
                GAVE_UP | REJECTED => self.measures.dead.add(events),
                _ => self.measures.discarded.add(events),
            }
        }
        Ok(())
    }

    fn bury(&self, batch: &mut Batch, target: &Target, now: Timestamp, dead: &[DeadLetterFacts]) {
        for facts in dead {
            let sid = DeadLetterSid::generate(self.services.store.random().as_ref());
            let parent = Some(target.sid.to_string());
            batch.insert::<DeadLetter>(NewDocument { parent, ..NewDocument::of(sid, now, facts.clone()) });
        }
    }

    /// The pause after so many failures: it doubles within bounds, and is between half and all of that by chance, so
    /// that destinations that went away together do not come back together.
    fn backoff(&self, failures: u32) -> Duration {
        let doubled = limits::FIRST_BACKOFF.saturating_mul(1 << failures.saturating_sub(1).min(20));
        let longest = doubled.min(limits::LONGEST_BACKOFF);
        let mut bytes = [0; 2];
        self.services.store.random().fill(&mut bytes);
        longest / 2 + longest / 2 * u32::from(u16::from_be_bytes(bytes)) / u32::from(u16::MAX)
    }
}

fn dead(chunk: &Chunk, reason: &str, status: u32, attempts: u32) -> DeadLetterFacts {
    let (reason, ids, row) = (reason.to_owned(), chunk.ids.clone(), chunk.first.0);
    DeadLetterFacts { reason, status, attempts, row, ids }
}

fn day(at: Timestamp) -> i64 {
    at.seconds().div_euclid(DAY_SECONDS)
}
