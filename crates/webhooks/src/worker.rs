//! The worker of the queue: one leased webhook, and everything that can become of it.
//!
//! A webhook ends in one of three ways, each one transaction with its row in the delivery log: *delivered*, *failed* with
//! an alert, or *waiting*, put back because its destination does not answer anybody now. None is dropped otherwise, except
//! those of an account that was closed.

use std::sync::{MutexGuard, PoisonError};

use auth::{AccountContext, AccountStatus, load_account};
use base::measure::Counter;
use jobs::{Gate, Outcome};
use ledger::{Action, Actor, Entry, Purpose};
use phi::Phi;
use store::{Batch, Lane, Lease, StoreError};

use crate::alert::{self, AlertContent, DESTINATION_BACK, DESTINATION_WAITS, LogLevel, NewAlert};
use crate::circuit::{Admission, Circuits, Failed};
use crate::client::Answer;
use crate::delivery::{Head, Parameters, Queued, Webhooks, check, decode, delivery, payload, service_of};
use crate::error::SendError;
use crate::flood::{Floods, Subject};
use crate::log::{self, DeliveryOutcome, Run};
use crate::request::encode_form;
use crate::url::WebhookUrl;

/// How the ledger calls a delivery.
const DELIVER: Action = Action("deliver_webhook");

/// The protected field that a delivery opens, as the ledger names it.
const FIELDS: &[&str] = &["parameters"];

/// What the worker counts.
#[derive(Debug, Default)]
pub struct WebhookMeasures {
    /// Webhooks that a server took.
    pub delivered: Counter,
    /// Webhooks that ended with an alert, raised or counted.
    pub failed: Counter,
    /// Webhooks put back because their destination does not answer.
    pub put_back: Counter,
    /// Circuits that opened.
    pub circuits_opened: Counter,
    /// Alerts that were counted instead of raised.
    pub alerts_counted: Counter,
}

/// One webhook in hand.
struct Job<'a> {
    account: &'a AccountContext,
    lease: &'a Lease,
    head: Head<'a>,
}

/// What happened to it.
enum Happened {
    /// The server took it.
    Taken,
    /// Something answered, or nothing was asked; trying again would change nothing.
    Refused(u32, Option<Answer>),
    /// The destination does not answer.
    NoAnswer(u32),
}

impl Webhooks {
    /// What was counted so far.
    pub fn measures(&self) -> &WebhookMeasures {
        &self.inner.measures
    }

    /// Destinations whose circuit is open in this process.
    pub fn open_circuits(&self) -> usize {
        self.circuits().open_count()
    }

    /// Delivers one queued webhook: what [`Webhooks::queue`] does with each job.
    pub async fn run(&self, lease: &Lease) -> Outcome {
        match self.deliver(lease).await {
            Ok(outcome) => outcome,
            Err(error) => Outcome::Failed(error),
        }
    }

    /// Whether webhooks of a lane are worth leasing.
    pub(crate) fn gate(&self, lane: Lane) -> Gate {
        self.circuits().gate(lane, self.inner.store.clock().now())
    }

    async fn deliver(&self, lease: &Lease) -> Result<Outcome, StoreError> {
        let store = &self.inner.store;
        let Some(account) = self.account(lease).await? else {
            tracing::info!(job = %lease.id, "the account is closed; its webhook is dropped");
            let mut batch = store.batch(lease.scope);
            batch.finish(lease);
            return store.commit(batch).await.map(|_| Outcome::Done);
        };
        // What cannot be read fails every time and is parked.
        let (queued, params) = decode(&lease.payload).ok_or(StoreError::Sealed)?;
        let Queued { resource_sid, url, method, event, .. } = &queued;
        let head = Head { resource_sid, url, method: *method, event };
        let job = Job { account: &account, lease, head };
        let mut run = Run::default();
        let admission = self.circuits().admit(lease.lane, lease.due_at, store.clock().now());
        let happened = match check(&account, &job.head) {
            Err(error) => Happened::Refused(error.alert_code(), None),
            Ok(url) => match admission {
                Admission::Wait(until) => return Ok(Outcome::RetryAt(until)),
                Admission::GiveUp(code) => Happened::Refused(code, None),
                Admission::Send => self.send(&job, &url, &params, &mut run).await?,
            },
        };
        self.end(&job, happened, params, run).await.map(|()| Outcome::Done)
    }

    /// The account as of now, unless it is closed or gone.
    async fn account(&self, lease: &Lease) -> Result<Option<AccountContext>, StoreError> {
        let store = &self.inner.store;
        let Some(sid) = lease.scope.account_sid() else { return Ok(None) };
        let account = load_account(store, sid, store.clock().now()).await?;
        Ok(account.filter(|account| account.account.facts.status != AccountStatus::Closed))
    }

    /// Records the disclosure and sends, with the retries the URL asks for.
    async fn send(
        &self,
        job: &Job<'_>,
        url: &WebhookUrl,
        params: &Phi<Parameters>,
        run: &mut Run,
    ) -> Result<Happened, StoreError> {
        let Job { account, lease, head } = job;
        let entry = Entry {
            actor: Actor::System,
            action: DELIVER,
            sids: vec![head.resource_sid.to_owned()],
            fields: FIELDS,
            purpose: Purpose::Webhook,
            source: None,
        };
        let proof = ledger::disclose(&self.inner.store, lease.scope, &entry).await?;
        let cookies = self.conversation(account, head, params);
        let open = params.open(&proof);
        run.sends(open);
        if url.is_hosted() {
            let answer = self.answer_here(account, url, params, &proof).await;
            return Ok(match answer.map(|answer| (answer.alert_code(), answer)) {
                Ok((None, _)) => Happened::Taken,
                Ok((Some(code), answer)) => Happened::Refused(code, Some(answer)),
                Err(error) => Happened::Refused(error.alert_code(), None),
            });
        }
        let payload = payload(head.method, open.clone());
        let to = (url, service_of(head.event));
        let delivery = delivery(account, to, &payload, &lease.id, cookies);
        let client = self.client(account);
        let sent = spans::child(client.send_with_retries(delivery, &mut run.attempts), told).await;
        Ok(match sent {
            Ok(answer) => match answer.alert_code() {
                None => Happened::Taken,
                Some(code) if answer.is_no_answer() => Happened::NoAnswer(code),
                Some(code) => Happened::Refused(code, Some(answer)),
            },
            Err(error) if error.is_no_answer() => Happened::NoAnswer(error.alert_code()),
            Err(error) => Happened::Refused(error.alert_code(), None),
        })
    }

    /// Writes what became of it.
    async fn end(
        &self,
        job: &Job<'_>,
        happened: Happened,
        params: Phi<Parameters>,
        run: Run,
    ) -> Result<(), StoreError> {
        let Job { lease, head, .. } = job;
        let store = &self.inner.store;
        let (now, measures) = (store.clock().now(), &self.inner.measures);
        let mut batch = store.batch(lease.scope);
        let failed = match &happened {
            Happened::NoAnswer(code) => self.circuits().failed(lease.lane, *code, lease.due_at, now),
            Happened::Taken | Happened::Refused(..) => Failed::Ends,
        };
        let has_answer = run.attempts.iter().any(|attempt| attempt.status.is_ok());
        if has_answer && !matches!(happened, Happened::NoAnswer(_)) && self.circuits().succeeded(lease.lane) {
            tracing::info!(lane = ?lease.lane, "a destination of webhooks answers again");
            self.note(&mut batch, job, DESTINATION_BACK, LogLevel::Notice);
        }
        let outcome = match (happened, failed) {
            (Happened::Taken, _) => {
                batch.finish(lease);
                (DeliveryOutcome::Delivered, None)
            }
            (Happened::NoAnswer(code), Failed::Waits { until, opened }) => {
                if opened {
                    tracing::warn!(lane = ?lease.lane, code, "a destination of webhooks does not answer; they wait");
                    self.note(&mut batch, job, DESTINATION_WAITS, LogLevel::Warning);
                    measures.circuits_opened.increment();
                }
                batch.reschedule(lease, until, 0);
                (DeliveryOutcome::Waiting, Some(code))
            }
            (Happened::NoAnswer(code), Failed::Ends) => {
                batch.finish(lease);
                self.raise(&mut batch, job, code, params, None);
                (DeliveryOutcome::Failed, Some(code))
            }
            (Happened::Refused(code, answer), _) => {
                batch.finish(lease);
                self.raise(&mut batch, job, code, params, answer);
                (DeliveryOutcome::Failed, Some(code))
            }
        };
        let sid = log::sid(store.random().as_ref());
        log::write(&mut batch, (sid, now), lease, head, outcome, run);
        store.commit(batch).await?;
        match outcome.0 {
            DeliveryOutcome::Delivered => measures.delivered.increment(),
            DeliveryOutcome::Failed => measures.failed.increment(),
            DeliveryOutcome::Waiting => measures.put_back.increment(),
        }
        Ok(())
    }

    /// The alert of a webhook that failed, unless there are too many like it.
    fn raise(
        &self,
        batch: &mut Batch,
        job: &Job<'_>,
        error_code: u32,
        params: Phi<Parameters>,
        answer: Option<Answer>,
    ) {
        let Job { account, lease, head } = job;
        let now = self.inner.store.clock().now();
        tracing::info!(event = head.event, resource = %head.resource_sid, error_code, "webhook failed");
        let url = shown(head);
        let subject = Subject { scope: lease.scope, lane: lease.lane, error_code };
        let Some(repeats) = self.floods().admit(subject, head.method, url.as_deref(), now) else {
            self.inner.measures.alerts_counted.increment();
            return;
        };
        // RT-DEBUG-1: of a HIPAA project, neither parameters nor answers are kept. Where redaction is on (SMS-REDACT-1,
        // SMS-REDACT-2), a copy in an alert would outlive what it is a copy of.
        let facts = &account.account.facts;
        let is_redacted = facts.settings.body_redaction || facts.settings.number_redaction;
        let content = (!facts.designation.protected && !is_redacted).then(|| {
            params.map(|params| AlertContent {
                request_variables: encode_form(&params),
                response_body: answer.map(|answer| String::from_utf8_lossy(&answer.body).into_owned()),
            })
        });
        let resource_sid = Some(head.resource_sid.to_owned());
        let new = NewAlert::now(&self.inner.store, error_code, LogLevel::Error);
        let request_method = Some(head.method);
        alert::raise(
            batch,
            NewAlert { resource_sid, request_method, request_url: url, repeats, content, ..new },
        );
    }

    /// The alert of something that concerns the destination, not one webhook.
    fn note(&self, batch: &mut Batch, job: &Job<'_>, error_code: u32, log_level: LogLevel) {
        let new = NewAlert::now(&self.inner.store, error_code, log_level);
        let (request_method, request_url) = (Some(job.head.method), shown(&job.head));
        alert::raise(batch, NewAlert { request_method, request_url, ..new });
    }

    fn circuits(&self) -> MutexGuard<'_, Circuits> {
        self.inner.circuits.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn floods(&self) -> MutexGuard<'_, Floods> {
        self.inner.floods.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What a trace says of a delivery.
pub(crate) fn told(sent: Option<&Result<Answer, SendError>>) -> spans::Work {
    let (outcome, status, code) = match sent {
        Some(Ok(answer)) => match answer.alert_code() {
            None => ("delivered", Some(answer.status), None),
            code if answer.is_no_answer() => ("no-answer", Some(answer.status), code),
            code => ("refused", Some(answer.status), code),
        },
        Some(Err(error)) if error.is_no_answer() => ("no-answer", None, Some(error.alert_code())),
        Some(Err(error)) => ("refused", None, Some(error.alert_code())),
        None => ("abandoned", None, None),
    };
    spans::Work::Webhook { outcome, status, code }
}

/// What an alert shows of the URL.
fn shown(head: &Head<'_>) -> Option<String> {
    WebhookUrl::parse(head.url).ok().map(|url| url.without_secrets())
}
