//! `X-Twilio-Signature`: how a customer's server knows that a request came from this platform (rule `GEN-SIG-1`).
//!
//! The signed string is the URL as it was configured, then the form parameters. By default the key is the account's
//! primary auth token and the hash is HMAC-SHA1, because every validator in the field computes that and HMAC does not
//! depend on the collisions that broke plain SHA-1. An account that signs with a shared key gets HMAC-SHA256 over the
//! same string, and a second header that names key and algorithm, as Twilio's shared keys have it. Media Stream
//! handshakes are signed like a form without parameters.

use aws_lc_rs::{digest, hmac};
use data_encoding::{BASE64, HEXLOWER};

/// Header that carries the signature.
pub const HEADER: &str = "X-Twilio-Signature";

/// Header that names the shared key, when one signed: `key=<id>,algorithm=HMAC_SHA256`.
pub const SETTINGS_HEADER: &str = "X-Twilio-Webhooks-Signature-Settings";

/// Query parameter that binds a body which is not a form to the signature.
const BODY_HASH_PARAMETER: &str = "bodySHA256=";

/// What a request is signed with. No Debug: it holds a secret.
#[derive(Clone, Copy)]
pub enum SigningKey<'a> {
    /// The account's primary auth token, with HMAC-SHA1.
    AuthToken(&'a str),
    /// A shared key, with HMAC-SHA256.
    Shared {
        /// Its public name.
        id: &'a str,
        /// Its secret.
        secret: &'a str,
    },
}

impl SigningKey<'_> {
    /// Value of [`SETTINGS_HEADER`]; none for the auth token, as receivers take its absence to mean that.
    pub fn settings(&self) -> Option<String> {
        match self {
            SigningKey::AuthToken(_) => None,
            SigningKey::Shared { id, .. } => Some(format!("key={id},algorithm=HMAC_SHA256")),
        }
    }

    pub(crate) fn hmac_key(&self) -> hmac::Key {
        match self {
            SigningKey::AuthToken(token) => {
                hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, token.as_bytes())
            }
            SigningKey::Shared { secret, .. } => hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes()),
        }
    }
}

impl<'a> From<&'a str> for SigningKey<'a> {
    fn from(auth_token: &'a str) -> SigningKey<'a> {
        SigningKey::AuthToken(auth_token)
    }
}

/// Signs a form POST: base64 of the HMAC over the URL (see [`signed_url`]) and, for each distinct name in byte order
/// and each distinct value of it in byte order, name and value with nothing between.
pub fn sign_form<'a>(
    key: impl Into<SigningKey<'a>>,
    url_as_configured: &str,
    parameters: &[(String, String)],
) -> String {
    sign(key.into(), &form_text(&signed_url(url_as_configured), parameters))
}

/// Signs a GET, whose parameters are already in the URL's query, or a WebSocket handshake.
pub fn sign_get<'a>(key: impl Into<SigningKey<'a>>, url_with_query: &str) -> String {
    sign(key.into(), &signed_url(url_with_query))
}

/// Signs a request whose body is not a form. Returns the URL to request (as signed, with `bodySHA256` added to its
/// query) and the signature.
pub fn sign_json<'a>(
    key: impl Into<SigningKey<'a>>,
    url_as_configured: &str,
    body: &[u8],
) -> (String, String) {
    let mut url = signed_url(url_as_configured);
    let hash = HEXLOWER.encode(digest::digest(&digest::SHA256, body).as_ref());
    append_query(&mut url, &format!("{BODY_HASH_PARAMETER}{hash}"));
    let signature = sign(key.into(), &url);
    (url, signature)
}

/// Whether the signature belongs to this form POST (or, with no parameters, GET), compared in constant time.
pub fn validate<'a>(
    key: impl Into<SigningKey<'a>>,
    url: &str,
    parameters: &[(String, String)],
    signature: &str,
) -> bool {
    verify(key.into(), &form_text(&signed_url(url), parameters), signature)
}

/// Whether the signature belongs to this URL and the URL's `bodySHA256` to this body.
pub fn validate_json<'a>(key: impl Into<SigningKey<'a>>, url: &str, body: &[u8], signature: &str) -> bool {
    let url = signed_url(url);
    let query = url.split_once('?').map_or("", |(_, query)| query);
    // The last one is ours: a customer's own query may hold the name too.
    let claimed = query.split('&').rev().find_map(|pair| pair.strip_prefix(BODY_HASH_PARAMETER));
    let hash = HEXLOWER.encode(digest::digest(&digest::SHA256, body).as_ref());
    // The hash is public (it is in the URL); only the signature must be compared in constant time.
    claimed == Some(hash.as_str()) && verify(key.into(), &url, signature)
}

/// The URL as it enters the signature: fragment and `user:password@` dropped, everything else byte for byte.
pub fn signed_url(url_as_configured: &str) -> String {
    let text = url_as_configured.split_once('#').map_or(url_as_configured, |(before, _)| before);
    let Some((scheme, rest)) = text.split_once("://") else {
        return text.to_owned();
    };
    let (authority, target) = rest.split_at(rest.find(['/', '?']).unwrap_or(rest.len()));
    let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    format!("{scheme}://{host}{target}")
}

/// Adds already encoded text to the query of a URL that has no fragment.
pub(crate) fn append_query(url: &mut String, encoded: &str) {
    match url.find('?') {
        None => url.push('?'),
        Some(_) if url.ends_with(['?', '&']) => {}
        Some(_) => url.push('&'),
    }
    url.push_str(encoded);
}

pub(crate) fn form_text(url: &str, parameters: &[(String, String)]) -> String {
    let mut pairs: Vec<(&str, &str)> =
        parameters.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    pairs.sort_unstable();
    pairs.dedup();
    let mut text = url.to_owned();
    for (name, value) in pairs {
        text.push_str(name);
        text.push_str(value);
    }
    text
}

fn sign(key: SigningKey<'_>, text: &str) -> String {
    BASE64.encode(hmac::sign(&key.hmac_key(), text.as_bytes()).as_ref())
}

fn verify(key: SigningKey<'_>, text: &str, signature: &str) -> bool {
    let Ok(tag) = BASE64.decode(signature.as_bytes()) else {
        return false;
    };
    hmac::verify(&key.hmac_key(), text.as_bytes(), &tag).is_ok()
}
