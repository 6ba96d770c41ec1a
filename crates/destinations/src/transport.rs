//! How payloads get to a destination of a kind: the trait, and the one kind that is built, `webhook`.
//!
//! Another kind (a warehouse, an archive in a bucket, NATS, Kafka) is another variant of
//! [`Settings`] and another [`Transport`]: it gets a parcel of payloads with an id for each,
//! answers what became of the parcel as a whole, and is called for one parcel of a destination after the other.

use std::future::Future;
use std::pin::Pin;

use auth::AccountContext;
use aws_lc_rs::hmac;
use data_encoding::HEXLOWER;
use http::{HeaderMap, HeaderName, HeaderValue, header};
use serde_json::Value;
use webhooks::{Answer, HandOver, SendError, WebhookUrl, Webhooks};

use crate::records::{Settings, WebhookSettings};
use crate::rules::SERVICE;

/// What sender this is.
const AGENT: HeaderValue = HeaderValue::from_static("Switchward/1");
/// The same on every attempt with the same payloads.
const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");
/// The ids of the payloads, in their order.
const EVENT_IDS: HeaderName = HeaderName::from_static("x-switchward-event-ids");
/// HMAC-SHA1 of the body in hexadecimal digits, as Segment's webhooks have it.
const SIGNATURE: HeaderName = HeaderName::from_static("x-signature");

/// Payloads that go together. No Debug: it is full of protected data.
pub struct Parcel<'a> {
    /// What is sent, in order.
    pub payloads: &'a [Value],
    /// An id for each: the same whenever the payload is of the same event and mapping.
    pub ids: &'a [String],
    /// An id for all of them together.
    pub key: &'a str,
    /// Whether they may hold PHI: nothing leaves then but over TLS, to a party of the register.
    pub is_phi: bool,
}

/// What became of a parcel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HandedOver {
    /// The destination has it.
    Taken,
    /// It may have it the next time. The HTTP status, or the code of what went wrong.
    Later(u32),
    /// It will not have it.
    Refused(u32),
}

/// A parcel on its way.
pub type Sending<'a> = Pin<Box<dyn Future<Output = HandedOver> + Send + 'a>>;

/// Brings parcels to destinations of one kind.
pub trait Transport: Send + Sync {
    /// Hands a parcel over, once, for this account and by these settings.
    fn hand_over<'a>(
        &'a self,
        account: &'a AccountContext,
        settings: &'a Settings,
        parcel: Parcel<'a>,
    ) -> Sending<'a>;
}

impl Transport for Webhooks {
    fn hand_over<'a>(
        &'a self,
        account: &'a AccountContext,
        settings: &'a Settings,
        parcel: Parcel<'a>,
    ) -> Sending<'a> {
        let Settings::Webhook(settings) = settings;
        Box::pin(async move {
            let Ok(url) = WebhookUrl::parse(settings.url.reveal()) else {
                return HandedOver::Refused(11_100);
            };
            let body = encode(parcel.payloads, settings.batch_size);
            let Some(headers) = headers(settings, &parcel, &body) else {
                return HandedOver::Refused(11_100);
            };
            let phi_for = parcel.is_phi.then_some(SERVICE);
            let document = HandOver { url: &url, body: body.into(), headers, phi_for };
            outcome(Webhooks::hand_over(self, account, document).await)
        })
    }
}

/// The body: the payload itself where requests have one each, else a list.
pub fn encode(payloads: &[Value], batch_size: u32) -> Vec<u8> {
    let encoded = match payloads {
        [only] if batch_size == 1 => serde_json::to_vec(only),
        all => serde_json::to_vec(all),
    };
    encoded.expect("JSON always encodes")
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
fn outcome(answer: Result<Answer, SendError>) -> HandedOver {
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

/// Whether a header may be set by a destination's settings: none that says how the request is to be read, or that is
/// ours.
pub(crate) fn is_settable(name: &HeaderName) -> bool {
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
