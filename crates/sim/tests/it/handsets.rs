//! Handsets over HTTP: what they show, to whom, and what the ledger says about it.

use auth::Permission;
use messaging::carrier::Reference;
use serde_json::json;
use store::Scope;
use test_kit::Reply;

use crate::support::{OWN, PATIENT, Platform, fresh, submit};

/// The messages and fields of every ledger entry about reading a handset.
async fn disclosures(platform: &Platform, scope: Scope) -> Vec<(Vec<String>, Vec<String>)> {
    let entries = platform.app.ledger_actions(scope).await;
    let read = entries.into_iter().filter(|entry| entry.act == "list_handset_messages");
    read.map(|entry| (entry.what, entry.fields)).collect()
}

fn path(number: &str) -> String {
    format!("handsets/{number}/messages")
}

fn sids(reply: &Reply) -> Vec<String> {
    let messages = reply.assert_status(200).json["messages"].as_array().cloned().unwrap_or_default();
    messages.iter().map(|message| message["sid"].as_str().unwrap_or_default().to_owned()).collect()
}

#[tokio::test]
async fn shows_a_message_once_and_records_the_disclosure_first() {
    let platform = Platform::start().await;
    let owner = &platform.app.owner;
    let reference = fresh(owner.sid);
    for _ in 0..2 {
        submit(&platform.simulator, reference, PATIENT, "Your appointment is at noon").await.unwrap();
    }
    let expected = json!({"messages": [{
        "sid": reference.message.to_string(),
        "from": OWN,
        "to": PATIENT,
        "body": "Your appointment is at noon",
        "media": [],
        "received_at": "2026-01-15T12:00:00Z",
    }]});
    for number in ["+14155552671", "%2B14155552671"] {
        let reply = platform.get(owner, &path(number)).await;
        assert_eq!(reply.assert_status(200).json, expected, "{number}");
    }
    let entry = (vec![reference.message.to_string()], vec!["body".to_owned(), "to".to_owned()]);
    assert_eq!(disclosures(&platform, owner.scope()).await, [entry.clone(), entry]);
}

#[tokio::test]
async fn shows_the_newest_last() {
    let platform = Platform::start().await;
    let owner = &platform.app.owner;
    let delay = json!({"kind": "delay", "delay_ms": 5_000});
    platform.post(owner, "faults", delay).await.assert_status(201);
    let [late, early] = [fresh(owner.sid), fresh(owner.sid)];
    for reference in [late, early] {
        submit(&platform.simulator, reference, PATIENT, "x").await.unwrap();
    }
    platform.post(owner, "clock", json!({"advance_seconds": 10})).await.assert_status(200);
    let shown = sids(&platform.get(owner, &path(PATIENT)).await);
    assert_eq!(shown, [early, late].map(|reference: Reference| reference.message.to_string()));
}

#[tokio::test]
async fn shows_only_what_accounts_within_reach_have_sent() {
    let platform = Platform::start().await;
    let app = &platform.app;
    let [own, below, foreign] = [app.owner.sid, app.subaccount.sid, app.other.sid].map(fresh);
    for reference in [own, below, foreign] {
        submit(&platform.simulator, reference, PATIENT, "x").await.unwrap();
    }
    let path = path(PATIENT);
    let text = |reference: Reference| reference.message.to_string();
    let driver = app.restricted_key(&app.owner, &[Permission::Simulator]).await;
    for (who, expected) in [
        (app.owner.credentials(), vec![text(own), text(below)]),
        (&app.keys.main, vec![text(own), text(below)]),
        (&app.keys.standard, vec![text(own)]),
        (&driver, vec![text(own)]),
        (app.subaccount.credentials(), vec![text(below)]),
        (app.other.credentials(), vec![text(foreign)]),
        (app.hipaa.credentials(), vec![]),
    ] {
        assert_eq!(sids(&platform.get(who, &path).await), expected, "{who:?}");
    }
    // Who reads a subaccount's text is found in the subaccount's own ledger.
    let readers = disclosures(&platform, app.subaccount.scope()).await;
    assert_eq!(readers.len(), 3);
    assert!(readers.iter().all(|(what, _)| *what == [text(below)]));
    assert_eq!(disclosures(&platform, app.hipaa.scope()).await, []);
}

#[tokio::test]
async fn refuses_credentials_without_the_permission_and_the_operator() {
    let platform = Platform::start().await;
    platform.get(&platform.app.keys.restricted, &path(PATIENT)).await.assert_error(403, 20_003);
    platform.get(&platform.app.operator, &path(PATIENT)).await.assert_error(403, 20_003);
}

#[tokio::test]
async fn refuses_numbers_and_bodies_that_are_none() {
    let platform = Platform::start().await;
    let owner = &platform.app.owner;
    platform.get(owner, &path("patient")).await.assert_error(400, 21_212);
    for (number, message, code) in [
        ("patient", json!({"to": OWN, "body": "x"}), 21_212),
        (PATIENT, json!({"to": "nobody", "body": "x"}), 21_211),
        (PATIENT, json!({"to": OWN, "body": ""}), 21_602),
        (PATIENT, json!({"to": OWN, "body": "x".repeat(1_601)}), 21_617),
        (PATIENT, json!({"to": OWN}), 21_602),
        (PATIENT, json!({"to": OWN, "media": ["no base64!"]}), 20_001),
        (PATIENT, json!({"to": OWN, "body": "x", "pictures": []}), 20_001),
    ] {
        platform.post(owner, &path(number), message).await.assert_error(400, code);
    }
}

#[tokio::test]
async fn a_message_from_a_handset_arrives_only_at_numbers_within_reach() {
    let platform = Platform::start().await;
    let app = &platform.app;
    let (owners, subaccounts, free) = (OWN, "+14155550124", "+14155550125");
    messaging::add_to_inventory(&app.services, &[owners, subaccounts, free]).await.unwrap();
    messaging::claim_number(&app.services, app.owner.sid, owners).await.unwrap();
    messaging::claim_number(&app.services, app.subaccount.sid, subaccounts).await.unwrap();
    let code = "12345";
    let body = json!({"number": code, "account_sid": app.owner.sid.to_string()}).to_string().into_bytes();
    let given =
        app.post_raw(&app.operator, "switchward", "/switchward/v1/Numbers", body, "application/json").await;
    given.assert_status(201);
    for (who, to, arrives) in [
        (app.owner.credentials(), owners, true),
        (app.owner.credentials(), subaccounts, true),
        (app.owner.credentials(), code, true),
        (app.other.credentials(), code, false),
        (&app.operator, owners, true),
        (&app.keys.standard, subaccounts, false),
        (app.subaccount.credentials(), owners, false),
        (app.other.credentials(), owners, false),
        (app.owner.credentials(), free, false),
        (app.owner.credentials(), "+14155550000", false),
    ] {
        let before = arrivals(&platform).await;
        let reply = platform.post(who, &path(PATIENT), json!({"to": to, "body": "STOP"})).await;
        if arrives {
            assert_eq!(reply.assert_status(201).json, json!({"status": "sent"}));
        } else {
            reply.assert_error(404, 20_404);
        }
        assert_eq!(arrivals(&platform).await, before + usize::from(arrives), "{who:?} to {to}");
    }
}

/// How many messages messaging has taken in, by its own ledger entries.
async fn arrivals(platform: &Platform) -> usize {
    let mut count = 0;
    for account in [&platform.app.owner, &platform.app.subaccount] {
        let entries = platform.app.ledger_actions(account.scope()).await;
        count += entries.iter().filter(|entry| entry.act == "receive_message").count();
    }
    count
}
