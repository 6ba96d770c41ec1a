//! The tracking API as SDKs speak it: paths, write keys, bodies, answers.
//!
//! What is in order and what is not are both answered with 200, as the published API does, also for a write key that
//! nobody knows: an SDK would only send the rest of its queue again. 400 is for a body that is not JSON or too large,
//! 403 for what a HIPAA workspace forbids, 429 for too many at once, 503 when nothing can be made durable. SDKs keep
//! what was answered with 429 or 503 and send it again.

use std::sync::Arc;

use auth::load_account;
use axum::body::Body;
use axum::extract::{Path, RawQuery, Request, State};
use axum::response::Response;
use axum::routing::{get, post};
use axum::{Extension, Router};
use bytes::Bytes;
use data_encoding::{BASE64, BASE64URL_NOPAD};
use http::header::{self, HeaderValue};
use http::{HeaderMap, StatusCode};
use http_body_util::{BodyExt, Limited};
use kit::Origin;
use kit::ctx::decide;
use rulebook::Action;
use rulebook::guard::PlainHttpFacts;
use serde::Serialize;
use serde_json::json;
use store::{Document, Scope, Steady, StoreError};
use tokio::sync::Semaphore;
use tokio::time::timeout;
use tracking::{Arrival, Call, InflateError, Malformed, inflate};

use crate::classify::records::Policy;
use crate::enforce::Controls;
use crate::ingest::{Destination, Ingest};
use crate::limits;
use crate::records::{Source, TrackingPlan, Workspace, write_key_name};
use crate::workspaces::guarded;

/// The labels that the tracking API is reached by: `api.segment.io`, `events.eu1.segmentapis.com`, `cdn.segment.com`.
pub const LABELS: [&str; 3] = ["segment-api", "segmentapis-events", "segment-cdn"];

/// A transparent picture of one pixel (GIF89a).
const PIXEL: &[u8] =
    b"GIF89a\x01\x00\x01\x00\x80\x00\x00\x00\x00\x00\xff\xff\xff!\xf9\x04\x01\x00\x00\x00\x00,\
\x00\x00\x00\x00\x01\x00\x01\x00\x00\x02\x02D\x01\x00;";

/// What the handlers share.
#[derive(Clone)]
struct Face {
    ingest: Arc<Ingest>,
    turns: Arc<Semaphore>,
}

/// The tracking API.
pub fn router(ingest: Arc<Ingest>) -> Router {
    let face = Face { ingest, turns: Arc::new(Semaphore::new(limits::REQUESTS)) };
    Router::new()
        .route("/v1/{call}", post(take).options(preflight))
        .route("/v1/pixel/{call}", get(pixel))
        .route("/v1/projects/{key}/settings", get(settings).options(preflight))
        .fallback(|| async { refusal(StatusCode::NOT_FOUND, "not_found", "there is no such path") })
        .method_not_allowed_fallback(|| async {
            refusal(StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed", "this path is called otherwise")
        })
        .with_state(face)
}

/// Why a request is not answered with 200.
struct Refused(StatusCode, &'static str, &'static str);

impl From<StoreError> for Refused {
    fn from(error: StoreError) -> Self {
        tracing::warn!(%error, "events could not be made durable");
        Self(StatusCode::SERVICE_UNAVAILABLE, "unavailable", "nothing was taken; send it again")
    }
}

impl From<Malformed> for Refused {
    fn from(malformed: Malformed) -> Self {
        match malformed {
            Malformed::Json => Self(
                StatusCode::BAD_REQUEST,
                "invalid_json",
                "the body is not the JSON that is expected here",
            ),
            Malformed::TooLarge => {
                Self(StatusCode::BAD_REQUEST, "too_large", "the body is larger than allowed")
            }
        }
    }
}

/// `POST /v1/{call}`.
async fn take(
    State(face): State<Face>,
    Extension(origin): Extension<Origin>,
    Path(call): Path<String>,
    request: Request,
) -> Response {
    let Some(call) = Call::parse(&call) else {
        return refusal(StatusCode::NOT_FOUND, "not_found", "there is no such call");
    };
    let (parts, body) = request.into_parts();
    match face.taken(&origin, call, &parts.headers, body).await {
        Ok(()) => answer(StatusCode::OK, &json!({ "success": true })),
        Err(Refused(status, code, message)) => refusal(status, code, message),
    }
}

/// `GET /v1/pixel/{call}?data=…`: an event in a URL. In a HIPAA workspace no URL may carry one (ART-RESTR-TRACK).
async fn pixel(
    State(face): State<Face>,
    Extension(origin): Extension<Origin>,
    Path(call): Path<String>,
    RawQuery(query): RawQuery,
) -> Response {
    let Some(call @ Call::One(_)) = Call::parse(call.trim_end_matches(".gif")) else {
        return refusal(StatusCode::NOT_FOUND, "not_found", "there is no such call");
    };
    let body = query.as_deref().and_then(data).unwrap_or_default();
    match face.pictured(&origin, call, &body).await {
        Ok(()) => {
            let mut response = Response::new(Body::from(PIXEL));
            let headers = response.headers_mut();
            headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("image/gif"));
            headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
            response
        }
        Err(Refused(status, code, message)) => refusal(status, code, message),
    }
}

/// The event in a query.
fn data(query: &str) -> Option<Vec<u8>> {
    let value = query.split('&').find_map(|pair| pair.strip_prefix("data="))?;
    let text = value.replace("%3D", "=").replace("%3d", "=").replace("%2B", "+").replace("%2F", "/");
    let url_safe = text.trim_end_matches('=').replace('+', "-").replace('/', "_");
    BASE64URL_NOPAD.decode(url_safe.as_bytes()).ok()
}

/// `GET /v1/projects/{key}/settings`: what the browser SDK asks for before anything else. No destination runs in the
/// browser here, so there is none in it.
async fn settings(
    State(face): State<Face>,
    Extension(origin): Extension<Origin>,
    Path(key): Path<String>,
) -> Response {
    match face.source(&key).await {
        Ok(found) if found.is_some() => {}
        Ok(_) => return refusal(StatusCode::NOT_FOUND, "not_found", "there is no such write key"),
        Err(error) => {
            let Refused(status, code, message) = error.into();
            return refusal(status, code, message);
        }
    }
    let host = origin.base_url.split_once("://").map_or("", |(_, host)| host);
    let protocol = if origin.secure { "https" } else { "http" };
    let all = json!({ "__default": { "enabled": true, "integrations": {} } });
    answer(
        StatusCode::OK,
        &json!({
            "integrations": {
                "Segment.io": { "apiKey": key, "apiHost": format!("{host}/v1"), "protocol": protocol,
                    "unbundledIntegrations": [], "addBundledMetadata": true }
            },
            "plan": { "track": all, "identify": all, "group": all },
            "edgeFunction": {},
            "analyticsNextEnabled": true,
            "middlewareSettings": { "routingRules": [] },
            "enabledMiddleware": {},
            "metrics": { "sampleRate": 0 },
            "legacyVideoPluginsEnabled": false,
            "remotePlugins": []
        }),
    )
}

/// Browsers ask before they send a header of their own.
async fn preflight() -> Response {
    let mut response = answer(StatusCode::OK, &json!({}));
    let headers = response.headers_mut();
    headers.insert(header::ACCESS_CONTROL_ALLOW_METHODS, HeaderValue::from_static("GET, POST, OPTIONS"));
    headers.insert(
        header::ACCESS_CONTROL_ALLOW_HEADERS,
        HeaderValue::from_static("authorization, content-type, content-encoding, x-retry-count"),
    );
    headers.insert(header::ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static("86400"));
    response
}

/// A source with its workspace.
struct Found {
    source: Document<Source>,
    workspace: Document<Workspace>,
    controls: Controls,
    privacy_revision: i64,
}

impl Face {
    /// Reads a request and takes its events.
    async fn taken(
        &self,
        origin: &Origin,
        call: Call,
        headers: &HeaderMap,
        body: Body,
    ) -> Result<(), Refused> {
        const BUSY: Refused =
            Refused(StatusCode::TOO_MANY_REQUESTS, "too_many_requests", "too much at once; send it again");
        // Held until the events are on disk: what bodies take is bounded by it.
        let _turn = match timeout(limits::TURN, self.turns.acquire()).await {
            Ok(Ok(turn)) => turn,
            _ => return Err(BUSY),
        };
        let body = received(headers, body).await?;
        let body = tracking::Body::new(&body);
        let key = basic(headers).or_else(|| body.write_key());
        self.carry_out(origin, call, key, &body, false).await
    }

    async fn pictured(&self, origin: &Origin, call: Call, body: &[u8]) -> Result<(), Refused> {
        let body = tracking::Body::new(body);
        self.carry_out(origin, call, body.write_key(), &body, true).await
    }

    async fn carry_out(
        &self,
        origin: &Origin,
        call: Call,
        key: Option<String>,
        body: &tracking::Body<'_>,
        in_url: bool,
    ) -> Result<(), Refused> {
        let source = match &key {
            Some(key) => self.source(key).await?,
            None => Arc::new(None),
        };
        let Some(found) = source.as_ref().as_ref() else {
            // Nobody's: looked at as far as the answer needs it.
            return body.check().map_err(Refused::from);
        };
        if in_url && found.workspace.facts.is_hipaa() {
            return Err(Refused(
                StatusCode::FORBIDDEN,
                "phi_in_url",
                "events of a HIPAA workspace may not be in a URL (ART-RESTR-TRACK)",
            ));
        }
        if !origin.secure {
            let plain = PlainHttpFacts { credentials: true, loopback: origin.is_loopback() };
            decide(&guarded(&found.workspace.facts), &Action::PlainHttp(plain)).map_err(|_| {
                let message = "events of a HIPAA workspace are sent over https (GEN-HTTPS-1)";
                Refused(StatusCode::FORBIDDEN, "https_required", message)
            })?;
        }
        let store = &self.ingest.services.store;
        let at = store.clock().now();
        let address = origin.peer.to_string();
        let arrival = Arrival { call, received_at: at, address: &address };
        let received = body.read(&arrival, store.random().as_ref())?;
        self.ingest.measures.rejected.add(received.rejected.len() as u64);
        let to = Destination {
            workspace: found.workspace.sid,
            source: found.source.sid,
            consent_required: found.workspace.facts.consent_required,
            controls: &found.controls,
            privacy_revision: found.privacy_revision,
        };
        if !received.events.is_empty() && found.source.facts.enabled {
            self.ingest.accept(to, at, received.events).await?;
        }
        Ok(())
    }

    /// The source of a write key, when its account is in use.
    async fn source(&self, key: &str) -> Result<Arc<Option<Found>>, StoreError> {
        let store = &self.ingest.services.store;
        if key.len() > limits::WRITE_KEY {
            return Ok(Arc::new(None));
        }
        let name = key.to_owned();
        let found = store.steady(format!("segment source {key}"), |steady| read_source(steady, name)).await?;
        let Some(place) = found.as_ref().as_ref().and_then(|found| found.source.facts.place()) else {
            return Ok(Arc::new(None));
        };
        let account = load_account(store, place.1, self.ingest.services.now()).await?;
        let is_active = account.is_some_and(|account| account.is_active());
        Ok(if is_active { found } else { Arc::new(None) })
    }
}

async fn read_source(steady: Steady, key: String) -> Result<Option<Found>, StoreError> {
    let Some(located) = steady.locate(&write_key_name(&key)).await? else { return Ok(None) };
    let Ok(sid) = located.sid.parse() else { return Ok(None) };
    let Some(source) = steady.get::<Source>(located.scope, sid).await? else { return Ok(None) };
    let Some((workspace, account)) = source.facts.place() else { return Ok(None) };
    let Some(workspace) = steady.get::<Workspace>(Scope::account(account), workspace).await? else {
        return Ok(None);
    };
    let plan = match source.facts.plan() {
        Some(plan) => steady.get::<TrackingPlan>(located.scope, plan).await?,
        None => None,
    };
    let controls = Controls::of(&source, &workspace.facts, plan.as_ref());
    let policy = steady.get::<Policy>(located.scope, workspace.sid).await?;
    let privacy_revision = policy.map_or(0, |policy| policy.revision);
    Ok(Some(Found { source, workspace, controls, privacy_revision }))
}

/// The body of a request, decompressed.
async fn received(headers: &HeaderMap, body: Body) -> Result<Bytes, Refused> {
    const LARGEST: usize = tracking::limits::BODY_BYTES;
    let broken = Refused(
        StatusCode::BAD_REQUEST,
        "invalid_body",
        "the body ended early or is not what its headers say",
    );
    let collected = match timeout(limits::BODY, Limited::new(body, LARGEST).collect()).await {
        Ok(Ok(collected)) => collected.to_bytes(),
        Ok(Err(error)) if error.is::<http_body_util::LengthLimitError>() => {
            return Err(Malformed::TooLarge.into());
        }
        Ok(Err(_)) | Err(_) => return Err(broken),
    };
    match headers.get(header::CONTENT_ENCODING).map(HeaderValue::as_bytes) {
        None | Some(b"" | b"identity") => Ok(collected),
        Some(b"gzip") => match inflate(&collected, LARGEST) {
            Ok(plain) => Ok(plain.into()),
            Err(InflateError::TooLarge) => Err(Malformed::TooLarge.into()),
            Err(InflateError::Broken) => Err(broken),
        },
        Some(_) => Err(broken),
    }
}

/// The write key of HTTP Basic: the user name. The colon may be missing.
fn basic(headers: &HeaderMap) -> Option<String> {
    let (scheme, encoded) = headers.get(header::AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let decoded = String::from_utf8(BASE64.decode(encoded.trim().as_bytes()).ok()?).ok()?;
    let key = decoded.split_once(':').map_or(decoded.as_str(), |(key, _)| key);
    (!key.is_empty()).then(|| key.to_owned())
}

fn refusal(status: StatusCode, code: &str, message: &str) -> Response {
    let mut response = answer(status, &json!({ "success": false, "code": code, "message": message }));
    if status == StatusCode::TOO_MANY_REQUESTS {
        let later = HeaderValue::from(limits::RETRY_AFTER_SECONDS);
        response.headers_mut().insert(header::RETRY_AFTER, later.clone());
        response.headers_mut().insert("x-ratelimit-reset", later);
    }
    response
}

/// Any page may read an answer: there is nothing in it.
fn answer(status: StatusCode, view: &impl Serialize) -> Response {
    let body = serde_json::to_vec(view).unwrap_or_default();
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    response
}
