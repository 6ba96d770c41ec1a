//! Tracking plans: a schema and an event, each JSON, parted by the first line break. Refused or put to the event
//! within the limits; in a HIPAA workspace an event with any violation does not pass.

#![no_main]

use std::collections::BTreeMap;

use libfuzzer_sys::fuzz_target;
use plans::{Outcome, Plan, RuleType, Settings, Workspace, judge};
use serde_json::Value;

fuzz_target!(|data: &[u8]| {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let Some((schema, event)) = text.split_once('\n') else { return };
    let (Ok(schema), Ok(event)) = (serde_json::from_str(schema), serde_json::from_str::<Value>(event)) else { return };
    let mut plan = Plan::default();
    for kind in [RuleType::Identify, RuleType::Common] {
        if plan.add(kind, 1, &schema, BTreeMap::new()).is_err() {
            return;
        }
    }
    for workspace in [Workspace::Plain, Workspace::Hipaa] {
        let verdict = judge(&event, Some(&plan), &Settings::default(), workspace);
        for violation in &verdict.violations {
            let _ = (violation.description(true), violation.field(true));
        }
        let passes = matches!(verdict.outcome, Outcome::Allow | Outcome::Omit(_));
        assert!(workspace == Workspace::Plain || passes == verdict.violations.is_empty());
    }
});
