//! PostgreSQL's writing tasks: groups of batches in one pipelined transaction each.

use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::Arc;
use std::task::Poll;

use base::Clock;
use base::measure::Stopwatch;
use deadpool_postgres::{Object, Pool};
use tokio::sync::{Mutex, mpsc, oneshot};
use tokio_postgres::Error;
use tokio_postgres::error::SqlState;

use crate::bulk::Bulk;
use crate::chain::Tail;
use crate::engine::ChainKey;
use crate::error::unavailable;
use crate::limits;
use crate::postgres::{connection, explain, is_broken, send};
use crate::postgres_group::{Plan, Query, fail_by_themselves};
use crate::postgres_planner::{Growth, analyze};
use crate::sql::{Outcome, Prepared, Row, Step};
use crate::{StoreError, StoreMeasures};

/// A batch and who waits for it.
pub(crate) type Waiting = (Prepared, oneshot::Sender<Result<Outcome, StoreError>>);

/// The level is named, because a server may have another default.
const BEGIN: &str = "BEGIN ISOLATION LEVEL READ COMMITTED";
const COMMIT: &str = "COMMIT";

/// What writes: a task that takes groups, or a caller with a batch of its own.
#[derive(Clone)]
pub(crate) struct Writer {
    pub(crate) pool: Pool,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) key: ChainKey,
    pub(crate) measures: Arc<StoreMeasures>,
    pub(crate) growth: Arc<Growth>,
}

/// How a group is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Manner {
    /// What can be is written together.
    Merged,
    /// Statement by statement: slower, but it tells which batch failed.
    InOrder,
    /// In order, and without waiting for the journal's head: for what records nothing, and holds what others wait for.
    Unlocked,
}

/// Why a group was not written.
enum Failure {
    /// These batches (by place) failed; the transaction was rolled back.
    Batches(Vec<(usize, Culprit)>),
    /// Something failed that is not one batch's alone, and nothing was written; in order it may be seen whose it is.
    Together(StoreError),
    /// The connection broke before the commit was sent: nothing was written.
    Broken(StoreError),
    /// Nothing can be said about the commit, or trying again is no use.
    Final(StoreError),
}

struct Culprit {
    error: StoreError,
    /// Whether it lost to another transaction and may win the next time.
    may_win: bool,
}

impl Writer {
    /// Runs until nobody can submit any more.
    pub(crate) async fn run(self, work: Arc<Mutex<mpsc::Receiver<Waiting>>>) {
        while let Some(group) = next_group(&work).await {
            self.write(group).await;
        }
    }

    /// Writes a group, without those that fail; then tries these one by one.
    async fn write(&self, mut group: Vec<Waiting>) {
        let mut alone = Vec::new();
        while !group.is_empty() {
            let batches: Vec<_> = group.iter().map(|(batch, _)| batch).collect();
            match self.attempt(&batches, Manner::Merged).await {
                Ok(outcomes) => {
                    for (waiting, outcome) in group.drain(..).zip(outcomes) {
                        self.answer(waiting, Ok(outcome));
                    }
                }
                Err(Failure::Batches(culprits)) if group.len() > 1 => {
                    for (place, _) in culprits.into_iter().rev() {
                        alone.push(group.remove(place));
                    }
                }
                Err(failure) => {
                    let error = failure.into_error();
                    if matches!(error, StoreError::Unavailable(_)) {
                        tracing::error!(%error, batches = group.len(), "a group of batches was not written");
                    }
                    for waiting in group.drain(..) {
                        self.answer(waiting, Err(error.clone()));
                    }
                }
            }
        }
        for (batch, answer) in alone.into_iter().rev() {
            let result = self.write_alone(&batch, Manner::InOrder).await;
            self.answer((batch, answer), result);
        }
    }

    fn answer(&self, (batch, answer): Waiting, result: Result<Outcome, StoreError>) {
        self.measures.writing.note(&batch, &result);
        // Whoever submitted may have gone; the batch is written all the same.
        let _ = answer.send(result);
    }

    /// Writes one batch in a transaction of its own.
    pub(crate) async fn write_alone(&self, batch: &Prepared, manner: Manner) -> Result<Outcome, StoreError> {
        let mut attempt = 1;
        loop {
            match self.attempt(&[batch], manner).await {
                Ok(outcomes) => return Ok(outcomes.into_iter().next().unwrap_or_default()),
                Err(Failure::Batches(culprits))
                    if attempt < limits::POSTGRES_ATTEMPTS
                        && culprits.iter().any(|(_, culprit)| culprit.may_win) =>
                {
                    attempt += 1;
                }
                Err(failure) => return Err(failure.into_error()),
            }
        }
    }

    /// One group, on a fresh connection when an idle one turns out to be broken, and in order when that is needed to
    /// tell which batch failed.
    async fn attempt(&self, batches: &[&Prepared], mut manner: Manner) -> Result<Vec<Outcome>, Failure> {
        let mut attempt = 1;
        loop {
            let client = connection(&self.pool).await.map_err(Failure::Final)?;
            let group = self.group(&client, batches, manner);
            let result = tokio::time::timeout(limits::POSTGRES_ANSWER, group).await;
            match result {
                Ok(Ok(outcomes)) => return Ok(outcomes),
                Ok(Err(Failure::Together(_))) if manner == Manner::Merged => manner = Manner::InOrder,
                Ok(Err(Failure::Broken(_) | Failure::Together(_))) if attempt < limits::POSTGRES_ATTEMPTS => {
                    drop(Object::take(client));
                    attempt += 1;
                }
                Ok(Err(Failure::Batches(culprits))) => return Err(Failure::Batches(culprits)),
                Ok(Err(failure)) => {
                    drop(Object::take(client));
                    return Err(failure);
                }
                Err(_) => {
                    drop(Object::take(client));
                    return Err(Failure::Final(unavailable("the server did not answer in time")));
                }
            }
        }
    }

    /// One transaction.
    async fn group(
        &self,
        client: &Object,
        batches: &[&Prepared],
        manner: Manner,
    ) -> Result<Vec<Outcome>, Failure> {
        let broken = |error: Error| Failure::Broken(explain(&error));
        let mut outcomes: Vec<Outcome> =
            batches.iter().map(|_| Outcome::default().in_group(batches.len())).collect();
        let mut plan = match manner {
            Manner::Merged => Plan::merged(batches),
            Manner::InOrder | Manner::Unlocked => Plan::in_order(batches),
        };
        let lock = Tail::lock();
        if manner != Manner::Unlocked {
            plan.before.push(Query::one(&lock, None));
        }
        let measures = &self.measures;
        measures.transactions.increment();
        measures.statements.add(plan.before.len() as u64);
        let (begun, answers) =
            tokio::join!(biased; client.batch_execute(BEGIN), pipeline(client, &plan.before));
        begun.map_err(broken)?;
        let mut head = Vec::new();
        if let Some(failure) = check(&plan.before, answers, |_, rows| head = rows) {
            return Err(undone(client, failure).await);
        }

        let recording = || (0..batches.len()).filter(|place| batches[*place].has_records());
        let mut tail = None;
        if recording().next().is_some() {
            // A head that is not genuine fails the batches that need it, not their neighbours.
            match self.key.get().ok_or(StoreError::Sealed).and_then(|key| Tail::genuine(head, key)) {
                Ok(genuine) => tail = Some(genuine),
                Err(error) => {
                    let culprit = |place| (place, Culprit { error: error.clone(), may_win: false });
                    let failure = Failure::Batches(recording().map(culprit).collect());
                    return Err(undone(client, failure).await);
                }
            }
        }
        let mut entries = Vec::new();
        if let (Some(tail), Some(key)) = (&mut tail, self.key.get()) {
            for (batch, outcome) in batches.iter().zip(&mut outcomes) {
                for step in &batch.steps {
                    let Step::Record { scope, entry } = step else { continue };
                    entries.push(tail.append(self.clock.now(), scope, entry));
                    outcome.sequences.push(tail.sequence);
                }
            }
            entries.push(tail.write(key));
        }
        if let Some((write, entries)) = entries.split_last() {
            let entries: Vec<_> = entries.iter().collect();
            plan.after.extend(Query::many(Bulk::Entries, &entries));
            // It is there: this transaction holds it.
            plan.after.push(Query::one(write, None).unchecked());
        }
        let unknown = |error: Error| Failure::Final(explain(&error));
        let keep = |batch: Option<usize>, rows| {
            if let Some(outcome) = batch.and_then(|place| outcomes.get_mut(place)) {
                outcome.rows.extend(rows);
            }
        };
        let stopwatch = Stopwatch::start();
        measures.statements.add(plan.after.len() as u64);
        let sent = Sent::of(client, &plan.after).await;
        if fail_by_themselves(&plan.after) && sent.is_whole() {
            // After an error the server takes the commit for a rollback.
            let (answers, committed) = tokio::join!(biased; sent.answers(), client.batch_execute(COMMIT));
            match check(&plan.after, answers, keep) {
                // The commit was on its way already.
                Some(Failure::Broken(error)) => return Err(Failure::Final(error)),
                Some(failure) => return Err(failure),
                None => committed.map_err(unknown)?,
            }
        } else {
            if let Some(failure) = check(&plan.after, sent.answers().await, keep) {
                return Err(undone(client, failure).await);
            }
            client.batch_execute(COMMIT).await.map_err(unknown)?;
        }
        measures.sync_time.record_time(stopwatch.elapsed());
        measures.group_sizes.record(batches.len() as u64);
        if self.growth.add(plan.documents) {
            tokio::spawn(analyze(self.pool.clone()));
        }
        Ok(outcomes)
    }
}

/// Looks at the answers; `keep` is handed the rows of those that are good.
fn check(
    queries: &[Query<'_>],
    answers: Vec<Answer>,
    mut keep: impl FnMut(Option<usize>, Vec<Row>),
) -> Option<Failure> {
    let mut culprits: Vec<(usize, Culprit)> = Vec::new();
    for (query, answer) in queries.iter().zip(answers) {
        let (culprit, is_last) = match answer {
            Ok((rows, count)) => match query.expect.check(count) {
                Ok(()) => {
                    keep(query.batch, rows);
                    continue;
                }
                Err(error) => (Culprit { error, may_win: false }, false),
            },
            Err(error) if is_broken(&error) => return Some(Failure::Broken(explain(&error))),
            // Everything after the first error fails as well and says nothing.
            Err(error) => (Culprit { may_win: may_win(&error), error: explain(&error) }, true),
        };
        match query.batch {
            None => return Some(Failure::Together(culprit.error)),
            Some(place) if culprits.last().is_some_and(|(last, _)| *last == place) => {}
            Some(place) => culprits.push((place, culprit)),
        }
        if is_last {
            break;
        }
    }
    (!culprits.is_empty()).then_some(Failure::Batches(culprits))
}

/// Rolls back after a failure, and says what it is then.
async fn undone(client: &Object, failure: Failure) -> Failure {
    if matches!(failure, Failure::Broken(_)) {
        return failure;
    }
    match client.batch_execute("ROLLBACK").await {
        Ok(()) => failure,
        Err(error) => Failure::Broken(explain(&error)),
    }
}

impl Failure {
    fn into_error(self) -> StoreError {
        match self {
            Self::Broken(error) | Self::Final(error) | Self::Together(error) => error,
            Self::Batches(culprits) => culprits
                .into_iter()
                .next()
                .map_or_else(|| unavailable("a group failed"), |(_, culprit)| culprit.error),
        }
    }
}

/// Waits for one batch and takes along what waits behind it.
async fn next_group(work: &Mutex<mpsc::Receiver<Waiting>>) -> Option<Vec<Waiting>> {
    let mut work = work.lock().await;
    let first = work.recv().await?;
    let mut steps = first.0.steps.len();
    let mut group = vec![first];
    while group.len() < limits::POSTGRES_GROUP && steps < limits::GROUP_STEPS {
        let Ok(next) = work.try_recv() else { break };
        steps += next.0.steps.len();
        group.push(next);
    }
    Some(group)
}

/// Serialization failures and deadlocks: the other transaction went first.
fn may_win(error: &Error) -> bool {
    error.code().is_some_and(|code| {
        [SqlState::T_R_SERIALIZATION_FAILURE, SqlState::T_R_DEADLOCK_DETECTED].contains(code)
    })
}

pub(crate) type Answer = Result<(Vec<Row>, u64), Error>;
type Answering<'a> = Pin<Box<dyn Future<Output = Answer> + Send + 'a>>;

/// Sends all statements, in order and without waiting in between, then collects the answers.
pub(crate) async fn pipeline<'a>(client: &'a Object, queries: &'a [Query<'a>]) -> Vec<Answer> {
    Sent::of(client, queries).await.answers().await
}

/// Statements that are on their way; those that are not have their error already.
struct Sent<'a>(Vec<Result<Answering<'a>, Answer>>);

impl<'a> Sent<'a> {
    async fn of(client: &'a Object, queries: &'a [Query<'a>]) -> Self {
        let mut answering: Vec<Result<Answering<'a>, Answer>> = Vec::with_capacity(queries.len());
        for query in queries {
            answering.push(match client.prepare_typed_cached(query.sql, &query.types).await {
                Ok(prepared) => Ok(Box::pin(async move { send(client, &prepared, query).await })),
                Err(error) => Err(Err(error)),
            });
        }
        // The first poll of each sends it.
        poll_fn(|context| {
            for slot in &mut answering {
                if let Ok(future) = slot
                    && let Poll::Ready(answer) = future.as_mut().poll(context)
                {
                    *slot = Err(answer);
                }
            }
            Poll::Ready(())
        })
        .await;
        Self(answering)
    }

    /// Whether none has failed to be sent: what is sent next is done after all of them.
    fn is_whole(&self) -> bool {
        !self.0.iter().any(|slot| matches!(slot, Err(Err(_))))
    }

    async fn answers(self) -> Vec<Answer> {
        let mut answers = Vec::with_capacity(self.0.len());
        for slot in self.0 {
            answers.push(match slot {
                Ok(future) => future.await,
                Err(answer) => answer,
            });
        }
        answers
    }
}
