//! In a HIPAA workspace what is not planned is blocked, whatever the settings say, and a violation names no patient.

use plans::{OnViolation, Outcome, RuleType, Settings, TraitSettings, ViolationSource, Workspace, judge};
use serde_json::{Value, json};

use super::{body, plan};

fn rules() -> plans::Plan {
    plan(&[
        (
            RuleType::Track("Seen".into()),
            body(
                "properties",
                json!({"id": {"type": "string", "enum": ["a", "b"]}, "who": {"additionalProperties": false, "patternProperties": {"^k": {"type": "string"}}}}),
                &["id"],
            ),
        ),
        (RuleType::Identify, body("traits", json!({"plan": {"type": "string"}}), &["plan"])),
        (RuleType::Group, body("traits", json!({"size": {"type": "integer"}}), &["size"])),
        (RuleType::Page, body("properties", json!({"url": {"type": "string"}}), &[])),
    ])
}

/// Every combination of what settings can say.
fn all_settings() -> Vec<Settings> {
    let ways = [OnViolation::Allow, OnViolation::Block, OnViolation::Omit];
    let mut all = Vec::new();
    for bits in 0..128_u32 {
        let bit = |index: u32| bits & (1 << index) != 0;
        for on_common in ways {
            let traits = TraitSettings {
                allow_unplanned_traits: bit(4),
                allow_traits_on_violations: bit(5),
                common_event_on_violations: on_common,
            };
            all.push(Settings {
                allow_unplanned_events: bit(0),
                allow_unplanned_event_properties: bit(1),
                allow_event_on_violations: bit(2),
                allow_properties_on_violations: bit(3),
                common_event_on_violations: on_common,
                identify: traits.clone(),
                group: traits,
                quarantines_blocked_events: bit(6),
            });
        }
    }
    all
}

#[test]
fn pro_plan_1__refuses_unplanned_and_violating_events_under_all_settings() {
    let plan = rules();
    let events = [
        json!({"type": "track", "event": "Other", "properties": {}}),
        json!({"type": "track", "event": "Seen", "properties": {"id": "a", "extra": 1}}),
        json!({"type": "track", "event": "Seen", "properties": {"id": "c"}}),
        json!({"type": "track", "event": "Seen", "properties": {"id": "a"}, "context": {"traits": {"name": "x"}}}),
        json!({"type": "identify", "traits": {"plan": "x", "extra": 1}}),
        json!({"type": "identify", "traits": {"plan": 1}}),
        json!({"type": "group", "traits": {"size": 1, "extra": 1}}),
        json!({"type": "group", "traits": {"size": "x"}}),
        json!({"type": "page", "properties": {"title": "x"}}),
        json!({"type": "screen", "name": "x"}),
        json!({"type": "alias", "userId": "u", "previousId": "p", "traits": {"name": "x"}}),
        json!({"type": "video"}),
        json!({}),
    ];
    for settings in all_settings() {
        let blocked = if settings.quarantines_blocked_events { Outcome::Quarantine } else { Outcome::Block };
        for event in &events {
            let verdict = judge(event, Some(&plan), &settings, Workspace::Hipaa);
            assert_eq!(verdict.outcome, blocked, "{event} {settings:?}");
            assert!(!verdict.violations.is_empty());
            assert_eq!(verdict.apply(event.clone()), None);
            // And without a plan nothing passes at all.
            assert_eq!(judge(event, None, &settings, Workspace::Hipaa).outcome, blocked);
        }
    }
}

#[test]
fn pro_plan_1__allows_what_is_planned() {
    for event in [
        json!({"type": "track", "event": "Seen", "userId": "u", "properties": {"id": "a"}, "context": {"ip": "192.0.2.1"}}),
        json!({"type": "identify", "userId": "u", "traits": {"plan": "x"}}),
        json!({"type": "group", "groupId": "g", "traits": {"size": 1}}),
        json!({"type": "page", "properties": {"url": "x"}}),
        json!({"type": "alias", "userId": "u", "previousId": "p"}),
    ] {
        for settings in all_settings() {
            let verdict = judge(&event, Some(&rules()), &settings, Workspace::Hipaa);
            assert_eq!(verdict.outcome, Outcome::Allow, "{event} {:?}", verdict.violations);
        }
    }
}

#[test]
fn pro_plan_1__refuses_to_name_patients_in_violations() {
    // Each text of the events that the plan does not know is a canary.
    let events = [
        json!({"type": "track", "event": "canary visit", "properties": {}}),
        json!({"type": "track", "event": "Seen", "properties": {"id": "canary", "canary name": "canary"}}),
        json!({"type": "track", "event": "Seen", "properties": {"id": {"canary": 1}, "who": {"canary": 1, "k canary": 2}}}),
        json!({"type": "identify", "traits": {"plan": ["canary"], "canary": {"canary": 1}}, "context": {"traits": {"canary": 1}, "app": {"version": "canary"}}}),
        json!({"type": "canary", "timestamp": "canary", "sentAt": ["canary"]}),
    ];
    let source = ViolationSource {
        source_id: "src",
        source_name: "Site",
        source_slug: "site",
        plan_id: "rs_1",
        plan_name: "Plan",
    };
    let told = |event: &Value, withholds: bool| {
        let verdict = judge(event, Some(&rules()), &Settings::default(), Workspace::Hipaa);
        let told: Vec<_> =
            verdict.violations.iter().map(|it| it.event(event, &source, withholds).to_string()).collect();
        assert!(!told.is_empty());
        told.concat()
    };
    for event in &events {
        assert!(!told(event, true).contains("canary"), "{}", told(event, true));
    }
    // In a plain workspace Segment's texts name what was sent.
    assert!(told(&events[1], false).contains("canary name is not in the tracking plan"));
}
