//! A platform whose messages with media leave through an MMSC of the tests.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use auth::{Account, AccountFacts};
use base::{AccountSid, MessageSid};
use bytes::Bytes;
use data_encoding::BASE64;
use http::Request;
use jobs::Runner;
use messaging::carrier::{AtHand, Carrier, InForce, Submission, Submitting};
use messaging::{Inbox, add_to_inventory, claim_number};
use mm7::{Mm7Carrier, Mm7Config};
use serde_json::Value;
use store::{Name, Store};
use test_kit::{Reply, SinkReply, TestAccount, TestApp, WebhookSink};
use tokio::sync::watch;
use webhooks::{Webhooks, WebhooksConfig};

use crate::mmsc::Mmsc;

/// Our number.
pub(crate) const OWN: &str = "+14155550100";
/// One of the same account that no MMSC carries.
pub(crate) const TEXTS: &str = "+14155550101";
/// The number of the HIPAA project.
pub(crate) const CLINIC: &str = "+14155550110";
/// The handset.
pub(crate) const PATIENT: &str = "+14155550177";
/// A text that must not be seen where it does not belong.
pub(crate) const CANARY: &str = "Levothyroxine for Mrs. Canary";
/// A picture, as far as its beginning says.
pub(crate) const PICTURE: &[u8] = b"\x89PNG\r\n\x1a\n--mm7-\r\n canary-77aa mammography of Jane";
/// Where the MMSC tells.
pub(crate) const DOOR: &str = "/switchward/v1/Mm7/main";
/// As whom.
pub(crate) const LOGIN: (&str, &str) = ("mmsc", "a-password-of-the-mmsc");

/// How long background work is waited for.
const STEP: Duration = Duration::from_millis(10);
const STEPS: usize = 2_000;

/// What carries texts.
#[derive(Default)]
pub(crate) struct Texts(Mutex<Vec<String>>);

impl Carrier for Texts {
    fn submit(&self, submission: Submission) -> Submitting<'_> {
        assert!(!submission.is_mms, "a message with media goes to the MMSC");
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(submission.body);
        Box::pin(async { Ok(()) })
    }

    fn is_covered(&self, _: &InForce) -> bool {
        false
    }
}

pub(crate) struct Site {
    pub(crate) app: Arc<TestApp>,
    pub(crate) mmsc: Mmsc,
    pub(crate) sink: WebhookSink,
    texts: Arc<Texts>,
    _stop: watch::Sender<bool>,
    _runner: Runner,
}

/// Changes an account behind the API.
async fn edit_account(app: &TestApp, sid: AccountSid, edit: impl FnOnce(&mut AccountFacts)) {
    let store: &Store = &app.services.store;
    let located = store.locate(&Name::account(sid)).await.unwrap().unwrap();
    let mut account = store.scope(located.scope).get::<Account>(sid).await.unwrap().unwrap();
    edit(&mut account.facts);
    let mut batch = store.batch(located.scope);
    batch.update::<Account>(&account);
    store.commit(batch).await.unwrap();
}

impl Site {
    pub(crate) async fn start() -> Self {
        Self::start_with("").await
    }

    /// With more keys of the MMSC.
    pub(crate) async fn start_with(more: &str) -> Self {
        let mmsc = Mmsc::start().await;
        let (url, ca) = (mmsc.url(), mmsc.ca_file());
        Self::start_at(mmsc, &url, &ca, more).await
    }

    /// With the MMSC at this place, behind this authority.
    pub(crate) async fn start_at(mmsc: Mmsc, url: &str, ca: &Path, more: &str) -> Self {
        let config = format!(
            "[[relays]]\nname = \"main\"\nurl = \"{url}\"\nca_file = \"{}\"\nvasp_id = \"clinic\"\nvas_id = \"reminders\"\n\
             username = \"clinic\"\npassword = \"our-password\"\ninbound_username = \"{}\"\ninbound_password = \"{}\"\n\
             senders = [\"{OWN}\", \"{CLINIC}\"]\nrate_per_second = 1000.0\n{more}\n",
            ca.display(),
            LOGIN.0,
            LOGIN.1,
        );
        let texts = Arc::<Texts>::default();
        let (behind, mut carrier) = (Arc::clone(&texts), None);
        let app = TestApp::start(|services| {
            let config = Mm7Config::parse(&config).unwrap();
            let made = Mm7Carrier::new(config, services.store.clone(), Some(behind as _)).unwrap();
            carrier = Some(made.clone());
            let at_hand = AtHand(Some(Arc::new(made.clone())));
            let inbox = Inbox::new(Arc::clone(&services));
            vec![messaging::routes(Arc::clone(&services)).share(at_hand), mm7::routes(services, made, inbox)]
        })
        .await;
        let (carrier, app) = (carrier.unwrap(), Arc::new(app));
        add_to_inventory(&app.services, &[OWN, TEXTS, CLINIC]).await.unwrap();
        for (account, number) in [(&app.owner, OWN), (&app.owner, TEXTS), (&app.hipaa, CLINIC)] {
            claim_number(&app.services, account.sid, number).await.unwrap();
        }
        let sink = WebhookSink::start().await;
        let picture = SinkReply { status: 200, body: Bytes::from_static(PICTURE), ..SinkReply::default() };
        sink.answer("/a.png", picture);
        for account in [&app.owner, &app.hipaa] {
            let authority = sink.authority_pem().to_owned();
            edit_account(&app, account.sid, |facts| facts.settings.webhook_authorities = vec![authority])
                .await;
        }
        let webhooks = WebhooksConfig {
            allowed_private: ["127.0.0.0/8", "::1/128"].map(|range| range.parse().unwrap()).to_vec(),
            ..WebhooksConfig::default()
        };
        let webhooks = Webhooks::new(app.services.store.clone(), webhooks).unwrap();
        let (stop, stopped) = watch::channel(false);
        let mut runner = Runner::new(app.services.store.clone(), stopped);
        let queues =
            messaging::queues(Arc::clone(&app.services), Some(Arc::new(carrier.clone())), webhooks.clone());
        queues.into_iter().chain([webhooks.queue(), carrier.queue()]).for_each(|queue| runner.start(queue));
        Self { app, mmsc, sink, texts, _stop: stop, _runner: runner }
    }

    /// `POST Messages` with the picture.
    pub(crate) async fn post(&self, account: &TestAccount, from: &str, body: &str) -> Reply {
        let url = self.sink.url("/a.png");
        self.post_form(account, &[("To", PATIENT), ("From", from), ("Body", body), ("MediaUrl", &url)]).await
    }

    pub(crate) async fn post_form(&self, account: &TestAccount, fields: &[(&str, &str)]) -> Reply {
        let path = format!("/2010-04-01/Accounts/{}/Messages.json", account.sid);
        self.app.post_form(account, "api", &path, fields).await
    }

    /// A message with the picture, from the ordinary account, that is accepted; its SID.
    pub(crate) async fn send(&self, body: &str) -> MessageSid {
        let reply = self.post(&self.app.owner, OWN, body).await;
        reply.assert_status(201).json["sid"].as_str().unwrap().parse().unwrap()
    }

    pub(crate) async fn fetch(&self, account: &TestAccount, sid: MessageSid) -> Value {
        let path = format!("/2010-04-01/Accounts/{}/Messages/{sid}.json", account.sid);
        self.app.get(account, "api", &path).await.assert_status(200).json.clone()
    }

    /// Waits until a message of the ordinary account has this state.
    pub(crate) async fn wait(&self, sid: MessageSid, status: &str) -> Value {
        eventually(status, async || self.fetch(&self.app.owner, sid).await["status"] == status).await;
        self.fetch(&self.app.owner, sid).await
    }

    /// What the carrier of texts was handed.
    pub(crate) fn texts(&self) -> Vec<String> {
        self.texts.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Waits until our queue of messages has nothing that is due or in hand, for now.
    pub(crate) async fn quiet(&self) {
        let mut looks = 0;
        eventually("the queues are quiet", async || {
            let mut is_quiet = true;
            for queue in ["messages.fetch", "messages.send", "mm7.clear"] {
                let next = self.app.services.store.jobs().next_due(queue).await.unwrap();
                is_quiet &= next.is_none_or(|due| due > self.app.now());
            }
            looks = if is_quiet { looks + 1 } else { 0 };
            looks >= 10
        })
        .await;
    }

    /// Lets time pass.
    pub(crate) async fn pass(&self, time: Duration) {
        self.app.advance(time);
        self.quiet().await;
    }

    /// What the MMSC tells, as it logs in.
    pub(crate) async fn tell(&self, content_type: &str, body: impl Into<Vec<u8>>) -> Reply {
        self.tell_as(Some(LOGIN), DOOR, content_type, body.into()).await
    }

    /// The same as anybody, anywhere.
    pub(crate) async fn tell_as(
        &self,
        login: Option<(&str, &str)>,
        path: &str,
        content_type: &str,
        body: Vec<u8>,
    ) -> Reply {
        let mut request = Request::post(path).header("content-type", content_type);
        if let Some((user, password)) = login {
            let pair = BASE64.encode(format!("{user}:{password}").as_bytes());
            request = request.header("authorization", format!("Basic {pair}"));
        }
        self.app.send("switchward", request.body(axum::body::Body::from(body)).unwrap()).await
    }

    /// What came in to the ordinary account, newest first.
    pub(crate) async fn received(&self) -> Vec<Value> {
        let path = format!("/2010-04-01/Accounts/{}/Messages.json", self.app.owner.sid);
        let listed = self.app.get(&self.app.owner, "api", &path).await;
        let all = listed.assert_status(200).json["messages"].as_array().unwrap().clone();
        all.into_iter().filter(|message| message["direction"] == "inbound").collect()
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
