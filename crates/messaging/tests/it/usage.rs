//! What is counted is what was accepted: every message once, with its segments, in the transaction that accepts it.

use std::sync::Arc;

use store::{Counter, Scope};
use test_kit::{TestAccount, TestDatabase};

use crate::media::{PICTURE, file};
use crate::site::{OWN, PATIENT, Site};

/// As `name events amount`, all days together.
async fn counted(site: &Site, account: &TestAccount) -> Vec<String> {
    let scoped = site.app.services.store.scope(Scope::account(account.sid));
    let counters = scoped.counted_in_all(i64::MIN..=i64::MAX).await.expect("readable");
    let text = |Counter { name, events, amount, .. }| format!("{name} {events} {amount}");
    counters.into_iter().map(text).collect()
}

#[tokio::test]
async fn messages_are_counted_by_kind_with_their_segments() {
    let site = Site::start().await;
    let owner = &site.app.owner;
    assert_eq!(counted(&site, owner).await, [""; 0]);
    site.accepted(owner, "Hello", &[]).await;
    site.accepted(owner, &"x".repeat(200), &[]).await;
    site.arrive(owner, "Hi").await;
    // What is refused is not counted.
    site.send(owner, "", &[]).await.assert_status(400);
    site.send(owner, &"x".repeat(1_601), &[]).await.assert_status(400);
    assert_eq!(counted(&site, owner).await, ["sms-inbound-longcode 1 1", "sms-outbound-longcode 2 3"]);
    assert_eq!(counted(&site, &site.app.hipaa).await, [""; 0]);
}

#[tokio::test]
async fn a_reply_counts_and_so_does_the_word_that_it_answers() {
    let site = Site::start().await;
    let owner = &site.app.owner;
    site.arrive(owner, "STOP").await;
    site.settle().await;
    assert_eq!(counted(&site, owner).await, ["sms-inbound-longcode 1 1", "sms-outbound-longcode 1 1"]);
}

#[tokio::test]
async fn a_toll_free_number_has_counters_of_its_own() {
    const TOLL_FREE: &str = "+18005550199";
    let site = Site::idle().await;
    let owner = &site.app.owner;
    messaging::add_to_inventory(&site.app.services, &[TOLL_FREE]).await.expect("a new number");
    messaging::claim_number(&site.app.services, owner.sid, TOLL_FREE).await.expect("a free number");
    site.post(owner, &[("To", PATIENT), ("From", TOLL_FREE), ("Body", "Hello")]).await.assert_status(201);
    assert_eq!(counted(&site, owner).await, ["sms-outbound-tollfree 1 1"]);
}

#[tokio::test]
async fn a_message_that_is_canceled_is_taken_back() {
    let site = Site::idle().await;
    let owner = &site.app.owner;
    let service = site.service_with(owner, &[OWN], &[]).await;
    let at = site.app.now().plus(std::time::Duration::from_secs(3_600)).iso8601();
    let more = [("ScheduleType", "fixed"), ("SendAt", at.as_str())];
    let reply = site.send_with(owner, &service, PATIENT, &more).await;
    let sid = reply.assert_status(201).json["sid"].as_str().expect("a SID").to_owned();
    assert_eq!(counted(&site, owner).await, ["sms-outbound-longcode 1 1"]);
    let path = format!("/2010-04-01/Accounts/{}/Messages/{sid}.json", owner.sid);
    site.app.post_form(owner, crate::site::API, &path, &[("Status", "canceled")]).await.assert_status(200);
    assert_eq!(counted(&site, owner).await, ["sms-outbound-longcode 0 0"]);
}

#[tokio::test]
async fn messages_with_media_have_counters_of_their_own() {
    let site = Site::start().await;
    let owner = &site.app.owner;
    site.sink.answer("/a.png", file(PICTURE));
    let url = site.sink.url("/a.png");
    site.accepted(owner, "Look", &[("MediaUrl", &url), ("MediaUrl", &url)]).await;
    // However long its text, an MMS is one.
    site.accepted(owner, &"long ".repeat(100), &[("SendAsMms", "true")]).await;
    let media = vec![messaging::carrier::ArrivedMedia { bytes: PICTURE.to_vec() }];
    let inbox = messaging::Inbox::new(Arc::clone(&site.app.services));
    let (from, to, body) = (PATIENT.to_owned(), OWN.to_owned(), "x".repeat(500));
    inbox.arrival(messaging::carrier::Arrival { from, to, body, media }).await.expect("it is taken");
    assert_eq!(counted(&site, owner).await, ["mms-inbound-longcode 1 1", "mms-outbound-longcode 2 2"]);
}

/// Goal: none is lost and none counts twice when many come at once.
async fn as_many_as_were_accepted(site: Site) {
    const AT_ONCE: usize = 100;
    let site = Arc::new(site);
    let mut posts = tokio::task::JoinSet::new();
    for _ in 0..AT_ONCE {
        let site = Arc::clone(&site);
        posts.spawn(async move { site.send(&site.app.owner, "Hello", &[]).await.status });
    }
    let accepted = posts.join_all().await.into_iter().filter(|status| *status == 201).count();
    assert!(accepted > 0);
    assert_eq!(
        counted(&site, &site.app.owner).await,
        [format!("sms-outbound-longcode {accepted} {accepted}")]
    );
}

#[tokio::test]
async fn many_at_once_are_counted_on_sqlite() {
    as_many_as_were_accepted(Site::idle().await).await;
}

#[tokio::test]
async fn many_at_once_are_counted_on_postgres() {
    let Some(database) = TestDatabase::create() else { return };
    as_many_as_were_accepted(Site::idle_on(&database).await).await;
}
