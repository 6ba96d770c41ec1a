//! What remains of a message in a HIPAA project once it is over: its state, and nothing of the person.

use std::time::Duration;

use messaging::carrier::Receipt;
use test_kit::contains_bytes;

use crate::site::{API, CLINIC, MASKED, PATIENT, Site, Step, message_path};

/// A text that stands nowhere else.
pub const CANARY: &str = "canary-7f3a appointment";

/// Holds that neither the text nor the number is in any file, and that looking finds what is there.
pub fn assert_no_trace(site: &Site) {
    for needle in [CANARY, PATIENT, &PATIENT[1..], "4155550177"] {
        assert!(!contains_bytes(site.app.data_dir(), needle.as_bytes()), "{needle} is on disk");
    }
    let control = site.app.hipaa.sid.to_string();
    assert!(contains_bytes(site.app.data_dir(), control.as_bytes()), "SIDs are on disk in the clear");
    std::fs::write(site.app.data_dir().join("control"), CANARY).expect("a file");
    assert!(contains_bytes(site.app.data_dir(), CANARY.as_bytes()));
    std::fs::remove_file(site.app.data_dir().join("control")).expect("a file");
}

#[tokio::test]
async fn a_delivered_message_keeps_neither_text_nor_number() {
    let site = Site::start().await;
    let hipaa = &site.app.hipaa;
    let message = site.accepted(hipaa, CANARY, &[("StatusCallback", &site.sink.url("/status"))]).await;
    let sent = site.wait_status(hipaa, message, "sent").await;
    assert_eq!((&sent["body"], &sent["to"]), (&CANARY.into(), &PATIENT.into()));
    assert_no_trace(&site);
    site.receipt(hipaa, message, Receipt::Delivered).await;
    let requests = site.requests(3).await;
    assert!(requests.iter().all(|request| request.parameter("To").as_deref() == Some(PATIENT)));
    site.settle().await;

    let list = format!("/2010-04-01/Accounts/{}/Messages.json", hipaa.sid);
    let list = site.app.get(hipaa, API, &list).await.json;
    for shown in [&site.fetch(hipaa, message).await, &list["messages"][0]] {
        assert_eq!(
            (&shown["status"], &shown["body"], &shown["to"]),
            (&"delivered".into(), &"".into(), &MASKED.into())
        );
        assert_eq!(shown["from"], CLINIC);
        assert_eq!(shown["num_segments"], "1");
    }
    assert_eq!(site.carrier.taken()[0].body, CANARY);
    assert_no_trace(&site);
}

#[tokio::test]
async fn a_redacted_message_is_still_found_by_its_number() {
    let site = Site::start().await;
    let hipaa = &site.app.hipaa;
    let message = site.accepted(hipaa, CANARY, &[]).await;
    site.wait_status(hipaa, message, "sent").await;
    site.receipt(hipaa, message, Receipt::Delivered).await;
    for (query, expected) in [("To=%2B14155550177", 1), ("To=%2B14155550178", 0)] {
        let path = format!("/2010-04-01/Accounts/{}/Messages.json?{query}", hipaa.sid);
        let rows = site.app.get(hipaa, API, &path).await.json["messages"].clone();
        assert_eq!(rows.as_array().map(Vec::len), Some(expected));
    }
}

#[tokio::test]
async fn every_end_redacts() {
    let site = Site::start().await;
    let hipaa = &site.app.hipaa;
    site.carrier.script(&[Step::Reject(30006)]);
    let failed = site.accepted(hipaa, CANARY, &[]).await;
    site.wait_status(hipaa, failed, "failed").await;
    let undelivered = site.accepted(hipaa, CANARY, &[]).await;
    site.wait_status(hipaa, undelivered, "sent").await;
    site.receipt(hipaa, undelivered, Receipt::Undelivered(30003)).await;
    let canceled = site.scheduled(hipaa, CANARY, &[]).await;
    let path = message_path(hipaa, canceled);
    site.app.post_form(hipaa, API, &path, &[("Status", "canceled")]).await.assert_status(200);
    for (message, status) in [(failed, "failed"), (undelivered, "undelivered"), (canceled, "canceled")] {
        let shown = site.fetch(hipaa, message).await;
        assert_eq!(
            (&shown["status"], &shown["body"], &shown["to"]),
            (&status.into(), &"".into(), &MASKED.into())
        );
    }
}

#[tokio::test]
async fn a_receipt_that_never_comes_does_not_keep_the_text() {
    let site = Site::start().await;
    let hipaa = &site.app.hipaa;
    let message = site.accepted(hipaa, CANARY, &[("ValidityPeriod", "600")]).await;
    site.wait_status(hipaa, message, "sent").await;
    // Long before its time, or the job would count as work of now.
    site.app.advance(Duration::from_secs(300));
    site.settle().await;
    assert_eq!(site.fetch(hipaa, message).await["body"], CANARY);
    site.app.advance(Duration::from_secs(300));
    site.settle().await;
    let shown = site.fetch(hipaa, message).await;
    assert_eq!(
        (&shown["status"], &shown["body"], &shown["to"]),
        (&"sent".into(), &"".into(), &MASKED.into())
    );
    // The receipt may still come.
    site.receipt(hipaa, message, Receipt::Delivered).await;
    assert_eq!(site.fetch(hipaa, message).await["status"], "delivered");
}

#[tokio::test]
async fn an_ordinary_account_decides_for_each_message() {
    let site = Site::start().await;
    let owner = &site.app.owner;
    for (more, body, to) in [
        (&[][..], CANARY, PATIENT),
        (&[("ContentRetention", "discard")], "", PATIENT),
        (&[("AddressRetention", "obfuscate")], CANARY, MASKED),
        (&[("ContentRetention", "retain"), ("AddressRetention", "retain")], CANARY, PATIENT),
    ] {
        let message = site.accepted(owner, CANARY, more).await;
        site.wait_status(owner, message, "sent").await;
        site.receipt(owner, message, Receipt::Delivered).await;
        let shown = site.fetch(owner, message).await;
        assert_eq!((&shown["body"], &shown["to"]), (&body.into(), &to.into()), "{more:?}");
    }
}

#[tokio::test]
async fn a_message_that_came_in_keeps_neither_text_nor_number() {
    let site = Site::start().await;
    let hipaa = &site.app.hipaa;
    let unheard = site.arrive(hipaa, CANARY).await;
    site.configure(hipaa, &[("SmsUrl", &site.sink.url("/sms"))]).await.assert_status(200);
    let heard = site.arrive(hipaa, CANARY).await;
    let requests = site.requests(1).await;
    assert_eq!(requests[0].parameter("Body").as_deref(), Some(CANARY));
    site.settle().await;
    for message in [unheard, heard] {
        let shown = site.fetch(hipaa, message).await;
        assert_eq!((&shown["direction"], &shown["status"]), (&"inbound".into(), &"received".into()));
        assert_eq!(
            (&shown["body"], &shown["from"], &shown["to"]),
            (&"".into(), &MASKED.into(), &CLINIC.into())
        );
    }
    assert_no_trace(&site);
}
