//! The page of a list, and the error for what is not as it should be.

use base::Sid;
use errors::{ApiError, Result, codes};
use kit::{FromParams, Params};
use store::{Cursor, Document, Kind, Query, Scoped};

use crate::limits;

/// The error for a parameter that is missing or not acceptable.
pub(crate) fn invalid(parameter: &'static str) -> ApiError {
    ApiError::new(codes::INVALID_PARAMETER).parameter(parameter)
}

/// The query of a list: `After` the row with this SID, at most `PageSize` rows.
pub(crate) struct Page<S> {
    after: Option<S>,
    limit: usize,
}

impl<S: Sid> FromParams for Page<S> {
    fn from_params(params: &mut Params) -> Result<Self> {
        let size = params.integer("PageSize", 1..=limits::MAX_PAGE as i64)?;
        Ok(Self { after: params.sid("After")?, limit: size.map_or(limits::PAGE, |size| size as usize) })
    }
}

/// The rows of a page, newest first, and the `After` of the next one when there may be one.
///
/// # Errors
/// 20001 when `After` names no row of the list.
pub(crate) async fn page<K: Kind>(
    scoped: &Scoped,
    page: Page<K::Sid>,
) -> Result<(Vec<Document<K>>, Option<String>)> {
    let cursor = match page.after {
        None => None,
        Some(sid) => {
            let row = scoped.get::<K>(sid).await?.ok_or_else(|| invalid("After"))?;
            Some(Cursor::new::<K>(row.created_at, sid, false))
        }
    };
    let listed = scoped.list::<K>(Query { limit: page.limit, cursor, ..Query::default() }).await?;
    let last = listed.documents.last().map(|row| row.sid.to_string());
    Ok((listed.documents, last.filter(|_| listed.next.is_some())))
}
