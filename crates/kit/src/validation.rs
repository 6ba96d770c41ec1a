//! Public key client validation (GEN-PKCV-1): a request that carries `Twilio-Client-Validation` is the
//! one its sender signed, or it is refused.
//!
//! Verified whenever the header is there; whether it must be there is the account's setting, asked
//! where the account is entered. Numbers of refusals are Twilio's.

mod canonical;
mod token;

use auth::{Principal, PublicKey};
use axum::body::Body;
use axum::extract::Request;
use base::Timestamp;
use errors::{ApiError, Result, codes};
use http::HeaderMap;
use http::request::Parts;
use store::{Scope, Store};

use crate::limits::{CLOCK_SKEW_SECONDS, MAX_VALIDATION, VALIDATION_SECONDS};
use crate::params::limited;
use canonical::Signed;
use token::{Malformed, Token};

/// The header, as `http` writes names.
const HEADER: &str = "twilio-client-validation";

/// The path of a request as it was received, set by `server` where it hands on a shorter one: clients
/// sign what they sent, `.json` and product prefix included.
#[derive(Clone, Debug)]
pub struct ReceivedPath(pub String);

/// Whether the request is signed. It comes back with its body, which was read if it had to be.
///
/// # Errors
/// 403 when the header is there and does not fit the request; 413 when its body is too large.
pub(crate) async fn check(
    store: &Store,
    principal: &Principal,
    user: &str,
    now: Timestamp,
    request: Request,
) -> Result<(Request, bool)> {
    let Some(text) = single(request.headers(), HEADER)? else { return Ok((request, false)) };
    let token = Token::parse(text).map_err(|problem| match problem {
        Malformed::Form => ApiError::new(codes::VALIDATION_MALFORMED),
        Malformed::Claims => ApiError::new(codes::VALIDATION_CLAIMS),
    })?;
    if Some(token.subject) != principal.account || token.issuer != user {
        return Err(codes::VALIDATION_SUBJECT.into());
    }
    // A key of another account is as good as none.
    let key = store.scope(Scope::account(token.subject)).get::<PublicKey>(token.key).await?;
    let verifies = |key: store::Document<PublicKey>| {
        key.facts.verifies(token.algorithm, token.message.as_bytes(), &token.signature)
    };
    if !key.is_some_and(verifies) {
        return Err(codes::VALIDATION_FAILED.into());
    }
    require_current(&token, now)?;
    let (parts, body) = request.into_parts();
    let headers = signed_headers(&token, &parts)?;
    let body = limited(body).await?;
    let path = parts.extensions.get::<ReceivedPath>().map_or(parts.uri.path(), |path| path.0.as_str());
    let signed = Signed {
        method: parts.method.as_str(),
        path,
        query: parts.uri.query().unwrap_or_default(),
        headers: &headers,
        body: &body,
    };
    if !signed.hashes_to(&token.request_hash) {
        return Err(codes::REQUEST_HASH_INVALID.into());
    }
    Ok((Request::from_parts(parts, Body::from(body)), true))
}

/// The token's text, if there is one. Two of them are two opinions.
fn single<'a>(headers: &'a HeaderMap, name: &str) -> Result<Option<&'a str>> {
    let malformed = || ApiError::new(codes::VALIDATION_MALFORMED);
    let mut values = headers.get_all(name).iter();
    let Some(value) = values.next() else { return Ok(None) };
    if values.next().is_some() || value.len() > MAX_VALIDATION {
        return Err(malformed());
    }
    value.to_str().map(Some).map_err(|_| malformed())
}

fn require_current(token: &Token, now: Timestamp) -> Result<()> {
    let now = now.micros().div_euclid(1_000_000);
    if token.expires_at < now.saturating_sub(CLOCK_SKEW_SECONDS) {
        return Err(codes::VALIDATION_EXPIRED.into());
    }
    let latest = now.saturating_add(CLOCK_SKEW_SECONDS);
    if token.expires_at > latest.saturating_add(VALIDATION_SECONDS) {
        return Err(codes::VALIDATION_TOO_LONG.into());
    }
    if token.not_before.is_some_and(|from| from > latest) {
        return Err(codes::VALIDATION_CLAIMS.into());
    }
    Ok(())
}

/// The signed headers with their values, by name.
fn signed_headers<'a>(token: &'a Token, parts: &'a Parts) -> Result<Vec<(&'a str, &'a str)>> {
    let missing = || ApiError::new(codes::SIGNED_HEADER_MISSING);
    let names = token.signed_headers.iter();
    names
        .map(|name| {
            let mut values = parts.headers.get_all(name).iter();
            let value = values.next().ok_or_else(missing)?.to_str().map_err(|_| missing())?;
            // Clients differ in how they join repeated headers, so none may be.
            if values.next().is_some() { Err(missing()) } else { Ok((name.as_str(), value.trim())) }
        })
        .collect()
}

/// What noise reaches of all this without a key: the token is taken apart, and a request of this path and query is
/// compared with the hash in it.
#[cfg(fuzzing)]
pub fn fuzzed(token: &str, path: &str, query: &str) {
    let request_hash = Token::parse(token).map_or([0; 32], |token| token.request_hash);
    let signed = Signed { method: "POST", path, query, headers: &[("host", "api.twilio.com")], body: b"" };
    signed.hashes_to(&request_hash);
}
