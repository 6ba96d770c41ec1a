//! The platform under test: real routes, a real database, a clock that stands, and requests in process.

use std::collections::HashMap;
use std::fmt;
use std::net::{IpAddr, Ipv4Addr};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use auth::{KeyType, Permission, RegisterFacts, Registered, Secret, SidText, StoredRegister};
use axum::Router;
use axum::body::Body;
use base::{OrganizationSid, PartySid, Sid, Timestamp, VirtualClock};
use blobs::Blobs;
use http::header::{AUTHORIZATION, CONTENT_TYPE};
use http::{Method, Request};
use http_body_util::BodyExt;
use kit::{Gate, GateConfig, Origin, ReceivedPath, RouteRow, Routes, Services};
use ledger::RecordedEntry;
use phi::{LocalKey, SystemRandom};
use rulebook::Date;
use statements::{Agreement, Party};
use store::{Database, NewDocument, Options, Scope, Store};
use tempfile::TempDir;
use tower::ServiceExt;

use crate::world::{World, new_key};
use crate::{Credentials, Keys, Reply, TestAccount};

/// Where the clock stands when a test begins.
const START: &str = "2026-01-15T12:00:00Z";

/// The operator's token.
const OPERATOR_TOKEN: &str = "0123456789abcdef0123456789abcdef";

/// Entries read at once from the ledger.
const LEDGER_PAGE: usize = 1_000;

/// A platform of its own for one test.
pub struct TestApp {
    /// What the products were given.
    pub services: Arc<Services>,
    /// Owns `owner`, `hipaa` and the agreement; holds the package that HIPAA projects need.
    pub organization: OrganizationSid,
    /// A main account that is no HIPAA project.
    pub owner: TestAccount,
    /// A main account that is a HIPAA project and may hold PHI.
    pub hipaa: TestAccount,
    /// A subaccount of `owner`.
    pub subaccount: TestAccount,
    /// A main account of somebody else, without organization or agreement.
    pub other: TestAccount,
    /// API keys of `owner`.
    pub keys: Keys,
    /// The operator.
    pub operator: Credentials,
    clock: Arc<VirtualClock>,
    routers: HashMap<&'static str, Router>,
    table: Vec<RouteRow>,
    dir: TempDir,
}

impl fmt::Debug for TestApp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TestApp with {} routes", self.table.len())
    }
}

impl TestApp {
    /// Starts a platform that serves these products.
    ///
    /// # Panics
    /// When it cannot be set up.
    pub async fn start(products: impl FnOnce(Arc<Services>) -> Vec<Routes>) -> Self {
        Self::start_limited(GateConfig::default(), products).await
    }

    /// Starts a platform that serves these products within these limits.
    ///
    /// # Panics
    /// When it cannot be set up.
    pub async fn start_limited(
        limits: GateConfig,
        products: impl FnOnce(Arc<Services>) -> Vec<Routes>,
    ) -> Self {
        let dir = tempfile::tempdir().expect("a temporary folder");
        let database = Database::Sqlite(dir.path().join("switchward.db"));
        Self::start_in(dir, database, limits, products).await
    }

    /// Starts a platform that serves these products on an empty database of this URL.
    ///
    /// # Panics
    /// When it cannot be set up.
    pub async fn start_on(url: &str, products: impl FnOnce(Arc<Services>) -> Vec<Routes>) -> Self {
        let dir = tempfile::tempdir().expect("a temporary folder");
        Self::start_in(dir, Database::Postgres(url.to_owned()), GateConfig::default(), products).await
    }

    async fn start_in(
        dir: TempDir,
        database: Database,
        limits: GateConfig,
        products: impl FnOnce(Arc<Services>) -> Vec<Routes>,
    ) -> Self {
        let clock = Arc::new(VirtualClock::standing_at(Timestamp::parse_iso8601(START).expect("a constant")));
        let store = Store::open(Options {
            database,
            wrapper: Arc::new(LocalKey::generate()),
            clock: clock.clone(),
            random: Arc::new(SystemRandom),
        })
        .await
        .expect("a new database opens");
        let world = World::provision(&store).await;
        let operator = Secret::new(OPERATOR_TOKEN.to_owned());
        let services = Arc::new(Services {
            store,
            operator: Some(operator.clone()),
            gate: Arc::new(Gate::new(limits)),
            blobs: Blobs::in_folder(&dir.path().join("blobs")).expect("a folder for blobs"),
            api_base: "https://api.twilio.com".to_owned(),
        });
        let (mut routers, mut table) = (HashMap::new(), Vec::new());
        for routes in products(Arc::clone(&services)) {
            let label = routes.product().label;
            table.extend_from_slice(routes.table());
            assert!(routers.insert(label, routes.into_router()).is_none(), "two products are {label}");
        }
        Self {
            services,
            organization: world.organization,
            owner: world.owner,
            hipaa: world.hipaa,
            subaccount: world.subaccount,
            other: world.other,
            keys: world.keys,
            operator: Credentials::new("operator", operator),
            clock,
            routers,
            table,
            dir,
        }
    }

    /// The rows of every product, in the order they were registered.
    pub fn table(&self) -> &[RouteRow] {
        &self.table
    }

    /// `GET`.
    pub async fn get(&self, who: impl AsRef<Credentials>, product: &str, path: &str) -> Reply {
        self.request(who, product, Method::GET, path, None, Vec::new()).await
    }

    /// `DELETE`.
    pub async fn delete(&self, who: impl AsRef<Credentials>, product: &str, path: &str) -> Reply {
        self.request(who, product, Method::DELETE, path, None, Vec::new()).await
    }

    /// `POST` of a form, encoded as the SDKs encode it.
    pub async fn post_form(
        &self,
        who: impl AsRef<Credentials>,
        product: &str,
        path: &str,
        fields: &[(&str, &str)],
    ) -> Reply {
        let form = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        self.post_raw(who, product, path, form.into_bytes(), "application/x-www-form-urlencoded").await
    }

    /// `POST` of any bytes.
    pub async fn post_raw(
        &self,
        who: impl AsRef<Credentials>,
        product: &str,
        path: &str,
        body: Vec<u8>,
        content_type: &str,
    ) -> Reply {
        self.request(who, product, Method::POST, path, Some(content_type), body).await
    }

    async fn request(
        &self,
        who: impl AsRef<Credentials>,
        product: &str,
        method: Method,
        path: &str,
        content_type: Option<&str>,
        body: Vec<u8>,
    ) -> Reply {
        let received = ReceivedPath(path.split('?').next().unwrap_or_default().to_owned());
        let mut request = Request::builder().method(method).uri(without_suffix(path)).extension(received);
        if let Some(header) = who.as_ref().header() {
            request = request.header(AUTHORIZATION, header);
        }
        if let Some(content_type) = content_type {
            request = request.header(CONTENT_TYPE, content_type);
        }
        self.send(product, request.body(Body::from(body)).expect("the path is a URI")).await
    }

    /// Sends any request. Without an [`Origin`] of its own it comes over TLS from this machine.
    ///
    /// # Panics
    /// When no product has this label.
    pub async fn send(&self, product: &str, mut request: Request<Body>) -> Reply {
        if request.extensions().get::<Origin>().is_none() {
            request.extensions_mut().insert(Origin {
                base_url: format!("https://{product}.twilio.com"),
                peer: IpAddr::V4(Ipv4Addr::LOCALHOST),
                secure: true,
            });
        }
        let router = self.routers.get(product).expect("a product that was started").clone();
        let response = router.oneshot(request).await.expect("a router cannot fail");
        let (parts, body) = response.into_parts();
        let bytes = body.collect().await.expect("an answer in memory").to_bytes();
        Reply::new(parts.status.as_u16(), parts.headers, &bytes)
    }

    /// Gives an account a register with one party: these hosts, under an agreement about `service` that ends with
    /// the day `expires`.
    ///
    /// # Panics
    /// When it has one already.
    pub async fn register(&self, account: &TestAccount, hosts: &[&str], service: &str, expires: &str) {
        let agreement = Agreement {
            signed: Date::parse("2020-01-01").expect("a day"),
            expires: Some(Date::parse(expires).expect("a day")),
        };
        let party = Party {
            name: "Example Cloud".to_owned(),
            hosts: hosts.iter().map(|host| (*host).to_owned()).collect(),
            agreement: Some(agreement),
            services: vec![service.to_owned()],
            contact: "legal@cloud.example".to_owned(),
            ..Party::default()
        };
        let sid = SidText(PartySid::generate(&SystemRandom));
        let party = party.checked().expect("a party as it should be");
        let mut batch = self.services.store.batch(account.scope());
        batch.insert::<StoredRegister>(NewDocument::of(
            account.sid,
            self.now(),
            RegisterFacts { parties: vec![Registered { sid, party }] },
        ));
        self.services.store.commit(batch).await.expect("a first register");
    }

    /// Moves the clock forward.
    pub fn advance(&self, by: Duration) {
        self.clock.advance(by);
    }

    /// Moves the clock back.
    pub fn set_back(&self, by: Duration) {
        self.clock.set_back(by);
    }

    /// Where the clock stands.
    pub fn now(&self) -> Timestamp {
        self.services.now()
    }

    /// Every ledger entry of a scope, oldest first.
    ///
    /// # Panics
    /// When the ledger cannot be read.
    pub async fn ledger_actions(&self, scope: Scope) -> Vec<RecordedEntry> {
        let (mut entries, mut after) = (Vec::new(), 0);
        loop {
            let scoped = self.services.store.scope(scope);
            let rows = scoped.journal(after, LEDGER_PAGE).await.expect("the ledger can be read");
            let Some(last) = rows.last() else { return entries };
            after = last.sequence;
            entries.extend(rows.iter().map(|row| {
                serde_json::from_slice::<RecordedEntry>(&row.entry).expect("an entry of the ledger")
            }));
        }
    }

    /// The folder that holds everything the platform has written.
    pub fn data_dir(&self) -> &Path {
        self.dir.path()
    }

    /// A new restricted key of `account` with exactly these permissions.
    pub async fn restricted_key(&self, account: &TestAccount, permissions: &[Permission]) -> Credentials {
        new_key(&self.services.store, account.sid, KeyType::Restricted, permissions).await
    }
}

/// The path without the 2010 API's `.json`, which the server strips around the router.
fn without_suffix(path: &str) -> String {
    let (path, query) = match path.split_once('?') {
        Some((path, query)) => (path, format!("?{query}")),
        None => (path, String::new()),
    };
    let slash = if path.starts_with('/') { "" } else { "/" };
    let path = match path.strip_suffix(".json") {
        Some(stripped) if path.trim_start_matches('/').starts_with("2010-04-01/") => stripped,
        _ => path,
    };
    format!("{slash}{path}{query}")
}
