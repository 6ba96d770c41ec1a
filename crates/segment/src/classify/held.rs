//! The fields of a workspace as events are walked against them: read once for each revision of its policy, and added to
//! as fields are detected.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use base::WorkspaceSid;
use paths::Path;
use privacy::{Door, Fields, Matchers, State};
use store::{Document, Query, Scope, Scoped, Store, StoreError};

use super::records::{Field, FieldFacts, Policy, PolicyFacts};
use crate::limits;

/// What is known of a workspace's fields.
pub(crate) struct Held {
    /// Of the policy; 0 for none. With whether it is a HIPAA workspace it says whether this is still so.
    revision: i64,
    is_hipaa: bool,
    pub(crate) policy: PolicyFacts,
    pub(crate) matchers: Matchers,
    pub(crate) fields: Fields,
}

/// The workspaces that are held.
#[derive(Default)]
pub(crate) struct Classified {
    held: Mutex<HashMap<WorkspaceSid, Arc<Held>>>,
    reading: tokio::sync::Mutex<()>,
}

impl Classified {
    fn lock(&self) -> MutexGuard<'_, HashMap<WorkspaceSid, Arc<Held>>> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn recall(&self, workspace: WorkspaceSid, revision: i64, is_hipaa: bool) -> Option<Arc<Held>> {
        let held = self.lock().get(&workspace).cloned();
        held.filter(|held| held.revision >= revision && held.is_hipaa == is_hipaa)
    }

    /// What is known, as of this revision of the policy or a later one.
    pub(crate) async fn of(
        &self,
        store: &Store,
        workspace: WorkspaceSid,
        revision: i64,
        is_hipaa: bool,
    ) -> Result<Arc<Held>, StoreError> {
        if let Some(held) = self.recall(workspace, revision, is_hipaa) {
            return Ok(held);
        }
        let _one = self.reading.lock().await;
        if let Some(held) = self.recall(workspace, revision, is_hipaa) {
            return Ok(held);
        }
        let held = Arc::new(read(store, workspace, is_hipaa).await?);
        self.keep(workspace, Arc::clone(&held));
        Ok(held)
    }

    /// Remembers what was added.
    pub(crate) fn keep(&self, workspace: WorkspaceSid, held: Arc<Held>) {
        let mut all = self.lock();
        if all.len() >= limits::CLASSIFIED_WORKSPACES && !all.contains_key(&workspace) {
            all.clear();
        }
        all.insert(workspace, held);
    }

    /// Forgets a workspace of which somebody else knows more.
    pub(crate) fn forget(&self, workspace: WorkspaceSid) {
        self.lock().remove(&workspace);
    }
}

impl Held {
    /// What happens to an event with something red that there is no room to list.
    pub(crate) fn door_of_unlisted(&self) -> Door {
        match self.is_hipaa && self.policy.red_door(true) != Door::Keep {
            true => Door::DropEvent,
            false => Door::Keep,
        }
    }

    /// The same with these besides.
    pub(crate) fn with<'a>(&self, added: impl Iterator<Item = (&'a Path, &'a FieldFacts)>) -> Self {
        let policy = self.policy.clone();
        let mut fields = self.fields.clone();
        for (path, facts) in added {
            fields.insert(path, state(facts, &policy, self.is_hipaa));
        }
        // They were ready before.
        let matchers = Matchers::new(&policy.matchers).unwrap_or_default();
        Self { revision: self.revision, is_hipaa: self.is_hipaa, policy, matchers, fields }
    }
}

fn state(facts: &FieldFacts, policy: &PolicyFacts, is_hipaa: bool) -> State {
    let recommended = facts.recommended.as_ref().map(|(_, colour)| *colour);
    State::new(facts.colour, recommended, facts.at_ingest(policy, is_hipaa), facts.sources())
}

/// Reads what is known now.
pub(crate) async fn read(store: &Store, workspace: WorkspaceSid, is_hipaa: bool) -> Result<Held, StoreError> {
    let scoped = store.scope(Scope::workspace(workspace));
    // The policy first: what is changed meanwhile raises its revision, and is read again then.
    let policy = scoped.get::<Policy>(workspace).await?;
    let (revision, policy) =
        policy.map_or((0, PolicyFacts::default()), |policy| (policy.revision, policy.facts));
    let mut fields = Fields::default();
    each(&scoped, |path, facts| fields.insert(path, state(facts, &policy, is_hipaa))).await?;
    let matchers = Matchers::new(&policy.matchers).unwrap_or_else(|_| {
        tracing::warn!(%workspace, "a matcher cannot be used any more");
        Matchers::default()
    });
    Ok(Held { revision, is_hipaa, policy, matchers, fields })
}

/// Calls for every field that is kept.
pub(crate) async fn each(
    scoped: &Scoped,
    mut found: impl FnMut(&Path, &FieldFacts),
) -> Result<(), StoreError> {
    let mut cursor = None;
    loop {
        let query = Query { limit: limits::FIELD_ROWS, cursor, ..Query::default() };
        let listed = scoped.list::<Field>(query).await?;
        for document in &listed.documents {
            tell(document, &mut found);
        }
        match listed.next {
            Some(next) => cursor = Some(next),
            None => return Ok(()),
        }
    }
}

/// Where it stands is learned for comparing alone: nothing that holds it can be printed.
fn tell(document: &Document<Field>, found: &mut impl FnMut(&Path, &FieldFacts)) {
    let Some(content) = &document.content else { return };
    content.learn(|name| found(&name.path(), &document.facts));
}

/// The doors of what is red now, whatever happens to it at ingest: what does not leave, and what is purged.
pub(crate) async fn red(scoped: &Scoped) -> Result<Fields, StoreError> {
    let mut fields = Fields::default();
    each(scoped, |path, facts| {
        if facts.colour == Some(privacy::Colour::Red) {
            fields.insert(path, State::new(facts.colour, None, Door::DropField, Vec::new()));
        }
    })
    .await?;
    Ok(fields)
}
