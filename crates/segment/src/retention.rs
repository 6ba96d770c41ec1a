//! When events go: after as many days as their workspace says (ART-CTRL-RETAIN).
//!
//! An event that a destination has not been given yet is kept for [`limits::HELD`] more, and no longer: a destination
//! that waits for an approval must not make PHI stay for ever.

use std::sync::Arc;
use std::time::Duration;

use base::{Timestamp, WorkspaceSid};
use kit::Services;
use store::{Query, Scope, StoreError};
use tokio::sync::watch;

use crate::limits;
use crate::records::Workspace;

const DAY_SECONDS: u64 = 86_400;

/// Removes what is too old, of every workspace.
#[derive(Clone)]
pub struct Retention {
    services: Arc<Services>,
}

impl Retention {
    /// One for the whole process; several processes do no harm.
    pub fn new(services: Arc<Services>) -> Self {
        Self { services }
    }

    /// Sweeps until `stop` becomes true.
    pub async fn keep_house(self, stop: watch::Receiver<bool>) {
        let mut rounds = jobs::Rounds::every(limits::SWEEP_EVERY, stop);
        while rounds.next().await {
            if let Err(error) = self.sweep().await {
                tracing::warn!(%error, "old events could not be removed; the next round tries again");
            }
        }
    }

    /// Removes the events that are too old. Returns how many rows of the log there were.
    ///
    /// # Errors
    /// [`StoreError`]; the next sweep goes on.
    pub async fn sweep(&self) -> Result<u64, StoreError> {
        let store = &self.services.store;
        let mut removed = 0;
        for scope in store.scopes().await? {
            if scope.account_sid().is_none() {
                continue;
            }
            let query = Query { limit: limits::WORKSPACES, ..Query::default() };
            for workspace in store.scope(scope).list::<Workspace>(query).await?.documents {
                let days = workspace.facts.kept_days.unwrap_or(limits::KEPT_DAYS);
                removed += self.sweep_workspace(workspace.sid, days).await?;
            }
        }
        Ok(removed)
    }

    async fn sweep_workspace(&self, workspace: WorkspaceSid, days: u32) -> Result<u64, StoreError> {
        let scoped = self.services.store.scope(Scope::workspace(workspace));
        let too_old = self.services.now().minus(Duration::from_secs(u64::from(days) * DAY_SECONDS));
        let before = self.not_waited_for(workspace, too_old).await?;
        let mut removed = 0;
        while removed < limits::SWEEP_MOST {
            let rows = scoped.expire_events(before, limits::SWEEP_ROWS).await?;
            removed += rows;
            if rows < limits::SWEEP_ROWS as u64 {
                break;
            }
        }
        if removed > 0 {
            tracing::info!(%workspace, rows = removed, "events that were too old are removed");
        }
        Ok(removed)
    }

    /// When the first event was received that may not go yet.
    async fn not_waited_for(
        &self,
        workspace: WorkspaceSid,
        too_old: Timestamp,
    ) -> Result<Timestamp, StoreError> {
        let scoped = self.services.store.scope(Scope::workspace(workspace));
        let mut before = too_old;
        for consumer in scoped.consumers().await? {
            if let Some(first) = scoped.first_event_behind(&consumer.stream, consumer.done_up_to()).await? {
                before = before.min(first);
            }
        }
        let longest = too_old.minus(limits::HELD);
        if before < longest {
            tracing::warn!(%workspace, "events go that a destination was not given in all the time they were kept");
        }
        Ok(before.max(longest))
    }
}
