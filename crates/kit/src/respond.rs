//! Answers: views as JSON, and errors in the API's one shape.

use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};
use serde::Serialize;

use bytes::Bytes;
use errors::{ApiError, codes};
use store::StoreError;
use webhooks::hosted::CONTENT_TYPE;

/// 201 with a view.
#[derive(Debug)]
pub struct Created<V>(pub V);

/// 202 with a view.
#[derive(Debug)]
pub struct Accepted<V>(pub V);

/// 200 with a view.
#[derive(Debug)]
pub struct Found<V>(pub V);

/// 204 without a body.
#[derive(Debug)]
pub struct Deleted;

/// 200 with a TwiML document. No Debug: it is full of protected data.
pub struct Twiml(pub Bytes);

fn json(status: StatusCode, view: &impl Serialize) -> Response {
    match serde_json::to_vec(view) {
        Ok(bytes) => {
            let mut response = Response::new(bytes.into());
            *response.status_mut() = status;
            let headers = response.headers_mut();
            headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
            // Answers show protected data: no browser and no proxy may keep a copy (RFC 9111 §5.2.2.5).
            headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
            response
        }
        Err(_) => {
            tracing::error!("a view could not be encoded");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}

impl<V: Serialize> IntoResponse for Created<V> {
    fn into_response(self) -> Response {
        json(StatusCode::CREATED, &self.0)
    }
}

impl<V: Serialize> IntoResponse for Accepted<V> {
    fn into_response(self) -> Response {
        json(StatusCode::ACCEPTED, &self.0)
    }
}

impl<V: Serialize> IntoResponse for Found<V> {
    fn into_response(self) -> Response {
        json(StatusCode::OK, &self.0)
    }
}

impl IntoResponse for Deleted {
    fn into_response(self) -> Response {
        StatusCode::NO_CONTENT.into_response()
    }
}

impl IntoResponse for Twiml {
    fn into_response(self) -> Response {
        let mut response = Response::new(self.0.into());
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(CONTENT_TYPE));
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        response
    }
}

#[derive(Serialize)]
struct ErrorView<'a> {
    code: u32,
    message: String,
    more_info: String,
    status: u16,
    #[serde(skip_serializing_if = "Option::is_none")]
    rule: Option<&'a str>,
}

/// The answer for an error. The only place that knows the shape.
pub fn error_response(error: &ApiError) -> Response {
    let code = error.code();
    let status = StatusCode::from_u16(code.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut response = json(
        status,
        &ErrorView {
            code: code.number,
            message: error.message(),
            more_info: format!("https://www.twilio.com/docs/errors/{}", code.number),
            status: code.status,
            rule: error.rule_id(),
        },
    );
    if code == codes::UNAUTHORIZED {
        response
            .headers_mut()
            .insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Basic realm=\"Switchward\""));
    }
    if let Some(seconds) = error.retry_after_seconds() {
        response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    }
    response
}

/// [`ApiError`] as a response: `errors` does not know axum, so the wrapper is here.
#[derive(Debug)]
pub struct Failure(pub ApiError);

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        error_response(&self.0)
    }
}

impl From<ApiError> for Failure {
    fn from(error: ApiError) -> Self {
        Self(error)
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        Self(error.into())
    }
}

/// What handlers return; `?` works on [`ApiError`] and on [`StoreError`].
pub type Answer<T> = std::result::Result<T, Failure>;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_answer_is_kept_by_caches() {
        for response in [Found("x").into_response(), error_response(&codes::NOT_FOUND.into())] {
            assert_eq!(response.headers()[header::CACHE_CONTROL], "no-store");
        }
    }
}
