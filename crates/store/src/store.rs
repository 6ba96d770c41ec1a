//! The store itself.

use std::path::PathBuf;
use std::sync::Arc;

use base::{Clock, Random};
use phi::{Digest, KeyWrapper};

use crate::{Batch, Committed, Jobs, Journal, Located, Name, OpenError, Scope, Scoped, StoreError};

/// Which database to use.
#[derive(Clone)]
pub enum Database {
    /// An SQLite file, made when absent.
    Sqlite(PathBuf),
    /// A PostgreSQL URL.
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
    clock: Arc<dyn Clock>,
    random: Arc<dyn Random>,
}

#[allow(unused_variables)]
impl Store {
    /// Opens the database.
    ///
    /// # Errors
    /// [`OpenError`].
    pub async fn open(options: Options) -> Result<Self, OpenError> {
        unimplemented!()
    }

    /// The documents of one scope.
    pub fn scope(&self, scope: Scope) -> Scoped {
        Scoped { store: self.clone(), scope }
    }

    /// An empty unit of work.
    pub fn batch(&self, scope: Scope) -> Batch {
        Batch::new(scope)
    }

    /// Writes a batch; it is on disk when this returns.
    ///
    /// # Errors
    /// [`StoreError`]; nothing of the batch was written then.
    pub async fn commit(&self, batch: Batch) -> Result<Committed, StoreError> {
        unimplemented!()
    }

    /// Looks a name up in the directory.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn locate(&self, name: &Name) -> Result<Option<Located>, StoreError> {
        unimplemented!()
    }

    /// A digest under the system's key, the same for the life of the database.
    pub fn system_digest(&self, label: &str, value: &[u8]) -> Digest {
        unimplemented!()
    }

    /// The queues.
    pub fn jobs(&self) -> Jobs {
        Jobs(self.clone())
    }

    /// The journal.
    pub fn journal(&self) -> Journal {
        Journal(self.clone())
    }

    /// Where "now" comes from.
    pub fn clock(&self) -> &Arc<dyn Clock> {
        &self.inner.clock
    }

    /// Where randomness comes from.
    pub fn random(&self) -> &Arc<dyn Random> {
        &self.inner.random
    }

    /// Master-key rotation: re-wraps every scope key in one transaction and returns how many.
    ///
    /// # Errors
    /// [`StoreError`]; all keys are still under the old master key then.
    pub async fn rewrap_keys(&self, to: Arc<dyn KeyWrapper>) -> Result<u64, StoreError> {
        unimplemented!()
    }

    /// Gives the scope a new key for new writes and returns its epoch; older epochs stay readable.
    ///
    /// # Errors
    /// [`StoreError::UnknownScope`].
    pub async fn rotate_scope_key(&self, scope: Scope) -> Result<u32, StoreError> {
        unimplemented!()
    }

    /// Crypto-shredding: deletes the scope's keys; nothing of the scope opens any more.
    ///
    /// # Errors
    /// [`StoreError::UnknownScope`].
    pub async fn destroy_scope(&self, scope: Scope) -> Result<(), StoreError> {
        unimplemented!()
    }

    /// Finishes what was submitted and closes the database.
    pub async fn close(self) {
        unimplemented!()
    }
}
