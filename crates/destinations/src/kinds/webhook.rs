//! HTTP servers: a payload is a request's body, or a list of them is.

use std::collections::BTreeMap;

use auth::{AccountContext, Secret};
use aws_lc_rs::hmac;
use data_encoding::HEXLOWER;
use errors::Result;
use http::{HeaderMap, HeaderName, HeaderValue, Method, header};
use serde::Deserialize;
use serde_json::{Value, json};
use webhooks::{Answer, HandOver, SendError, WebhookUrl};

use crate::kinds::{Reach, Ways, query_looks_like_phi};
use crate::limits;
use crate::records::WebhookSettings;
use crate::rules::SERVICE;
use crate::transport::{HandedOver, Parcel, encode};
use crate::view::invalid;

/// What sender this is.
pub(crate) const AGENT: HeaderValue = HeaderValue::from_static("Switchward/1");
/// The same on every attempt with the same payloads.
const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");
/// The ids of the payloads, in their order.
const EVENT_IDS: HeaderName = HeaderName::from_static("x-switchward-event-ids");
/// HMAC-SHA1 of the body in hexadecimal digits, as Segment's webhooks have it.
const SIGNATURE: HeaderName = HeaderName::from_static("x-signature");
/// The codes that Twilio's dictionary has for what may go wrong at servers of other kinds: no connection, no TLS, and
/// everything else.
pub(crate) const NO_CONNECTION: u32 = 11_205;
pub(crate) const NO_TLS: u32 = 11_220;
pub(crate) const NOT_DONE: u32 = 11_200;
/// The code for settings that cannot be read any more.
pub(crate) const UNREADABLE: u32 = 11_100;

/// How an HTTP server is reached. What is absent of a change stays as it is.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Request {
    url: Option<String>,
    headers: Option<BTreeMap<String, String>>,
    secret: Option<String>,
    batch_size: Option<u32>,
}

pub(crate) fn new(request: Request) -> Result<WebhookSettings> {
    let mut settings = WebhookSettings {
        url: Secret::new(String::new()),
        headers: Vec::new(),
        secret: None,
        batch_size: *limits::BATCH.start(),
    };
    change(&mut settings, request)?;
    Ok(settings)
}

pub(crate) fn change(settings: &mut WebhookSettings, request: Request) -> Result<()> {
    if let Some(url) = request.url {
        settings.url = Secret::new(url);
    }
    if let Some(headers) = request.headers {
        settings.headers = headers
            .into_iter()
            .map(|(name, value)| settable(&name, value).ok_or_else(|| invalid("headers")))
            .collect::<Result<_>>()?;
        if settings.headers.len() > limits::HEADERS {
            return Err(invalid("headers"));
        }
    }
    if let Some(secret) = request.secret {
        if secret.len() > limits::HEADER {
            return Err(invalid("secret"));
        }
        settings.secret = (!secret.is_empty()).then(|| Secret::new(secret));
    }
    if let Some(size) = request.batch_size {
        if !limits::BATCH.contains(&size) {
            return Err(invalid("batch_size"));
        }
        settings.batch_size = size;
    }
    WebhookUrl::parse(settings.url.reveal()).map(drop).map_err(|_| invalid("url"))
}

pub(crate) fn reach(settings: &WebhookSettings) -> Option<Reach> {
    let url = WebhookUrl::parse(settings.url.reveal()).ok()?;
    let scheme = if url.is_https() { "https" } else { "http" };
    Some(Reach {
        host: url.host().to_owned(),
        place: format!("{scheme}://{}:{}", url.host(), url.port()),
        is_encrypted: url.is_https(),
        looks_like_phi: query_looks_like_phi(url.query()),
    })
}

pub(crate) fn view(settings: &WebhookSettings) -> Value {
    let url = WebhookUrl::parse(settings.url.reveal()).map(|url| url.without_secrets());
    json!({
        // Without its query, which may hold a token.
        "url": url.unwrap_or_default(),
        "headers": settings.headers.iter().map(|(name, _)| name).collect::<Vec<_>>(),
        "has_secret": settings.secret.is_some(),
        "batch_size": settings.batch_size,
    })
}

pub(crate) async fn hand_over(
    ways: &Ways,
    account: &AccountContext,
    settings: &WebhookSettings,
    parcel: Parcel<'_>,
) -> HandedOver {
    let Ok(url) = WebhookUrl::parse(settings.url.reveal()) else {
        return HandedOver::Refused(UNREADABLE);
    };
    let body = encode(parcel.payloads, settings.batch_size);
    let Some(headers) = headers(settings, &parcel, &body) else {
        return HandedOver::Refused(UNREADABLE);
    };
    let phi_for = parcel.is_phi.then_some(SERVICE);
    let document = HandOver { url: &url, method: Method::POST, body: body.into(), headers, phi_for };
    outcome(ways.webhooks.hand_over(account, document).await)
}

fn headers(settings: &WebhookSettings, parcel: &Parcel<'_>, body: &[u8]) -> Option<HeaderMap> {
    let mut headers = HeaderMap::new();
    headers.insert(header::USER_AGENT, AGENT);
    for (name, value) in &settings.headers {
        let mut value = HeaderValue::from_str(value.reveal()).ok()?;
        value.set_sensitive(true);
        headers.insert(HeaderName::from_bytes(name.as_bytes()).ok()?, value);
    }
    headers.insert(IDEMPOTENCY_KEY, HeaderValue::from_str(parcel.key).ok()?);
    headers.insert(EVENT_IDS, HeaderValue::from_str(&parcel.ids.join(",")).ok()?);
    if let Some(secret) = &settings.secret {
        let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, secret.reveal().as_bytes());
        let signature = HEXLOWER.encode(hmac::sign(&key, body).as_ref());
        headers.insert(SIGNATURE, HeaderValue::from_str(&signature).ok()?);
    }
    Some(headers)
}

/// What an answer means. What broke off may have been taken: it goes again, under the same key.
fn outcome(answer: std::result::Result<Answer, SendError>) -> HandedOver {
    match answer {
        Ok(answer) => match u32::from(answer.status) {
            200..=299 => HandedOver::Taken,
            status @ (408 | 425 | 429 | 500..=599) => HandedOver::Later(status),
            status => HandedOver::Refused(status),
        },
        // Everything else may be mended while events wait: a certificate, a name, the register.
        Err(error) => HandedOver::Later(error.alert_code()),
    }
}

fn settable(name: &str, value: String) -> Option<(String, Secret)> {
    let name = HeaderName::from_bytes(name.as_bytes()).ok().filter(is_settable)?;
    HeaderValue::from_str(&value).ok().filter(|value| value.len() <= limits::HEADER)?;
    Some((name.as_str().to_owned(), Secret::new(value)))
}

/// Whether a header may be set by a destination's settings: none that says how the request is to be read, or that is
/// ours.
fn is_settable(name: &HeaderName) -> bool {
    let fixed = [
        header::HOST,
        header::CONTENT_LENGTH,
        header::CONTENT_TYPE,
        header::TRANSFER_ENCODING,
        header::CONNECTION,
        header::UPGRADE,
        header::TE,
        header::TRAILER,
        header::COOKIE,
        header::ACCEPT,
        IDEMPOTENCY_KEY,
        EVENT_IDS,
        SIGNATURE,
    ];
    !fixed.contains(name)
}
