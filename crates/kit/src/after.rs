//! Lists of our own API, newest first: how far, and where the next page goes on.

use base::Sid;
use errors::{ApiError, Result, codes};
use store::{Cursor, Document, Kind, Query, Scoped};

use crate::limits::DEFAULT_PAGE_SIZE;
use crate::params::{FromParams, Params};

/// The query of a list: `After` the row with this SID, at most `PageSize` rows, of which a list has `MOST` at most.
pub struct After<S, const MOST: usize> {
    after: Option<S>,
    limit: usize,
}

impl<S: Sid, const MOST: usize> FromParams for After<S, MOST> {
    fn from_params(params: &mut Params) -> Result<Self> {
        let size = params.integer("PageSize", 1..=MOST as i64)?;
        Ok(Self { after: params.sid("After")?, limit: size.map_or(DEFAULT_PAGE_SIZE, |size| size as usize) })
    }
}

impl<S, const MOST: usize> After<S, MOST> {
    /// The rows of the page, and the `After` of the next one when there may be one.
    ///
    /// # Errors
    /// 20001 when `After` names no row of the list; when the store cannot answer.
    pub async fn page<K: Kind<Sid = S>>(self, scoped: &Scoped) -> Result<(Vec<Document<K>>, Option<String>)>
    where
        S: Sid,
    {
        let cursor = match self.after {
            None => None,
            Some(sid) => {
                let unknown = || ApiError::new(codes::INVALID_PARAMETER).parameter("After");
                let row = scoped.get::<K>(sid).await?.ok_or_else(unknown)?;
                Some(Cursor::new::<K>(row.created_at, sid, false))
            }
        };
        let listed = scoped.list::<K>(Query { limit: self.limit, cursor, ..Query::default() }).await?;
        let last = listed.documents.last().map(|row| row.sid.to_string());
        Ok((listed.documents, last.filter(|_| listed.next.is_some())))
    }
}
