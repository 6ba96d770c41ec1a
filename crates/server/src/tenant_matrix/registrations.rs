//! Objects of registration: brands, vettings, campaigns and verifications, decided before they are handed out, so that
//! no review changes anything while a row is driven.

use std::sync::Arc;
use std::time::Duration;

use base::AccountSid;
use http::Method;
use jobs::Runner;
use kit::Services;
use registration::Registry;
use registration::registry::{Deciding, Submission};
use test_kit::Credentials;
use tokio::sync::watch;

use super::site::{Site, word};

/// How long a decision is waited for: steps, and how many.
const STEP: Duration = Duration::from_millis(5);
const STEPS: usize = 4_000;

/// What is said of a brand: its type and the end of its bundle's SID.
pub(super) type BrandLike = (&'static str, &'static str);
/// A brand that is registered.
pub(super) const APPROVED: BrandLike = ("STANDARD", "00000");
/// A brand that is turned down.
const FAILED: BrandLike = ("STANDARD", "30701");
/// A brand that waits for its code.
const WAITING: BrandLike = ("SOLE_PROPRIETOR", "00000");

/// The brand that a row can do something with.
pub(super) fn brand_for(operation: &str) -> BrandLike {
    match operation {
        "update_brand_registrations" => FAILED,
        "create_brand_registration_otp" => WAITING,
        _ => APPROVED,
    }
}

/// Who decides, without a pause: the clock stands.
struct AtOnce;

impl Registry for AtOnce {
    fn pace(&self) -> Duration {
        Duration::ZERO
    }

    fn decide<'a>(&'a self, submission: Submission<'a>) -> Deciding<'a> {
        registration::Simulated.decide(submission)
    }
}

/// The workers of reviews; they stop with it.
pub(super) struct Reviewers {
    _stop: watch::Sender<bool>,
    _runner: Runner,
}

impl Reviewers {
    pub(super) fn start(services: &Arc<Services>) -> Self {
        let stop = watch::Sender::new(false);
        let mut runner = Runner::new(services.store.clone(), stop.subscribe());
        runner.start(registration::queue(Arc::clone(services), Some(Arc::new(AtOnce))));
        Self { _stop: stop, _runner: runner }
    }
}

impl Site {
    /// Waits until a registration is in this state.
    async fn decided(&self, login: &Credentials, path: &str, key: &str, state: &str) {
        for _ in 0..STEPS {
            let found = self.send(login, "messaging", Method::GET, path, None).await;
            if word(&found.json, key) == state {
                return;
            }
            tokio::time::sleep(STEP).await;
        }
        panic!("{path} is never {state}");
    }

    pub(super) async fn brand(&self, login: &Credentials, (brand_type, end): BrandLike) -> String {
        let path = "/v1/a2p/BrandRegistrations";
        let profile = format!("BU{end:0>32}");
        let form = [
            ("CustomerProfileBundleSid", profile.as_str()),
            ("A2PProfileBundleSid", profile.as_str()),
            ("BrandType", brand_type),
        ];
        let sid = self.made(login, "messaging", path, &form).await;
        let state = match (brand_type, end) {
            WAITING => return sid,
            FAILED => "FAILED",
            _ => "APPROVED",
        };
        self.decided(login, &format!("{path}/{sid}"), "status", state).await;
        sid
    }

    pub(super) async fn vetting(&self, login: &Credentials, brand: &str) -> String {
        let path = format!("/v1/a2p/BrandRegistrations/{brand}/Vettings");
        let made = self.made_any(login, "messaging", &path, &[("VettingProvider", "aegis")]).await;
        let sid = word(&made.json, "brand_vetting_sid");
        self.decided(login, &format!("{path}/{sid}"), "vetting_status", "SUCCESS").await;
        sid
    }

    /// A campaign that was turned down, so that it can be edited.
    pub(super) async fn campaign(&self, login: &Credentials, service: &str) -> String {
        let brand = self.brand(login, APPROVED).await;
        let path = format!("/v1/Services/{service}/Compliance/Usa2p");
        let description = "Reminders of appointments that were made before, 30886";
        let form = [
            ("BrandRegistrationSid", brand.as_str()),
            ("Description", description),
            ("MessageFlow", "People give their number at the desk and tick that they want reminders."),
            ("MessageSamples", "Your appointment is tomorrow at nine."),
            ("MessageSamples", "Your appointment is on Monday at ten."),
            ("UsAppToPersonUsecase", "ACCOUNT_NOTIFICATION"),
            ("HasEmbeddedLinks", "false"),
            ("HasEmbeddedPhone", "false"),
        ];
        let sid = self.made(login, "messaging", &path, &form).await;
        self.decided(login, &format!("{path}/{sid}"), "campaign_status", "FAILED").await;
        sid
    }

    /// The SID of a toll-free number of the account.
    pub(super) async fn toll_free(&self, login: &Credentials, account: AccountSid) -> String {
        let count = self.next();
        let number = format!("+1800{}{:04}", 556 + count / 10_000, count % 10_000);
        messaging::add_to_inventory(&self.app.services, &[&number]).await.expect("a new number");
        messaging::claim_number(&self.app.services, account, &number).await.expect("a free number");
        self.number_sid(login, account, &number).await
    }

    /// A verification that was turned down, so that it can be edited and deleted.
    pub(super) async fn verification(&self, login: &Credentials, account: AccountSid) -> String {
        let number = self.toll_free(login, account).await;
        let path = "/v1/Tollfree/Verifications";
        let mut form = vec![("TollfreePhoneNumberSid", number.as_str()), ("AdditionalInformation", "30836")];
        form.extend(BUSINESS);
        let sid = self.made(login, "messaging", path, &form).await;
        self.decided(login, &format!("{path}/{sid}"), "status", "TWILIO_REJECTED").await;
        sid
    }
}

/// What a business has to say of itself.
const BUSINESS: &[(&str, &str)] = &[
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
