//! The SMSC's names of messages, on disk: a receipt may come after a restart and names nothing else.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use messaging::carrier::Reference;
use store::{Batch, Name, Scope, Store, StoreError};
use tokio::sync::Notify;
use tokio::time::{Instant, timeout_at};

use crate::limits::RECEIPT_GRACE;

/// The kind of the directory's names.
const KIND: &str = "smpp-message";
/// Marks a part that is not the last of its text.
const EARLIER_PART: &str = ":part";

/// What the SMSC's name of a part leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Named {
    /// The message.
    pub(crate) reference: Reference,
    /// Whether delivery of this part is delivery of the message.
    pub(crate) is_last: bool,
}

/// The names, and how many of them are about to be written.
pub(crate) struct Names {
    store: Store,
    under_way: AtomicUsize,
    changed: Notify,
}

/// As long as it lives, an unknown name may still become known.
pub(crate) struct UnderWay(Arc<Names>);

impl Drop for UnderWay {
    fn drop(&mut self) {
        self.0.under_way.fetch_sub(1, Ordering::SeqCst);
        self.0.changed.notify_waiters();
    }
}

impl Names {
    pub(crate) fn new(store: Store) -> Arc<Self> {
        Arc::new(Self { store, under_way: AtomicUsize::new(0), changed: Notify::new() })
    }

    /// Announces that names are to come.
    pub(crate) fn announce(self: &Arc<Self>) -> UnderWay {
        self.under_way.fetch_add(1, Ordering::SeqCst);
        UnderWay(Arc::clone(self))
    }

    /// Writes the names of a message's parts, in order. A name that is taken is taken over: an SMSC that
    /// gives an id again has forgotten the message that had it.
    pub(crate) async fn write(
        &self,
        network: &str,
        ids: &[String],
        reference: Reference,
    ) -> Result<(), StoreError> {
        let scope = Scope::account(reference.account);
        // An SMSC may give all parts one id: then its receipt is that of the last one.
        let own = |(index, id): &(usize, &String)| !ids[index + 1..].contains(id);
        let enter = |batch: &mut Batch| {
            for (index, id) in ids.iter().enumerate().filter(own) {
                let mark = if index + 1 == ids.len() { "" } else { EARLIER_PART };
                batch.name(name(network, id), format!("{}{mark}", reference.message));
            }
        };
        let mut batch = self.store.batch(scope);
        enter(&mut batch);
        match self.store.commit(batch).await {
            Err(StoreError::Exists) => {}
            done => return done.map(drop),
        }
        let mut batch = self.store.batch(scope);
        for id in ids {
            if let Some(former) = self.store.locate(&name(network, id)).await? {
                batch.in_scope(former.scope).unname(name(network, id));
            }
        }
        enter(batch.in_scope(scope));
        self.store.commit(batch).await.map(drop)
    }

    /// The message that an id names. While submissions are under way an unknown id is waited for.
    pub(crate) async fn find(&self, network: &str, id: &str) -> Result<Option<Named>, StoreError> {
        let name = name(network, id);
        let give_up = Instant::now() + RECEIPT_GRACE;
        loop {
            // Registered before looking, so that a name written while we look is not missed.
            let changed = self.changed.notified();
            tokio::pin!(changed);
            changed.as_mut().enable();
            let is_final = self.under_way.load(Ordering::SeqCst) == 0;
            if let Some(located) = self.store.locate(&name).await? {
                let message = located.sid.strip_suffix(EARLIER_PART).unwrap_or(&located.sid);
                let reference = located.scope.account_sid().zip(message.parse().ok());
                return Ok(reference.map(|(account, message_sid)| Named {
                    reference: Reference { account, message: message_sid },
                    is_last: message.len() == located.sid.len(),
                }));
            }
            if is_final || timeout_at(give_up, changed).await.is_err() {
                return Ok(None);
            }
        }
    }

    /// Forgets a name after its last receipt.
    pub(crate) async fn forget(
        &self,
        network: &str,
        id: &str,
        reference: Reference,
    ) -> Result<(), StoreError> {
        let mut batch = self.store.batch(Scope::account(reference.account));
        batch.unname(name(network, id));
        self.store.commit(batch).await.map(drop)
    }
}

fn name(network: &str, id: &str) -> Name {
    Name::custom(KIND, &format!("{network}:{id}"))
}
