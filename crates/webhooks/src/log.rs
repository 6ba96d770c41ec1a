//! The delivery log: what became of each webhook, each time it was tried, without a value of it.
//!
//! A row says which URL (masked), how, about which resource, with which parameters by name, how each attempt ended and
//! what it means. It never holds a parameter's value, a header or a byte of the answer. It is written in the transaction
//! that ends the job or puts it back, and kept for a bounded time ([`crate::limits::DELIVERIES_KEPT`]).

use std::time::Duration;

use base::{Sid, Timestamp, WebhookDeliverySid};
use serde::{Deserialize, Serialize};
use store::{Batch, Index, IndexValue, Kind, Lease, NewDocument};

use crate::client::Attempt;
use crate::delivery::{Head, Method, Parameters};
use crate::limits::LOGGED_PARAMETERS;
use crate::url::WebhookUrl;

/// The index entry by which the deliveries about a resource are found.
pub const BY_RESOURCE: &str = "resource_sid";

/// The index entry by which deliveries that are not [`DeliveryOutcome::Delivered`] are found.
pub const BY_OUTCOME: &str = "outcome";

/// The kind of the log's rows; they live in the account's scope.
#[derive(Debug)]
pub enum WebhookDelivery {}

impl Kind for WebhookDelivery {
    const NAME: &'static str = "webhook_delivery";
    type Sid = WebhookDeliverySid;
    type Facts = DeliveryFacts;
    type Content = ();
}

/// What became of a webhook.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum DeliveryOutcome {
    /// The server took it.
    Delivered,
    /// It is over, with an alert.
    Failed,
    /// The destination does not answer: it is tried again.
    Waiting,
}

impl DeliveryOutcome {
    /// The words on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Delivered => "delivered",
            Self::Failed => "failed",
            Self::Waiting => "waiting",
        }
    }
}

/// One attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AttemptFacts {
    /// The HTTP status of the answer, if there was one.
    #[serde(rename = "s", default, skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// Why there was none, as the number of an alert.
    #[serde(rename = "e", default, skip_serializing_if = "Option::is_none")]
    pub error_code: Option<u32>,
    /// How long it took, in milliseconds.
    #[serde(rename = "t")]
    pub duration_ms: u64,
}

/// One row. The names are short on disk, because there is one row per webhook.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeliveryFacts {
    /// What became of it.
    #[serde(rename = "o")]
    pub outcome: DeliveryOutcome,
    /// The resource it is about.
    #[serde(rename = "r")]
    pub resource_sid: String,
    /// What happened, as webhooks name it.
    #[serde(rename = "v")]
    pub event: String,
    /// How the URL was called.
    #[serde(rename = "m")]
    pub method: Method,
    /// Where; userinfo and the query's values are masked. Empty when the configured text is no URL.
    #[serde(rename = "u")]
    pub url: String,
    /// The number of the alert that a failure has, or that waiting may end with.
    #[serde(rename = "e", default, skip_serializing_if = "Option::is_none")]
    pub error_code: Option<u32>,
    /// Which run of the job it is, from 1.
    #[serde(rename = "n")]
    pub run: u32,
    /// What every attempt of every run carries, so that the receiver can drop repeats.
    #[serde(rename = "i")]
    pub idempotency_token: String,
    /// The names of the parameters that were sent.
    #[serde(rename = "p", default, skip_serializing_if = "Vec::is_empty")]
    pub parameters: Vec<String>,
    /// The attempts of this run, in order; none when it was ended without one.
    #[serde(rename = "a", default, skip_serializing_if = "Vec::is_empty")]
    pub attempts: Vec<AttemptFacts>,
}

/// What a run of a job did.
#[derive(Default)]
pub(crate) struct Run {
    pub(crate) parameters: Vec<String>,
    pub(crate) attempts: Vec<Attempt>,
}

impl Run {
    /// Keeps the names of what is sent.
    pub(crate) fn sends(&mut self, parameters: &Parameters) {
        self.parameters = parameters.iter().take(LOGGED_PARAMETERS).map(|(name, _)| name.clone()).collect();
    }
}

/// Adds a row to a batch, whose scope is the account's.
pub(crate) fn write(
    batch: &mut Batch,
    (sid, now): (WebhookDeliverySid, Timestamp),
    lease: &Lease,
    head: &Head<'_>,
    (outcome, error_code): (DeliveryOutcome, Option<u32>),
    run: Run,
) {
    let mut index = vec![plain(BY_RESOURCE, head.resource_sid)];
    if outcome != DeliveryOutcome::Delivered {
        index.push(plain(BY_OUTCOME, outcome.as_str()));
    }
    batch.insert::<WebhookDelivery>(NewDocument {
        sid,
        parent: None,
        created_at: now,
        event_at: None,
        facts: DeliveryFacts {
            outcome,
            resource_sid: head.resource_sid.to_owned(),
            event: head.event.to_owned(),
            method: head.method,
            url: WebhookUrl::parse(head.url).map(|url| url.masked()).unwrap_or_default(),
            error_code,
            run: lease.attempts,
            idempotency_token: lease.id.clone(),
            parameters: run.parameters,
            attempts: run.attempts.iter().map(attempt).collect(),
        },
        content: None,
        index,
    });
}

fn attempt(attempt: &Attempt) -> AttemptFacts {
    AttemptFacts {
        status: attempt.status.ok(),
        error_code: attempt.status.err().map(crate::SendError::alert_code),
        duration_ms: milliseconds(attempt.elapsed),
    }
}

fn milliseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

fn plain(key: &'static str, value: &str) -> Index {
    Index { key, value: IndexValue::Plain(value.to_owned()) }
}

/// A fresh SID for a row.
pub(crate) fn sid(random: &dyn base::Random) -> WebhookDeliverySid {
    WebhookDeliverySid::generate(random)
}
