//! An entry says who, what, why and from where, in the same words for ever.

use std::time::Duration;

use base::{KeySid, PersonSid, Sid, Timestamp};
use ledger::{Action, Actor, Entry, Purpose, RecordedEntry};
use store::Scope;

use crate::bench::{Bench, account, entry};

fn recorded(entry: &Entry) -> RecordedEntry {
    serde_json::from_slice(&entry.to_bytes()).unwrap()
}

#[test]
fn says_who_acted() {
    let (key, person) = (KeySid::from_bytes([2; 16]), PersonSid::from_bytes([3; 16]));
    for (actor, who) in [
        (Actor::Person(person), person.to_string()),
        (Actor::Key(key), key.to_string()),
        (Actor::AuthToken(account()), account().to_string()),
        (Actor::System, "system".to_owned()),
        (Actor::Operator, "operator".to_owned()),
    ] {
        assert_eq!(recorded(&Entry { actor, ..entry(1) }).who, who);
    }
}

#[test]
fn says_why() {
    for (purpose, why) in [
        (Purpose::ApiRequest, "api-request"),
        (Purpose::Carriage, "carriage"),
        (Purpose::Webhook, "webhook"),
        (Purpose::Retention, "retention"),
        (Purpose::CarrierComplaint, "review-carrier-complaint"),
        (Purpose::ConsumerComplaint, "review-consumer-complaint"),
        (Purpose::RiskSign, "review-risk-sign"),
        (Purpose::Administration, "administration"),
    ] {
        assert_eq!(recorded(&Entry { purpose, ..entry(1) }).why, why);
    }
}

#[test]
fn keeps_its_layout() {
    let text = String::from_utf8(entry(10).to_bytes()).unwrap();
    let expected = concat!(
        r#"{"v":1,"who":"AC11111111111111111111111111111111","act":"fetch_message","#,
        r#""what":["SM0000000000000000000000000000000a"],"fields":["body"],"#,
        r#""why":"api-request","from":"192.0.2.7"}"#
    );
    assert_eq!(text, expected);
}

#[test]
fn leaves_out_what_does_not_apply() {
    let bare = Entry { fields: &[], source: None, action: Action("redact_message"), ..entry(1) };
    let text = String::from_utf8(bare.to_bytes()).unwrap();
    assert!(!text.contains("fields") && !text.contains("from"), "{text}");
    let read = recorded(&bare);
    assert_eq!((read.fields.len(), read.from, read.act.as_str()), (0, None, "redact_message"));
}

#[tokio::test]
async fn reads_back_in_its_scope_as_it_was_written() {
    let bench = Bench::new();
    let store = bench.open().await;
    let (own, system) = (Scope::account(account()), Scope::SYSTEM);
    for (number, scope) in [(1, own), (2, system), (3, own)] {
        ledger::disclose(&store, scope, &entry(number)).await.unwrap();
    }
    let rows = store.scope(own).journal(0, 10).await.unwrap();
    let read: Vec<_> = rows.iter().map(|row| (row.sequence, row.entry.clone())).collect();
    assert_eq!(read, [(1, entry(1).to_bytes()), (3, entry(3).to_bytes())]);
    assert!(rows.iter().all(|row| row.at == store.clock().now() && row.scope == own));
    store.close().await;
}

#[test]
fn is_kept_for_six_years_and_no_less() {
    let at = Timestamp::parse_iso8601("2024-02-29").unwrap();
    let same_day = Timestamp::parse_iso8601("2030-02-28T23:59:59Z").unwrap();
    assert!(ledger::must_be_kept(at, same_day));
    assert!(ledger::must_be_kept(at, at.plus(ledger::RETENTION - Duration::from_micros(1))));
    assert!(!ledger::must_be_kept(at, at.plus(ledger::RETENTION)));
}
