//! Who makes a change: a caller of the API, or the set-up of the first account. Service functions take
//! one, so that whatever they write carries its ledger entry.

use base::{Random, Timestamp};
use errors::Result;
use kit::{Caller, Services};
use ledger::{Action, Actor, Entry, Purpose};
use store::{Batch, Scope, Store};

/// Protected fields an answer shows, by their API names.
pub(crate) type Fields = &'static [&'static str];

/// Nothing protected is shown.
pub(crate) const NOTHING: Fields = &[];

/// Who makes a change, with the entry it will leave.
pub(crate) struct Author<'a> {
    pub(crate) services: &'a Services,
    entry: Entry,
}

impl<'a> Author<'a> {
    /// The caller of a route.
    pub(crate) fn of(caller: &'a Caller) -> Self {
        Self { services: &caller.services, entry: caller.entry(Vec::new(), NOTHING) }
    }

    /// The operator, at the machine.
    pub(crate) fn operator(services: &'a Services, operation: &'static str) -> Self {
        let entry = Entry {
            actor: Actor::Operator,
            action: Action(operation),
            sids: Vec::new(),
            fields: NOTHING,
            purpose: Purpose::Administration,
            source: None,
        };
        Self { services, entry }
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.services.now()
    }

    pub(crate) fn store(&self) -> &Store {
        &self.services.store
    }

    pub(crate) fn random(&self) -> &dyn Random {
        self.services.store.random().as_ref()
    }

    /// Whether it is the operator.
    pub(crate) fn is_operator(&self) -> bool {
        self.entry.actor == Actor::Operator
    }

    /// The SID of whoever acts, as a designation keeps it.
    pub(crate) fn name(&self) -> String {
        self.entry.actor.to_string()
    }

    /// Adds the entry to the ledger of `scope` as well, for a change that reaches into several.
    pub(crate) fn record(&self, batch: &mut Batch, scope: Scope, sids: Vec<String>) {
        batch.in_scope(scope);
        batch.record(Entry { sids, ..self.entry.clone() }.to_bytes());
    }

    /// Commits the batch with its entry, which goes into the ledger of `scope`.
    pub(crate) async fn commit(
        &self,
        mut batch: Batch,
        scope: Scope,
        sids: Vec<String>,
        fields: Fields,
    ) -> Result<()> {
        batch.in_scope(scope);
        let entry = Entry { sids, fields, ..self.entry.clone() };
        ledger::commit(self.store(), batch, &entry).await?;
        Ok(())
    }
}
