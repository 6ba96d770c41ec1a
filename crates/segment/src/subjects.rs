//! Whom events are about: their SIDs, their keys, and whether they are suppressed.
//!
//! What is known is kept in memory until something steady changes anywhere, as a suppression or a deletion does: so it
//! is never older than the question (`store::steady`). The batch that writes checks once more that the keys are there.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use base::{SubjectSid, Timestamp, WorkspaceSid};
use phi::{DigestKey, Phi};
use store::{Scope, Store, StoreError, Subject, SubjectKey};

use crate::limits;
use crate::records::{deletion_name, suppression_name};

/// The kinds of id, which never meet: a device called `1` is not the person `1`.
const USER: &str = "segment user";
const ANONYMOUS: &str = "segment anonymous";

/// The subject that a user id names.
pub(crate) fn user(key: &DigestKey, id: &Phi<String>) -> SubjectSid {
    Subject::sid(&id.digest(key, USER))
}

/// The subject that an anonymous id names.
pub(crate) fn anonymous(key: &DigestKey, id: &Phi<String>) -> SubjectSid {
    Subject::sid(&id.digest(key, ANONYMOUS))
}

/// What is known of a subject.
#[derive(Clone)]
pub(crate) enum Known {
    /// Nothing of it is taken.
    Suppressed,
    /// It has a key.
    Key(Arc<SubjectKey>),
    /// It was never there, or was deleted.
    New,
}

/// What is remembered; new ones are not.
#[derive(Default)]
pub(crate) struct Memory {
    known: Mutex<Subjects<Known>>,
    deleted: Mutex<Subjects<Option<Timestamp>>>,
}

/// Something of each subject of each workspace.
type Subjects<T> = HashMap<(WorkspaceSid, SubjectSid), T>;

impl Memory {
    /// What is remembered now.
    pub(crate) async fn now(store: &Store) -> Result<Arc<Self>, StoreError> {
        store.steady("segment subjects".to_owned(), |_| async { Ok(Self::default()) }).await
    }

    fn lock(&self) -> MutexGuard<'_, Subjects<Known>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// When a subject was deleted last.
    pub(crate) async fn deleted_at(
        &self,
        store: &Store,
        workspace: WorkspaceSid,
        sid: SubjectSid,
    ) -> Result<Option<Timestamp>, StoreError> {
        let lock = || self.deleted.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = lock().get(&(workspace, sid)) {
            return Ok(*known);
        }
        let located = store.locate(&deletion_name(workspace, sid)).await?;
        let at = located.and_then(|located| located.sid.parse().ok()).map(Timestamp::from_micros);
        let mut deleted = lock();
        if deleted.len() >= limits::SUBJECTS {
            deleted.clear();
        }
        deleted.insert((workspace, sid), at);
        Ok(at)
    }

    /// What is known of a subject.
    pub(crate) async fn look(
        &self,
        store: &Store,
        workspace: WorkspaceSid,
        sid: SubjectSid,
    ) -> Result<Known, StoreError> {
        if let Some(known) = self.lock().get(&(workspace, sid)) {
            return Ok(known.clone());
        }
        let known = if store.locate(&suppression_name(workspace, sid)).await?.is_some() {
            Known::Suppressed
        } else {
            match store.scope(Scope::workspace(workspace)).subject_key(sid).await? {
                Some(key) => Known::Key(Arc::new(key)),
                None => return Ok(Known::New),
            }
        };
        self.keep(workspace, sid, known.clone());
        Ok(known)
    }

    /// Remembers a subject.
    pub(crate) fn keep(&self, workspace: WorkspaceSid, sid: SubjectSid, known: Known) {
        let mut known_subjects = self.lock();
        if known_subjects.len() >= limits::SUBJECTS {
            known_subjects.clear();
        }
        known_subjects.insert((workspace, sid), known);
    }

    /// Forgets a subject that turned out to be another's affair.
    pub(crate) fn forget(&self, workspace: WorkspaceSid, sid: SubjectSid) {
        self.lock().remove(&(workspace, sid));
    }
}
