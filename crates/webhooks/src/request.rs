//! The requests of one delivery: the first one, and those that redirects lead to, each signed for its own URL.

use bytes::Bytes;
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, COOKIE, HOST, LOCATION, USER_AGENT};
use http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode, Uri};
use http_body_util::Full;
use hyper::body::Incoming;
use url::form_urlencoded;

use crate::client::{Delivery, Payload};
use crate::error::SendError;
use crate::login::Login;
use crate::signature;
use crate::url::WebhookUrl;

const IDEMPOTENCY_HEADER: &str = "i-twilio-idempotency-token";
const AGENT: HeaderValue = HeaderValue::from_static("TwilioProxy/1.1");
const ANYTHING: HeaderValue = HeaderValue::from_static("*/*");
const FORM: HeaderValue = HeaderValue::from_static("application/x-www-form-urlencoded; charset=UTF-8");
const JSON: HeaderValue = HeaderValue::from_static("application/json");

/// One server to ask on the way from the configured URL to the answer.
pub(crate) struct Hop {
    pub(crate) url: WebhookUrl,
    /// The URL as signed and requested: with the parameters of a GET or the hash of a JSON body.
    signed: String,
    /// The same as the HTTP client takes it.
    uri: Uri,
    /// The signature, or the headers that stand in its place.
    proof: Result<String, HeaderMap>,
    method: Method,
    content_type: Option<HeaderValue>,
    body: Bytes,
}

impl Hop {
    /// Path and query, as on the request line.
    pub(crate) fn target(&self) -> &str {
        self.uri.path_and_query().map_or("/", |target| target.as_str())
    }
}

/// The request to the URL as configured.
pub(crate) fn first_hop(delivery: &Delivery<'_>) -> Result<Hop, SendError> {
    let url = delivery.url.clone();
    match delivery.payload {
        Payload::Get(parameters) => {
            let mut target = url.signed();
            if !parameters.is_empty() {
                signature::append_query(&mut target, &encode_form(parameters));
            }
            get_hop(delivery, url, target)
        }
        Payload::Form(parameters) => {
            let body = Bytes::from(encode_form(parameters));
            post_hop(delivery, url, FORM, body)
        }
        Payload::Json(body) => post_hop(delivery, url, JSON, body.clone()),
        Payload::Plain(method, body, headers) => {
            let content_type = (!headers.contains_key(CONTENT_TYPE)).then_some(JSON);
            let (method, body) = (method.clone(), body.clone());
            let signed = url.signed();
            let uri = url.request_uri(&signed).ok_or(SendError::UrlTooLong)?;
            Ok(Hop { url, signed, uri, proof: Err(headers.clone()), method, content_type, body })
        }
    }
}

fn get_hop(delivery: &Delivery<'_>, url: WebhookUrl, signed: String) -> Result<Hop, SendError> {
    let signature = signature::sign_get(delivery.signing_key, &signed);
    let uri = url.request_uri(&signed).ok_or(SendError::UrlTooLong)?;
    Ok(Hop {
        url,
        signed,
        uri,
        proof: Ok(signature),
        method: Method::GET,
        content_type: None,
        body: Bytes::new(),
    })
}

fn post_hop(
    delivery: &Delivery<'_>,
    url: WebhookUrl,
    content_type: HeaderValue,
    body: Bytes,
) -> Result<Hop, SendError> {
    let configured = url.signed();
    let (signed, signature) = match delivery.payload {
        Payload::Form(parameters) => {
            let signature = signature::sign_form(delivery.signing_key, &configured, parameters);
            (configured, signature)
        }
        _ => signature::sign_json(delivery.signing_key, &configured, &body),
    };
    let uri = url.request_uri(&signed).ok_or(SendError::UrlTooLong)?;
    Ok(Hop {
        url,
        signed,
        uri,
        proof: Ok(signature),
        method: Method::POST,
        content_type: Some(content_type),
        body,
    })
}

/// RFC 9110 §15.4: 307 and 308 keep method and body, the others become a GET of what `Location` names. Each hop is
/// signed anew, because the signature covers the URL.
pub(crate) fn next_hop(
    delivery: &Delivery<'_>,
    hop: &Hop,
    response: &Response<Incoming>,
) -> Result<Hop, SendError> {
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
        Some(content_type) if keeps_body => post_hop(delivery, url, content_type.clone(), hop.body.clone()),
        _ => {
            let signed = url.signed();
            get_hop(delivery, url, signed)
        }
    }
}

/// The request for a hop, with the login its origin has asked for and the conversation's cookies.
pub(crate) fn build_request(delivery: &Delivery<'_>, hop: &Hop, login: &mut Login) -> Request<Full<Bytes>> {
    let mut request = Request::builder()
        .method(hop.method.clone())
        .uri(hop.uri.clone())
        .header(HOST, hop.url.host_header())
        .header(ACCEPT, ANYTHING);
    match &hop.proof {
        Ok(signature) => {
            request = request
                .header(USER_AGENT, AGENT)
                .header(signature::HEADER, signature)
                .header(IDEMPOTENCY_HEADER, delivery.idempotency_token);
            if let Some(settings) = delivery.signing_key.settings() {
                request = request.header(signature::SETTINGS_HEADER, settings);
            }
        }
        Err(headers) => {
            for (name, value) in headers {
                request = request.header(name, value);
            }
        }
    }
    if let Some(content_type) = &hop.content_type {
        request = request.header(CONTENT_TYPE, content_type);
    }
    if let Some(cookies) = delivery.cookies.header(&hop.url, hop.target()) {
        request = request.header(COOKIE, cookies);
    }
    if let Some(authorization) = login.authorization(&hop.url, hop.method.as_str(), hop.target()) {
        request = request.header(AUTHORIZATION, authorization);
    }
    request.body(Full::new(hop.body.clone())).expect("tokens, key ids and hosts are visible ASCII")
}

/// The parameters as `application/x-www-form-urlencoded`.
pub(crate) fn encode_form(parameters: &[(String, String)]) -> String {
    form_urlencoded::Serializer::new(String::new()).extend_pairs(parameters).finish()
}
