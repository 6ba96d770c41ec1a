//! Hand-overs of which nobody knows whether they happened: never twice.

use std::time::Duration;

use crate::inbound::{report, report_of};
use crate::mmsc::Step;
use crate::site::{OWN, PATIENT, Site, eventually};

/// A message that the MMSC has read, and whose answer was lost.
async fn lost(site: &Site, step: Step) -> base::MessageSid {
    let before = site.mmsc.seen().len();
    site.mmsc.script(&[step]);
    let sid = site.send("Look").await;
    eventually("the MMSC has read it", async || site.mmsc.seen().len() > before).await;
    site.quiet().await;
    sid
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_whose_answer_was_lost_is_never_handed_over_again() {
    for step in [Step::Break, Step::Http(502, "bad gateway"), Step::Http(200, "<html/>")] {
        let site = Site::start().await;
        let sid = lost(&site, step).await;
        for _ in 0..8 {
            site.pass(Duration::from_secs(1_800)).await;
        }
        site.pass(Duration::from_secs(3_600)).await;
        assert_eq!(site.wait(sid, "failed").await["error_code"], 30_036);
        assert_eq!(site.mmsc.seen().len(), 1);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_report_shows_that_it_was_taken_after_all() {
    let site = Site::start().await;
    let sid = lost(&site, Step::Break).await;
    // About another pair: nobody's.
    let other = report_of("m-7", "Retrieved", OWN, "+14155550178");
    assert!(site.tell("text/xml", other).await.text.contains("<StatusCode>2005<"));
    site.tell("text/xml", report("m-7", "Retrieved")).await.assert_status(200);
    site.wait(sid, "delivered").await;
    site.pass(Duration::from_secs(600)).await;
    assert_eq!(site.mmsc.seen().len(), 1);
    // Later reports of the same name are its own.
    let again = site.tell("text/xml", report("m-7", "Expired")).await;
    assert!(again.assert_status(200).text.contains("<StatusCode>1000<"));
    assert_eq!(site.fetch(&site.app.owner, sid).await["status"], "delivered");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_report_that_could_be_about_two_is_to_be_told_again() {
    let site = Site::start().await;
    let first = lost(&site, Step::Break).await;
    // One of a pair waits behind the other, so the first one has to end.
    site.pass(Duration::from_secs(4 * 3_600 + 1)).await;
    site.wait(first, "failed").await;
    let second = lost(&site, Step::Break).await;
    let told = site.tell("text/xml", report("m-7", "Retrieved")).await;
    assert!(told.assert_status(503).text.contains("<StatusCode>4006<"));
    assert_eq!(told.headers["retry-after"], "5");
    assert_eq!(site.fetch(&site.app.owner, second).await["status"], "sending");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_that_was_taken_without_a_name_is_found_by_its_pair() {
    let site = Site::start().await;
    site.mmsc.script(&[Step::Take("")]);
    let sid = site.send("Look").await;
    site.wait(sid, "sent").await;
    site.tell("text/xml", report_of("m-9", "Rejected", OWN, PATIENT)).await.assert_status(200);
    assert_eq!(site.wait(sid, "undelivered").await["error_code"], 30_004);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_remembered_goes_after_three_days() {
    let site = Site::start().await;
    let sid = site.send("Look").await;
    site.wait(sid, "sent").await;
    site.pass(Duration::from_secs(3 * 86_400 + 1)).await;
    eventually("it is gone", async || site.app.services.store.jobs().depth("mm7.clear").await.unwrap() == 0)
        .await;
    let late = site.tell("text/xml", report("m-1", "Retrieved")).await;
    assert!(late.text.contains("<StatusCode>2005<"));
    assert_eq!(site.fetch(&site.app.owner, sid).await["status"], "sent");
}
