//! What an operator has done to a database, whether it is served at the moment or not.
//!
//! An order is carried out by whoever has the database open: the running server, which takes orders on a
//! socket in its data folder (`control`), or else the command itself.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use backup::{Progress, SecretFile};
use blobs::Blobs;
use ledger::{Action, Actor, Entry, Purpose};
use phi::KeyWrapper;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use store::{Moved, Rewrap, Scope, Store, StoreError};
use tokio::sync::watch;

use crate::data_folder::DataFolder;
use crate::inside;
use crate::problem::{Problem, Result};

/// How often a step is tried that another walk got in the way of.
const STEP_ATTEMPTS: u32 = 5;

/// What is to be done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "order", rename_all = "kebab-case", deny_unknown_fields)]
pub(crate) enum Order {
    /// Say how the keys are kept.
    KeysStatus,
    /// Say what an audit of this program rests on: settings, designations, ledger, keys.
    Evidence,
    /// Give every scope a new key whose present one is at least this old.
    KeysRotate {
        /// In seconds.
        older_than_s: u64,
    },
    /// Move keys to the present master key.
    KeysRewrap {
        /// Also those that it wrapped itself.
        all: bool,
    },
    /// Make a backup.
    Backup {
        /// The folder, as an absolute path.
        to: PathBuf,
    },
}

/// Makes the holder of the master key from the configuration as it is now.
pub(crate) type HolderSource = Arc<dyn Fn() -> Result<Arc<dyn KeyWrapper>> + Send + Sync>;

/// What orders are carried out on.
#[derive(Clone)]
pub(crate) struct Maintenance {
    pub(crate) store: Store,
    pub(crate) data: DataFolder,
    pub(crate) blobs: Blobs,
    pub(crate) holder: HolderSource,
}

impl Maintenance {
    /// Carries an order out and says what came of it.
    ///
    /// # Errors
    /// When it could not be done; the text says why. What was done of a walk stays done.
    pub(crate) async fn carry_out(&self, order: Order, progress: watch::Sender<Progress>) -> Result<Value> {
        match order {
            Order::KeysStatus => self.status().await,
            Order::Evidence => {
                let seen = inside::see(&self.store).await?;
                serde_json::to_value(seen).map_err(|_| Problem::new("what was seen cannot be encoded"))
            }
            Order::KeysRotate { older_than_s } => self.rotate(older_than_s, &progress).await,
            Order::KeysRewrap { all } => self.rewrap(all, &progress).await,
            Order::Backup { to } => self.back_up(to, progress).await,
        }
    }

    async fn status(&self) -> Result<Value> {
        let status = self.store.rotation().status().await?;
        let wrapped: Vec<_> =
            status.wrapped_by.iter().map(|(id, keys)| json!({ "master_key": id, "keys": keys })).collect();
        Ok(json!({
            "master_key": status.master_key_id,
            "wrapped": wrapped,
            "scopes": status.scopes,
            "oldest_key_made_at": status.oldest.map(base::Timestamp::iso8601),
        }))
    }

    async fn rotate(&self, older_than_s: u64, progress: &watch::Sender<Progress>) -> Result<Value> {
        let made_before = self.store.clock().now().minus(Duration::from_secs(older_than_s));
        let total = self.store.rotation().status().await?.scopes;
        let mut rotated = 0;
        loop {
            let rotation = self.store.rotation();
            let step =
                again(|| rotation.rotate(made_before, |scopes| entry("rotate_keys", scopes).to_bytes()))
                    .await?;
            if step.keys == 0 {
                return Ok(json!({ "rotated": rotated }));
            }
            rotated += step.keys;
            progress.send_replace(Progress { done: rotated, total });
        }
    }

    async fn rewrap(&self, all: bool, progress: &watch::Sender<Progress>) -> Result<Value> {
        let rotation = self.store.rotation();
        rotation.use_holder((self.holder)()?).await?;
        let which = if all { Rewrap::All } else { Rewrap::OtherMasterKeys };
        let status = rotation.status().await?;
        let is_concerned = |id: &String| all || *id != status.master_key_id;
        let concerned = status.wrapped_by.iter().filter(|(id, _)| is_concerned(id));
        let total = concerned.map(|(_, keys)| keys).sum();
        let (mut moved, mut after) = (0, None);
        loop {
            let record = |scopes: &[Scope]| entry("rewrap_keys", scopes).to_bytes();
            let step = again(|| rotation.rewrap(which, after.as_ref(), record)).await?;
            moved += step.keys;
            progress.send_replace(Progress { done: moved, total });
            if step.next.is_none() {
                return Ok(json!({ "rewrapped": moved, "master_key": status.master_key_id }));
            }
            after = step.next;
        }
    }

    async fn back_up(&self, to: PathBuf, progress: watch::Sender<Progress>) -> Result<Value> {
        if !to.is_absolute() {
            return Err(Problem::new("the backup's folder is not an absolute path"));
        }
        let files: Vec<SecretFile> = self.data.files_for_backup()?;
        let wrapper = (self.holder)()?;
        let tell = move |now| {
            progress.send_replace(now);
        };
        let made = backup::create(&self.store, wrapper, to, files, Some(self.blobs.clone()), tell).await;
        let made = made.map_err(|error| Problem::new(format!("the backup was not made: {error}")))?;
        Ok(json!({
            "content": made.content,
            "keys": made.keys,
            "rows": made.rows,
            "ledger": made.ledger,
        }))
    }
}

/// A step, again when another walk moved the same keys first.
async fn again<F>(step: impl Fn() -> F) -> Result<Moved>
where
    F: Future<Output = Result<Moved, StoreError>>,
{
    let mut attempt = 1;
    loop {
        match step().await {
            Err(StoreError::Conflict) if attempt < STEP_ATTEMPTS => attempt += 1,
            other => return Ok(other?),
        }
    }
}

fn entry(action: &'static str, scopes: &[Scope]) -> Entry {
    Entry {
        actor: Actor::Operator,
        action: Action(action),
        sids: scopes.iter().map(ToString::to_string).collect(),
        fields: &[],
        purpose: Purpose::Administration,
        source: None,
    }
}
