//! Tokens that callers carry for us: sealed under the scope's key, so they show and mean nothing elsewhere.

use base::Timestamp;

use crate::{Cursor, Scoped, StoreError};

/// The kind under which tokens are sealed; no document kind has this name.
const TOKEN: &str = "-token";

impl Scoped {
    /// Seals a short text into a URL-safe token of this scope.
    ///
    /// # Errors
    /// [`StoreError`] when the scope's key cannot be had.
    pub async fn seal_token(&self, text: &str) -> Result<String, StoreError> {
        self.seal_cursor(&Cursor {
            at: Timestamp::from_micros(0),
            sid: text.to_owned(),
            backward: false,
            kind: TOKEN.into(),
        })
        .await
    }

    /// Opens a token of this scope; `None` when it is not one.
    ///
    /// # Errors
    /// [`StoreError`] when the scope's key cannot be had.
    pub async fn open_token(&self, token: &str) -> Result<Option<String>, StoreError> {
        match self.open_cursor(token).await {
            Ok(cursor) if &*cursor.kind == TOKEN => Ok(Some(cursor.sid)),
            Ok(_) => Ok(None),
            Err(StoreError::Sealed) => Ok(None),
            Err(error) => Err(error),
        }
    }
}
