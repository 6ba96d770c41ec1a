//! One run of one destination: claim it, open its next events, hand over what leaves of them, and go on.
//!
//! A request that fails is set aside once a later one is taken, and what comes later about the same people waits behind
//! it; everybody else's events go on. When nothing behind it is taken either, the destination as a whole does not take
//! events: nothing is set aside, and all of them wait. A run either goes on in the stream or tries again what was set
//! aside (`again`).
//!
//! Three commits: the claim with the ledger's entry, which earns the proof that opens the events; what is begun, with
//! the accounting of disclosures, before a byte leaves; and what became of it. When the process ends between the second
//! and the third, the lease runs out and the same events go again under the same ids.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use auth::{AccountContext, AccountStatus, load_account};
use base::measure::Stopwatch;
use base::{DeadLetterSid, DestinationSid, Sid, SourceSid, SubjectSid, Timestamp, WorkspaceSid};
use data_encoding::HEXLOWER;
use ledger::{Action, Actor, Entry, Purpose};
use phi::Proof;
use segment::records::Workspace;
use store::{
    Batch, Claim, Consumer, Document, EventPlace, LoggedEvents, NewDocument, Place, SealedEvent, SetAside,
    StoreError,
};

use crate::engine::Engine;
use crate::kinds;
use crate::limits;
use crate::pipeline::Pipeline;
use crate::plan::{Chunk, Opening, Plan, join};
use crate::records::{DeadLetter, DeadLetterFacts, Destination};
use crate::rules;
use crate::transport::{HandedOver, Parcel};

/// How the ledger calls a run.
const DELIVER: Action = Action("deliver_events");
const FIELDS: &[&str] = &["event"];
const KEY_LABEL: &str = "events of a request to a destination";
const KEY_BYTES: usize = 16;
const DAY_SECONDS: i64 = 86_400;

/// The answer that asks for a slower pace: nothing else is tried after it.
const TOO_MANY_REQUESTS: u32 = 429;

pub(crate) const DELIVERED: &str = "delivered";
pub(crate) const RETRIED: &str = "retried";
pub(crate) const GAVE_UP: &str = "gave_up";
pub(crate) const REJECTED: &str = "rejected";
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
    /// What is set aside now.
    aside: Vec<SetAside>,
    outcomes: Outcomes,
    taken: bool,
}

/// What became of events.
#[derive(Default)]
pub(crate) struct Outcomes {
    pub(crate) counts: BTreeMap<&'static str, u64>,
    pub(crate) dead: Vec<DeadLetterFacts>,
    /// Payloads that were sent and answered.
    pub(crate) sent: u64,
}

impl Outcomes {
    pub(crate) fn count(&mut self, outcome: &'static str, events: u64) {
        *self.counts.entry(outcome).or_default() += events;
    }

    /// Counts a request that was answered for good, and records what was refused.
    pub(crate) fn answered(&mut self, chunk: &Chunk, refused: Option<u32>, attempts: u32) {
        let events = chunk.payloads.len() as u64;
        self.sent += events;
        match refused {
            None => self.count(DELIVERED, events),
            Some(status) => {
                self.count(REJECTED, events);
                self.dead.push(dead(chunk, REJECTED, status, attempts));
            }
        }
    }

    /// Counts a request that is not made any more.
    pub(crate) fn given_up(&mut self, chunk: &Chunk, attempts: u32) {
        self.count(GAVE_UP, chunk.payloads.len() as u64);
        self.dead.push(dead(chunk, GAVE_UP, 0, attempts));
    }
}

/// Requests of a run that failed, until one behind them is taken.
struct Trial {
    failed: Vec<SetAside>,
    /// Whose events wait behind those.
    waiting: BTreeSet<SubjectSid>,
    /// What waits: the places behind it, and whether the accounting has it.
    joining: Vec<(Place, EventPlace, bool)>,
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
        let (Ok(pipeline), Some(reach)) = (Pipeline::of(facts, target.is_hipaa), kinds::reach(facts)) else {
            return self.wait(&consumer).await;
        };
        if !target.account.is_active() {
            return self.wait(&consumer).await;
        }
        let asked = rules::asked(&target.account, facts, &reach, &pipeline, target.is_hipaa);
        let verdict = rules::may_hand_over(&target.account, asked);
        if let Err(code) = verdict
            && rules::is_waited_for(code)
        {
            return self.wait(&consumer).await;
        }
        if verdict.is_ok() && self.is_again(&consumer) {
            return self.again(&consumer, &target, &pipeline).await;
        }
        let set_aside: usize = consumer.aside.iter().map(|one| one.events.len()).sum();
        if verdict.is_ok() && set_aside >= limits::SET_ASIDE_EVENTS && consumer.tried <= consumer.place {
            return self.wait(&consumer).await;
        }
        let rows = self.rows(&consumer).await?;
        if verdict.is_err() {
            return self.pass_by(target.sid, &consumer, &rows).await;
        }
        let ends = rows.first().zip(rows.last()).map(|(first, last)| (first.sequence, last.sequence));
        let (claim, proof) = self.claim(&consumer, &target, ends).await?;
        let opening = Opening { consumer: &consumer, target: &target, pipeline: &pipeline, proof: &proof };
        let plan = self.plan(&opening, rows).await?;
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
    pub(crate) async fn claim(
        &self,
        consumer: &Consumer,
        target: &Target,
        rows: Option<(u64, u64)>,
    ) -> Result<(Claim, Proof), StoreError> {
        let store = &self.services.store;
        let now = store.clock().now();
        let mut sids = vec![
            target.account.sid().to_string(),
            target.workspace.to_string(),
            target.source.to_string(),
            target.sid.to_string(),
        ];
        if let Some((first, last)) = rows {
            sids.extend([format!("from row {first}"), format!("to row {last}")]);
        }
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
    async fn pass_by(
        &self,
        sid: DestinationSid,
        consumer: &Consumer,
        rows: &[LoggedEvents],
    ) -> Result<(), StoreError> {
        let place = rows.last().map_or(consumer.place, |last| Place { row: last.sequence, skip: 0 });
        let events: usize = rows.iter().map(|row| row.events.len()).sum();
        let aside: usize = consumer.aside.iter().map(|one| one.events.len()).sum();
        let skipped = if rows.is_empty() { 0 } else { u64::from(consumer.place.skip) };
        let events = ((events + aside) as u64).saturating_sub(skipped);
        let store = &self.services.store;
        let now = store.clock().now();
        let mut batch = store.batch(consumer.scope);
        let claim = batch.claim(consumer, now, limits::LEASE);
        batch.go_on(&claim, place, now, None);
        batch.set_aside(&claim, &[]);
        batch.count_deliveries(&claim, day(now), REFUSED, events);
        store.commit(batch).await?;
        self.measures.count(sid, &BTreeMap::from([(REFUSED, events)]));
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
        note(&mut batch, claim, target, &plan.subjects, now);
        store.commit(batch).await.map(drop)
    }

    /// Hands over one request after the other, as long as it may.
    async fn send(&self, consumer: &Consumer, target: &Target, plan: Plan) -> Result<Done, StoreError> {
        let started = Stopwatch::start();
        let mut done = Done {
            place: consumer.place,
            failed: None,
            aside: consumer.aside.clone(),
            outcomes: Outcomes::default(),
            taken: false,
        };
        let mut trial = Trial { failed: Vec::new(), waiting: plan.waiting, joining: plan.joining };
        let mut all = true;
        for mut chunk in plan.chunks {
            if started.elapsed() > limits::RUN_TIME || !self.still_may(consumer, target).await? {
                all = false;
                break;
            }
            for event in chunk.part(&mut trial.waiting) {
                trial.joining.push((chunk.end, event, true));
            }
            if chunk.payloads.is_empty() {
                if trial.failed.is_empty() {
                    done.place = chunk.end;
                }
                continue;
            }
            let now = self.services.now();
            let failing_since = consumer.failing_since.filter(|_| !done.taken);
            let attempts = if done.taken { 0 } else { consumer.failures };
            if trial.failed.is_empty() && is_overdue(&chunk, failing_since, now) {
                done.outcomes.given_up(&chunk, attempts);
                done.place = chunk.end;
                continue;
            }
            let refused = match self.hand_over(target, &chunk).await {
                HandedOver::Taken => None,
                // It answers, so it is not failing.
                HandedOver::Refused(status) => Some(status),
                HandedOver::Later(code) => {
                    tracing::debug!(destination = %target.sid, code, "a destination does not take events now");
                    done.outcomes.count(RETRIED, chunk.payloads.len() as u64);
                    let is_tried = code == TOO_MANY_REQUESTS
                        || trial.failed.len() >= limits::PROBES
                        || done.aside.len() + trial.failed.len() >= limits::SET_ASIDE;
                    trial.fail(&chunk, now.plus(self.backoff(1)), now);
                    if is_tried {
                        break;
                    }
                    continue;
                }
            };
            done.outcomes.answered(&chunk, refused, attempts + 1);
            (done.taken, done.place) = (true, chunk.end);
            done.aside.append(&mut trial.failed);
        }
        if trial.failed.is_empty() {
            if all {
                done.place = plan.end;
            }
        } else {
            // Nothing behind it was taken: it is where it was, and all that comes behind it.
            done.failed = Some(self.services.now());
        }
        trial.joining.sort_by_key(|(_, event, _)| (event.row, event.index));
        for (place, event, is_disclosed) in trial.joining {
            if place <= done.place {
                join(&mut done.aside, event, is_disclosed, self.services.now());
            }
        }
        for (_, reason) in plan.kept.iter().filter(|(place, _)| *place <= done.place) {
            done.outcomes.count(reason, 1);
        }
        Ok(done)
    }

    /// Makes one request.
    pub(crate) async fn hand_over(&self, target: &Target, chunk: &Chunk) -> HandedOver {
        let key = match chunk.ids.as_slice() {
            [only] => only.clone(),
            all => {
                let digest = self.services.store.system_digest(KEY_LABEL, all.join(",").as_bytes());
                HEXLOWER.encode(&digest.0[..KEY_BYTES])
            }
        };
        let (payloads, ids, key) = (&*chunk.payloads, &*chunk.ids, &*key);
        let (is_phi, received_at, sent_at) = (target.is_hipaa, chunk.first.1, self.services.now());
        let parcel = Parcel { payloads, ids, key, is_phi, received_at, sent_at };
        self.transport.hand_over(&target.account, &target.document.facts.settings, parcel).await
    }

    /// Whether the next request may go: the destination is as it was, and covered now (SEG-DEST-1).
    pub(crate) async fn still_may(&self, consumer: &Consumer, target: &Target) -> Result<bool, StoreError> {
        let Some(now) = self.target(consumer).await? else { return Ok(false) };
        if now.document.revision != target.document.revision
            || now.is_hipaa != target.is_hipaa
            || !now.account.is_active()
        {
            return Ok(false);
        }
        let covered = kinds::reach(&now.document.facts)
            .is_some_and(|reach| now.account.is_registered(&reach.host, rules::SERVICE));
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
        let pace = target.pace(done.outcomes.sent);
        batch.go_on(claim, done.place, now.plus(pace), failing_since);
        if done.failed.is_some() {
            let failures = if done.taken { 1 } else { consumer.failures.saturating_add(1) };
            let pause = self.backoff(failures).min(limits::LONGEST_PAUSE);
            batch.put_off(claim, now.plus(pause), failures, failing_since.or(Some(now)));
        }
        if done.aside != consumer.aside {
            batch.set_aside(claim, &done.aside);
        }
        self.write_down(batch, claim, target, done.outcomes).await
    }

    /// Counts what became of events, records what was given up, and commits.
    pub(crate) async fn write_down(
        &self,
        mut batch: Batch,
        claim: &Claim,
        target: &Target,
        outcomes: Outcomes,
    ) -> Result<(), StoreError> {
        let now = self.services.now();
        for (outcome, events) in &outcomes.counts {
            batch.count_deliveries(claim, day(now), outcome, *events);
        }
        self.bury(&mut batch, target, now, &outcomes.dead);
        self.services.store.commit(batch).await?;
        self.measures.count(target.sid, &outcomes.counts);
        Ok(())
    }

    fn bury(&self, batch: &mut Batch, target: &Target, now: Timestamp, dead: &[DeadLetterFacts]) {
        for facts in dead {
            let sid = DeadLetterSid::generate(self.services.store.random().as_ref());
            let parent = Some(target.sid.to_string());
            batch.insert::<DeadLetter>(NewDocument { parent, ..NewDocument::of(sid, now, facts.clone()) });
        }
    }

    /// The pause after so many failures: between half and all of the usual one by chance, so that destinations that
    /// went away together do not come back together.
    pub(crate) fn backoff(&self, failures: u32) -> Duration {
        let longest = jobs::backoff(failures);
        let mut bytes = [0; 2];
        self.services.store.random().fill(&mut bytes);
        longest / 2 + longest / 2 * u32::from(u16::from_be_bytes(bytes)) / u32::from(u16::MAX)
    }
}

impl Target {
    /// How long so many payloads take at the destination's rate.
    pub(crate) fn pace(&self, sent: u64) -> Duration {
        self.document.facts.max_per_second.map_or(Duration::ZERO, |rate| {
            Duration::from_micros(sent.saturating_mul(1_000_000) / u64::from(rate.max(1)))
        })
    }
}

impl Trial {
    /// A request failed: what it is about waits from now on.
    fn fail(&mut self, chunk: &Chunk, due_at: Timestamp, now: Timestamp) {
        let events = chunk.places();
        self.waiting.extend(events.iter().flat_map(|event| event.subjects.iter().copied()));
        self.failed.push(SetAside {
            events,
            due_at,
            failures: 1,
            failing_since: Some(now),
            is_disclosed: true,
        });
    }
}

/// Whether a request is not made any more: its events and the failure are older than what is tried.
pub(crate) fn is_overdue(chunk: &Chunk, failing_since: Option<Timestamp>, now: Timestamp) -> bool {
    chunk.first.1.plus(limits::GIVE_UP) <= now
        && failing_since.is_some_and(|since| since.plus(limits::GIVE_UP) <= now)
}

/// Puts into the accounting whom it is about that leaves (45 CFR 164.528).
pub(crate) fn note(
    batch: &mut Batch,
    claim: &Claim,
    target: &Target,
    subjects: &BTreeMap<SubjectSid, u64>,
    now: Timestamp,
) {
    if let Some(approved) = target.document.facts.approved.as_ref().filter(|_| target.is_hipaa) {
        for (subject, events) in subjects {
            batch.note_disclosure(claim, *subject, &approved.manifest, now, *events);
        }
    }
}

fn dead(chunk: &Chunk, reason: &str, status: u32, attempts: u32) -> DeadLetterFacts {
    let (reason, ids, row) = (reason.to_owned(), chunk.ids.clone(), chunk.first.0);
    DeadLetterFacts { reason, status, attempts, row, ids }
}

pub(crate) fn day(at: Timestamp) -> i64 {
    at.seconds().div_euclid(DAY_SECONDS)
}
