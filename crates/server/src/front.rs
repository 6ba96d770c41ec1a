//! Between the port and the products: finds the product of a request, tells it where the request
//! came from, and sees to it that every request is answered in the API's shape and logged without
//! anything of what it was about.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::future::Future;
use std::net::IpAddr;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::{MatchedPath, Request};
use axum::middleware::{Next, from_fn};
use axum::response::{IntoResponse, Response};
use edge::product::{self, Target};
use edge::{Connection, Scheme};
use errors::codes;
use futures_util::FutureExt;
use http::uri::PathAndQuery;
use http::{HeaderValue, Method, StatusCode, Uri, header};
use hyper::body::Incoming;
use kit::respond::error_response;
use kit::{Origin, ReceivedPath, Routes};
use spans::{Tracer, Work};
use tokio::time::Instant;
use tower::{Service, ServiceExt};

use crate::metrics::RequestMeasures;
use crate::readiness::Readiness;

/// Answered while the process lives.
const ALIVE_PATH: &str = "/healthz";
/// Answered with 200 while requests are welcome.
const READY_PATH: &str = "/readyz";
/// What the log calls a product, method or route that is not one of ours: what was sent stays out.
const OTHER: &str = "other";

/// How the media types of answers begin that are in their API's shape: Segment's Public API has types of its own.
const JSON: [&[u8]; 2] = [b"application/json", b"application/vnd.segment."];

/// Browsers that were here over TLS stay there for a year (GEN-HTTPS-1; RFC 6797 §6.1).
const HSTS: HeaderValue = HeaderValue::from_static("max-age=31536000");

/// Everything that is served, by product.
pub(crate) struct Front {
    base_domain: Option<String>,
    routers: BTreeMap<&'static str, Router>,
    /// Labels that may stand as a first path segment.
    prefixes: Vec<&'static str>,
    requests: Arc<RequestMeasures>,
    readiness: Arc<Readiness>,
    tracer: Tracer,
}

impl Front {
    /// Serves these products; several with one label become one. `faces` are those that speak another dialect than
    /// Twilio's and check their callers themselves.
    pub(crate) fn new(
        base_domain: Option<String>,
        products: Vec<Routes>,
        faces: Vec<(&'static str, Router)>,
        requests: Arc<RequestMeasures>,
        readiness: Arc<Readiness>,
    ) -> Self {
        let mut routers: BTreeMap<&'static str, Router> = faces.into_iter().collect();
        for routes in products {
            let label = routes.product().label;
            let router = match routers.remove(label) {
                // Both have the same fallback; only one may bring it.
                Some(earlier) => earlier.reset_fallback().merge(routes.into_router()),
                None => routes.into_router(),
            };
            routers.insert(label, router);
        }
        let prefixes = routers.keys().copied().filter(|label| *label != product::SWITCHWARD).collect();
        let routers =
            routers.into_iter().map(|(label, router)| (label, router.layer(from_fn(note_route)))).collect();
        Self { base_domain, routers, prefixes, requests, readiness, tracer: Tracer::off() }
    }

    /// Tells `tracer` what is answered.
    pub(crate) fn traced(self, tracer: Tracer) -> Self {
        Self { tracer, ..self }
    }

    /// This front as the service that the port hands requests to.
    pub(crate) fn service(
        self: Arc<Self>,
    ) -> impl Service<
        http::Request<Incoming>,
        Response = Response,
        Error = Infallible,
        Future: Future<Output = Result<Response, Infallible>> + Send + 'static,
    > + Clone
    + Send
    + Sync
    + 'static {
        tower::service_fn(move |request: http::Request<Incoming>| {
            let front = Arc::clone(&self);
            async move { Ok(front.answer(request.map(Body::new)).await) }
        })
    }

    /// Answers a request; a panic on the way is a 500, never a hang.
    async fn answer(&self, request: Request) -> Response {
        let started = Instant::now();
        let method = known_method(request.method());
        let target = self.target(&request);
        let product = target
            .as_ref()
            .and_then(|target| self.routers.get_key_value(target.product.as_str()))
            .map_or(OTHER, |(label, _)| label);
        // Probes come every few seconds and say nothing about anybody's work.
        let tracer = if is_probe(target.as_ref()) { Tracer::off() } else { self.tracer.clone() };
        let parent = traceparent(&request);
        let answering = async {
            let answered = AssertUnwindSafe(self.dispatch(request, target)).catch_unwind().await;
            answered.unwrap_or_else(|_| error_response(&codes::INTERNAL.into()))
        };
        let told = |response: Option<&Response>| Work::Request {
            product,
            method,
            route: self.requests.template(product, method, response.map_or(OTHER, route_of)),
            status: response.map(|response| response.status().as_u16()),
        };
        let parent = parent.as_ref().map(HeaderValue::as_bytes);
        let response = tracer.request(parent, answering, told).await;
        let route = route_of(&response);
        let (status, time) = (response.status().as_u16(), started.elapsed());
        self.requests.count(product, method, route, status, time);
        let ms = u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
        tracing::info!(target: "request", method, route, product, status, ms);
        response
    }

    fn target(&self, request: &Request) -> Option<Target> {
        let mut hosts = request.headers().get_all(header::HOST).iter();
        let host = hosts.next()?.to_str().ok()?;
        // Two hosts are two opinions about where the request goes (RFC 9112 §3.2).
        if hosts.next().is_some() {
            return None;
        }
        let (path, base_domain) = (request.uri().path(), self.base_domain.as_deref());
        let bearer = || product::resolve_bearer(host, path, base_domain);
        has_bearer(request)
            .then(bearer)
            .flatten()
            .or_else(|| product::resolve(host, path, base_domain, &self.prefixes))
    }

    async fn dispatch(&self, mut request: Request, target: Option<Target>) -> Response {
        let not_found = || error_response(&codes::NOT_FOUND.into());
        let Some(target) = target else { return not_found() };
        if target.product == product::SWITCHWARD {
            match target.path.as_str() {
                ALIVE_PATH => return StatusCode::OK.into_response(),
                READY_PATH => return self.ready().await,
                _ => {}
            }
        }
        let (Some(router), Some(connection)) =
            (self.routers.get(target.product.as_str()), request.extensions().get::<Connection>().copied())
        else {
            return not_found();
        };
        let Some(uri) = clean_uri(&target, request.uri()) else { return not_found() };
        let received = ReceivedPath(request.uri().path().to_owned());
        request.extensions_mut().insert(received);
        *request.uri_mut() = uri;
        let secure = connection.scheme == Scheme::Https;
        request.extensions_mut().insert(origin(&target, connection));
        let response = router.clone().oneshot(request).await.unwrap_or_else(|never| match never {});
        let mut response = shaped(response);
        if secure {
            response.headers_mut().insert(header::STRICT_TRANSPORT_SECURITY, HSTS);
        }
        response
    }

    /// Whether requests are welcome, without saying why not: that is for the operations address.
    async fn ready(&self) -> Response {
        match self.readiness.report().await.ready {
            true => StatusCode::OK.into_response(),
            false => StatusCode::SERVICE_UNAVAILABLE.into_response(),
        }
    }
}

/// The route that answered, for the log.
#[derive(Clone)]
struct Route(MatchedPath);

fn route_of(response: &Response) -> &str {
    response.extensions().get::<Route>().map_or(OTHER, |route| route.0.as_str())
}

/// Whether a request carries a Bearer token (RFC 6750 §2.1).
fn has_bearer(request: &Request) -> bool {
    let value = request.headers().get(header::AUTHORIZATION).map(HeaderValue::as_bytes);
    value.and_then(|value| value.get(..7)).is_some_and(|scheme| scheme.eq_ignore_ascii_case(b"bearer "))
}

fn is_probe(target: Option<&Target>) -> bool {
    target.is_some_and(|target| {
        target.product == product::SWITCHWARD && [ALIVE_PATH, READY_PATH].contains(&target.path.as_str())
    })
}

/// The caller's trace (W3C Trace Context §3.2); two are none.
fn traceparent(request: &Request) -> Option<HeaderValue> {
    let mut all = request.headers().get_all("traceparent").iter();
    all.next().filter(|_| all.next().is_none()).cloned()
}

async fn note_route(request: Request, next: Next) -> Response {
    let matched = request.extensions().get::<MatchedPath>().cloned();
    let mut response = next.run(request).await;
    if let Some(matched) = matched {
        response.extensions_mut().insert(Route(matched));
    }
    response
}

/// What the product sees: its own path, without the 2010 API's suffix, and the query as it came.
fn clean_uri(target: &Target, uri: &Uri) -> Option<Uri> {
    let path = match target.product.as_str() {
        product::API => product::strip_json_suffix(&target.path),
        _ => &target.path,
    };
    let path_and_query: PathAndQuery = match uri.query() {
        Some(query) => format!("{path}?{query}").parse().ok()?,
        None => path.parse().ok()?,
    };
    Some(Uri::from(path_and_query))
}

/// The answer, in the API's shape also where the web framework refused a request by itself, as it
/// does for a path that is not UTF-8: its own text may repeat what was sent.
fn shaped(response: Response) -> Response {
    let status = response.status();
    let is_json = response
        .headers()
        .get(header::CONTENT_TYPE)
        .is_some_and(|value| JSON.iter().any(|json| value.as_bytes().starts_with(json)));
    // A range that is not there is answered by the product, with how much there is (RFC 9110 §15.5.17).
    let is_range = status == StatusCode::RANGE_NOT_SATISFIABLE;
    if is_json || is_range || !(status.is_client_error() || status.is_server_error()) {
        return response;
    }
    let code = match status {
        StatusCode::NOT_FOUND => codes::NOT_FOUND,
        StatusCode::METHOD_NOT_ALLOWED => codes::METHOD_NOT_ALLOWED,
        StatusCode::PAYLOAD_TOO_LARGE => codes::TOO_LARGE,
        StatusCode::UNSUPPORTED_MEDIA_TYPE => codes::UNSUPPORTED_MEDIA_TYPE,
        status if status.is_client_error() => codes::INVALID_PARAMETER,
        _ => codes::INTERNAL,
    };
    error_response(&code.into())
}

fn origin(target: &Target, connection: Connection) -> Origin {
    let peer: IpAddr = connection.peer.ip().to_canonical();
    Origin {
        base_url: product::absolute_base(connection.scheme.as_str(), &target.host, &target.prefix),
        peer,
        secure: connection.scheme == Scheme::Https,
    }
}

/// The method's name if it is a standard one; anything else is what a caller made up.
fn known_method(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::POST => "POST",
        Method::PUT => "PUT",
        Method::PATCH => "PATCH",
        Method::DELETE => "DELETE",
        Method::HEAD => "HEAD",
        Method::OPTIONS => "OPTIONS",
        _ => OTHER,
    }
}

#[cfg(test)]
mod tests {
    use axum::routing::{get, post};
    use base::SystemClock;
    use http_body_util::BodyExt;
    use serde_json::Value;
    use store::Database;

    use super::*;
    use crate::app::open_services;
    use crate::data_folder::DataFolder;

    /// Real routing around made-up handlers.
    async fn front(dir: &tempfile::TempDir) -> Front {
        let data = DataFolder::open(dir.path()).expect("a folder");
        let key = data.master_key(None).expect("a key");
        let database = Database::Sqlite(data.database_file());
        let services =
            open_services(database, key, Arc::new(SystemClock), None, data.blobs().expect("a folder"))
                .await
                .expect("a store");
        let requests = Arc::new(RequestMeasures::new(&[]));
        let readiness = Arc::new(Readiness::new(services.store.clone(), None, Box::new(|| None)));
        let mut front =
            Front::new(Some("comms.example.org".to_owned()), Vec::new(), Vec::new(), requests, readiness);
        let router = Router::new()
            .route("/2010-04-01/Panic", get(stumble))
            .route(
                "/2010-04-01/Refused",
                get(|| async { (StatusCode::BAD_REQUEST, "the text that was sent") }),
            )
            .route(
                "/2010-04-01/Origin",
                post(|request: Request| async move {
                    let origin = request.extensions().get::<Origin>().expect("every request has one").clone();
                    format!("{} {} {} {}", origin.base_url, origin.peer, origin.secure, request.uri())
                }),
            );
        front.prefixes = vec![product::API];
        front.routers.insert(product::API, router.layer(from_fn(note_route)));
        front
    }

    async fn stumble() -> StatusCode {
        panic!("as it is told")
    }

    async fn answer(front: &Front, method: Method, host: &str, uri: &str) -> (StatusCode, String) {
        let request = Request::builder().method(method).uri(uri).header(header::HOST, host);
        let mut request = request.body(Body::empty()).expect("a request");
        request.extensions_mut().insert(Connection {
            peer: "[::ffff:192.0.2.7]:4711".parse().expect("an address"),
            scheme: Scheme::Https,
            via_tunnel: true,
            loopback: false,
        });
        let response = front.answer(request).await;
        let status = response.status();
        let body = response.into_body().collect().await.expect("a body").to_bytes();
        (status, String::from_utf8(body.to_vec()).expect("text"))
    }

    #[tokio::test]
    async fn panics_and_foreign_refusals_are_answered_in_the_apis_shape() {
        let dir = tempfile::tempdir().expect("a folder");
        let front = front(&dir).await;
        for (path, status, code) in [("Panic", 500, 20500), ("Refused", 400, 20001), ("Nothing", 404, 20404)]
        {
            let uri = format!("/2010-04-01/{path}.json");
            let (answered, body) = answer(&front, Method::GET, "api.twilio.com", &uri).await;
            assert_eq!(answered, status, "{path}");
            let body: Value = serde_json::from_str(&body).expect("JSON");
            assert_eq!((&body["status"], &body["code"]), (&status.into(), &code.into()), "{path}");
            assert!(!body.to_string().contains("the text that was sent"));
        }
    }

    #[tokio::test]
    async fn products_see_their_own_path_and_where_the_request_came_from() {
        let dir = tempfile::tempdir().expect("a folder");
        let front = front(&dir).await;
        let table = [
            ("api.twilio.com", "/2010-04-01/Origin.json?Page=1", "https://api.twilio.com"),
            (
                "api.comms.example.org",
                "/.twilio.com/2010-04-01/Origin",
                "https://api.comms.example.org/.twilio.com",
            ),
            ("127.0.0.1:8080", "/api/2010-04-01/Origin.json", "https://127.0.0.1:8080/api"),
            ("127.0.0.1:8080", "/2010-04-01/Origin.json", "https://127.0.0.1:8080"),
        ];
        for (host, uri, base) in table {
            let (status, body) = answer(&front, Method::POST, host, uri).await;
            let query = uri.split_once('?').map_or(String::new(), |(_, query)| format!("?{query}"));
            assert_eq!(status, 200, "{host}{uri}");
            assert_eq!(body, format!("{base} 192.0.2.7 true /2010-04-01/Origin{query}"));
        }
    }
}
