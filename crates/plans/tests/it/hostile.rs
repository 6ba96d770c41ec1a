//! Schemas and events that mean harm: refused, or stopped.

use std::time::{Duration, Instant};

use plans::schema::SchemaProblem;
use plans::{Kind, Schema};
use proptest::prelude::*;
use serde_json::{Value, json};

fn problem(schema: &Value) -> SchemaProblem {
    Schema::compile(schema).expect_err("refused").problem
}

#[test]
fn schemas_are_bounded() {
    assert_eq!(problem(&json!({"allOf": vec![json!(true); 5_001]})), SchemaProblem::TooLarge);
    let deep = (0..150).fold(json!(true), |inner, _| json!({"not": inner}));
    assert_eq!(problem(&deep), SchemaProblem::TooLarge);
    let patterns: serde_json::Map<_, _> = (0..201).map(|index| (format!("^a{index}"), json!(true))).collect();
    assert_eq!(problem(&json!({"patternProperties": patterns})), SchemaProblem::TooLarge);
    for pattern in ["(?=a)", r"(a)\1", "(a{100}){100}"] {
        assert_eq!(problem(&json!({"pattern": pattern})), SchemaProblem::Pattern);
    }
    for keyword in
        [json!({"type": "any"}), json!({"maximum": "1"}), json!({"required": [1]}), json!({"multipleOf": 0})]
    {
        assert_eq!(problem(&keyword), SchemaProblem::Keyword);
    }
    assert_eq!(problem(&json!({"not": 1})), SchemaProblem::NotASchema);
}

/// The schema stops on the value and says so, soon.
#[track_caller]
fn overruns(schema: Value, value: Value) {
    let schema = Schema::compile(&schema).expect("a schema");
    let started = Instant::now();
    let violations = schema.violations(&value);
    assert!(violations.iter().any(|violation| violation.kind == Kind::Overrun));
    assert!(started.elapsed() < Duration::from_secs(5), "{:?}", started.elapsed());
}

#[test]
fn a_reference_to_itself_stops() {
    overruns(json!({"$ref": "#"}), json!(1));
    overruns(json!({"allOf": [{"$ref": "#"}]}), json!(1));
    overruns(
        json!({"definitions": {"a": {"$ref": "#/definitions/b"}, "b": {"$ref": "#/definitions/a"}}, "$ref": "#/definitions/a"}),
        json!(1),
    );
}

#[test]
fn branches_that_double_at_each_level_stop() {
    let branch = json!({"properties": {"x": {"$ref": "#/definitions/a"}}, "required": ["y"]});
    let schema = json!({"definitions": {"a": {"anyOf": [branch, branch]}}, "$ref": "#/definitions/a"});
    let value = (0..40).fold(json!({}), |inner, _| json!({"x": inner}));
    overruns(schema, value);
}

#[test]
fn comparing_all_elements_stops() {
    overruns(json!({"uniqueItems": true}), json!((0..2_000).collect::<Vec<_>>()));
}

#[test]
fn violations_are_bounded() {
    let schema = Schema::compile(&json!({"items": {"type": "string"}})).expect("a schema");
    assert_eq!(schema.violations(&json!(vec![1; 5_000])).len(), plans::limits::VIOLATION_LIMIT);
}

proptest! {
    #[test]
    fn no_schema_makes_it_panic(keyword in "type|enum|items|pattern|\\$ref|format|required|properties|allOf|multipleOf|minLength|dependencies", text in ".{0,10}", number in any::<f64>()) {
        for value in [json!(text), json!(number), json!([text]), json!({text.clone(): number}), json!({text.clone(): {"type": "string"}}), json!([true, {"pattern": text}])] {
            if let Ok(schema) = Schema::compile(&json!({keyword.clone(): value})) {
                for event in [json!(text), json!(number), json!([number, number]), json!({text.clone(): text})] {
                    let _ = schema.violations(&event);
                }
            }
        }
    }
}
