//! What a workspace lets through that violates its plan.

use audit::report::Verdict;
use audit::service::Recorded;
use audit::{Provider, judge};
use serde_json::{Value, json};

use super::fixture::{files, observed, order, seen};

const WORKSPACE: &str = "ws-good-0001";

fn found(rule: &str, answers: &[(&str, Value)]) -> Option<Verdict> {
    let mut all =
        json!({ "segment /": { "status": 200, "body": { "data": { "workspace": { "id": WORKSPACE } } } } });
    for (path, data) in answers {
        all[format!("segment {path}")] = json!({ "status": 200, "body": { "data": data } });
    }
    let recorded: Recorded = serde_json::from_value(json!({ "answers": all })).unwrap();
    let files = files(WORKSPACE);
    let report = judge(&seen(&order(Provider::Segment, ""), &recorded, &files), &files);
    observed(&report, rule, WORKSPACE)
}

#[test]
fn a_source_that_lets_violations_through_fails_whatever_else_it_blocks() {
    let of = |lets: bool| {
        let settings = json!({
            "track": { "allowUnplannedEvents": false, "allowUnplannedEventProperties": false,
                "commonEventOnViolations": "BLOCK", "allowEventOnViolations": false, "allowPropertiesOnViolations": lets },
            "identify": { "allowUnplannedTraits": false, "commonEventOnViolations": "BLOCK", "allowTraitsOnViolations": false },
            "group": { "allowUnplannedTraits": false, "commonEventOnViolations": "BLOCK", "allowTraitsOnViolations": false },
        });
        let source = json!({ "id": "src0000000000001", "enabled": true });
        found(
            "PRO-PLAN-1",
            &[
                ("/sources", json!({ "sources": [source] })),
                (
                    "/sources/src0000000000001/settings",
                    json!({ "sourceId": "src0000000000001", "settings": settings }),
                ),
                ("/tracking-plans", json!({ "trackingPlans": [{ "id": "tp_0000000000001" }] })),
                (
                    "/tracking-plans/tp_0000000000001/sources",
                    json!({ "sources": [{ "id": "src0000000000001" }] }),
                ),
            ],
        )
    };
    assert_eq!(of(false), Some(Verdict::Pass));
    assert_eq!(of(true), Some(Verdict::Fail));
}
