//! Outages in simulated time: what is queued survives them, is sent once, or fails when its validity is over. Nothing
//! waits for ever.
//!
//! "Once" is counted at the carrier: the messages that it answered for. Disks that fill up and processes that are
//! killed are the business of `cargo xtask faults` and `crash`, with the real program.

use std::time::Duration;

use base::MessageSid;
use messaging::limits::{DEFAULT_VALIDITY, SUBMIT_DEADLINE};

use crate::site::{PATIENT, Site, eventually, sid};

const HOUR: Duration = Duration::from_secs(3_600);
/// How far the clock moves at a time while nothing is to happen.
const STRIDE: Duration = Duration::from_secs(300);
/// Looks in a row that find nothing due: what was leased has come back meanwhile.
const QUIET_LOOKS: u32 = 8;

/// Waits until the workers have done what is to be done now.
async fn quiet(site: &Site) {
    let mut looks = 0;
    eventually("the queue is quiet", async || {
        let jobs = site.app.services.store.jobs();
        let next = jobs.next_due("messages.send").await.expect("readable");
        looks = if next.is_none_or(|due| due > site.app.now()) { looks + 1 } else { 0 };
        looks >= QUIET_LOOKS
    })
    .await;
}

/// Lets time pass, and the workers do what falls due meanwhile.
async fn pass(site: &Site, time: Duration) {
    let mut left = time;
    while !left.is_zero() {
        let stride = left.min(STRIDE);
        site.app.advance(stride);
        quiet(site).await;
        left -= stride;
    }
}

/// Messages to different patients, so that none waits behind another.
async fn accepted(site: &Site, count: usize) -> Vec<MessageSid> {
    let owner = &site.app.owner;
    let mut accepted = Vec::new();
    for index in 0..count {
        let to = format!("+1415555{:04}", 1_000 + index);
        let fields = [("To", to.as_str()), ("From", site.number_of(owner)), ("Body", "Hello")];
        accepted.push(sid(site.post(owner, &fields).await.assert_status(201)));
    }
    accepted
}

/// Holds that the carrier answered for exactly these, each once.
fn assert_each_once(site: &Site, messages: &[MessageSid]) {
    let (mut kept, mut expected) = (site.carrier.kept(), messages.to_vec());
    kept.sort_unstable_by_key(MessageSid::to_string);
    expected.sort_unstable_by_key(MessageSid::to_string);
    assert_eq!(kept, expected);
}

async fn assert_status(site: &Site, messages: &[MessageSid], status: &str, code: Option<u32>) {
    for message in messages {
        let shown = site.fetch(&site.app.owner, *message).await;
        let code = code.map_or(serde_json::Value::Null, Into::into);
        assert_eq!((&shown["status"], &shown["error_code"]), (&status.into(), &code));
    }
}

#[tokio::test]
async fn an_hour_without_the_carrier_loses_nothing_and_repeats_nothing() {
    let site = Site::start().await;
    site.carrier.set_down(true);
    let messages = accepted(&site, 5).await;
    quiet(&site).await;
    pass(&site, HOUR).await;
    assert_status(&site, &messages, "sending", None).await;
    let attempts = site.carrier.taken().len();
    assert!(
        (5 * 8..5 * 20).contains(&attempts),
        "{attempts} attempts in an hour: pauses grow and have an end"
    );
    site.carrier.set_down(false);
    // The longest pause between two attempts is a quarter of an hour.
    pass(&site, jobs::limits::LONGEST_BACKOFF).await;
    assert_status(&site, &messages, "sent", None).await;
    assert_each_once(&site, &messages);
}

#[tokio::test]
async fn a_message_whose_validity_ends_in_an_outage_fails_at_that_time() {
    let site = Site::start().await;
    let owner = &site.app.owner;
    site.carrier.set_down(true);
    let short = site.accepted(owner, "Hello", &[("ValidityPeriod", "700")]).await;
    let long = accepted(&site, 1).await;
    quiet(&site).await;
    pass(&site, Duration::from_secs(699)).await;
    assert_status(&site, &[short], "sending", None).await;
    // Its next attempt would be minutes away: it is not waited for.
    pass(&site, Duration::from_secs(2)).await;
    assert_status(&site, &[short], "failed", Some(30_036)).await;
    assert_status(&site, &long, "sending", None).await;
    pass(&site, DEFAULT_VALIDITY).await;
    assert_status(&site, &long, "failed", Some(30_036)).await;
    site.carrier.set_down(false);
    pass(&site, HOUR).await;
    assert_each_once(&site, &[]);
    site.settle().await;
    assert_eq!(site.app.services.store.jobs().depth("messages.send").await.expect("readable"), 0);
}

#[tokio::test]
async fn messages_wait_for_a_carrier_that_has_no_connection_and_are_not_even_opened() {
    let site = Site::start().await;
    site.carrier.set_unbound(true);
    let messages = accepted(&site, 3).await;
    quiet(&site).await;
    pass(&site, HOUR).await;
    // Nothing was handed over, so nothing says that it was.
    assert_status(&site, &messages, "queued", None).await;
    assert!(site.carrier.taken().is_empty());
    let opened = site.app.ledger_actions(site.app.owner.scope()).await;
    assert!(opened.iter().all(|entry| entry.act != "hand_to_carrier"));
    site.carrier.set_unbound(false);
    pass(&site, Duration::from_secs(5)).await;
    assert_status(&site, &messages, "sent", None).await;
    assert_each_once(&site, &messages);
}

#[tokio::test]
async fn without_any_carrier_messages_end_with_their_validity() {
    let mut site = Site::idle().await;
    site.run_with(None);
    let messages = accepted(&site, 2).await;
    quiet(&site).await;
    pass(&site, DEFAULT_VALIDITY).await;
    assert_status(&site, &messages, "queued", None).await;
    pass(&site, Duration::from_secs(1)).await;
    assert_status(&site, &messages, "failed", Some(30_036)).await;
}

#[tokio::test]
async fn a_clock_that_is_set_back_in_an_outage_holds_nothing_up() {
    let site = Site::start().await;
    site.carrier.set_down(true);
    let messages = accepted(&site, 3).await;
    quiet(&site).await;
    pass(&site, HOUR).await;
    site.app.set_back(HOUR * 24);
    // The runner looks every second of real time whether the clock has gone back.
    let attempts = site.carrier.taken().len();
    eventually("what waits for a time that is a day away is put forward", async || {
        let next = site.app.services.store.jobs().next_due("messages.send").await.expect("readable");
        next.is_some_and(|due| due <= site.app.now().plus(jobs::limits::LONGEST_BACKOFF))
    })
    .await;
    site.carrier.set_down(false);
    pass(&site, jobs::limits::LONGEST_BACKOFF).await;
    assert!(site.carrier.taken().len() > attempts);
    assert_status(&site, &messages, "sent", None).await;
    assert_each_once(&site, &messages);
}

#[tokio::test]
async fn a_clock_that_is_set_forward_in_an_outage_ends_what_is_over_and_sends_the_rest_once() {
    let site = Site::start().await;
    let owner = &site.app.owner;
    site.carrier.set_down(true);
    let over = site.accepted(owner, "Hello", &[("ValidityPeriod", "3600")]).await;
    let rest = accepted(&site, 2).await;
    quiet(&site).await;
    site.app.advance(HOUR * 2);
    quiet(&site).await;
    assert_status(&site, &[over], "failed", Some(30_036)).await;
    site.carrier.set_down(false);
    pass(&site, jobs::limits::LONGEST_BACKOFF).await;
    assert_status(&site, &rest, "sent", None).await;
    assert_each_once(&site, &rest);
}

#[tokio::test]
async fn a_scheduled_message_whose_time_comes_in_an_outage_is_sent_after_it() {
    let site = Site::start().await;
    let owner = &site.app.owner;
    let scheduled = site.scheduled(owner, "Hello", &[]).await;
    let brief = [("ScheduleType", "fixed"), ("SendAt", "2026-01-15T13:00:00Z"), ("ValidityPeriod", "60")];
    let service = site.service(owner, &[]).await;
    site.join(owner, &service, crate::site::FREE).await.assert_status(201);
    let brief = sid(site.send_with(owner, &service, PATIENT, &brief).await.assert_status(201));
    site.carrier.set_down(true);
    pass(&site, HOUR + STRIDE).await;
    // Validity begins when it is to be sent, not when it was accepted.
    assert_status(&site, &[brief], "failed", Some(30_036)).await;
    assert_status(&site, &[scheduled], "sending", None).await;
    site.carrier.set_down(false);
    pass(&site, jobs::limits::LONGEST_BACKOFF).await;
    assert_status(&site, &[scheduled], "sent", None).await;
    assert_each_once(&site, &[scheduled]);
}

#[tokio::test]
async fn a_restart_in_an_outage_forgets_nothing() {
    let mut site = Site::start().await;
    site.carrier.set_down(true);
    let before = accepted(&site, 3).await;
    quiet(&site).await;
    pass(&site, HOUR / 2).await;
    site.stop().await;
    let meanwhile = site.accepted(&site.app.owner, "Hello", &[]).await;
    site.app.advance(HOUR / 2);
    site.run();
    quiet(&site).await;
    site.carrier.set_down(false);
    pass(&site, jobs::limits::LONGEST_BACKOFF).await;
    let all: Vec<_> = before.into_iter().chain([meanwhile]).collect();
    assert_status(&site, &all, "sent", None).await;
    assert_each_once(&site, &all);
}

#[test]
fn a_carrier_that_never_answers_is_given_up_well_before_its_job_is() {
    // The rest of the argument that nothing waits for ever: an attempt has an end of its own, which the runner does not
    // have to bring about.
    assert!(SUBMIT_DEADLINE < jobs::limits::HANDLER_LIMIT);
}
