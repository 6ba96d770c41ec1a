//! Who reads the log of events: how far each consumer of a stream has come, what became of the events, and to whom
//! what of a person was disclosed.
//!
//! A consumer is worked on by one process at a time, which holds a *claim*: a lease under a random token, taken only
//! from the place that the process has read. It goes on by a batch that fails when the claim was lost, so an event is
//! handled at least once, and those of a stream are handled in their order.
//!
//! What was begun is noted before it is done (`tried`): a second attempt is about exactly the same events, and a
//! disclosure is on record before a byte leaves and is counted once for all attempts.

use std::ops::RangeInclusive;
use std::time::Duration;

use base::{SubjectSid, Timestamp};

use crate::batch::Batch;
use crate::set_aside::{self, SetAside};
use crate::sql::{Expect, Row, Statement, Value};
use crate::{Scope, Scoped, Store, StoreError, limits};

/// Bytes of the token of a claim.
const TOKEN_BYTES: usize = 16;

const COLUMNS: &str =
    "scope, name, stream, position, skip, tried_position, tried_skip, due_at, failures, failing_since, aside";
/// From the end of the stream: what came before is nobody's who was not there.
const ADD: &str = "INSERT INTO consumers (scope, name, stream, position, skip, tried_position, tried_skip, due_at,
    failures, failing_since, leased_until, token) VALUES ($1, $2, $3,
    COALESCE((SELECT max(sequence) FROM events WHERE scope = $1 AND stream = $3), 0), 0, 0, 0, $4, 0, 0, 0, $5) ON CONFLICT (scope, name) DO NOTHING";
const REMOVE: &str = "DELETE FROM consumers WHERE scope = $1 AND name = $2";
const WAKE: &str = "UPDATE consumers SET tried_position = 0, tried_skip = 0,
    due_at = CASE WHEN failures = 0 THEN $3 ELSE due_at END WHERE scope = $1 AND name = $2";
/// What is further ahead than anybody puts it was written before the clock went back.
const DUE: &str = "FROM consumers c WHERE (due_at <= $1 OR due_at > $3)
    AND (leased_until <= $1 OR leased_until > $3)
    AND ((aside_due > 0 AND (aside_due <= $1 OR aside_due > $3)) OR EXISTS
    (SELECT 1 FROM events e WHERE e.scope = c.scope AND e.stream = c.stream AND e.sequence > c.position))
    ORDER BY due_at, scope, name LIMIT $2";
const OF_SCOPE: &str = "FROM consumers WHERE scope = $1 ORDER BY name LIMIT $2";
const CLAIM: &str = "UPDATE consumers SET token = $3, leased_until = $4
    WHERE scope = $1 AND name = $2 AND position = $5 AND skip = $6
    AND (leased_until <= $7 OR leased_until > $8)";
const BEGIN: &str = "UPDATE consumers SET tried_position = $4, tried_skip = $5
    WHERE scope = $1 AND name = $2 AND token = $3";
const GO_ON: &str = "UPDATE consumers SET position = $4, skip = $5, due_at = $6, failures = 0,
    failing_since = $7, leased_until = 0 WHERE scope = $1 AND name = $2 AND token = $3";
const PUT_OFF: &str = "UPDATE consumers SET due_at = $4, failures = $5, failing_since = $6, leased_until = 0
    WHERE scope = $1 AND name = $2 AND token = $3";
const SET_ASIDE: &str = "UPDATE consumers SET aside = $4, aside_due = $5, aside_from = $6
    WHERE scope = $1 AND name = $2 AND token = $3";
const COUNT: &str =
    "INSERT INTO delivery_counts (scope, name, day, outcome, events) VALUES ($1, $2, $3, $4, $5)
    ON CONFLICT (scope, name, day, outcome) DO UPDATE SET events = delivery_counts.events + excluded.events";
const COUNTS: &str = "SELECT day, outcome, events FROM delivery_counts
    WHERE scope = $1 AND name = $2 AND day BETWEEN $3 AND $4 ORDER BY day, outcome LIMIT $5";
const DISCLOSE: &str = "INSERT INTO disclosures (scope, subject, name, what, first_at, last_at, times)
    VALUES ($1, $2, $3, $4, $5, $5, $6) ON CONFLICT (scope, subject, name, what) DO UPDATE
    SET last_at = excluded.last_at, times = disclosures.times + excluded.times";
const DISCLOSURES: &str = "SELECT name, what, first_at, last_at, times FROM disclosures
    WHERE scope = $1 AND subject = $2 ORDER BY first_at, name, what LIMIT $3";
const FIRST_BEHIND: &str = "SELECT at FROM events
    WHERE scope = $1 AND stream = $2 AND sequence > $3 ORDER BY sequence LIMIT 1";

/// Of each consumer, when the first row was received that is not wholly done.
const LAGS: &str = "SELECT c.name, (SELECT e.at FROM events e WHERE e.scope = c.scope AND e.stream = c.stream
    AND e.sequence > CASE WHEN c.aside_from > 0 AND c.aside_from <= c.position THEN c.aside_from - 1
    ELSE c.position END ORDER BY e.sequence LIMIT 1) FROM consumers c ORDER BY c.scope, c.name LIMIT $1";

/// A place in a stream: every row up to `row` is done, and so many events of the next one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// The last row that is done.
    pub row: u64,
    /// Events of the row behind it that are done.
    pub skip: u32,
}

/// A consumer of a stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Consumer {
    /// The scope of the stream.
    pub scope: Scope,
    /// Its name in the scope.
    pub name: String,
    /// What it reads.
    pub stream: String,
    /// How far it has come.
    pub place: Place,
    /// The end of what was begun last; not behind `place` when that is done.
    pub tried: Place,
    /// When it is to be looked at.
    pub due_at: Timestamp,
    /// Attempts in a row that failed.
    pub failures: u32,
    /// When the first of them was.
    pub failing_since: Option<Timestamp>,
    /// What was set aside, and is tried again while the consumer goes on.
    pub aside: Vec<SetAside>,
}

impl Consumer {
    /// The last row before everything that is still to be done.
    pub fn done_up_to(&self) -> u64 {
        let aside = set_aside::first_row(&self.aside).map(|row| row.saturating_sub(1));
        aside.map_or(self.place.row, |row| row.min(self.place.row))
    }
}

/// The right to go on with a consumer, for a while.
#[derive(Clone, Debug)]
pub struct Claim {
    scope: Scope,
    name: String,
    token: Vec<u8>,
}

/// What became of events of a consumer on a day.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeliveryCount {
    /// The day (UTC), in days since 1970-01-01.
    pub day: i64,
    /// What became of them, in a word of ours.
    pub outcome: String,
    /// How many.
    pub events: i64,
}

/// What of a person was disclosed to whom, first, last and how often (45 CFR 164.528(b)(3)).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Disclosed {
    /// The consumer.
    pub name: String,
    /// What it could be given: a SID.
    pub what: String,
    /// The first time.
    pub first_at: Timestamp,
    /// The last time.
    pub last_at: Timestamp,
    /// How many events.
    pub times: u64,
}

impl Batch {
    /// Adds a consumer of a stream of the present scope, from the stream's end on. A name that is taken fails the batch.
    pub fn add_consumer(&mut self, name: &str, stream: &str, at: Timestamp) {
        let mut arguments = key(self.scope(), name);
        let nobody: Vec<u8> = Vec::new();
        arguments.extend([stream.to_owned().into(), at.micros().into(), nobody.into()]);
        self.run(Statement::new(ADD, arguments).expecting(Expect::One(StoreError::Exists)));
    }

    /// Removes a consumer of the present scope, if it is there. Whoever holds its claim loses it.
    pub fn remove_consumer(&mut self, name: &str) {
        self.run(Statement::new(REMOVE, key(self.scope(), name)));
    }

    /// Has a consumer of the present scope looked at from `at` on, unless it waits after a failure. What was begun is
    /// begun anew: it may be another thing now.
    pub fn wake_consumer(&mut self, name: &str, at: Timestamp) {
        let mut arguments = key(self.scope(), name);
        arguments.push(at.micros().into());
        self.run(Statement::new(WAKE, arguments));
    }

    /// Takes the right to go on with a consumer from the place where it was read. The batch fails with
    /// [`StoreError::Conflict`] when somebody else has it or was there.
    pub fn claim(&mut self, consumer: &Consumer, now: Timestamp, lease: Duration) -> Claim {
        let mut token = vec![0; TOKEN_BYTES];
        self.random_bytes(&mut token);
        let mut arguments = key(consumer.scope, &consumer.name);
        arguments.extend([token.clone().into(), now.plus(lease).micros().into()]);
        arguments.extend(place_of(consumer.place));
        arguments.extend([now.micros().into(), ahead(now)]);
        self.run(Statement::new(CLAIM, arguments).expecting(Expect::One(StoreError::Conflict)));
        Claim { scope: consumer.scope, name: consumer.name.clone(), token }
    }

    /// Notes that everything up to `end` is begun. A lost claim fails the batch with [`StoreError::Conflict`], here
    /// and below.
    pub fn begin(&mut self, claim: &Claim, end: Place) {
        self.held(BEGIN, claim, place_of(end));
    }

    /// Goes on to `place` and gives the claim back. `failing_since` stays until something was taken.
    pub fn go_on(
        &mut self,
        claim: &Claim,
        place: Place,
        due_at: Timestamp,
        failing_since: Option<Timestamp>,
    ) {
        let [row, skip] = place_of(place);
        self.held(GO_ON, claim, [row, skip, due_at.micros().into(), since(failing_since)]);
    }

    /// Gives the claim back with nothing done: it is tried again at `due_at` (at most [`limits::CONSUMER_AHEAD`] from
    /// now), `failures` having failed in a row.
    pub fn put_off(
        &mut self,
        claim: &Claim,
        due_at: Timestamp,
        failures: u32,
        failing_since: Option<Timestamp>,
    ) {
        let arguments = [due_at.micros().into(), i64::from(failures).into(), since(failing_since)];
        self.held(PUT_OFF, claim, arguments);
    }

    /// Replaces what the consumer set aside. It is looked at again when the first of that may be tried.
    pub fn set_aside(&mut self, claim: &Claim, aside: &[SetAside]) {
        let due = set_aside::due(aside).map_or(0, Timestamp::micros);
        let from = set_aside::first_row(aside).unwrap_or_default();
        self.held(SET_ASIDE, claim, [set_aside::encode(aside).into(), due.into(), number(from)]);
    }

    /// Counts what became of events of a consumer on a day (UTC, days since 1970-01-01).
    pub fn count_deliveries(&mut self, claim: &Claim, day: i64, outcome: &'static str, events: u64) {
        let mut arguments = key(claim.scope, &claim.name);
        arguments.extend([day.into(), outcome.into(), number(events)]);
        self.run(Statement::new(COUNT, arguments));
    }

    /// Puts on record that `events` about somebody go to a consumer, which may be given `what`.
    pub fn note_disclosure(
        &mut self,
        claim: &Claim,
        subject: SubjectSid,
        what: &str,
        at: Timestamp,
        events: u64,
    ) {
        let arguments = vec![
            claim.scope.to_string().into(),
            subject.to_string().into(),
            claim.name.clone().into(),
            what.to_owned().into(),
            at.micros().into(),
            number(events),
        ];
        self.run(Statement::new(DISCLOSE, arguments));
    }

    fn held<const N: usize>(&mut self, sql: &'static str, claim: &Claim, more: [Value; N]) {
        let mut arguments = key(claim.scope, &claim.name);
        arguments.push(claim.token.clone().into());
        arguments.extend(more);
        self.run(Statement::new(sql, arguments).expecting(Expect::One(StoreError::Conflict)));
    }
}

impl Store {
    /// Up to `limit` (at most [`limits::PAGE_ROWS`]) consumers of all scopes that are due, that nobody holds, and
    /// behind whose place there are events or that have something set aside to try; those that have been due longest first.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn due_consumers(&self, now: Timestamp, limit: usize) -> Result<Vec<Consumer>, StoreError> {
        let arguments = vec![now.micros().into(), number(limit.min(limits::PAGE_ROWS) as u64), ahead(now)];
        let sql = format!("SELECT {COLUMNS} {DUE}");
        let rows = self.engine().query(Statement::new(sql, arguments)).await?;
        rows.into_iter().map(consumer).collect()
    }
}

impl Store {
    /// Up to `limit` (at most [`limits::PAGE_ROWS`]) consumers of all scopes, each with when the first event was
    /// received that it is not done with; `None` when it is done with all.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn consumer_lags(&self, limit: usize) -> Result<Vec<(String, Option<Timestamp>)>, StoreError> {
        let arguments = vec![number(limit.min(limits::PAGE_ROWS) as u64)];
        let rows = self.engine().query(Statement::new(LAGS, arguments)).await?;
        let lag = |mut row: Row| Ok((row.text()?, row.optional_integer()?.map(Timestamp::from_micros)));
        rows.into_iter().map(lag).collect()
    }
}

impl Scoped {
    /// The consumers of this scope, by name; at most [`limits::PAGE_ROWS`].
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn consumers(&self) -> Result<Vec<Consumer>, StoreError> {
        let arguments = vec![self.scope.to_string().into(), number(limits::PAGE_ROWS as u64)];
        let sql = format!("SELECT {COLUMNS} {OF_SCOPE}");
        let rows = self.store.engine().query(Statement::new(sql, arguments)).await?;
        rows.into_iter().map(consumer).collect()
    }

    /// When the first row of a stream behind a place was received; `None` when there is none.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn first_event_behind(&self, stream: &str, row: u64) -> Result<Option<Timestamp>, StoreError> {
        let arguments = vec![self.scope.to_string().into(), stream.to_owned().into(), number(row)];
        let rows = self.store.engine().query(Statement::new(FIRST_BEHIND, arguments)).await?;
        rows.into_iter().next().map(|mut row| row.integer().map(Timestamp::from_micros)).transpose()
    }

    /// What became of events of a consumer on these days, oldest first.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn delivery_counts(
        &self,
        name: &str,
        days: RangeInclusive<i64>,
    ) -> Result<Vec<DeliveryCount>, StoreError> {
        let mut arguments = key(self.scope, name);
        arguments.extend([(*days.start()).into(), (*days.end()).into(), number(limits::COUNTERS as u64)]);
        let rows = self.store.engine().query(Statement::new(COUNTS, arguments)).await?;
        let count = |mut row: Row| {
            Ok(DeliveryCount { day: row.integer()?, outcome: row.text()?, events: row.integer()? })
        };
        rows.into_iter().map(count).collect()
    }

    /// What was disclosed of a subject of this scope, whether it still has its key or not; oldest first.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn disclosures(&self, subject: SubjectSid) -> Result<Vec<Disclosed>, StoreError> {
        let limit = number(limits::PAGE_ROWS as u64);
        let arguments = vec![self.scope.to_string().into(), subject.to_string().into(), limit];
        let rows = self.store.engine().query(Statement::new(DISCLOSURES, arguments)).await?;
        let disclosed = |mut row: Row| {
            Ok(Disclosed {
                name: row.text()?,
                what: row.text()?,
                first_at: Timestamp::from_micros(row.integer()?),
                last_at: Timestamp::from_micros(row.integer()?),
                times: row.count()?,
            })
        };
        rows.into_iter().map(disclosed).collect()
    }
}

fn key(scope: Scope, name: &str) -> Vec<Value> {
    vec![scope.to_string().into(), name.to_owned().into()]
}

fn place_of(place: Place) -> [Value; 2] {
    [number(place.row), i64::from(place.skip).into()]
}

fn number(count: u64) -> Value {
    i64::try_from(count).unwrap_or(i64::MAX).into()
}

/// Further ahead than anything that is written at `now`.
fn ahead(now: Timestamp) -> Value {
    now.plus(limits::CONSUMER_AHEAD).micros().into()
}

/// 0 for never.
fn since(at: Option<Timestamp>) -> Value {
    at.map_or(0, Timestamp::micros).into()
}

fn consumer(mut row: Row) -> Result<Consumer, StoreError> {
    let scope = Scope::parse(&row.text()?).ok_or(StoreError::Sealed)?;
    let (name, stream) = (row.text()?, row.text()?);
    let mut place =
        || -> Result<Place, StoreError> { Ok(Place { row: row.count()?, skip: small(row.count()?)? }) };
    let (place, tried) = (place()?, place()?);
    let (due_at, failures, since) =
        (Timestamp::from_micros(row.integer()?), small(row.count()?)?, row.integer()?);
    let failing_since = (since != 0).then(|| Timestamp::from_micros(since));
    let aside = set_aside::decode(&row.text()?)?;
    Ok(Consumer { scope, name, stream, place, tried, due_at, failures, failing_since, aside })
}

fn small(count: u64) -> Result<u32, StoreError> {
    u32::try_from(count).map_err(|_| StoreError::Sealed)
}
