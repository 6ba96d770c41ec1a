//! Segment's Public API (`api.segmentapis.com`): the same workspaces, sources and people in Segment's words, for its SDKs
//! and whatever is built on them.
//!
//! Read in this order: `operations` (the table of everything that is published), `wire` (envelopes, errors, pages), then
//! what is served. A token opens one workspace, and in it what its roles say; the ledger names the token. What is
//! published and not served is answered as such (501), after the same checks.

mod audit;
mod groups;
mod labels;
mod operations;
mod privacy;
mod rules;
mod schema;
mod sources;
mod tracking_plans;
mod users;
mod wire;
mod workspace;

pub use self::operations::Answering;
pub(crate) use self::rules::all as all_rules;
#[cfg(fuzzing)]
pub(crate) use self::wire::fuzzed_cursor;
pub use self::wire::{Failed, PageRequest, Reply};

use std::sync::Arc;

use auth::Permission;
use axum::body::Body;
use axum::extract::{RawPathParams, Request};
use axum::response::Response;
use axum::routing::{MethodFilter, on};
use axum::{Extension, Router};
use base::SourceSid;
use bytes::Bytes;
use errors::{ApiError, codes};
use http::{HeaderMap, StatusCode, header};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use kit::ctx::decide;
use kit::presented::{Presented, unnamed};
use kit::{Access, Ctx, Origin, Params, Product, Services};
use rulebook::Action;
use rulebook::guard::PlainHttpFacts;
use serde::de::DeserializeOwned;
use store::{Batch, Document, Scope, Scoped};
use tokio::sync::Semaphore;
use tokio::time::timeout;

use self::operations::{OPERATIONS, Operation};
use self::wire::MediaType;
use crate::limits;
use crate::records::Workspace;
use crate::roles::Role;
use crate::tokens::{Given, Known};
use crate::workspaces::guarded;

/// The label that the Public API is reached by: `api.segmentapis.com`.
pub const LABEL: &str = "segmentapis-api";

const PRODUCT: Product = Product { label: LABEL, service: "segment" };

/// An operation that another crate answers: its name in the table, and who does.
pub type Served = (&'static str, fn(Call) -> Answering);

/// Segment's Public API, with what others serve of it: `segment` knows the callers, and others what is behind sources.
///
/// # Panics
/// When the table names a method that axum has no filter for: a mistake in the table.
pub fn router(services: Arc<Services>, served: &'static [Served]) -> Router {
    let turns = Arc::new(Semaphore::new(limits::PUBLIC_REQUESTS));
    let mut router = Router::new();
    for operation in OPERATIONS {
        let filter = MethodFilter::try_from(operation.method.clone()).expect("a published method");
        let (services, turns) = (Arc::clone(&services), Arc::clone(&turns));
        let handler = move |Extension(origin): Extension<Origin>, params: RawPathParams, request: Request| {
            let (services, turns) = (Arc::clone(&services), Arc::clone(&turns));
            async move {
                let media = MediaType::accepted(request.headers());
                let answered = match timeout(limits::TURN, turns.acquire()).await {
                    Ok(Ok(_turn)) => answer(&services, operation, served, origin, &params, request).await,
                    _ => Err(ApiError::new(codes::TOO_MANY_REQUESTS).retry_after(1).into()),
                };
                wire::respond(answered, media)
            }
        };
        router = router.route(operation.path, on(filter, handler));
    }
    let refused = |code| move || async move { wire::respond(Err(ApiError::new(code).into()), None) };
    router.fallback(refused(codes::NOT_FOUND)).method_not_allowed_fallback(refused(codes::METHOD_NOT_ALLOWED))
}

/// One request whose token was checked. No Debug: its body may hold secrets.
pub struct Call {
    /// The caller, in the account that owns the workspace.
    pub ctx: Ctx,
    /// The workspace that the token opens.
    pub workspace: Document<Workspace>,
    roles: Vec<Role>,
    path: Vec<String>,
    /// What the query says.
    pub query: Params,
    body: Bytes,
}

async fn answer(
    services: &Arc<Services>,
    operation: &Operation,
    served: &[Served],
    origin: Origin,
    params: &RawPathParams,
    request: Request,
) -> Result<Reply, Failed> {
    let (parts, body) = request.into_parts();
    let Some(given) = bearer(&parts.headers) else { return Err(unnamed(services, &origin).into()) };
    let access = Access::new(permission(operation), operation.name).administrative();
    let name = given.sid.to_string();
    let (store, mut found) = (services.store.clone(), None);
    let presented = Presented { services, origin: origin.clone(), product: PRODUCT, access, name: &name };
    let check = async {
        found = given.check(&store).await?;
        Ok(found.as_deref().and_then(Option::as_ref).and_then(Known::principal))
    };
    let admitted = presented.enter(check).await?;
    let Some(known) = found.as_deref().and_then(Option::as_ref) else {
        return Err(ApiError::new(codes::UNAUTHORIZED).into());
    };
    if !origin.secure {
        let plain = PlainHttpFacts { credentials: true, loopback: origin.is_loopback() };
        decide(&guarded(&known.workspace.facts), &Action::PlainHttp(plain))?;
    }
    let roles = known.roles.clone();
    let writes = operation.writes();
    if !roles.iter().any(|role| role.may(operation.area, writes)) {
        return Err(ApiError::new(codes::FORBIDDEN).into());
    }
    // Read in any case: an answer before its end would cost the caller its connection.
    let body = received(body).await?;
    let by_others = || served.iter().find(|(name, _)| *name == operation.name).map(|(_, handler)| *handler);
    let Some(handler) = operation.handler.or_else(by_others) else {
        return Err(Failed::not_served());
    };
    wire::check_media(&parts.headers, !body.is_empty())?;
    let query = Params::decode(parts.uri.query().unwrap_or_default().as_bytes())?;
    let path = params.iter().map(|(_, text)| text.to_owned()).collect();
    handler(Call { ctx: admitted.ctx.clone(), workspace: known.workspace.clone(), roles, path, query, body })
        .await
}

/// The permission that stands for the operation where only reading and writing are told apart.
fn permission(operation: &Operation) -> Permission {
    if operation.writes() { Permission::WorkspacesWrite } else { Permission::WorkspacesRead }
}

/// The token of a request (RFC 6750 §2.1).
fn bearer(headers: &HeaderMap) -> Option<Given> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| Given::parse(token.trim())).flatten()
}

async fn received(body: Body) -> Result<Bytes, Failed> {
    match timeout(limits::BODY, Limited::new(body, limits::PUBLIC_BODY_BYTES).collect()).await {
        Ok(Ok(collected)) => Ok(collected.to_bytes()),
        Ok(Err(error)) if error.is::<LengthLimitError>() => Err(ApiError::new(codes::TOO_LARGE).into()),
        Ok(Err(_)) | Err(_) => Err(Failed::invalid("body", "the body ended early")),
    }
}

impl Call {
    /// The parameter of the path at this place.
    pub fn text(&self, place: usize) -> &str {
        self.path.get(place).map_or("", String::as_str)
    }

    /// The source that the path names, at this place.
    ///
    /// # Errors
    /// 404 when it names none.
    pub fn source(&self, place: usize) -> Result<SourceSid, Failed> {
        self.text(place).parse().map_err(|_| ApiError::new(codes::NOT_FOUND).into())
    }

    /// The body. What is wrong with it is not quoted.
    ///
    /// # Errors
    /// 400 when it is not what the operation takes.
    pub fn json<T: DeserializeOwned>(&self) -> Result<T, Failed> {
        serde_json::from_slice(&self.body)
            .map_err(|_| Failed::invalid("body", "the body is not what this operation takes"))
    }

    /// That the query says nothing that was not read.
    ///
    /// # Errors
    /// 400 when it does.
    pub fn finish(&mut self) -> Result<(), Failed> {
        self.query.take().finish().map_err(Failed::from)
    }

    fn scope(&self) -> Scope {
        Scope::workspace(self.workspace.sid)
    }

    /// Reads, in this workspace only.
    pub fn scoped(&self) -> Scoped {
        self.ctx.services.store.scope(self.scope())
    }

    /// A unit of work in this workspace.
    fn batch(&self) -> Batch {
        let mut batch = self.ctx.batch();
        batch.in_scope(self.scope());
        batch
    }

    /// Commits it with the entry of this request, which the account's ledger has.
    async fn commit(&self, mut batch: Batch, mut sids: Vec<String>) -> Result<(), Failed> {
        batch.in_scope(self.ctx.scope());
        sids.insert(0, self.workspace.sid.to_string());
        self.ctx.commit(batch, sids).await?;
        Ok(())
    }

    fn is_hipaa(&self) -> bool {
        self.workspace.facts.is_hipaa()
    }

    /// That the caller may be shown who somebody is.
    fn may_see_people(&self) -> Result<(), Failed> {
        match self.roles.contains(&Role::PiiAccess) {
            true => Ok(()),
            false => Err(Failed::new(
                StatusCode::FORBIDDEN,
                "forbidden",
                "user ids are shown to tokens with PII Access",
            )),
        }
    }
}

impl Operation {
    fn writes(&self) -> bool {
        self.method != http::Method::GET
    }
}

/// Nothing of a request is in an answer but what was kept.
fn response(status: StatusCode, body: Vec<u8>) -> Response {
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = status;
    response
}

/// Whether a text says something, in so many characters.
fn says(text: &str, limit: usize) -> bool {
    !text.trim().is_empty() && text.chars().count() <= limit
}
