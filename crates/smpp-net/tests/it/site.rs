//! A platform whose carrier is SMPP.

use std::sync::Arc;
use std::time::Duration;

use base::{CarrierRecordSid, MessageSid, Sid};
use jobs::Runner;
use messaging::carrier::{AtHand, Carrier, CarrierError, Reference, Submission};
use messaging::{Inbox, add_to_inventory, claim_number};
use serde_json::Value;
use smpp_net::{SmppCarrier, SmppConfig};
use store::{Kind, Query, Scope};
use test_kit::{TestAccount, TestApp};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::{interval, timeout};
use webhooks::{Webhooks, WebhooksConfig};

use crate::peer::{PATIENCE, Peer};

/// Our number.
pub(crate) const OWN: &str = "+14155550100";
/// Another number of the same account.
const OTHER: &str = "+14155550101";
/// The number of the HIPAA project.
pub(crate) const PROJECTS: &str = "+14155550102";
/// The handset.
pub(crate) const PATIENT: &str = "+14155550177";

/// The platform, its carrier and the carrier's task.
pub(crate) struct Site {
    pub(crate) app: TestApp,
    pub(crate) carrier: SmppCarrier,
    config: String,
    running: Option<(watch::Sender<bool>, JoinHandle<()>)>,
    workers: Option<(watch::Sender<bool>, Runner)>,
}

/// A bind to a peer, with more keys.
pub(crate) fn bind(name: &str, peer: &Peer, more: &str) -> String {
    to(name, peer.port, more)
}

/// A bind to a port of this machine, with more keys.
pub(crate) fn to(name: &str, port: u16, more: &str) -> String {
    let tls = if more.contains("ca_file") { "" } else { "tls = false" };
    format!(
        "[[binds]]\nname = \"{name}\"\nhost = \"127.0.0.1\"\nport = {port}\nsystem_id = \"clinic\"\n\
         password = \"secret\"\n{tls}\n{more}\n"
    )
}

impl Site {
    /// A platform whose carrier has these binds and tries to connect.
    pub(crate) async fn start(config: &str) -> Self {
        // As fast as may be, unless the test is about it: the clock of the queue stands.
        let config = match config.contains("_rate = ") {
            true => config.to_owned(),
            false => format!("long_code_rate = 10000.0\n{config}"),
        };
        let mut carrier = None;
        let app = TestApp::start(|services| {
            let parsed = SmppConfig::parse(&config).unwrap();
            let made = SmppCarrier::new(parsed, services.store.clone()).unwrap();
            carrier = Some(made.clone());
            let at_hand = AtHand(Some(Arc::new(made.clone())));
            vec![messaging::routes(Arc::clone(&services)).share(at_hand), smpp_net::routes(services, made)]
        })
        .await;
        let carrier = carrier.unwrap();
        add_to_inventory(&app.services, &[OWN, OTHER, PROJECTS]).await.unwrap();
        for (account, number) in [(&app.owner, OWN), (&app.owner, OTHER), (&app.hipaa, PROJECTS)] {
            claim_number(&app.services, account.sid, number).await.unwrap();
        }
        let mut site = Self { app, carrier, config, running: None, workers: None };
        site.run();
        site
    }

    fn run(&mut self) {
        let (stop, stopped) = watch::channel(false);
        let inbox = Inbox::new(Arc::clone(&self.app.services));
        self.running = Some((stop, tokio::spawn(self.carrier.clone().run(inbox, stopped))));
    }

    /// Ends the carrier in good order.
    pub(crate) async fn stop(&mut self) {
        if let Some((stop, task)) = self.running.take() {
            stop.send_replace(true);
            timeout(PATIENCE, task).await.unwrap().unwrap();
        }
    }

    /// Ends the carrier and starts a new one that remembers nothing.
    pub(crate) async fn restart(&mut self) {
        self.stop().await;
        let config = SmppConfig::parse(&self.config).unwrap();
        self.carrier = SmppCarrier::new(config, self.app.services.store.clone()).unwrap();
        self.run();
        self.bound("main").await;
    }

    /// Starts the workers of the queues.
    pub(crate) fn work(&mut self) {
        let (stop, stopped) = watch::channel(false);
        let mut runner = Runner::new(self.app.services.store.clone(), stopped);
        let webhooks = Webhooks::new(self.app.services.store.clone(), WebhooksConfig::default()).unwrap();
        let carrier: Arc<dyn Carrier> = Arc::new(self.carrier.clone());
        for queue in messaging::queues(Arc::clone(&self.app.services), Some(carrier), webhooks) {
            runner.start(queue);
        }
        self.workers = Some((stop, runner));
    }

    /// Waits until a bind is up.
    pub(crate) async fn bound(&self, name: &str) {
        timeout(PATIENCE, self.carrier.until(name, true)).await.expect("the bind comes up");
    }

    /// Waits until a bind is down.
    pub(crate) async fn lost(&self, name: &str) {
        timeout(PATIENCE, self.carrier.until(name, false)).await.expect("the bind goes down");
    }

    /// Hands over a message that the API knows nothing of.
    pub(crate) async fn submit(&self, body: &str) -> Result<Reference, CarrierError> {
        let message = MessageSid::generate(self.app.services.store.random().as_ref());
        let reference = Reference { account: self.app.owner.sid, message };
        self.submit_as(reference, body).await.map(|()| reference)
    }

    /// Hands over a message of this name.
    pub(crate) async fn submit_as(&self, reference: Reference, body: &str) -> Result<(), CarrierError> {
        let submission = Submission {
            reference,
            from: OWN.to_owned(),
            to: PATIENT.to_owned(),
            body: body.to_owned(),
            segments: messaging::segments::segment(body).segments,
            media: Vec::new(),
            is_mms: false,
            valid_until: self.app.now().plus(Duration::from_secs(4 * 3_600)),
            private_path: false,
            register: None,
        };
        timeout(PATIENCE, self.carrier.submit(submission)).await.expect("an answer")
    }

    /// `POST Messages`; the SID.
    pub(crate) async fn send(&self, body: &str) -> String {
        self.send_from(&self.app.owner, OWN, body).await
    }

    /// `POST Messages` of the account's other number.
    pub(crate) async fn send_from_other(&self, body: &str) -> String {
        self.send_from(&self.app.owner, OTHER, body).await
    }

    /// `POST Messages` in the HIPAA project.
    pub(crate) async fn send_from_project(&self, body: &str) -> String {
        self.send_from(&self.app.hipaa, PROJECTS, body).await
    }

    async fn send_from(&self, account: &TestAccount, from: &str, body: &str) -> String {
        let path = format!("/2010-04-01/Accounts/{}/Messages.json", account.sid);
        let fields = [("To", PATIENT), ("From", from), ("Body", body)];
        let reply = self.app.post_form(account, "api", &path, &fields).await;
        reply.assert_status(201).json["sid"].as_str().unwrap().to_owned()
    }

    /// Every message of the account.
    pub(crate) async fn messages(&self) -> Vec<Value> {
        self.messages_of(&self.app.owner).await
    }

    async fn messages_of(&self, account: &TestAccount) -> Vec<Value> {
        let path = format!("/2010-04-01/Accounts/{}/Messages.json", account.sid);
        let reply = self.app.get(account, "api", &path).await;
        reply.assert_status(200).json["messages"].as_array().unwrap().clone()
    }

    /// Waits until there are so many messages.
    pub(crate) async fn wait_messages(&self, count: usize) {
        let reached = timeout(PATIENCE, async {
            let mut ticks = interval(Duration::from_millis(10));
            while self.messages().await.len() != count {
                ticks.tick().await;
            }
        });
        reached.await.expect("as many messages as that");
    }

    /// Waits until a message has this state; returns it.
    pub(crate) async fn wait_status(&self, sid: &str, status: &str) -> Value {
        self.wait_status_of(&self.app.owner, sid, status).await
    }

    /// Waits until a message of the HIPAA project has this state; returns it.
    pub(crate) async fn wait_status_in_project(&self, sid: &str, status: &str) -> Value {
        self.wait_status_of(&self.app.hipaa, sid, status).await
    }

    async fn wait_status_of(&self, account: &TestAccount, sid: &str, status: &str) -> Value {
        let mut last = Value::Null;
        let found = timeout(PATIENCE, async {
            let mut ticks = interval(Duration::from_millis(10));
            loop {
                ticks.tick().await;
                let messages = self.messages_of(account).await;
                last = messages.into_iter().find(|message| message["sid"] == sid).unwrap();
                if last["status"] == status {
                    return;
                }
            }
        });
        assert!(found.await.is_ok(), "the message is {} and not {status}", last["status"]);
        last
    }

    /// How many parts wait for a receipt.
    pub(crate) async fn awaited(&self) -> usize {
        self.records::<AwaitedPart>().await
    }

    /// Waits until so many parts wait for a receipt.
    pub(crate) async fn wait_awaited(&self, count: usize) {
        let reached = timeout(PATIENCE, async {
            let mut ticks = interval(Duration::from_millis(10));
            while self.awaited().await != count {
                ticks.tick().await;
            }
        });
        reached.await.expect("as many as that");
    }

    /// How many deliveries were taken whose answer the SMSC may not have seen.
    pub(crate) async fn unseen(&self) -> usize {
        self.records::<UnseenDelivery>().await
    }

    /// Waits until the SMSC has shown that it has seen every answer.
    pub(crate) async fn all_seen(&self) {
        let seen = timeout(PATIENCE, async {
            let mut ticks = interval(Duration::from_millis(10));
            while self.unseen().await > 0 {
                ticks.tick().await;
            }
        });
        seen.await.expect("the SMSC answers an enquiry");
    }

    /// How many parts of messages wait for the others.
    pub(crate) async fn parts(&self) -> usize {
        self.count::<WaitingPart>(Scope::account(self.app.owner.sid)).await
    }

    async fn records<K: Kind>(&self) -> usize {
        self.count::<K>(Scope::SYSTEM).await
    }

    async fn count<K: Kind>(&self, scope: Scope) -> usize {
        let query = Query { limit: 100, ..Query::default() };
        self.app.services.store.scope(scope).list::<K>(query).await.unwrap().documents.len()
    }
}

enum WaitingPart {}

impl Kind for WaitingPart {
    const NAME: &'static str = "message-part";
    type Sid = MessageSid;
    type Facts = Value;
    type Content = Value;
}

/// What the carrier keeps in mind, as far as a count needs to know it.
enum AwaitedPart {}

impl Kind for AwaitedPart {
    const NAME: &'static str = "smpp-part";
    type Sid = CarrierRecordSid;
    type Facts = Value;
    type Content = ();
}

enum UnseenDelivery {}

impl Kind for UnseenDelivery {
    const NAME: &'static str = "smpp-delivery";
    type Sid = CarrierRecordSid;
    type Facts = Value;
    type Content = ();
}
