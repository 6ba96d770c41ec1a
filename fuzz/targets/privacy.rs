//! Classification: a pattern of a custom matcher and an event, parted by the first line break. What the walk finds is
//! known afterwards; what is hidden from a reader for whom unknown counts as red is everything but our own members.

#![no_main]

use base::{SeededRandom, Sid, SourceSid};
use libfuzzer_sys::fuzz_target;
use privacy::{Colour, CustomMatcher, Door, Fields, How, Matchers, State, Where, drop_fields, mask, walk};
use serde_json::Value;

fuzz_target!(|data: &[u8]| {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let Some((pattern, event)) = text.split_once('\n') else { return };
    let custom = |on, how| CustomMatcher { name: "fuzzed".to_owned(), colour: Colour::Red, on, how };
    let matchers = Matchers::new(&[
        custom(Where::Value, How::Pattern(pattern.to_owned())),
        custom(Where::Key, How::Similar(vec![pattern.to_owned()])),
    ])
    .unwrap_or_default();
    let source = SourceSid::generate(&SeededRandom::new(1));
    let Some(walked) = walk(event, &Fields::default(), source, &matchers) else { return };
    let mut fields = Fields::default();
    for one in &walked.detected {
        let door = if one.matched.is_some() { Door::DropField } else { Door::Keep };
        fields.insert(&one.path, State::new(Some(Colour::Red), None, door, vec![source]));
    }
    let again = walk(event, &fields, source, &matchers).expect("it was walked before");
    assert!(walked.unlisted > 0 || again.detected.is_empty());
    let Ok(mut event) = serde_json::from_str::<Value>(event) else { return };
    let mut shown = event.clone();
    mask(&mut shown, &Fields::default(), true);
    if let Some(members) = shown.as_object() {
        assert!(members.keys().all(|name| ["type", "timestamp", "receivedAt"].contains(&name.as_str())));
    }
    drop_fields(&mut event, &fields);
    assert_eq!(drop_fields(&mut event, &fields), 0);
});
