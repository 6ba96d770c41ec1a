//! Messages that are handed over, and what the upstream may say to that.

use std::time::Duration;

use messaging::carrier::Receipt;

use crate::door::{Fault, problem};
use crate::site::{CANARY, PATIENT, Site};

#[tokio::test(flavor = "multi_thread")]
async fn a_message_leaves_through_the_upstream_and_its_end_comes_back() {
    let site = Site::start().await;
    let sid = site.send(CANARY).await;
    site.wait(sid, "sent").await;
    site.wait_delivered(1).await;
    assert_eq!(site.delivered(), [CANARY]);
    site.receipt(0, Receipt::Delivered).await;
    site.wait(sid, "delivered").await;
    // The sender there is what ours is mapped to.
    let listed = site.far.get(&site.far.owner, "api", &site.messages_path()).await;
    assert_eq!(listed.json["messages"][0]["from"], crate::site::THERE);
    assert_eq!(listed.json["messages"].as_array().unwrap().len(), 1);
    // Neither recipient nor text stands in a URL, in either direction.
    for seen in site.far_door.seen().iter().chain(&site.near_door.seen()) {
        for canary in [PATIENT, &PATIENT[1..], "Levothyroxine", "Canary"] {
            assert!(!seen.path.contains(canary), "{}", seen.path);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_that_does_not_reach_the_handset_ends_with_the_upstreams_code() {
    let site = Site::start().await;
    let sid = site.send("Hello").await;
    site.wait_delivered(1).await;
    site.receipt(0, Receipt::Undelivered(30_003)).await;
    assert_eq!(site.wait(sid, "undelivered").await["error_code"], 30_003);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_is_final_and_keeps_its_code() {
    let site = Site::start().await;
    site.far_door.script("POST /2010", &[problem(400, 21_610), problem(403, 30_034), problem(404, 20_404)]);
    for code in [21_610, 30_034, 20_404] {
        let sid = site.send("Hello").await;
        assert_eq!(site.wait(sid, "failed").await["error_code"], code);
    }
    site.pass(Duration::from_secs(3_600)).await;
    assert_eq!(site.far_door.count("POST", "/2010"), 3);
    assert!(site.delivered().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn too_many_is_waited_out_as_long_as_the_upstream_says() {
    let site = Site::start().await;
    let busy = Fault::Answer(429, vec![("retry-after", "2".to_owned())], String::new());
    site.far_door.script("POST /2010", &[busy]);
    let started = std::time::Instant::now();
    let sid = site.send("Hello").await;
    crate::site::eventually("it is sent", async || {
        // The queue asks again when its clock says so; the upstream's rest is real time.
        site.near.advance(Duration::from_secs(1));
        tokio::time::sleep(Duration::from_millis(50)).await;
        site.fetch(&site.near.owner, sid).await["status"] == "sent"
    })
    .await;
    assert!(started.elapsed() >= Duration::from_secs(2));
    site.wait_delivered(1).await;
    assert_eq!((site.far_door.count("POST", "/2010"), site.delivered().len()), (2, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn credentials_that_are_not_accepted_fail_no_message() {
    let site = Site::start().await;
    site.far_door.script("POST /2010", &[problem(401, 20_003)]);
    let sid = site.send("Hello").await;
    site.quiet().await;
    assert_eq!(site.fetch(&site.near.owner, sid).await["status"], "sending");
    site.pass(Duration::from_secs(4 * 3_600 + 1)).await;
    assert_eq!(site.wait(sid, "failed").await["error_code"], 30_036);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_redirect_is_not_followed() {
    let site = Site::start().await;
    let elsewhere = format!("{}/2010-04-01/Elsewhere", site.near_door.base());
    site.far_door.script("POST /2010", &[Fault::Answer(307, vec![("location", elsewhere)], String::new())]);
    site.send(CANARY).await;
    site.quiet().await;
    assert_eq!(site.near_door.seen().len(), 0);
    assert_eq!(site.far_door.count("POST", "/2010"), 1);
    assert!(site.delivered().is_empty());
}
