//! The SQL of jobs: who is first in order, which lanes have work, and what a lease does to a row.
//!
//! A row's `token` says what state it is in: none while it waits, empty while it is *held* behind another job of its
//! key, random bytes while it is leased. `available_at` is when the state may change: the due time, or the end of the
//! hold or the lease. Held jobs are out of the way of a claim, however many there are; whoever ends the job in front
//! of one lets it go.

use std::sync::LazyLock;

use base::{Random, Timestamp};
use data_encoding::HEXLOWER;
use phi::Digest;

use crate::bulk::Bulk;
use crate::jobs::{Lane, Lease, Share};
use crate::sql::{Expect, Statement, Step, Value};
use crate::{Scope, StoreError, limits};

/// Bytes of a lease token and of a job's id.
pub(crate) const TOKEN_BYTES: usize = 16;

const ENQUEUE: &str = "INSERT INTO jobs
    (id, queue, lane, ordering_key, ordered_at, available_at, attempts, failures, created_at, scope, epoch, payload)
    VALUES ($1, $2, $3, $4, $5, $5, 0, 0, $6, $7, $8, $9)";
const FINISH: &str = "DELETE FROM jobs WHERE sequence = $1 AND token = $2";
const RESCHEDULE: &str = "UPDATE jobs SET token = NULL, available_at = $3, failures = $4
    WHERE sequence = $1 AND token = $2";
pub(crate) const EXTEND: &str = "UPDATE jobs SET available_at = $3 WHERE sequence = $1 AND token = $2";

/// Ends leases whose holder is gone. One that was left before waits, longer each time, so that a program that ends
/// again and again soon after its start does not park what is innocent; the token stays, so that it is counted.
const RELEASE: &str = "UPDATE jobs SET available_at = $1 + ((1 << CASE WHEN failures < 9 THEN failures ELSE 9 END) - 1) * 1000000
    WHERE length(token) > 0";
/// For a clock that was set back. What was due at once when it was made is due now; a retry comes after its longest
/// pause at the latest, and a lease ends no later than one taken now. What is planned for later stays so.
const AFTER_STEP_BACK: &str = "UPDATE jobs SET available_at = CASE WHEN token IS NULL THEN $1 ELSE $3 END
    WHERE available_at > $1 AND (
        (token IS NULL AND created_at > $1 AND available_at <= created_at)
        OR (token IS NULL AND attempts > 0 AND available_at > $2)
        OR (length(token) > 0 AND available_at > $3))";
pub(crate) const DROP_OF_SCOPE: &str = "DELETE FROM jobs WHERE scope = $1";
const DROP_PARKED_OF_SCOPE: &str = "DELETE FROM parked_jobs WHERE scope = $1";
pub(crate) const DEPTH: &str = "SELECT count(*) FROM jobs WHERE queue = $1 AND id <> ''";

/// Lets the first job of a key go if it is held. It writes the row in any case: a claim that is about to hold the job
/// then waits for this, or this for the claim, and never do both miss each other.
///
/// A job that another group enqueues meanwhile must not be missed either. On PostgreSQL this runs under the lock of the
/// journal's head, which every group takes before it commits: a job committed before is seen here, and one committed after
/// is seen by nobody who still sees the one that ended.
const LET_GO: &str = "UPDATE jobs
    SET available_at = CASE WHEN length(token) = 0 THEN ordered_at ELSE available_at END,
        token = CASE WHEN length(token) = 0 THEN NULL ELSE token END
    WHERE sequence = (SELECT e.sequence FROM jobs e WHERE e.queue = $1 AND e.ordering_key = $2
        ORDER BY e.ordered_at, e.sequence LIMIT 1)";

/// Skips from lane to lane along the index: two seeks for each, however many jobs it has.
pub(crate) const LOOK: &str = "WITH RECURSIVE lanes (lane, due, place) AS (
        SELECT (SELECT j.lane FROM jobs j WHERE j.queue = $1 AND j.id <> '' AND j.lane >= $2
                ORDER BY j.lane, j.available_at LIMIT 1),
            (SELECT j.available_at FROM jobs j WHERE j.queue = $1 AND j.id <> '' AND j.lane >= $2
                ORDER BY j.lane, j.available_at LIMIT 1), 1
        UNION ALL
        SELECT (SELECT j.lane FROM jobs j WHERE j.queue = $1 AND j.id <> '' AND j.lane > l.lane
                ORDER BY j.lane, j.available_at LIMIT 1),
            (SELECT j.available_at FROM jobs j WHERE j.queue = $1 AND j.id <> '' AND j.lane > l.lane
                ORDER BY j.lane, j.available_at LIMIT 1), l.place + 1
        FROM lanes l WHERE l.lane IS NOT NULL AND l.place < $3)
    SELECT lane, due FROM lanes WHERE lane IS NOT NULL";

/// The condition that something unfinished comes before job `j`.
const WAITS: &str = "(j.ordering_key IS NOT NULL AND EXISTS (SELECT 1 FROM jobs e
    WHERE e.queue = j.queue AND e.ordering_key = j.ordering_key
    AND (e.ordered_at, e.sequence) < (j.ordered_at, j.sequence)))";

static TAKE: LazyLock<String> = LazyLock::new(|| take_text(""));
static TAKE_LOCKING: LazyLock<String> = LazyLock::new(|| take_text("FOR UPDATE OF j SKIP LOCKED"));

/// Leases the due jobs at the front of a lane, and holds those among them that wait for another. `lock` is what
/// differs between the databases. The choice is made once (`MATERIALIZED`), so that the limit and the locks hold.
fn take_text(lock: &str) -> String {
    format!(
        "WITH seen AS MATERIALIZED (SELECT j.sequence, {WAITS} AS waits FROM jobs j
            WHERE j.queue = $1 AND j.lane = $2 AND j.id <> '' AND j.available_at <= $3
            ORDER BY j.available_at, j.sequence LIMIT $4 {lock})
        UPDATE jobs SET available_at = $5,
            token = CASE WHEN seen.waits THEN $7 ELSE $6 END,
            attempts = attempts + CASE WHEN seen.waits THEN 0 ELSE 1 END,
            failures = failures + CASE WHEN length(token) > 0 THEN 1 ELSE 0 END
        FROM seen WHERE jobs.sequence = seen.sequence
        RETURNING length(token) = 0, ordered_at, jobs.sequence, id, lane, scope, attempts, failures,
            created_at, ordering_key, epoch, payload,
            (SELECT k.wrapped FROM scope_keys k WHERE k.scope = jobs.scope AND k.epoch = jobs.epoch)"
    )
}

/// Lets those go again whose predecessor ended while the statement before ran. It sees what that one could not:
/// every statement of a transaction looks at the database anew (READ COMMITTED).
static LOOK_AGAIN: LazyLock<String> = LazyLock::new(|| {
    format!(
        "UPDATE jobs SET available_at = ordered_at, token = NULL WHERE sequence IN (SELECT j.sequence FROM jobs j
            WHERE j.queue = $1 AND j.lane = $2 AND j.id <> '' AND j.available_at = $3 AND length(j.token) = 0 AND NOT {WAITS})"
    )
});

/// A job as it is stored.
pub(crate) struct Row {
    pub(crate) id: String,
    pub(crate) queue: &'static str,
    pub(crate) lane: Lane,
    pub(crate) ordering: Option<Digest>,
    pub(crate) due_at: Timestamp,
    pub(crate) created_at: Timestamp,
    pub(crate) scope: Scope,
    pub(crate) epoch: i64,
    pub(crate) payload: Vec<u8>,
}

pub(crate) fn new_id(random: &dyn Random) -> String {
    let mut bytes = [0; TOKEN_BYTES];
    random.fill(&mut bytes);
    HEXLOWER.encode(&bytes)
}

pub(crate) fn enqueue(job: Row) -> Statement {
    let arguments = vec![
        job.id.into(),
        job.queue.into(),
        job.lane.bytes().into(),
        job.ordering.map(|digest| digest.0.to_vec()).into(),
        job.due_at.micros().into(),
        job.created_at.micros().into(),
        job.scope.to_string().into(),
        job.epoch.into(),
        job.payload.into(),
    ];
    Statement::new(ENQUEUE, arguments).bulk(Bulk::Jobs)
}

/// The lanes of a queue from `start` on.
pub(crate) fn look(queue: &'static str, start: Vec<u8>) -> Statement {
    let lanes = i64::try_from(limits::LOOK_LANES).expect("the limit is small");
    Statement::new(LOOK, vec![queue.into(), start.into(), lanes.into()])
}

/// Takes one share. With locks, the statement that looks again follows.
pub(crate) fn take(
    queue: &'static str,
    share: &Share,
    until: Timestamp,
    token: &[u8],
    locks_rows: bool,
) -> Vec<Statement> {
    let (lane, limit) = (share.lane.bytes(), share.limit.min(limits::CLAIM_JOBS));
    let arguments = vec![
        queue.into(),
        lane.clone().into(),
        share.due_by.micros().into(),
        i64::try_from(limit).expect("the limit is small").into(),
        until.micros().into(),
        token.to_vec().into(),
        Vec::new().into(),
    ];
    let take =
        Statement::new(if locks_rows { TAKE_LOCKING.as_str() } else { TAKE.as_str() }, arguments).returning();
    let again =
        || Statement::new(LOOK_AGAIN.as_str(), vec![queue.into(), lane.into(), until.micros().into()]);
    if locks_rows { vec![take, again()] } else { vec![take] }
}

/// Removes the job, and lets the next one of its key go.
pub(crate) fn finish(lease: &Lease) -> Vec<Statement> {
    let remove = held(FINISH, lease, Vec::new()).bulk(Bulk::Finished);
    let let_go = lease.ordering.clone().map(|ordering| {
        Statement::new(LET_GO, vec![lease.queue.clone().into(), ordering.into()]).bulk(Bulk::LetGo)
    });
    std::iter::once(remove).chain(let_go).collect()
}

pub(crate) fn reschedule(lease: &Lease, due_at: Timestamp, failures: u32) -> Statement {
    held(RESCHEDULE, lease, vec![due_at.micros().into(), i64::from(failures).into()])
}

/// Ends every lease.
pub(crate) fn release_all(now: Timestamp) -> Statement {
    Statement::new(RELEASE, vec![now.micros().into()])
}

/// Looks after jobs whose times a clock wrote that has been set back since.
pub(crate) fn after_step_back(now: Timestamp, retry: Timestamp, lease: Timestamp) -> Statement {
    Statement::new(AFTER_STEP_BACK, [now, retry, lease].map(|at| at.micros().into()).to_vec())
}

/// What is done to the jobs of a scope that is destroyed.
pub(crate) fn drop_of(scope: Scope) -> [Step; 2] {
    [DROP_OF_SCOPE, DROP_PARKED_OF_SCOPE]
        .map(|sql| Step::Run(Statement::new(sql, vec![scope.to_string().into()])))
}

/// A statement that only the holder of the lease can carry out.
pub(crate) fn held(sql: &'static str, lease: &Lease, more: Vec<Value>) -> Statement {
    let mut arguments = vec![lease.sequence.into(), lease.token.clone().into()];
    arguments.extend(more);
    Statement::new(sql, arguments).expecting(Expect::One(StoreError::Conflict))
}
