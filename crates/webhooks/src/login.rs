//! How one exchange proves itself to servers that ask: nothing before they ask, then the URL's userinfo as Basic or
//! Digest, to the origin it belongs to and to no other.
//!
//! What a server asked for is kept until the exchange ends, so that redirects within an origin and retries need not
//! be asked again; a Digest nonce is used with a rising count, and replaced when the server calls it stale.

use aws_lc_rs::hmac;
use http::header::WWW_AUTHENTICATE;
use http::{HeaderMap, HeaderValue, StatusCode};

use crate::challenge::parse_challenges;
use crate::credentials::Credentials;
use crate::digest::{Hash, Session};
use crate::limits;
use crate::url::{Origin, WebhookUrl};

/// What is known of one exchange's logins: the origin that asked last, and what it wants.
pub(crate) struct Login {
    key: hmac::Key,
    idempotency_token: String,
    wanted: Option<(Origin, Wanted)>,
}

enum Wanted {
    Basic,
    Digest(Session),
}

impl Login {
    /// Nobody has asked. Client nonces are drawn from the key.
    pub(crate) fn new(key: hmac::Key, idempotency_token: &str) -> Login {
        Login { key, idempotency_token: idempotency_token.to_owned(), wanted: None }
    }

    /// The `Authorization` header for a request to this URL, if its origin has asked for one.
    pub(crate) fn authorization(
        &mut self,
        url: &WebhookUrl,
        method: &str,
        target: &str,
    ) -> Option<HeaderValue> {
        let credentials = url.credentials()?;
        let (origin, wanted) = self.wanted.as_mut()?;
        if *origin != url.origin() {
            return None;
        }
        let mut value = match wanted {
            Wanted::Basic => basic(credentials)?,
            Wanted::Digest(session) => session.authorization(credentials, method, target)?,
        };
        value.set_sensitive(true);
        Some(value)
    }

    /// Reads an answer, and says whether the request should be sent once more. `sent_before` counts how often this
    /// request was already sent again for that.
    pub(crate) fn is_asked(
        &mut self,
        url: &WebhookUrl,
        status: StatusCode,
        headers: &HeaderMap,
        sent_before: usize,
    ) -> bool {
        if status != StatusCode::UNAUTHORIZED || url.credentials().is_none() || sent_before >= limits::LOGINS
        {
            return false;
        }
        let mut best: Option<Wanted> = None;
        let mut is_stale = false;
        let values = headers.get_all(WWW_AUTHENTICATE).iter();
        for challenge in
            values.filter_map(|value| std::str::from_utf8(value.as_bytes()).ok()).flat_map(parse_challenges)
        {
            let wanted = match challenge.scheme.as_str() {
                "basic" => Some(Wanted::Basic),
                "digest" => Session::new(&challenge, &self.key, &self.idempotency_token).map(Wanted::Digest),
                _ => None,
            };
            let Some(wanted) = wanted else { continue };
            if best.as_ref().is_none_or(|best| wanted.rank() > best.rank()) {
                is_stale =
                    challenge.parameter("stale").is_some_and(|stale| stale.eq_ignore_ascii_case("true"));
                best = Some(wanted);
            }
        }
        // The first time, what an earlier hop left may simply not be what is wanted here; after that only a nonce
        // that is too old is worth another try (RFC 7616 §3.3): otherwise the password is wrong.
        let Some(wanted) = best.filter(|_| sent_before == 0 || is_stale) else { return false };
        self.wanted = Some((url.origin(), wanted));
        true
    }
}

impl Wanted {
    /// The order of preference, rising: what shows less of the password is greater.
    fn rank(&self) -> Option<Hash> {
        match self {
            Wanted::Basic => None,
            Wanted::Digest(session) => Some(session.hash()),
        }
    }
}

fn basic(credentials: &Credentials) -> Option<HeaderValue> {
    HeaderValue::from_str(&credentials.basic()).ok()
}
