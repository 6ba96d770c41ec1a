//! Mapping and event in, payload out.

use mapping::{EvalError, Mapping};
use serde_json::{Value, json};

fn event() -> Value {
    json!({
        "userId": "u-1", "type": "track", "event": "Order Completed",
        "properties": {
            "total": 12.5, "count": 0, "coupon": null, "empty": "", "text": "a.b.A.b", "raw": "{\"x\":[1]}", "flag": false,
            "products": [{"sku": "s1", "price": 1}, {"sku": "s2", "note": "n"}, "bare"],
            "address": {"city": "Bonn", "geo": {"lat": 1, "none": null}},
        },
        "traits": {"first name": "Ada", "injected": "{{properties.total}}"},
    })
}

#[track_caller]
fn check(mapping: Value, expected: Value) {
    let parsed = Mapping::parse(&mapping).unwrap_or_else(|error| panic!("{mapping}: {error}"));
    assert_eq!(parsed.apply(&event()), Ok(expected), "{mapping}");
    // It depends on nothing but what it is said to read.
    assert_eq!(parsed.apply(&parsed.reads().keep(&event())), parsed.apply(&event()), "{mapping}");
}

#[test]
fn fields_and_paths() {
    check(
        json!({"id": {"@path": "$.userId"}, "fixed": 1, "gone": {"@path": "$.no.such"}, "null": {"@path": "$.properties.coupon"}}),
        json!({"id": "u-1", "fixed": 1, "null": null}),
    );
    check(json!({"@path": "$.properties.address"}), event()["properties"]["address"].clone());
    check(
        json!({"a": {"@path": "$.properties.products[1].sku"}, "b": {"@path": "traits['first name']"}}),
        json!({"a": "s2", "b": "Ada"}),
    );
    check(json!({"a": [{"@path": "$.no"}, {"@path": "$.type"}]}), json!({"a": [null, "track"]}));
    check(
        json!({"a": {"@literal": {"@path": "$.type"}}, "b": {"@literal": "$.type"}}),
        json!({"a": "track", "b": "$.type"}),
    );
    check(json!({"a": {"@path": {"@template": "properties.{{ type }}"}}}), json!({}));
    check(json!({"a": {"@path": {"@literal": "$.type"}, "_metadata": {"x": 1}}}), json!({"a": "track"}));
}

#[test]
fn templates() {
    check(
        json!({"a": {"@template": "{{userId}}/{{ properties.total }}/{{properties.coupon}}/{{{properties.products}}}"}}),
        json!({"a": "u-1/12.5//[object Object],[object Object],bare"}),
    );
    // What an event holds is never read as a template.
    check(json!({"a": {"@template": "{{{traits.injected}}}"}}), json!({"a": "{{properties.total}}"}));
}

#[test]
fn conditions() {
    let condition = |condition: Value| {
        let mut options = json!({"then": "yes", "else": "no"});
        options.as_object_mut().expect("an object").extend(condition.as_object().expect("an object").clone());
        json!({"a": {"@if": options}})
    };
    for (test, expected) in [
        (json!({"exists": {"@path": "$.userId"}}), "yes"),
        (json!({"exists": {"@path": "$.properties.coupon"}}), "no"),
        (json!({"exists": {"@path": "$.properties.empty"}}), "yes"),
        (json!({"exists": {"@path": "$.nope"}}), "no"),
        (json!({"blank": {"@path": "$.properties.empty"}}), "no"),
        (json!({"blank": {"@path": "$.properties.count"}}), "no"),
        (json!({"blank": {"@path": "$.properties.address"}}), "yes"),
        (json!({"blank": {"@path": "$.userId"}}), "yes"),
    ] {
        check(condition(test), json!({"a": expected}));
    }
    check(json!({"a": {"@if": {"exists": {"@path": "$.nope"}, "then": 1}}}), json!({}));
}

#[test]
fn texts() {
    check(
        json!({
            "a": {"@case": {"operator": "upper", "value": {"@path": "$.type"}}},
            "b": {"@case": {"operator": "lower", "value": {"@path": "$.properties.total"}}},
            "c": {"@replace": {"pattern": ".", "replacement": "-", "value": {"@path": "$.properties.text"}}},
            "d": {"@replace": {"pattern": "A", "replacement": "x", "ignorecase": true, "value": {"@path": "$.properties.text"}}},
            "e": {"@replace": {"pattern": "b", "global": false, "value": {"@path": "$.properties.text"}}},
            "f": {"@replace": {"pattern": "1", "replacement": "9", "value": {"@path": "$.properties.total"}}},
            "g": {"@replace": {"pattern": "1", "value": {"@path": "$.nope"}}},
            "h": {"@replace": {"pattern": "a", "replacement": "b", "pattern2": "b", "replacement2": "c", "value": "ab"}},
        }),
        json!({"a": "TRACK", "b": 12.5, "c": "a-b-A-b", "d": "x.b.x.b", "e": "a..A.b", "f": "92.5", "g": "", "h": "cc"}),
    );
}

#[test]
fn lists() {
    check(
        json!({"a": {"@arrayPath": ["$.properties.products", {"id": {"@path": "$.sku"}, "kind": "p"}]}}),
        json!({"a": [{"id": "s1", "kind": "p"}, {"id": "s2", "kind": "p"}, {"kind": "p"}]}),
    );
    check(
        json!({"a": {"@arrayPath": ["$.properties.address", {"town": {"@path": "$.city"}}]}}),
        json!({"a": [{"town": "Bonn"}]}),
    );
    check(
        json!({"a": {"@arrayPath": ["$.properties.products"]}}),
        json!({"a": event()["properties"]["products"]}),
    );
    check(
        json!({"a": {"@arrayPath": ["$.properties.products", {"n": 1}]}}),
        json!({"a": [{"n": 1}, {"n": 1}, {"n": 1}]}),
    );
    check(
        json!({"a": {"@arrayPath": [{"@path": "$.properties.products"}, {"s": {"@path": "$.sku"}}]}}),
        json!({"a": [{"s": "s1"}, {"s": "s2"}, {}]}),
    );
    // A bare value is not an element of the shape asked for.
    check(json!({"a": {"@arrayPath": ["$.userId", {"id": {"@path": "$.x"}}]}}), json!({}));
}

#[test]
fn objects() {
    check(
        json!({"a": {"@flatten": {"separator": "_", "value": {"@path": "$.properties.address"}}}}),
        json!({"a": {"city": "Bonn", "geo_lat": 1, "geo_none": null}}),
    );
    check(
        json!({"a": {"@flatten": {"separator": ".", "omitArrays": true, "value": {"l": [1, 2], "m": {"n": 1}}}}, "b": {"@flatten": {"separator": ".", "value": {"l": [1, 2]}}}}),
        json!({"a": {"l": [1, 2], "m.n": 1}, "b": {"l.0": 1, "l.1": 2}}),
    );
    let objects = json!([{"x": 1, "y": {"@path": "$.nope"}}, {"x": 2, "z": {"@path": "$.type"}}]);
    check(
        json!({"r": {"@merge": {"direction": "right", "objects": objects}}, "l": {"@merge": {"direction": "left", "objects": objects}}}),
        json!({"r": {"x": 2, "z": "track"}, "l": {"x": 1, "z": "track"}}),
    );
    check(
        json!({"a": {"@transform": {"apply": {"u": {"@path": "$.userId"}}, "mapping": {"v": {"@path": "$.u"}, "w": {"@path": "$.userId"}}}}}),
        json!({"a": {"v": "u-1"}}),
    );
    check(
        json!({"a": {"@excludeWhenNull": {"@path": "$.properties.coupon"}}, "b": {"@excludeWhenNull": {"@path": "$.properties.address"}}}),
        json!({"b": {"city": "Bonn", "geo": {"lat": 1}}}),
    );
    check(
        json!({"a": {"@json": {"mode": "decode", "value": {"@path": "$.properties.raw"}}}, "b": {"@json": {"mode": "encode", "value": {"@path": "$.properties.address"}}}, "c": {"@json": {"mode": "decode", "value": {"@path": "$.type"}}}}),
        json!({"a": {"x": [1]}, "b": "{\"city\":\"Bonn\",\"geo\":{\"lat\":1,\"none\":null}}", "c": "track"}),
    );
}

#[test]
fn what_it_reads() {
    let check = |mapping: Value, expected: &[&str]| {
        let reads = Mapping::parse(&mapping).expect("a mapping").reads();
        assert_eq!(
            reads.paths().iter().map(|path| path.to_string()).collect::<Vec<_>>(),
            expected,
            "{mapping}"
        );
    };
    check(json!({"a": 1}), &[]);
    check(json!({"a": {"@path": "$.x.y"}, "b": {"@template": "{{x.z}} {{x.y.w}}"}}), &["x.y", "x.z"]);
    check(json!({"a": {"@path": "$.items[0].sku"}}), &["items"]);
    check(json!({"a": {"@arrayPath": ["$.items", {"s": {"@path": "$.sku"}, "t": "u"}]}}), &["items.sku"]);
    check(json!({"a": {"@arrayPath": ["$.items", {"t": "u"}]}}), &["items"]);
    check(
        json!({"a": {"@transform": {"apply": {"b": {"@path": "$.c"}}, "mapping": {"d": {"@path": "$.e"}}}}}),
        &["c"],
    );
    check(
        json!({"a": {"@if": {"exists": {"@path": "$.b"}, "then": {"@path": "$.c"}, "else": {"@path": "$.d"}}}}),
        &["b", "c", "d"],
    );
    check(json!({"a": {"@path": {"@path": "$.b"}}}), &[""]);
}

#[test]
fn what_an_event_makes_no_path_of_is_an_error() {
    let mapping = Mapping::parse(&json!({"a": {"@path": {"@path": "$.properties"}}})).expect("a mapping");
    assert_eq!(mapping.apply(&event()), Err(EvalError::NotText));
}

#[test]
fn work_is_bounded() {
    let fields: Vec<_> = (0..1_000).map(|_| json!({"@path": "$.big"})).collect();
    let mapping = Mapping::parse(&json!({"a": fields})).expect("a mapping");
    assert_eq!(mapping.apply(&json!({"big": "x".repeat(30_000)})), Err(EvalError::TooMuch));
}
