//! The clock over HTTP.

use serde_json::json;

use crate::support::{PATIENT, Platform, due, fresh, submit};

#[tokio::test]
async fn the_clock_moves_forward_and_receipts_become_due() {
    let platform = Platform::start().await;
    let owner = &platform.app.owner;
    let now = platform.get(owner, "clock").await;
    assert_eq!(now.assert_status(200).json, json!({"now": "2026-01-15T12:00:00Z"}));

    submit(&platform.simulator, fresh(owner.sid), PATIENT, "x").await.unwrap();
    let moved = platform.post(owner, "clock", json!({"advance_seconds": 86_400})).await;
    assert_eq!(moved.assert_status(200).json, json!({"now": "2026-01-16T12:00:00Z"}));
    assert_eq!(platform.get(owner, "clock").await.json, moved.json);
    assert_eq!(due(&platform.simulator).await.len(), 1);

    let entries = platform.app.ledger_actions(owner.scope()).await;
    assert!(entries.iter().any(|entry| entry.act == "update_simulator_clock"));
}

#[tokio::test]
async fn moving_the_clock_wakes_the_queues() {
    let platform = Platform::start().await;
    let changed = platform.app.services.store.jobs().changed();
    let woken = changed.notified();
    tokio::pin!(woken);
    woken.as_mut().enable();
    platform.post(&platform.app.owner, "clock", json!({"advance_seconds": 1})).await.assert_status(200);
    woken.await;
}

#[tokio::test]
async fn refuses_steps_that_are_not_within_forty_days() {
    let platform = Platform::start().await;
    let owner = &platform.app.owner;
    for step in [json!(-1), json!(40 * 86_400 + 1), json!("1"), json!(1.5), json!(null)] {
        platform.post(owner, "clock", json!({"advance_seconds": step})).await.assert_error(400, 20_001);
    }
    for step in [0, 40 * 86_400] {
        platform.post(owner, "clock", json!({"advance_seconds": step})).await.assert_status(200);
    }
}
