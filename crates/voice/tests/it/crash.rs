//! A process that dies: its calls are found, ended and reported.

use std::time::Duration;

use test_kit::TestDatabase;

use crate::site::{DOCTOR, PATIENT, Site, eventually, value};

async fn calls_of_a_process_that_died(mut site: Site) {
    site.run().await;
    let owner = site.app.owner.clone();
    let status = site.sink.url("/status");
    let twiml = format!("<Response><Dial>{DOCTOR}</Dial></Response>");
    let goes_on = site.call(&owner, PATIENT, &[("Twiml", &twiml), ("StatusCallback", &status)]).await;
    let rings = site.call(&owner, "+14155559102", &[("Twiml", &twiml), ("StatusCallback", &status)]).await;
    eventually("a leg", async || !site.calls_at(&owner, DOCTOR).await.is_empty()).await;
    let leg = site.calls_at(&owner, DOCTOR).await[0]["call_sid"].as_str().expect("a SID").to_owned();
    site.wait_call(&owner, &leg, "in-progress").await;
    site.wait_call(&owner, &rings, "ringing").await;

    // The workers of that process are gone; its calls are as it left them, and another process begins.
    site.stop().await;
    let another = site.another(site.line());
    site.run_with(another).await;
    site.app.advance(Duration::from_secs(16));
    // The sign of life of the first one still counts.
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert_eq!(site.get(&owner, &format!("Calls/{goes_on}")).await.json["status"], "in-progress");
    site.app.advance(Duration::from_secs(30));
    for (call, status) in [(&goes_on, "completed"), (&leg, "completed"), (&rings, "failed")] {
        let call = site.wait_call(&owner, call, status).await;
        assert_eq!(call["duration"], "0", "it is known to have lasted until it was written last");
    }
    eventually("both reports", async || site.told("/status").len() == 2).await;
    let mut words: Vec<_> = site
        .told("/status")
        .iter()
        .map(|told| value(told, "CallStatus").unwrap_or_default().to_owned())
        .collect();
    words.sort_unstable();
    assert_eq!(words, ["completed", "failed"]);
}

#[tokio::test]
async fn calls_of_a_process_that_died_are_ended_and_reported() {
    calls_of_a_process_that_died(Site::start().await).await;
}

#[tokio::test]
async fn calls_of_a_process_that_died_are_ended_and_reported_on_postgres() {
    let Some(database) = TestDatabase::create() else { return };
    calls_of_a_process_that_died(Site::start_on(&database).await).await;
}

#[tokio::test]
async fn an_order_reaches_a_call_in_another_process() {
    let mut site = Site::start().await;
    site.run().await;
    let owner = site.app.owner.clone();
    let waits = "<Response><Pause length=\"600\"/></Response>";
    let sid = site.call(&owner, PATIENT, &[("Twiml", waits)]).await;
    site.wait_call(&owner, &sid, "in-progress").await;
    let home = site.switchboard.clone();
    site.stop().await;
    // The other process finds the order first, and not the call.
    let another = site.another(site.line());
    site.run_with(another).await;
    site.post(&owner, &format!("Calls/{sid}"), &[("Status", "completed")]).await.assert_status(200);
    tokio::time::sleep(Duration::from_millis(100)).await;
    site.stop().await;
    site.run_with(home).await;
    site.app.advance(Duration::from_secs(1));
    site.wait_call(&owner, &sid, "completed").await;
}
