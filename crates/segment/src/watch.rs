//! Looks after what people have to look after: quarantines that nobody reviews (`PRO-PLAN-2`), and fields that nobody
//! classifies (`PRIV-INBOX-1`). What waits for too long is an alert of the account, once a day, and a gauge of the
//! metrics; it is looked for every [`limits::WATCH_EVERY`].

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use base::{AccountSid, SourceSid, Timestamp, WorkspaceSid};
use kit::Services;
use ledger::{Action, Actor, Entry, Purpose};
use store::{Document, Query, Scope, Scoped, StoreError};
use tokio::sync::watch;
use webhooks::alert::{FIELDS_UNCLASSIFIED, QUARANTINE_UNREVIEWED, raise};
use webhooks::{LogLevel, NewAlert};

use crate::classify::records::Policy;
use crate::classify::resources::{is_late, oldest_unclassified};
use crate::limits;
use crate::records::{Source, Workspace};

/// Watches over all workspaces.
#[derive(Clone)]
pub struct Watch {
    services: Arc<Services>,
    measures: Arc<WatchMeasures>,
}

/// What the last look found, for the metrics.
#[derive(Debug, Default)]
pub struct WatchMeasures {
    oldest_unreviewed_seconds: AtomicU64,
    overdue_quarantines: AtomicU64,
    overdue_inboxes: AtomicU64,
}

impl WatchMeasures {
    /// For how long the event waits that waits longest in a quarantine.
    pub fn oldest_unreviewed_seconds(&self) -> u64 {
        self.oldest_unreviewed_seconds.load(Ordering::Relaxed)
    }

    /// Quarantines in which one waits for longer than it may.
    pub fn overdue_quarantines(&self) -> u64 {
        self.overdue_quarantines.load(Ordering::Relaxed)
    }

    /// Workspaces in which a field waits for longer than it may.
    pub fn overdue_inboxes(&self) -> u64 {
        self.overdue_inboxes.load(Ordering::Relaxed)
    }
}

/// What a look has found so far.
#[derive(Default)]
struct Found {
    oldest: Duration,
    quarantines: u64,
    inboxes: u64,
}

impl Watch {
    /// One for the whole process; several processes raise each alert once.
    pub fn new(services: Arc<Services>) -> Self {
        Self { services, measures: Arc::default() }
    }

    /// What it has found.
    pub fn measures(&self) -> Arc<WatchMeasures> {
        Arc::clone(&self.measures)
    }

    /// Looks until `stop` becomes true.
    pub async fn keep_watch(self, stop: watch::Receiver<bool>) {
        let mut rounds = jobs::Rounds::every(limits::WATCH_EVERY, stop);
        while rounds.next().await {
            if let Err(error) = self.look().await {
                tracing::warn!(%error, "workspaces could not be looked after; the next round tries again");
            }
        }
    }

    /// Looks at every workspace once.
    ///
    /// # Errors
    /// [`StoreError`]; the next look goes on.
    pub async fn look(&self) -> Result<(), StoreError> {
        let store = &self.services.store;
        let mut found = Found::default();
        for scope in store.scopes().await? {
            let Some(account) = scope.account_sid() else { continue };
            let query = Query { limit: limits::WORKSPACES, ..Query::default() };
            for workspace in store.scope(scope).list::<Workspace>(query).await?.documents {
                self.look_at(account, &workspace, &mut found).await?;
            }
        }
        self.measures.oldest_unreviewed_seconds.store(found.oldest.as_secs(), Ordering::Relaxed);
        self.measures.overdue_quarantines.store(found.quarantines, Ordering::Relaxed);
        self.measures.overdue_inboxes.store(found.inboxes, Ordering::Relaxed);
        Ok(())
    }

    async fn look_at(
        &self,
        account: AccountSid,
        workspace: &Document<Workspace>,
        found: &mut Found,
    ) -> Result<(), StoreError> {
        let now = self.services.now();
        let scoped = self.services.store.scope(Scope::workspace(workspace.sid));
        for source in quarantines(&scoped).await? {
            let Some(since) = unreviewed_since(&scoped, &source).await? else { continue };
            found.oldest = found.oldest.max(now.since(since));
            if !is_overdue(since, now) {
                continue;
            }
            found.quarantines += 1;
            if is_due(source.facts.alerted_at, now) {
                let mut alerted = source;
                alerted.facts.alerted_at = Some(now.micros());
                let resource = alerted.sid.to_string();
                let mut batch = self.services.store.batch(scoped.scope());
                batch.update(&alerted);
                self.alert(account, batch, QUARANTINE_UNREVIEWED, workspace.sid, resource).await?;
            }
        }
        if !oldest_unclassified(&self.services.store, workspace.sid).await?.is_some_and(|at| is_late(at, now))
        {
            return Ok(());
        }
        found.inboxes += 1;
        // Where nobody has ever spoken about a field nobody has chosen to; a HIPAA workspace has no choice.
        let policy = scoped.get::<Policy>(workspace.sid).await?;
        if policy.is_none() && !workspace.facts.is_hipaa() {
            return Ok(());
        }
        if is_due(workspace.facts.inbox_alerted_at, now) {
            let mut alerted = workspace.clone();
            alerted.facts.inbox_alerted_at = Some(now.micros());
            let mut batch = self.services.store.batch(Scope::account(account));
            batch.update(&alerted);
            let resource = workspace.sid.to_string();
            self.alert(account, batch, FIELDS_UNCLASSIFIED, workspace.sid, resource).await?;
        }
        Ok(())
    }

    /// Raises an alert together with the note that it was raised: whoever is second conflicts and raises none.
    async fn alert(
        &self,
        account: AccountSid,
        mut batch: store::Batch,
        code: u32,
        workspace: WorkspaceSid,
        resource: String,
    ) -> Result<(), StoreError> {
        batch.in_scope(Scope::account(account));
        let alert = NewAlert::now(&self.services.store, code, LogLevel::Warning);
        raise(&mut batch, NewAlert { resource_sid: Some(resource.clone()), ..alert });
        let entry = Entry {
            actor: Actor::System,
            action: Action("raise_review_alert"),
            sids: vec![workspace.to_string(), resource],
            fields: &[],
            purpose: Purpose::Administration,
            source: None,
        };
        match ledger::commit(&self.services.store, batch, &entry).await {
            Ok(_) | Err(StoreError::Conflict) => Ok(()),
            Err(error) => Err(error),
        }
    }
}

/// The sources that others forward blocked events to.
async fn quarantines(scoped: &Scoped) -> Result<Vec<Document<Source>>, StoreError> {
    let query = Query { limit: limits::SOURCES, ..Query::default() };
    let sources = scoped.list::<Source>(query).await?.documents;
    let targets: BTreeSet<SourceSid> =
        sources.iter().filter_map(|source| source.facts.schema.blocked_to()).collect();
    Ok(sources.into_iter().filter(|source| targets.contains(&source.sid)).collect())
}

/// Since when the first event waits that nobody has reviewed.
pub(crate) async fn unreviewed_since(
    scoped: &Scoped,
    source: &Document<Source>,
) -> Result<Option<Timestamp>, StoreError> {
    scoped.first_event_behind(&source.sid.to_string(), source.facts.reviewed_up_to).await
}

/// Whether it waits for longer than it may.
pub(crate) fn is_overdue(since: Timestamp, now: Timestamp) -> bool {
    since < now.minus(limits::QUARANTINE_REVIEW)
}

/// Whether an alert is due again.
fn is_due(alerted_at: Option<i64>, now: Timestamp) -> bool {
    alerted_at.is_none_or(|at| Timestamp::from_micros(at) < now.minus(limits::ALERT_AGAIN))
}
