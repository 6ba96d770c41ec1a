//! A platform with a source, a destination on loopback, and an engine between them.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

use auth::Permission;
use axum::Router;
use axum::body::Body;
use base::{DestinationSid, Sid, SourceSid, WorkspaceSid};
use destinations::{Engine, Ways};
use http::{Method, Request, header};
use http_body_util::BodyExt;
use kit::Origin;
use segment::Ingest;
use serde_json::{Value, json};
use store::Store;
use test_kit::{Reply, SinkRequest, TestAccount, TestApp, TestDatabase, WebhookSink};
use tower::ServiceExt;
use webhooks::{Webhooks, WebhooksConfig, read_authorities};

const JSON: &str = "application/json";
/// What HIPAA workspaces of these tests have planned, and the properties it may have.
const PLANNED_EVENTS: [&str; 2] = ["Ordered", "Cancelled"];
const PLANNED_FIELDS: [&str; 13] = [
    "total",
    "diagnosis",
    "k-canary",
    "x",
    "userId",
    "properties",
    "traits",
    "items",
    "a b",
    "c.d",
    "email",
    "note",
    "0",
];

pub(crate) struct World {
    pub(crate) app: TestApp,
    pub(crate) sink: WebhookSink,
    pub(crate) engine: Engine,
    router: Router,
    public: Router,
    /// Removed after everything that uses it.
    _database: Option<TestDatabase>,
}

/// A source with a destination.
#[derive(Clone)]
pub(crate) struct Place {
    pub(crate) account: TestAccount,
    pub(crate) workspace: WorkspaceSid,
    pub(crate) source: SourceSid,
    pub(crate) key: String,
    pub(crate) destination: DestinationSid,
}

pub(crate) fn text(value: &Value) -> String {
    value.as_str().unwrap().to_owned()
}

/// Status and body of the answer to a request that comes over TLS from another machine.
async fn ask(router: &Router, host: &str, mut request: Request<Body>) -> (u16, Vec<u8>) {
    let peer = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 7));
    request.extensions_mut().insert(Origin { base_url: host.to_owned(), peer, secure: true });
    let (parts, body) = router.clone().oneshot(request).await.unwrap().into_parts();
    (parts.status.as_u16(), body.collect().await.unwrap().to_bytes().to_vec())
}

fn routes(services: Arc<kit::Services>) -> Vec<kit::Routes> {
    vec![segment::routes(Arc::clone(&services)).merge(destinations::routes(services))]
}

impl World {
    pub(crate) async fn start() -> Self {
        Self::of(TestApp::start(routes).await, None).await
    }

    /// The same; servers of destinations have certificates of this authority (PEM).
    pub(crate) async fn start_trusting(authority: &str) -> Self {
        let mut world = Self::start().await;
        let webhooks = webhooks_trusting(&world.app, authority);
        world.engine = Engine::new(Arc::clone(&world.app.services), Arc::new(Ways::new(webhooks)));
        world
    }

    /// The same on PostgreSQL, where there is a server for tests.
    pub(crate) async fn start_on_postgres() -> Option<Self> {
        let database = TestDatabase::create()?;
        let app = TestApp::start_on(&database.url(), routes).await;
        Some(Self::of(app, Some(database)).await)
    }

    async fn of(app: TestApp, database: Option<TestDatabase>) -> Self {
        let sink = WebhookSink::start().await;
        let router = segment::router(Arc::new(Ingest::new(Arc::clone(&app.services))));
        let public = segment::public_router(Arc::clone(&app.services), destinations::SERVED);
        let engine = Engine::new(Arc::clone(&app.services), Arc::new(Ways::new(webhooks(&app, &sink))));
        Self { app, sink, engine, router, public, _database: database }
    }

    pub(crate) fn store(&self) -> &Store {
        &self.app.services.store
    }

    pub(crate) async fn post(&self, account: &TestAccount, path: &str, body: Value) -> Reply {
        let path = format!("/switchward/v1/Accounts/{}/{path}", account.sid);
        self.app.post_raw(account, "switchward", &path, body.to_string().into_bytes(), JSON).await
    }

    pub(crate) async fn get(&self, account: &TestAccount, path: &str) -> Reply {
        self.app.get(account, "switchward", &format!("/switchward/v1/Accounts/{}/{path}", account.sid)).await
    }

    /// A workspace with a source and a destination that is off; nothing is granted or mapped.
    pub(crate) async fn place(&self, account: &TestAccount, is_hipaa: bool) -> Place {
        let workspace = self.post(account, "Workspaces", json!({"name": "Clinic"})).await;
        let workspace: WorkspaceSid = text(&workspace.json["sid"]).parse().unwrap();
        if is_hipaa {
            let path = format!("/switchward/v1/Accounts/{}/Workspaces/{workspace}/Designation", account.sid);
            let body = json!({"request_reference": "T-1", "requester": "R. Quester"}).to_string();
            let app = &self.app;
            let reply = app.post_raw(&app.operator, "switchward", &path, body.into_bytes(), JSON).await;
            reply.assert_status(201);
        }
        let path = format!("Workspaces/{workspace}/Sources");
        let source = self.post(account, &path, json!({"name": "Website"})).await;
        let mut place = Place {
            account: account.clone(),
            workspace,
            source: text(&source.json["sid"]).parse().unwrap(),
            key: text(&source.json["write_keys"][0]),
            destination: Sid::from_bytes([0; 16]),
        };
        place.destination = self.destination(&place, "Pharmacy", &self.sink.url("/events")).await;
        if is_hipaa {
            self.plan(&place).await;
        }
        place
    }

    /// Plans the events of these tests: a HIPAA workspace takes no others.
    async fn plan(&self, place: &Place) {
        let tokens = format!("Workspaces/{}/Tokens", place.workspace);
        let body = json!({"name": "Plans", "roles": ["workspace_owner"]});
        let token = text(&self.post(&place.account, &tokens, body).await.json["token"]);
        let plan = json!({"name": "Orders", "type": "LIVE"});
        let made = self.public(&token, Method::POST, "/tracking-plans", plan).await;
        let plan = format!("/tracking-plans/{}", text(&made["data"]["trackingPlan"]["id"]));
        let fields: Value = PLANNED_FIELDS.iter().map(|name| ((*name).to_owned(), json!({}))).collect();
        let schema = json!({"properties": {"properties": {"properties": fields}}});
        let rules: Vec<_> = PLANNED_EVENTS
            .iter()
            .map(|name| json!({"type": "TRACK", "key": name, "version": 1, "jsonSchema": schema}))
            .collect();
        self.public(&token, Method::PUT, &format!("{plan}/rules"), json!({"rules": rules})).await;
        let source = json!({"sourceId": place.source.to_string()});
        self.public(&token, Method::POST, &format!("{plan}/sources"), source).await;
    }

    /// Asks the Public API for what it must do.
    async fn public(&self, token: &str, method: Method, path: &str, body: Value) -> Value {
        let (status, answer) = self.ask_public(token, method, path, body).await;
        assert_eq!(status, 200, "{answer}");
        answer
    }

    /// Asks the Public API. A body that is `null` is none.
    pub(crate) async fn ask_public(
        &self,
        token: &str,
        method: Method,
        path: &str,
        body: Value,
    ) -> (u16, Value) {
        let body = if body.is_null() { Body::empty() } else { Body::from(body.to_string()) };
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header(header::AUTHORIZATION, format!("Bearer {token}"))
            .header(header::CONTENT_TYPE, JSON)
            .body(body);
        let (status, answer) = ask(&self.public, "https://api.segmentapis.com", request.unwrap()).await;
        (status, serde_json::from_slice(&answer).unwrap())
    }

    /// Another destination of the place's source.
    pub(crate) async fn destination(&self, place: &Place, name: &str, url: &str) -> DestinationSid {
        let settings =
            json!({"url": url, "headers": {"Authorization": "Bearer h-canary"}, "secret": "s-canary"});
        self.destination_of(place, name, "webhook", settings).await
    }

    /// A destination of any kind.
    pub(crate) async fn destination_of(
        &self,
        place: &Place,
        name: &str,
        kind: &str,
        settings: Value,
    ) -> DestinationSid {
        let body = json!({
            "name": name,
            "source_sid": place.source.to_string(),
            "kind": kind,
            "settings": settings,
        });
        let reply =
            self.post(&place.account, &format!("Workspaces/{}/Destinations", place.workspace), body).await;
        reply.assert_status(201);
        text(&reply.json["sid"]).parse().unwrap()
    }

    pub(crate) async fn change(&self, place: &Place, path: &str, body: Value) -> Reply {
        self.post(&place.account, &format!("Destinations/{}{path}", place.destination), body).await
    }

    pub(crate) async fn show(&self, place: &Place, path: &str) -> Reply {
        self.get(&place.account, &format!("Destinations/{}{path}", place.destination)).await
    }

    /// Grants these paths.
    pub(crate) async fn grant(&self, place: &Place, paths: &[&str]) {
        let grants: Vec<_> =
            paths.iter().map(|path| json!({"path": path, "reason": "it fills the order"})).collect();
        let reply = self.change(place, "/Grants", json!({"grant": grants, "signer": "P. Officer"})).await;
        reply.assert_status(201);
    }

    /// Maps the events with this trigger.
    pub(crate) async fn map(&self, place: &Place, trigger: &str, mapping: Value) {
        let mapping = json!({"name": "Orders", "trigger": trigger, "mapping": mapping});
        self.change(place, "/Mappings", json!({"mappings": [mapping]})).await.assert_status(201);
    }

    /// Approves what can leave now, by credentials of a second person.
    pub(crate) async fn approve(&self, place: &Place) -> Reply {
        let manifest = self.show(place, "/Manifest").await;
        let body = json!({"digest": manifest.json["digest"], "signer": "A. Pprover"}).to_string();
        let key = self.app.restricted_key(&place.account, &[Permission::ManifestsApprove]).await;
        let (account, sid) = (place.account.sid, place.destination);
        let path = format!("/switchward/v1/Accounts/{account}/Destinations/{sid}/Manifest");
        self.app.post_raw(&key, "switchward", &path, body.into_bytes(), JSON).await
    }

    pub(crate) async fn switch(&self, place: &Place, enabled: bool) -> Reply {
        self.change(place, "", json!({"enabled": enabled})).await
    }

    /// A HIPAA workspace whose destination is given `properties.total` and the user's id of events called `Ordered`.
    pub(crate) async fn hipaa_place(&self) -> Place {
        self.app.register(&self.app.hipaa, &["localhost"], "segment", "2030-01-01").await;
        let place = self.place(&self.app.hipaa, true).await;
        self.set_up(&place).await;
        place
    }

    pub(crate) async fn set_up(&self, place: &Place) {
        self.grant(place, &["properties.total", "userId"]).await;
        let mapping = json!({"who": {"@path": "$.userId"}, "sum": {"@path": "$.properties.total"},
            "note": {"@path": "$.properties.diagnosis"}});
        self.map(place, "event = 'Ordered'", mapping).await;
        self.approve(place).await.assert_status(201);
        self.switch(place, true).await.assert_status(201);
    }

    /// An ordinary workspace whose destination is on and gets everything.
    pub(crate) async fn ordinary_place(&self) -> Place {
        let place = self.place(&self.app.owner, false).await;
        self.switch(&place, true).await.assert_status(201);
        place
    }

    /// Sends events that must be taken.
    pub(crate) async fn send(&self, place: &Place, events: Value) {
        self.send_text(place, &events.to_string()).await;
    }

    /// The same of events as they are written.
    pub(crate) async fn send_text(&self, place: &Place, events: &str) {
        let body = format!(r#"{{"writeKey": "{}", "batch": {events}}}"#, place.key);
        let request =
            Request::builder().method(Method::POST).uri("/v1/batch").body(Body::from(body)).unwrap();
        assert_eq!(ask(&self.router, "https://api.segment.io", request).await.0, 200);
    }

    /// Delivers until there is nothing to do now.
    pub(crate) async fn deliver(&self) {
        while self.engine.round().await.unwrap() > 0 {}
    }

    /// What has arrived, as JSON.
    pub(crate) fn received(&self) -> Vec<Value> {
        self.sink.requests().iter().map(body).collect()
    }

    /// What became of events, all days together.
    pub(crate) async fn counts(&self, place: &Place) -> Vec<(String, i64)> {
        let reply = self.show(place, "/Deliveries").await;
        let mut counts = std::collections::BTreeMap::new();
        for row in reply.json["deliveries"].as_array().unwrap() {
            *counts.entry(text(&row["outcome"])).or_default() += row["events"].as_i64().unwrap();
        }
        counts.into_iter().collect()
    }

    pub(crate) async fn count(&self, place: &Place, outcome: &str) -> i64 {
        self.counts(place).await.into_iter().find(|(known, _)| known == outcome).map_or(0, |(_, it)| it)
    }
}

/// A client that trusts the sink and may reach loopback.
pub(crate) fn webhooks(app: &TestApp, sink: &WebhookSink) -> Webhooks {
    webhooks_trusting(app, sink.authority_pem())
}

fn webhooks_trusting(app: &TestApp, authority: &str) -> Webhooks {
    let config = WebhooksConfig {
        allowed_private: ["127.0.0.0/8", "::1/128"].map(|range| range.parse().unwrap()).to_vec(),
        operator_roots: read_authorities(authority).unwrap(),
        ..WebhooksConfig::default()
    };
    Webhooks::new(app.services.store.clone(), config).unwrap()
}

pub(crate) fn body(request: &SinkRequest) -> Value {
    serde_json::from_slice(&request.body).unwrap()
}

pub(crate) fn track(user: &str, event: &str, properties: Value) -> Value {
    json!({"type": "track", "userId": user, "event": event, "properties": properties})
}

/// An order with a total, and a diagnosis that nobody was granted.
pub(crate) fn order(user: &str, total: u32) -> Value {
    track(user, "Ordered", json!({"total": total, "diagnosis": "d-canary"}))
}
