//! A running platform with the simulated registry. Messaging is a stand-in: it knows every service that does not end
//! in zeros, and two numbers.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use base::{MessagingServiceSid, PhoneNumberSid};
use jobs::Runner;
use kit::{Routes, Services};
use registration::senders::{Looking, Senders};
use registration::{Registry, Simulated};
use serde_json::Value;
use store::Scoped;
use test_kit::{Reply, TestAccount, TestApp, TestDatabase};
use tokio::sync::watch;

pub const MESSAGING: &str = "messaging";
pub const BRANDS: &str = "/v1/a2p/BrandRegistrations";
pub const VERIFICATIONS: &str = "/v1/Tollfree/Verifications";
/// A Messaging Service.
pub const SERVICE: &str = "MG0123456789abcdef0123456789abcdef";
/// Another one.
pub const OTHER_SERVICE: &str = "MG1123456789abcdef0123456789abcdef";
/// No service of anybody's.
pub const NO_SERVICE: &str = "MG00000000000000000000000000000000";
/// A toll-free number.
pub const TOLL_FREE: &str = "PN0123456789abcdef0123456789abcdef";
/// A number that is not.
pub const LOCAL: &str = "PN1123456789abcdef0123456789abcdef";

const STEP: Duration = Duration::from_millis(5);
const STEPS: usize = 2_000;

struct KnownSenders {
    /// Every service was deleted.
    are_gone: Arc<AtomicBool>,
}

impl Senders for KnownSenders {
    fn has_service<'a>(&'a self, _: &'a Scoped, sid: MessagingServiceSid) -> Looking<'a, bool> {
        let is_known = sid.to_string() != NO_SERVICE && !self.are_gone.load(Ordering::Relaxed);
        Box::pin(async move { Ok(is_known) })
    }

    fn number<'a>(&'a self, _: &'a Scoped, sid: PhoneNumberSid) -> Looking<'a, Option<String>> {
        let number = match sid.to_string().as_str() {
            TOLL_FREE => Some("+18005550100"),
            LOCAL => Some("+14155550100"),
            _ => None,
        };
        Box::pin(async move { Ok(number.map(str::to_owned)) })
    }
}

pub struct Site {
    pub app: TestApp,
    are_gone: Arc<AtomicBool>,
    stop: watch::Sender<bool>,
    runner: Option<Runner>,
}

/// What is served, with a messaging whose services are gone when this says so.
fn products(are_gone: &Arc<AtomicBool>) -> impl FnOnce(Arc<Services>) -> Vec<Routes> + use<> {
    let senders = Arc::new(KnownSenders { are_gone: Arc::clone(are_gone) });
    move |services| {
        vec![registration::routes(Arc::clone(&services), senders), registration::operator_routes(services)]
    }
}

impl Site {
    /// A platform whose reviewers do not work yet.
    pub async fn idle() -> Self {
        let are_gone = Arc::<AtomicBool>::default();
        let app = TestApp::start(products(&are_gone)).await;
        Self { app, are_gone, stop: watch::Sender::new(false), runner: None }
    }

    /// The same on PostgreSQL.
    pub async fn idle_on(database: &TestDatabase) -> Self {
        let are_gone = Arc::<AtomicBool>::default();
        let app = TestApp::start_on(&database.url(), products(&are_gone)).await;
        Self { app, are_gone, stop: watch::Sender::new(false), runner: None }
    }

    /// The operator's verdict on a registration of the owner.
    pub async fn rule(&self, sid: &str, verdict: Value) -> Reply {
        let path = format!("{}/{sid}/Verdict", self.registrations());
        let body = verdict.to_string().into_bytes();
        self.app.post_raw(&self.app.operator, "switchward", &path, body, "application/json").await
    }

    /// Where what waits for a verdict in the owner's account is.
    pub fn registrations(&self) -> String {
        format!("/switchward/v1/Accounts/{}/Registrations", self.app.owner.sid)
    }

    /// A platform at work.
    pub async fn start() -> Self {
        let mut site = Self::idle().await;
        site.run();
        site
    }

    pub fn run(&mut self) {
        self.run_with(Some(Arc::new(Simulated)));
    }

    /// Starts the reviewers with this registry, or with none.
    pub fn run_with(&mut self, registry: Option<Arc<dyn Registry>>) {
        let mut runner = Runner::new(self.app.services.store.clone(), self.stop.subscribe());
        runner.start(registration::queue(Arc::clone(&self.app.services), registry));
        self.runner = Some(runner);
    }

    pub async fn stop(&mut self) {
        self.stop.send_replace(true);
        if let Some(runner) = self.runner.take() {
            runner.stopped().await;
        }
        self.stop.send_replace(false);
    }

    /// Deletes every Messaging Service.
    pub fn delete_services(&self) {
        self.are_gone.store(true, Ordering::Relaxed);
    }

    pub async fn get(&self, path: &str) -> Value {
        self.app.get(&self.app.owner, MESSAGING, path).await.assert_status(200).json.clone()
    }

    pub async fn post(&self, path: &str, form: &[(&str, &str)]) -> Reply {
        self.app.post_form(&self.app.owner, MESSAGING, path, form).await
    }

    /// Waits until what is at `path` has this state, moving the clock on as a registry would take.
    pub async fn wait(&self, path: &str, state: &str) -> Value {
        for _ in 0..STEPS {
            let found = self.get(path).await;
            if ["status", "campaign_status", "vetting_status"].iter().any(|key| found[key] == state) {
                return found;
            }
            self.app.advance(Simulated.pace() / 10);
            tokio::time::sleep(STEP).await;
        }
        panic!("{path} is never {state}: {}", self.get(path).await);
    }

    /// A brand with a bundle whose SID ends like this; its path.
    pub async fn brand(&self, brand_type: &str, end: &str) -> String {
        let profile = format!("BU{end:0>32}");
        let form = [
            ("CustomerProfileBundleSid", profile.as_str()),
            ("A2PProfileBundleSid", profile.as_str()),
            ("BrandType", brand_type),
        ];
        let made = self.post(BRANDS, &form).await;
        format!("{BRANDS}/{}", sid(made.assert_status(201)))
    }

    /// A registered brand; its SID.
    pub async fn approved(&self) -> String {
        let path = self.brand("STANDARD", "1").await;
        self.wait(&path, "APPROVED").await;
        path.rsplit('/').next().expect("a SID").to_owned()
    }

    pub async fn campaign(&self, service: &str, brand: &str, more: &[(&str, &str)]) -> Reply {
        let mut form = vec![("BrandRegistrationSid", brand)];
        form.extend(CAMPAIGN.iter().filter(|(name, _)| !more.iter().any(|(other, _)| other == name)));
        form.extend(more);
        self.post(&campaigns(service), &form).await
    }

    pub async fn verification(&self, more: &[(&str, &str)]) -> Reply {
        let mut form = vec![("TollfreePhoneNumberSid", TOLL_FREE)];
        form.extend(BUSINESS.iter().filter(|(name, _)| !more.iter().any(|(other, _)| other == name)));
        form.retain(|(name, _)| {
            *name != "TollfreePhoneNumberSid" || !more.iter().any(|(other, _)| other == name)
        });
        form.extend(more);
        self.post(VERIFICATIONS, &form).await
    }

    /// The error codes of the owner's alerts about a resource.
    pub async fn alerts(&self, account: &TestAccount, resource: &str) -> Vec<u32> {
        let scoped = self.app.services.store.scope(account.scope());
        let query = store::Query { limit: 100, ..store::Query::default() };
        let alerts = scoped.list::<webhooks::Alert>(query).await.expect("readable").documents;
        let of = alerts.iter().filter(|alert| alert.facts.resource_sid.as_deref() == Some(resource));
        of.map(|alert| alert.facts.error_code).collect()
    }
}

pub fn campaigns(service: &str) -> String {
    format!("/v1/Services/{service}/Compliance/Usa2p")
}

pub fn sid(reply: &Reply) -> String {
    reply.json["sid"].as_str().expect("a SID").to_owned()
}

pub const DESCRIPTION: &str = "Reminders of appointments that were made before";

pub const CAMPAIGN: &[(&str, &str)] = &[
    ("Description", DESCRIPTION),
    ("MessageFlow", "People give their number at the desk and tick that they want reminders."),
    ("MessageSamples", "Your appointment is tomorrow at nine."),
    ("MessageSamples", "Your appointment is on Monday at ten."),
    ("UsAppToPersonUsecase", "ACCOUNT_NOTIFICATION"),
    ("HasEmbeddedLinks", "false"),
    ("HasEmbeddedPhone", "false"),
];

pub const BUSINESS: &[(&str, &str)] = &[
    ("BusinessName", "Clinic"),
    ("BusinessWebsite", "https://clinic.example"),
    ("NotificationEmail", "desk@clinic.example"),
    ("UseCaseCategories", "ACCOUNT_NOTIFICATIONS"),
    ("UseCaseSummary", "Reminders"),
    ("ProductionMessageSample", "Your appointment is tomorrow."),
    ("OptInImageUrls", "https://clinic.example/desk.png"),
    ("OptInType", "PAPER_FORM"),
    ("MessageVolume", "1,000"),
];
