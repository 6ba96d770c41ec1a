//! Settings, plan and event in, outcome out, in a workspace where settings decide.

use std::collections::BTreeMap;

use plans::{
    OnViolation, Outcome, Plan, PlanError, RuleType, Settings, TraitSettings, ViolationSource, Workspace,
    judge,
};
use serde_json::{Value, json};

use super::{body, plan};

fn loose() -> Settings {
    let traits = TraitSettings {
        allow_unplanned_traits: true,
        allow_traits_on_violations: true,
        common_event_on_violations: OnViolation::Allow,
    };
    Settings {
        allow_unplanned_events: true,
        allow_unplanned_event_properties: true,
        allow_event_on_violations: true,
        allow_properties_on_violations: true,
        common_event_on_violations: OnViolation::Allow,
        identify: traits.clone(),
        group: traits,
        quarantines_blocked_events: false,
    }
}

fn the_plan() -> Plan {
    plan(&[
        (
            RuleType::Track("Seen".into()),
            body(
                "properties",
                json!({"id": {"type": "string"}, "items": {"type": "array", "items": {"properties": {"sku": {"type": "string"}}}}}),
                &["id"],
            ),
        ),
        (RuleType::Identify, body("traits", json!({"plan": {"type": "string"}}), &[])),
        (
            RuleType::Common,
            json!({"properties": {"properties": {"properties": {"app": {"type": "string"}}}, "traits": {"properties": {"app": {"type": "string"}}}}}),
        ),
    ])
}

fn outcome(event: &Value, settings: &Settings) -> Outcome {
    judge(event, Some(&the_plan()), settings, Workspace::Plain).outcome
}

fn omitted(paths: &[&str]) -> Outcome {
    Outcome::Omit(paths.iter().map(|path| path.parse().expect("a path")).collect())
}

#[test]
fn what_is_planned_passes() {
    let event = json!({"type": "track", "event": "Seen", "properties": {"id": "a", "items": [{"sku": "s"}]}});
    assert_eq!(outcome(&event, &Settings::default()), Outcome::Allow);
    assert_eq!(judge(&event, None, &Settings::default(), Workspace::Plain).outcome, Outcome::Allow);
}

#[test]
fn unplanned_events() {
    let event = json!({"type": "track", "event": "seen", "properties": {}});
    assert_eq!(outcome(&event, &Settings::default()), Outcome::Block);
    assert_eq!(
        outcome(&event, &Settings { allow_unplanned_events: true, ..Settings::default() }),
        Outcome::Allow
    );
    let kept = Settings { quarantines_blocked_events: true, ..Settings::default() };
    assert_eq!(outcome(&event, &kept), Outcome::Quarantine);
    assert_eq!(outcome(&json!({"type": "video"}), &loose()), Outcome::Block);
}

#[test]
fn unplanned_properties_are_left_out() {
    let event = json!({"type": "track", "event": "Seen", "properties": {"id": "a", "extra": 1, "items": [{"sku": "s", "more": 1}]}});
    assert_eq!(outcome(&event, &Settings::default()), omitted(&["properties.extra", "properties.items"]));
    assert_eq!(outcome(&event, &loose()), Outcome::Allow);
    let verdict = judge(&event, Some(&the_plan()), &Settings::default(), Workspace::Plain);
    assert_eq!(
        verdict.apply(event),
        Some(json!({"type": "track", "event": "Seen", "properties": {"id": "a"}}))
    );
}

#[test]
fn violations_of_the_events_rule() {
    let event = json!({"type": "track", "event": "Seen", "properties": {"id": 1}});
    assert_eq!(outcome(&event, &Settings::default()), Outcome::Block);
    let omits = Settings { allow_event_on_violations: true, ..Settings::default() };
    assert_eq!(outcome(&event, &omits), omitted(&["properties.id"]));
    assert_eq!(outcome(&event, &loose()), Outcome::Allow);
}

#[test]
fn violations_of_the_common_rule() {
    let event = json!({"type": "track", "event": "Seen", "properties": {"id": "a", "app": 1}});
    let with = |on_violation| Settings { common_event_on_violations: on_violation, ..loose() };
    assert_eq!(outcome(&event, &with(OnViolation::Block)), Outcome::Block);
    assert_eq!(outcome(&event, &with(OnViolation::Omit)), omitted(&["properties.app"]));
    assert_eq!(outcome(&event, &with(OnViolation::Allow)), Outcome::Allow);
}

#[test]
fn traits() {
    let event = json!({"type": "identify", "userId": "u", "traits": {"plan": 1, "extra": 2}});
    assert_eq!(outcome(&event, &Settings::default()), omitted(&["traits.extra", "traits.plan"]));
    assert_eq!(outcome(&event, &loose()), Outcome::Allow);
    // Without a rule no trait is planned.
    let event = json!({"type": "group", "groupId": "g", "traits": {"plan": 1}});
    assert_eq!(outcome(&event, &Settings::default()), omitted(&["traits.plan"]));
}

#[test]
fn versions() {
    let mut plan = Plan::default();
    let rule = |kind: &str| body("properties", json!({"id": {"type": kind}}), &[]);
    let track = RuleType::Track("Seen".into());
    plan.add(track.clone(), 2, &rule("string"), BTreeMap::new()).expect("a rule");
    plan.add(track.clone(), 1, &rule("integer"), BTreeMap::new()).expect("a rule");
    assert_eq!(plan.add(track, 1, &json!(true), BTreeMap::new()), Err(PlanError::Duplicate));
    let passes = |version: Value, id: Value| {
        let event = json!({"type": "track", "event": "Seen", "context": {"protocols": {"event_version": version}}, "properties": {"id": id}});
        judge(&event, Some(&plan), &Settings::default(), Workspace::Plain).outcome == Outcome::Allow
    };
    assert!(passes(json!(2), json!("a")) && !passes(json!(2), json!(1)));
    // No version, or none there is: the oldest.
    assert!(passes(json!(null), json!(1)) && passes(json!(9), json!(1)) && passes(json!("2"), json!(1)));
}

#[test]
fn a_violation_is_an_event() {
    let event = json!({"type": "track", "event": "Seen", "messageId": "m-1", "timestamp": "t", "sentAt": "s", "context": {"app": {"version": "3"}}, "properties": {"id": 1}});
    let verdict = judge(&event, Some(&the_plan()), &Settings::default(), Workspace::Plain);
    let source = ViolationSource {
        source_id: "src",
        source_name: "Site",
        source_slug: "site",
        plan_id: "rs_1",
        plan_name: "Plan",
    };
    assert_eq!(
        verdict.violations[0].event(&event, &source, false),
        json!({"type": "track", "event": "Violation Generated", "userId": "schema-violations", "properties": {
            "appVersion": "3", "eventMessageID": "m-1", "eventName": "Seen", "eventSentAt": "s", "eventTimestamp": "t", "eventType": "track",
            "sourceID": "src", "sourceName": "Site", "sourceSlug": "site", "trackingPlanID": "rs_1", "trackingPlanName": "Plan",
            "violationDescription": "Invalid type. Expected: string, given: integer", "violationField": "properties.id", "violationType": "Invalid Type",
        }})
    );
}
