//! The table a product is: verb, path, access, handler. A route without its [`Access`] does not
//! compile, and the table is what the policy tests, the compatibility pages and the docs read.

use std::sync::Arc;

use auth::{AuthFailure, Permission, Principal, Secret, authenticate, load_account};
use axum::Router;
use axum::body::Body;
use axum::extract::{RawPathParams, Request};
use axum::handler::Handler;
use axum::middleware::{Next, from_fn};
use axum::response::Response;
use axum::routing::{MethodFilter, on};
use base::AccountSid;
use data_encoding::BASE64;
use errors::{ApiError, Code, Result, codes};
use http::header::AUTHORIZATION;
use http::{HeaderMap, HeaderName, HeaderValue, Method};
use ledger::Purpose;
use rulebook::guard;
use throttle::Seat;

use crate::ctx::{API, Caller, Ctx, decide};
use crate::limits::MAX_AUTHORIZATION;
use crate::origin::Origin;
use crate::params::limited;
use crate::respond::error_response;
use crate::services::Services;
use crate::{signed, validation};

/// How many requests of the account run, this one included, as Twilio says it on every answer.
const CONCURRENT_REQUESTS: HeaderName = HeaderName::from_static("twilio-concurrent-requests");

/// A product: the label it is routed by, and the service an agreement names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Product {
    /// First label of the host, or first path segment: `api`, `lookups`, `monitor`.
    pub label: &'static str,
    /// The service as agreements and the rulebook name it: `messaging`, `lookup`.
    pub service: &'static str,
}

/// What is said where nothing is served.
#[derive(Clone, Copy, Debug)]
pub struct Refusal {
    /// The code it is answered with.
    pub code: &'static Code,
    /// Why, and what to do instead; the compatibility pages say it too.
    pub reason: Option<&'static str>,
}

impl Refusal {
    const UNSAID: Self = Self { code: codes::NOT_SUPPORTED, reason: None };

    /// The error that says so.
    pub fn error(self) -> ApiError {
        let error = ApiError::new(self.code);
        self.reason.map_or(error.clone(), |reason| error.hint(reason))
    }
}

/// What a route needs, and what the ledger calls it.
#[derive(Clone, Copy, Debug)]
pub struct Access {
    /// The permission its caller must hold.
    pub permission: Permission,
    /// The operation id: `<verb>_<resource>`.
    pub operation: &'static str,
    /// Whether it uses artificial intelligence or machine learning (AI-GEN-2).
    pub ai_ml: bool,
    /// Whether only the operator may call it.
    pub operator_only: bool,
    /// Whether it works on an account that is suspended or closed, for its owner and the operator.
    pub inactive_too: bool,
    /// Whether its caller has no credentials here and proves itself by what it sends, which its handler checks: webhooks
    /// of others.
    pub by_signature: bool,
    /// Whether its body is left unread for its handler, which bounds it.
    pub unread: bool,
    /// Whether there is anything behind it; otherwise whoever may call it is told that there is not.
    pub served: bool,
    /// What whoever may call it is told instead.
    pub refusal: Refusal,
    pub(crate) purpose: Purpose,
    pub(crate) service: &'static str,
}

impl Access {
    /// A route for callers who hold `permission`.
    pub const fn new(permission: Permission, operation: &'static str) -> Self {
        Self {
            permission,
            operation,
            ai_ml: false,
            operator_only: false,
            inactive_too: false,
            by_signature: false,
            unread: false,
            served: true,
            refusal: Refusal::UNSAID,
            purpose: API,
            service: "",
        }
    }

    /// Marks a capability that includes AI or ML; refused in HIPAA projects (AI-GEN-1).
    #[must_use]
    pub const fn ai_ml(mut self) -> Self {
        self.ai_ml = true;
        self
    }

    /// Only the operator may call it.
    #[must_use]
    pub const fn operator_only(mut self) -> Self {
        self.operator_only = true;
        self
    }

    /// It works on an account that is not active, for its owner and the operator: reading it, or making it
    /// active again.
    #[must_use]
    pub const fn inactive_too(mut self) -> Self {
        self.inactive_too = true;
        self
    }

    /// Its caller has no credentials here: its handler checks what it sends, before anything else. It takes no
    /// [`Caller`] and no [`Ctx`].
    #[must_use]
    pub const fn by_signature(mut self) -> Self {
        self.by_signature = true;
        self
    }

    /// With [`Access::by_signature`]: its body is not read before its handler has looked at its head. What it reads the
    /// handler bounds.
    #[must_use]
    pub const fn unread(mut self) -> Self {
        self.unread = true;
        self
    }

    /// There is nothing behind it: whoever may call it is told so (20501).
    #[must_use]
    pub const fn not_served(mut self) -> Self {
        self.served = false;
        self
    }

    /// The same with a reason, and under another code where one says what is the case.
    #[must_use]
    pub const fn refused(mut self, code: &'static Code, reason: &'static str) -> Self {
        self.refusal = Refusal { code, reason: Some(reason) };
        self.not_served()
    }

    /// The entry says "administration" instead of "api-request".
    #[must_use]
    pub const fn administrative(mut self) -> Self {
        self.purpose = Purpose::Administration;
        self
    }
}

/// One row of the table.
#[derive(Clone, Debug)]
pub struct RouteRow {
    /// The product's label.
    pub product: &'static str,
    /// The HTTP method.
    pub method: Method,
    /// The path, with `{Parameters}`, without the 2010 API's `.json`.
    pub path: &'static str,
    /// What it needs.
    pub access: Access,
}

/// A product's routes.
pub struct Routes {
    product: Product,
    services: Arc<Services>,
    router: Router,
    table: Vec<RouteRow>,
}

impl Routes {
    /// An empty table for a product.
    pub fn new(product: Product, services: Arc<Services>) -> Self {
        Self { product, services, router: Router::new(), table: Vec::new() }
    }

    /// `GET` of a collection.
    #[must_use]
    pub fn list<H: Handler<T, ()>, T: 'static>(self, path: &'static str, access: Access, handler: H) -> Self {
        self.add(Method::GET, MethodFilter::GET, path, access, handler)
    }

    /// `GET` of one resource.
    #[must_use]
    pub fn fetch<H: Handler<T, ()>, T: 'static>(
        self,
        path: &'static str,
        access: Access,
        handler: H,
    ) -> Self {
        self.add(Method::GET, MethodFilter::GET, path, access, handler)
    }

    /// `POST` to a collection.
    #[must_use]
    pub fn create<H: Handler<T, ()>, T: 'static>(
        self,
        path: &'static str,
        access: Access,
        handler: H,
    ) -> Self {
        self.add(Method::POST, MethodFilter::POST, path, access, handler)
    }

    /// `POST` to one resource.
    #[must_use]
    pub fn update<H: Handler<T, ()>, T: 'static>(
        self,
        path: &'static str,
        access: Access,
        handler: H,
    ) -> Self {
        self.add(Method::POST, MethodFilter::POST, path, access, handler)
    }

    /// `PATCH` of one resource.
    #[must_use]
    pub fn patch<H: Handler<T, ()>, T: 'static>(
        self,
        path: &'static str,
        access: Access,
        handler: H,
    ) -> Self {
        self.add(Method::PATCH, MethodFilter::PATCH, path, access, handler)
    }

    /// `DELETE` of one resource.
    #[must_use]
    pub fn delete<H: Handler<T, ()>, T: 'static>(
        self,
        path: &'static str,
        access: Access,
        handler: H,
    ) -> Self {
        self.add(Method::DELETE, MethodFilter::DELETE, path, access, handler)
    }

    /// A published operation that is not served: whoever may call it is told so (20501, or as
    /// [`Access::refused`] says), which is more than that there is no such path.
    ///
    /// # Panics
    /// When it is published under a method that axum has no filter for: a mistake in the table.
    #[must_use]
    pub fn absent(self, method: Method, path: &'static str, access: Access) -> Self {
        self.absent_unless(method, path, access, |_| Ok(()))
    }

    /// The same, but a rule of the guide has the word first.
    ///
    /// # Panics
    /// As [`Routes::absent`].
    #[must_use]
    pub fn absent_unless(
        self,
        method: Method,
        path: &'static str,
        access: Access,
        rule: fn(&Ctx) -> Result<()>,
    ) -> Self {
        let filter = MethodFilter::try_from(method.clone()).expect("a published method");
        let access = access.not_served();
        // The body is read all the same: an answer before its end would cost the caller its connection.
        let refuse = move |request: Request| async move {
            let refused = request.extensions().get::<Ctx>().map_or(Ok(()), rule).err();
            let error = limited(request.into_body()).await.err();
            error_response(&error.or(refused).unwrap_or_else(|| access.refusal.error()))
        };
        self.add(method, filter, path, access, refuse)
    }

    /// What webhooks call, by GET and by POST: it takes no credentials but the signature of the account whose
    /// webhook it is, and its handler a [`crate::SignedWebhook`].
    #[must_use]
    pub fn webhook<H: Handler<T, ()>, T: 'static>(
        mut self,
        path: &'static str,
        access: Access,
        handler: H,
    ) -> Self {
        let access = Access { service: self.product.service, ..access.by_signature() };
        let services = Arc::clone(&self.services);
        let checked = on(MethodFilter::GET.or(MethodFilter::POST), handler).layer(from_fn(
            move |request: Request, next: Next| {
                let services = Arc::clone(&services);
                async move { signed::admit(services, access, request, next).await }
            },
        ));
        self.router = self.router.route(path, checked);
        for method in [Method::GET, Method::POST] {
            self.table.push(RouteRow { product: self.product.label, method, path, access });
        }
        self
    }

    /// Shares a value with the handlers of this product; they take it as `Extension<T>`.
    /// It reaches the rows registered so far, so it comes last.
    #[must_use]
    pub fn share<T: Clone + Send + Sync + 'static>(mut self, value: T) -> Self {
        self.router = self.router.layer(axum::Extension(value));
        self
    }

    fn add<H: Handler<T, ()>, T: 'static>(
        mut self,
        method: Method,
        filter: MethodFilter,
        path: &'static str,
        mut access: Access,
        handler: H,
    ) -> Self {
        access.service = self.product.service;
        let services = Arc::clone(&self.services);
        let checked =
            on(filter, handler).layer(from_fn(move |params: RawPathParams, request: Request, next: Next| {
                let services = Arc::clone(&services);
                async move { admit(services, access, params, request, next).await }
            }));
        self.router = self.router.route(path, checked);
        self.table.push(RouteRow { product: self.product.label, method, path, access });
        self
    }

    /// Serves the routes of `other` too: two crates may share a label (`api` is accounts and messages).
    ///
    /// # Panics
    /// When the labels differ or a route is in both tables: a mistake in the wiring of the program.
    #[must_use]
    pub fn merge(mut self, other: Routes) -> Routes {
        assert_eq!(self.product.label, other.product.label, "merged routes have one label");
        self.router = self.router.merge(other.router);
        self.table.extend(other.table);
        self
    }

    /// The product.
    pub fn product(&self) -> Product {
        self.product
    }

    /// The table.
    pub fn table(&self) -> &[RouteRow] {
        &self.table
    }

    /// The router, which answers unknown paths and methods in the API's shape.
    pub fn into_router(self) -> Router {
        self.router
            .fallback(|| async { error_response(&codes::NOT_FOUND.into()) })
            .method_not_allowed_fallback(|| async { error_response(&codes::METHOD_NOT_ALLOWED.into()) })
    }
}

/// Checks a request against its route's access, and hands it on with its context.
async fn admit(
    services: Arc<Services>,
    access: Access,
    params: RawPathParams,
    request: Request,
    next: Next,
) -> Response {
    let named = params.iter().find(|(name, _)| *name == "AccountSid").map(|(_, text)| text.to_owned());
    let Some(origin) = request.extensions().get::<Origin>().cloned() else {
        return error_response(&codes::INTERNAL.into());
    };
    if access.by_signature {
        return unidentified(&origin, access.unread, request, next).await;
    }
    let visitor = match identify(&services, origin, request.headers()).await {
        Ok(visitor) => visitor,
        Err(error) => return error_response(&error),
    };
    // Held until the answer is there; every answer to a known account says how many of its requests run.
    let seat = visitor.principal.account.map(|account| services.gate.sit(account));
    let mut response = match context(services, access, named, visitor, seat.as_ref(), request).await {
        Ok((mut request, caller, ctx)) => {
            request.extensions_mut().insert(caller);
            if let Some(ctx) = ctx {
                request.extensions_mut().insert(ctx);
            }
            next.run(request).await
        }
        Err(error) => error_response(&error),
    };
    if let Some(seat) = seat {
        response.headers_mut().insert(CONCURRENT_REQUESTS, HeaderValue::from(seat.number()));
    }
    response
}

/// A caller that is not asked who it is. What it sends is bounded, and crosses no network in the open.
async fn unidentified(origin: &Origin, unread: bool, request: Request, next: Next) -> Response {
    if !origin.secure && !origin.is_loopback() {
        return error_response(&codes::FORBIDDEN.into());
    }
    if unread {
        return next.run(request).await;
    }
    let (parts, body) = request.into_parts();
    match limited(body).await {
        Ok(bytes) => next.run(Request::from_parts(parts, Body::from(bytes))).await,
        Err(error) => error_response(&error),
    }
}

/// Somebody whose credentials are right.
struct Visitor {
    origin: Origin,
    user: String,
    principal: Principal,
}

/// Who asks. An address that has guessed wrong too often has to wait before it may guess again.
async fn identify(services: &Services, origin: Origin, headers: &HeaderMap) -> Result<Visitor> {
    let (now, gate, peer) = (services.now(), &services.gate, origin.peer);
    let (user, password) = match basic(headers) {
        Ok(pair) => pair,
        Err(error) => return Err(gate.anonymous(peer, now).err().unwrap_or(error)),
    };
    gate.may_try(&user, peer, now)?;
    match authenticate(&services.store, services.operator.as_ref(), &user, password.reveal()).await {
        Ok(principal) => {
            gate.succeeded(&user, peer);
            Ok(Visitor { origin, user, principal })
        }
        Err(AuthFailure::Refused) => {
            gate.failed(&user, peer, now);
            Err(codes::UNAUTHORIZED.into())
        }
        Err(AuthFailure::Store(error)) => Err(error.into()),
    }
}

async fn context(
    services: Arc<Services>,
    access: Access,
    named: Option<String>,
    visitor: Visitor,
    seat: Option<&Seat<AccountSid>>,
    request: Request,
) -> Result<(Request, Caller, Option<Ctx>)> {
    let Visitor { origin, user, principal } = visitor;
    let now = services.now();
    let own = match principal.account {
        Some(sid) => load_account(&services.store, sid, now).await?.map(Arc::new),
        None => None,
    };
    if let (Some(own), Some(seat)) = (&own, seat) {
        services.gate.admit(&principal, own.account.facts.limits, seat, now)?;
    }
    let (request, is_signed) = validation::check(&services.store, &principal, &user, now, request).await?;
    let account = match named {
        Some(text) => Some(text.parse::<AccountSid>().map_err(|_| ApiError::new(codes::NOT_FOUND))?),
        None => principal.account,
    };
    if let Some(sid) = account {
        spans::account(sid);
    }
    let caller = Caller { principal, own, origin, services, access, is_signed };
    if caller.principal.grant == auth::Grant::Operator && !caller.origin.secure {
        // The operator's token opens every HIPAA project, so it is held to what they are held to.
        decide(&hipaa_project(), &plain_http(&caller.origin))?;
    }
    let Some(sid) = account else {
        return permitted(&caller).map(|()| (request, caller, None));
    };
    let ctx = enter(&caller, sid).await?;
    Ok((request, caller, Some(ctx)))
}

/// What the guard goes by when no particular HIPAA project is meant.
fn hipaa_project() -> rulebook::AccountFacts {
    rulebook::AccountFacts {
        protected: true,
        phi_permitted: false,
        agreement_active: false,
        simulator: false,
        policy: rulebook::Policy::default(),
    }
}

/// A request with credentials that came without TLS.
fn plain_http(origin: &Origin) -> guard::Action<'static> {
    guard::Action::PlainHttp(guard::PlainHttpFacts { credentials: true, loopback: origin.is_loopback() })
}

/// The caller in this account, if it may be there at all.
pub(crate) async fn enter(caller: &Caller, sid: AccountSid) -> Result<Ctx> {
    let access = caller.access;
    let account = match &caller.own {
        Some(own) if own.sid() == sid => Arc::clone(own),
        _ => {
            let found = load_account(&caller.services.store, sid, caller.now()).await?;
            Arc::new(found.ok_or(ApiError::new(codes::NOT_FOUND))?)
        }
    };
    let own = caller.principal.account;
    let reachable = match own {
        None => true,
        Some(own) => {
            own == sid
                || (caller.principal.reaches_subaccounts()
                    && account.account.facts.is_subaccount_of(sid, own))
        }
    };
    if !reachable {
        return Err(codes::NOT_FOUND.into());
    }
    // An owner that is not active itself reaches none of its subaccounts either, and its credentials
    // are those of its own project, whatever the subaccount is.
    if let Some(own) = caller.own.as_ref().filter(|own| own.sid() != sid) {
        if !own.is_active() {
            return Err(codes::ACCOUNT_SUSPENDED.into());
        }
        if !caller.origin.secure {
            decide(&own.facts(access.service), &plain_http(&caller.origin))?;
        }
        require_signature(caller, own)?;
    }
    require_signature(caller, &account)?;
    permitted(caller)?;
    let facts = account.facts(access.service);
    if !caller.origin.secure {
        decide(&facts, &plain_http(&caller.origin))?;
    }
    if caller.principal.grant == auth::Grant::Operator && access.permission.shows_messages() {
        decide(&facts, &guard::Action::OperateOnMessages)?;
    }
    if access.ai_ml {
        decide(
            &facts,
            &guard::Action::UseCapability(guard::CapabilityFacts {
                system: access.service,
                ai_ml: true,
                declared_phi: false,
                attested_phi_free: false,
            }),
        )?;
    }
    // Credentials of a suspended or closed account open nothing, not even the account itself: it may have been
    // suspended because somebody else holds them. Its owner and the operator still look at it and wake it.
    if !account.is_active() && (!access.inactive_too || own == Some(sid)) {
        return Err(codes::ACCOUNT_SUSPENDED.into());
    }
    Ok(Ctx::new(caller.clone(), account))
}

/// Refuses an unsigned request where the account accepts only signed ones. The operator's token is no
/// account's, so it has no public key to sign with.
fn require_signature(caller: &Caller, account: &auth::AccountContext) -> Result<()> {
    let is_enforced = account.account.facts.settings.enforce_client_validation;
    if !is_enforced || caller.is_signed || caller.principal.grant == auth::Grant::Operator {
        return Ok(());
    }
    let code = rulebook::codes::row(rulebook::codes::CLIENT_VALIDATION_REQUIRED);
    Err(ApiError::new(code.expect("a constant of that table")).rule("GEN-PKCV-1"))
}

fn permitted(caller: &Caller) -> Result<()> {
    let operator = caller.principal.grant == auth::Grant::Operator;
    if (caller.access.operator_only && !operator) || !caller.principal.may(caller.access.permission) {
        return Err(codes::FORBIDDEN.into());
    }
    Ok(())
}

/// The user name and password of HTTP Basic (RFC 7617).
fn basic(headers: &HeaderMap) -> Result<(String, Secret)> {
    let unauthorized = || ApiError::new(codes::UNAUTHORIZED);
    let value = headers.get(AUTHORIZATION).ok_or_else(unauthorized)?;
    if value.len() > MAX_AUTHORIZATION {
        return Err(unauthorized());
    }
    let text = value.to_str().map_err(|_| unauthorized())?;
    let (scheme, encoded) = text.split_once(' ').ok_or_else(unauthorized)?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return Err(unauthorized());
    }
    let decoded = BASE64.decode(encoded.trim().as_bytes()).map_err(|_| unauthorized())?;
    let pair = String::from_utf8(decoded).map_err(|_| unauthorized())?;
    let (user, password) = pair.split_once(':').ok_or_else(unauthorized)?;
    Ok((user.to_owned(), Secret::new(password.to_owned())))
}
