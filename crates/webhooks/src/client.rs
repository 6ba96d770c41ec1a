//! One delivery: sign, send, follow redirects by hand, log in when asked, and stop at every deadline.
//!
//! Requests are signed here and not by the caller, so that an unsigned webhook cannot be sent. One client trusts one set
//! of roots: accounts with private CAs of their own need clients of their own.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use base::IpRange;
use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderMap, Response, StatusCode};
use http_body_util::{BodyExt, Full, LengthLimitError, Limited};
use hyper::body::Incoming;
use hyper_util::client::legacy;
use hyper_util::client::legacy::connect::capture_connection;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use rustls::pki_types::CertificateDer;
use statements::InForce;
use tokio::sync::Semaphore;
use tokio::time::{Instant, sleep, timeout, timeout_at};

use crate::connector::{Connector, find_send_error};
use crate::cookies::Conversation;
use crate::egress::Egress;
use crate::error::SendError;
use crate::limits;
use crate::login::Login;
use crate::request::{Hop, build_request, first_hop, next_hop};
use crate::signature::SigningKey;
use crate::trust::{ClientIdentity, TrustProblem, tls_config};
use crate::url::{RetryOn, WebhookUrl};

/// What the operator decides about outgoing webhooks. There is no way to accept an unverified certificate.
#[derive(Clone, Debug)]
pub struct ClientConfig {
    /// Ranges outside the public internet that may be reached all the same.
    pub allowed_private: Vec<IpRange>,
    /// Registered private certificate authorities.
    pub extra_roots: Vec<CertificateDer<'static>>,
    /// Whether the public web's authorities are trusted.
    pub public_roots: bool,
    /// The certificate shown to servers that ask for one.
    pub identity: Option<ClientIdentity>,
    /// The way out.
    pub egress: Egress,
    /// Time to connect, unless the URL says otherwise; never more than [`limits::CONNECT_TIMEOUT_MAX`].
    pub connect_timeout: Duration,
    /// Time from the connection to the complete answer, unless the URL says otherwise.
    pub read_timeout: Duration,
    /// Time for the whole delivery, unless the URL or the delivery says otherwise.
    pub total_timeout: Duration,
}

impl Default for ClientConfig {
    fn default() -> ClientConfig {
        ClientConfig {
            allowed_private: Vec::new(),
            extra_roots: Vec::new(),
            public_roots: true,
            identity: None,
            egress: Egress::default(),
            connect_timeout: limits::CONNECT_TIMEOUT_DEFAULT,
            read_timeout: limits::READ_TIMEOUT_DEFAULT,
            total_timeout: limits::TOTAL_TIMEOUT_DEFAULT,
        }
    }
}

/// What is sent. No Debug: it is full of protected data.
#[derive(Clone)]
pub enum Payload {
    /// GET, the parameters added to the URL's query.
    Get(Vec<(String, String)>),
    /// POST of a form.
    Form(Vec<(String, String)>),
    /// POST of a JSON document.
    Json(Bytes),
    /// A document that is signed by nobody but whoever made these headers, and that no redirect takes along: they may
    /// hold secrets. It is JSON unless they say otherwise.
    Plain(http::Method, Bytes, HeaderMap),
}

/// One webhook to deliver. No Debug: it holds a key and protected data.
#[derive(Clone, Copy)]
pub struct Delivery<'a> {
    /// Where to.
    pub url: &'a WebhookUrl,
    /// What, and how.
    pub payload: &'a Payload,
    /// The signature's key. Never sent.
    pub signing_key: SigningKey<'a>,
    /// The same on every attempt of one delivery, so that the receiver can drop repeats. Visible ASCII.
    pub idempotency_token: &'a str,
    /// Refuse plain http, in the URL and in every redirect, before a byte leaves: accounts designated for PHI.
    pub https_only: bool,
    /// Whose hosts alone may be reached, redirects included, and for what; `None` for any: the register of an account
    /// designated for PHI (ART-CTRL-INTEG).
    pub register: Option<(&'a InForce, &'a str)>,
    /// The conversation whose cookies are sent and kept.
    pub cookies: Conversation<'a>,
    /// The largest answer that is read, in bytes.
    pub answer_limit: usize,
    /// Time left for this attempt when it is shorter than the URL's or the client's total.
    pub time_left: Option<Duration>,
}

/// What the customer's server said, whatever its status. No Debug: a body may hold protected data.
#[derive(Clone)]
pub struct Answer {
    /// HTTP status.
    pub status: u16,
    /// `Content-Type`, if it is text.
    pub content_type: Option<String>,
    /// The body, at most [`Delivery::answer_limit`] bytes.
    pub body: Bytes,
    /// From the start of the delivery to the complete answer, redirects included.
    pub elapsed: Duration,
}

impl Answer {
    /// Whether it is a gateway's word for a server behind it that does not answer.
    pub fn is_no_answer(&self) -> bool {
        matches!(self.status, 502..=504)
    }

    /// The alert for a status outside 2xx: 11200, HTTP retrieval failure.
    pub fn alert_code(&self) -> Option<u32> {
        (!(200..300).contains(&self.status)).then_some(11200)
    }
}

/// One attempt of a delivery, as it is logged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Attempt {
    /// The HTTP status of the answer, or why there is none.
    pub status: Result<u16, SendError>,
    /// How long it took.
    pub elapsed: Duration,
}

/// Delivers webhooks. Holds the connection pool: make one and share it.
pub struct Client {
    /// Opens connections for what is not HTTP.
    pub(crate) connector: Connector,
    http: legacy::Client<Connector, Full<Bytes>>,
    permits: Semaphore,
    connect_timeout: Duration,
    read_timeout: Duration,
    total_timeout: Duration,
}

impl Client {
    /// A client with its own pool and trust.
    pub fn new(config: ClientConfig) -> Result<Client, TrustProblem> {
        let tls = Arc::new(tls_config(config.public_roots, &config.extra_roots, config.identity.as_ref())?);
        let connector = Connector::new(&config.allowed_private, tls, config.egress, config.connect_timeout);
        let http = legacy::Client::builder(TokioExecutor::new())
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(limits::IDLE_CONNECTION_AGE)
            .pool_max_idle_per_host(limits::IDLE_CONNECTIONS_PER_HOST)
            .http1_max_buf_size(limits::ANSWER_HEAD_BYTES)
            .http1_max_headers(limits::ANSWER_HEADERS)
            .set_host(false) // ours keeps the spelling that was signed
            .build(connector.clone());
        Ok(Client {
            connector,
            http,
            permits: Semaphore::new(limits::DELIVERIES_AT_ONCE),
            connect_timeout: config.connect_timeout,
            read_timeout: config.read_timeout,
            total_timeout: config.total_timeout,
        })
    }

    /// Delivers, and tries again after the failures that the URL's retry policy names (by default once, when no
    /// connection came about), all within one total time. Returns the last attempt's outcome; `attempts` gets them all.
    pub async fn send_with_retries(
        &self,
        delivery: Delivery<'_>,
        attempts: &mut Vec<Attempt>,
    ) -> Result<Answer, SendError> {
        let overrides = delivery.url.overrides();
        let ends = Instant::now() + self.total_time(&delivery);
        let mut retries_left = overrides.retries;
        let mut login = new_login(&delivery);
        loop {
            let started = Instant::now();
            let time_left = ends.saturating_duration_since(started);
            let result = self.attempt(Delivery { time_left: Some(time_left), ..delivery }, &mut login).await;
            attempts.push(Attempt {
                status: result.as_ref().map(|answer| answer.status).map_err(|error| *error),
                elapsed: started.elapsed(),
            });
            let may_retry = retries_left > 0 && Instant::now() < ends;
            if !may_retry || !is_worth_another(overrides.retry_on, &result) {
                return result;
            }
            retries_left -= 1;
        }
    }

    /// Delivers once (retries: [`Client::send_with_retries`]) and returns the last answer after redirects, of whatever status.
    pub async fn send(&self, delivery: Delivery<'_>) -> Result<Answer, SendError> {
        self.attempt(delivery, &mut new_login(&delivery)).await
    }

    async fn attempt(&self, delivery: Delivery<'_>, login: &mut Login) -> Result<Answer, SendError> {
        let _permit = self.permits.acquire().await.expect("the semaphore is never closed");
        let started = Instant::now();
        let total = self.total_time(&delivery);
        let result = timeout(total, self.follow(&delivery, login, started))
            .await
            .unwrap_or(Err(SendError::TotalTimeout));
        if let Err(error) = &result {
            tracing::debug!(alert_code = error.alert_code(), "webhook got no answer");
        }
        result
    }

    fn total_time(&self, delivery: &Delivery<'_>) -> Duration {
        let configured = delivery.url.overrides().total_timeout.unwrap_or(self.total_timeout);
        delivery.time_left.map_or(configured, |left| left.min(configured))
    }

    async fn follow(
        &self,
        delivery: &Delivery<'_>,
        login: &mut Login,
        started: Instant,
    ) -> Result<Answer, SendError> {
        let mut hop = first_hop(delivery)?;
        for _ in 0..=limits::REDIRECTS {
            if delivery.https_only && !hop.url.is_https() {
                return Err(SendError::PlainHttpRefused);
            }
            // Another server's redirect to what only we answer would lead to whoever else has that name.
            if hop.url.is_hosted() {
                return Err(SendError::BadRedirect);
            }
            let covers = |(register, service): (&InForce, &str)| register.covers(hop.url.host(), service);
            if !delivery.register.is_none_or(covers) {
                return Err(SendError::Refused(rulebook::codes::HOST_NOT_REGISTERED));
            }
            let (response, deadline) = self.ask(delivery, &hop, login).await?;
            let may_follow = !matches!(delivery.payload, Payload::Plain(..));
            if !may_follow || !is_redirect(response.status()) {
                return read_answer(response, deadline, started, delivery.answer_limit).await;
            }
            hop = next_hop(delivery, &hop, &response)?;
        }
        Err(SendError::TooManyRedirects)
    }

    /// One request, sent again as long as the server has good reason to ask who we are.
    async fn ask(
        &self,
        delivery: &Delivery<'_>,
        hop: &Hop,
        login: &mut Login,
    ) -> Result<(Response<Incoming>, Instant), SendError> {
        let mut sent_before = 0;
        loop {
            let (response, deadline) = self.exchange(delivery, hop, login).await?;
            delivery.cookies.keep(&hop.url, hop.target(), response.headers());
            if !login.is_asked(&hop.url, response.status(), response.headers(), sent_before) {
                return Ok((response, deadline));
            }
            sent_before += 1;
        }
    }

    /// One request to one server. Returns the answer's head and when its body must be complete.
    async fn exchange(
        &self,
        delivery: &Delivery<'_>,
        hop: &Hop,
        login: &mut Login,
    ) -> Result<(Response<Incoming>, Instant), SendError> {
        let overrides = delivery.url.overrides();
        let mut request = build_request(delivery, hop, login);
        let mut captured = capture_connection(&mut request);
        let connected = async {
            captured.wait_for_connection_metadata().await;
        };
        let mut response = pin!(self.http.request(request));
        let early = tokio::select! {
            biased;
            result = &mut response => Some(result),
            () = connected => None,
            () = sleep(overrides.connect_timeout.unwrap_or(self.connect_timeout)) => {
                return Err(SendError::ConnectTimeout);
            }
        };
        let deadline = Instant::now() + overrides.read_timeout.unwrap_or(self.read_timeout);
        let result = match early {
            Some(result) => result,
            None => timeout_at(deadline, response).await.map_err(|_| SendError::ReadTimeout)?,
        };
        Ok((result.map_err(|error| exchange_failure(&error))?, deadline))
    }
}

fn new_login(delivery: &Delivery<'_>) -> Login {
    Login::new(delivery.signing_key.hmac_key(), delivery.idempotency_token)
}

/// Whether the retry policy names this outcome. An answer that broke off counts as one that did not come in time.
fn is_worth_another(retry_on: RetryOn, result: &Result<Answer, SendError>) -> bool {
    match result {
        Ok(answer) => match answer.status {
            400..=499 => retry_on.client_error,
            500..=599 => retry_on.server_error,
            _ => false,
        },
        Err(SendError::ReadTimeout | SendError::Disconnected) => retry_on.read,
        Err(error) => error.is_connect_failure() && retry_on.connect,
    }
}

fn is_redirect(status: StatusCode) -> bool {
    matches!(status.as_u16(), 301 | 302 | 303 | 307 | 308)
}

async fn read_answer(
    response: Response<Incoming>,
    deadline: Instant,
    started: Instant,
    limit: usize,
) -> Result<Answer, SendError> {
    let (head, body) = response.into_parts();
    let collected = timeout_at(deadline, Limited::new(body, limit).collect()).await;
    let body =
        collected.map_err(|_| SendError::ReadTimeout)?.map_err(|error| body_failure(&*error))?.to_bytes();
    let content_type =
        head.headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).map(str::to_owned);
    Ok(Answer { status: head.status.as_u16(), content_type, body, elapsed: started.elapsed() })
}

fn body_failure(error: &(dyn std::error::Error + Send + Sync + 'static)) -> SendError {
    if error.is::<LengthLimitError>() { SendError::TooLarge } else { exchange_failure(error) }
}

fn exchange_failure(error: &(dyn std::error::Error + 'static)) -> SendError {
    find_send_error(error).unwrap_or_else(|| broken_exchange(error))
}

/// Tells an answer that is not HTTP from a connection that broke.
fn broken_exchange(error: &(dyn std::error::Error + 'static)) -> SendError {
    let mut next = Some(error);
    while let Some(error) = next {
        if error.downcast_ref::<hyper::Error>().is_some_and(hyper::Error::is_parse) {
            return SendError::BadResponse;
        }
        next = error.source();
    }
    SendError::Disconnected
}
