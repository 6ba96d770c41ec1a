//! What who delivers events asks of this crate: whose a source is, and an event, unless somebody it is about is
//! suppressed or was deleted.

use base::{AccountSid, SourceSid, SubjectSid, WorkspaceSid};
use phi::{DigestKey, Phi};
use serde_json::value::RawValue;
use store::{Document, Scope, SealedEvent, Store, StoreError};

use crate::records::{Source, source_name};
use crate::subjects::{self, Known, Memory};

/// What became of an event since it was taken.
#[derive(Debug)]
pub enum Reading {
    /// It is there.
    Event(Phi<Box<RawValue>>),
    /// Somebody it is about is suppressed: nothing is done with it.
    Suppressed,
    /// Somebody it is about was deleted: it does not open.
    Destroyed,
}

/// Reads events of one workspace. What it knows of people is as of when it was made, so make one for each batch.
pub struct Reader<'a> {
    store: &'a Store,
    workspace: WorkspaceSid,
    memory: std::sync::Arc<Memory>,
}

impl<'a> Reader<'a> {
    /// A reader that knows who is suppressed and deleted now.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn new(store: &'a Store, workspace: WorkspaceSid) -> Result<Self, StoreError> {
        Ok(Self { store, workspace, memory: Memory::now(store).await? })
    }

    /// Reads an event of a stream, still protected.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn read(&self, stream: &str, event: &SealedEvent) -> Result<Reading, StoreError> {
        let mut keys = Vec::with_capacity(event.subjects.len());
        for sid in &event.subjects {
            match self.memory.look(self.store, self.workspace, *sid).await? {
                Known::Suppressed => return Ok(Reading::Suppressed),
                Known::New => return Ok(Reading::Destroyed),
                Known::Key(key) => keys.push(key),
            }
        }
        let keys: Vec<_> = keys.iter().map(AsRef::as_ref).collect();
        let opened =
            self.store.scope(Scope::workspace(self.workspace)).open_event_with(stream, event, &keys)?;
        Ok(opened.map_or(Reading::Destroyed, Reading::Event))
    }
}

/// A source with its workspace and account; `None` when there is none.
///
/// # Errors
/// [`StoreError`].
pub async fn source(
    store: &Store,
    sid: SourceSid,
) -> Result<Option<(WorkspaceSid, AccountSid, Document<Source>)>, StoreError> {
    let Some(located) = store.locate(&source_name(sid)).await? else { return Ok(None) };
    let source = store.scope(located.scope).get::<Source>(sid).await?;
    Ok(source
        .and_then(|source| source.facts.place().map(|(workspace, account)| (workspace, account, source))))
}

/// The subject that a user id names, under the workspace's digest key.
pub fn person(key: &DigestKey, user_id: &Phi<String>) -> SubjectSid {
    subjects::user(key, user_id)
}

/// The subject that an anonymous id names.
pub fn device(key: &DigestKey, anonymous_id: &Phi<String>) -> SubjectSid {
    subjects::anonymous(key, anonymous_id)
}
