//! Tracking plans, from outside.
#![allow(non_snake_case, reason = "tests of rules carry the rule's id")]

mod hipaa;
mod hostile;
mod schemas;
mod verdicts;

use std::collections::BTreeMap;

use plans::{Plan, RuleType};
use serde_json::{Value, json};

/// A plan with one version of each rule.
fn plan(rules: &[(RuleType, Value)]) -> Plan {
    let mut plan = Plan::default();
    for (kind, schema) in rules {
        plan.add(kind.clone(), 1, schema, BTreeMap::new()).expect("a rule");
    }
    plan
}

/// The rule of an event whose body has these fields.
fn body(name: &str, properties: Value, required: &[&str]) -> Value {
    json!({
        "type": "object",
        "properties": {name: {"type": "object", "properties": properties, "required": required}},
    })
}
