//! Subjects: whom events are about, each with a key that its events are sealed under.
//!
//! A subject is a document without facts or content whose *document key* is the subject's key. So everything that
//! holds for document keys holds for it: it is wrapped under its scope's key, it is in the keys half of a backup and
//! never in the content, and destroying it destroys what is sealed under it wherever that may be (ADR 0005).
//!
//! A subject's SID is made from a keyed digest of its id: the database does not know whom it names.

use std::fmt;
use std::sync::Arc;

use base::{Sid, SubjectSid, Timestamp};
use phi::{CipherError, DataKey, Digest, DigestKey, Phi, WrappedKey};

use crate::batch::CONTENT_KEY;
use crate::keys::identity;
use crate::sql::Statement;
use crate::{Kind, NewDocument, Scope, Scoped, StoreError};

/// The purpose that the key for joining two subjects is derived for.
const JOIN_PURPOSE: &str = "events";
const READ: &str = "SELECT epoch, wrapped FROM document_keys WHERE scope = $1 AND kind = $2 AND sid = $3";

/// Somebody whom events are about.
#[derive(Debug)]
pub enum Subject {}

impl Kind for Subject {
    const NAME: &'static str = "subject";
    type Sid = SubjectSid;
    type Facts = ();
    type Content = ();
}

impl Subject {
    /// The SID of the subject whose id has this digest.
    pub fn sid(digest: &Digest) -> SubjectSid {
        let mut bytes = [0; 16];
        bytes.copy_from_slice(&digest.0[..16]);
        SubjectSid::from_bytes(bytes)
    }

    /// The document of a new subject.
    pub(crate) fn document(sid: SubjectSid, at: Timestamp) -> NewDocument<Self> {
        NewDocument { content: Some(Phi::new(())), ..NewDocument::of(sid, at, ()) }
    }
}

/// Tells the key of a subject from one that it had before it was destroyed and came back.
pub(crate) type KeyId = [u8; KEY_ID_BYTES];
pub(crate) const KEY_ID_BYTES: usize = 8;

/// A subject's key, in memory.
pub struct SubjectKey {
    sid: SubjectSid,
    pub(crate) id: KeyId,
    pub(crate) key: Arc<DataKey>,
    join: DigestKey,
}

impl SubjectKey {
    pub(crate) fn new(sid: SubjectSid, key: Arc<DataKey>) -> Self {
        let join = key.digest_key(JOIN_PURPOSE);
        let mut id = [0; KEY_ID_BYTES];
        id.copy_from_slice(&join.digest("id", b"").0[..KEY_ID_BYTES]);
        Self { sid, id, key, join }
    }

    /// Whose it is.
    pub fn sid(&self) -> SubjectSid {
        self.sid
    }
}

/// The key of what is about all of these: it can be made only while every one of their keys exists. `None` for none.
pub(crate) fn joined(keys: &[&SubjectKey]) -> Option<Arc<DataKey>> {
    let (first, others) = keys.split_first()?;
    let mut key = Arc::clone(&first.key);
    for (place, other) in others.iter().enumerate() {
        let mark = other.join.digest("mark", b"").0;
        let digest = match place {
            0 => first.join.digest("with", &mark),
            _ => key.digest_key(JOIN_PURPOSE).digest("with", &mark),
        };
        key = Arc::new(DataKey::from_bytes(digest.0));
    }
    Some(key)
}

impl fmt::Debug for SubjectKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "[key of {}]", self.sid)
    }
}

/// Reads whether a subject still has its key.
pub(crate) fn has_key(scope: Scope, sid: SubjectSid) -> Statement {
    Statement::new(READ, vec![scope.to_string().into(), Subject::NAME.into(), sid.to_string().into()])
}

impl Scoped {
    /// The subject's key; `None` when there never was one, or it was destroyed.
    ///
    /// # Errors
    /// [`StoreError::Sealed`] when it does not open; [`StoreError::Unavailable`].
    pub async fn subject_key(&self, sid: SubjectSid) -> Result<Option<SubjectKey>, StoreError> {
        let rows = self.store.engine().query(has_key(self.scope, sid).point()).await?;
        let Some(mut row) = rows.into_iter().next() else { return Ok(None) };
        let (epoch, wrapped) = (row.integer()?, WrappedKey(row.blob()?));
        let outer = self.store.keys().at_epoch(self.store.engine(), self.scope, epoch).await?;
        let identity = identity(&[&self.scope.to_string(), Subject::NAME, &sid.to_string(), CONTENT_KEY]);
        let key = outer.unwrap(&identity, &wrapped).map_err(|CipherError| StoreError::Sealed)?;
        Ok(Some(SubjectKey::new(sid, Arc::new(key))))
    }
}
