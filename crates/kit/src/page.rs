//! Pages: opaque keyset tokens, and both of Twilio's list envelopes.
//!
//! A token is sealed under the account's key and holds the cursor *and* the filters, so that a
//! filter by phone number never stands in a link.

use axum::extract::FromRequestParts;
use axum::response::Response;
use errors::{ApiError, Result, codes};
use http::request::Parts;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use store::{Cursor, Document, Kind, Listed};

use crate::ctx::Ctx;
use crate::limits::{DEFAULT_PAGE_SIZE, MAX_PAGE_SIZE, MAX_PAGE_TOKEN};
use crate::params::{FromParams, Params};
use crate::respond::error_response;

/// The paging parameters of a list request, with what is left for the product's own filters.
pub struct PageRequest {
    size: usize,
    index: u64,
    token: Option<String>,
    filters: String,
}

impl<S: Send + Sync> FromRequestParts<S> for PageRequest {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> std::result::Result<Self, Response> {
        Self::parse(parts.uri.query().unwrap_or_default()).map_err(|error| error_response(&error))
    }
}

/// What is sealed into a page token.
#[derive(Serialize, Deserialize)]
struct Token {
    /// The list it was given by: a token of another one would mean nothing, or something else.
    list: String,
    cursor: Option<String>,
    filters: String,
}

impl PageRequest {
    fn parse(query: &str) -> Result<Self> {
        let is_paging =
            |pair: &&str| ["PageSize=", "Page=", "PageToken="].iter().any(|name| pair.starts_with(name));
        let (paging, filters): (Vec<&str>, Vec<&str>) = query.split('&').partition(is_paging);
        let mut params = Params::decode(paging.join("&").as_bytes())?;
        let size = params
            .integer("PageSize", 1..=MAX_PAGE_SIZE as i64)
            .map_err(|_| ApiError::new(codes::PAGE_SIZE))?
            .map_or(DEFAULT_PAGE_SIZE, |size| size as usize);
        let index = params.integer("Page", 0..=i64::from(u32::MAX))?.unwrap_or(0) as u64;
        let token = params.text("PageToken")?.filter(|token| !token.is_empty());
        if token.as_ref().is_some_and(|token| token.len() > MAX_PAGE_TOKEN) {
            return Err(ApiError::new(codes::INVALID_PARAMETER).parameter("PageToken"));
        }
        Ok(Self { size, index, token, filters: filters.join("&") })
    }

    /// The product's filters (from the query or, on a later page, from the token) and the paging
    /// that goes into the store's query.
    ///
    /// # Errors
    /// 20001 when the token is not one of ours, or a filter is bad.
    pub async fn open<T: FromParams>(self, ctx: &Ctx) -> Result<(T, Paging)> {
        let invalid = || ApiError::new(codes::INVALID_PARAMETER).parameter("PageToken");
        let (cursor, filters) = match &self.token {
            None => (None, self.filters),
            Some(token) => {
                let sealed = token.get(2..).ok_or_else(invalid)?;
                let text = ctx.store().open_token(sealed).await?.ok_or_else(invalid)?;
                let token: Token = serde_json::from_str(&text).map_err(|_| invalid())?;
                if token.list != ctx.access.operation {
                    return Err(invalid());
                }
                let cursor = match token.cursor {
                    None => None,
                    Some(sealed) => Some(ctx.store().open_cursor(&sealed).await.map_err(|_| invalid())?),
                };
                (cursor, token.filters)
            }
        };
        let mut params = Params::decode(filters.as_bytes())?;
        let value = T::from_params(&mut params)?;
        params.finish()?;
        Ok((value, Paging { size: self.size, index: self.index, cursor, filters }))
    }
}

/// No filters but the paging itself.
#[derive(Debug)]
pub struct Unfiltered;

impl FromParams for Unfiltered {
    fn from_params(_params: &mut Params) -> Result<Self> {
        Ok(Self)
    }
}

/// Where in a list a request is.
pub struct Paging {
    /// Rows asked for.
    pub size: usize,
    /// The page's number, as the caller counts; informational, as in Twilio's API.
    pub index: u64,
    /// From where to read on.
    pub cursor: Option<Cursor>,
    filters: String,
}

/// One page of views, ready for either envelope.
pub struct Listing {
    rows: Vec<Value>,
    size: usize,
    index: u64,
    this: Option<String>,
    first: Option<String>,
    next: Option<String>,
    previous: Option<String>,
}

impl Listing {
    /// Turns a page of documents into a page of views.
    ///
    /// # Errors
    /// When a page token cannot be sealed or a view cannot be encoded.
    pub async fn new<K: Kind, V: Serialize>(
        ctx: &Ctx,
        paging: Paging,
        listed: Listed<K>,
        mut view: impl FnMut(Document<K>) -> V,
    ) -> Result<Self> {
        let first = match paging.filters.as_str() {
            "" => None,
            filters => Some(seal(ctx, None, filters).await?),
        };
        let mut tokens = [None, None, None];
        for (token, cursor) in tokens.iter_mut().zip([paging.cursor, listed.next, listed.previous]) {
            if let Some(cursor) = cursor {
                *token = Some(seal(ctx, Some(cursor), &paging.filters).await?);
            }
        }
        let [this, next, previous] = tokens;
        let rows = listed
            .documents
            .into_iter()
            .map(|document| serde_json::to_value(view(document)).map_err(|_| codes::INTERNAL.into()))
            .collect::<Result<_>>()?;
        let this = this.or_else(|| first.clone());
        Ok(Self { rows, size: paging.size, index: paging.index, this, first, next, previous })
    }

    /// Turns rows that are made for the request, and are no documents, into a page; the page's number says which.
    ///
    /// # Errors
    /// When a page token cannot be sealed or a view cannot be encoded.
    pub async fn computed<V: Serialize>(
        ctx: &Ctx,
        paging: Paging,
        rows: Vec<V>,
        has_more: bool,
    ) -> Result<Self> {
        let token = match paging.filters.as_str() {
            "" => None,
            filters => Some(seal(ctx, None, filters).await?),
        };
        let bare = seal(ctx, None, &paging.filters);
        // A link to a page has a token, so that it says where it comes from.
        let linked = if has_more || paging.index > 0 { Some(bare.await?) } else { None };
        let rows = rows
            .into_iter()
            .map(|row| serde_json::to_value(row).map_err(|_| codes::INTERNAL.into()))
            .collect::<Result<_>>()?;
        Ok(Self {
            rows,
            size: paging.size,
            index: paging.index,
            this: token.clone(),
            first: token,
            next: linked.clone().filter(|_| has_more),
            previous: linked.filter(|_| paging.index > 0),
        })
    }

    /// The 2010 API's envelope: relative links, `key` holds the rows.
    pub fn api2010(self, path: &str, key: &str) -> Value {
        let link = |index: u64, token: &Option<String>| uri(path, "PA", self.size, index, token.as_deref());
        let start = self.index * self.size as u64;
        let mut envelope = Map::new();
        envelope.insert("first_page_uri".into(), link(0, &self.first).into());
        envelope.insert("uri".into(), link(self.index, &self.this).into());
        envelope.insert(
            "next_page_uri".into(),
            self.next.as_ref().map(|_| link(self.index + 1, &self.next)).into(),
        );
        envelope.insert(
            "previous_page_uri".into(),
            self.previous.as_ref().map(|_| link(self.index.saturating_sub(1), &self.previous)).into(),
        );
        envelope.insert("page".into(), self.index.into());
        envelope.insert("page_size".into(), self.size.into());
        envelope.insert("start".into(), start.into());
        envelope.insert("end".into(), (start + (self.rows.len() as u64).saturating_sub(1)).into());
        envelope.insert(key.into(), self.rows.into());
        envelope.into()
    }

    /// The v1/v2 envelope: `meta` with absolute links, `key` holds the rows.
    pub fn versioned(self, ctx: &Ctx, path: &str, key: &str) -> Value {
        let base = ctx.link(path);
        let link = |index: u64, token: &Option<String>| uri(&base, "PT", self.size, index, token.as_deref());
        let meta = json!({
            "page": self.index,
            "page_size": self.size,
            "first_page_url": link(0, &self.first),
            "previous_page_url": self.previous.as_ref().map(|_| link(self.index.saturating_sub(1), &self.previous)),
            "url": link(self.index, &self.this),
            "next_page_url": self.next.as_ref().map(|_| link(self.index + 1, &self.next)),
            "key": key,
        });
        let mut envelope = Map::new();
        envelope.insert(key.into(), self.rows.into());
        envelope.insert("meta".into(), meta);
        envelope.into()
    }
}

async fn seal(ctx: &Ctx, cursor: Option<Cursor>, filters: &str) -> Result<String> {
    let cursor = match cursor {
        None => None,
        Some(cursor) => Some(ctx.store().seal_cursor(&cursor).await?),
    };
    let token = Token { list: ctx.access.operation.to_owned(), cursor, filters: filters.to_owned() };
    let text = serde_json::to_string(&token).map_err(|_| ApiError::new(codes::INTERNAL))?;
    Ok(ctx.store().seal_token(&text).await?)
}

fn uri(path: &str, prefix: &str, size: usize, index: u64, token: Option<&str>) -> String {
    match token {
        None => format!("{path}?PageSize={size}&Page={index}"),
        Some(token) => format!("{path}?PageSize={size}&Page={index}&PageToken={prefix}{token}"),
    }
}
