//! Schema and value in, violations out.

use plans::Schema;
use plans::schema::SchemaProblem;
use serde_json::{Value, json};

/// `field: description` of each violation.
fn found(schema: Value, value: &Value) -> Vec<String> {
    let schema = Schema::compile(&schema).expect("a schema");
    let violations = schema.violations(value);
    violations
        .iter()
        .map(|violation| format!("{}: {}", violation.field(false), violation.description(false)))
        .collect()
}

#[track_caller]
fn check(schema: Value, value: Value, expected: &[&str]) {
    assert_eq!(found(schema, &value), expected, "{value}");
}

#[test]
fn every_keyword_says_what_is_wrong() {
    check(
        json!({"type": "integer"}),
        json!(1.5),
        &["(root): Invalid type. Expected: integer, given: number"],
    );
    check(json!({"type": "integer"}), json!(1.0), &[]);
    check(
        json!({"type": ["string", "null"]}),
        json!(1),
        &["(root): Invalid type. Expected: [string,null], given: integer"],
    );
    check(json!({"enum": ["a", 1]}), json!("b"), &["(root): (root) must be one of the following: \"a\", 1"]);
    check(json!({"enum": ["a", 1]}), json!(1.0), &[]);
    check(json!({"const": {"a": 1}}), json!({"a": 1.0}), &[]);
    check(json!({"const": 2}), json!(3), &["(root): (root) does not match: 2"]);
    check(json!({"multipleOf": 0.0001}), json!(0.0075), &[]);
    check(json!({"multipleOf": 3}), json!(10), &["(root): Must be a multiple of 3"]);
    check(json!({"minimum": 2, "maximum": 4}), json!(1), &["(root): Must be greater than or equal to 2"]);
    check(json!({"exclusiveMinimum": 2, "exclusiveMaximum": 4}), json!(4), &["(root): Must be less than 4"]);
    check(
        json!({"minLength": 2, "maxLength": 3}),
        json!("é"),
        &["(root): String length must be greater than or equal to 2"],
    );
    check(json!({"maxLength": 1}), json!("ab"), &["(root): String length must be less than or equal to 1"]);
    check(json!({"pattern": "^a+$"}), json!("b"), &["(root): Does not match pattern '^a+$'"]);
    check(
        json!({"format": "date-time"}),
        json!("2026-02-29T00:00:00Z"),
        &["(root): Does not match format 'date-time'"],
    );
    check(json!({"format": "date-time"}), json!("2024-02-29T23:59:60.5+00:00"), &[]);
    check(json!({"format": "anything"}), json!("x"), &[]);
    check(
        json!({"items": {"type": "string"}}),
        json!(["a", 1]),
        &["1: Invalid type. Expected: string, given: integer"],
    );
    check(
        json!({"items": [true], "additionalItems": false}),
        json!([1, 2]),
        &["(root): No additional items allowed on array"],
    );
    check(json!({"minItems": 1}), json!([]), &["(root): Array must have at least 1 items"]);
    check(json!({"maxItems": 1}), json!([1, 2]), &["(root): Array must have at most 1 items"]);
    check(json!({"uniqueItems": true}), json!([1, 2, 1.0]), &["(root): array items[0,2] must be unique"]);
    check(
        json!({"contains": {"type": "null"}}),
        json!([1]),
        &["(root): At least one of the items must match"],
    );
    check(json!({"minProperties": 1}), json!({}), &["(root): Must have at least 1 properties"]);
    check(json!({"maxProperties": 0}), json!({"a": 1}), &["(root): Must have at most 0 properties"]);
    check(json!({"required": ["a"]}), json!({}), &["a: a is required"]);
    check(json!({"properties": {"p": {"required": ["a"]}}}), json!({"p": {}}), &["p.a: a is required"]);
    check(
        json!({"properties": {"a": {}}, "patternProperties": {"^x": {"type": "null"}}, "additionalProperties": false}),
        json!({"a": 1, "x1": 2, "b": 3}),
        &["b: Additional property b is not allowed", "x1: Invalid type. Expected: null, given: integer"],
    );
    check(
        json!({"propertyNames": {"maxLength": 1}}),
        json!({"ab": 1}),
        &["ab: Property name of \"ab\" does not match"],
    );
    check(json!({"dependencies": {"a": ["b"]}}), json!({"a": 1}), &["(root): Has a dependency on a"]);
    check(json!({"dependencies": {"a": {"required": ["c"]}}}), json!({"a": 1}), &["c: c is required"]);
    check(
        json!({"allOf": [{"minimum": 2}]}),
        json!(1),
        &["(root): Must be greater than or equal to 2", "(root): Must validate all the schemas (allOf)"],
    );
    check(
        json!({"anyOf": [{"minimum": 2}, {"type": "string"}]}),
        json!(1),
        &["(root): Must validate at least one schema (anyOf)"],
    );
    check(
        json!({"oneOf": [{"minimum": 1}, {"type": "integer"}]}),
        json!(1),
        &["(root): Must validate one and only one schema (oneOf)"],
    );
    check(json!({"not": {"type": "integer"}}), json!(1), &["(root): Must not validate the schema (not)"]);
    check(
        json!({"if": {"minimum": 1}, "then": {"type": "string"}}),
        json!(1),
        &[
            "(root): Invalid type. Expected: string, given: integer",
            "(root): Must validate \"then\" as \"if\" was valid",
        ],
    );
    check(json!({"if": {"minimum": 1}, "then": false, "else": {"const": 0}}), json!(0), &[]);
    check(json!(false), json!(1), &["(root): False always fails validation"]);
    check(json!({"properties": {"a": false}}), json!({"a": 1}), &["a: False always fails validation"]);
}

#[test]
fn references_stay_in_the_document() {
    let tree = json!({"definitions": {"a/b": {"type": "null"}}, "properties": {"x": {"$ref": "#/definitions/a~1b"}, "next": {"$ref": "#"}}});
    check(tree.clone(), json!({"next": {"next": {"x": null}}}), &[]);
    check(tree, json!({"next": {"x": 1}}), &["next.x: Invalid type. Expected: null, given: integer"]);
    for reference in ["http://elsewhere.example/schema", "other.json#/a", "#/definitions/none", "#name"] {
        let error = Schema::compile(&json!({"$ref": reference})).expect_err("refused");
        assert_eq!((error.at.as_str(), error.problem), ("/$ref", SchemaProblem::Reference), "{reference}");
    }
}

#[test]
fn big_integers_are_compared_exactly() {
    check(
        json!({"const": 9_007_199_254_740_993_u64}),
        json!(9_007_199_254_740_992_u64),
        &["(root): (root) does not match: 9007199254740993"],
    );
    check(
        json!({"maximum": i64::MAX}),
        json!(u64::MAX),
        &["(root): Must be less than or equal to 9223372036854775807"],
    );
}

#[test]
fn formats() {
    let accepts = |format: &str, text: &str| {
        Schema::compile(&json!({"format": format})).expect("a schema").accepts(&json!(text))
    };
    for (format, good, bad) in [
        ("date", "2024-02-29", "2023-02-29"),
        ("time", "12:30:00Z", "24:00:00Z"),
        ("email", "a.b+c@example.org", "a..b@example.org"),
        ("email", "a@[127.0.0.1]", "a@"),
        ("hostname", "a-b.example", "-a.example"),
        ("ipv4", "192.0.2.1", "192.0.2.256"),
        ("ipv6", "2001:db8::1", "2001::db8::1"),
        ("uuid", "2eb8aa08-aa98-11ea-b4aa-73b441d16380", "2eb8aa08aa9811eab4aa73b441d16380"),
        ("uri", "https://example.org/a%20b", "//example.org"),
    ] {
        assert!(accepts(format, good), "{format} {good}");
        assert!(!accepts(format, bad), "{format} {bad}");
    }
}
