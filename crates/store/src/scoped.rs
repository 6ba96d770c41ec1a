//! Reading within one scope: by SID, by index entry, in pages.

use std::sync::Arc;
use std::time::Duration;

use base::Timestamp;
use data_encoding::BASE64URL_NOPAD;
use phi::{CipherError, DataKey, DigestKey, Phi, WrappedKey};

use crate::batch::{CONTENT, CONTENT_KEY, FACTS};
use crate::expiry::Expiry;
use crate::keys::identity;
use crate::page::{Page, get_all_statement, get_statement};
use crate::sql::{Prepared, Row};
use crate::{
    Cursor, Document, Index, IndexValue, JournalRow, Kind, Listed, Query, Scope, Store, StoreError, journal,
    limits,
};

/// Bytes of the epoch in front of a sealed page token.
const EPOCH_BYTES: usize = 8;

/// The documents of one scope. Documents cannot be read any other way, so an unscoped read does
/// not compile.
///
/// ```compile_fail,E0599
/// async fn unscoped<K: store::Kind>(store: &store::Store, sid: K::Sid) {
///     store.get::<K>(sid).await;
/// }
/// ```
#[derive(Clone)]
pub struct Scoped {
    pub(crate) store: Store,
    pub(crate) scope: Scope,
}

impl Scoped {
    /// Which scope this is.
    pub fn scope(&self) -> Scope {
        self.scope
    }

    /// One document by its SID.
    ///
    /// # Errors
    /// [`StoreError::Sealed`] when it does not open; [`StoreError::Unavailable`].
    pub async fn get<K: Kind>(&self, sid: K::Sid) -> Result<Option<Document<K>>, StoreError> {
        let statement = get_statement(self.scope, K::NAME, sid.to_string());
        let rows = self.store.engine().query(statement).await?;
        match rows.into_iter().next() {
            Some(row) => self.open(row).await.map(Some),
            None => Ok(None),
        }
    }

    /// The newest document with this index entry.
    ///
    /// # Errors
    /// [`StoreError::Sealed`] when it does not open; [`StoreError::Unavailable`].
    pub async fn find<K: Kind>(
        &self,
        key: &'static str,
        value: IndexValue,
    ) -> Result<Option<Document<K>>, StoreError> {
        let query = Query { filters: vec![Index { key, value }], limit: 1, ..Query::default() };
        self.list(query).await.map(|listed| listed.documents.into_iter().next())
    }

    /// Those of these documents that there are, in one statement.
    ///
    /// # Errors
    /// [`StoreError::Sealed`] when one does not open; [`StoreError::TooLarge`] when more than [`limits::PAGE_ROWS`] are
    /// asked for; [`StoreError::Unavailable`].
    pub async fn get_all<K: Kind>(&self, sids: &[K::Sid]) -> Result<Vec<Document<K>>, StoreError> {
        if sids.len() > limits::PAGE_ROWS {
            return Err(StoreError::TooLarge);
        }
        if sids.is_empty() {
            return Ok(Vec::new());
        }
        let sids = sids.iter().map(ToString::to_string).collect();
        let rows = self.store.engine().query(get_all_statement(self.scope, K::NAME, sids)).await?;
        let mut documents = Vec::with_capacity(rows.len());
        for row in rows {
            documents.push(self.open::<K>(row).await?);
        }
        Ok(documents)
    }

    /// One page of documents, ordered by creation time and SID; by event time and SID when the query has bounds of it.
    ///
    /// # Errors
    /// [`StoreError::Sealed`] when one does not open or the cursor is of another kind;
    /// [`StoreError::TooLarge`] when there are more than [`limits::QUERY_FILTERS`] filters;
    /// [`StoreError::Unavailable`].
    pub async fn list<K: Kind>(&self, query: Query) -> Result<Listed<K>, StoreError> {
        let page = Page::new(self.scope, K::NAME, &query)?;
        let engine = self.store.engine();
        let walk = match page.walk() {
            Some(walk) => walk,
            None => page.best_walk(crate::sql::one_row(engine.query(page.probe()).await?)?)?,
        };
        let rows = engine.query(page.statement(walk)).await?;
        let (rows, has_more) = page.trim(rows);
        let mut documents = Vec::with_capacity(rows.len());
        for row in rows {
            documents.push(self.open::<K>(row).await?);
        }
        let place = |document: &Document<K>, backward| {
            let event_at = document.event_at.filter(|_| page.is_by_event());
            Cursor::new::<K>(event_at.unwrap_or(document.created_at), document.sid, backward)
        };
        let next = documents.last().filter(|_| page.has_next(has_more)).map(|last| place(last, false));
        let previous =
            documents.first().filter(|_| page.has_previous(has_more)).map(|first| place(first, true));
        Ok(Listed { documents, next, previous })
    }

    /// Removes up to `limit` (at most [`limits::PAGE_ROWS`]) of the oldest documents of a kind: those made before
    /// `before`, and those beyond the newest `keep`. Returns how many there were.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn expire<K: Kind>(
        &self,
        before: Timestamp,
        keep: u64,
        limit: usize,
    ) -> Result<u64, StoreError> {
        let expiry = Expiry { scope: self.scope, kind: K::NAME, limit: limit.min(limits::PAGE_ROWS) };
        // The newest of those that are too many is as old as what is too old.
        let surplus = self.store.engine().query(expiry.surplus(keep)).await?.into_iter().next();
        let surplus = surplus.map(|mut row| row.integer()).transpose()?.map(Timestamp::from_micros);
        let before = surplus.map_or(before, |at| before.max(at.plus(Duration::from_micros(1))));
        let steps = expiry.steps(before);
        let outcome = self.store.engine().submit(Prepared::new(steps)).await?;
        Ok(outcome.rows.len() as u64)
    }

    /// The index value of text that somebody made up, to look for what [`crate::Batch::free_text`] entered.
    pub fn free_text(&self, text: &str) -> IndexValue {
        self.store.free_text(self.scope, text)
    }

    /// The key for index digests in this scope; the same for the life of the scope.
    ///
    /// # Errors
    /// [`StoreError::UnknownScope`]; [`StoreError::Unavailable`].
    pub async fn digest_key(&self) -> Result<Arc<DigestKey>, StoreError> {
        self.store.keys().digest_key(self.store.engine(), self.scope).await
    }

    /// Up to `limit` (at most [`limits::JOURNAL_ROWS`]) journal entries of this scope after the
    /// place `after`.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn journal(&self, after: u64, limit: usize) -> Result<Vec<JournalRow>, StoreError> {
        journal::read(&self.store, Some(self.scope), after, limit).await
    }

    /// The cursor as an opaque page token, safe in a URL: sealed, so that nobody can make one up
    /// or read a SID out of it.
    ///
    /// # Errors
    /// [`StoreError::UnknownScope`]; [`StoreError::TooLarge`] when the token would be longer than
    /// [`limits::TOKEN_CHARACTERS`]; [`StoreError::Unavailable`].
    pub async fn seal_cursor(&self, cursor: &Cursor) -> Result<String, StoreError> {
        let now = self.store.clock().now();
        let key = self.store.keys().current(self.store.engine(), self.scope, now).await?;
        let plain =
            serde_json::to_vec(&(cursor.at.micros(), &cursor.sid, cursor.backward, cursor.kind.as_ref()))
                .map_err(|_| StoreError::Sealed)?;
        let sealed =
            key.key.seal(&self.token_identity(), &plain).map_err(|CipherError| StoreError::Sealed)?;
        let mut token = key.epoch.to_be_bytes().to_vec();
        token.extend_from_slice(&sealed);
        let token = BASE64URL_NOPAD.encode(&token);
        if token.len() > limits::TOKEN_CHARACTERS { Err(StoreError::TooLarge) } else { Ok(token) }
    }

    /// Reads a page token of this scope. Whether it is of the right kind is checked by
    /// [`Scoped::list`].
    ///
    /// # Errors
    /// [`StoreError::Sealed`] when it is not a token of this scope; [`StoreError::Unavailable`].
    pub async fn open_cursor(&self, text: &str) -> Result<Cursor, StoreError> {
        if text.len() > limits::TOKEN_CHARACTERS {
            return Err(StoreError::Sealed);
        }
        let token = BASE64URL_NOPAD.decode(text.as_bytes()).map_err(|_| StoreError::Sealed)?;
        let (epoch, sealed) = token.split_first_chunk::<EPOCH_BYTES>().ok_or(StoreError::Sealed)?;
        let epoch = i64::from_be_bytes(*epoch);
        let key = self.store.keys().at_epoch(self.store.engine(), self.scope, epoch).await?;
        let plain = key.unseal(&self.token_identity(), sealed).map_err(|CipherError| StoreError::Sealed)?;
        let (at, sid, backward, kind): (i64, String, bool, String) =
            serde_json::from_slice(&plain).map_err(|_| StoreError::Sealed)?;
        Ok(Cursor { at: Timestamp::from_micros(at), sid, backward, kind: kind.into() })
    }

    /// The key of an epoch, if it still exists: the cache alone would outlive its destruction.
    async fn key(&self, epoch: i64, exists: bool) -> Result<Arc<DataKey>, StoreError> {
        if !exists {
            return Err(StoreError::Sealed);
        }
        self.store.keys().open(self.store.engine(), self.scope, epoch).await
    }

    fn token_identity(&self) -> Vec<u8> {
        identity(&[&self.scope.to_string(), "page token"])
    }

    /// Opens one row of [`crate::page::COLUMNS`].
    async fn open<K: Kind>(&self, mut row: Row) -> Result<Document<K>, StoreError> {
        let sid = row.text()?;
        let parent = row.optional_text()?;
        let created_at = Timestamp::from_micros(row.integer()?);
        let updated_at = Timestamp::from_micros(row.integer()?);
        let event_at = row.optional_integer()?.map(Timestamp::from_micros);
        let revision = row.integer()?;
        let (epoch, sealed_facts, has_key) = (row.integer()?, row.blob()?, row.truth()?);
        let sealed_content = row.optional_blob()?;
        let content_key = (row.optional_integer()?, row.optional_blob()?, row.truth()?);

        let scope = self.scope.to_string();
        let identity = |column| identity(&[&scope, K::NAME, &sid, column]);
        let key = self.key(epoch, has_key).await?;
        let facts = key.unseal(&identity(FACTS), &sealed_facts).map_err(|CipherError| StoreError::Sealed)?;
        let facts = serde_json::from_slice(&facts).map_err(|_| StoreError::Sealed)?;
        let content = match (sealed_content, content_key) {
            (Some(sealed), (Some(epoch), Some(wrapped_content_key), has_key)) => {
                let key = self.key(epoch, has_key).await?;
                let opened = key
                    .unwrap(&identity(CONTENT_KEY), &WrappedKey(wrapped_content_key))
                    .and_then(|key| Phi::unseal(&key, &identity(CONTENT), &sealed));
                Some(opened.map_err(|CipherError| StoreError::Sealed)?)
            }
            _ => None,
        };
        let sid = sid.parse().map_err(|_| StoreError::Sealed)?;
        Ok(Document { sid, parent, created_at, updated_at, event_at, revision, facts, content })
    }
}
