//! What came in: path, query and form, with errors in the API's shape.
//!
//! Values keep their order and are taken one by one; what nobody took is an unknown parameter, and
//! that is an error: nothing is silently ignored. Personal values are taken with [`Params::phi`],
//! which seals them in [`Phi`] before anyone can look.

use std::ops::RangeInclusive;
use std::time::Duration;

use axum::body::Body;
use axum::extract::{FromRequest, FromRequestParts, RawPathParams, Request};
use axum::response::Response;
use base::{Sid, Timestamp};
use bytes::Bytes;
use errors::{ApiError, Result, codes};
use http::header::CONTENT_TYPE;
use http::request::Parts;
use http_body_util::{BodyExt, LengthLimitError, Limited};
use phi::Phi;
use store::Range;

use crate::limits::{MAX_FORM_BYTES, MAX_PARAMS};
use crate::respond::error_response;

/// Characters of a date without time.
const DATE_LENGTH: usize = "2026-01-15".len();
/// A day; an end without time includes all of its day.
const DAY: Duration = Duration::from_secs(86_400);
/// The unit of a date-time on the wire; an end includes all of its second.
const SECOND: Duration = Duration::from_secs(1);

const FORM: &str = "application/x-www-form-urlencoded";

/// The parameters of one request, in order, each taken once.
pub struct Params(Vec<(String, String)>);

impl Params {
    /// Decodes `name=value&…` strictly: bad escapes and bytes that are not UTF-8 are errors.
    ///
    /// # Errors
    /// 20001 when the text is malformed or holds too many parameters.
    pub fn decode(encoded: &[u8]) -> Result<Self> {
        let mut pairs = Vec::new();
        for pair in encoded.split(|&byte| byte == b'&').filter(|pair| !pair.is_empty()) {
            if pairs.len() == MAX_PARAMS {
                return Err(ApiError::new(codes::INVALID_PARAMETER).hint("too many parameters"));
            }
            let split = pair.iter().position(|&byte| byte == b'=').unwrap_or(pair.len());
            let value = pair.get(split + 1..).unwrap_or_default();
            pairs.push((unescape(&pair[..split])?, unescape(value)?));
        }
        Ok(Self(pairs))
    }

    /// Takes all parameters, for a reader that needs more than them; it ends with [`Params::finish`].
    #[must_use]
    pub fn take(&mut self) -> Params {
        Params(std::mem::take(&mut self.0))
    }

    /// Whether no parameter is left.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether `name` is among the parameters.
    pub fn has(&self, name: &str) -> bool {
        self.0.iter().any(|(given, _)| given == name)
    }

    /// Every value of a repeatable parameter, in order.
    pub fn all(&mut self, name: &str) -> Vec<String> {
        let mut values = Vec::new();
        self.0.retain_mut(|(given, value)| {
            let keep = given != name;
            if !keep {
                values.push(std::mem::take(value));
            }
            keep
        });
        values
    }

    /// Takes every parameter whose name begins with `prefix` (the API's "map" parameters), unread;
    /// answers whether there was one.
    pub fn all_under(&mut self, prefix: &str) -> bool {
        let before = self.0.len();
        self.0.retain(|(given, _)| !given.starts_with(prefix));
        self.0.len() < before
    }

    /// The value of a parameter that may be given once.
    ///
    /// # Errors
    /// 20001 when it is repeated.
    pub fn text(&mut self, name: &'static str) -> Result<Option<String>> {
        let mut values = self.all(name);
        match values.len() {
            0 | 1 => Ok(values.pop()),
            _ => Err(ApiError::new(codes::INVALID_PARAMETER).parameter(name)),
        }
    }

    /// The beginning and the length of the day or second that a parameter names.
    ///
    /// # Errors
    /// 20001 when it is repeated, or neither a date nor a date-time.
    pub fn instant(&mut self, name: &'static str) -> Result<Option<(Timestamp, Duration)>> {
        self.text(name)?.map(|text| instant(name, &text)).transpose()
    }

    /// The filter of a list by a time, as the 2010 API has it: on a day, on or after, on or before. What is given empty
    /// is not given. Errors name the first of the three.
    ///
    /// # Errors
    /// 20001 when one is repeated, or neither a date nor a date-time.
    pub fn period(&mut self, [on, after, before]: [&'static str; 3]) -> Result<Range> {
        let mut given = |name| -> Result<Option<(Timestamp, Duration)>> {
            let text = self.text(name)?.filter(|text| !text.is_empty());
            text.map(|text| instant(on, &text)).transpose()
        };
        let (day, after, before) = (given(on)?, given(after)?, given(before)?);
        let mut range = Range::default();
        if let Some((at, _)) = day {
            let start = at.start_of_day();
            range = Range { from: Some(start), until: Some(start.plus(DAY)) };
        }
        range.from = after.map(|(at, _)| at).or(range.from);
        range.until = before.map(|(at, length)| at.plus(length)).or(range.until);
        Ok(range)
    }

    /// A protected value.
    ///
    /// # Errors
    /// 20001 when it is repeated.
    pub fn phi(&mut self, name: &'static str) -> Result<Option<Phi<String>>> {
        Ok(self.text(name)?.map(Phi::new))
    }

    /// A value that must be there and not be empty.
    ///
    /// # Errors
    /// 20001 when it is missing, empty or repeated.
    pub fn required(&mut self, name: &'static str) -> Result<String> {
        self.text(name)?
            .filter(|value| !value.is_empty())
            .ok_or(ApiError::new(codes::INVALID_PARAMETER).parameter(name))
    }

    /// `true` or `false`, as the SDKs write booleans.
    ///
    /// # Errors
    /// 20001 for anything else.
    pub fn flag(&mut self, name: &'static str) -> Result<Option<bool>> {
        self.text(name)?
            .map(|value| match value.as_str() {
                "true" | "True" => Ok(true),
                "false" | "False" => Ok(false),
                _ => Err(ApiError::new(codes::INVALID_PARAMETER).parameter(name)),
            })
            .transpose()
    }

    /// A whole number within `range`.
    ///
    /// # Errors
    /// 20001 for anything else.
    pub fn integer(&mut self, name: &'static str, range: RangeInclusive<i64>) -> Result<Option<i64>> {
        self.text(name)?
            .map(|value| {
                value
                    .parse()
                    .ok()
                    .filter(|number| range.contains(number))
                    .ok_or(ApiError::new(codes::INVALID_PARAMETER).parameter(name))
            })
            .transpose()
    }

    /// One of a closed list of words.
    ///
    /// # Errors
    /// 20001 for any other word.
    pub fn word(&mut self, name: &'static str, words: &[&'static str]) -> Result<Option<&'static str>> {
        self.text(name)?
            .map(|value| {
                words
                    .iter()
                    .copied()
                    .find(|word| *word == value)
                    .ok_or(ApiError::new(codes::INVALID_PARAMETER).parameter(name))
            })
            .transpose()
    }

    /// A SID of one type.
    ///
    /// # Errors
    /// 20001 for anything else.
    pub fn sid<S: Sid>(&mut self, name: &'static str) -> Result<Option<S>> {
        self.text(name)?
            .map(|value| value.parse().map_err(|_| ApiError::new(codes::INVALID_PARAMETER).parameter(name)))
            .transpose()
    }

    /// Published parameters that are not served yet: giving one is an error that says so.
    ///
    /// # Errors
    /// 20501 when any of them is given.
    pub fn not_supported(&mut self, names: &[&'static str]) -> Result<()> {
        match names.iter().find(|name| self.has(name)) {
            Some(name) => Err(ApiError::new(codes::NOT_SUPPORTED).parameter(name)),
            None => Ok(()),
        }
    }

    /// Parameters that are valid but change nothing here; the caller says why at the call.
    pub fn without_effect(&mut self, names: &[&'static str]) {
        for name in names {
            self.all(name);
        }
    }

    /// Ends reading: what is left is unknown.
    ///
    /// # Errors
    /// 20001 when a parameter was not taken.
    pub fn finish(self) -> Result<()> {
        if self.0.is_empty() {
            Ok(())
        } else {
            Err(ApiError::new(codes::INVALID_PARAMETER).hint("a parameter of the request is not known here"))
        }
    }
}

fn unescape(text: &[u8]) -> Result<String> {
    let malformed = || ApiError::new(codes::INVALID_PARAMETER).hint("the request is not form-encoded UTF-8");
    let hex = |byte: Option<&u8>| byte.and_then(|byte| char::from(*byte).to_digit(16)).ok_or_else(malformed);
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.iter();
    while let Some(&byte) = rest.next() {
        bytes.push(match byte {
            b'+' => b' ',
            b'%' => (hex(rest.next())? * 16 + hex(rest.next())?) as u8,
            other => other,
        });
    }
    String::from_utf8(bytes).map_err(|_| malformed())
}

/// What is read from parameters. Implementations take every parameter they know; [`Form`] and
/// The beginning and the length of the day or second that a text names.
fn instant(name: &'static str, text: &str) -> Result<(Timestamp, Duration)> {
    let start =
        Timestamp::parse_iso8601(text).ok_or(ApiError::new(codes::INVALID_PARAMETER).parameter(name))?;
    Ok((start, if text.len() == DATE_LENGTH { DAY } else { SECOND }))
}

/// [`Query`] refuse what is left.
pub trait FromParams: Sized {
    /// Reads the parameters.
    ///
    /// # Errors
    /// Every 4xx that the parameters alone can cause.
    fn from_params(params: &mut Params) -> Result<Self>;
}

fn read<T: FromParams>(encoded: &[u8]) -> Result<T> {
    let mut params = Params::decode(encoded)?;
    let value = T::from_params(&mut params)?;
    params.finish()?;
    Ok(value)
}

/// The form body of a POST.
#[derive(Debug)]
pub struct Form<T>(pub T);

impl<T: FromParams, S: Send + Sync> FromRequest<S> for Form<T> {
    type Rejection = Response;

    async fn from_request(request: Request, _state: &S) -> std::result::Result<Self, Response> {
        let form = form_bytes(request).await.and_then(|bytes| read(&bytes));
        form.map(Self).map_err(|error| error_response(&error))
    }
}

async fn form_bytes(request: Request) -> Result<Bytes> {
    let (parts, body) = request.into_parts();
    let bytes = limited(body).await?;
    let declared = parts.headers.get(CONTENT_TYPE).map_or(FORM, |value| value.to_str().unwrap_or_default());
    let media_type = declared.split(';').next().unwrap_or_default().trim();
    // Media types are the same in any case (RFC 9110 §8.3.1).
    if !bytes.is_empty() && !media_type.eq_ignore_ascii_case(FORM) {
        return Err(codes::UNSUPPORTED_MEDIA_TYPE.into());
    }
    Ok(bytes)
}

/// The body, up to the limit.
pub(crate) async fn limited(body: Body) -> Result<Bytes> {
    match Limited::new(body, MAX_FORM_BYTES).collect().await {
        Ok(collected) => Ok(collected.to_bytes()),
        Err(error) if error.is::<LengthLimitError>() => Err(codes::TOO_LARGE.into()),
        Err(_) => Err(ApiError::new(codes::INVALID_PARAMETER).hint("the request body ended early")),
    }
}

/// The JSON body of a request, for the APIs that take one (`/switchward/v1`).
#[derive(Debug)]
pub struct Json<T>(pub T);

impl<T: serde::de::DeserializeOwned, S: Send + Sync> FromRequest<S> for Json<T> {
    type Rejection = Response;

    async fn from_request(request: Request, _state: &S) -> std::result::Result<Self, Response> {
        let value = match limited(request.into_body()).await {
            Ok(bytes) => serde_json::from_slice(&bytes).map_err(|_| {
                ApiError::new(codes::INVALID_PARAMETER)
                    .hint("the body is not the JSON object that is expected here")
            }),
            Err(error) => Err(error),
        };
        value.map(Self).map_err(|error| error_response(&error))
    }
}

/// The query of a GET. The parameters of paging belong to [`crate::PageRequest`].
#[derive(Debug)]
pub struct Query<T>(pub T);

impl<T: FromParams, S: Send + Sync> FromRequestParts<S> for Query<T> {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> std::result::Result<Self, Response> {
        let value = read(parts.uri.query().unwrap_or_default().as_bytes());
        value.map(Self).map_err(|error| error_response(&error))
    }
}

/// The last parameter of the path, typed. Text of another type names nothing: 404.
#[derive(Debug)]
pub struct Path<T>(pub T);

impl<T: std::str::FromStr, S: Send + Sync> FromRequestParts<S> for Path<T> {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> std::result::Result<Self, Response> {
        let not_found = || error_response(&codes::NOT_FOUND.into());
        let params = RawPathParams::from_request_parts(parts, state).await.map_err(|_| not_found())?;
        let last = params.iter().last().ok_or_else(not_found)?;
        last.1.parse().map(Self).map_err(|_| not_found())
    }
}

/// The first and the last parameter of a path that has two, typed; otherwise as [`Path`].
#[derive(Debug)]
pub struct PathPair<A, B>(pub A, pub B);

impl<A: std::str::FromStr, B: std::str::FromStr, S: Send + Sync> FromRequestParts<S> for PathPair<A, B> {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> std::result::Result<Self, Response> {
        let not_found = || error_response(&codes::NOT_FOUND.into());
        let params = RawPathParams::from_request_parts(parts, state).await.map_err(|_| not_found())?;
        let texts: Vec<_> = params.iter().map(|(_, text)| text).collect();
        let [.., first, last] = texts.as_slice() else { return Err(not_found()) };
        first.parse().ok().zip(last.parse().ok()).map(|(first, last)| Self(first, last)).ok_or_else(not_found)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decode(text: &str) -> Params {
        Params::decode(text.as_bytes()).expect("well-formed")
    }

    #[test]
    fn decodes_as_the_sdks_encode() {
        let mut params = decode("Body=a+b%20c%2Bd&MediaUrl=1&MediaUrl=2&Empty=&Flag");
        assert_eq!(params.text("Body").unwrap().as_deref(), Some("a b c+d"));
        assert_eq!(params.all("MediaUrl"), ["1", "2"]);
        assert_eq!(params.text("Empty").unwrap().as_deref(), Some(""));
        assert_eq!(params.text("Flag").unwrap().as_deref(), Some(""));
        assert!(params.finish().is_ok());
    }

    #[test]
    fn refuses_malformed_repeated_and_unknown() {
        for text in ["a=%", "a=%4", "a=%zz", "a=%ff%fe"] {
            assert!(Params::decode(text.as_bytes()).is_err(), "{text}");
        }
        assert!(decode("To=1&To=2").text("To").is_err());
        assert!(decode("Unknown=1").finish().is_err());
        assert!(Params::decode("a=1&".repeat(MAX_PARAMS + 1).as_bytes()).is_err());
    }

    #[test]
    fn typed_getters_refuse_other_types() {
        assert!(decode("F=maybe").flag("F").is_err());
        assert_eq!(decode("F=true").flag("F").unwrap(), Some(true));
        assert!(decode("N=99").integer("N", 0..=9).is_err());
        assert!(decode("N=x").integer("N", 0..=9).is_err());
        assert_eq!(decode("W=b").word("W", &["a", "b"]).unwrap(), Some("b"));
        assert!(decode("W=c").word("W", &["a", "b"]).is_err());
        assert_eq!(decode("Tags=x").not_supported(&["Tags"]).unwrap_err().code(), codes::NOT_SUPPORTED);
    }

    proptest::proptest! {
        #[test]
        fn any_bytes_are_decoded_or_refused(bytes in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..512)) {
            if let Ok(params) = Params::decode(&bytes) {
                proptest::prop_assert!(params.0.len() <= MAX_PARAMS);
            }
        }
    }
}
