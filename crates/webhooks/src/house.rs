//! Housekeeping: what was counted is told, what is past its time is removed, and what was parked is noted.

use std::sync::Arc;

use jobs::OnPark;
use ledger::{Action, Actor, Entry, Purpose};
use store::{Kind, Store, StoreError};
use tokio::sync::watch;

use crate::alert::{self, Alert, JOB_PARKED, LogLevel, NewAlert};
use crate::delivery::Webhooks;
use crate::limits::{ALERTS_COUNT, ALERTS_KEPT, DELIVERIES_COUNT, DELIVERIES_KEPT, SWEEP_EVERY, SWEEP_ROWS};
use crate::log::WebhookDelivery;

/// How the ledger calls the parking of a job.
const PARK: Action = Action("park_job");

/// What is written with a parked job: an entry in the ledger, and an alert for the account it was for.
pub fn note_parked(store: &Store) -> OnPark {
    let store = store.clone();
    Arc::new(move |batch, lease, reason| {
        let entry = Entry {
            actor: Actor::System,
            action: PARK,
            sids: vec![lease.id.clone(), lease.queue.clone(), reason.as_str().to_owned()],
            fields: &[],
            purpose: Purpose::Administration,
            source: None,
        };
        batch.record(entry.to_bytes());
        if lease.scope.account_sid().is_none() {
            return;
        }
        alert::raise(batch, NewAlert::now(&store, JOB_PARKED, LogLevel::Error));
    })
}

impl Webhooks {
    /// Keeps house until `stop` becomes true, and once more then.
    pub async fn keep_house(self, stop: watch::Receiver<bool>) {
        let tell = async || {
            if let Err(error) = self.tell_counted().await {
                tracing::warn!(%error, "counted alerts could not be told; their deliveries are in the log");
            }
        };
        let mut rounds = jobs::Rounds::every(SWEEP_EVERY, stop);
        while rounds.next().await {
            tell().await;
            if let Err(error) = self.sweep().await {
                tracing::warn!(%error, "old alerts and deliveries could not be removed; the next round tries again");
            }
        }
        tell().await;
    }

    /// Raises one alert for each kind of which some were counted and none followed.
    ///
    /// # Errors
    /// [`StoreError`]; what was counted is in the delivery log all the same.
    pub async fn tell_counted(&self) -> Result<(), StoreError> {
        let store = &self.inner.store;
        let now = store.clock().now();
        let over = self.floods().over(now);
        for (subject, untold) in over {
            let mut batch = store.batch(subject.scope);
            let new = NewAlert::now(store, subject.error_code, LogLevel::Error);
            let (request_method, request_url) = (untold.method, untold.url);
            // The alert itself stands for one of them.
            let repeats = untold.count - 1;
            alert::raise(&mut batch, NewAlert { request_method, request_url, repeats, ..new });
            store.commit(batch).await?;
        }
        Ok(())
    }

    /// Removes alerts and deliveries that are past their time or too many, of every account.
    ///
    /// # Errors
    /// [`StoreError`]; the next sweep goes on.
    pub async fn sweep(&self) -> Result<(), StoreError> {
        let now = self.inner.store.clock().now();
        for scope in self.inner.store.scopes().await? {
            if scope.account_sid().is_some() {
                self.expire::<Alert>(scope, now.minus(ALERTS_KEPT), ALERTS_COUNT).await?;
                self.expire::<WebhookDelivery>(scope, now.minus(DELIVERIES_KEPT), DELIVERIES_COUNT).await?;
            }
        }
        Ok(())
    }

    async fn expire<K: Kind>(
        &self,
        scope: store::Scope,
        before: base::Timestamp,
        keep: u64,
    ) -> Result<(), StoreError> {
        let scoped = self.inner.store.scope(scope);
        while scoped.expire::<K>(before, keep, SWEEP_ROWS).await? == SWEEP_ROWS as u64 {}
        Ok(())
    }
}
