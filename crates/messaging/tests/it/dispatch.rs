//! From the queue to the carrier and back: states, callbacks, retries, and the guard asked again.

use std::time::Duration;

use auth::{AccountStatus, Agreement};
use messaging::carrier::Receipt;
use store::{Query, Scope};
use webhooks::signature;

use crate::site::{API, OWN, PATIENT, Site, Step, edit_account, eventually, message_path, sid};

/// What the callbacks said, in order.
fn told(site: &Site) -> Vec<String> {
    site.sink.requests().iter().map(|request| request.parameter("MessageStatus").expect("a status")).collect()
}

#[tokio::test]
async fn a_message_is_queued_sent_and_delivered() {
    let site = Site::start().await;
    let owner = &site.app.owner;
    let callback = site.sink.url("/status?t=1");
    let message = site.accepted(owner, "Hello", &[("StatusCallback", &callback)]).await;
    let sent = site.wait_status(owner, message, "sent").await;
    assert_eq!(sent["date_sent"], "Thu, 15 Jan 2026 12:00:00 +0000");
    site.requests(2).await;
    site.receipt(owner, message, Receipt::Delivered).await;
    let delivered = site.fetch(owner, message).await;
    assert_eq!(
        (&delivered["status"], &delivered["body"], &delivered["to"]),
        (&"delivered".into(), &"Hello".into(), &PATIENT.into())
    );

    let requests = site.requests(3).await;
    assert_eq!(told(&site), ["queued", "sent", "delivered"]);
    for request in &requests {
        assert_eq!((request.method.as_str(), request.path.as_str()), ("POST", "/status?t=1"));
        let signed = request.headers.get(signature::HEADER).expect("a signature").to_str().expect("text");
        assert!(signature::validate(owner.token.reveal(), &callback, &request.form(), signed));
        assert!(!signature::validate("another token", &callback, &request.form(), signed));
        for (name, value) in [("MessageSid", message.to_string()), ("AccountSid", owner.sid.to_string())] {
            assert_eq!(request.parameter(name), Some(value));
        }
        assert_eq!(request.parameter("To").as_deref(), Some(PATIENT));
        assert_eq!(request.parameter("From").as_deref(), Some(OWN));
        assert_eq!(request.parameter("Body"), None);
    }
    site.settle().await;
    let taken = site.carrier.taken();
    assert_eq!(taken.len(), 1);
    assert_eq!(
        (taken[0].from.as_str(), taken[0].to.as_str(), taken[0].body.as_str()),
        (OWN, PATIENT, "Hello")
    );
    assert_eq!((taken[0].reference.message, taken[0].segments), (message, 1));
    assert_eq!(taken[0].valid_until, site.app.now().plus(messaging::limits::DEFAULT_VALIDITY));

    // Each step stands in the ledger, and nothing went out before its entry.
    let actions: Vec<String> =
        site.app.ledger_actions(owner.scope()).await.into_iter().map(|entry| entry.act).collect();
    let count = |name: &str| actions.iter().filter(|action| *action == name).count();
    for (action, times) in
        [("create_message", 1), ("hand_to_carrier", 1), ("record_receipt", 1), ("deliver_webhook", 3)]
    {
        assert_eq!(count(action), times, "{action}");
    }
}

#[tokio::test]
async fn the_ledger_has_the_entry_when_the_carrier_is_called() {
    let site = Site::start().await;
    let owner = &site.app.owner;
    site.carrier.script(&[Step::Hold]);
    let message = site.accepted(owner, "Hello", &[]).await;
    site.handed(1).await;
    let entries = site.app.ledger_actions(owner.scope()).await;
    let entry = entries.iter().find(|entry| entry.act == "hand_to_carrier").expect("the entry comes first");
    assert_eq!(
        (entry.who.as_str(), entry.why.as_str(), entry.what.clone()),
        ("system", "carriage", vec![message.to_string()])
    );
    assert_eq!(site.fetch(owner, message).await["status"], "sending");
    site.carrier.release();
    site.wait_status(owner, message, "sent").await;
}

#[tokio::test]
async fn an_undelivered_message_has_its_code() {
    let site = Site::start().await;
    let owner = &site.app.owner;
    let message = site.accepted(owner, "Hello", &[("StatusCallback", &site.sink.url("/status"))]).await;
    site.wait_status(owner, message, "sent").await;
    site.receipt(owner, message, Receipt::Undelivered(30005)).await;
    // What comes late or twice leads nowhere.
    site.receipt(owner, message, Receipt::Delivered).await;
    site.receipt(owner, message, Receipt::Undelivered(30003)).await;
    let ended = site.fetch(owner, message).await;
    assert_eq!((&ended["status"], &ended["error_code"]), (&"undelivered".into(), &30005.into()));
    let requests = site.requests(3).await;
    assert_eq!(told(&site), ["queued", "sent", "undelivered"]);
    assert_eq!(requests[2].parameter("ErrorCode").as_deref(), Some("30005"));
}

#[tokio::test]
async fn a_rejected_message_fails_with_its_code() {
    let site = Site::start().await;
    let owner = &site.app.owner;
    site.carrier.script(&[Step::Reject(30007)]);
    let message = site.accepted(owner, "Hello", &[("StatusCallback", &site.sink.url("/status"))]).await;
    let failed = site.wait_status(owner, message, "failed").await;
    assert_eq!(failed["error_code"], 30007);
    let requests = site.requests(2).await;
    assert_eq!(told(&site), ["queued", "failed"]);
    assert_eq!(requests[1].parameter("ErrorCode").as_deref(), Some("30007"));
    site.settle().await;
    assert_eq!(site.carrier.taken().len(), 1);
}

#[tokio::test]
async fn a_busy_carrier_is_asked_again_with_the_same_reference() {
    let site = Site::start().await;
    let owner = &site.app.owner;
    site.carrier.script(&[Step::Busy, Step::Busy]);
    let message = site.accepted(owner, "Hello", &[("StatusCallback", &site.sink.url("/status"))]).await;
    for attempt in 1..=2 {
        site.handed(attempt).await;
        // The job waits for its time, which does not come by itself.
        eventually("the job is put back", async || {
            let next = site.app.services.store.jobs().next_due("messages.send").await.expect("readable");
            next.is_some_and(|due| due > site.app.now() && due < site.app.now().plus(jobs::limits::LEASE))
        })
        .await;
        assert_eq!(site.carrier.taken().len(), attempt);
        assert_eq!(site.fetch(owner, message).await["status"], "sending");
        site.app.advance(jobs::backoff(2));
    }
    site.wait_status(owner, message, "sent").await;
    let taken = site.handed(3).await;
    assert!(taken.iter().all(|again| again.reference == taken[0].reference));
    assert_eq!((taken[0].reference.account, taken[0].reference.message), (owner.sid, message));
    site.requests(2).await;
    assert_eq!(told(&site), ["queued", "sent"]);
}

#[tokio::test]
async fn messages_of_one_conversation_stay_in_order() {
    let site = Site::start().await;
    let owner = &site.app.owner;
    site.carrier.script(&[Step::Busy]);
    let first = site.accepted(owner, "1", &[]).await;
    site.handed(1).await;
    for body in ["2", "3"] {
        site.accepted(owner, body, &[]).await;
    }
    site.app.advance(Duration::from_secs(5));
    let taken = site.handed(4).await;
    assert_eq!(taken.iter().map(|taken| taken.body.as_str()).collect::<Vec<_>>(), ["1", "1", "2", "3"]);
    site.wait_status(owner, first, "sent").await;
}

#[tokio::test]
async fn an_expired_message_is_not_sent() {
    let mut site = Site::idle().await;
    let message = site.accepted(&site.app.owner, "Hello", &[("ValidityPeriod", "60")]).await;
    let other = site.accepted(&site.app.owner, "Hello", &[("ValidityPeriod", "62")]).await;
    site.app.advance(Duration::from_secs(61));
    site.run();
    let failed = site.wait_status(&site.app.owner, message, "failed").await;
    assert_eq!(failed["error_code"], 30036);
    site.wait_status(&site.app.owner, other, "sent").await;
    assert_eq!(site.carrier.taken().len(), 1);
}

#[tokio::test]
async fn a_scheduled_message_is_sent_at_its_time() {
    let site = Site::start().await;
    let owner = &site.app.owner;
    let later = site.scheduled(owner, "later", &[]).await;
    // One for later holds up nothing of the same conversation.
    let now = site.accepted(owner, "now", &[]).await;
    site.wait_status(owner, now, "sent").await;
    assert_eq!(site.fetch(owner, later).await["status"], "scheduled");
    site.app.advance(Duration::from_secs(3_599));
    let between = site.accepted(owner, "between", &[]).await;
    site.wait_status(owner, between, "sent").await;
    assert_eq!(site.fetch(owner, later).await["status"], "scheduled");
    site.app.advance(Duration::from_secs(1));
    let sent = site.wait_status(owner, later, "sent").await;
    assert_eq!(sent["date_sent"], "Thu, 15 Jan 2026 13:00:00 +0000");
    let taken = site.carrier.taken();
    let validity = site.app.now().plus(messaging::limits::DEFAULT_SERVICE_VALIDITY);
    assert_eq!((taken[2].body.as_str(), taken[2].valid_until), ("later", validity));
}

#[tokio::test]
async fn a_canceled_message_is_never_sent() {
    let site = Site::start().await;
    let owner = &site.app.owner;
    let callback = site.sink.url("/status");
    let message = site.scheduled(owner, "later", &[("StatusCallback", &callback)]).await;
    let path = message_path(owner, message);
    let reply = site.app.post_form(owner, API, &path, &[("Status", "canceled")]).await;
    assert_eq!(reply.assert_status(200).json["status"], "canceled");
    site.app.post_form(owner, API, &path, &[("Status", "canceled")]).await.assert_error(409, 30409);
    site.webhooks_done().await;
    site.app.advance(Duration::from_secs(3_600));
    site.settle().await;
    assert!(site.carrier.taken().is_empty());
    assert_eq!(site.fetch(owner, message).await["status"], "canceled");
    assert_eq!(told(&site), ["scheduled", "canceled"]);
}

#[tokio::test]
async fn a_suspended_account_sends_nothing() {
    let mut site = Site::idle().await;
    let message = site.accepted(&site.app.owner, "Hello", &[]).await;
    let sid = site.app.owner.sid;
    edit_account(&site.app, sid, |facts| facts.status = AccountStatus::Suspended).await;
    site.run();
    site.settle().await;
    edit_account(&site.app, sid, |facts| facts.status = AccountStatus::Active).await;
    let failed = site.fetch(&site.app.owner, message).await;
    assert_eq!((&failed["status"], &failed["error_code"]), (&"failed".into(), &30002.into()));
    assert!(site.carrier.taken().is_empty());
}

#[tokio::test]
async fn the_guard_is_asked_again_when_the_account_became_a_hipaa_project() {
    let mut site = Site::idle().await;
    site.open_countries(&["GB"]).await;
    let fields = [("To", "+442071838750"), ("From", OWN), ("Body", "canary")];
    let abroad = sid(site.post(&site.app.owner, &fields).await.assert_status(201));
    let home = site.accepted(&site.app.owner, "canary", &[]).await;
    edit_account(&site.app, site.app.owner.sid, |facts| {
        facts.designation.protected = true;
        facts.designation.phi_permitted = true;
    })
    .await;
    site.run();
    let failed = site.wait_status(&site.app.owner, abroad, "failed").await;
    assert_eq!(failed["error_code"], 21408);
    assert!(failed["error_message"].as_str().expect("text").contains("only United States numbers"));
    assert_eq!((&failed["body"], &failed["to"]), (&"".into(), &"+44207183XXXX".into()));
    site.wait_status(&site.app.owner, home, "sent").await;
    site.settle().await;
    let taken = site.carrier.taken();
    assert_eq!(taken.iter().map(|taken| taken.to.as_str()).collect::<Vec<_>>(), [PATIENT]);
    // What was accepted before ends as everything in a HIPAA project does.
    site.receipt(&site.app.owner, home, Receipt::Delivered).await;
    assert_eq!(site.fetch(&site.app.owner, home).await["body"], "");
}

#[tokio::test]
async fn the_guard_is_asked_again_when_the_agreement_ended() {
    let mut site = Site::idle().await;
    let message = site.accepted(&site.app.hipaa, "Hello", &[]).await;
    end_agreement(&site).await;
    site.run();
    let failed = site.wait_status(&site.app.hipaa, message, "failed").await;
    assert_eq!(failed["error_code"], 77058);
    assert!(site.carrier.taken().is_empty());
}

/// Ends the organization's agreement now.
pub async fn end_agreement(site: &Site) {
    let store = &site.app.services.store;
    let scope = Scope::organization(site.app.organization);
    let query = Query { limit: 1, ..Query::default() };
    let mut listed = store.scope(scope).list::<Agreement>(query).await.expect("readable");
    let mut agreement = listed.documents.pop().expect("an agreement");
    agreement.facts.expires_at = Some(site.app.now().micros());
    let mut batch = store.batch(scope);
    batch.update::<Agreement>(&agreement);
    store.commit(batch).await.expect("nobody else changes it");
}
