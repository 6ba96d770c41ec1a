//! One delivery: sign, send, follow redirects by hand, answer a password challenge once, and stop at every deadline.
//!
//! Requests are signed here and not by the caller, so that an unsigned webhook cannot be sent. A `401` that offers
//! Basic is answered once with the URL's userinfo (RFC 7617); Digest challenges are not answered yet: such a `401` is
//! the result. One client trusts one set of roots: accounts with private CAs of their own need clients of their own.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HOST, LOCATION, USER_AGENT, WWW_AUTHENTICATE};
use http::{HeaderValue, Method, Request, Response, StatusCode};
use http_body_util::{BodyExt, Full, LengthLimitError, Limited};
use hyper::body::Incoming;
use hyper_util::client::legacy;
use hyper_util::client::legacy::connect::capture_connection;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use rustls::pki_types::CertificateDer;
use tokio::sync::Semaphore;
use tokio::time::{Instant, sleep, timeout, timeout_at};
use url::form_urlencoded;

use crate::address::IpRange;
use crate::connector::{Connector, find_send_error};
use crate::error::SendError;
use crate::limits;
use crate::signature;
use crate::trust::{TrustProblem, tls_config};
use crate::url::{RetryOn, WebhookUrl};

const IDEMPOTENCY_HEADER: &str = "i-twilio-idempotency-token";
const AGENT: HeaderValue = HeaderValue::from_static("TwilioProxy/1.1");
const ANYTHING: HeaderValue = HeaderValue::from_static("*/*");
const FORM: HeaderValue = HeaderValue::from_static("application/x-www-form-urlencoded; charset=UTF-8");
const JSON: HeaderValue = HeaderValue::from_static("application/json");

/// What the operator decides about outgoing webhooks. There is no way to accept an unverified certificate.
#[derive(Clone, Debug)]
pub struct ClientConfig {
    /// Ranges outside the public internet that may be reached all the same.
    pub allowed_private: Vec<IpRange>,
    /// Registered private certificate authorities.
    pub extra_roots: Vec<CertificateDer<'static>>,
    /// Whether the public web's authorities are trusted.
    pub public_roots: bool,
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
}

/// One webhook to deliver. No Debug: it holds a key and protected data.
#[derive(Clone, Copy)]
pub struct Delivery<'a> {
    /// Where to.
    pub url: &'a WebhookUrl,
    /// What, and how.
    pub payload: &'a Payload,
    /// The account's primary auth token: the signature's key. Never sent.
    pub auth_token: &'a str,
    /// The same on every attempt of one delivery, so that the receiver can drop repeats. Visible ASCII.
    pub idempotency_token: &'a str,
    /// Refuse plain http, in the URL and in every redirect, before a byte leaves: accounts designated for PHI.
    pub https_only: bool,
    /// The only hosts that may be reached, redirects included; `None` for any: the register of an account designated
    /// for PHI (ART-CTRL-INTEG).
    pub hosts: Option<&'a [String]>,
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
    /// The body, at most [`limits::ANSWER_BYTES`].
    pub body: Bytes,
    /// From the start of the delivery to the complete answer, redirects included.
    pub elapsed: Duration,
}

impl Answer {
    /// The alert for a status outside 2xx: 11200, HTTP retrieval failure.
    pub fn alert_code(&self) -> Option<u32> {
        (!(200..300).contains(&self.status)).then_some(11200)
    }
}

/// Delivers webhooks. Holds the connection pool: make one and share it.
pub struct Client {
    http: legacy::Client<Connector, Full<Bytes>>,
    permits: Semaphore,
    connect_timeout: Duration,
    read_timeout: Duration,
    total_timeout: Duration,
}

impl Client {
    /// A client with its own pool and trust.
    pub fn new(config: ClientConfig) -> Result<Client, TrustProblem> {
        let tls = Arc::new(tls_config(config.public_roots, &config.extra_roots)?);
        let connector = Connector::new(&config.allowed_private, tls, config.connect_timeout);
        let http = legacy::Client::builder(TokioExecutor::new())
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(limits::IDLE_CONNECTION_AGE)
            .pool_max_idle_per_host(limits::IDLE_CONNECTIONS_PER_HOST)
            .http1_max_buf_size(limits::ANSWER_HEAD_BYTES)
            .http1_max_headers(limits::ANSWER_HEADERS)
            .set_host(false) // ours keeps the spelling that was signed
            .build(connector);
        Ok(Client {
            http,
            permits: Semaphore::new(limits::DELIVERIES_AT_ONCE),
            connect_timeout: config.connect_timeout,
            read_timeout: config.read_timeout,
            total_timeout: config.total_timeout,
        })
    }

    /// Delivers, and tries again after the failures that the URL's retry policy names (by default once, when no
    /// connection came about), all within one total time. Returns the last attempt's outcome.
    pub async fn send_with_retries(&self, delivery: Delivery<'_>) -> Result<Answer, SendError> {
        let overrides = delivery.url.overrides();
        let ends = Instant::now() + self.total_time(&delivery);
        let mut retries_left = overrides.retries;
        loop {
            let time_left = ends.saturating_duration_since(Instant::now());
            let result = self.send(Delivery { time_left: Some(time_left), ..delivery }).await;
            let may_retry = retries_left > 0 && Instant::now() < ends;
            if !may_retry || !is_worth_another(overrides.retry_on, &result) {
                return result;
            }
            retries_left -= 1;
        }
    }

    /// Delivers once (retries: [`Client::send_with_retries`]) and returns the last answer after redirects, of whatever status.
    pub async fn send(&self, delivery: Delivery<'_>) -> Result<Answer, SendError> {
        let _permit = self.permits.acquire().await.expect("the semaphore is never closed");
        let started = Instant::now();
        let total = self.total_time(&delivery);
        let result =
            timeout(total, self.follow(&delivery, started)).await.unwrap_or(Err(SendError::TotalTimeout));
        if let Err(error) = &result {
            tracing::debug!(alert_code = error.alert_code(), "webhook got no answer");
        }
        result
    }

    fn total_time(&self, delivery: &Delivery<'_>) -> Duration {
        let configured = delivery.url.overrides().total_timeout.unwrap_or(self.total_timeout);
        delivery.time_left.map_or(configured, |left| left.min(configured))
    }

    async fn follow(&self, delivery: &Delivery<'_>, started: Instant) -> Result<Answer, SendError> {
        let mut hop = first_hop(delivery)?;
        for _ in 0..=limits::REDIRECTS {
            if delivery.https_only && !hop.url.is_https() {
                return Err(SendError::PlainHttpRefused);
            }
            let is_registered =
                |hosts: &[String]| hosts.iter().any(|host| host.eq_ignore_ascii_case(hop.url.host()));
            if !delivery.hosts.is_none_or(is_registered) {
                return Err(SendError::Refused(rulebook::codes::HOST_NOT_REGISTERED));
            }
            let (mut response, mut deadline) = self.exchange(delivery, &hop, None).await?;
            if let Some(authorization) = hop.url.authorization().filter(|_| asks_for_basic(&response)) {
                (response, deadline) = self.exchange(delivery, &hop, Some(authorization)).await?;
            }
            if !is_redirect(response.status()) {
                return read_answer(response, deadline, started).await;
            }
            hop = next_hop(delivery, &hop, &response)?;
        }
        Err(SendError::TooManyRedirects)
    }

    /// One request to one server. Returns the answer's head and when its body must be complete.
    async fn exchange(
        &self,
        delivery: &Delivery<'_>,
        hop: &Hop,
        authorization: Option<&str>,
    ) -> Result<(Response<Incoming>, Instant), SendError> {
        let overrides = delivery.url.overrides();
        let mut request = build_request(delivery, hop, authorization)?;
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

/// One server to ask on the way from the configured URL to the answer.
struct Hop {
    url: WebhookUrl,
    /// The URL as signed and requested: with the parameters of a GET or the hash of a JSON body.
    signed: String,
    signature: String,
    method: Method,
    content_type: Option<HeaderValue>,
    body: Bytes,
}

fn first_hop(delivery: &Delivery<'_>) -> Result<Hop, SendError> {
    let url = delivery.url.clone();
    match delivery.payload {
        Payload::Get(parameters) => {
            let mut target = url.signed();
            if !parameters.is_empty() {
                signature::append_query(&mut target, &encode_form(parameters));
            }
            Ok(get_hop(delivery, url, target))
        }
        Payload::Form(parameters) => {
            let body = Bytes::from(encode_form(parameters));
            Ok(post_hop(delivery, url, FORM, body))
        }
        Payload::Json(body) => Ok(post_hop(delivery, url, JSON, body.clone())),
    }
}

fn get_hop(delivery: &Delivery<'_>, url: WebhookUrl, signed: String) -> Hop {
    let signature = signature::sign_get(delivery.auth_token, &signed);
    Hop { url, signed, signature, method: Method::GET, content_type: None, body: Bytes::new() }
}

fn post_hop(delivery: &Delivery<'_>, url: WebhookUrl, content_type: HeaderValue, body: Bytes) -> Hop {
    let configured = url.signed();
    let (signed, signature) = match delivery.payload {
        Payload::Form(parameters) => {
            let signature = signature::sign_form(delivery.auth_token, &configured, parameters);
            (configured, signature)
        }
        _ => signature::sign_json(delivery.auth_token, &configured, &body),
    };
    Hop { url, signed, signature, method: Method::POST, content_type: Some(content_type), body }
}

/// RFC 9110 §15.4: 307 and 308 keep method and body, the others become a GET of what `Location` names. Each hop is
/// signed anew, because the signature covers the URL.
fn next_hop(delivery: &Delivery<'_>, hop: &Hop, response: &Response<Incoming>) -> Result<Hop, SendError> {
    let location = response.headers().get(LOCATION).and_then(|value| value.to_str().ok());
    let base = url::Url::parse(&hop.signed).map_err(|_| SendError::BadRedirect)?;
    let mut target = location.and_then(|location| base.join(location).ok()).ok_or(SendError::BadRedirect)?;
    // Connection settings are the account's to choose, not the other server's.
    target.set_fragment(None);
    let mut url = WebhookUrl::parse(target.as_str()).map_err(|_| SendError::BadRedirect)?;
    url.inherit_credentials(&hop.url);
    let keeps_body =
        matches!(response.status(), StatusCode::TEMPORARY_REDIRECT | StatusCode::PERMANENT_REDIRECT);
    match &hop.content_type {
        Some(content_type) if keeps_body => {
            Ok(post_hop(delivery, url, content_type.clone(), hop.body.clone()))
        }
        _ => {
            let signed = url.signed();
            Ok(get_hop(delivery, url, signed))
        }
    }
}

fn build_request(
    delivery: &Delivery<'_>,
    hop: &Hop,
    authorization: Option<&str>,
) -> Result<Request<Full<Bytes>>, SendError> {
    let uri = hop.url.request_uri(&hop.signed).ok_or(SendError::UrlTooLong)?;
    let mut request = Request::builder()
        .method(hop.method.clone())
        .uri(uri)
        .header(HOST, hop.url.host_header())
        .header(USER_AGENT, AGENT)
        .header(ACCEPT, ANYTHING)
        .header(signature::HEADER, &hop.signature)
        .header(IDEMPOTENCY_HEADER, delivery.idempotency_token);
    if let Some(content_type) = &hop.content_type {
        request = request.header(CONTENT_TYPE, content_type);
    }
    if let Some(authorization) = authorization {
        let mut value = HeaderValue::from_str(authorization).expect("base64 is a valid header value");
        value.set_sensitive(true);
        request = request.header(AUTHORIZATION, value);
    }
    Ok(request.body(Full::new(hop.body.clone())).expect("tokens and hosts are visible ASCII"))
}

pub(crate) fn encode_form(parameters: &[(String, String)]) -> String {
    form_urlencoded::Serializer::new(String::new()).extend_pairs(parameters).finish()
}

fn is_redirect(status: StatusCode) -> bool {
    matches!(status.as_u16(), 301 | 302 | 303 | 307 | 308)
}

fn asks_for_basic(response: &Response<Incoming>) -> bool {
    response.status() == StatusCode::UNAUTHORIZED
        && response.headers().get_all(WWW_AUTHENTICATE).iter().filter_map(|value| value.to_str().ok()).any(
            |value| {
                // Several challenges may share one header (RFC 9110 §11.6.1); a scheme starts a comma-separated part.
                value.split(',').any(|part| {
                    part.trim_start()
                        .split(' ')
                        .next()
                        .is_some_and(|scheme| scheme.eq_ignore_ascii_case("basic"))
                })
            },
        )
}

async fn read_answer(
    response: Response<Incoming>,
    deadline: Instant,
    started: Instant,
) -> Result<Answer, SendError> {
    let (head, body) = response.into_parts();
    let collected = timeout_at(deadline, Limited::new(body, limits::ANSWER_BYTES).collect()).await;
    let body =
        collected.map_err(|_| SendError::ReadTimeout)?.map_err(|error| body_failure(&*error))?.to_bytes();
    let content_type =
        head.headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).map(str::to_owned);
    Ok(Answer { status: head.status.as_u16(), content_type, body, elapsed: started.elapsed() })
}

fn body_failure(error: &(dyn std::error::Error + Send + Sync + 'static)) -> SendError {
    if error.is::<LengthLimitError>() {
        return SendError::TooLarge;
    }
    broken_exchange(error)
}

fn exchange_failure(error: &legacy::Error) -> SendError {
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
