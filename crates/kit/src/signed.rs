//! Routes that webhooks call. They carry no credentials: whoever calls one proves by `X-Twilio-Signature` that it is a
//! webhook of the account that its `AccountSid` parameter names (rule `GEN-SIG-1`, from the receiving side).

use std::sync::Arc;

use auth::{AccountContext, load_account};
use axum::extract::{FromRequestParts, Request};
use axum::middleware::Next;
use axum::response::Response;
use base::AccountSid;
use errors::{ApiError, Result, codes};
use http::Method;
use http::header::CONTENT_TYPE;
use http::request::Parts;
use phi::Phi;
use webhooks::delivery::{Parameters, signing_key};
use webhooks::signature;

use crate::limits::MAX_PARAMS;
use crate::origin::Origin;
use crate::params::limited;
use crate::respond::error_response;
use crate::routes::Access;
use crate::services::Services;

const FORM: &str = "application/x-www-form-urlencoded";

/// A webhook whose signature was checked. No Debug: it holds what it told.
#[derive(Clone)]
pub struct SignedWebhook {
    /// Whose webhook it is.
    pub account: Arc<AccountContext>,
    /// The parameters of its query and then of its form.
    pub parameters: Phi<Parameters>,
    /// From where.
    pub origin: Origin,
    /// What every request shares.
    pub services: Arc<Services>,
    /// What the ledger calls it.
    pub operation: &'static str,
}

impl<S: Send + Sync> FromRequestParts<S> for SignedWebhook {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> std::result::Result<Self, Response> {
        parts.extensions.get::<Self>().cloned().ok_or_else(|| error_response(&codes::FORBIDDEN.into()))
    }
}

/// Hands a request on whose signature is right.
pub(crate) async fn admit(services: Arc<Services>, access: Access, request: Request, next: Next) -> Response {
    match check(services, access, request).await {
        Ok(request) => next.run(request).await,
        Err(error) => error_response(&error),
    }
}

/// Everything but the right signature is answered alike, so that nobody learns which accounts there are.
async fn check(services: Arc<Services>, access: Access, request: Request) -> Result<Request> {
    let refused = || ApiError::new(codes::FORBIDDEN);
    let (mut parts, body) = request.into_parts();
    let origin = parts.extensions.get::<Origin>().cloned().ok_or(ApiError::new(codes::INTERNAL))?;
    if !origin.secure && !origin.is_loopback() {
        return Err(refused());
    }
    // The body is read all the same: an answer before its end would cost the caller its connection.
    let body = limited(body).await?;
    let now = services.now();
    services.gate.anonymous(origin.peer, now)?;
    let is_form =
        parts.headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).is_some_and(|value| {
            value.split(';').next().unwrap_or_default().trim().eq_ignore_ascii_case(FORM)
        });
    let form = if parts.method == Method::POST && is_form { read(&body)? } else { Parameters::new() };
    let target = parts.uri.path_and_query().map_or("/", |target| target.as_str());
    let url = format!("{}{target}", origin.base_url);
    let query = read(parts.uri.query().unwrap_or_default().as_bytes())?;
    let named = form.iter().chain(&query).find(|(name, _)| name == "AccountSid");
    let sid = named.and_then(|(_, sid)| sid.parse::<AccountSid>().ok()).ok_or_else(refused)?;
    let signed = parts.headers.get(signature::HEADER).and_then(|value| value.to_str().ok());
    let signed = signed.ok_or_else(refused)?;
    let account = load_account(&services.store, sid, now).await?.ok_or_else(refused)?;
    let is_right = signature::validate(signing_key(&account.account.facts), &url, &form, signed);
    if !is_right || !account.is_active() {
        return Err(refused());
    }
    spans::account(sid);
    parts.extensions.insert(SignedWebhook {
        account: Arc::new(account),
        parameters: Phi::new(query.into_iter().chain(form).collect()),
        origin,
        services,
        operation: access.operation,
    });
    Ok(Request::from_parts(parts, body.into()))
}

fn read(encoded: &[u8]) -> Result<Parameters> {
    let parameters: Parameters =
        url::form_urlencoded::parse(encoded).into_owned().take(MAX_PARAMS + 1).collect();
    match parameters.len() > MAX_PARAMS {
        true => Err(ApiError::new(codes::INVALID_PARAMETER).hint("too many parameters")),
        false => Ok(parameters),
    }
}
