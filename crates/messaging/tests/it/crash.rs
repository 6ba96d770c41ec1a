//! When the process dies between the carrier and the database: one end, one reference, nothing lost.

use jobs::limits::LEASE;
use messaging::carrier::Receipt;

use crate::site::{Site, Step};

fn told(site: &Site) -> Vec<String> {
    site.sink.requests().iter().map(|request| request.parameter("MessageStatus").expect("a status")).collect()
}

#[tokio::test]
async fn a_message_survives_a_crash_after_the_carrier_took_it() {
    let site = Site::start().await;
    let owner = &site.app.owner;
    site.carrier.script(&[Step::Die]);
    let message = site.accepted(owner, "Hello", &[("StatusCallback", &site.sink.url("/status"))]).await;
    site.handed(1).await;
    assert_eq!(site.fetch(owner, message).await["status"], "sending");
    site.webhooks_done().await;
    site.app.advance(LEASE);
    site.wait_status(owner, message, "sent").await;
    site.receipt(owner, message, Receipt::Delivered).await;
    site.receipt(owner, message, Receipt::Delivered).await;
    site.requests(3).await;
    site.settle().await;
    let taken = site.carrier.taken();
    assert_eq!(taken.len(), 2);
    assert_eq!(taken[0].reference, taken[1].reference);
    assert_eq!(told(&site), ["queued", "sent", "delivered"]);
}

#[tokio::test]
async fn a_receipt_may_come_before_the_carrier_has_answered() {
    let site = Site::start().await;
    let owner = &site.app.owner;
    site.carrier.script(&[Step::Hold]);
    let message = site.accepted(owner, "Hello", &[("StatusCallback", &site.sink.url("/status"))]).await;
    site.handed(1).await;
    site.receipt(owner, message, Receipt::Delivered).await;
    site.carrier.release();
    site.settle().await;
    let delivered = site.fetch(owner, message).await;
    assert_eq!(delivered["status"], "delivered");
    assert!(delivered["date_sent"].is_string());
    assert_eq!(told(&site), ["queued", "delivered"]);
    assert_eq!(site.carrier.taken().len(), 1);
}

#[tokio::test]
async fn an_answer_that_comes_after_the_lease_changes_nothing() {
    let site = Site::start().await;
    let owner = &site.app.owner;
    site.carrier.script(&[Step::Hold, Step::Take]);
    let message = site.accepted(owner, "Hello", &[("StatusCallback", &site.sink.url("/status"))]).await;
    site.handed(1).await;
    site.webhooks_done().await;
    site.app.advance(LEASE);
    let taken = site.handed(2).await;
    site.wait_status(owner, message, "sent").await;
    site.receipt(owner, message, Receipt::Delivered).await;
    site.carrier.release();
    site.requests(3).await;
    site.settle().await;
    assert_eq!(site.fetch(owner, message).await["status"], "delivered");
    assert_eq!(taken[0].reference, taken[1].reference);
    assert_eq!(told(&site), ["queued", "sent", "delivered"]);
}

#[tokio::test]
async fn a_receipt_after_a_crash_ends_the_job_without_another_submission() {
    let site = Site::start().await;
    let owner = &site.app.owner;
    site.carrier.script(&[Step::Die]);
    let message = site.accepted(owner, "Hello", &[]).await;
    site.handed(1).await;
    site.receipt(owner, message, Receipt::Delivered).await;
    site.webhooks_done().await;
    site.app.advance(LEASE);
    site.settle().await;
    assert_eq!(site.fetch(owner, message).await["status"], "delivered");
    assert_eq!(site.carrier.taken().len(), 1);
}

#[tokio::test]
async fn accepted_messages_wait_for_workers_that_stop_and_start() {
    let mut site = Site::start().await;
    site.stop().await;
    let message = site.accepted(&site.app.owner, "Hello", &[]).await;
    assert!(site.carrier.taken().is_empty());
    site.run();
    site.wait_status(&site.app.owner, message, "sent").await;
    assert_eq!(site.carrier.taken().len(), 1);
}
