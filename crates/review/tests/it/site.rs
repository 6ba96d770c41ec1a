//! A platform with messages, two reviewers with keys, and what they sign.

use std::sync::Arc;
use std::time::Duration;

use base::MessageSid;
use errors::Result;
use jobs::Runner;
use messaging::carrier::{Carrier, CarrierError, InForce, Submission, Submitting};
use messaging::{add_to_inventory, claim_number};
use phi::Phi;
use review::messages::{Messages, Outcome, Reading};
use serde_json::{Value, json};
use statements::{Approval, Opening, Reason, ReviewRequest, Signable, Signed, signing_key};
use store::{Query, Range, Scoped};
use test_kit::{Credentials, Reply, TestAccount, TestApp};
use tokio::sync::watch;
use webhooks::{Alert, Webhooks, WebhooksConfig};

/// What no trace may hold.
pub const CANARY: &str = "Zanzibar biopsy result";
const OWN: &str = "+14155550100";
const CLINIC: &str = "+14155550110";
const PATIENT: &str = "+14155550177";
const STEP: Duration = Duration::from_millis(10);
const STEPS: usize = 1_000;

/// The port of the platform's messages, as the server has it.
struct Port;

impl Messages for Port {
    fn exists(&self, scoped: Scoped, sid: MessageSid) -> Reading<'_, bool> {
        Box::pin(async move { messaging::review::exists(&scoped, sid).await })
    }
    fn newest(&self, scoped: Scoped, limit: usize) -> Reading<'_, Vec<MessageSid>> {
        Box::pin(async move { messaging::review::newest(&scoped, limit).await })
    }
    fn outcomes(&self, scoped: Scoped, made: Range, limit: usize) -> Reading<'_, Vec<Outcome>> {
        Box::pin(async move {
            let sent = messaging::review::outcomes(&scoped, made, limit).await?;
            Ok(sent.into_iter().map(|it| Outcome { sender: it.sender, ended_well: it.ended_well }).collect())
        })
    }
    fn opt_outs(&self, scoped: Scoped, made: Range, limit: usize) -> Reading<'_, u64> {
        Box::pin(async move { messaging::review::opt_outs(&scoped, made, limit).await })
    }
    fn body(&self, scoped: Scoped, sid: MessageSid) -> Reading<'_, Option<Phi<String>>> {
        Box::pin(async move { messaging::review::body(&scoped, sid).await })
    }
}

/// A carrier that takes every message, or none.
pub struct Verdict(pub bool);

impl Carrier for Verdict {
    fn submit(&self, _: Submission) -> Submitting<'_> {
        let takes = self.0;
        Box::pin(async move { if takes { Ok(()) } else { Err(CarrierError::Rejected(30_005)) } })
    }
    fn is_covered(&self, _: &InForce) -> bool {
        true
    }
}

/// Somebody with a key.
pub struct Person {
    pub name: &'static str,
    pub private: String,
    pub public: String,
}

impl Person {
    pub fn new(name: &'static str) -> Self {
        let (private, public) = signing_key();
        Self { name, private: private.to_string(), public }
    }
}

pub struct Site {
    pub app: TestApp,
    pub jane: Person,
    pub john: Person,
}

impl Site {
    /// `owner` and `hipaa` have a number each; Jane and John are reviewers.
    pub async fn start() -> Self {
        let app = TestApp::start(|services| {
            vec![messaging::routes(Arc::clone(&services)), review::routes(services, Arc::new(Port))]
        })
        .await;
        add_to_inventory(&app.services, &[OWN, CLINIC]).await.unwrap();
        claim_number(&app.services, app.owner.sid, OWN).await.unwrap();
        claim_number(&app.services, app.hipaa.sid, CLINIC).await.unwrap();
        let site = Self { app, jane: Person::new("Jane Roe"), john: Person::new("John Doe") };
        for person in [&site.jane, &site.john] {
            site.enrol(person).await.assert_status(201);
        }
        site
    }

    pub async fn enrol(&self, person: &Person) -> Reply {
        let body = json!({"name": person.name, "role": "Trust and safety", "key": person.public});
        self.post(&self.app.operator, "Reviewers", body).await
    }

    pub async fn post(&self, who: impl AsRef<Credentials>, path: &str, body: Value) -> Reply {
        let path = format!("/switchward/v1/{path}");
        self.app.post_raw(who, "switchward", &path, body.to_string().into_bytes(), "application/json").await
    }

    pub async fn get(&self, who: impl AsRef<Credentials>, path: &str) -> Reply {
        self.app.get(who, "switchward", &format!("/switchward/v1/{path}")).await
    }

    /// Accepts a message with this text; nobody hands it over.
    pub async fn message(&self, account: &TestAccount, body: &str) -> String {
        let from = if account.sid == self.app.hipaa.sid { CLINIC } else { OWN };
        let path = format!("/2010-04-01/Accounts/{}/Messages.json", account.sid);
        let form = [("To", PATIENT), ("From", from), ("Body", body)];
        let made = self.app.post_form(account, "api", &path, &form).await;
        made.assert_status(201).json["sid"].as_str().unwrap().to_owned()
    }

    /// Records a complaint of a carrier; its SID.
    pub async fn complaint(&self, account: &TestAccount) -> String {
        let path = format!("Accounts/{}/Complaints", account.sid);
        let body = json!({"from": "carrier", "reference": "CARRIER-17"});
        let made = self.post(&self.app.operator, &path, body).await;
        made.assert_status(201).json["sid"].as_str().unwrap().to_owned()
    }

    /// What a reviewer asks for when a carrier has complained.
    pub fn wish(&self, account: &TestAccount, complaint: &str, messages: &[&str]) -> ReviewRequest {
        ReviewRequest {
            account: account.sid.to_string(),
            reason: Reason::CarrierComplaint,
            cause: complaint.to_owned(),
            reference: "CASE-1".to_owned(),
            messages: messages.iter().map(|sid| (*sid).to_owned()).collect(),
            newest: 0,
            hours: 4,
        }
    }

    pub fn signed<S: Signable + serde::Serialize>(&self, stated: S, by: &Person) -> Value {
        let at = self.app.now().iso8601();
        serde_json::to_value(Signed::new(stated, by.name, &at, &by.private).unwrap()).unwrap()
    }

    pub async fn ask(&self, account: &TestAccount, wish: ReviewRequest, by: &Person) -> Reply {
        let path = format!("Accounts/{}/Reviews", account.sid);
        self.post(&self.app.operator, &path, self.signed(wish, by)).await
    }

    pub async fn approve(&self, account: &TestAccount, review: &Value, by: &Person) -> Reply {
        let sid = review["sid"].as_str().unwrap();
        let approval =
            Approval { review: sid.to_owned(), digest: review["digest"].as_str().unwrap().to_owned() };
        let path = format!("Accounts/{}/Reviews/{sid}/Approval", account.sid);
        self.post(&self.app.operator, &path, self.signed(approval, by)).await
    }

    pub async fn open(&self, account: &TestAccount, review: &str, message: &str, by: &Person) -> Reply {
        let opening = Opening { review: review.to_owned(), message: message.to_owned() };
        let path = format!("Accounts/{}/Reviews/{review}/Openings", account.sid);
        self.post(&self.app.operator, &path, self.signed(opening, by)).await
    }

    /// A review that Jane asked for and John approved; its SID.
    pub async fn opened(&self, account: &TestAccount, messages: &[&str]) -> String {
        let complaint = self.complaint(account).await;
        let asked = self.ask(account, self.wish(account, &complaint, messages), &self.jane).await;
        let review = asked.assert_status(201).json.clone();
        self.approve(account, &review, &self.john).await.assert_status(200);
        review["sid"].as_str().unwrap().to_owned()
    }

    /// Hands everything that waits over, until `count` messages of the account have ended.
    pub async fn hand_over(&self, account: &TestAccount, takes: bool, count: u64) {
        let stop = watch::Sender::new(false);
        let mut runner = Runner::new(self.app.services.store.clone(), stop.subscribe());
        let webhooks = Webhooks::new(self.app.services.store.clone(), WebhooksConfig::default()).unwrap();
        let carrier: Arc<dyn Carrier> = Arc::new(Verdict(takes));
        for queue in messaging::queues(Arc::clone(&self.app.services), Some(carrier), webhooks) {
            runner.start(queue);
        }
        for _ in 0..STEPS {
            let signs = self.get(account, &format!("Accounts/{}/RiskSigns", account.sid)).await;
            if signs.assert_status(200).json["account"]["ended"] == count {
                return;
            }
            tokio::time::sleep(STEP).await;
        }
        panic!("{count} messages have not ended");
    }

    /// Numbers of the account's alerts, oldest first.
    pub async fn alerts(&self, account: &TestAccount) -> Result<Vec<(u32, Option<String>)>> {
        let query = Query { oldest_first: true, limit: 100, ..Query::default() };
        let scoped = self.app.services.store.scope(account.scope());
        let listed = scoped.list::<Alert>(query).await?.documents;
        Ok(listed.into_iter().map(|it| (it.facts.error_code, it.facts.resource_sid)).collect())
    }
}
