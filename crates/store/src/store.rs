//! The store itself: opening, committing, looking up, and the life of scope keys.

use std::path::PathBuf;
use std::sync::{Arc, OnceLock};

use base::{Clock, Random};
use phi::{DataKey, Digest, DigestKey, KeyWrapper, WrapError};
use tokio::sync::Notify;

use crate::chain::{MAC_PURPOSE, Tail};
use crate::engine::{ChainKey, Engine};
use crate::error::unavailable;
use crate::keys::{self, FIRST_EPOCH, Keys, Stored};
use crate::sql::{Expect, Prepared, Statement, Step, Value};
use crate::steady::Memory;
use crate::{
    Batch, Committed, IndexValue, Jobs, Journal, Lane, Located, Name, OpenError, Rotation, Scope, Scoped,
    StoreError, StoreMeasures, batch, conversions, jobs_sql,
};

/// No name's digest: those are longer.
const PROBE_NAME: &[u8] = b"probe";
const PROBE: &str = "INSERT INTO directory (name, scope, sid) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING";
const UNPROBE: &str = "DELETE FROM directory WHERE name = $1";
const LOCATE: &str = "SELECT scope, sid FROM directory WHERE name = $1";
const SCOPES: &str = "SELECT DISTINCT scope FROM scope_keys WHERE wrapped IS NOT NULL ORDER BY scope";
const DESTROY: &str = "UPDATE scope_keys SET wrapped = NULL WHERE scope = $1 AND wrapped IS NOT NULL";

/// The purposes that digest keys are derived from the system's key for.
const DIGEST_PURPOSE: &str = "system digest";
const NAME_PURPOSE: &str = "directory";
const ORDERING_PURPOSE: &str = "job ordering";
const FREE_TEXT: &str = "free text";
const LANE_PURPOSE: &str = "job lane";

/// Which database to use.
#[derive(Clone)]
pub enum Database {
    /// An SQLite file, made when absent; its folder exists.
    Sqlite(PathBuf),
    /// A PostgreSQL URL or key-value string.
    Postgres(String),
}

/// What a store is opened with.
pub struct Options {
    /// Which database.
    pub database: Database,
    /// What holds the master key.
    pub wrapper: Arc<dyn KeyWrapper>,
    /// Where "now" comes from.
    pub clock: Arc<dyn Clock>,
    /// Where keys, ids and tokens come from.
    pub random: Arc<dyn Random>,
}

/// An open database. Clones share it.
#[derive(Clone)]
pub struct Store {
    inner: Arc<Inner>,
}

struct Inner {
    engine: Engine,
    keys: Keys,
    chain_key: Arc<DigestKey>,
    system_digests: DigestKey,
    name_digests: DigestKey,
    ordering_digests: DigestKey,
    lane_digests: DigestKey,
    jobs_changed: Arc<Notify>,
    measures: Arc<StoreMeasures>,
    memory: Memory,
    clock: Arc<dyn Clock>,
    random: Arc<dyn Random>,
}

impl Store {
    /// Opens the database, migrates it forward, makes the system's key on first use, and puts right what older versions
    /// wrote in another form.
    ///
    /// # Errors
    /// [`OpenError`] says which of the preconditions does not hold.
    pub async fn open(options: Options) -> Result<Self, OpenError> {
        let Options { database, wrapper, clock, random } = options;
        let chain_key: ChainKey = Arc::new(OnceLock::new());
        let measures = Arc::<StoreMeasures>::default();
        let jobs_changed = Arc::<Notify>::default();
        let engine = Engine::open(
            database,
            Arc::clone(&clock),
            Arc::clone(&chain_key),
            Arc::clone(&measures),
            Arc::clone(&jobs_changed),
        )
        .await?;
        let system = match open_system_key(&engine, &wrapper, clock.as_ref(), random.as_ref()).await {
            Ok(key) => key,
            Err(error) => {
                engine.close().await;
                return Err(error);
            }
        };
        let mac_key = chain_key.get_or_init(|| Arc::new(system.digest_key(MAC_PURPOSE)));
        let inner = Inner {
            keys: Keys::new(wrapper),
            chain_key: Arc::clone(mac_key),
            system_digests: system.digest_key(DIGEST_PURPOSE),
            name_digests: system.digest_key(NAME_PURPOSE),
            ordering_digests: system.digest_key(ORDERING_PURPOSE),
            lane_digests: system.digest_key(LANE_PURPOSE),
            jobs_changed,
            measures,
            memory: Memory::default(),
            engine,
            clock,
            random,
        };
        let store = Self { inner: Arc::new(inner) };
        match conversions::convert(&store).await {
            Ok(()) => Ok(store),
            Err(error) => {
                store.close().await;
                Err(error.into())
            }
        }
    }

    /// The documents of one scope.
    pub fn scope(&self, scope: Scope) -> Scoped {
        Scoped { store: self.clone(), scope }
    }

    /// An empty unit of work.
    pub fn batch(&self, scope: Scope) -> Batch {
        Batch::new(self.clone(), scope)
    }

    /// Writes a batch; it is on disk when this returns `Ok`.
    ///
    /// # Errors
    /// [`StoreError`]; nothing of the batch was written then. Only when the connection to a
    /// PostgreSQL server breaks during the commit itself, `Unavailable` leaves that open.
    pub async fn commit(&self, batch: Batch) -> Result<Committed, StoreError> {
        batch::commit(self, batch).await
    }

    /// Whether something can be made durable now: writes a row and takes it away again, on disk both; and whether what
    /// was written last came to be on disk (`writing.rs`).
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn probe(&self) -> Result<(), StoreError> {
        let statement = |sql, more: Vec<Value>| {
            let name = vec![Value::from(PROBE_NAME.to_vec())];
            Step::Run(Statement::new(sql, name.into_iter().chain(more).collect()))
        };
        let place = vec![Scope::SYSTEM.to_string().into(), String::new().into()];
        let steps = vec![statement(PROBE, place), statement(UNPROBE, Vec::new())];
        self.engine().submit(Prepared::new(steps)).await?;
        if self.measures().writing.fails() { Err(unavailable("a write failed")) } else { Ok(()) }
    }

    /// Looks a name up in the directory.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn locate(&self, name: &Name) -> Result<Option<Located>, StoreError> {
        let locate = Statement::new(LOCATE, vec![self.name_digest(name).into()]).point();
        let rows = self.engine().query(locate).await?;
        let Some(mut row) = rows.into_iter().next() else { return Ok(None) };
        let scope = Scope::parse(&row.text()?).ok_or(StoreError::Sealed)?;
        Ok(Some(Located { scope, sid: row.text()? }))
    }

    /// Every scope that has a key.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn scopes(&self) -> Result<Vec<Scope>, StoreError> {
        let rows = self.engine().query(Statement::new(SCOPES, Vec::new())).await?;
        rows.into_iter().map(|mut row| Scope::parse(&row.text()?).ok_or(StoreError::Sealed)).collect()
    }

    /// A digest under the system's key, the same for the life of the database.
    pub fn system_digest(&self, label: &str, value: &[u8]) -> Digest {
        self.inner.system_digests.digest(label, value)
    }

    /// The index value of free text in a scope. Under the system's key, because the first document of a scope is
    /// indexed before the scope has one.
    pub(crate) fn free_text(&self, scope: Scope, text: &str) -> IndexValue {
        IndexValue::Digest(self.system_digest(FREE_TEXT, format!("{scope}|{text}").as_bytes()))
    }

    /// The queues.
    pub fn jobs(&self) -> Jobs {
        Jobs(self.clone())
    }

    /// How the scope keys are kept and moved.
    pub fn rotation(&self) -> Rotation {
        Rotation(self.clone())
    }

    /// The journal.
    pub fn journal(&self) -> Journal {
        Journal(self.clone())
    }

    /// Whether other processes may write to the same database.
    pub fn is_shared(&self) -> bool {
        self.engine().locks_rows()
    }

    /// What the store counts about itself.
    pub fn measures(&self) -> &StoreMeasures {
        &self.inner.measures
    }

    /// Where "now" comes from.
    pub fn clock(&self) -> &Arc<dyn Clock> {
        &self.inner.clock
    }

    /// Where randomness comes from.
    pub fn random(&self) -> &Arc<dyn Random> {
        &self.inner.random
    }

    /// Crypto-shredding: deletes the scope's keys, so that nothing of the scope opens any more, here or
    /// in a copy made later. A copy made earlier holds the wrapped keys too and needs the master key gone.
    /// Jobs of the scope are removed. The scope cannot be made anew.
    ///
    /// # Errors
    /// [`StoreError::UnknownScope`]; [`StoreError::Conflict`] for [`Scope::SYSTEM`], without which
    /// no database opens.
    pub async fn destroy_scope(&self, scope: Scope) -> Result<(), StoreError> {
        if scope == Scope::SYSTEM {
            return Err(StoreError::Conflict);
        }
        let destroy = Statement::new(DESTROY, vec![scope.to_string().into()])
            .expecting(Expect::Some(StoreError::UnknownScope));
        // What is remembered of the scope was opened with its keys.
        let steps = std::iter::once(Step::Run(destroy)).chain(jobs_sql::drop_of(scope)).collect();
        let result = self.engine().submit(Prepared::new(steps).moving_generation()).await;
        self.keys().forget(scope);
        result.map(drop)
    }

    /// Finishes what was submitted and closes the database. Clones of this store get `Unavailable`
    /// from then on.
    pub async fn close(self) {
        self.inner.engine.close().await;
    }

    pub(crate) fn engine(&self) -> &Engine {
        &self.inner.engine
    }

    pub(crate) fn keys(&self) -> &Keys {
        &self.inner.keys
    }

    pub(crate) fn chain_key(&self) -> &DigestKey {
        &self.inner.chain_key
    }

    pub(crate) fn jobs_changed(&self) -> &Arc<Notify> {
        &self.inner.jobs_changed
    }

    pub(crate) fn memory(&self) -> &Memory {
        &self.inner.memory
    }

    pub(crate) fn name_digest(&self, name: &Name) -> Vec<u8> {
        self.inner.name_digests.digest(NAME_PURPOSE, name.bytes()).0.to_vec()
    }

    /// The lane that jobs of this name wait in.
    pub fn lane(&self, name: &str) -> Lane {
        Lane::of(&self.inner.lane_digests.digest(LANE_PURPOSE, name.as_bytes()))
    }

    pub(crate) fn ordering_digest(&self, key: &str) -> Digest {
        self.inner.ordering_digests.digest(ORDERING_PURPOSE, key.as_bytes())
    }
}

/// The system's first key: read, or made together with the journal's head when the database is new.
/// Several processes may do so at once; one of them wins and all read what it wrote.
async fn open_system_key(
    engine: &Engine,
    wrapper: &Arc<dyn KeyWrapper>,
    clock: &dyn Clock,
    random: &dyn Random,
) -> Result<DataKey, OpenError> {
    let scope = Scope::SYSTEM;
    if Stored::read(engine, scope, FIRST_EPOCH).await?.is_none() {
        let key = Arc::new(DataKey::generate(random));
        let wrapped = keys::wrap(Arc::clone(wrapper), scope, FIRST_EPOCH, Arc::clone(&key)).await?;
        let steps = vec![
            Step::Run(keys::add(
                scope,
                FIRST_EPOCH,
                wrapped,
                wrapper.key_id(),
                clock.now(),
                StoreError::Exists,
            )),
            Step::Run(Tail::first(&key.digest_key(MAC_PURPOSE))),
        ];
        match engine.submit(Prepared::new(steps)).await {
            Ok(_) | Err(StoreError::Exists) => {}
            Err(error) => return Err(error.into()),
        }
    }
    let missing = || OpenError::Unavailable("the system's key is missing".into());
    let stored = Stored::read(engine, scope, FIRST_EPOCH).await?.ok_or_else(missing)?;
    let wanted = stored.master_key_id.clone();
    stored.unwrap(Arc::clone(wrapper)).await.map_err(|error| match error {
        WrapError::Sealed | WrapError::OtherMasterKey => {
            OpenError::MasterKey { wanted, given: wrapper.key_id().to_owned() }
        }
        WrapError::Unavailable(_) => OpenError::Unavailable(error.to_string()),
    })
}
