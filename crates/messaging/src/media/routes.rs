//! Handlers of the Media resource.

use base::{MediaSid, MessageSid};
use blobs::{BlobError, Part};
use bytes::Bytes;
use errors::{ApiError, codes};
use futures_util::{StreamExt, stream};
use http::{HeaderMap, HeaderValue, StatusCode, header};
use kit::{
    Answer, Body, Ctx, Deleted, Extension, Found, FromParams, IntoResponse, PageRequest, Params, Path,
    PathPair, ReceivedPath, Response,
};
use serde_json::Value;

use super::range::{Asked, parse};
use super::service::{self, Opened};
use super::store::unavailable;

/// `DateCreated`, `DateCreated<`, `DateCreated>`.
pub struct Filter(store::Range);

impl FromParams for Filter {
    fn from_params(params: &mut Params) -> errors::Result<Self> {
        params.period(["DateCreated", "DateCreated>", "DateCreated<"]).map(Self)
    }
}

pub async fn list(ctx: Ctx, Path(message): Path<MessageSid>, page: PageRequest) -> Answer<Found<Value>> {
    let (Filter(created), paging) = page.open::<Filter>(&ctx).await?;
    let path = format!("/2010-04-01/Accounts/{}/Messages/{message}/Media.json", ctx.account().sid());
    Ok(Found(service::list(&ctx, message, created, paging).await?.api2010(&path, "media_list")))
}

/// What is known of it, with `.json`; without, the bytes themselves.
pub async fn fetch(
    ctx: Ctx,
    PathPair(message, sid): PathPair<MessageSid, MediaSid>,
    received: Option<Extension<ReceivedPath>>,
    headers: HeaderMap,
) -> Answer<Response> {
    if received.is_none_or(|Extension(ReceivedPath(path))| path.ends_with(".json")) {
        return Ok(Found(service::fetch(&ctx, message, sid).await?).into_response());
    }
    let range = headers.get(header::RANGE).and_then(|range| range.to_str().ok());
    bytes(service::open(&ctx, message, sid).await?, range).await
}

pub async fn delete(ctx: Ctx, PathPair(message, sid): PathPair<MessageSid, MediaSid>) -> Answer<Deleted> {
    service::delete(&ctx, message, sid).await?;
    Ok(Deleted)
}

/// The answer with the bytes, or a range of them. A browser may neither guess at them, nor run them, nor keep them.
///
/// # Errors
/// 503 when the store of the bytes cannot be asked now, 500 when they are not what they should be: it is asked for the first
/// of them before anything is said.
pub(super) async fn bytes(opened: Opened, range: Option<&str>) -> Answer<Response> {
    let size = opened.reader.size();
    let asked = parse(range, size);
    let (status, range) = match asked {
        Asked::All => (StatusCode::OK, 0..size),
        Asked::Part(range) => (StatusCode::PARTIAL_CONTENT, range),
        Asked::Unsatisfiable => (StatusCode::RANGE_NOT_SATISFIABLE, 0..0),
    };
    let value = |text: String| HeaderValue::from_str(&text).unwrap_or(HeaderValue::from_static(""));
    let mut response = Response::new(Body::empty());
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(header::ACCEPT_RANGES, HeaderValue::from_static("bytes"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static("default-src 'none'; sandbox"));
    match status {
        StatusCode::RANGE_NOT_SATISFIABLE => {
            headers.insert(header::CONTENT_RANGE, value(format!("bytes */{size}")));
            return Ok(response);
        }
        StatusCode::PARTIAL_CONTENT => {
            headers.insert(
                header::CONTENT_RANGE,
                value(format!("bytes {}-{}/{size}", range.start, range.end - 1)),
            );
        }
        _ => {}
    }
    headers.insert(header::CONTENT_TYPE, value(opened.content_type));
    headers.insert(header::CONTENT_LENGTH, HeaderValue::from(range.end - range.start));
    let mut part = opened.reader.part(range);
    let first = part.next().await.map_err(|error| match error {
        BlobError::Unavailable => ApiError::from(unavailable(error)),
        error => {
            tracing::error!(%error, "a medium does not open");
            codes::INTERNAL.into()
        }
    })?;
    *response.body_mut() = body(first, part);
    Ok(response)
}

/// The bytes as they are opened, piece by piece. One that does not open ends the connection before its time, which is
/// how a client notices.
fn body(first: Option<Bytes>, part: Part) -> Body {
    let first = stream::iter(first.map(Ok::<_, BlobError>));
    let rest = stream::try_unfold(part, |mut part| async move {
        let piece =
            part.next().await.inspect_err(|error| tracing::error!(%error, "a medium does not open"))?;
        Ok::<_, BlobError>(piece.map(|piece| (piece, part)))
    });
    Body::from_stream(first.chain(rest))
}
