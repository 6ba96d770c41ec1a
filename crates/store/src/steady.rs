//! What every request reads and hardly anybody writes (accounts, keys, agreements, numbers) is answered
//! from memory, and is never out of date.
//!
//! A kind says that it is [`Kind::STEADY`]. Every commit that touches such a kind moves the
//! database's *generation*; what was read under one generation holds for as long as that one is the
//! present one. Nothing runs out and nothing is invalidated by hand.
//!
//! With SQLite the generation is a number of this process, moved by the writer between the commit and
//! its answer. With PostgreSQL, which other processes write to as well, it is a row, and finding out
//! the present one is a query; those who want to know while one is under way share the next.

use std::any::{Any, TypeId};
use std::collections::HashMap;
use std::future::Future;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::sql::{Expect, Row, Statement};
use crate::{Document, Kind, Listed, Located, Name, Query, Scope, Store, StoreError, limits};

const READ: &str = "SELECT value FROM steady_generation WHERE id = 1";
const MOVE: &str = "UPDATE steady_generation SET value = value + 1 WHERE id = 1";

/// The statement that a batch ends with when it touches something steady.
pub(crate) fn moved() -> Statement {
    Statement::new(MOVE, Vec::new())
        .expecting(Expect::One(StoreError::Unavailable("the steady generation has no row".into())))
}

/// The statement that reads the generation, for PostgreSQL.
pub(crate) fn read() -> Statement {
    Statement::new(READ, Vec::new()).returning()
}

/// The generation in its row.
pub(crate) fn from_rows(rows: Vec<Row>) -> Result<i64, StoreError> {
    let row = rows.into_iter().next();
    row.ok_or_else(|| StoreError::Unavailable("the steady generation has no row".into()))?.integer()
}

/// The generation of a database that only this process writes to.
pub(crate) type Generation = Arc<AtomicI64>;

/// One query for all who ask while another is under way: an answer serves everybody who asked before
/// its query was sent.
#[derive(Default)]
pub(crate) struct Waves {
    sent: AtomicU64,
    last: tokio::sync::Mutex<(u64, i64)>,
}

impl Waves {
    /// The generation, as of some instant after this call.
    pub(crate) async fn generation<F, R>(&self, query: F) -> Result<i64, StoreError>
    where
        F: FnOnce() -> R,
        R: Future<Output = Result<i64, StoreError>>,
    {
        let seen = self.sent.load(Ordering::SeqCst);
        let mut last = self.last.lock().await;
        if last.0 > seen {
            return Ok(last.1);
        }
        let wave = self.sent.fetch_add(1, Ordering::SeqCst) + 1;
        *last = (wave, query().await?);
        Ok(last.1)
    }
}

/// What was read, by what it is and what it was asked for.
type Answers = HashMap<(TypeId, String), Arc<dyn Any + Send + Sync>>;

/// What is remembered, all of one generation.
#[derive(Default)]
pub(crate) struct Memory(Mutex<(i64, Answers)>);

impl Memory {
    fn lock(&self) -> MutexGuard<'_, (i64, Answers)> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn recall<T: Send + Sync + 'static>(&self, generation: i64, key: &(TypeId, String)) -> Option<Arc<T>> {
        let memory = self.lock();
        if memory.0 != generation {
            return None;
        }
        Arc::clone(memory.1.get(key)?).downcast().ok()
    }

    /// Keeps an answer, unless a later generation has been seen meanwhile. A full memory starts anew.
    fn keep(&self, generation: i64, key: (TypeId, String), answer: Arc<dyn Any + Send + Sync>) {
        let mut memory = self.lock();
        if memory.0 > generation {
            return;
        }
        if memory.0 < generation || memory.1.len() >= limits::STEADY_ANSWERS {
            *memory = (generation, HashMap::new());
        }
        memory.1.insert(key, answer);
    }
}

/// Reads what is steady, and nothing else: a kind that is not does not compile.
#[derive(Clone)]
pub struct Steady(Store);

impl Steady {
    /// [`Store::locate`], for names that change together with something steady.
    ///
    /// # Errors
    /// As there.
    pub async fn locate(&self, name: &Name) -> Result<Option<Located>, StoreError> {
        self.0.locate(name).await
    }

    /// [`crate::Scoped::get`].
    ///
    /// # Errors
    /// As there.
    pub async fn get<K: Kind>(&self, scope: Scope, sid: K::Sid) -> Result<Option<Document<K>>, StoreError> {
        const { assert!(K::STEADY, "only steady kinds can be remembered") };
        self.0.scope(scope).get::<K>(sid).await
    }

    /// [`crate::Scoped::list`].
    ///
    /// # Errors
    /// As there.
    pub async fn list<K: Kind>(&self, scope: Scope, query: Query) -> Result<Listed<K>, StoreError> {
        const { assert!(K::STEADY, "only steady kinds can be remembered") };
        self.0.scope(scope).list::<K>(query).await
    }
}

impl Store {
    /// What `read` answers, from memory as long as nothing steady has changed since it was read. It is
    /// remembered by its type and `key`; errors are not.
    ///
    /// # Errors
    /// Those of `read`; [`StoreError::Unavailable`].
    pub async fn steady<T, F, R>(&self, key: String, read: F) -> Result<Arc<T>, StoreError>
    where
        T: Send + Sync + 'static,
        F: FnOnce(Steady) -> R,
        R: Future<Output = Result<T, StoreError>>,
    {
        let generation = self.engine().generation().await?;
        let key = (TypeId::of::<T>(), key);
        if let Some(answer) = self.memory().recall(generation, &key) {
            return Ok(answer);
        }
        let answer = Arc::new(read(Steady(self.clone())).await?);
        self.memory().keep(generation, key, Arc::<T>::clone(&answer));
        Ok(answer)
    }
}
