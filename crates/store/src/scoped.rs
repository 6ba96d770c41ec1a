//! Reading within one scope.

use std::sync::Arc;

use phi::DigestKey;

use crate::{Cursor, Document, IndexValue, JournalRow, Kind, Listed, Query, Scope, Store, StoreError};

/// The documents of one scope. Documents cannot be read any other way, so an unscoped read does
/// not compile.
#[derive(Clone)]
pub struct Scoped {
    #[allow(dead_code)]
    pub(crate) store: Store,
    pub(crate) scope: Scope,
}

#[allow(unused_variables)]
impl Scoped {
    /// Which scope this is.
    pub fn scope(&self) -> Scope {
        self.scope
    }

    /// One document by its SID.
    ///
    /// # Errors
    /// [`StoreError::Sealed`] when it does not open.
    pub async fn get<K: Kind>(&self, sid: K::Sid) -> Result<Option<Document<K>>, StoreError> {
        unimplemented!()
    }

    /// The newest document with this index entry.
    ///
    /// # Errors
    /// [`StoreError::Sealed`] when it does not open.
    pub async fn find<K: Kind>(&self, key: &'static str, value: IndexValue) -> Result<Option<Document<K>>, StoreError> {
        unimplemented!()
    }

    /// One page of documents.
    ///
    /// # Errors
    /// [`StoreError::Sealed`] when one does not open or the cursor is of another kind.
    pub async fn list<K: Kind>(&self, query: Query) -> Result<Listed<K>, StoreError> {
        unimplemented!()
    }

    /// The key for index digests in this scope; the same for the life of the scope.
    ///
    /// # Errors
    /// [`StoreError::UnknownScope`].
    pub async fn digest_key(&self) -> Result<Arc<DigestKey>, StoreError> {
        unimplemented!()
    }

    /// Up to `limit` journal entries of this scope after the place `after`.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn journal(&self, after: u64, limit: usize) -> Result<Vec<JournalRow>, StoreError> {
        unimplemented!()
    }

    /// The cursor as an opaque page token, safe in a URL.
    ///
    /// # Errors
    /// [`StoreError::UnknownScope`].
    pub async fn seal_cursor(&self, cursor: &Cursor) -> Result<String, StoreError> {
        unimplemented!()
    }

    /// Reads a page token of this scope.
    ///
    /// # Errors
    /// [`StoreError::Sealed`] when it is not one.
    pub async fn open_cursor(&self, text: &str) -> Result<Cursor, StoreError> {
        unimplemented!()
    }
}
