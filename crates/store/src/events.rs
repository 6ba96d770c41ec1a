//! The log of events: appended by batches, read in the order in which it was committed.
//!
//! A row is what one request brought to one *stream* (a source). Its events are sealed one by one, each under the key
//! of its subject, or under a key made of several when it is about more than one (a person's own id and a device's):
//! destroying any of them destroys the event. Rows get their number inside the writing transaction. SQLite has one writer; on
//! PostgreSQL a lock is held from the number to the commit, so that whoever reads behind a number misses nothing.
//! What was measured, and why this is no log of files: ADR 0011.

use base::{Sid, SubjectSid, Timestamp};
use phi::{CipherError, Phi};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::batch::Batch;
use crate::keys::identity;
use crate::sql::{Expect, Prepared, Row, Statement};
use crate::subject::{self, KEY_ID_BYTES, KeyId, Subject, SubjectKey};
use crate::{Kind, Scope, Scoped, Store, StoreError, limits};

/// Bytes of an event's name: a keyed digest, cut.
pub const EVENT_NAME_BYTES: usize = 16;

/// An event's name as the log has it: equal for equal names of one stream, and nothing else.
pub type EventName = [u8; EVENT_NAME_BYTES];

const APPEND: &str = "INSERT INTO events (scope, stream, at, names, records) VALUES ($1, $2, $3, $4, $5)";
const LOCK: &str = "SELECT 1 FROM (SELECT pg_advisory_xact_lock(7711)) AS locked";
const READ: &str = "SELECT sequence, at, names, records FROM events
    WHERE scope = $1 AND stream = $2 AND sequence > $3 ORDER BY sequence LIMIT $4";
const NAMES: &str = "SELECT sequence, at, names FROM events
    WHERE sequence > $1 AND sequence < $2 AND at >= $3 ORDER BY sequence DESC LIMIT $4";
const EXPIRE: &str = "DELETE FROM events WHERE sequence IN
    (SELECT sequence FROM events WHERE scope = $1 AND at < $2 ORDER BY at LIMIT $3) RETURNING sequence";
const REWRITE: &str = "UPDATE events SET records = $4 WHERE scope = $1 AND stream = $2 AND sequence = $3";
const FORGET_KEY: &str = "DELETE FROM document_keys WHERE scope = $1 AND kind = $2 AND sid = $3";
const FORGET: &str = "DELETE FROM documents WHERE scope = $1 AND kind = $2 AND sid = $3";

/// One event to be appended.
#[derive(Debug)]
pub struct NewEvent<'a, T> {
    /// Its name.
    pub name: EventName,
    /// Whom it is about: at least one.
    pub subjects: &'a [&'a SubjectKey],
    /// What it says.
    pub body: &'a Phi<T>,
}

/// A row of the log.
#[derive(Clone, Debug)]
pub struct LoggedEvents {
    /// Its place: later rows have higher ones.
    pub sequence: u64,
    /// When its request was received.
    pub at: Timestamp,
    /// Its events, in the order in which they were sent.
    pub events: Vec<SealedEvent>,
}

/// An event as it is stored.
#[derive(Clone, Debug)]
pub struct SealedEvent {
    /// Its name.
    pub name: EventName,
    /// Whom it is about.
    pub subjects: Vec<SubjectSid>,
    /// The keys that they had.
    keys: Vec<KeyId>,
    sealed: Vec<u8>,
}

impl SealedEvent {
    /// Bytes of it as it is stored.
    pub fn size(&self) -> usize {
        self.sealed.len()
    }
}

/// What becomes of an event whose row is written anew.
#[derive(Debug)]
pub enum Rewritten<'a, T> {
    /// It stays as it is stored.
    Kept(&'a SealedEvent),
    /// It says something else from now on. Its name and whom it is about stay.
    Changed(NewEvent<'a, T>),
}

/// The names of a row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LoggedNames {
    /// The row's place.
    pub sequence: u64,
    /// When its request was received.
    pub at: Timestamp,
    /// Its events' names.
    pub names: Vec<EventName>,
}

impl Batch {
    /// Adds a subject of the present scope, with a fresh key. When it has one already, the batch fails with
    /// [`StoreError::Exists`].
    pub fn add_subject(&mut self, sid: SubjectSid, at: Timestamp) -> SubjectKey {
        let key = self.insert_with_key(Subject::document(sid, at));
        SubjectKey::new(sid, key)
    }

    /// Appends events to a stream of the present scope. The batch fails with [`StoreError::Conflict`] when the key of
    /// one of `known` was destroyed meanwhile; subjects that the batch itself adds are not among them.
    pub fn append_events<T: Serialize>(
        &mut self,
        stream: &str,
        at: Timestamp,
        known: &[SubjectSid],
        events: &[NewEvent<'_, T>],
    ) {
        let scope = self.scope();
        for sid in known {
            let still_there = subject::has_key(scope, *sid);
            self.run(still_there.expecting(Expect::One(StoreError::Conflict)));
        }
        let mut names = Vec::with_capacity(events.len() * EVENT_NAME_BYTES);
        let mut records = Vec::new();
        for event in events {
            names.extend_from_slice(&event.name);
            if seal(scope, stream, event, &mut records).is_err() {
                return self.fail(StoreError::Sealed);
            }
        }
        if self.is_shared() {
            self.stand_alone();
            self.run(Statement::new(LOCK, Vec::new()));
        }
        let arguments = vec![
            scope.to_string().into(),
            stream.to_owned().into(),
            at.micros().into(),
            names.into(),
            records.into(),
        ];
        self.run(Statement::new(APPEND, arguments));
    }

    /// Writes a row of a stream of the present scope anew: all of its events, in their order. Its place, its time and its
    /// names stay. The batch fails with [`StoreError::Conflict`] when the row is gone, or the key of one of `known` was
    /// destroyed meanwhile.
    pub fn rewrite_events<T: Serialize>(
        &mut self,
        stream: &str,
        sequence: u64,
        known: &[SubjectSid],
        events: &[Rewritten<'_, T>],
    ) {
        let scope = self.scope();
        for sid in known {
            let still_there = subject::has_key(scope, *sid);
            self.run(still_there.expecting(Expect::One(StoreError::Conflict)));
        }
        let mut records = Vec::new();
        for event in events {
            let written = match event {
                Rewritten::Changed(event) => seal(scope, stream, event, &mut records),
                Rewritten::Kept(event) => put(&event.subjects, &event.keys, &event.sealed, &mut records),
            };
            if written.is_err() {
                return self.fail(StoreError::Sealed);
            }
        }
        let arguments =
            vec![scope.to_string().into(), stream.to_owned().into(), place(sequence).into(), records.into()];
        self.run(Statement::new(REWRITE, arguments).expecting(Expect::One(StoreError::Conflict)));
    }

    /// Destroys a subject of the present scope and its key: what is sealed under it never opens again. Doing it twice
    /// is fine. What is remembered of anything steady is forgotten.
    pub fn forget_subject(&mut self, sid: SubjectSid) {
        let arguments = vec![self.scope().to_string().into(), Subject::NAME.into(), sid.to_string().into()];
        self.run(Statement::new(FORGET_KEY, arguments.clone()));
        self.run(Statement::new(FORGET, arguments));
        self.move_generation();
    }
}

impl Scoped {
    /// Up to `limit` (at most [`limits::EVENT_ROWS`]) rows of a stream behind the place `after`, oldest first.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn events(
        &self,
        stream: &str,
        after: u64,
        limit: usize,
    ) -> Result<Vec<LoggedEvents>, StoreError> {
        let arguments = vec![
            self.scope.to_string().into(),
            stream.to_owned().into(),
            place(after).into(),
            count(limit.min(limits::EVENT_ROWS)).into(),
        ];
        let rows = self.store.engine().query(Statement::new(READ, arguments)).await?;
        rows.into_iter().map(logged).collect()
    }

    /// Opens an event of a stream, still protected; `None` when the key of somebody it is about was destroyed.
    ///
    /// # Errors
    /// [`StoreError::Sealed`] when it does not open although its keys are there; [`StoreError::Unavailable`].
    pub async fn open_event<T: DeserializeOwned>(
        &self,
        stream: &str,
        event: &SealedEvent,
    ) -> Result<Option<Phi<T>>, StoreError> {
        let mut keys = Vec::with_capacity(event.subjects.len());
        for sid in &event.subjects {
            match self.subject_key(*sid).await? {
                Some(key) => keys.push(key),
                None => return Ok(None),
            }
        }
        self.open_event_with(stream, event, &keys.iter().collect::<Vec<_>>())
    }

    /// The same with keys that the caller has just looked up: those of all of the event's subjects, in their order.
    ///
    /// # Errors
    /// [`StoreError::Sealed`] when it does not open although these are its keys.
    pub fn open_event_with<T: DeserializeOwned>(
        &self,
        stream: &str,
        event: &SealedEvent,
        keys: &[&SubjectKey],
    ) -> Result<Option<Phi<T>>, StoreError> {
        // One that was destroyed; whoever has come back since has another key.
        if keys.len() != event.keys.len() || keys.iter().zip(&event.keys).any(|(key, id)| key.id != *id) {
            return Ok(None);
        }
        let key = subject::joined(keys).ok_or(StoreError::Sealed)?;
        let identity = event_identity(self.scope, stream, &event.name, &event.subjects);
        Phi::unseal(&key, &identity, &event.sealed).map(Some).map_err(|CipherError| StoreError::Sealed)
    }

    /// Removes up to `limit` (at most [`limits::EVENT_ROWS`]) rows of this scope that were received before `before`,
    /// oldest first. Returns how many there were.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn expire_events(&self, before: Timestamp, limit: usize) -> Result<u64, StoreError> {
        let arguments = vec![
            self.scope.to_string().into(),
            before.micros().into(),
            count(limit.min(limits::EVENT_ROWS)).into(),
        ];
        let expire = Statement::new(EXPIRE, arguments).returning();
        let outcome = self.store.engine().submit(Prepared::one(expire)).await?;
        Ok(outcome.rows.len() as u64)
    }
}

impl Store {
    /// The names of up to `limit` (at most [`limits::EVENT_ROWS`]) rows of all scopes between the places
    /// `after` and `before` that were received at or after `since`, newest first.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn event_names(
        &self,
        after: u64,
        before: u64,
        since: Timestamp,
        limit: usize,
    ) -> Result<Vec<LoggedNames>, StoreError> {
        let arguments = vec![
            place(after).into(),
            place(before).into(),
            since.micros().into(),
            count(limit.min(limits::EVENT_ROWS)).into(),
        ];
        let rows = self.engine().query(Statement::new(NAMES, arguments)).await?;
        rows.into_iter()
            .map(|mut row| {
                let (sequence, at) = (row.count()?, Timestamp::from_micros(row.integer()?));
                Ok(LoggedNames { sequence, at, names: split_names(&row.blob()?) })
            })
            .collect()
    }
}

fn place(sequence: u64) -> i64 {
    i64::try_from(sequence).unwrap_or(i64::MAX)
}

fn count(rows: usize) -> i64 {
    i64::try_from(rows).unwrap_or(i64::MAX)
}

/// What an event is bound to: whose it is, where, which, and whom it is about.
fn event_identity(scope: Scope, stream: &str, name: &EventName, subjects: &[SubjectSid]) -> Vec<u8> {
    let mut bytes = identity(&[&scope.to_string(), "event", stream]);
    bytes.extend_from_slice(name);
    for subject in subjects {
        bytes.extend_from_slice(&subject.bytes());
    }
    bytes
}

/// Seals an event and puts it behind the others: number of subjects, their SIDs and keys' ids, length,
/// sealed bytes.
fn seal<T: Serialize>(
    scope: Scope,
    stream: &str,
    event: &NewEvent<'_, T>,
    records: &mut Vec<u8>,
) -> Result<(), CipherError> {
    let subjects: Vec<_> = event.subjects.iter().map(|key| key.sid()).collect();
    let identity = event_identity(scope, stream, &event.name, &subjects);
    let key = subject::joined(event.subjects).ok_or(CipherError)?;
    let sealed = event.body.seal(&key, &identity)?;
    let keys: Vec<_> = event.subjects.iter().map(|key| key.id).collect();
    put(&subjects, &keys, &sealed, records)
}

/// Puts a sealed event behind the others.
fn put(
    subjects: &[SubjectSid],
    keys: &[KeyId],
    sealed: &[u8],
    records: &mut Vec<u8>,
) -> Result<(), CipherError> {
    records.push(u8::try_from(subjects.len()).map_err(|_| CipherError)?);
    for (sid, key) in subjects.iter().zip(keys) {
        records.extend_from_slice(&sid.bytes());
        records.extend_from_slice(key);
    }
    records.extend_from_slice(&u32::try_from(sealed.len()).map_err(|_| CipherError)?.to_be_bytes());
    records.extend_from_slice(sealed);
    Ok(())
}

fn split_names(bytes: &[u8]) -> Vec<EventName> {
    bytes.as_chunks::<EVENT_NAME_BYTES>().0.to_vec()
}

fn logged(mut row: Row) -> Result<LoggedEvents, StoreError> {
    let (sequence, at) = (row.count()?, Timestamp::from_micros(row.integer()?));
    let names = split_names(&row.blob()?);
    let records = row.blob()?;
    let mut rest = records.as_slice();
    let events = names.into_iter().map(|name| take(&mut rest, name)).collect::<Option<Vec<_>>>();
    match (events, rest) {
        (Some(events), []) => Ok(LoggedEvents { sequence, at, events }),
        _ => Err(StoreError::Sealed),
    }
}

/// Reads what [`put`] put there.
fn take(rest: &mut &[u8], name: EventName) -> Option<SealedEvent> {
    let (&count, mut bytes) = rest.split_first()?;
    let (mut subjects, mut keys) = (Vec::with_capacity(usize::from(count)), Vec::new());
    for _ in 0..count {
        let (sid, behind) = bytes.split_first_chunk::<16>()?;
        let (key, behind) = behind.split_first_chunk::<KEY_ID_BYTES>()?;
        subjects.push(SubjectSid::from_bytes(*sid));
        keys.push(*key);
        bytes = behind;
    }
    let (length, bytes) = bytes.split_first_chunk::<4>()?;
    let (sealed, behind) = bytes.split_at_checked(usize::try_from(u32::from_be_bytes(*length)).ok()?)?;
    *rest = behind;
    Some(SealedEvent { name, subjects, keys, sealed: sealed.to_vec() })
}
