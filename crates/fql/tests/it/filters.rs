//! Filters and an event in, what is left of it out.

use fql::EvalError;
use fql::filter::{Action, Condition, Fields, FieldsError, Filter, Outcome, apply};
use paths::{Path, PathError};
use serde_json::{Value, json};

fn filter(condition: &str, actions: Vec<Action>) -> Filter {
    Filter { condition: Condition::parse(condition).expect("a condition"), actions }
}

fn fields(fields: Value) -> Fields {
    Fields::parse(&fields).expect("fields")
}

fn event() -> Value {
    json!({
        "event": "Lab Result", "userId": "u-1",
        "properties": {"result": "canary-1", "kind": "lab", "items": [{"sku": 1, "name": "canary-2"}, {"sku": 2}]},
        "context": {"traits": {"email": "canary-3", "plan": "x"}},
    })
}

#[track_caller]
fn check(filters: &[Filter], expected: Result<Value, Outcome>) {
    let mut event = event();
    match apply(filters, &mut event, || 0.5) {
        Outcome::Passes => assert_eq!(Ok(event), expected),
        outcome => {
            assert_eq!(event, self::event(), "an event that does not pass stays as it was");
            assert_eq!(Err(outcome), expected);
        }
    }
}

#[test]
fn drops() {
    check(&[filter("event = 'Lab Result'", vec![Action::Drop])], Err(Outcome::Dropped));
    check(&[filter("event = 'Other'", vec![Action::Drop])], Ok(event()));
    check(&[filter("all", vec![Action::Drop])], Err(Outcome::Dropped));
}

#[test]
fn what_cannot_be_judged_is_dropped() {
    let hides = Action::DropProperties(fields(json!({"properties": ["result"]})));
    check(&[filter("properties.kind > 3", vec![hides])], Err(Outcome::Failed(EvalError::Type)));
}

#[test]
fn drops_and_allows_properties() {
    check(
        &[filter(
            "all",
            vec![Action::DropProperties(fields(
                json!({"": ["userId"], "properties": ["result"], "context.traits": ["email"]}),
            ))],
        )],
        Ok(json!({
            "event": "Lab Result",
            "properties": {"kind": "lab", "items": [{"sku": 1, "name": "canary-2"}, {"sku": 2}]},
            "context": {"traits": {"plan": "x"}},
        })),
    );
    check(
        &[filter(
            "all",
            vec![Action::AllowProperties(fields(
                json!({"properties": ["kind", "items"], "properties.items": ["sku"], "": ["event", "properties"]}),
            ))],
        )],
        Ok(json!({"event": "Lab Result", "properties": {"kind": "lab", "items": [{"sku": 1}, {"sku": 2}]}})),
    );
}

#[test]
fn lists_on_the_way_to_a_place_are_looked_through() {
    let mut event = json!({"properties": {"visits": [{"patient": {"name": "canary", "id": 1}}, [{"patient": {"name": "canary"}}]]}});
    let action = Action::DropProperties(fields(json!({"properties.visits.patient": ["name"]})));
    assert_eq!(apply(&[filter("all", vec![action])], &mut event, || 0.0), Outcome::Passes);
    assert_eq!(event, json!({"properties": {"visits": [{"patient": {"id": 1}}, [{"patient": {}}]]}}));
}

#[test]
fn conditions_see_the_event_as_it_came() {
    // The first filter removes what the second one asks for.
    let first = filter("all", vec![Action::DropProperties(fields(json!({"properties": ["kind"]})))]);
    let second = filter("properties.kind = 'lab'", vec![Action::Drop]);
    check(&[first, second], Err(Outcome::Dropped));
}

#[test]
fn samples_by_chance() {
    let sample = |percent| vec![filter("all", vec![Action::Sample { percent, path: None }])];
    check(&sample(0.51), Ok(event()));
    check(&sample(0.5), Err(Outcome::SampledOut));
    check(&sample(0.0), Err(Outcome::SampledOut));
    check(&sample(1.0), Ok(event()));
    check(&sample(f64::NAN), Err(Outcome::SampledOut));
}

#[test]
fn samples_by_value() {
    let filters = [filter("all", vec![Action::Sample { percent: 0.25, path: Some(Path::of(["userId"])) }])];
    let kept = |id: u32| {
        apply(&filters, &mut json!({"userId": id, "n": 1}), || unreachable!("no chance in it"))
            == Outcome::Passes
    };
    let count = (0..4_000).filter(|&id| kept(id)).count();
    assert!((900..1_100).contains(&count), "{count}");
    assert!((0..50).all(|id| kept(id) == kept(id)));
}

#[test]
fn refuses_fields_that_are_none() {
    assert_eq!(Fields::parse(&json!(["a"])), Err(FieldsError::Shape));
    assert_eq!(Fields::parse(&json!({"a": "b"})), Err(FieldsError::Shape));
    assert_eq!(Fields::parse(&json!({"a": [1]})), Err(FieldsError::Shape));
    assert_eq!(Fields::parse(&json!({"a..b": []})), Err(FieldsError::Path(PathError::EmptyName)));
    assert_eq!(Fields::parse(&json!({"a": vec!["x"; 1_000]})), Err(FieldsError::TooMany));
}
