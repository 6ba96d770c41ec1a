//! What the tests share: a platform that serves voice, and what stands around it.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use ::webhooks::{Alert, Webhooks, WebhooksConfig};
use auth::{Account, AccountFacts};
use base::{AccountSid, ApplicationSid, Timestamp, VirtualClock};
use jobs::Runner;
use kit::{Routes, Services};
use messaging::calls::CallHook;
use serde_json::{Value, json};
use sim::Simulator;
use store::{Name, Query, Scope, Scoped, Store};
use test_kit::{Reply, TestAccount, TestApp, TestDatabase, WebhookSink};
use tokio::sync::watch;
use voice::Switchboard;
use voice::hook::{Hook, Target};
use voice::line::AtHand;
use voice::neighbours::{Looking, Neighbours, OwnNumber};

/// The label of the API.
pub const API: &str = "api";

/// Answers what the server would, and attests what the test says.
#[derive(Default)]
pub struct Around {
    attested: AtomicBool,
}

impl Around {
    /// Everything is attested from now on, or nothing.
    pub fn attest(&self, attested: bool) {
        self.attested.store(attested, Ordering::Relaxed);
    }
}

fn hook(hook: CallHook) -> Hook {
    let target = |target: messaging::calls::Target| Target { url: target.url, method: target.method };
    Hook {
        voice: target(hook.voice),
        fallback: target(hook.fallback),
        status_callback: target(hook.status_callback),
    }
}

impl Neighbours for Around {
    fn number<'a>(
        &'a self,
        store: &'a Store,
        scope: Scope,
        number: &'a str,
    ) -> Looking<'a, Option<OwnNumber>> {
        Box::pin(async move {
            let found = messaging::calls::number(store, scope, number).await?;
            Ok(found.map(|(sid, found)| OwnNumber { sid, hook: hook(found) }))
        })
    }

    fn owner<'a>(&'a self, store: &'a Store, number: &'a str) -> Looking<'a, Option<AccountSid>> {
        Box::pin(messaging::calls::owner(store, number))
    }

    fn application<'a>(
        &'a self,
        store: &'a Store,
        scope: Scope,
        sid: ApplicationSid,
    ) -> Looking<'a, Option<Hook>> {
        Box::pin(async move { Ok(messaging::calls::application(store, scope, sid).await?.map(hook)) })
    }

    fn is_attested<'a>(
        &'a self,
        _: &'a Scoped,
        _: &'static str,
        _: &'a str,
        _: Timestamp,
    ) -> Looking<'a, bool> {
        Box::pin(async move { Ok(self.attested.load(Ordering::Relaxed)) })
    }
}

/// A number of the ordinary account.
pub const OWN: &str = "+14155550123";
/// A number of the HIPAA project.
pub const CLINIC: &str = "+14155550124";
/// A phone that is answered at once.
pub const PATIENT: &str = "+14155552671";
/// Another one.
pub const DOCTOR: &str = "+14155552672";

const STEP: Duration = Duration::from_millis(5);
/// Ten seconds.
const STEPS: usize = 2_000;

/// The platform, everything around it, and its workers.
pub struct Site {
    pub app: TestApp,
    pub around: Arc<Around>,
    pub simulator: Simulator,
    pub switchboard: Switchboard,
    pub sink: WebhookSink,
    stop: watch::Sender<bool>,
    runner: Option<Runner>,
}

/// What the products are made with, before the platform is there.
struct Parts {
    around: Arc<Around>,
    simulator: Simulator,
    switchboard: OnceLock<Switchboard>,
}

impl Parts {
    fn new() -> Self {
        let simulator = Simulator::new(Arc::new(VirtualClock::following_system()));
        Self { around: Arc::default(), simulator, switchboard: OnceLock::new() }
    }

    fn line(&self) -> AtHand {
        AtHand(Some(Arc::new(self.simulator.clone())))
    }

    fn products(&self, services: Arc<Services>) -> Vec<Routes> {
        let around = || Arc::clone(&self.around) as Arc<dyn Neighbours>;
        let shared = || Arc::clone(&services);
        let switchboard = self.switchboard.get_or_init(|| board(shared(), &self.around, self.line())).clone();
        vec![
            messaging::routes(shared())
                .merge(voice::routes(shared(), around(), self.line()))
                .merge(voice::sip::routes(shared(), around())),
            sim::phone_routes(shared(), self.simulator.clone(), switchboard),
        ]
    }
}

impl Site {
    /// A platform whose workers do not run yet. `owner` has [`OWN`], `hipaa` has [`CLINIC`].
    pub async fn start() -> Self {
        let parts = Parts::new();
        let app = TestApp::start(|services| parts.products(services)).await;
        Self::around(app, parts).await
    }

    /// The same on PostgreSQL.
    pub async fn start_on(database: &TestDatabase) -> Self {
        let parts = Parts::new();
        let app = TestApp::start_on(&database.url(), |services| parts.products(services)).await;
        Self::around(app, parts).await
    }

    async fn around(app: TestApp, parts: Parts) -> Self {
        messaging::add_to_inventory(&app.services, &[OWN, CLINIC]).await.expect("new numbers");
        messaging::claim_number(&app.services, app.owner.sid, OWN).await.expect("a free number");
        messaging::claim_number(&app.services, app.hipaa.sid, CLINIC).await.expect("a free number");
        let sink = WebhookSink::start().await;
        for account in [&app.owner, &app.hipaa] {
            let authority = sink.authority_pem().to_owned();
            edit_account(&app, account.sid, |facts| facts.settings.webhook_authorities = vec![authority])
                .await;
        }
        let Parts { around, simulator, switchboard } = parts;
        let switchboard = switchboard.into_inner().expect("the products were made");
        let stop = watch::Sender::new(false);
        Self { app, around, simulator, switchboard, sink, stop, runner: None }
    }

    /// A platform at work.
    pub async fn working() -> Self {
        let mut site = Self::start().await;
        site.run().await;
        site
    }

    /// Starts the workers.
    pub async fn run(&mut self) {
        self.run_with(self.switchboard.clone()).await;
    }

    /// Starts the workers of another process.
    pub async fn run_with(&mut self, switchboard: Switchboard) {
        self.switchboard = switchboard.clone();
        switchboard.sign().await.expect("a sign of life");
        let mut runner = Runner::new(self.app.services.store.clone(), self.stop.subscribe());
        for queue in switchboard.queues() {
            runner.start(queue);
        }
        runner.start(webhooks(&self.app.services).queue());
        self.runner = Some(runner);
    }

    /// Another process on the same database, with this line or none.
    pub fn another(&self, line: AtHand) -> Switchboard {
        board(Arc::clone(&self.app.services), &self.around, line)
    }

    /// The line of the simulator.
    pub fn line(&self) -> AtHand {
        AtHand(Some(Arc::new(self.simulator.clone())))
    }

    /// Stops the workers.
    pub async fn stop(&mut self) {
        self.stop.send_replace(true);
        if let Some(runner) = self.runner.take() {
            runner.stopped().await;
        }
        self.stop.send_replace(false);
    }

    /// `POST` of a form below an account.
    pub async fn post(&self, account: &TestAccount, path: &str, fields: &[(&str, &str)]) -> Reply {
        self.app.post_form(account, API, &below(account, path), fields).await
    }

    /// `GET` below an account.
    pub async fn get(&self, account: &TestAccount, path: &str) -> Reply {
        self.app.get(account, API, &below(account, path)).await
    }

    /// `DELETE` below an account.
    pub async fn delete(&self, account: &TestAccount, path: &str) -> Reply {
        self.app.delete(account, API, &below(account, path)).await
    }

    /// Makes something; its SID.
    pub async fn made(&self, account: &TestAccount, path: &str, fields: &[(&str, &str)]) -> String {
        let reply = self.post(account, path, fields).await;
        reply.assert_status(201).json["sid"].as_str().expect("a SID").to_owned()
    }

    /// The number an account was given.
    pub fn number_of(&self, account: &TestAccount) -> &'static str {
        if account.sid == self.app.hipaa.sid { CLINIC } else { OWN }
    }

    /// Places a call from the account's number; its SID.
    pub async fn call(&self, account: &TestAccount, to: &str, more: &[(&str, &str)]) -> String {
        let mut fields = vec![("To", to), ("From", self.number_of(account))];
        fields.extend(more);
        self.made(account, "Calls", &fields).await
    }

    /// Waits until a call has this state; returns it.
    pub async fn wait_call(&self, account: &TestAccount, call: &str, status: &str) -> Value {
        let path = format!("Calls/{call}");
        eventually(status, async || self.get(account, &path).await.json["status"] == status).await;
        self.get(account, &path).await.json
    }

    /// Configures the account's number.
    pub async fn configure(&self, account: &TestAccount, fields: &[(&str, &str)]) {
        let listed = self.get(account, "IncomingPhoneNumbers").await;
        let sid = listed.json["incoming_phone_numbers"][0]["sid"].as_str().expect("a number").to_owned();
        self.post(account, &format!("IncomingPhoneNumbers/{sid}"), fields).await.assert_status(200);
    }

    /// The calls of an account at a phone, oldest first.
    pub async fn calls_at(&self, account: &TestAccount, phone: &str) -> Vec<Value> {
        let path = format!("/switchward/v1/simulator/handsets/{phone}/calls");
        let listed = self.app.get(account, "switchward", &path).await;
        listed.assert_status(200).json["calls"].as_array().cloned().unwrap_or_default()
    }

    /// What was heard in the last call of an account at a phone.
    pub async fn heard(&self, account: &TestAccount, phone: &str) -> Vec<String> {
        let calls = self.calls_at(account, phone).await;
        let heard = calls.last().and_then(|call| call["heard"].as_array().cloned()).unwrap_or_default();
        heard.iter().map(|heard| heard.as_str().unwrap_or_default().to_owned()).collect()
    }

    /// `POST` of JSON about a phone.
    pub async fn at_phone(&self, account: &TestAccount, path: &str, json: Value) -> Reply {
        let path = format!("/switchward/v1/simulator/handsets/{path}");
        self.app
            .post_raw(account, "switchward", &path, json.to_string().into_bytes(), "application/json")
            .await
    }

    /// A call from a phone to the account's number; its SID.
    pub async fn dial_in(&self, account: &TestAccount, phone: &str) -> String {
        let to = json!({"to": self.number_of(account)});
        let reply = self.at_phone(account, &format!("{phone}/calls"), to).await;
        reply.assert_status(201).json["call_sid"].as_str().expect("a SID").to_owned()
    }

    /// The account's alerts, oldest first.
    pub async fn alerts(&self, account: &TestAccount) -> Vec<u32> {
        let query = Query { limit: 100, oldest_first: true, ..Query::default() };
        let found = self.app.services.store.scope(account.scope()).list::<Alert>(query).await;
        found.expect("readable").documents.iter().map(|alert| alert.facts.error_code).collect()
    }

    /// The parameters of the requests that came to this path, in order.
    pub fn told(&self, path: &str) -> Vec<Vec<(String, String)>> {
        let requests = self.sink.requests();
        let at = requests.into_iter().filter(|request| request.path.split('?').next() == Some(path));
        at.map(|request| request.form()).collect()
    }
}

fn webhooks(services: &Services) -> Webhooks {
    let config = WebhooksConfig {
        allowed_private: ["127.0.0.0/8", "::1/128"].map(|range| range.parse().expect("a range")).to_vec(),
        ..WebhooksConfig::default()
    };
    Webhooks::new(services.store.clone(), config).expect("no roots of the operator")
}

fn board(services: Arc<Services>, around: &Arc<Around>, line: AtHand) -> Switchboard {
    let webhooks = webhooks(&services);
    Switchboard::new(services, webhooks, Arc::clone(around) as _, line)
}

/// The value of a parameter.
pub fn value<'a>(parameters: &'a [(String, String)], name: &str) -> Option<&'a str> {
    parameters.iter().find(|(found, _)| found == name).map(|(_, value)| value.as_str())
}

/// Changes an account behind the API, as the crates that own it would.
pub async fn edit_account(app: &TestApp, sid: AccountSid, edit: impl FnOnce(&mut AccountFacts)) {
    let store = &app.services.store;
    let located = store.locate(&Name::account(sid)).await.expect("readable").expect("an account");
    let found = store.scope(located.scope).get::<Account>(sid).await;
    let mut account = found.expect("readable").expect("an account");
    edit(&mut account.facts);
    let mut batch = store.batch(located.scope);
    batch.update::<Account>(&account);
    store.commit(batch).await.expect("nobody else changes it");
}

/// Waits for background work, at most ten seconds.
#[track_caller]
pub fn eventually(what: &str, mut happened: impl AsyncFnMut() -> bool) -> impl Future<Output = ()> {
    let caller = std::panic::Location::caller();
    async move {
        for _ in 0..STEPS {
            if happened().await {
                return;
            }
            tokio::time::sleep(STEP).await;
        }
        panic!("{what}: it never happened ({caller})");
    }
}

/// A path below an account.
pub fn below(account: &TestAccount, path: &str) -> String {
    let (path, query) =
        path.split_once('?').map_or((path, String::new()), |(path, query)| (path, format!("?{query}")));
    format!("/2010-04-01/Accounts/{}/{path}.json{query}", account.sid)
}
