//! What the tests share: a simulator on a clock that stands, submissions, and the routes in a `TestApp`.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use base::{AccountSid, MessageSid, PhoneNumber, Sid, Timestamp, VirtualClock};
use messaging::Inbox;
use messaging::carrier::{Carrier, CarrierError, Receipt, Reference, Submission};
use serde_json::Value;
use sim::Simulator;
use test_kit::{Credentials, Reply, TestApp};

/// The sender of every submission.
pub(crate) const OWN: &str = "+14155550123";
/// A handset that gets what is sent to it.
pub(crate) const PATIENT: &str = "+14155552671";

pub(crate) fn simulator() -> Simulator {
    let noon = Timestamp::parse_iso8601("2026-01-15T12:00:00Z").unwrap();
    Simulator::new(Arc::new(VirtualClock::standing_at(noon)))
}

pub(crate) fn account(number: u8) -> AccountSid {
    AccountSid::from_bytes([number; 16])
}

/// A message that was not submitted before.
pub(crate) fn fresh(account: AccountSid) -> Reference {
    static NEXT: AtomicU64 = AtomicU64::new(1);
    let number = u128::from(NEXT.fetch_add(1, Ordering::Relaxed));
    Reference { account, message: MessageSid::from_bytes(number.to_be_bytes()) }
}

pub(crate) async fn submit(
    simulator: &Simulator,
    reference: Reference,
    to: &str,
    body: &str,
) -> Result<(), CarrierError> {
    submit_until(simulator, reference, to, body, Duration::from_secs(4 * 3_600)).await
}

pub(crate) async fn submit_until(
    simulator: &Simulator,
    reference: Reference,
    to: &str,
    body: &str,
    validity: Duration,
) -> Result<(), CarrierError> {
    let valid_until = simulator.now().plus(validity);
    let (from, to, body) = (OWN.to_owned(), to.to_owned(), body.to_owned());
    simulator
        .submit(Submission {
            reference,
            from,
            to,
            body,
            segments: 1,
            media: Vec::new(),
            is_mms: false,
            valid_until,
            private_path: false,
            register: None,
        })
        .await
}

/// How many messages are on a handset.
pub(crate) fn shown(simulator: &Simulator, to: &str) -> usize {
    simulator.messages(&PhoneNumber::parse(to).unwrap()).len()
}

/// Every receipt that is due now, as the inbox would be told it.
pub(crate) async fn due(simulator: &Simulator) -> Vec<(Reference, Receipt)> {
    let told = std::sync::Mutex::new(Vec::new());
    simulator
        .give_due(|reference, receipt| {
            told.lock().unwrap().push((reference, receipt));
            std::future::ready(Ok(()))
        })
        .await;
    told.into_inner().unwrap()
}

/// A platform that serves the simulator's routes.
pub(crate) struct Platform {
    pub(crate) app: TestApp,
    pub(crate) simulator: Simulator,
}

impl Platform {
    pub(crate) async fn start() -> Self {
        let simulator = simulator();
        let carrier = simulator.clone();
        let app = TestApp::start(move |services| {
            let numbers = messaging::number_routes(Arc::clone(&services));
            vec![sim::routes(Arc::clone(&services), carrier, Inbox::new(services)).merge(numbers)]
        })
        .await;
        Self { app, simulator }
    }

    pub(crate) async fn get(&self, who: impl AsRef<Credentials>, path: &str) -> Reply {
        self.app.get(who, "switchward", &format!("/switchward/v1/simulator/{path}")).await
    }

    pub(crate) async fn post(&self, who: impl AsRef<Credentials>, path: &str, json: Value) -> Reply {
        let path = format!("/switchward/v1/simulator/{path}");
        let body = serde_json::to_vec(&json).unwrap();
        self.app.post_raw(who, "switchward", &path, body, "application/json").await
    }

    pub(crate) async fn delete(&self, who: impl AsRef<Credentials>, path: &str) -> Reply {
        self.app.delete(who, "switchward", &format!("/switchward/v1/simulator/{path}")).await
    }
}
