//! A workspace read through Segment's Public API: pages by cursor, and who receives what.

use audit::Provider;
use audit::report::Verdict;
use audit::service::Recorded;
use audit::{judge, observe};
use serde_json::json;

use super::fixture::{files, observed, order, seen};

const WORKSPACE: &str = "ws-good-0001";

/// A workspace with one destination on the first page and these on the second.
fn workspace(second: &serde_json::Value) -> Recorded {
    let first = json!([{ "id": "dest000000000001", "enabled": true, "sourceId": "src0000000000001",
        "metadata": { "slug": "partner", "website": "https://www.partner.example.com/" }, "settings": {} }]);
    let page = |items: &serde_json::Value, next: Option<&str>| json!({ "status": 200, "body": { "data": { "destinations": items, "pagination": { "next": next } } } });
    let list = "segment /destinations?pagination.count=100";
    serde_json::from_value(json!({ "answers": {
        "segment /": { "status": 200, "body": { "data": { "workspace": { "id": WORKSPACE } } } },
        (list): page(&first, Some("a+b=")),
        (format!("{list}&pagination.cursor=a%2Bb%3D")): page(second, None),
    }}))
    .unwrap()
}

fn agreed(second: &serde_json::Value) -> Option<Verdict> {
    let files = files(WORKSPACE);
    let report = judge(&seen(&order(Provider::Segment, ""), &workspace(second), &files), &files);
    assert_eq!(report.subjects.len(), 1);
    observed(&report, "SEG-DEST-1", WORKSPACE)
}

#[test]
fn destinations_under_agreement_pass_on_every_page() {
    let webhook = json!([{ "id": "dest000000000002", "enabled": true, "sourceId": "src0000000000001",
        "metadata": { "slug": "webhooks", "website": "" },
        "settings": { "hook": "https://app.hospital.example.org/in" } }]);
    assert_eq!(agreed(&webhook), Some(Verdict::Pass));
    assert_eq!(agreed(&json!([])), Some(Verdict::Pass));
}

#[test]
fn a_vendor_without_agreement_fails_whatever_its_settings_call() {
    let vendor = json!([{ "id": "dest000000000002", "enabled": true, "sourceId": "src0000000000001",
        "metadata": { "slug": "elsewhere", "website": "https://elsewhere.example.net" },
        "settings": { "hook": "https://app.hospital.example.org/in" } }]);
    assert_eq!(agreed(&vendor), Some(Verdict::Fail));
    let nobody = json!([{ "id": "dest000000000002", "enabled": true, "metadata": {}, "settings": {} }]);
    assert_eq!(agreed(&nobody), Some(Verdict::NotObserved), "nothing says who receives");
}

#[test]
fn a_plan_for_a_workspace_asks_segment_only() {
    let plan = observe::plan(Provider::Segment, true, true);
    assert!(plan.len() > 5);
    assert!(plan.iter().all(|planned| planned.product == "segment"));
}
