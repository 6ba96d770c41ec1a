//! What happens when the connection breaks and nobody knows whether the upstream has the message.

use std::time::Duration;

use upstream::limits::SETTLING;

use crate::door::{Fault, problem};
use crate::site::{CANARY, Site};

/// Longer than an open question is left alone, and than the queue's first pauses.
const A_WHILE: Duration = Duration::from_secs(SETTLING.as_secs() + 70);
/// Callbacks of the upstream that do not get through: its delivery gives up after a few.
fn unheard(site: &Site) {
    let lost = Fault::Answer(503, Vec::new(), String::new());
    site.near_door.script("/switchward/v1/UpstreamStatuses/", &vec![lost; 1_000]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_answer_is_made_up_for_by_the_callback() {
    let site = Site::start().await;
    site.far_door.script("POST /2010", &[Fault::BreakAfter]);
    let sid = site.send("Hello").await;
    site.wait_delivered(1).await;
    crate::site::eventually("a callback", async || {
        site.near_door.seen().iter().any(|seen| seen.status == Some(204))
    })
    .await;
    site.pass(Duration::from_secs(2)).await;
    site.wait(sid, "sent").await;
    assert_eq!((site.far_door.count("POST", "/2010"), site.delivered().len()), (1, 1));
    // Nobody had to look.
    assert_eq!(site.far_door.count("GET", "/2010"), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_answer_is_made_up_for_by_the_list() {
    let site = Site::start().await;
    unheard(&site);
    site.far_door.script("POST /2010", &[Fault::BreakAfter]);
    let sid = site.send(CANARY).await;
    site.wait_delivered(1).await;
    site.quiet().await;
    // Not before the upstream has had time to write what it may still be writing.
    site.pass(Duration::from_secs(20)).await;
    assert_eq!(site.far_door.count("GET", "/2010"), 0);
    site.pass(A_WHILE).await;
    site.wait(sid, "sent").await;
    assert_eq!((site.far_door.count("POST", "/2010"), site.delivered().len()), (1, 1));
    assert!(site.far_door.seen().iter().all(|seen| !seen.path.contains("5550177")));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_upstream_never_saw_is_sent_again_once_its_list_shows_that() {
    let site = Site::start().await;
    site.far_door.script("POST /2010", &[Fault::BreakBefore]);
    let sid = site.send("Hello").await;
    site.quiet().await;
    site.pass(Duration::from_secs(20)).await;
    assert_eq!(site.far_door.count("POST", "/2010"), 1);
    site.pass(A_WHILE).await;
    site.wait(sid, "sent").await;
    site.wait_delivered(1).await;
    assert_eq!((site.far_door.count("POST", "/2010"), site.delivered().len()), (2, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn two_equal_messages_are_told_apart() {
    let site = Site::start().await;
    unheard(&site);
    let first = site.send("Yes").await;
    site.wait(first, "sent").await;
    // The list has one that is equal, and it is not this one.
    site.far_door.script("POST /2010", &[Fault::BreakBefore]);
    let second = site.send("Yes").await;
    site.quiet().await;
    site.pass(A_WHILE).await;
    site.wait(second, "sent").await;
    site.wait_delivered(2).await;
    assert_eq!(site.far_door.count("POST", "/2010"), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn while_nobody_knows_it_is_not_sent_again_and_ends_with_its_validity() {
    let site = Site::start().await;
    unheard(&site);
    site.far_door.script("POST /2010", &[Fault::BreakAfter]);
    site.far_door.script("GET /2010", &vec![problem(500, 20_500); 1_000]);
    let sid = site.send("Hello").await;
    site.wait_delivered(1).await;
    for _ in 0..17 {
        site.pass(Duration::from_secs(900)).await;
    }
    assert_eq!(site.wait(sid, "failed").await["error_code"], 30_036);
    assert_eq!((site.far_door.count("POST", "/2010"), site.delivered().len()), (1, 1));
}
