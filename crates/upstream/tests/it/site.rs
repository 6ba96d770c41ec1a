//! Two platforms: `near`, whose carrier is upstream, and `far`, the upstream, whose handsets take everything.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use auth::{Account, AccountFacts};
use base::{AccountSid, MessageSid};
use jobs::Runner;
use messaging::carrier::{
    AtHand, Carrier, CarrierError, InForce, Receipt, Reference, Submission, Submitting,
};
use messaging::{Inbox, add_to_inventory, claim_number};
use serde_json::Value;
use store::Name;
use test_kit::{Reply, TestAccount, TestApp};
use tokio::sync::watch;
use upstream::{UpstreamCarrier, UpstreamConfig};
use webhooks::{Webhooks, WebhooksConfig};

use crate::door::Door;

/// Our number.
pub(crate) const OWN: &str = "+14155550100";
/// The number of the HIPAA project.
pub(crate) const CLINIC: &str = "+14155550110";
/// What our number is there.
pub(crate) const THERE: &str = "+14155550900";
/// What the HIPAA project's is.
const CLINIC_THERE: &str = "+14155550910";
/// The handset.
pub(crate) const PATIENT: &str = "+14155550177";
/// A text that must not be seen where it does not belong.
pub(crate) const CANARY: &str = "Levothyroxine for Mrs. Canary";

/// How long background work is waited for.
const STEP: Duration = Duration::from_millis(10);
const STEPS: usize = 2_000;

/// A message at a handset.
struct Handed {
    reference: Reference,
    body: String,
    is_mms: bool,
    media: Vec<Vec<u8>>,
}

/// Handsets that take everything.
#[derive(Default)]
struct Handsets(Mutex<Vec<Handed>>);

impl Handsets {
    fn taken(&self) -> MutexGuard<'_, Vec<Handed>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn take(&self, submission: Submission) -> Result<(), CarrierError> {
        let Submission { reference, body, is_mms, .. } = submission;
        let mut media = Vec::new();
        for medium in submission.media {
            media.push(medium.reader.whole().await.unwrap().to_vec());
        }
        self.taken().push(Handed { reference, body, is_mms, media });
        Ok(())
    }
}

impl Carrier for Handsets {
    fn submit(&self, submission: Submission) -> Submitting<'_> {
        Box::pin(self.take(submission))
    }

    fn is_covered(&self, _: &InForce) -> bool {
        true
    }

    fn takes_mms(&self, _: &str) -> bool {
        true
    }
}

pub(crate) struct Site {
    pub(crate) near: Arc<TestApp>,
    pub(crate) far: Arc<TestApp>,
    pub(crate) near_door: Door,
    pub(crate) far_door: Door,
    handsets: Arc<Handsets>,
    _stop: watch::Sender<bool>,
    _runners: Vec<Runner>,
}

fn webhooks(app: &TestApp) -> Webhooks {
    let config = WebhooksConfig {
        allowed_private: ["127.0.0.0/8", "::1/128"].map(|range| range.parse().unwrap()).to_vec(),
        ..WebhooksConfig::default()
    };
    Webhooks::new(app.services.store.clone(), config).unwrap()
}

/// Changes an account behind the API.
pub(crate) async fn edit_account(app: &TestApp, sid: AccountSid, edit: impl FnOnce(&mut AccountFacts)) {
    let store = &app.services.store;
    let located = store.locate(&Name::account(sid)).await.unwrap().unwrap();
    let mut account = store.scope(located.scope).get::<Account>(sid).await.unwrap().unwrap();
    edit(&mut account.facts);
    let mut batch = store.batch(located.scope);
    batch.update::<Account>(&account);
    store.commit(batch).await.unwrap();
}

impl Site {
    /// Both at work; callbacks of the upstream are signed and verified.
    pub(crate) async fn start() -> Self {
        Self::start_with("").await
    }

    /// The same with more keys of the account.
    pub(crate) async fn start_with(more: &str) -> Self {
        let (near_door, far_door) = (Door::build().await, Door::build().await);
        let far = TestApp::start(|services| vec![messaging::routes(services)]).await;
        add_to_inventory(&far.services, &[THERE, CLINIC_THERE]).await.unwrap();
        for number in [THERE, CLINIC_THERE] {
            claim_number(&far.services, far.owner.sid, number).await.unwrap();
        }
        let authority = near_door.authority.clone();
        edit_account(&far, far.owner.sid, |facts| facts.settings.webhook_authorities = vec![authority]).await;
        let config = format!(
            "[[accounts]]\nname = \"vendor\"\nbase_url = \"{}\"\naccount_sid = \"{sid}\"\nkey_sid = \"{sid}\"\n\
             secret = \"{token}\"\nauth_token = \"{token}\"\ncallback_base = \"{}\"\nca_file = \"{}\"\n\
             rate_per_second = 1000.0\nsenders = {{ \"{OWN}\" = \"{THERE}\", \"{CLINIC}\" = \"{CLINIC_THERE}\" }}\n{more}\n",
            far_door.base(),
            near_door.base(),
            far_door.ca_file().display(),
            sid = far.owner.sid,
            token = far.owner.token.reveal(),
        );
        let mut carrier = None;
        let near = TestApp::start(|services| {
            let config = UpstreamConfig::parse(&config).unwrap();
            let made = UpstreamCarrier::new(config, services.store.clone(), None).unwrap();
            carrier = Some(made.clone());
            let at_hand = AtHand(Some(Arc::new(made.clone())));
            let inbox = Inbox::new(Arc::clone(&services));
            vec![
                messaging::routes(Arc::clone(&services)).share(at_hand),
                upstream::routes(Arc::clone(&services), made, inbox)
                    .merge(messaging::media_link_routes(services)),
            ]
        })
        .await;
        let carrier = carrier.unwrap();
        add_to_inventory(&near.services, &[OWN, CLINIC]).await.unwrap();
        claim_number(&near.services, near.owner.sid, OWN).await.unwrap();
        claim_number(&near.services, near.hipaa.sid, CLINIC).await.unwrap();
        let (near, far) = (Arc::new(near), Arc::new(far));
        near_door.open(Arc::clone(&near));
        far_door.open(Arc::clone(&far));
        let handsets = Arc::<Handsets>::default();
        let (stop, stopped) = watch::channel(false);
        let mut runners = Vec::new();
        for (app, carrier) in
            [(&near, Arc::new(carrier.clone()) as Arc<dyn Carrier>), (&far, Arc::clone(&handsets) as _)]
        {
            let mut runner = Runner::new(app.services.store.clone(), stopped.clone());
            for queue in messaging::queues(Arc::clone(&app.services), Some(carrier), webhooks(app)) {
                runner.start(queue);
            }
            runner.start(webhooks(app).queue());
            runners.push(runner);
        }
        runners[0].start(carrier.queue(Inbox::new(Arc::clone(&near.services))));
        Self { near, far, near_door, far_door, handsets, _stop: stop, _runners: runners }
    }

    /// The path that messages are posted to at the upstream.
    pub(crate) fn messages_path(&self) -> String {
        format!("/2010-04-01/Accounts/{}/Messages.json", self.far.owner.sid)
    }

    /// `POST Messages` at ours.
    pub(crate) async fn post(&self, account: &TestAccount, from: &str, body: &str) -> Reply {
        self.post_with(account, from, &[("Body", body)]).await
    }

    /// The same with whatever else a message has.
    pub(crate) async fn post_with(&self, account: &TestAccount, from: &str, more: &[(&str, &str)]) -> Reply {
        let path = format!("/2010-04-01/Accounts/{}/Messages.json", account.sid);
        let fields: Vec<_> =
            [("To", PATIENT), ("From", from)].into_iter().chain(more.iter().copied()).collect();
        self.near.post_form(account, "api", &path, &fields).await
    }

    /// A message of the ordinary account that is accepted; its SID.
    pub(crate) async fn send(&self, body: &str) -> MessageSid {
        let reply = self.post(&self.near.owner, OWN, body).await;
        reply.assert_status(201).json["sid"].as_str().unwrap().parse().unwrap()
    }

    pub(crate) async fn fetch(&self, account: &TestAccount, sid: MessageSid) -> Value {
        let path = format!("/2010-04-01/Accounts/{}/Messages/{sid}.json", account.sid);
        self.near.get(account, "api", &path).await.assert_status(200).json.clone()
    }

    /// Waits until a message of the ordinary account has this state.
    pub(crate) async fn wait(&self, sid: MessageSid, status: &str) -> Value {
        self.wait_of(&self.near.owner, sid, status).await
    }

    pub(crate) async fn wait_of(&self, account: &TestAccount, sid: MessageSid, status: &str) -> Value {
        eventually(status, async || self.fetch(account, sid).await["status"] == status).await;
        self.fetch(account, sid).await
    }

    /// The texts that the upstream's handsets have got.
    pub(crate) fn delivered(&self) -> Vec<String> {
        self.handsets.taken().iter().map(|handed| handed.body.clone()).collect()
    }

    /// The media of each message that they have got, and whether it came as an MMS.
    pub(crate) fn delivered_media(&self) -> Vec<(bool, Vec<Vec<u8>>)> {
        self.handsets.taken().iter().map(|handed| (handed.is_mms, handed.media.clone())).collect()
    }

    /// Waits until the upstream's handsets have got so many.
    pub(crate) async fn wait_delivered(&self, count: usize) {
        eventually("messages at the handsets", async || self.delivered().len() >= count).await;
    }

    /// What became of the upstream's `index`th message, as its network tells it.
    pub(crate) async fn receipt(&self, index: usize, receipt: Receipt) {
        let reference = self.handsets.taken()[index].reference;
        // It is told after the upstream has written that the network has it.
        let path = format!("/2010-04-01/Accounts/{}/Messages/{}.json", reference.account, reference.message);
        eventually("the upstream has sent it", async || {
            self.far.get(&self.far.owner, "api", &path).await.json["status"] == "sent"
        })
        .await;
        Inbox::new(Arc::clone(&self.far.services)).receipt(reference, receipt).await.unwrap();
    }

    /// Waits until our queue of messages has nothing that is due or in hand, for now.
    pub(crate) async fn quiet(&self) {
        let mut looks = 0;
        eventually("the queue is quiet", async || {
            let next = self.near.services.store.jobs().next_due("messages.send").await.unwrap();
            looks = if next.is_none_or(|due| due > self.near.now()) { looks + 1 } else { 0 };
            looks >= 10
        })
        .await;
    }

    /// Lets time pass on both sides.
    pub(crate) async fn pass(&self, time: Duration) {
        self.near.advance(time);
        self.far.advance(time);
        self.quiet().await;
    }
}

/// Waits for background work, at most twenty seconds.
#[track_caller]
pub(crate) fn eventually(what: &str, mut happened: impl AsyncFnMut() -> bool) -> impl Future<Output = ()> {
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
