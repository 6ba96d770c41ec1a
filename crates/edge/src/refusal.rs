//! Answers that the edge gives itself, in the API's error shape so that SDKs show their text.

use bytes::Bytes;
use http::header::{CONTENT_TYPE, HeaderValue, RETRY_AFTER};
use http::{Response, StatusCode};
use http_body_util::Full;

use crate::limits::RETRY_AFTER_SECONDS;

/// Why the edge answers instead of the service.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// `CONNECT` to a host or port outside the list.
    ConnectHost,
    /// `CONNECT` inside TLS or inside a tunnel.
    ConnectNested,
    /// A request meant for a forwarding proxy (`GET http://host/…`).
    AbsoluteForm,
    /// The service gave no answer in time.
    RequestTimeout,
    /// Too many connections.
    Busy,
}

impl Refusal {
    /// HTTP status, error code and text; codes are those SDKs know for the same situation.
    fn parts(self) -> (StatusCode, u32, &'static str) {
        match self {
            Self::ConnectHost => (
                StatusCode::FORBIDDEN,
                20403,
                "This proxy reaches only Twilio and Segment hosts on port 443, and answers for them itself.",
            ),
            Self::ConnectNested => (
                StatusCode::FORBIDDEN,
                20403,
                "CONNECT is accepted only as the first request on a connection without TLS.",
            ),
            Self::AbsoluteForm => (
                StatusCode::FORBIDDEN,
                20403,
                "This server forwards no requests. Send https requests through CONNECT.",
            ),
            Self::RequestTimeout => (
                StatusCode::SERVICE_UNAVAILABLE,
                20503,
                "The request was not complete, or not answered, in time.",
            ),
            Self::Busy => {
                (StatusCode::SERVICE_UNAVAILABLE, 20503, "Too many connections. Try again shortly.")
            }
        }
    }

    /// The JSON body. The texts hold nothing that needs escaping.
    fn body(self) -> String {
        let (status, code, message) = self.parts();
        let status = status.as_u16();
        format!(
            r#"{{"code":{code},"message":"{message}","more_info":"https://www.twilio.com/docs/errors/{code}","status":{status}}}"#
        )
    }

    /// The answer as a response.
    pub(crate) fn response(self) -> Response<Full<Bytes>> {
        let (status, _, _) = self.parts();
        let mut response = Response::new(Full::new(Bytes::from(self.body())));
        *response.status_mut() = status;
        response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        if status == StatusCode::SERVICE_UNAVAILABLE {
            response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(RETRY_AFTER_SECONDS));
        }
        response
    }

    /// The answer as bytes, for a connection on which no HTTP implementation runs.
    pub(crate) fn bytes(self) -> Vec<u8> {
        let (status, _, _) = self.parts();
        let body = self.body();
        format!(
            "HTTP/1.1 {status}\r\ncontent-type: application/json\r\ncontent-length: {}\r\nretry-after: {RETRY_AFTER_SECONDS}\r\nconnection: close\r\n\r\n{body}",
            body.len()
        )
        .into_bytes()
    }
}
