//! Envelopes, errors and pages of the Public API: `{"data": …}`, `{"errors": [{"type", "message", …}]}`, and
//! `pagination[cursor]` with `pagination[count]`.

use std::borrow::Cow;

use axum::response::Response;
use base::Timestamp;
use data_encoding::BASE64;
use errors::{ApiError, codes};
use http::header::{self, HeaderName, HeaderValue};
use http::{HeaderMap, StatusCode};
use kit::Params;
use serde::Serialize;
use serde_json::{Value, json};
use store::{Cursor, Document, Kind, Scoped, StoreError};

use super::response;
use crate::limits;

/// The cursor of every first page, as Segment's is.
const FIRST: &str = "MA==";

/// What a request is answered with.
pub struct Reply {
    status: StatusCode,
    data: Value,
}

impl Reply {
    /// 200.
    pub fn found(data: Value) -> Self {
        Self { status: StatusCode::OK, data }
    }

    /// 201.
    pub fn created(data: Value) -> Self {
        Self { status: StatusCode::CREATED, data }
    }

    /// 200 for what has nothing to show.
    pub fn success() -> Self {
        Self::found(json!({ "status": "SUCCESS" }))
    }
}

/// Why it is not. No text of it was sent by the caller.
#[derive(Debug)]
pub struct Failed {
    status: StatusCode,
    kind: &'static str,
    message: Cow<'static, str>,
    field: Option<Cow<'static, str>>,
    rule: Option<&'static str>,
    code: Option<u32>,
    retry_after: Option<u32>,
}

impl Failed {
    /// A failure of a kind of its own; `kind` is its `type`.
    pub fn new(status: StatusCode, kind: &'static str, message: &'static str) -> Self {
        let message = Cow::Borrowed(message);
        Self { status, kind, message, field: None, rule: None, code: None, retry_after: None }
    }

    /// A parameter that is missing or not acceptable.
    pub fn invalid(field: impl Into<Cow<'static, str>>, message: &'static str) -> Self {
        let failed = Self::new(StatusCode::BAD_REQUEST, "bad-request", message);
        Self { field: Some(field.into()), ..failed }
    }

    /// What stands in the way is there already.
    pub fn conflict(message: &'static str) -> Self {
        Self::new(StatusCode::CONFLICT, "conflict", message)
    }

    /// An operation that is published and not served.
    pub fn not_served() -> Self {
        let message = "this operation is not served here; docs/segment-public-api.md says what is";
        Self::new(StatusCode::NOT_IMPLEMENTED, "not-implemented", message)
    }
}

impl From<ApiError> for Failed {
    fn from(error: ApiError) -> Self {
        let code = error.code();
        let status = StatusCode::from_u16(code.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        Self {
            status,
            kind: kind(status),
            message: error.message().into(),
            field: None,
            rule: error.rule_id(),
            code: Some(code.number),
            retry_after: error.retry_after_seconds(),
        }
    }
}

impl From<StoreError> for Failed {
    fn from(error: StoreError) -> Self {
        ApiError::from(error).into()
    }
}

const fn kind(status: StatusCode) -> &'static str {
    match status.as_u16() {
        401 => "unauthorized",
        403 => "forbidden",
        404 => "not-found",
        405 => "method-not-allowed",
        406 => "not-acceptable",
        409 => "conflict",
        413 => "too-large",
        415 => "unsupported-media-type",
        429 => "too-many-requests",
        501 => "not-implemented",
        503 => "unavailable",
        status if status >= 500 => "internal",
        _ => "bad-request",
    }
}

/// The forms of answers that may be asked for; all say the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct MediaType(&'static str);

const TYPES: [&str; 4] = [
    "application/json",
    "application/vnd.segment.v1+json",
    "application/vnd.segment.v1beta+json",
    "application/vnd.segment.v1alpha+json",
];

impl MediaType {
    /// The first that the caller takes; `None` when it takes none of them.
    pub(super) fn accepted(headers: &HeaderMap) -> Option<Self> {
        let Some(value) = headers.get(header::ACCEPT) else { return Some(Self(TYPES[0])) };
        value.to_str().ok()?.split(',').find_map(|range| Self::named(range, true))
    }

    fn named(text: &str, is_range: bool) -> Option<Self> {
        let name = text.split(';').next().unwrap_or_default().trim();
        if is_range && (name == "*/*" || name == "application/*") {
            return Some(Self(TYPES[0]));
        }
        TYPES.iter().find(|known| known.eq_ignore_ascii_case(name)).map(|known| Self(known))
    }
}

/// That what is sent and what is asked for are of a version that there is.
pub(super) fn check_media(headers: &HeaderMap, has_body: bool) -> Result<(), Failed> {
    if MediaType::accepted(headers).is_none() {
        let message = "answers are application/json or application/vnd.segment.{v1,v1beta,v1alpha}+json";
        return Err(Failed::new(StatusCode::NOT_ACCEPTABLE, "not-acceptable", message));
    }
    let named = headers.get(header::CONTENT_TYPE).map(|value| value.to_str().ok());
    match named {
        Some(text) if text.and_then(|text| MediaType::named(text, false)).is_some() => Ok(()),
        None | Some(_) if !has_body => Ok(()),
        _ => Err(ApiError::new(codes::UNSUPPORTED_MEDIA_TYPE).into()),
    }
}

/// The answer.
pub(super) fn respond(answered: Result<Reply, Failed>, media: Option<MediaType>) -> Response {
    let (status, body, retry_after) = match answered {
        Ok(Reply { status, data }) => (status, json!({ "data": data }), None),
        Err(failed) => (failed.status, failed.view(), failed.retry_after),
    };
    let mut response = response(status, serde_json::to_vec(&body).unwrap_or_default());
    let headers = response.headers_mut();
    let media = media.map_or(TYPES[0], |media| media.0);
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(media));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    if status == StatusCode::UNAUTHORIZED {
        headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
    }
    if let Some(seconds) = retry_after {
        headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        headers.insert(HeaderName::from_static("x-ratelimit-reset"), HeaderValue::from(seconds));
    }
    response
}

#[derive(Serialize)]
struct ErrorView<'a> {
    #[serde(rename = "type")]
    kind: &'a str,
    message: &'a str,
    status: u16,
    #[serde(skip_serializing_if = "Option::is_none")]
    field: Option<&'a str>,
    #[serde(skip_serializing_if = "Value::is_null")]
    data: Value,
}

impl Failed {
    fn view(&self) -> Value {
        let data = match (self.code, self.rule) {
            (Some(code), Some(rule)) => json!({ "code": code, "rule": rule }),
            (Some(code), None) => json!({ "code": code }),
            _ => Value::Null,
        };
        let view = ErrorView {
            kind: self.kind,
            message: &self.message,
            status: self.status.as_u16(),
            field: self.field.as_deref(),
            data,
        };
        json!({ "errors": [view] })
    }
}

/// Which page is asked for.
pub struct PageRequest {
    cursor: Option<String>,
    count: usize,
}

impl PageRequest {
    /// Reads `pagination[cursor]` and `pagination[count]`.
    ///
    /// # Errors
    /// When they are not acceptable.
    pub fn read(query: &mut Params) -> Result<Self, Failed> {
        let count = query.integer("pagination[count]", 1..=limits::PAGE as i64)?;
        let cursor = query.text("pagination[cursor]")?;
        if cursor.as_ref().is_some_and(|cursor| cursor.len() > limits::CURSOR) {
            return Err(wrong_cursor());
        }
        Ok(Self {
            count: count.map_or(limits::DEFAULT_PAGE, |count| count as usize),
            cursor: cursor.filter(|cursor| !cursor.is_empty() && cursor != FIRST),
        })
    }

    fn current(&self) -> String {
        self.cursor.clone().unwrap_or_else(|| FIRST.to_owned())
    }

    /// The page of a list that is here as a whole, newest first: it goes on after a document, so that what comes and
    /// goes meanwhile is neither shown twice nor left out.
    ///
    /// # Errors
    /// When the cursor is none of this list.
    pub fn of<'a, K: Kind>(&self, all: &'a [Document<K>]) -> Result<(&'a [Document<K>], Value), Failed> {
        let place = |document: &Document<K>| (document.created_at, document.sid.to_string());
        let start = match &self.cursor {
            None => 0,
            Some(cursor) => {
                let (at, sid) = opened(cursor).ok_or_else(wrong_cursor)?;
                all.partition_point(|document| place(document) >= (at, sid.clone()))
            }
        };
        let end = all.len().min(start + self.count);
        let page = all.get(start..end).unwrap_or_default();
        let cursor_after = |index: usize| {
            all.get(index).map(|document| closed(document.created_at, &document.sid.to_string()))
        };
        let previous = match start {
            0 => None,
            _ if start <= self.count => Some(FIRST.to_owned()),
            _ => cursor_after(start - self.count - 1),
        };
        let next = if end < all.len() { cursor_after(end - 1) } else { None };
        let view = json!({
            "current": self.current(), "next": next, "previous": previous, "totalEntries": all.len(),
        });
        Ok((page, view))
    }

    /// The page of a short list that is here as a whole, in its order.
    ///
    /// # Errors
    /// When the cursor is none of this list.
    pub fn of_list<'a, T>(&self, all: &'a [T]) -> Result<(&'a [T], Value), Failed> {
        let (start, count) = self.place()?;
        let start = usize::try_from(start).unwrap_or(usize::MAX).min(all.len());
        let end = all.len().min(start.saturating_add(count));
        let place =
            |index: usize| closed(Timestamp::from_micros(i64::try_from(index).unwrap_or(i64::MAX)), "");
        let next = (end < all.len()).then(|| place(end));
        let previous = (start > 0).then(|| match start <= count {
            true => FIRST.to_owned(),
            false => place(start - count),
        });
        let view = json!({
            "current": self.current(), "next": next, "previous": previous, "totalEntries": all.len(),
        });
        Ok((&all[start..end], view))
    }

    /// The page of a list of any length.
    pub(super) async fn read_from<K: Kind>(
        &self,
        scoped: &Scoped,
    ) -> Result<(Vec<Document<K>>, Value), Failed> {
        let cursor = match &self.cursor {
            None => None,
            Some(text) => Some(scoped.open_cursor(text).await.map_err(|_| wrong_cursor())?),
        };
        let query = store::Query { limit: self.count, cursor, ..store::Query::default() };
        let listed = scoped.list::<K>(query).await.map_err(|error| match error {
            StoreError::Sealed => wrong_cursor(),
            error => error.into(),
        })?;
        let seal = async |cursor: &Option<Cursor>| match cursor {
            Some(cursor) => scoped.seal_cursor(cursor).await.map(Some),
            None => Ok(None),
        };
        let (next, previous) = (seal(&listed.next).await?, seal(&listed.previous).await?);
        let view = json!({ "current": self.current(), "next": next, "previous": previous });
        Ok((listed.documents, view))
    }

    /// How many are asked for, and behind which place of the ledger.
    pub(super) fn place(&self) -> Result<(u64, usize), Failed> {
        let after = match &self.cursor {
            None => 0,
            Some(cursor) => {
                let (at, _) = opened(cursor).ok_or_else(wrong_cursor)?;
                u64::try_from(at.micros()).map_err(|_| wrong_cursor())?
            }
        };
        Ok((after, self.count))
    }

    /// The pagination of a page that ends at a place of the ledger.
    pub(super) fn up_to(&self, next: Option<u64>) -> Value {
        let next = next.and_then(|place| i64::try_from(place).ok());
        let next = next.map(|place| closed(Timestamp::from_micros(place), ""));
        json!({ "current": self.current(), "next": next, "previous": null })
    }
}

fn wrong_cursor() -> Failed {
    Failed::invalid("pagination.cursor", "this is no cursor of this list")
}

/// What is read comes out again.
#[cfg(fuzzing)]
pub(crate) fn fuzzed_cursor(text: &str) {
    if let Some((at, sid)) = opened(text) {
        assert_eq!(opened(&closed(at, &sid)), Some((at, sid)));
    }
}

fn closed(at: Timestamp, sid: &str) -> String {
    BASE64.encode(format!("{}.{sid}", at.micros()).as_bytes())
}

fn opened(cursor: &str) -> Option<(Timestamp, String)> {
    let text = String::from_utf8(BASE64.decode(cursor.as_bytes()).ok()?).ok()?;
    let (at, sid) = text.split_once('.')?;
    Some((Timestamp::from_micros(at.parse().ok()?), sid.to_owned()))
}
