//! Feedback on messages, and messages that are scheduled with a service.

use std::time::Duration;

use base::MessageSid;
use messaging::carrier::Receipt;
use store::{Kind, Query};
use test_kit::{Reply, TestAccount};

use crate::site::{API, OWN, PATIENT, Site, message_path, sid};

/// The documents of feedback, seen from outside of the crate.
#[derive(Debug)]
enum Feedback {}

impl Kind for Feedback {
    const NAME: &'static str = "message-feedback";
    type Sid = MessageSid;
    type Facts = serde_json::Value;
    type Content = ();
}

async fn say(
    site: &Site,
    account: &TestAccount,
    message: base::MessageSid,
    fields: &[(&str, &str)],
) -> Reply {
    let path = message_path(account, message).replace(".json", "/Feedback.json");
    site.app.post_form(account, API, &path, fields).await
}

#[tokio::test]
async fn feedback_is_kept_and_the_last_word_counts() {
    let site = Site::idle().await;
    let owner = &site.app.owner;
    let message = site.accepted(owner, "Hello", &[("ProvideFeedback", "true")]).await;
    let first = say(&site, owner, message, &[("Outcome", "unconfirmed")]).await;
    let expected = |outcome: &str| {
        let uri = message_path(owner, message).replace(".json", "/Feedback.json");
        serde_json::json!({
            "account_sid": owner.sid.to_string(),
            "message_sid": message.to_string(),
            "outcome": outcome,
            "date_created": "Thu, 15 Jan 2026 12:00:00 +0000",
            "date_updated": "Thu, 15 Jan 2026 12:00:00 +0000",
            "uri": uri,
        })
    };
    assert_eq!(first.assert_status(200).json, expected("unconfirmed"));
    assert_eq!(say(&site, owner, message, &[]).await.assert_status(200).json, expected("confirmed"));
    say(&site, owner, message, &[("Outcome", "perhaps")]).await.assert_error(400, 20001);
    let theirs = message_path(&site.app.other, message).replace(".json", "/Feedback.json");
    site.app.post_form(&site.app.other, API, &theirs, &[]).await.assert_error(404, 20404);
}

#[tokio::test]
async fn feedback_is_taken_after_redaction_and_deleted_with_its_message() {
    let site = Site::start().await;
    let hipaa = &site.app.hipaa;
    let message = site.accepted(hipaa, "Hello", &[]).await;
    site.wait_status(hipaa, message, "sent").await;
    say(&site, hipaa, message, &[("Outcome", "unconfirmed")]).await.assert_status(200);
    site.receipt(hipaa, message, Receipt::Delivered).await;
    assert_eq!(site.fetch(hipaa, message).await["body"], "");
    say(&site, hipaa, message, &[]).await.assert_status(200);
    let kept = async || {
        let scoped = site.app.services.store.scope(hipaa.scope());
        scoped
            .list::<Feedback>(Query { limit: 10, ..Query::default() })
            .await
            .expect("readable")
            .documents
            .len()
    };
    assert_eq!(kept().await, 1);
    site.app.delete(hipaa, API, &message_path(hipaa, message)).await.assert_status(204);
    // Not merely out of reach: it is gone.
    assert_eq!(kept().await, 0);
    say(&site, hipaa, message, &[]).await.assert_error(404, 20404);
}

#[tokio::test]
async fn a_time_less_than_15_minutes_or_more_than_35_days_ahead_is_refused() {
    let site = Site::idle().await;
    let owner = &site.app.owner;
    let service = site.service_with(owner, &[OWN], &[]).await;
    for (at, status) in [
        ("2026-01-15T12:14:59Z", 400),
        ("2026-01-15T12:15:00Z", 201),
        ("2026-02-19T12:00:00Z", 201),
        ("2026-02-19T12:00:01Z", 400),
        ("tomorrow", 400),
    ] {
        let reply =
            site.send_with(owner, &service, PATIENT, &[("ScheduleType", "fixed"), ("SendAt", at)]).await;
        assert_eq!((reply.status, reply.code()), (status, (status == 400).then_some(35_114)), "{at}");
    }
}

#[tokio::test]
async fn a_scheduled_message_of_a_service_outlives_a_restart() {
    let mut site = Site::start().await;
    let owner = site.app.owner.clone();
    let service = site.service_with(&owner, &[OWN], &[]).await;
    let later = [("ScheduleType", "fixed"), ("SendAt", "2026-02-14T12:00:00Z")];
    let message = sid(&site.send_with(&owner, &service, PATIENT, &later).await);
    let canceled = sid(&site.send_with(&owner, &service, PATIENT, &later).await);
    let path = message_path(&owner, canceled);
    site.app.post_form(&owner, API, &path, &[("Status", "canceled")]).await.assert_status(200);
    site.stop().await;
    site.app.advance(Duration::from_secs(30 * 86_400 - 3_600));
    site.run();
    site.settle().await;
    assert_eq!(site.fetch(&owner, message).await["status"], "scheduled");
    assert!(site.carrier.taken().is_empty());
    site.stop().await;
    site.app.advance(Duration::from_secs(3_600));
    site.run();
    let sent = site.wait_status(&owner, message, "sent").await;
    assert_eq!((&sent["date_sent"], &sent["from"]), (&"Sat, 14 Feb 2026 12:00:00 +0000".into(), &OWN.into()));
    site.settle().await;
    assert_eq!(site.carrier.taken().len(), 1);
    assert_eq!(site.fetch(&owner, canceled).await["status"], "canceled");
}
