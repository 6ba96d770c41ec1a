//! What goes to a server as a document and not as a webhook of Twilio's form: events, for a destination.

use auth::AccountContext;
use bytes::Bytes;
use http::HeaderMap;

use crate::client::{Answer, Delivery, Payload};
use crate::cookies::Cookies;
use crate::delivery::{Webhooks, signing_key};
use crate::error::SendError;
use crate::limits;
use crate::url::WebhookUrl;

/// One document for one server. No Debug: it is full of protected data.
#[derive(Clone)]
pub struct HandOver<'a> {
    /// Where to. It is not followed elsewhere: a redirect is the answer.
    pub url: &'a WebhookUrl,
    /// JSON.
    pub body: Bytes,
    /// Every header besides those of HTTP itself. Secrets are for this server alone.
    pub headers: HeaderMap,
    /// Whether it may hold PHI: then https alone is used, and the host must be in the account's register under an
    /// agreement in force for this service.
    pub phi_for: Option<&'static str>,
}

impl Webhooks {
    /// Hands a document over, once, by the connections, checks and authorities of the account's webhooks.
    ///
    /// # Errors
    /// [`SendError`] when there is no answer; [`SendError::Refused`] and [`SendError::PlainHttpRefused`] before a byte
    /// has left.
    pub async fn hand_over(
        &self,
        account: &AccountContext,
        document: HandOver<'_>,
    ) -> Result<Answer, SendError> {
        let HandOver { url, body, headers, phi_for } = document;
        let register = match (phi_for, &account.register) {
            (None, _) => None,
            (Some(service), Some(register)) => Some((register, service)),
            (Some(_), None) => return Err(SendError::Refused(rulebook::codes::HOST_NOT_REGISTERED)),
        };
        let payload = Payload::Plain(body, headers);
        // It has no conversation: what a server sets is forgotten with the answer.
        let cookies = Cookies::new(self.inner.store.clock().clone());
        let delivery = Delivery {
            url,
            payload: &payload,
            signing_key: signing_key(&account.account.facts),
            idempotency_token: "",
            https_only: phi_for.is_some(),
            register,
            cookies: cookies.conversation([0; 32]),
            answer_limit: limits::ANSWER_BYTES,
            time_left: None,
        };
        self.client(account).send(delivery).await
    }
}
