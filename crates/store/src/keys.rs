//! Scope keys: unwrapped once, kept in a bounded cache, never on the writer's path.
//!
//! A sealed value says the epoch of its key. Reads bring with them whether that key still exists, so
//! a scope destroyed by another process stays closed here even while its key is still cached. What
//! wrapped a key is asked for only when the key is not in the cache: keys may move from one master key
//! to another between the two.
//! Digest keys are derived from a scope's *first* epoch, so digests survive rotation.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Arc, Mutex, PoisonError};

use base::Timestamp;
use phi::{DataKey, DigestKey, KeyWrapper, WrapError, WrappedKey};
use tokio::sync::RwLock;

use crate::bulk::Bulk;
use crate::engine::Engine;
use crate::limits;
use crate::sql::{Expect, Statement};
use crate::{Scope, StoreError};

/// The epoch of a scope's first key.
pub(crate) const FIRST_EPOCH: i64 = 1;

/// The purpose that keys for index digests are derived for.
const INDEX_PURPOSE: &str = "index";

const CURRENT: &str = "SELECT epoch FROM scope_keys
    WHERE scope = $1 AND wrapped IS NOT NULL ORDER BY epoch DESC LIMIT 1";
const AT_EPOCH: &str = "SELECT wrapped, master_key_id FROM scope_keys WHERE scope = $1 AND epoch = $2";
const STILL_THERE: &str =
    "SELECT epoch FROM scope_keys WHERE scope = $1 AND epoch = $2 AND wrapped IS NOT NULL";
const ADD: &str = "INSERT INTO scope_keys (scope, epoch, wrapped, master_key_id, created_at)
    VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING";

/// A scope's key and its epoch.
#[derive(Clone)]
pub(crate) struct ScopeKey {
    pub(crate) epoch: i64,
    pub(crate) key: Arc<DataKey>,
}

/// The keys of all scopes.
pub(crate) struct Keys {
    /// Held for reading while a new key is wrapped and stored, for writing while the master key
    /// changes, so that no key is ever left behind under the old one.
    pub(crate) rotation: RwLock<()>,
    wrapper: Mutex<Arc<dyn KeyWrapper>>,
    cache: Mutex<Cache>,
}

#[derive(Default)]
struct Cache {
    opened: HashMap<(Scope, i64), Arc<DataKey>>,
    current: HashMap<Scope, (i64, Timestamp)>,
    digests: HashMap<Scope, Arc<DigestKey>>,
}

/// Adds to a bounded map: a full one starts anew, which costs one unwrapping per key in use.
fn remember<K: Eq + Hash, V>(map: &mut HashMap<K, V>, key: K, value: V) {
    if map.len() >= limits::CACHED_KEYS {
        map.clear();
    }
    map.insert(key, value);
}

impl Keys {
    pub(crate) fn new(wrapper: Arc<dyn KeyWrapper>) -> Self {
        Self { rotation: RwLock::new(()), wrapper: Mutex::new(wrapper), cache: Mutex::default() }
    }

    /// What holds the master key now.
    pub(crate) fn wrapper(&self) -> Arc<dyn KeyWrapper> {
        Arc::clone(&self.wrapper.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Takes another holder of the master key for everything from now on.
    pub(crate) fn set_wrapper(&self, wrapper: Arc<dyn KeyWrapper>) {
        *self.wrapper.lock().unwrap_or_else(PoisonError::into_inner) = wrapper;
    }

    fn cache(&self) -> std::sync::MutexGuard<'_, Cache> {
        self.cache.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The key that new values of the scope are sealed under.
    pub(crate) async fn current(
        &self,
        engine: &Engine,
        scope: Scope,
        now: Timestamp,
    ) -> Result<ScopeKey, StoreError> {
        {
            let cache = self.cache();
            if let Some(&(epoch, loaded_at)) = cache.current.get(&scope)
                && now.since(loaded_at) < limits::CURRENT_KEY_TRUST
                && let Some(key) = cache.opened.get(&(scope, epoch))
            {
                return Ok(ScopeKey { epoch, key: Arc::clone(key) });
            }
        }
        let rows = engine.query(Statement::new(CURRENT, vec![scope.to_string().into()])).await?;
        let mut row = rows.into_iter().next().ok_or(StoreError::UnknownScope)?;
        let epoch = row.integer()?;
        let key = self.open(engine, scope, epoch).await?;
        remember(&mut self.cache().current, scope, (epoch, now));
        Ok(ScopeKey { epoch, key })
    }

    /// The key of one epoch, which a read has just found to exist.
    pub(crate) async fn open(
        &self,
        engine: &Engine,
        scope: Scope,
        epoch: i64,
    ) -> Result<Arc<DataKey>, StoreError> {
        if let Some(key) = self.cache().opened.get(&(scope, epoch)) {
            return Ok(Arc::clone(key));
        }
        self.at_epoch(engine, scope, epoch).await
    }

    /// The key of one epoch as it stands in the database now, for values whose row was not read together
    /// with its key.
    pub(crate) async fn at_epoch(
        &self,
        engine: &Engine,
        scope: Scope,
        epoch: i64,
    ) -> Result<Arc<DataKey>, StoreError> {
        let stored = Stored::read(engine, scope, epoch).await?.ok_or(StoreError::Sealed)?;
        if let Some(key) = self.cache().opened.get(&(scope, epoch)).filter(|_| stored.wrapped.is_some()) {
            return Ok(Arc::clone(key));
        }
        let key = Arc::new(stored.unwrap(self.wrapper()).await?);
        remember(&mut self.cache().opened, (scope, epoch), Arc::clone(&key));
        Ok(key)
    }

    /// The key for index digests in the scope.
    pub(crate) async fn digest_key(
        &self,
        engine: &Engine,
        scope: Scope,
    ) -> Result<Arc<DigestKey>, StoreError> {
        if let Some(key) = self.cache().digests.get(&scope) {
            return Ok(Arc::clone(key));
        }
        let stored = Stored::read(engine, scope, FIRST_EPOCH).await?;
        if stored.is_none_or(|stored| stored.wrapped.is_none()) {
            return Err(StoreError::UnknownScope);
        }
        let key = Arc::new(self.open(engine, scope, FIRST_EPOCH).await?.digest_key(INDEX_PURPOSE));
        remember(&mut self.cache().digests, scope, Arc::clone(&key));
        Ok(key)
    }

    /// Keeps a key that was just stored.
    pub(crate) fn learn(&self, scope: Scope, key: &ScopeKey, now: Timestamp) {
        let mut cache = self.cache();
        remember(&mut cache.opened, (scope, key.epoch), Arc::clone(&key.key));
        remember(&mut cache.current, scope, (key.epoch, now));
    }

    /// Drops everything known of a scope.
    pub(crate) fn forget(&self, scope: Scope) {
        let mut cache = self.cache();
        cache.opened.retain(|(owner, _), _| *owner != scope);
        cache.current.remove(&scope);
        cache.digests.remove(&scope);
    }
}

/// What wraps a key is bound to whose key it is and which.
pub(crate) fn key_identity(scope: Scope, epoch: i64) -> Vec<u8> {
    identity(&["scope key", &scope.to_string(), &epoch.to_string()])
}

/// A row's identity, the associated data of what is sealed in it: each part with its length.
pub(crate) fn identity(parts: &[&str]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(parts.iter().map(|part| part.len() + 8).sum());
    for part in parts {
        bytes.extend_from_slice(&(part.len() as u64).to_be_bytes());
        bytes.extend_from_slice(part.as_bytes());
    }
    bytes
}

/// A scope key as it is stored.
pub(crate) struct Stored {
    pub(crate) scope: Scope,
    pub(crate) epoch: i64,
    /// `None` once it was destroyed.
    pub(crate) wrapped: Option<Vec<u8>>,
    /// The master key that wrapped it.
    pub(crate) master_key_id: String,
}

impl Stored {
    pub(crate) async fn read(engine: &Engine, scope: Scope, epoch: i64) -> Result<Option<Self>, StoreError> {
        let arguments = vec![scope.to_string().into(), epoch.into()];
        let rows = engine.query(Statement::new(AT_EPOCH, arguments)).await?;
        rows.into_iter()
            .next()
            .map(|mut row| {
                Ok(Self { scope, epoch, wrapped: row.optional_blob()?, master_key_id: row.text()? })
            })
            .transpose()
    }

    /// Opens it; a destroyed key is [`WrapError::Sealed`].
    pub(crate) async fn unwrap(self, wrapper: Arc<dyn KeyWrapper>) -> Result<DataKey, WrapError> {
        let identity = key_identity(self.scope, self.epoch);
        let wrapped = WrappedKey(self.wrapped.ok_or(WrapError::Sealed)?);
        beside(move || wrapper.unwrap(&self.master_key_id, &identity, &wrapped)).await
    }
}

/// Wraps a key with the present master key.
pub(crate) async fn wrap(
    wrapper: Arc<dyn KeyWrapper>,
    scope: Scope,
    epoch: i64,
    key: Arc<DataKey>,
) -> Result<Vec<u8>, StoreError> {
    let identity = key_identity(scope, epoch);
    Ok(beside(move || wrapper.wrap(&identity, &key)).await?.0)
}

/// Asks a master key's holder beside the async tasks, because it may ask a key service.
pub(crate) async fn beside<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, WrapError> + Send + 'static,
) -> Result<T, WrapError> {
    let failed = Err(WrapError::Unavailable("it failed"));
    tokio::task::spawn_blocking(work).await.unwrap_or(failed)
}

/// Stores a new key; a key of that epoch may not exist.
pub(crate) fn add(
    scope: Scope,
    epoch: i64,
    wrapped: Vec<u8>,
    master_key_id: &str,
    now: Timestamp,
    otherwise: StoreError,
) -> Statement {
    let arguments = vec![
        scope.to_string().into(),
        epoch.into(),
        wrapped.into(),
        master_key_id.to_owned().into(),
        now.micros().into(),
    ];
    Statement::new(ADD, arguments).expecting(Expect::One(otherwise))
}

/// Holds inside the writing transaction that the scope was not destroyed since its key was read.
pub(crate) fn still_there(scope: Scope, epoch: i64) -> Statement {
    Statement::new(STILL_THERE, vec![scope.to_string().into(), epoch.into()])
        .expecting(Expect::One(StoreError::UnknownScope))
        .bulk(Bulk::Scopes)
}
