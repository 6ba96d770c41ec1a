//! What is dropped, and what is hidden.

use paths::Path;
use privacy::{Colour, Door, Fields, State, drop_fields, mask};
use serde_json::{Value, json};

fn fields(rows: &[(&str, Colour, Door)]) -> Fields {
    let mut fields = Fields::default();
    for (path, colour, door) in rows {
        fields
            .insert(&Path::parse_loosely(path).unwrap(), State::new(Some(*colour), None, *door, Vec::new()));
    }
    fields
}

fn masked(event: &Value, fields: &Fields, hides_unknown: bool) -> Value {
    let mut event = event.clone();
    mask(&mut event, fields, hides_unknown);
    event
}

fn event() -> Value {
    json!({
        "type": "track", "timestamp": "t", "receivedAt": "r", "event": "Seen", "userId": "u-1",
        "properties": {"note": "n", "plan": "gold", "drugs": [{"code": 1, "dose": 2}], "deep": {"a": 1}},
    })
}

#[test]
fn colours_hide_and_unknown_fields_do_where_they_count_as_red() {
    use Colour::{Green, Red, Yellow};
    let fields = fields(&[
        ("event", Green, Door::Keep),
        ("properties.note", Red, Door::Keep),
        ("properties.plan", Green, Door::Keep),
        ("properties.drugs.code", Yellow, Door::Keep),
        ("properties.deep", Yellow, Door::Keep),
        ("properties.deep.a", Green, Door::Keep),
    ]);
    assert_eq!(
        masked(&event(), &fields, false),
        json!({
            "type": "track", "timestamp": "t", "receivedAt": "r", "event": "Seen", "userId": "u-1",
            "properties": {"note": "[masked]", "plan": "gold", "drugs": [{"code": "[masked]", "dose": 2}],
                "deep": "[masked]"},
        })
    );
    assert_eq!(
        masked(&event(), &fields, true),
        json!({
            "type": "track", "timestamp": "t", "receivedAt": "r", "event": "Seen",
            "properties": {"note": "[masked]", "plan": "gold", "drugs": [{"code": "[masked]"}], "deep": "[masked]"},
        })
    );
    assert_eq!(
        masked(&event(), &Fields::default(), true),
        json!({"type": "track", "timestamp": "t", "receivedAt": "r"})
    );
    assert_eq!(masked(&event(), &Fields::default(), false), event());
    assert_eq!(masked(&json!("text"), &Fields::default(), false), Value::Null);
}

#[test]
fn what_is_kept_out_is_gone_with_its_name() {
    let fields = fields(&[
        ("properties.drugs.code", Colour::Red, Door::DropField),
        ("properties.deep", Colour::Red, Door::DropField),
        ("properties.note", Colour::Red, Door::Keep),
    ]);
    let mut event = event();
    assert_eq!(drop_fields(&mut event, &fields), 2);
    assert_eq!(event["properties"], json!({"note": "n", "plan": "gold", "drugs": [{"dose": 2}]}));
    assert_eq!(drop_fields(&mut event, &fields), 0);
}

fn name() -> impl proptest::strategy::Strategy<Value = String> {
    proptest::sample::select(vec!["a", "b", "c"]).prop_map(str::to_owned)
}

use proptest::strategy::Strategy;

fn tree() -> impl Strategy<Value = Value> {
    proptest::strategy::Just(json!("canary")).prop_recursive(4, 24, 3, |inner| {
        proptest::prop_oneof![
            proptest::collection::vec(inner.clone(), 1..3).prop_map(Value::from),
            proptest::collection::btree_map(name(), inner, 1..3).prop_map(|members| json!(members)),
        ]
    })
}

proptest::proptest! {
    /// Where nobody has said green, nothing of an event is shown.
    #[test]
    fn nothing_is_shown_that_is_not_green(inner in tree(), hidden in proptest::collection::vec(name(), 1..4)) {
        let event = json!({"type": "track", "properties": inner});
        proptest::prop_assert!(!masked(&event, &Fields::default(), true).to_string().contains("canary"));
        let mut red = Fields::default();
        let path = Path::of(std::iter::once("properties".to_owned()).chain(hidden));
        red.insert(&path, State::new(Some(Colour::Red), None, Door::DropField, Vec::new()));
        let shown = masked(&event, &red, false);
        let mut dropped = event.clone();
        let count = drop_fields(&mut dropped, &red);
        // What is hidden and what is dropped are the same places.
        proptest::prop_assert_eq!(count > 0, shown.to_string().contains("[masked]"));
    }
}
