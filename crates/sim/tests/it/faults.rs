//! Fault scripts: counted, bounded, and never another account's business.

use std::time::Duration;

use messaging::carrier::{CarrierError, Receipt};
use serde_json::json;
use sim::limits;

use crate::support::{PATIENT, Platform, due, fresh, shown, submit};

const OTHER_PATIENT: &str = "+12125552671";

#[tokio::test]
async fn each_kind_does_what_it_says() {
    let platform = Platform::start().await;
    let (owner, simulator) = (&platform.app.owner, &platform.simulator);
    let delayed = (Ok(()), 0, vec![]);
    let cases = [
        (json!({"kind": "unavailable"}), (Err(CarrierError::Unavailable), 0, vec![])),
        (json!({"kind": "reject"}), (Err(CarrierError::Rejected(30_003)), 0, vec![])),
        (json!({"kind": "reject", "code": 30_034}), (Err(CarrierError::Rejected(30_034)), 0, vec![])),
        (json!({"kind": "undelivered"}), (Ok(()), 0, vec![Receipt::Undelivered(30_008)])),
        (json!({"kind": "undelivered", "code": 30_005}), (Ok(()), 0, vec![Receipt::Undelivered(30_005)])),
        (json!({"kind": "silent"}), (Ok(()), 1, vec![])),
        (json!({"kind": "delay", "delay_ms": 60_000}), delayed),
    ];
    for (fault, (taken, more, receipts)) in cases {
        let before = shown(simulator, PATIENT);
        platform.post(owner, "faults", fault.clone()).await.assert_status(201);
        assert_eq!(submit(simulator, fresh(owner.sid), PATIENT, "x").await, taken, "{fault}");
        assert_eq!(shown(simulator, PATIENT), before + more, "{fault}");
        simulator.advance(Duration::from_secs(1));
        let told: Vec<_> = due(simulator).await.into_iter().map(|(_, receipt)| receipt).collect();
        assert_eq!(told, receipts, "{fault}");
    }
    let before = shown(simulator, PATIENT);
    simulator.advance(Duration::from_secs(60));
    assert_eq!(shown(simulator, PATIENT), before + 1, "what was delayed has come");
    assert_eq!(due(simulator).await.len(), 1);
}

#[tokio::test]
async fn a_script_is_used_up_by_its_count_and_its_recipient() {
    let platform = Platform::start().await;
    let (owner, simulator) = (&platform.app.owner, &platform.simulator);
    let fault = json!({"kind": "reject", "code": 30_007, "count": 2, "to": PATIENT});
    let created = platform.post(owner, "faults", fault).await;
    let expected =
        json!({"kind": "reject", "code": 30007, "count": 2, "delay_ms": null, "to": "+1415555XXXX"});
    assert_eq!(created.assert_status(201).json, expected);

    let rejected = Err(CarrierError::Rejected(30_007));
    let steps = [(PATIENT, rejected), (OTHER_PATIENT, Ok(())), (PATIENT, rejected), (PATIENT, Ok(()))];
    for (position, (to, taken)) in steps.into_iter().enumerate() {
        assert_eq!(submit(simulator, fresh(owner.sid), to, "x").await, taken, "step {position}");
    }
    let left = platform.get(owner, "faults").await;
    assert_eq!(left.json, json!({"faults": []}));
}

#[tokio::test]
async fn another_account_neither_sees_meets_nor_ends_a_script() {
    let platform = Platform::start().await;
    let (owner, other) = (&platform.app.owner, &platform.app.other);
    platform.post(owner, "faults", json!({"kind": "unavailable", "count": 5})).await.assert_status(201);
    assert_eq!(platform.get(other, "faults").await.json, json!({"faults": []}));
    assert_eq!(submit(&platform.simulator, fresh(other.sid), PATIENT, "x").await, Ok(()));
    platform.delete(other, "faults").await.assert_status(204);
    let faults = platform.get(owner, "faults").await;
    assert_eq!(faults.json["faults"][0]["count"], 5);

    platform.delete(owner, "faults").await.assert_status(204);
    assert_eq!(platform.get(owner, "faults").await.json, json!({"faults": []}));
    assert_eq!(submit(&platform.simulator, fresh(owner.sid), PATIENT, "x").await, Ok(()));
}

#[tokio::test]
async fn the_operators_script_meets_every_account() {
    let platform = Platform::start().await;
    platform.post(&platform.app.operator, "faults", json!({"kind": "unavailable", "count": 2})).await;
    for account in [&platform.app.owner, &platform.app.other] {
        let taken = submit(&platform.simulator, fresh(account.sid), PATIENT, "x").await;
        assert_eq!(taken, Err(CarrierError::Unavailable));
    }
}

#[tokio::test]
async fn refuses_scripts_that_make_no_sense() {
    let platform = Platform::start().await;
    let owner = &platform.app.owner;
    for (fault, code) in [
        (json!({}), 20_001),
        (json!({"kind": "explode"}), 20_001),
        (json!({"kind": "reject", "code": 404}), 20_001),
        (json!({"kind": "silent", "code": 30_003}), 20_001),
        (json!({"kind": "reject", "count": 0}), 20_001),
        (json!({"kind": "reject", "count": 1_001}), 20_001),
        (json!({"kind": "delay"}), 20_001),
        (json!({"kind": "delay", "delay_ms": 0}), 20_001),
        (json!({"kind": "reject", "delay_ms": 5}), 20_001),
        (json!({"kind": "reject", "surprise": 5}), 20_001),
        (json!({"kind": "reject", "to": "nobody"}), 21_211),
    ] {
        platform.post(owner, "faults", fault).await.assert_error(400, code);
    }
    assert_eq!(platform.get(owner, "faults").await.json, json!({"faults": []}));
}

#[tokio::test]
async fn refuses_more_scripts_than_an_account_may_have() {
    let platform = Platform::start().await;
    let (owner, other) = (&platform.app.owner, &platform.app.other);
    for _ in 0..limits::FAULTS_PER_ACCOUNT {
        platform.post(owner, "faults", json!({"kind": "silent"})).await.assert_status(201);
    }
    platform.post(owner, "faults", json!({"kind": "silent"})).await.assert_error(409, 20_409);
    platform.post(other, "faults", json!({"kind": "silent"})).await.assert_status(201);
}
