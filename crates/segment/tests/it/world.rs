//! A platform with workspaces, and an SDK's eyes on it.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use base::{SourceSid, WorkspaceSid};
use data_encoding::BASE64;
use http::{Method, Request, header};
use http_body_util::BodyExt;
use kit::Origin;
use ledger::{Action, Actor, Entry, Purpose};
use segment::Ingest;
use serde_json::value::RawValue;
use serde_json::{Value, json};
use store::{Scope, Store};
use test_kit::{Reply, TestAccount, TestApp, TestDatabase};
use tower::ServiceExt;

const JSON: &str = "application/json";

pub(crate) struct World {
    pub(crate) app: TestApp,
    pub(crate) ingest: Arc<Ingest>,
    router: Router,
    public: Router,
    _database: Option<TestDatabase>,
}

/// A source of a workspace.
#[derive(Clone)]
pub(crate) struct Place {
    pub(crate) account: TestAccount,
    pub(crate) workspace: WorkspaceSid,
    pub(crate) source: SourceSid,
    pub(crate) key: String,
}

/// What the tracking API answered.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: http::HeaderMap,
    pub(crate) body: Vec<u8>,
}

impl World {
    pub(crate) async fn start() -> Self {
        Self::of(TestApp::start(|services| vec![segment::routes(services)]).await, None)
    }

    /// One on SQLite, and one on PostgreSQL where there is a server.
    pub(crate) async fn on_both() -> Vec<Self> {
        let mut worlds = vec![Self::start().await];
        if let Some(database) = TestDatabase::create() {
            let app = TestApp::start_on(&database.url(), |services| vec![segment::routes(services)]).await;
            worlds.push(Self::of(app, Some(database)));
        }
        worlds
    }

    fn of(app: TestApp, database: Option<TestDatabase>) -> Self {
        let ingest = Arc::new(Ingest::new(Arc::clone(&app.services)));
        let router = segment::router(Arc::clone(&ingest));
        let public = segment::public_router(Arc::clone(&app.services), &[]);
        Self { app, ingest, router, public, _database: database }
    }

    /// The same platform after a restart of what takes events.
    pub(crate) fn restarted(self) -> Self {
        let ingest = Arc::new(Ingest::new(Arc::clone(&self.app.services)));
        Self { router: segment::router(Arc::clone(&ingest)), ingest, ..self }
    }

    pub(crate) fn store(&self) -> &Store {
        &self.app.services.store
    }

    pub(crate) async fn post(&self, account: &TestAccount, path: &str, body: Value) -> Reply {
        let path = format!("/switchward/v1/Accounts/{}/Workspaces{path}", account.sid);
        self.app.post_raw(account, "switchward", &path, body.to_string().into_bytes(), JSON).await
    }

    pub(crate) async fn as_operator(&self, account: &TestAccount, path: &str, body: Value) -> Reply {
        let path = format!("/switchward/v1/Accounts/{}/Workspaces{path}", account.sid);
        self.app.post_raw(&self.app.operator, "switchward", &path, body.to_string().into_bytes(), JSON).await
    }

    pub(crate) async fn designate(&self, place: &Place) -> Reply {
        let body = json!({"request_reference": "T-1", "requester": "R. Quester"});
        self.as_operator(&place.account, &format!("/{}/Designation", place.workspace), body).await
    }

    pub(crate) async fn workspace(&self, account: &TestAccount) -> WorkspaceSid {
        let reply = self.post(account, "", json!({"name": "Clinic"})).await;
        assert_eq!(reply.status, 201, "{}", reply.text);
        reply.json["sid"].as_str().unwrap().parse().unwrap()
    }

    /// A new workspace of an account with a source.
    pub(crate) async fn place(&self, account: &TestAccount) -> Place {
        let workspace = self.workspace(account).await;
        let reply = self.post(account, &format!("/{workspace}/Sources"), json!({"name": "Website"})).await;
        assert_eq!(reply.status, 201, "{}", reply.text);
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        Place {
            account: account.clone(),
            workspace,
            source: text(&reply.json["sid"]).parse().unwrap(),
            key: text(&reply.json["write_keys"][0]),
        }
    }

    /// Changes a source.
    pub(crate) async fn change(&self, place: &Place, body: Value) -> Reply {
        let path = format!("/switchward/v1/Accounts/{}/Sources/{}", place.account.sid, place.source);
        self.app.post_raw(&place.account, "switchward", &path, body.to_string().into_bytes(), JSON).await
    }

    /// Regulates people of a workspace.
    pub(crate) async fn regulate(&self, place: &Place, regulation: &str, ids: &[&str]) -> Reply {
        let body = json!({"regulation_type": regulation, "user_ids": ids});
        self.post(&place.account, &format!("/{}/Regulations", place.workspace), body).await
    }

    /// Sends anything to the tracking API.
    pub(crate) async fn send(&self, request: Request<Vec<u8>>, secure: bool, peer: IpAddr) -> Answer {
        let mut request = request.map(Body::from);
        let base_url = "https://api.segment.io".to_owned();
        request.extensions_mut().insert(Origin { base_url, peer, secure });
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let body = body.collect().await.unwrap().to_bytes().to_vec();
        Answer { status: parts.status.as_u16(), headers: parts.headers, body }
    }

    /// Sends a body as the SDKs do, with its write key in HTTP Basic.
    pub(crate) async fn call(&self, key: &str, call: &str, body: impl Into<Vec<u8>>) -> Answer {
        let request = Request::builder()
            .method(Method::POST)
            .uri(format!("/v1/{call}"))
            .header(header::AUTHORIZATION, format!("Basic {}", BASE64.encode(format!("{key}:").as_bytes())))
            .body(body.into())
            .unwrap();
        self.send(request, true, IpAddr::V4(Ipv4Addr::new(192, 0, 2, 7))).await
    }

    /// Sends events that must be answered with 200.
    pub(crate) async fn batch(&self, place: &Place, events: Value) {
        let answer = self.call(&place.key, "batch", json!({ "batch": events }).to_string()).await;
        assert_eq!(answer.status, 200, "{}", String::from_utf8_lossy(&answer.body));
    }

    /// A new token of a workspace with these roles.
    pub(crate) async fn token(&self, place: &Place, roles: &[&str]) -> String {
        let path = format!("/{}/Tokens", place.workspace);
        let reply = self.post(&place.account, &path, json!({"name": "Terraform", "roles": roles})).await;
        assert_eq!(reply.status, 201, "{}", reply.text);
        reply.json["token"].as_str().unwrap().to_owned()
    }

    /// Sends anything to the Public API.
    pub(crate) async fn ask(&self, request: Request<Vec<u8>>, secure: bool, peer: IpAddr) -> Answer {
        let mut request = request.map(Body::from);
        let base_url = "https://api.segmentapis.com".to_owned();
        request.extensions_mut().insert(Origin { base_url, peer, secure });
        let response = self.public.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let body = body.collect().await.unwrap().to_bytes().to_vec();
        Answer { status: parts.status.as_u16(), headers: parts.headers, body }
    }

    /// Asks the Public API with a token, and gets status and JSON.
    pub(crate) async fn public(
        &self,
        token: &str,
        method: Method,
        path: &str,
        body: Option<Value>,
    ) -> (u16, Value) {
        let mut request = Request::builder()
            .method(method)
            .uri(path)
            .header(header::AUTHORIZATION, format!("Bearer {token}"));
        if body.is_some() {
            request = request.header(header::CONTENT_TYPE, JSON);
        }
        let body = body.map(|body| body.to_string().into_bytes()).unwrap_or_default();
        let answer =
            self.ask(request.body(body).unwrap(), true, IpAddr::V4(Ipv4Addr::new(192, 0, 2, 7))).await;
        (answer.status, serde_json::from_slice(&answer.body).unwrap())
    }

    /// A tracking plan with these rules that judges the source; its id.
    pub(crate) async fn plan(&self, place: &Place, token: &str, rules: Value) -> String {
        let made = json!({"name": "Clinic", "type": "LIVE"});
        let (status, made) = self.public(token, Method::POST, "/tracking-plans", Some(made)).await;
        assert_eq!(status, 200, "{made}");
        let id = made["data"]["trackingPlan"]["id"].as_str().unwrap().to_owned();
        let path = format!("/tracking-plans/{id}/rules");
        let put = self.public(token, Method::PUT, &path, Some(json!({"rules": rules}))).await;
        assert_eq!(put.0, 200, "{}", put.1);
        let connect = json!({"sourceId": place.source.to_string()});
        let path = format!("/tracking-plans/{id}/sources");
        let connected = self.public(token, Method::POST, &path, Some(connect)).await;
        assert_eq!(connected.0, 200, "{}", connected.1);
        id
    }

    /// Sets what a source does with what is not planned.
    pub(crate) async fn control(&self, place: &Place, token: &str, settings: Value) -> (u16, Value) {
        let path = format!("/sources/{}/settings", place.source);
        self.public(token, Method::PATCH, &path, Some(settings)).await
    }

    /// Another source of the same workspace.
    pub(crate) async fn beside(&self, place: &Place) -> Place {
        let path = format!("/{}/Sources", place.workspace);
        let reply = self.post(&place.account, &path, json!({"name": "Quarantine"})).await;
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        Place {
            source: text(&reply.json["sid"]).parse().unwrap(),
            key: text(&reply.json["write_keys"][0]),
            ..place.clone()
        }
    }

    /// The events of a source, in order; null where one does not open any more.
    pub(crate) async fn events(&self, place: &Place) -> Vec<Value> {
        let scope = Scope::workspace(place.workspace);
        let scoped = self.store().scope(scope);
        let stream = place.source.to_string();
        let entry = Entry {
            actor: Actor::System,
            action: Action("test_reads_events"),
            sids: vec![stream.clone()],
            fields: &["event"],
            purpose: Purpose::ApiRequest,
            source: None,
        };
        let proof = ledger::disclose(self.store(), scope, &entry).await.unwrap();
        let mut events = Vec::new();
        for row in scoped.events(&stream, 0, 1_000).await.unwrap() {
            for event in &row.events {
                let opened = scoped.open_event::<Box<RawValue>>(&stream, event).await.unwrap();
                let opened = opened.map(|body| body.into_open(&proof));
                events.push(opened.map_or(Value::Null, |body| serde_json::from_str(body.get()).unwrap()));
            }
        }
        events
    }

    /// The value of one member of each event.
    pub(crate) async fn each(&self, place: &Place, member: &str) -> Vec<Value> {
        self.events(place).await.into_iter().map(|event| event[member].clone()).collect()
    }

    /// Whether bytes are anywhere in the data folder.
    pub(crate) fn keeps(&self, needle: &str) -> bool {
        test_kit::contains_bytes(self.app.data_dir(), needle.as_bytes())
    }
}
