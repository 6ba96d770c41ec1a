//! What who delivers events asks of this crate: whose a source is, and an event, unless somebody it is about is
//! suppressed or was deleted.

use base::{AccountSid, SourceSid, SubjectSid, WorkspaceSid};
use kit::ctx::decide;
use phi::{DigestKey, Phi};
use privacy::Fields;
use rulebook::Action;
use rulebook::guard::SchemaControl;
use serde_json::Value;
use serde_json::value::{RawValue, to_raw_value};
use store::{Document, Query, Scope, SealedEvent, Store, StoreError};

use crate::classify::{self, records::Policy};
use crate::limits;
use crate::records::{Source, Workspace, source_name};
use crate::subjects::{self, Known, Memory};
use crate::workspaces::guarded;

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
    /// What is red leaves to nobody, whenever it came.
    red: std::sync::Arc<Fields>,
}

impl<'a> Reader<'a> {
    /// A reader that knows who is suppressed and deleted now.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn new(store: &'a Store, workspace: WorkspaceSid) -> Result<Self, StoreError> {
        // A colour is given together with a write of the policy, which is steady.
        let red = store.steady(format!("segment red {workspace}"), |steady| async move {
            let scope = Scope::workspace(workspace);
            match steady.get::<Policy>(scope, workspace).await? {
                Some(_) => classify::red(&store.scope(scope)).await,
                None => Ok(Fields::default()),
            }
        });
        Ok(Self { store, workspace, memory: Memory::now(store).await?, red: red.await? })
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
        let Some(event) = opened else { return Ok(Reading::Destroyed) };
        Ok(Reading::Event(if self.red.is_empty() { event } else { event.map(|body| self.without_red(body)) }))
    }
}

impl Reader<'_> {
    /// An event that cannot be looked at is left as nothing, which no destination takes.
    fn without_red(&self, body: Box<RawValue>) -> Box<RawValue> {
        let less = serde_json::from_str::<Value>(body.get()).ok().and_then(|mut event| {
            if privacy::drop_fields(&mut event, &self.red) == 0 {
                return Some(body);
            }
            to_raw_value(&event).ok()
        });
        less.unwrap_or_else(|| RawValue::NULL.to_owned())
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

/// That the source is no quarantine of a HIPAA workspace: what is blocked goes to no destination (PRO-PLAN-2).
///
/// # Errors
/// The refusal; [`StoreError`] as the API's error.
pub async fn refuse_quarantine(
    store: &Store,
    workspace: &Document<Workspace>,
    source: SourceSid,
) -> errors::Result<()> {
    let query = Query { limit: limits::SOURCES, ..Query::default() };
    let sources = store.scope(Scope::workspace(workspace.sid)).list::<Source>(query).await?.documents;
    let is_quarantine = sources.iter().any(|other| other.facts.schema.blocked_to() == Some(source));
    if is_quarantine {
        let control = SchemaControl::Quarantine { has_owner: true, has_destination: true };
        decide(&guarded(&workspace.facts), &Action::ControlSchema(control))?;
    }
    Ok(())
}

/// The subject that a user id names, under the workspace's digest key.
pub fn person(key: &DigestKey, user_id: &Phi<String>) -> SubjectSid {
    subjects::user(key, user_id)
}

/// The subject that an anonymous id names.
pub fn device(key: &DigestKey, anonymous_id: &Phi<String>) -> SubjectSid {
    subjects::anonymous(key, anonymous_id)
}
