//! A running platform with a scripted carrier, the queues' workers and the customer's HTTPS server.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use auth::{Account, AccountFacts};
use base::{AccountSid, MessageSid, MessagingServiceSid, PhoneNumberSid, Timestamp};
use jobs::Runner;
use kit::{Routes, Services};
use messaging::carrier::{
    Arrival, ArrivedMedia, Attachment, Carrier, CarrierError, InForce, Pace, Receipt, Reference, Submission,
    Submitting,
};
use messaging::registered::{Looking, Registrations};
use messaging::{Inbox, add_to_inventory, claim_number};
use serde_json::Value;
use store::{Document, Name, Query, Scoped};
use test_kit::{Reply, SinkRequest, TestAccount, TestApp, TestDatabase, WebhookSink};
use tokio::sync::{Notify, watch};
use webhooks::{Alert, Webhooks, WebhooksConfig};

/// The label under which messaging is served.
pub const API: &str = "api";
/// The label under which Messaging Services are served.
pub const MESSAGING: &str = "messaging";
/// The number of the ordinary account.
pub const OWN: &str = "+14155550100";
/// The number of the HIPAA project.
pub const CLINIC: &str = "+14155550110";
/// A number in the inventory that is nobody's.
pub const FREE: &str = "+14155550120";
/// The number at the other end.
pub const PATIENT: &str = "+14155550177";
/// The same number, redacted.
pub const MASKED: &str = "+1415555XXXX";

/// How often and how long background workers are waited for.
const STEP: Duration = Duration::from_millis(10);
const STEPS: usize = 1_000;

/// What the carrier does with the next message.
#[derive(Clone, Copy)]
pub enum Step {
    /// Takes it.
    Take,
    /// Never takes it.
    Reject(u32),
    /// Cannot now.
    Busy,
    /// Takes it, and the process dies before it can say so.
    Die,
    /// Takes it, and says so when [`FakeCarrier::release`] is called.
    Hold,
}

/// A message as the carrier got it.
#[derive(Clone)]
pub struct Taken {
    pub reference: Reference,
    pub from: String,
    pub to: String,
    pub body: String,
    pub segments: u32,
    pub valid_until: Timestamp,
    /// Whether the carrier answered that it has it.
    pub is_kept: bool,
    pub media: Vec<(String, Vec<u8>)>,
    pub is_mms: bool,
}

/// A carrier that does what it is told and remembers what it was handed.
#[derive(Default)]
pub struct FakeCarrier {
    script: Mutex<VecDeque<Step>>,
    taken: Mutex<Vec<Taken>>,
    released: Notify,
    /// It takes nothing at all.
    is_down: AtomicBool,
    /// It has no connection, and says so before it is handed anything.
    has_no_bind: AtomicBool,
    /// It takes no MMS.
    pub texts_only: AtomicBool,
}

impl FakeCarrier {
    /// What to do with the next messages; afterwards every message is taken.
    pub fn script(&self, steps: &[Step]) {
        self.script.lock().unwrap_or_else(PoisonError::into_inner).extend(steps);
    }

    /// Everything handed over, refused or not.
    pub fn taken(&self) -> Vec<Taken> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The messages it answered for, by SID, as often as it did.
    pub fn kept(&self) -> Vec<MessageSid> {
        self.taken().iter().filter(|taken| taken.is_kept).map(|taken| taken.reference.message).collect()
    }

    /// Whether it takes nothing from now on.
    pub fn set_down(&self, is_down: bool) {
        self.is_down.store(is_down, Ordering::SeqCst);
    }

    /// Whether it has no connection from now on.
    pub fn set_unbound(&self, has_no_bind: bool) {
        self.has_no_bind.store(has_no_bind, Ordering::SeqCst);
    }

    /// Lets a held submission return.
    pub fn release(&self) {
        self.released.notify_one();
    }

    fn next(&self) -> Step {
        if self.is_down.load(Ordering::SeqCst) {
            return Step::Busy;
        }
        self.script.lock().unwrap_or_else(PoisonError::into_inner).pop_front().unwrap_or(Step::Take)
    }
}

impl Carrier for FakeCarrier {
    fn submit(&self, submission: Submission) -> Submitting<'_> {
        let Submission { reference, from, to, body, segments, media, is_mms, valid_until, .. } = submission;
        let step = self.next();
        let is_kept = matches!(step, Step::Take | Step::Hold);
        Box::pin(async move {
            let mut brought = Vec::new();
            for Attachment { content_type, reader, .. } in media {
                brought.push((content_type, reader.whole().await.expect("the medium opens")));
            }
            let media = brought;
            let taken = Taken { reference, from, to, body, segments, valid_until, is_kept, media, is_mms };
            self.taken.lock().unwrap_or_else(PoisonError::into_inner).push(taken);
            match step {
                Step::Take => Ok(()),
                Step::Reject(code) => Err(CarrierError::Rejected(code)),
                Step::Busy => Err(CarrierError::Unavailable),
                Step::Die => panic!("the process dies here"),
                Step::Hold => {
                    self.released.notified().await;
                    Ok(())
                }
            }
        })
    }

    fn is_covered(&self, _: &InForce) -> bool {
        true
    }

    fn takes_mms(&self, _: &str) -> bool {
        !self.texts_only.load(Ordering::Relaxed)
    }

    fn pace(&self, _: &str, _: u32, _: bool) -> Pace {
        match self.has_no_bind.load(Ordering::SeqCst) {
            true => Pace::Later(Duration::from_secs(5)),
            false => Pace::After(Duration::ZERO),
        }
    }
}

/// Registration, as messaging sees it: whatever was added is registered.
#[derive(Default)]
pub struct FakeRegistrations(Mutex<Vec<String>>);

impl FakeRegistrations {
    /// Registers a service or a number, by its SID.
    pub fn add(&self, sid: &str) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(sid.to_owned());
    }

    fn has(&self, sid: &str) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).iter().any(|known| known == sid)
    }
}

impl Registrations for FakeRegistrations {
    fn has_campaign<'a>(&'a self, _: &'a Scoped, service: MessagingServiceSid) -> Looking<'a> {
        Box::pin(async move { Ok(self.has(&service.to_string())) })
    }

    fn is_verified<'a>(&'a self, _: &'a Scoped, number: PhoneNumberSid) -> Looking<'a> {
        Box::pin(async move { Ok(self.has(&number.to_string())) })
    }
}

/// The platform, everything around it, and its workers.
pub struct Site {
    pub app: TestApp,
    pub sink: WebhookSink,
    pub carrier: Arc<FakeCarrier>,
    pub inbox: Inbox,
    pub registrations: Arc<FakeRegistrations>,
    webhooks: Webhooks,
    stop: watch::Sender<bool>,
    runner: Option<Runner>,
}

fn products(services: Arc<Services>) -> Vec<Routes> {
    let shared = || Arc::clone(&services);
    vec![
        messaging::routes(shared()),
        messaging::service_routes(shared()),
        messaging::opt_out_routes(shared())
            .merge(messaging::number_routes(shared()))
            .merge(messaging::media_link_routes(shared())),
    ]
}

impl Site {
    /// A platform whose workers do not run yet. `owner` has [`OWN`], `hipaa` has [`CLINIC`].
    pub async fn idle() -> Self {
        Self::around(TestApp::start(products).await).await
    }

    /// The same on PostgreSQL.
    pub async fn idle_on(database: &TestDatabase) -> Self {
        Self::around(TestApp::start_on(&database.url(), products).await).await
    }

    async fn around(app: TestApp) -> Self {
        add_to_inventory(&app.services, &[OWN, CLINIC, FREE]).await.expect("new numbers");
        claim_number(&app.services, app.owner.sid, OWN).await.expect("a free number");
        claim_number(&app.services, app.hipaa.sid, CLINIC).await.expect("a free number");
        let sink = WebhookSink::start().await;
        for account in [&app.owner, &app.hipaa] {
            let authority = sink.authority_pem().to_owned();
            edit_account(&app, account.sid, |facts| facts.settings.webhook_authorities = vec![authority])
                .await;
        }
        let config = WebhooksConfig {
            allowed_private: ["127.0.0.0/8", "::1/128"].map(|range| range.parse().expect("a range")).to_vec(),
            ..WebhooksConfig::default()
        };
        let webhooks = Webhooks::new(app.services.store.clone(), config).expect("no roots of the operator");
        let inbox = Inbox::new(Arc::clone(&app.services));
        let stop = watch::Sender::new(false);
        Self {
            app,
            sink,
            carrier: Arc::default(),
            inbox,
            registrations: Arc::default(),
            webhooks,
            stop,
            runner: None,
        }
    }

    /// A platform at work.
    pub async fn start() -> Self {
        let mut site = Self::idle().await;
        site.run();
        site
    }

    /// Starts the workers.
    pub fn run(&mut self) {
        self.run_with(Some(Arc::clone(&self.carrier) as _));
    }

    /// Starts the workers with this carrier, or with none.
    pub fn run_with(&mut self, carrier: Option<Arc<dyn Carrier>>) {
        let mut runner = Runner::new(self.app.services.store.clone(), self.stop.subscribe());
        let services = Arc::clone(&self.app.services);
        let registrations = Arc::clone(&self.registrations) as Arc<dyn Registrations>;
        for queue in messaging::queues_with(services, carrier, self.webhooks.clone(), registrations) {
            runner.start(queue);
        }
        runner.start(self.webhooks.queue());
        self.runner = Some(runner);
    }

    /// Stops the workers once what they have in hand is done.
    pub async fn stop(&mut self) {
        self.stop.send_replace(true);
        if let Some(runner) = self.runner.take() {
            runner.stopped().await;
        }
        self.stop.send_replace(false);
    }

    /// Waits until no queue has a job that is due, or leased, now.
    pub async fn settle(&self) {
        let (store, now) = (&self.app.services.store, self.app.now());
        eventually("the queues are empty", async || {
            for queue in ["messages.send", "messages.fetch", "messages.answer", "messages.redact", "webhooks"]
            {
                let waits = store.jobs().next_due(queue).await.expect("readable").is_some_and(|due| {
                    // A leased job is due when its lease ends; one for later is not work of now.
                    due.since(now) <= jobs::limits::LEASE
                });
                if waits {
                    return false;
                }
            }
            true
        })
        .await;
    }

    /// `POST Messages` of an account.
    pub async fn post(&self, account: &TestAccount, fields: &[(&str, &str)]) -> Reply {
        let path = format!("/2010-04-01/Accounts/{}/Messages.json", account.sid);
        self.app.post_form(account, API, &path, fields).await
    }

    /// A Messaging Service of an account, with more fields; returns its SID.
    pub async fn service(&self, account: &TestAccount, more: &[(&str, &str)]) -> String {
        let mut fields = vec![("FriendlyName", "Reminders")];
        fields.extend(more);
        let reply = self.app.post_form(account, MESSAGING, "/v1/Services", &fields).await;
        reply.assert_status(201).json["sid"].as_str().expect("a SID").to_owned()
    }

    /// Puts a number of the account into a service; a number that nobody has is taken first.
    pub async fn join(&self, account: &TestAccount, service: &str, number: &str) -> Reply {
        if ![OWN, CLINIC].contains(&number) {
            add_to_inventory(&self.app.services, &[number]).await.expect("a number");
            claim_number(&self.app.services, account.sid, number).await.expect("a free number");
        }
        let path = format!("/v1/Services/{service}/PhoneNumbers");
        let sid = self.number_sid(account, number).await;
        self.app.post_form(account, MESSAGING, &path, &[("PhoneNumberSid", &sid)]).await
    }

    /// The SID of an account's number.
    pub async fn number_sid(&self, account: &TestAccount, number: &str) -> String {
        let query = number.replace('+', "%2B");
        let path =
            format!("/2010-04-01/Accounts/{}/IncomingPhoneNumbers.json?PhoneNumber={query}", account.sid);
        let listed = self.app.get(account, API, &path).await;
        listed.json["incoming_phone_numbers"][0]["sid"].as_str().expect("a number").to_owned()
    }

    /// A service with these senders, and more fields.
    pub async fn service_with(
        &self,
        account: &TestAccount,
        senders: &[&str],
        more: &[(&str, &str)],
    ) -> String {
        let service = self.service(account, more).await;
        for sender in senders {
            self.join(account, &service, sender).await.assert_status(201);
        }
        service
    }

    /// Sends with a service to a number, with more fields.
    pub async fn send_with(
        &self,
        account: &TestAccount,
        service: &str,
        to: &str,
        more: &[(&str, &str)],
    ) -> Reply {
        let mut fields = vec![("To", to), ("MessagingServiceSid", service), ("Body", "Hello")];
        fields.extend(more);
        self.post(account, &fields).await
    }

    /// Sends from the account's own number to the patient, with more fields.
    pub async fn send(&self, account: &TestAccount, body: &str, more: &[(&str, &str)]) -> Reply {
        let mut fields = vec![("To", PATIENT), ("From", self.number_of(account)), ("Body", body)];
        fields.extend(more);
        self.post(account, &fields).await
    }

    /// As [`Site::send`], of a message that is accepted; returns its SID.
    pub async fn accepted(&self, account: &TestAccount, body: &str, more: &[(&str, &str)]) -> MessageSid {
        let reply = self.send(account, body, more).await;
        sid(reply.assert_status(201))
    }

    /// Schedules a message for 13:00 from the account's number, which is in a service from then on.
    pub async fn scheduled(&self, account: &TestAccount, body: &str, more: &[(&str, &str)]) -> MessageSid {
        let service = self.service_with(account, &[self.number_of(account)], &[]).await;
        let mut fields = vec![
            ("MessagingServiceSid", service.as_str()),
            ("ScheduleType", "fixed"),
            ("SendAt", "2026-01-15T13:00:00Z"),
        ];
        fields.extend(more);
        self.accepted(account, body, &fields).await
    }

    /// Lets the ordinary account send to more countries.
    pub async fn open_countries(&self, countries: &[&str]) {
        edit_account(&self.app, self.app.owner.sid, |facts| {
            facts.settings.countries =
                countries.iter().map(|country| ((*country).to_owned(), true)).collect();
        })
        .await;
    }

    /// The number an account was given.
    pub fn number_of(&self, account: &TestAccount) -> &'static str {
        if account.sid == self.app.hipaa.sid { CLINIC } else { OWN }
    }

    /// `GET` of one message.
    pub async fn fetch(&self, account: &TestAccount, message: MessageSid) -> Value {
        let reply = self.app.get(account, API, &message_path(account, message)).await;
        reply.assert_status(200).json.clone()
    }

    /// Waits until a message has this state; returns it.
    pub async fn wait_status(&self, account: &TestAccount, message: MessageSid, status: &str) -> Value {
        eventually(status, async || self.fetch(account, message).await["status"] == status).await;
        self.fetch(account, message).await
    }

    /// Tells that a message has reached the handset, or not.
    pub async fn receipt(&self, account: &TestAccount, message: MessageSid, receipt: Receipt) {
        let reference = Reference { account: account.sid, message };
        self.inbox.receipt(reference, receipt).await.expect("the receipt is kept");
    }

    /// A text from the patient to an account's number.
    pub async fn arrive(&self, account: &TestAccount, body: &str) -> MessageSid {
        self.arrive_from(PATIENT, account, body).await
    }

    /// A text from any number to an account's number.
    pub async fn arrive_from(&self, from: &str, account: &TestAccount, body: &str) -> MessageSid {
        let to = self.number_of(account).to_owned();
        let arrival = Arrival { from: from.to_owned(), to, body: body.to_owned(), media: Vec::new() };
        self.inbox.arrival(arrival).await.expect("the message is kept")
    }

    /// A message with media from the patient to an account's number.
    pub async fn arrive_with(&self, account: &TestAccount, body: &str, media: &[&[u8]]) -> MessageSid {
        let to = self.number_of(account).to_owned();
        let media = media.iter().map(|bytes| ArrivedMedia { bytes: bytes.to_vec() }).collect();
        let arrival = Arrival { from: PATIENT.to_owned(), to, body: body.to_owned(), media };
        self.inbox.arrival(arrival).await.expect("the message is kept")
    }

    /// Configures the account's number.
    pub async fn configure(&self, account: &TestAccount, fields: &[(&str, &str)]) -> Reply {
        let list = format!("/2010-04-01/Accounts/{}/IncomingPhoneNumbers.json", account.sid);
        let numbers = self.app.get(account, API, &list).await;
        let number = numbers.json["incoming_phone_numbers"][0]["sid"].as_str().expect("a number").to_owned();
        let path = format!("/2010-04-01/Accounts/{}/IncomingPhoneNumbers/{number}.json", account.sid);
        self.app.post_form(account, API, &path, fields).await
    }

    /// The account's alerts, oldest first.
    pub async fn alerts(&self, account: &TestAccount) -> Vec<Document<Alert>> {
        let query = Query { limit: 100, oldest_first: true, ..Query::default() };
        self.app.services.store.scope(account.scope()).list::<Alert>(query).await.expect("readable").documents
    }

    /// Waits for the first alert and holds that it is the only one; returns its code.
    pub async fn only_alert(&self, account: &TestAccount) -> u32 {
        eventually("an alert", async || !self.alerts(account).await.is_empty()).await;
        self.settle().await;
        let alerts = self.alerts(account).await;
        assert_eq!(alerts.len(), 1);
        alerts[0].facts.error_code
    }

    /// Waits for requests at the sink, but not for ever.
    pub async fn requests(&self, count: usize) -> Vec<SinkRequest> {
        eventually("requests at the sink", async || self.sink.requests().len() >= count).await;
        self.sink.requests()
    }

    /// Waits until every queued webhook is delivered and its job ended, so that no lease is out when the clock moves:
    /// a lease that ends is delivered again, which is right but not what a test counts.
    pub async fn webhooks_done(&self) {
        let jobs = self.app.services.store.jobs();
        eventually("webhooks are delivered", async || {
            jobs.depth(webhooks::QUEUE).await.expect("readable") == 0
        })
        .await;
    }

    /// Waits until the carrier was handed this many messages.
    pub async fn handed(&self, count: usize) -> Vec<Taken> {
        eventually("messages at the carrier", async || self.carrier.taken().len() >= count).await;
        self.carrier.taken()
    }
}

/// The path of one message.
pub fn message_path(account: &TestAccount, message: MessageSid) -> String {
    format!("/2010-04-01/Accounts/{}/Messages/{message}.json", account.sid)
}

/// The SID of a message that was answered.
#[track_caller]
pub fn sid(reply: &Reply) -> MessageSid {
    reply.json["sid"].as_str().expect("a SID").parse().expect("a message's SID")
}

/// Changes an account behind the API, as the crates that own it would.
pub async fn edit_account(app: &TestApp, sid: AccountSid, edit: impl FnOnce(&mut AccountFacts)) {
    let store = &app.services.store;
    let located = store.locate(&Name::account(sid)).await.expect("readable").expect("an account");
    let mut account =
        store.scope(located.scope).get::<Account>(sid).await.expect("readable").expect("an account");
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
