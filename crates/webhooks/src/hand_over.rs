//! What goes to a server as a document and not as a webhook of Twilio's form: events, for a destination. And connections
//! for destinations that do not speak HTTP, with the same checks.

use auth::AccountContext;
use bytes::Bytes;
use http::{HeaderMap, Method};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;

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
    /// `POST` or `PUT`.
    pub method: Method,
    /// JSON, unless the headers say otherwise.
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
        let HandOver { url, method, body, headers, phi_for } = document;
        let register = match (phi_for, &account.register) {
            (None, _) => None,
            (Some(service), Some(register)) => Some((register, service)),
            (Some(_), None) => return Err(SendError::Refused(rulebook::codes::HOST_NOT_REGISTERED)),
        };
        let payload = Payload::Plain(method, body, headers);
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

    /// Opens a connection to a server that does not speak HTTP, by the checks and the way out of the account's webhooks,
    /// and says how to speak TLS on it. With `phi_for` the host must be in the account's register under an agreement in
    /// force for this service.
    ///
    /// # Errors
    /// [`SendError`]; [`SendError::Refused`] before anything is opened.
    pub async fn dial(
        &self,
        account: &AccountContext,
        host: &str,
        port: u16,
        phi_for: Option<&str>,
    ) -> Result<(TcpStream, TlsConnector), SendError> {
        if phi_for.is_some_and(|service| !account.is_registered(host, service)) {
            return Err(SendError::Refused(rulebook::codes::HOST_NOT_REGISTERED));
        }
        let client = self.client(account);
        let dialled = timeout(limits::CONNECT_TIMEOUT_MAX, client.connector.dial(host, port)).await;
        let tcp = dialled.unwrap_or(Err(SendError::ConnectTimeout))?;
        Ok((tcp, client.connector.tls()))
    }
}
