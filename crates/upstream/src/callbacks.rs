//! What the upstream tells: what became of messages, and messages of handsets. Nobody logs in here: a status names its
//! message by a token that only we can make, and the upstream signs with its auth token (GEN-SIG-1).

use std::sync::Arc;

use auth::Permission;
use axum::body::Bytes;
use axum::response::{IntoResponse, Response};
use errors::{ApiError, Result, codes};
use http::header::CONTENT_TYPE;
use http::{HeaderMap, StatusCode};
use kit::{Access, Extension, Path, Product, Routes, Services};
use messaging::carrier::Arrival;
use messaging::{ArrivalError, Inbox};
use store::{Batch, NewDocument, Scope, StoreError};
use webhooks::signature;

use crate::account::{Account, is_message_sid, receipt};
use crate::carrier::{UpstreamCarrier, address, told_twice};
use crate::limits::ARRIVAL_KEPT;
use crate::record::{self, Taken, TakenArrival};
use crate::token;

const PRODUCT: Product = Product { label: "switchward", service: "messaging" };
/// Where a message's status is told.
pub(crate) const STATUS: &str = "/switchward/v1/UpstreamStatuses/{Token}";
/// Where an account's inbound messages are told; the operator gives it to the upstream.
const MESSAGES: &str = "/switchward/v1/UpstreamMessages/{Name}";
/// A TwiML document that does nothing: what is to be answered comes as a message of its own.
const NOTHING: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\"?><Response></Response>";

/// The table.
pub fn routes(services: Arc<Services>, carrier: UpstreamCarrier, inbox: Inbox) -> Routes {
    const fn signed(operation: &'static str) -> Access {
        Access::new(Permission::MessagesWrite, operation).by_signature()
    }
    Routes::new(PRODUCT, services)
        .create(STATUS, signed("receive_upstream_status"), status)
        .create(MESSAGES, signed("receive_upstream_message"), message)
        .share(carrier)
        .share(inbox)
}

/// What came, as the signature covers it. No `Debug`.
struct Told {
    parameters: Vec<(String, String)>,
}

impl Told {
    fn read(body: &[u8]) -> Self {
        Self { parameters: url::form_urlencoded::parse(body).into_owned().collect() }
    }

    fn get(&self, name: &str) -> Option<&str> {
        self.parameters.iter().find(|(given, _)| given == name).map(|(_, value)| value.as_str())
    }

    /// Whether the upstream signed this for our `path`; `None` when there is nothing to verify it with.
    fn is_signed(&self, account: &Account, path: &str, headers: &HeaderMap) -> Option<bool> {
        let token = account.config.auth_token.as_ref()?.reveal();
        let url = address(&account.config.callback_base, path);
        let mut given = headers.get_all(signature::HEADER).iter();
        let signed = given.next().and_then(|value| value.to_str().ok()).unwrap_or_default();
        Some(given.next().is_none() && signature::validate(token, &url, &self.parameters, signed))
    }
}

async fn status(
    Extension(carrier): Extension<UpstreamCarrier>,
    Extension(inbox): Extension<Inbox>,
    Path(token): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    answer(take_status(&carrier, &inbox, &token, &headers, &body).await)
}

async fn take_status(
    carrier: &UpstreamCarrier,
    inbox: &Inbox,
    token: &str,
    headers: &HeaderMap,
    body: &[u8],
) -> Result<Response> {
    let store = &carrier.inner.store;
    let named = token::read(store, token).ok_or(codes::FORBIDDEN)?;
    let told = Told::read(body);
    let Some(record) = record::find(store, named.reference).await? else {
        // It is over since long.
        return Ok(StatusCode::NO_CONTENT.into_response());
    };
    let account = carrier.account(&record.facts.upstream).ok_or(codes::NOT_FOUND)?;
    if told.is_signed(account, &STATUS.replace("{Token}", token), headers) == Some(false) {
        tracing::warn!(upstream = account.config.name, "a status callback is not signed by the upstream");
        return Err(codes::FORBIDDEN.into());
    }
    let sid = told.get("MessageSid").filter(|sid| is_message_sid(sid));
    let sid = sid.ok_or(ApiError::new(codes::INVALID_PARAMETER).parameter("MessageSid"))?;
    match record::taken(store, named.reference, sid).await? {
        Taken::Known | Taken::Gone => {}
        Taken::Twice => told_twice(named.reference),
        // An equal message of the same minute was taken for this one; the token knows better.
        Taken::Claimed => {
            tracing::warn!(message = %named.reference.message, "two equal messages were mistaken for each other")
        }
    }
    let code = told.get("ErrorCode").and_then(|code| code.parse().ok());
    let state = told.get("MessageStatus").or(told.get("SmsStatus")).unwrap_or_default();
    if let Some(receipt) = receipt(state, code) {
        inbox.receipt(named.reference, receipt).await?;
        record::over(store, named.reference).await?;
    }
    Ok(StatusCode::NO_CONTENT.into_response())
}

async fn message(
    Extension(carrier): Extension<UpstreamCarrier>,
    Extension(inbox): Extension<Inbox>,
    Path(name): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    answer(take_message(&carrier, &inbox, &name, &headers, &body).await)
}

async fn take_message(
    carrier: &UpstreamCarrier,
    inbox: &Inbox,
    name: &str,
    headers: &HeaderMap,
    body: &[u8],
) -> Result<Response> {
    let store = &carrier.inner.store;
    // Whether there is such an account is nobody's business who cannot sign for it.
    let account = carrier.account(name).ok_or(codes::FORBIDDEN)?;
    let told = Told::read(body);
    if told.is_signed(account, &MESSAGES.replace("{Name}", name), headers) != Some(true) {
        tracing::warn!(upstream = name, "an inbound message is not signed by the upstream");
        return Err(codes::FORBIDDEN.into());
    }
    let required =
        |name: &'static str| told.get(name).ok_or(ApiError::new(codes::INVALID_PARAMETER).parameter(name));
    let sid = required("MessageSid")?;
    if told.get("NumMedia").is_some_and(|count| count != "0") {
        tracing::warn!(upstream = name, "the media of an inbound message are not taken over, its text is");
    }
    let arrival = Arrival {
        from: required("From")?.to_owned(),
        to: account.config.own_number(required("To")?).to_owned(),
        body: told.get("Body").unwrap_or_default().to_owned(),
        media: Vec::new(),
    };
    let (record, now) = (record::arrival(store, name, sid), store.clock().now());
    let remember = move |batch: &mut Batch| {
        record::follow(batch, record, now.plus(ARRIVAL_KEPT));
        batch.in_scope(Scope::SYSTEM).insert::<TakenArrival>(NewDocument::of(record, now, ()));
    };
    match inbox.arrival_with(arrival, &remember).await {
        // Told again: it is here already.
        Ok(_) | Err(ArrivalError::Store(StoreError::Exists)) => {}
        Err(ArrivalError::Store(error)) => return Err(error.into()),
        Err(ArrivalError::UnknownNumber | ArrivalError::InvalidNumber | ArrivalError::TooLarge) => {
            return Err(codes::NOT_FOUND.into());
        }
    }
    Ok(([(CONTENT_TYPE, "text/xml")], NOTHING).into_response())
}

fn answer(result: Result<Response>) -> Response {
    result.unwrap_or_else(|error| kit::respond::error_response(&error))
}
