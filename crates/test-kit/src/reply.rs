//! An answer as a test reads it.

use http::HeaderMap;
use serde_json::Value;

/// An answer of the API.
#[derive(Clone, Debug)]
pub struct Reply {
    /// The HTTP status.
    pub status: u16,
    /// The headers.
    pub headers: HeaderMap,
    /// The body as it came.
    pub bytes: Vec<u8>,
    /// The body as text.
    pub text: String,
    /// The body as JSON; null when it is not JSON.
    pub json: Value,
}

impl Reply {
    pub(crate) fn new(status: u16, headers: HeaderMap, body: &[u8]) -> Self {
        let text = String::from_utf8_lossy(body).into_owned();
        let json = serde_json::from_slice(body).unwrap_or(Value::Null);
        Self { status, headers, bytes: body.to_vec(), text, json }
    }

    /// The error code, when it is an error in the API's shape.
    pub fn code(&self) -> Option<u64> {
        self.json.get("code").and_then(Value::as_u64)
    }

    /// The rule that refused, when one did.
    pub fn rule(&self) -> Option<&str> {
        self.json.get("rule").and_then(Value::as_str)
    }

    /// Holds that the answer has this status.
    ///
    /// # Panics
    /// When it has not; the body is shown.
    #[track_caller]
    pub fn assert_status(&self, status: u16) -> &Self {
        assert_eq!(self.status, status, "{}", self.text);
        self
    }

    /// Holds that the answer is this error, in the API's shape.
    ///
    /// # Panics
    /// When it is not; the body is shown.
    #[track_caller]
    pub fn assert_error(&self, status: u16, code: u64) -> &Self {
        assert_eq!((self.status, self.code()), (status, Some(code)), "{}", self.text);
        assert_eq!(self.json["status"], status, "the body repeats the status");
        assert!(self.json["message"].is_string() && self.json["more_info"].is_string(), "{}", self.text);
        self
    }

    /// Holds that this rule refused, with this number of ours.
    ///
    /// # Panics
    /// When it is not so; the body is shown.
    #[track_caller]
    pub fn assert_refused(&self, rule: &str, code: u64) -> &Self {
        assert_eq!(self.rule(), Some(rule), "{}", self.text);
        self.assert_error(403, code)
    }
}
