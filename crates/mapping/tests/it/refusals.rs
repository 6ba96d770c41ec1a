//! What is no mapping.

use mapping::limits::{DEPTH_LIMIT, NODE_LIMIT};
use mapping::{Mapping, Problem};
use proptest::prelude::*;
use serde_json::{Value, json};

#[track_caller]
fn refused(mapping: Value, at: &str, problem: Problem) {
    let error = Mapping::parse(&mapping).expect_err("refused");
    assert_eq!((error.at.as_str(), error.problem), (at, problem), "{mapping}");
}

#[test]
fn says_where_and_why() {
    refused(json!([]), "", Problem::NotAnObject);
    refused(json!({"a": {"@nope": 1}}), "/a/@nope", Problem::UnknownDirective);
    refused(json!({"a": {"@path": "$.b", "c": 1}}), "/a", Problem::Mixed);
    refused(json!({"a": {"@path": "$.b", "@template": ""}}), "/a", Problem::Mixed);
    refused(json!({"a": {"@path": 1}}), "/a/@path", Problem::Type("value"));
    refused(json!({"a": {"@liquid": "{{x}}"}}), "/a/@liquid", Problem::NotServed);
    refused(json!({"a": {"@if": {"then": 1}}}), "/a/@if", Problem::Missing("exists"));
    refused(json!({"a": {"@case": {"operator": "title"}}}), "/a/@case", Problem::Value("operator"));
    refused(json!({"a": {"@case": "x"}}), "/a/@case", Problem::NotAnObject);
    refused(
        json!({"a": {"@replace": {"pattern": "12345678901", "value": "x"}}}),
        "/a/@replace",
        Problem::Value("pattern"),
    );
    refused(
        json!({"a": {"@replace": {"pattern": "", "value": "x"}}}),
        "/a/@replace",
        Problem::Missing("pattern"),
    );
    refused(json!({"a": {"@replace": {"pattern": "a"}}}), "/a/@replace", Problem::Missing("value"));
    refused(json!({"a": {"@json": {"mode": "x", "value": "y"}}}), "/a/@json", Problem::Value("mode"));
    refused(json!({"a": {"@flatten": {"value": "y"}}}), "/a/@flatten", Problem::Missing("separator"));
    refused(
        json!({"a": {"@merge": {"direction": "up", "objects": []}}}),
        "/a/@merge",
        Problem::Value("direction"),
    );
    refused(
        json!({"a": {"@merge": {"direction": "left", "objects": [1]}}}),
        "/a/@merge",
        Problem::Type("objects"),
    );
    refused(json!({"a": {"@transform": {"apply": {}}}}), "/a/@transform", Problem::Missing("mapping"));
    refused(json!({"a": {"@arrayPath": "$.x"}}), "/a/@arrayPath", Problem::Type("value"));
    refused(json!({"a": {"b": [{"@path": "x", "y": 1}]}}), "/a/b/0", Problem::Mixed);
    refused(json!({"__segment_internal_directive": {"@path": "$.x"}}), "", Problem::NotServed);
}

#[test]
fn size_and_depth_are_bounded() {
    let wide = json!({"a": vec![1; NODE_LIMIT]});
    assert_eq!(Mapping::parse(&wide).expect_err("too wide").problem, Problem::TooLarge);
    let deep = (0..DEPTH_LIMIT * 2 + 2).fold(json!(1), |inner, _| json!({"a": inner}));
    assert_eq!(Mapping::parse(&deep).expect_err("too deep").problem, Problem::TooLarge);
}

proptest! {
    #[test]
    fn no_text_makes_it_panic(path in r#"[ab$.\[\]'"0-9{} ]{0,20}"#) {
        let mapping = json!({"a": {"@path": path}, "b": {"@template": path}, "c": {"@arrayPath": [path, {"d": {"@path": path}}]}});
        let mapping = Mapping::parse(&mapping).expect("a mapping");
        let event = json!({"a": [{"b": 1}, {"0": [2]}], "b": {"a": "x"}, "$": 3});
        prop_assert_eq!(mapping.apply(&mapping.reads().keep(&event)), mapping.apply(&event));
    }
}
