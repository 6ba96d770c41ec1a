//! Events against what is known of their fields.

use base::{SeededRandom, Sid, SourceSid};
use paths::Path;
use privacy::{Colour, Door, Fields, Matchers, State, Walked, limits, walk};
use serde_json::json;

fn source(seed: u64) -> SourceSid {
    SourceSid::generate(&SeededRandom::new(seed))
}

fn path(text: &str) -> Path {
    Path::parse_loosely(text).unwrap()
}

fn seen(event: &serde_json::Value, fields: &Fields) -> Walked {
    walk(&event.to_string(), fields, source(1), &Matchers::default()).unwrap()
}

fn paths(walked: &Walked) -> Vec<String> {
    let mut paths: Vec<_> = walked.detected.iter().map(|one| one.path.to_string()).collect();
    paths.sort();
    paths
}

/// All of it known to the source.
fn known(walked: &Walked) -> Fields {
    let mut fields = Fields::default();
    for one in &walked.detected {
        let recommended = one.matched.as_ref().map(|matched| matched.colour);
        fields.insert(&one.path, State::new(None, recommended, Door::Keep, vec![source(1)]));
    }
    fields
}

#[test]
fn every_field_is_detected_once_and_never_with_what_stands_in_it() {
    let event = json!({
        "type": "track", "timestamp": "t", "receivedAt": "r", "event": "Seen", "userId": "u",
        "properties": {"products": [{"sku": "a"}, {"sku": "b", "tags": []}], "ssn": "canary", "empty": {}, "none": null},
        "context": {"traits": {"email": "canary@example.org"}},
    });
    let walked = seen(&event, &Fields::default());
    assert_eq!(
        paths(&walked),
        [
            "context.traits.email",
            "event",
            "properties.empty",
            "properties.none",
            "properties.products.sku",
            "properties.products.tags",
            "properties.ssn",
            "userId",
        ]
    );
    assert!(!format!("{walked:?}").contains("canary"));
    let again = seen(&event, &known(&walked));
    assert_eq!((paths(&again), again.door), (Vec::<String>::new(), Door::Keep));
    // Another source has seen none of them yet.
    let elsewhere = walk(&event.to_string(), &known(&walked), source(2), &Matchers::default()).unwrap();
    assert_eq!(paths(&elsewhere), paths(&walked));
}

#[test]
fn a_known_field_is_looked_at_now_and_then() {
    let plain = json!({"properties": {"note": "blue"}});
    let fields = known(&seen(&plain, &Fields::default()));
    for _ in 0..limits::FIRST_VALUES {
        assert!(seen(&plain, &fields).detected.is_empty());
    }
    let telling = json!({"properties": {"note": "SSN 212-34-5678"}});
    let mut turns = 0;
    while seen(&telling, &fields).detected.is_empty() {
        turns += 1;
        assert!(turns <= limits::EVERY_VALUE);
    }
    // One that was spoken about is not.
    let mut spoken = Fields::default();
    let green = State::new(Some(Colour::Green), None, Door::Keep, vec![source(1)]);
    spoken.insert(&path("properties.note"), green);
    assert!(seen(&telling, &spoken).detected.is_empty());
}

#[test]
fn the_strictest_door_counts_and_reaches_what_is_inside() {
    let door = |text: &str, door| {
        let mut fields = Fields::default();
        fields.insert(&path(text), State::new(Some(Colour::Red), None, door, vec![source(1)]));
        seen(&json!({"properties": {"a": {"b": [{"c": 1}]}}, "event": "e"}), &fields).door
    };
    assert_eq!(door("properties.a.b.c", Door::DropField), Door::DropField);
    assert_eq!(door("properties.a", Door::DropEvent), Door::DropEvent);
    assert_eq!(door("properties.a.c", Door::DropEvent), Door::Keep);
    assert_eq!(door("properties", Door::DropField), Door::DropField);
}

#[test]
fn more_than_is_listed_is_counted() {
    let members: serde_json::Map<_, _> =
        (0..limits::NEW_FIELDS + 3).map(|place| (format!("k{place}"), json!(1))).collect();
    let walked = seen(&json!({ "properties": members }), &Fields::default());
    assert_eq!((walked.detected.len(), walked.unlisted), (limits::NEW_FIELDS, 3));
}

#[test]
fn what_cannot_be_read_is_not_passed_over() {
    for event in [r#"{"properties":{"x":1e400}}"#, "{", r#"{"a":1} x"#] {
        assert!(walk(event, &Fields::default(), source(1), &Matchers::default()).is_none(), "{event}");
    }
}

proptest::proptest! {
    #[test]
    fn never_panics(text in ".*", names in proptest::collection::vec("[a-z.\\\\]{1,4}", 0..5)) {
        let fields = Fields::default();
        let _ = walk(&text, &fields, source(1), &Matchers::default());
        let mut event = json!("SSN 212-34-5678");
        for name in names {
            event = json!({ name: event });
        }
        let walked = seen(&event, &fields);
        let again = known(&walked);
        proptest::prop_assert!(seen(&event, &again).detected.is_empty());
    }
}
