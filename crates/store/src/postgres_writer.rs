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

use crate::chain::Tail;
use crate::engine::ChainKey;
use crate::error::unavailable;
use crate::limits;
use crate::postgres::{connection, explain, is_broken, run, send, type_of};
use crate::sql::{Outcome, Prepared, Row, Statement, Step};
use crate::{StoreError, StoreMeasures};

/// A batch and who waits for it.
pub(crate) type Waiting = (Prepared, oneshot::Sender<Result<Outcome, StoreError>>);

/// The level is named, because a server may have another default.
const BEGIN: &str = "BEGIN ISOLATION LEVEL READ COMMITTED";

/// What writes: a task that takes groups, or a caller with a batch of its own.
#[derive(Clone)]
pub(crate) struct Writer {
    pub(crate) pool: Pool,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) key: ChainKey,
    pub(crate) measures: Arc<StoreMeasures>,
}

/// Why a group was not written.
enum Failure {
    /// These batches (by place) failed; the transaction was rolled back.
    Batches(Vec<(usize, Culprit)>),
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
            match self.attempt(&batches).await {
                Ok(outcomes) => {
                    for ((_, answer), outcome) in group.drain(..).zip(outcomes) {
                        // Whoever submitted may have gone; the batch is written all the same.
                        let _ = answer.send(Ok(outcome));
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
                    for (_, answer) in group.drain(..) {
                        let _ = answer.send(Err(error.clone()));
                    }
                }
            }
        }
        for (batch, answer) in alone.into_iter().rev() {
            let result = self.write_alone(&batch).await;
            let _ = answer.send(result);
        }
    }

    /// Writes one batch in a transaction of its own.
    pub(crate) async fn write_alone(&self, batch: &Prepared) -> Result<Outcome, StoreError> {
        let mut attempt = 1;
        loop {
            match self.attempt(&[batch]).await {
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

    /// One group, on a fresh connection when an idle one turns out to be broken.
    async fn attempt(&self, batches: &[&Prepared]) -> Result<Vec<Outcome>, Failure> {
        let mut attempt = 1;
        loop {
            let client = connection(&self.pool).await.map_err(Failure::Final)?;
            let result = tokio::time::timeout(limits::POSTGRES_ANSWER, self.group(&client, batches)).await;
            match result {
                Ok(Err(Failure::Broken(_))) if attempt < limits::POSTGRES_ATTEMPTS => {
                    drop(Object::take(client));
                    attempt += 1;
                }
                Ok(Ok(outcomes)) => return Ok(outcomes),
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
    async fn group(&self, client: &Object, batches: &[&Prepared]) -> Result<Vec<Outcome>, Failure> {
        let mut tail = None;
        client.batch_execute(BEGIN).await.map_err(|error| Failure::Broken(explain(&error)))?;
        if batches.iter().any(|batch| batch.has_records()) {
            // A head that is not genuine fails the batches that need it, not their neighbours.
            let (rows, _) =
                run(client, &Tail::lock()).await.map_err(|error| Failure::Broken(explain(&error)))?;
            match self.key.get().ok_or(StoreError::Sealed).and_then(|key| Tail::genuine(rows, key)) {
                Ok(genuine) => tail = Some(genuine),
                Err(error) => {
                    let culprit = |place| (place, Culprit { error: error.clone(), may_win: false });
                    let recording = (0..batches.len()).filter(|place| batches[*place].has_records());
                    let culprits = recording.map(culprit).collect();
                    roll_back(client).await?;
                    return Err(Failure::Batches(culprits));
                }
            }
        }

        let mut outcomes: Vec<Outcome> =
            batches.iter().map(|_| Outcome::default().in_group(batches.len())).collect();
        let mut statements: Vec<(usize, std::borrow::Cow<'_, Statement>)> = Vec::new();
        for (place, batch) in batches.iter().enumerate() {
            for step in &batch.steps {
                match (step, &mut tail) {
                    (Step::Run(statement), _) => {
                        statements.push((place, std::borrow::Cow::Borrowed(statement)))
                    }
                    (Step::Record { scope, entry }, Some(tail)) => {
                        let append = tail.append(self.clock.now(), scope, entry);
                        outcomes[place].sequences.push(tail.sequence);
                        statements.push((place, std::borrow::Cow::Owned(append)));
                    }
                    (Step::Record { .. }, None) => return Err(Failure::Final(StoreError::Sealed)),
                }
            }
        }
        if let (Some(tail), Some(key), Some((place, _))) = (tail, self.key.get(), statements.last()) {
            statements.push((*place, std::borrow::Cow::Owned(tail.write(key))));
        }

        let answers = pipeline(client, statements.iter().map(|(_, statement)| statement.as_ref())).await;
        let mut culprits: Vec<(usize, Culprit)> = Vec::new();
        for ((place, statement), answer) in statements.iter().zip(answers) {
            let failed = culprits.last().is_some_and(|(last, _)| last == place);
            match answer {
                Ok((rows, count)) => match statement.expect.check(count) {
                    Ok(()) => outcomes[*place].rows.extend(rows),
                    Err(error) if !failed => culprits.push((*place, Culprit { error, may_win: false })),
                    Err(_) => {}
                },
                Err(error) if is_broken(&error) => return Err(Failure::Broken(explain(&error))),
                Err(error) => {
                    // Everything after the first error fails as well and says nothing.
                    if !failed {
                        culprits.push((*place, Culprit { may_win: may_win(&error), error: explain(&error) }));
                    }
                    break;
                }
            }
        }
        if !culprits.is_empty() {
            roll_back(client).await?;
            return Err(Failure::Batches(culprits));
        }
        let stopwatch = Stopwatch::start();
        client.batch_execute("COMMIT").await.map_err(|error| Failure::Final(explain(&error)))?;
        self.measures.sync_time.record_time(stopwatch.elapsed());
        self.measures.group_sizes.record(batches.len() as u64);
        Ok(outcomes)
    }
}

impl Failure {
    fn into_error(self) -> StoreError {
        match self {
            Self::Broken(error) | Self::Final(error) => error,
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

async fn roll_back(client: &Object) -> Result<(), Failure> {
    client.batch_execute("ROLLBACK").await.map_err(|error| Failure::Broken(explain(&error)))
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
pub(crate) async fn pipeline<'a>(
    client: &'a Object,
    statements: impl Iterator<Item = &'a Statement>,
) -> Vec<Answer> {
    let mut answering: Vec<Result<Answering<'a>, Answer>> = Vec::new();
    for statement in statements {
        let types: Vec<_> = statement.arguments.iter().map(type_of).collect();
        answering.push(match client.prepare_typed_cached(&statement.sql, &types).await {
            Ok(prepared) => Ok(Box::pin(async move { send(client, &prepared, statement).await })),
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
    let mut answers = Vec::with_capacity(answering.len());
    for slot in answering {
        answers.push(match slot {
            Ok(future) => future.await,
            Err(answer) => answer,
        });
    }
    answers
}
