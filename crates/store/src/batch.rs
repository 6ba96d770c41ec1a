//! Batches.

use base::Timestamp;

use crate::{Document, IndexValue, Kind, Lease, Name, NewDocument, NewJob, Scope};

/// A unit of work: all of it is written, or nothing.
pub struct Batch {
    scope: Scope,
}

/// What a commit gave.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Committed {
    /// The journal places of the batch's records, in order.
    pub sequences: Vec<u64>,
}

#[allow(unused_variables)]
impl Batch {
    pub(crate) fn new(scope: Scope) -> Self {
        Self { scope }
    }

    /// The scope of the operations that follow.
    pub fn scope(&self) -> Scope {
        self.scope
    }

    /// Switches the scope for the operations that follow.
    pub fn in_scope(&mut self, scope: Scope) -> &mut Self {
        self.scope = scope;
        self
    }

    /// Makes a key for a new scope.
    pub fn create_scope(&mut self, scope: Scope) {
        unimplemented!()
    }

    /// Writes a new document; a taken SID fails the batch with `Exists`.
    pub fn insert<K: Kind>(&mut self, new: NewDocument<K>) {
        unimplemented!()
    }

    /// Writes facts and event time; an outdated revision fails the batch with `Conflict`.
    pub fn update<K: Kind>(&mut self, document: &Document<K>) {
        unimplemented!()
    }

    /// Replaces the index entries of one key.
    pub fn reindex<K: Kind>(&mut self, sid: K::Sid, key: &'static str, values: Vec<IndexValue>) {
        unimplemented!()
    }

    /// Destroys the document's key and content.
    pub fn shred<K: Kind>(&mut self, sid: K::Sid) {
        unimplemented!()
    }

    /// Removes the document, its index entries, its key and content.
    pub fn delete<K: Kind>(&mut self, document: &Document<K>) {
        unimplemented!()
    }

    /// Enters a name into the directory; a taken one fails the batch with `Exists`.
    pub fn name(&mut self, name: Name, sid: String) {
        unimplemented!()
    }

    /// Removes a name from the directory.
    pub fn unname(&mut self, name: Name) {
        unimplemented!()
    }

    /// Appends an entry to the journal.
    pub fn record(&mut self, entry: Vec<u8>) {
        unimplemented!()
    }

    /// Enqueues a job.
    pub fn enqueue(&mut self, job: NewJob) {
        unimplemented!()
    }

    /// Removes a job that is done; a lost lease fails the batch with `Conflict`.
    pub fn finish(&mut self, lease: &Lease) {
        unimplemented!()
    }

    /// Puts a job back until `due_at`; a lost lease fails the batch with `Conflict`.
    pub fn reschedule(&mut self, lease: &Lease, due_at: Timestamp) {
        unimplemented!()
    }
}
