//! Batches: units of work that are written as a whole or not at all.
//!
//! Content is sealed when it is added, under a fresh key of its own. Everything else is sealed when
//! the batch is committed, by the task that commits it: the writer only ever sees sealed bytes.

use std::collections::HashMap;
use std::sync::Arc;

use base::Timestamp;
use base::measure::Stopwatch;
use phi::{CipherError, DataKey};
use zeroize::Zeroizing;

use crate::bulk::Bulk;
use crate::keys::{FIRST_EPOCH, ScopeKey, add, identity, still_there, wrap};
use crate::sql::{Expect, Outcome, Prepared, Statement, Step};
use crate::store::Store;
use crate::{
    Count, Document, IndexValue, Kind, Lane, Lease, Name, NewDocument, NewJob, Scope, StoreError, Tally,
    jobs_sql, limits, parked,
};

const INSERT_DOCUMENT: &str = "INSERT INTO documents
    (scope, kind, sid, parent, created_at, updated_at, event_at, revision, epoch, facts, content)
    VALUES ($1, $2, $3, $4, $5, $5, $6, 1, $7, $8, $9) ON CONFLICT DO NOTHING";
const INSERT_KEY: &str = "INSERT INTO document_keys (scope, kind, sid, epoch, wrapped)
    VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING";
const INSERT_INDEX: &str = "INSERT INTO document_index (scope, kind, key, value, created_at, sid)
    VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING";
const UPDATE_DOCUMENT: &str = "UPDATE documents
    SET facts = $5, epoch = $6, event_at = $7, updated_at = $8, revision = revision + 1
    WHERE scope = $1 AND kind = $2 AND sid = $3 AND revision = $4";
const CLEAR_INDEX: &str =
    "DELETE FROM document_index WHERE scope = $1 AND kind = $2 AND sid = $3 AND key = $4";
const REINDEX: &str = "INSERT INTO document_index (scope, kind, key, value, created_at, sid)
    SELECT scope, kind, $4, $5, created_at, sid FROM documents
    WHERE scope = $1 AND kind = $2 AND sid = $3 ON CONFLICT DO NOTHING";
const DELETE_KEY: &str = "DELETE FROM document_keys WHERE scope = $1 AND kind = $2 AND sid = $3";
const DROP_CONTENT: &str = "UPDATE documents SET content = NULL WHERE scope = $1 AND kind = $2 AND sid = $3";
const DELETE_INDEX: &str = "DELETE FROM document_index WHERE scope = $1 AND kind = $2 AND sid = $3";
const DELETE_DOCUMENT: &str =
    "DELETE FROM documents WHERE scope = $1 AND kind = $2 AND sid = $3 AND revision = $4";
const INSERT_NAME: &str =
    "INSERT INTO directory (name, scope, sid) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING";
const DELETE_NAME: &str = "DELETE FROM directory WHERE name = $1 AND scope = $2";

/// The columns that are sealed, as they are named in a row's identity.
pub(crate) const FACTS: &str = "facts";
pub(crate) const CONTENT: &str = "content";
pub(crate) const CONTENT_KEY: &str = "content key";
pub(crate) const PAYLOAD: &str = "payload";

/// What a commit gave.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Committed {
    /// The journal places of the batch's records, in order.
    pub sequences: Vec<u64>,
}

/// A unit of work: all of it is written, or nothing. Made by [`Store::batch`], written by
/// [`Store::commit`].
pub struct Batch {
    store: Store,
    scope: Scope,
    operations: Vec<Operation>,
    failed: Option<StoreError>,
    wakes_workers: bool,
    tallies: Vec<Tally>,
    moves_generation: bool,
    stands_alone: bool,
}

enum Operation {
    CreateScope(Scope),
    Insert(Box<Insert>),
    Update {
        row: RowId,
        facts: Zeroizing<Vec<u8>>,
        event_at: Option<Timestamp>,
        revision: i64,
        now: Timestamp,
    },
    Enqueue {
        scope: Scope,
        job: NewJob,
        id: String,
        now: Timestamp,
    },
    /// What holds nothing sealed.
    Plain(Step),
}

struct Insert {
    row: RowId,
    parent: Option<String>,
    created_at: Timestamp,
    event_at: Option<Timestamp>,
    facts: Zeroizing<Vec<u8>>,
    content: Option<(Arc<DataKey>, Vec<u8>)>,
    index: Vec<(&'static str, Vec<u8>)>,
}

/// What identifies a document's row.
#[derive(Clone)]
struct RowId {
    scope: Scope,
    kind: &'static str,
    sid: String,
}

impl RowId {
    fn identity(&self, column: &str) -> Vec<u8> {
        identity(&[&self.scope.to_string(), self.kind, &self.sid, column])
    }

    fn statement(&self, sql: &'static str, more: Vec<crate::sql::Value>) -> Statement {
        let mut arguments = vec![self.scope.to_string().into(), self.kind.into(), self.sid.clone().into()];
        arguments.extend(more);
        Statement::new(sql, arguments)
    }
}

impl Batch {
    pub(crate) fn new(store: Store, scope: Scope) -> Self {
        Self {
            store,
            scope,
            operations: Vec::new(),
            failed: None,
            wakes_workers: false,
            moves_generation: false,
            stands_alone: false,
            tallies: Vec::new(),
        }
    }

    /// The scope of the operations that follow.
    pub fn scope(&self) -> Scope {
        self.scope
    }

    /// Switches the scope for the operations that follow.
    pub fn in_scope(&mut self, scope: Scope) -> &mut Self {
        self.scope = scope;
        self
    }

    /// Makes a key for a new scope. It must come before the first write that seals something in
    /// that scope; the same batch is fine. A scope that exists, or existed and was destroyed, fails
    /// the batch with [`StoreError::Exists`].
    pub fn create_scope(&mut self, scope: Scope) {
        self.operations.push(Operation::CreateScope(scope));
    }

    /// Writes a new document; a taken SID fails the batch with [`StoreError::Exists`].
    pub fn insert<K: Kind>(&mut self, new: NewDocument<K>) {
        let key = new.content.is_some().then(|| self.new_key());
        self.insert_under(new, key);
    }

    /// [`Batch::insert`] of a document with content, whose key is handed out.
    pub(crate) fn insert_with_key<K: Kind>(&mut self, new: NewDocument<K>) -> Arc<DataKey> {
        let key = self.new_key();
        self.insert_under(new, Some(Arc::clone(&key)));
        key
    }

    fn new_key(&self) -> Arc<DataKey> {
        Arc::new(DataKey::generate(self.store.random().as_ref()))
    }

    fn insert_under<K: Kind>(&mut self, new: NewDocument<K>, key: Option<Arc<DataKey>>) {
        let row = self.row::<K>(new.sid);
        let content = match new.content.zip(key) {
            None => None,
            Some((content, key)) => match content.seal(&key, &row.identity(CONTENT)) {
                Ok(sealed) => Some((key, sealed)),
                Err(CipherError) => return self.fail(StoreError::Sealed),
            },
        };
        let Some(facts) = self.encode(&new.facts) else { return };
        let index = new.index.into_iter().map(|entry| (entry.key, entry.value.to_bytes())).collect();
        self.operations.push(Operation::Insert(Box::new(Insert {
            row,
            parent: new.parent,
            created_at: new.created_at,
            event_at: new.event_at,
            facts,
            content,
            index,
        })));
    }

    /// Writes the document's facts and event time; content and index stay as they are. When its
    /// revision is no longer the stored one, the batch fails with [`StoreError::Conflict`].
    pub fn update<K: Kind>(&mut self, document: &Document<K>) {
        let Some(facts) = self.encode(&document.facts) else { return };
        let row = self.row::<K>(document.sid);
        self.operations.push(Operation::Update {
            row,
            facts,
            event_at: document.event_at,
            revision: document.revision,
            now: self.store.clock().now(),
        });
    }

    /// Replaces the document's index entries of one key.
    pub fn reindex<K: Kind>(&mut self, sid: K::Sid, key: &'static str, values: Vec<IndexValue>) {
        let row = self.row::<K>(sid);
        self.run(row.statement(CLEAR_INDEX, vec![key.into()]));
        for value in values {
            self.run(row.statement(REINDEX, vec![key.into(), value.to_bytes().into()]));
        }
    }

    /// Destroys the document's key and its sealed content. Doing it twice is fine.
    pub fn shred<K: Kind>(&mut self, sid: K::Sid) {
        let row = self.row::<K>(sid);
        self.run(row.statement(DELETE_KEY, Vec::new()).bulk(Bulk::Shreds));
        self.run(row.statement(DROP_CONTENT, Vec::new()).bulk(Bulk::Emptied));
    }

    /// Removes the document, its index entries, its key and content. When its revision is no longer
    /// the stored one, the batch fails with [`StoreError::Conflict`].
    pub fn delete<K: Kind>(&mut self, document: &Document<K>) {
        let row = self.row::<K>(document.sid);
        let delete = row.statement(DELETE_DOCUMENT, vec![document.revision.into()]);
        self.run(delete.expecting(Expect::One(StoreError::Conflict)));
        self.run(row.statement(DELETE_INDEX, Vec::new()));
        self.run(row.statement(DELETE_KEY, Vec::new()));
    }

    /// The index value, in the present scope, of text that somebody made up: it may hold anything, so the index has
    /// its digest alone. [`crate::Scoped::free_text`] finds it.
    pub fn free_text(&self, text: &str) -> IndexValue {
        self.store.free_text(self.scope, text)
    }

    /// Enters a name for `sid` of the present scope into the directory; a taken name fails the
    /// batch with [`StoreError::Exists`].
    pub fn name(&mut self, name: Name, sid: String) {
        let arguments = vec![self.store.name_digest(&name).into(), self.scope.to_string().into(), sid.into()];
        self.run(Statement::new(INSERT_NAME, arguments).expecting(Expect::One(StoreError::Exists)));
    }

    /// Removes a name of the present scope from the directory, if it is there.
    pub fn unname(&mut self, name: Name) {
        let arguments = vec![self.store.name_digest(&name).into(), self.scope.to_string().into()];
        self.run(Statement::new(DELETE_NAME, arguments));
    }

    /// Appends an entry to the tamper-evident journal. Entries are kept as they are, so that they
    /// outlive every key: they hold SIDs and reasons, never PHI.
    pub fn record(&mut self, entry: Vec<u8>) {
        let scope = self.scope.to_string();
        self.operations.push(Operation::Plain(Step::Record { scope, entry }));
    }

    /// Enqueues a job.
    pub fn enqueue(&mut self, job: NewJob) {
        let id = jobs_sql::new_id(self.store.random().as_ref());
        self.wakes_workers = true;
        self.operations.push(Operation::Enqueue {
            scope: self.scope,
            job,
            id,
            now: self.store.clock().now(),
        });
    }

    /// Removes a job that is done; a lost lease fails the batch with [`StoreError::Conflict`].
    pub fn finish(&mut self, lease: &Lease) {
        self.wakes_workers |= lease.ordering.is_some();
        for statement in jobs_sql::finish(lease) {
            self.run(statement);
        }
    }

    /// Puts a job back until `due_at`, having failed `failures` times in a row; a lost lease fails the batch with
    /// [`StoreError::Conflict`].
    pub fn reschedule(&mut self, lease: &Lease, due_at: Timestamp, failures: u32) {
        self.wakes_workers = true;
        self.run(jobs_sql::reschedule(lease, due_at, failures));
    }

    /// Takes a job that cannot be done out of its queue and keeps it; a lost lease fails the batch with
    /// [`StoreError::Conflict`].
    pub fn park(&mut self, lease: &Lease, reason: &'static str) {
        self.wakes_workers |= lease.ordering.is_some();
        for statement in parked::park(lease, reason, self.store.clock().now()) {
            self.run(statement);
        }
    }

    /// Puts a parked job back into its queue, behind those that wait there; when it is not parked, the batch fails with
    /// [`StoreError::Conflict`].
    pub fn requeue(&mut self, id: &str) {
        self.wakes_workers = true;
        for statement in parked::requeue(id, self.store.clock().now()) {
            self.run(statement);
        }
    }

    /// Removes a parked job; when it is not parked, the batch fails with [`StoreError::Conflict`].
    pub fn discard(&mut self, id: &str) {
        self.run(parked::discard(id));
    }

    /// Adds to a counter of the present scope. It costs no statement of its own where others count the same.
    pub fn count(&mut self, count: Count) {
        self.run(count.statement(self.scope));
    }

    /// Counts this, once the batch is on disk.
    pub fn tally(&mut self, tally: Tally) {
        self.tallies.push(tally);
    }

    fn row<K: Kind>(&mut self, sid: K::Sid) -> RowId {
        self.moves_generation |= K::STEADY;
        RowId { scope: self.scope, kind: K::NAME, sid: sid.to_string() }
    }

    pub(crate) fn run(&mut self, statement: Statement) {
        self.operations.push(Operation::Plain(Step::Run(statement)));
    }

    /// Whether other processes may write to the same database.
    pub(crate) fn is_shared(&self) -> bool {
        self.store.is_shared()
    }

    /// Holds locks that others wait for: it is committed by itself there, where those are.
    pub(crate) fn stand_alone(&mut self) {
        self.stands_alone = true;
    }

    /// Makes everything steady be read anew.
    pub(crate) fn move_generation(&mut self) {
        self.moves_generation = true;
    }

    /// Fills with random bytes.
    pub(crate) fn random_bytes(&self, bytes: &mut [u8]) {
        self.store.random().fill(bytes);
    }

    pub(crate) fn fail(&mut self, error: StoreError) {
        self.failed.get_or_insert(error);
    }

    fn encode(&mut self, facts: &impl serde::Serialize) -> Option<Zeroizing<Vec<u8>>> {
        let encoded = serde_json::to_vec(facts).map(Zeroizing::new);
        if encoded.is_err() {
            self.fail(StoreError::Sealed);
        }
        encoded.ok()
    }
}

/// Writes a batch; see [`Store::commit`].
pub(crate) async fn commit(store: &Store, batch: Batch) -> Result<Committed, StoreError> {
    let Batch { operations, failed, wakes_workers, moves_generation, stands_alone, tallies, .. } = batch;
    if let Some(error) = failed {
        return Err(error);
    }
    let creates = operations.iter().any(|operation| matches!(operation, Operation::CreateScope(_)));
    // The master key must not change between wrapping a key and storing it.
    let _wrapping = if creates { Some(store.keys().rotation.read().await) } else { None };

    let mut sealer = Sealer { store, keys: HashMap::new(), created: Vec::new(), steps: Vec::new() };
    for operation in operations {
        sealer.seal(operation).await?;
    }
    let Sealer { keys, created, steps, .. } = sealer;
    if steps.len() > limits::BATCH_STEPS || steps.iter().map(size).sum::<usize>() > limits::BATCH_BYTES {
        return Err(StoreError::TooLarge);
    }
    let prepared = Prepared::new(steps);
    let prepared = if moves_generation { prepared.moving_generation() } else { prepared };
    let (measures, stopwatch) = (store.measures(), Stopwatch::start());
    let writing = async {
        match stands_alone {
            true => store.engine().submit_alone(prepared).await,
            false => store.engine().submit(prepared).await,
        }
    };
    let outcome = spans::child(writing, told).await;
    match &outcome {
        Ok(_) => {
            measures.commits.increment();
            measures.commit_time.record_time(stopwatch.elapsed());
            measures.count(&tallies);
        }
        Err(StoreError::Unavailable(_)) => measures.unavailable.increment(),
        Err(_) => {}
    }
    if matches!(outcome, Err(StoreError::UnknownScope)) {
        for scope in keys.keys() {
            store.keys().forget(*scope);
        }
    }
    let outcome = outcome?;
    for scope in created {
        if let Some(key) = keys.get(&scope) {
            store.keys().learn(scope, key, store.clock().now());
        }
    }
    if wakes_workers {
        store.jobs_changed().notify_one();
        store.engine().tell_of_work();
    }
    Ok(Committed { sequences: outcome.sequences })
}

/// What a trace says of a commit.
fn told(outcome: Option<&Result<Outcome, StoreError>>) -> spans::Work {
    let (outcome, group) = match outcome {
        Some(Ok(outcome)) => ("committed", outcome.group),
        Some(Err(StoreError::Unavailable(_))) => ("unavailable", 0),
        Some(Err(_)) => ("refused", 0),
        None => ("abandoned", 0),
    };
    spans::Work::Commit { outcome, group }
}

fn size(step: &Step) -> usize {
    match step {
        Step::Run(statement) => statement.size(),
        Step::Record { entry, .. } => entry.len(),
    }
}

/// Turns operations into steps, with the keys of the scopes they touch.
struct Sealer<'a> {
    store: &'a Store,
    keys: HashMap<Scope, ScopeKey>,
    created: Vec<Scope>,
    steps: Vec<Step>,
}

impl Sealer<'_> {
    async fn seal(&mut self, operation: Operation) -> Result<(), StoreError> {
        match operation {
            Operation::Plain(step) => self.steps.push(step),
            Operation::CreateScope(scope) => self.create_scope(scope).await?,
            Operation::Insert(insert) => {
                let key = self.key(insert.row.scope).await?;
                self.insert(*insert, &key)?;
            }
            Operation::Update { row, facts, event_at, revision, now } => {
                let key = self.key(row.scope).await?;
                let sealed = seal(&key, &row.identity(FACTS), &facts)?;
                let more = vec![
                    revision.into(),
                    sealed.into(),
                    key.epoch.into(),
                    event_at.map(Timestamp::micros).into(),
                    now.micros().into(),
                ];
                let update = row.statement(UPDATE_DOCUMENT, more).bulk(Bulk::Updates);
                self.run(update.expecting(Expect::One(StoreError::Conflict)));
            }
            Operation::Enqueue { scope, job, id, now } => {
                let key = self.key(scope).await?;
                let payload = Zeroizing::new(job.payload);
                let sealed = seal(&key, &identity(&[&scope.to_string(), "job", &id, PAYLOAD]), &payload)?;
                // Before the commit, because another task may lease it right after.
                spans::remember_job(&id);
                let ordering = job.ordering_key.map(|text| self.store.ordering_digest(&text));
                let lane = job.lane.map_or(Lane::NONE, |text| self.store.lane(&text));
                self.run(jobs_sql::enqueue(jobs_sql::Row {
                    id,
                    queue: job.queue,
                    lane,
                    ordering,
                    due_at: job.due_at,
                    created_at: now,
                    scope,
                    epoch: key.epoch,
                    payload: sealed,
                }));
            }
        }
        Ok(())
    }

    fn run(&mut self, statement: Statement) {
        self.steps.push(Step::Run(statement));
    }

    /// The key of a scope. The first use adds the step that finds the scope still there.
    async fn key(&mut self, scope: Scope) -> Result<ScopeKey, StoreError> {
        if let Some(key) = self.keys.get(&scope) {
            return Ok(key.clone());
        }
        let now = self.store.clock().now();
        let key = self.store.keys().current(self.store.engine(), scope, now).await?;
        self.keys.insert(scope, key.clone());
        self.run(still_there(scope, key.epoch));
        Ok(key)
    }

    async fn create_scope(&mut self, scope: Scope) -> Result<(), StoreError> {
        let key = Arc::new(DataKey::generate(self.store.random().as_ref()));
        let wrapper = self.store.keys().wrapper();
        let master_key_id = wrapper.key_id().to_owned();
        let wrapped = wrap(wrapper, scope, FIRST_EPOCH, Arc::clone(&key)).await?;
        let now = self.store.clock().now();
        self.run(add(scope, FIRST_EPOCH, wrapped, &master_key_id, now, StoreError::Exists));
        self.keys.insert(scope, ScopeKey { epoch: FIRST_EPOCH, key });
        self.created.push(scope);
        Ok(())
    }

    fn insert(&mut self, insert: Insert, key: &ScopeKey) -> Result<(), StoreError> {
        let Insert { row, parent, created_at, event_at, facts, content, index } = insert;
        let sealed = seal(key, &row.identity(FACTS), &facts)?;
        let (content_key, content) = content.unzip();
        let more = vec![
            parent.into(),
            created_at.micros().into(),
            event_at.map(Timestamp::micros).into(),
            key.epoch.into(),
            sealed.into(),
            content.into(),
        ];
        let exists = || Expect::One(StoreError::Exists);
        self.run(row.statement(INSERT_DOCUMENT, more).expecting(exists()).bulk(Bulk::Documents));
        if let Some(content_key) = content_key {
            let wrapped = key
                .key
                .wrap(&row.identity(CONTENT_KEY), &content_key)
                .map_err(|CipherError| StoreError::Sealed)?;
            let more = vec![key.epoch.into(), wrapped.0.into()];
            self.run(row.statement(INSERT_KEY, more).expecting(exists()).bulk(Bulk::Keys));
        }
        for (name, value) in index {
            let arguments = vec![
                row.scope.to_string().into(),
                row.kind.into(),
                name.into(),
                value.into(),
                created_at.micros().into(),
                row.sid.clone().into(),
            ];
            self.run(Statement::new(INSERT_INDEX, arguments).bulk(Bulk::Index));
        }
        Ok(())
    }
}

fn seal(key: &ScopeKey, identity: &[u8], plain: &[u8]) -> Result<Vec<u8>, StoreError> {
    key.key.seal(identity, plain).map_err(|CipherError| StoreError::Sealed)
}
