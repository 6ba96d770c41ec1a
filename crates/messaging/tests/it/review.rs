//! Ends that are easy to forget: what waits when a number, an account or a designation changes under it.

use std::time::Duration;

use auth::AccountStatus;
use messaging::carrier::Receipt;
use test_kit::{SinkReply, TestAccount};

use crate::redaction::CANARY;
use crate::site::{API, MASKED, Site, edit_account, message_path};

/// Gives the account's only number back.
async fn give_number_back(site: &Site, account: &TestAccount) {
    let list = format!("/2010-04-01/Accounts/{}/IncomingPhoneNumbers.json", account.sid);
    let numbers = site.app.get(account, API, &list).await;
    let number = numbers.json["incoming_phone_numbers"][0]["sid"].as_str().expect("a number").to_owned();
    let path = format!("/2010-04-01/Accounts/{}/IncomingPhoneNumbers/{number}.json", account.sid);
    site.app.delete(account, API, &path).await.assert_status(204);
}

async fn make_project(site: &Site, account: &TestAccount) {
    edit_account(&site.app, account.sid, |facts| {
        facts.designation.protected = true;
        facts.designation.phi_permitted = true;
    })
    .await;
}

#[tokio::test]
async fn nothing_is_sent_from_a_number_that_was_given_back() {
    let mut site = Site::idle().await;
    let message = site.accepted(&site.app.owner, "Hello", &[]).await;
    give_number_back(&site, &site.app.owner).await;
    site.run();
    let failed = site.wait_status(&site.app.owner, message, "failed").await;
    assert_eq!(failed["error_code"], 21606);
    assert!(site.carrier.taken().is_empty());
}

#[tokio::test]
async fn what_came_in_is_redacted_when_its_number_is_gone_before_its_webhook_is_asked() {
    let mut site = Site::idle().await;
    site.configure(&site.app.hipaa, &[("SmsUrl", &site.sink.url("/sms"))]).await.assert_status(200);
    let message = site.arrive(&site.app.hipaa, CANARY).await;
    give_number_back(&site, &site.app.hipaa).await;
    site.run();
    site.settle().await;
    let shown = site.fetch(&site.app.hipaa, message).await;
    assert_eq!((&shown["body"], &shown["from"]), (&"".into(), &MASKED.into()));
    assert!(site.sink.requests().is_empty());
}

#[tokio::test]
async fn the_webhook_of_an_account_that_was_suspended_meanwhile_is_not_asked() {
    let mut site = Site::idle().await;
    site.configure(&site.app.hipaa, &[("SmsUrl", &site.sink.url("/sms"))]).await.assert_status(200);
    let message = site.arrive(&site.app.hipaa, CANARY).await;
    let sid = site.app.hipaa.sid;
    edit_account(&site.app, sid, |facts| facts.status = AccountStatus::Suspended).await;
    site.run();
    site.settle().await;
    edit_account(&site.app, sid, |facts| facts.status = AccountStatus::Active).await;
    assert_eq!(site.fetch(&site.app.hipaa, message).await["body"], "");
    assert!(site.sink.requests().is_empty());
}

#[tokio::test]
async fn what_was_sent_before_the_designation_is_redacted_by_its_receipt() {
    let site = Site::start().await;
    let owner = &site.app.owner;
    let message = site.accepted(owner, CANARY, &[]).await;
    site.wait_status(owner, message, "sent").await;
    make_project(&site, owner).await;
    site.receipt(owner, message, Receipt::Delivered).await;
    let shown = site.fetch(owner, message).await;
    assert_eq!((&shown["body"], &shown["to"]), (&"".into(), &MASKED.into()));
}

#[tokio::test]
async fn what_was_scheduled_before_the_designation_is_redacted_when_it_is_canceled() {
    let site = Site::start().await;
    let owner = &site.app.owner;
    let message = site.scheduled(owner, CANARY, &[]).await;
    make_project(&site, owner).await;
    let path = message_path(owner, message);
    let reply = site.app.post_form(owner, API, &path, &[("Status", "canceled")]).await;
    let shown = reply.assert_status(200).json.clone();
    assert_eq!((&shown["body"], &shown["to"]), (&"".into(), &MASKED.into()));
}

#[tokio::test]
async fn sms_redact_1__refuses_a_text_that_would_wait_longer_than_four_hours() {
    let site = Site::start().await;
    let hipaa = &site.app.hipaa;
    let reply = site.send(hipaa, CANARY, &[("ValidityPeriod", "14401")]).await;
    assert_eq!(reply.assert_error(400, 20001).rule(), Some("SMS-REDACT-1"));
    let message = site.accepted(hipaa, CANARY, &[("ValidityPeriod", "14400")]).await;
    site.wait_status(hipaa, message, "sent").await;
    site.app.advance(Duration::from_secs(4 * 3_600));
    site.settle().await;
    let shown = site.fetch(hipaa, message).await;
    assert_eq!(
        (&shown["status"], &shown["body"], &shown["to"]),
        (&"sent".into(), &"".into(), &MASKED.into())
    );
}

#[tokio::test]
async fn the_fallback_is_not_told_the_password_of_the_first_webhook() {
    let site = Site::start().await;
    let owner = &site.app.owner;
    let secret = format!("{}?t=1", site.sink.url("/sms")).replacen("https://", "https://user:secret@", 1);
    let fields = [("SmsUrl", secret.as_str()), ("SmsFallbackUrl", &site.sink.url("/fallback"))];
    site.configure(owner, &fields).await.assert_status(200);
    site.sink.answer("/sms", SinkReply::status(503));
    site.sink.answer("/sms?t=1", SinkReply::status(503));
    site.arrive(owner, "Hello").await;
    let request = site.requests(2).await.remove(1);
    assert_eq!(request.path, "/fallback");
    assert_eq!(request.parameter("ErrorUrl"), Some(site.sink.url("/sms")));
}
