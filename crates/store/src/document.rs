//! Documents: what a kind declares, what is written and what is read back.

use std::fmt;
use std::sync::Arc;

use base::{Sid, Timestamp};
use phi::{Digest, Phi};
use serde::Serialize;
use serde::de::DeserializeOwned;

/// A kind of document: a resource type and how it is split into facts and content.
pub trait Kind: Send + Sync + 'static {
    /// The kind's name in the database; never changed once used.
    const NAME: &'static str;
    /// The type of its SIDs.
    type Sid: Sid;
    /// What is not PHI: states, SIDs, times. Sealed under the scope's key.
    type Facts: Serialize + DeserializeOwned + Send + Sync + Clone;
    /// What is PHI. Sealed under a key of its own, so that destroying the key destroys the content.
    type Content: Serialize + DeserializeOwned + Send;
    /// Whether it is read with every request and seldom written: then [`crate::Store::steady`] may
    /// answer from memory, and every write forgets what is remembered of all such kinds.
    const STEADY: bool = false;
}

/// A document as it was read.
pub struct Document<K: Kind> {
    /// Its SID.
    pub sid: K::Sid,
    /// The SID of the document it belongs to.
    pub parent: Option<String>,
    /// When it was made; pages are ordered by it.
    pub created_at: Timestamp,
    /// When it was last updated.
    pub updated_at: Timestamp,
    /// When what it describes happened; the kind decides.
    pub event_at: Option<Timestamp>,
    /// Counts updates from 1; an update of an older revision conflicts.
    pub revision: i64,
    /// Its facts.
    pub facts: K::Facts,
    /// Its content; `None` when there never was any or it was shredded.
    pub content: Option<Phi<K::Content>>,
}

impl<K: Kind> Clone for Document<K>
where
    K::Content: Clone,
{
    fn clone(&self) -> Self {
        Self {
            sid: self.sid,
            parent: self.parent.clone(),
            created_at: self.created_at,
            updated_at: self.updated_at,
            event_at: self.event_at,
            revision: self.revision,
            facts: self.facts.clone(),
            content: self.content.clone(),
        }
    }
}

impl<K: Kind> fmt::Debug for Document<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} revision {}", K::NAME, self.sid, self.revision)
    }
}

/// A document to be written.
pub struct NewDocument<K: Kind> {
    /// Its SID.
    pub sid: K::Sid,
    /// The SID of the document it belongs to.
    pub parent: Option<String>,
    /// When it was made; pages are ordered by it.
    pub created_at: Timestamp,
    /// When what it describes happened; the kind decides.
    pub event_at: Option<Timestamp>,
    /// Its facts.
    pub facts: K::Facts,
    /// Its content, if it has any.
    pub content: Option<Phi<K::Content>>,
    /// What it is found by; several entries per key are allowed.
    pub index: Vec<Index>,
}

impl<K: Kind> NewDocument<K> {
    /// A document of facts alone: it belongs to none, has no content, and is found by its SID.
    pub fn of(sid: K::Sid, created_at: Timestamp, facts: K::Facts) -> Self {
        Self { sid, parent: None, created_at, event_at: None, facts, content: None, index: Vec::new() }
    }
}

/// One entry a document is found by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Index {
    /// The name of the entry, for example `status`.
    pub key: &'static str,
    /// Its value.
    pub value: IndexValue,
}

/// The value of an index entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum IndexValue {
    /// A SID, a state or a number of ours; never PHI, and never text that somebody made up.
    Plain(String),
    /// The keyed digest of a value that may be PHI ([`crate::Scoped::digest_key`],
    /// [`crate::Batch::free_text`]).
    Digest(Digest),
}

/// The tags of the stored forms.
const PLAIN: u8 = b'p';
const DIGEST: u8 = b'd';

impl IndexValue {
    /// The first stored form of plain text, and the first behind all of them.
    pub(crate) fn plain_range() -> (Vec<u8>, Vec<u8>) {
        (vec![PLAIN], vec![PLAIN + 1])
    }

    /// The stored form: a tag, so that text never equals a digest, then the value.
    pub(crate) fn to_bytes(&self) -> Vec<u8> {
        let (tag, value) = match self {
            Self::Plain(text) => (PLAIN, text.as_bytes()),
            Self::Digest(digest) => (DIGEST, digest.0.as_slice()),
        };
        let mut bytes = Vec::with_capacity(1 + value.len());
        bytes.push(tag);
        bytes.extend_from_slice(value);
        bytes
    }
}

/// A span of time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Range {
    /// The first instant inside.
    pub from: Option<Timestamp>,
    /// The first instant outside.
    pub until: Option<Timestamp>,
}

/// Which documents to list; all conditions hold together.
#[derive(Clone, Debug, Default)]
pub struct Query {
    /// Index entries the documents must have, at most [`crate::limits::QUERY_FILTERS`].
    pub filters: Vec<Index>,
    /// The document they belong to.
    pub parent: Option<String>,
    /// When they were made.
    pub created: Range,
    /// When what they describe happened; a document without an event time matches no bound. With a bound the list is
    /// in the order of this time.
    pub event: Range,
    /// Oldest first instead of newest first.
    pub oldest_first: bool,
    /// Rows of the page; between 1 and [`crate::limits::PAGE_ROWS`] (other values are clamped).
    pub limit: usize,
    /// Where the page begins; the first page has none.
    pub cursor: Option<Cursor>,
}

impl Query {
    /// Whether the list is in the order of event time.
    pub(crate) fn is_by_event(&self) -> bool {
        self.event.from.is_some() || self.event.until.is_some()
    }
}

/// A place in a list: pages begin strictly after it, or end strictly before it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cursor {
    /// When the document at the place was made, or its event time in a list that has bounds of it.
    pub at: Timestamp,
    /// Its SID.
    pub sid: String,
    /// Whether the page ends here instead of beginning here.
    pub backward: bool,
    /// The kind of the document: a cursor is good for lists of that kind only.
    pub(crate) kind: Arc<str>,
}

impl Cursor {
    /// The place of one document in lists of its kind.
    pub fn new<K: Kind>(at: Timestamp, sid: K::Sid, backward: bool) -> Self {
        Self { at, sid: sid.to_string(), backward, kind: K::NAME.into() }
    }
}

/// One page of a list.
pub struct Listed<K: Kind> {
    /// The documents, in the order asked for.
    pub documents: Vec<Document<K>>,
    /// Where the next page begins, if there is one.
    pub next: Option<Cursor>,
    /// Where the previous page ends, if there is one.
    pub previous: Option<Cursor>,
}
