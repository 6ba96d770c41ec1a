//! Moving keys while everything goes on: scope keys to another master key, scopes to a new key.
//!
//! Both are walks in bounded steps. A step reads some keys, asks the master key's holder, and writes the
//! result with its journal entry in one batch, conditional on what it has read. So a walk that was
//! interrupted goes on where it stopped, two walks at once do no harm, and no key is unreadable at any
//! moment: every process opens what either master key wrapped (`phi::Keyring`).

use std::sync::Arc;

use base::Timestamp;
use phi::{DataKey, KeyWrapper, WrapError, WrappedKey};

use crate::keys::{self, ScopeKey, Stored, beside, key_identity};
use crate::sql::{Expect, Prepared, Row, Statement, Step};
use crate::{Scope, Store, StoreError, limits};

const BY_HOLDER: &str = "SELECT master_key_id, count(*) FROM scope_keys WHERE wrapped IS NOT NULL
    GROUP BY master_key_id ORDER BY master_key_id";
const NEWEST: &str = "SELECT k.scope, k.epoch, k.created_at FROM scope_keys k WHERE k.wrapped IS NOT NULL
    AND NOT EXISTS (SELECT 1 FROM scope_keys n WHERE n.scope = k.scope AND n.epoch > k.epoch)";
const TO_REWRAP: &str = "SELECT scope, epoch, wrapped, master_key_id FROM scope_keys
    WHERE wrapped IS NOT NULL AND (scope > $1 OR (scope = $1 AND epoch > $2))
    AND (master_key_id <> $3 OR $4 = 1) ORDER BY scope, epoch LIMIT $5";
const REWRAP: &str =
    "UPDATE scope_keys SET wrapped = $1, master_key_id = $2 WHERE scope = $3 AND epoch = $4 AND wrapped = $5";

/// Looks at the scope keys and moves them.
#[derive(Clone)]
pub struct Rotation(pub(crate) Store);

/// How the scope keys are kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyStatus {
    /// The id of the master key that wraps new keys.
    pub master_key_id: String,
    /// How many keys each master key has wrapped, by its id.
    pub wrapped_by: Vec<(String, u64)>,
    /// How many scopes have a key.
    pub scopes: u64,
    /// When the oldest key that still seals new values was made.
    pub oldest: Option<Timestamp>,
}

/// Which keys are wrapped anew.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rewrap {
    /// Those that another master key wrapped.
    OtherMasterKeys,
    /// Also those of the present master key, which may have a newer version of itself.
    All,
}

/// The place of a key in the order of a walk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyPlace {
    scope: String,
    epoch: i64,
}

/// What one step of a walk did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Moved {
    /// How many keys.
    pub keys: u64,
    /// Where the next step goes on; `None` when there is nothing left.
    pub next: Option<KeyPlace>,
}

impl Rotation {
    /// How the keys are kept now.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn status(&self) -> Result<KeyStatus, StoreError> {
        let engine = self.0.engine();
        let rows = engine.query(Statement::new(BY_HOLDER, Vec::new())).await?;
        let wrapped_by = rows.into_iter().map(|mut row| Ok((row.text()?, row.count()?)));
        let wrapped_by = wrapped_by.collect::<Result<_, StoreError>>()?;
        let sql = format!("SELECT count(*), min(created_at) FROM ({NEWEST}) AS newest");
        let rows = engine.query(Statement::new(sql, Vec::new())).await?;
        let mut row = rows.into_iter().next().ok_or(StoreError::Sealed)?;
        Ok(KeyStatus {
            master_key_id: self.0.keys().wrapper().key_id().to_owned(),
            wrapped_by,
            scopes: row.count()?,
            oldest: row.optional_integer()?.map(Timestamp::from_micros),
        })
    }

    /// Wraps new keys with another holder's master key from now on. It must open what is there: give it a
    /// [`phi::Keyring`] that has the earlier holders too.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] when it does not open the system's key or cannot be asked; the holder
    /// stays the one it was then.
    pub async fn use_holder(&self, to: Arc<dyn KeyWrapper>) -> Result<(), StoreError> {
        // A key that is being wrapped by the old holder is stored before the walk looks for it.
        let _alone = self.0.keys().rotation.write().await;
        let stored = Stored::read(self.0.engine(), Scope::SYSTEM, keys::FIRST_EPOCH).await?;
        stored.ok_or(StoreError::Sealed)?.unwrap(Arc::clone(&to)).await.map_err(|error| match error {
            WrapError::Sealed => StoreError::Unavailable("it does not open the keys that are there".into()),
            other => other.into(),
        })?;
        self.0.keys().set_wrapper(to);
        Ok(())
    }

    /// One step of moving the keys to the present master key, from `after` on; `entry` makes the journal's
    /// entry from the scopes it touched.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] when another walk moved one of the same keys: ask again from `after`;
    /// [`StoreError::Unavailable`] when a holder cannot be asked. Nothing was moved then.
    pub async fn rewrap(
        &self,
        which: Rewrap,
        after: Option<&KeyPlace>,
        entry: impl FnOnce(&[Scope]) -> Vec<u8>,
    ) -> Result<Moved, StoreError> {
        let wrapper = self.0.keys().wrapper();
        let (scope, epoch) = after.map_or((String::new(), 0), |place| (place.scope.clone(), place.epoch));
        let arguments = vec![
            scope.into(),
            epoch.into(),
            wrapper.key_id().to_owned().into(),
            i64::from(which == Rewrap::All).into(),
            step_limit(),
        ];
        let rows = self.0.engine().query(Statement::new(TO_REWRAP, arguments)).await?;
        let mut walked = Walked::default();
        for mut row in rows {
            let (scope, epoch) = walked.note(&mut row)?;
            let (old, master_key_id) = (row.blob()?, row.text()?);
            let (wrapped, identity) = (WrappedKey(old.clone()), key_identity(scope, epoch));
            let holder = Arc::clone(&wrapper);
            let new = beside(move || holder.rewrap(&master_key_id, &identity, &wrapped)).await?;
            let arguments = vec![
                new.0.into(),
                wrapper.key_id().to_owned().into(),
                scope.to_string().into(),
                epoch.into(),
                old.into(),
            ];
            let step = Statement::new(REWRAP, arguments).expecting(Expect::One(StoreError::Conflict));
            walked.steps.push(Step::Run(step));
        }
        walked.write(&self.0, entry).await
    }

    /// One step of giving every scope a new key whose present one was made before `made_before`. What was
    /// sealed under older keys stays readable; other processes use the new ones within
    /// [`limits::CURRENT_KEY_TRUST`]. There is nothing left when a step moves no key.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] when another walk came first: ask again; [`StoreError::Unavailable`] when
    /// the holder cannot be asked. Nothing was changed then.
    pub async fn rotate(
        &self,
        made_before: Timestamp,
        entry: impl FnOnce(&[Scope]) -> Vec<u8>,
    ) -> Result<Moved, StoreError> {
        // The master key must not change between wrapping a key and storing it.
        let _wrapping = self.0.keys().rotation.read().await;
        let now = self.0.clock().now();
        let sql = format!("{NEWEST} AND k.created_at < $1 ORDER BY k.scope LIMIT $2");
        let arguments = vec![made_before.micros().into(), step_limit()];
        let rows = self.0.engine().query(Statement::new(sql, arguments)).await?;
        let wrapper = self.0.keys().wrapper();
        let mut walked = Walked::default();
        let mut made = Vec::with_capacity(rows.len());
        for mut row in rows {
            let (scope, current) = walked.note(&mut row)?;
            let epoch = current + 1;
            let key = Arc::new(DataKey::generate(self.0.random().as_ref()));
            let wrapped = keys::wrap(Arc::clone(&wrapper), scope, epoch, Arc::clone(&key)).await?;
            walked.steps.push(Step::Run(keys::still_there(scope, current)));
            let add = keys::add(scope, epoch, wrapped, wrapper.key_id(), now, StoreError::Conflict);
            walked.steps.push(Step::Run(add));
            made.push((scope, ScopeKey { epoch, key }));
        }
        let moved = walked.write(&self.0, entry).await?;
        for (scope, key) in made {
            self.0.keys().learn(scope, &key, now);
        }
        Ok(moved)
    }
}

fn step_limit() -> crate::sql::Value {
    i64::try_from(limits::ROTATED_KEYS).expect("the limit is small").into()
}

/// What a step has read and is going to write.
#[derive(Default)]
struct Walked {
    scopes: Vec<Scope>,
    last: Option<KeyPlace>,
    steps: Vec<Step>,
    keys: u64,
}

impl Walked {
    /// Reads scope and epoch of the next key.
    fn note(&mut self, row: &mut Row) -> Result<(Scope, i64), StoreError> {
        let (text, epoch) = (row.text()?, row.integer()?);
        let scope = Scope::parse(&text).ok_or(StoreError::Sealed)?;
        if self.scopes.last() != Some(&scope) {
            self.scopes.push(scope);
        }
        self.last = Some(KeyPlace { scope: text, epoch });
        self.keys += 1;
        Ok((scope, epoch))
    }

    async fn write(
        mut self,
        store: &Store,
        entry: impl FnOnce(&[Scope]) -> Vec<u8>,
    ) -> Result<Moved, StoreError> {
        if self.steps.is_empty() {
            return Ok(Moved { keys: 0, next: None });
        }
        let scope = Scope::SYSTEM.to_string();
        self.steps.push(Step::Record { scope, entry: entry(&self.scopes) });
        store.engine().submit(Prepared::new(self.steps)).await?;
        Ok(Moved { keys: self.keys, next: self.last })
    }
}
