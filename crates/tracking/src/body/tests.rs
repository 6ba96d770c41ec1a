//! Tables of bodies and what comes out of them.

use base::SeededRandom;
use phi::Phi;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::event::Consent;

const ADDRESS: &str = "192.0.2.7";

fn at(call: Call) -> Arrival<'static> {
    let received_at = Timestamp::parse_iso8601("2026-01-15T12:00:00Z").unwrap();
    Arrival { call, received_at, address: ADDRESS }
}

fn try_read(call: Call, body: &[u8]) -> Result<Received, Malformed> {
    Body::new(body).read(&at(call), &SeededRandom::new(1))
}

fn received(call: Call, body: &Value) -> Received {
    try_read(call, body.to_string().as_bytes()).unwrap()
}

/// What a test may see and nobody else.
fn opened(event: &Event) -> Value {
    let mut shown = Value::Null;
    event.body.learn(|body| shown = serde_json::from_str(body.get()).unwrap());
    shown
}

fn shown(value: &Option<Phi<String>>) -> Option<String> {
    let mut shown = None;
    if let Some(value) = value {
        value.learn(|text| shown = Some(text.clone()));
    }
    shown
}

const TRACK: Call = Call::One(EventType::Track);

#[test]
fn one_event_in_the_one_form() {
    let received = received(
        TRACK,
        &json!({
            "writeKey": "k", "userId": "u-1", "anonymousId": null, "event": "Booked", "messageId": "m-1",
            "properties": {"ward": 4}, "timestamp": "2026-01-15T10:00:00+01:00", "sentAt": "2026-01-15T09:00:10Z",
            "type": "ignored: the path says it", "custom": [1]
        }),
    );
    let [event] = received.events.as_slice() else { panic!("one event") };
    assert_eq!(shown(&event.user_id).as_deref(), Some("u-1"));
    assert_eq!(shown(&event.anonymous_id), None);
    assert_eq!(
        opened(event),
        json!({
            "type": "track", "messageId": "m-1", "userId": "u-1", "event": "Booked", "properties": {"ward": 4},
            "custom": [1], "context": {}, "originalTimestamp": "2026-01-15T10:00:00+01:00",
            "sentAt": "2026-01-15T09:00:10Z", "timestamp": "2026-01-15T11:59:50.000Z",
            "receivedAt": "2026-01-15T12:00:00.000Z"
        })
    );
    assert_eq!(format!("{event:?}").matches("[phi]").count(), 3, "message id, user id and body say nothing");
}

#[test]
fn what_a_batch_says_for_all_is_in_each() {
    let received = received(
        Call::Batch,
        &json!({
            "context": {"library": {"name": "x"}, "ip": "1.2.3.4"}, "integrations": {"All": false}, "sentAt": "2026-01-15T12:00:00Z",
            "batch": [
                {"type": "track", "event": "A", "userId": 7},
                {"type": "page", "anonymousId": "a", "context": {"ip": "5.6.7.8", "page": {}}, "integrations": {"B": true}},
            ]
        }),
    );
    let [first, second] = received.events.as_slice() else { panic!("two events") };
    assert_eq!(shown(&first.user_id).as_deref(), Some("7"), "a number is an id");
    assert_eq!(opened(first)["context"], json!({"library": {"name": "x"}, "ip": "1.2.3.4"}));
    assert_eq!(opened(second)["context"], json!({"library": {"name": "x"}, "ip": "5.6.7.8", "page": {}}));
    assert_eq!(opened(second)["integrations"], json!({"All": false, "B": true}));
    let made_up = opened(first)["messageId"].as_str().unwrap().to_owned();
    assert!(made_up.starts_with("api-") && made_up.len() == 36, "{made_up}");
}

#[test]
fn the_address_is_filled_in_only_where_it_is_asked_for() {
    let context = |context: Value| {
        let body = json!({"userId": "u", "event": "e", "context": context});
        opened(&received(TRACK, &body).events[0])["context"].clone()
    };
    assert_eq!(context(json!({"direct": true})), json!({"direct": true, "ip": ADDRESS}));
    assert_eq!(context(json!({"direct": true, "ip": "1.1.1.1"})), json!({"direct": true, "ip": "1.1.1.1"}));
    assert_eq!(context(json!({"direct": true, "ip": null})), json!({"direct": true, "ip": ADDRESS}));
    assert_eq!(context(json!({"direct": false})), json!({"direct": false}));
}

#[test]
fn times_of_an_import_are_taken_as_they_are() {
    let item = json!({"type": "track", "event": "e", "userId": "u", "timestamp": "2020-01-01T00:00:00Z"});
    let body = json!({"batch": [item], "sentAt": "2026-01-15T11:00:00Z"});
    let when = |call| opened(&received(call, &body).events[0])["timestamp"].clone();
    assert_eq!(when(Call::Import), "2020-01-01T00:00:00.000Z");
    assert_eq!(when(Call::Batch), "2020-01-01T01:00:00.000Z", "by as much as the sender's clock is late");
}

#[test]
fn what_each_type_must_have() {
    use Rejected::{
        MessageId, NoGroupId, NoIdentity, NoName, NoPreviousId, Shape, TooDeep, TooLarge, UnknownType,
    };
    let mut deep = json!(1);
    for _ in 0..limits::DEPTH {
        deep = json!([deep]);
    }
    let table = [
        (json!({"type": "track", "event": "e"}), NoIdentity),
        (json!({"type": "track", "event": "e", "userId": "", "anonymousId": {}}), NoIdentity),
        (json!({"type": "track", "userId": "u"}), NoName),
        (json!({"type": "group", "userId": "u"}), NoGroupId),
        (json!({"type": "alias", "userId": "u"}), NoPreviousId),
        (json!({"type": "alias", "previousId": "u", "anonymousId": "a"}), NoPreviousId),
        (json!({"type": "delete", "userId": "u"}), UnknownType),
        (json!({"userId": "u"}), UnknownType),
        (json!({"type": "page", "userId": "u", "messageId": "é".repeat(101)}), MessageId),
        (json!({"type": "page", "userId": "u", "context": []}), Shape),
        (json!({"type": "page", "userId": "u", "integrations": "All"}), Shape),
        (json!("track"), Shape),
        (json!({"type": "page", "userId": "u", "properties": deep}), TooDeep),
        (json!({"type": "page", "userId": "u", "name": "x".repeat(limits::EVENT_BYTES)}), TooLarge),
    ];
    for (item, expected) in table {
        let good = json!({"type": "page", "userId": "u", "messageId": "é".repeat(100)});
        let received = received(Call::Batch, &json!({"batch": [item, good]}));
        assert_eq!(received.rejected, [expected]);
        assert_eq!(received.events.len(), 1, "{expected}: the others of the batch are taken");
    }
}

#[test]
fn bodies_that_are_refused() {
    let bytes = |text: &str| text.as_bytes().to_vec();
    let large = json!({"event": "e", "userId": "u", "properties": {"x": "x".repeat(limits::EVENT_BYTES)}});
    let context: serde_json::Map<_, _> = (0..1_000).map(|n| (format!("k{n}"), json!("some text"))).collect();
    let items = vec![json!({"type": "page", "userId": "u"}); 1_000];
    let table = [
        (TRACK, bytes(""), Malformed::Json),
        (TRACK, bytes("{"), Malformed::Json),
        (TRACK, bytes("{} {}"), Malformed::Json),
        (TRACK, bytes("[]"), Malformed::Json),
        (TRACK, vec![b'"', 0xff, b'"'], Malformed::Json),
        (TRACK, bytes(r#"{"userId":"a","userId":"b","event":"e"}"#), Malformed::Json),
        (TRACK, bytes(&"[".repeat(200_000)), Malformed::Json),
        (TRACK, bytes(&"{\"a\":".repeat(50_000)), Malformed::Json),
        (TRACK, bytes(&large.to_string()), Malformed::TooLarge),
        (Call::Batch, bytes("{}"), Malformed::Json),
        (Call::Batch, bytes(r#"{"batch":{}}"#), Malformed::Json),
        (Call::Batch, vec![b' '; limits::BODY_BYTES + 1], Malformed::TooLarge),
        // A small body that would be a large one.
        (Call::Batch, bytes(&json!({"context": context, "batch": items}).to_string()), Malformed::TooLarge),
    ];
    for (call, body, expected) in table {
        assert_eq!(try_read(call, &body).err(), Some(expected), "{:?}", &body[..body.len().min(40)]);
    }
}

#[test]
fn half_a_character_costs_no_event_and_reads_back() {
    let body = br#"{"userId":"u\ud83d","event":"Seen","properties":{"\udac0":{"note":"cut \ud83d"}},"messageId":"m"}"#;
    let received = try_read(TRACK, body).unwrap();
    let event = opened(&received.events[0]);
    assert_eq!(event["properties"], json!({"\u{fffd}": {"note": "cut \u{fffd}"}}));
    assert_eq!(shown(&received.events[0].user_id).unwrap(), "u\u{fffd}");
}

#[test]
fn ten_thousand_members_are_read_without_a_stall() {
    let members: serde_json::Map<_, _> = (0..10_000).map(|n| (format!("k{n}"), json!(0))).collect();
    let item = json!({"type": "track", "event": "e", "userId": "u", "properties": members});
    let received = received(Call::Batch, &json!({"batch": [item]}));
    assert_eq!(received.rejected, [Rejected::TooLarge], "ten thousand members never fit into an event");
    let mut items: Vec<Value> = vec![json!({"type": "page", "userId": "u"}); limits::BATCH_EVENTS];
    assert_eq!(
        super::tests::received(Call::Batch, &json!({"batch": items})).events.len(),
        limits::BATCH_EVENTS
    );
    items.push(json!({}));
    let over = super::tests::received(Call::Batch, &json!({"batch": items}));
    assert!(over.too_many && over.events.is_empty() && over.rejected.is_empty());
}

#[test]
fn consent_is_given_by_a_category_and_nothing_else() {
    let table = [
        (json!({}), Consent::Absent),
        (json!({"consent": null}), Consent::Absent),
        (json!({"consent": {}}), Consent::Refused),
        (json!({"consent": true}), Consent::Refused),
        (json!({"consent": {"categoryPreferences": {}}}), Consent::Refused),
        (json!({"consent": {"categoryPreferences": {"A": false, "B": "true"}}}), Consent::Refused),
        (json!({"consent": {"categoryPreferences": {"A": false, "B": true}}}), Consent::Given),
    ];
    for (context, expected) in table {
        let body = json!({"userId": "u", "event": "e", "context": context});
        assert_eq!(received(TRACK, &body).events[0].consent, expected, "{body}");
        // The same when the batch says it for all.
        let batch = json!({"context": context, "batch": [{"type": "page", "userId": "u"}]});
        assert_eq!(received(Call::Batch, &batch).events[0].consent, expected);
    }
}

#[test]
fn the_write_key_is_found_in_the_body() {
    assert_eq!(Body::new(br#"{"batch":[],"writeKey":"k"}"#).write_key().as_deref(), Some("k"));
    for body in [&b"{}"[..], b"[]", b"", br#"{"writeKey":1}"#, br#"{"writeKey":"a","writeKey":"b"}"#] {
        assert_eq!(Body::new(body).write_key(), None);
    }
}

fn json_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        ".{0,12}".prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 40, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            prop::collection::hash_map("[a-zA-Z\"\\\\]{0,6}", inner, 0..6)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

proptest! {
    /// Whatever an event holds besides what is ours comes out as it went in.
    #[test]
    fn nothing_that_was_sent_is_lost(properties in json_value(), traits in json_value(), page in json_value()) {
        let body = json!({
            "userId": "u", "event": "e", "properties": properties, "traits": traits, "context": {"page": page}
        });
        let received = received(TRACK, &body);
        let event = opened(&received.events[0]);
        prop_assert_eq!(&event["properties"], &properties);
        prop_assert_eq!(&event["traits"], &traits);
        prop_assert_eq!(&event["context"]["page"], &page);
    }

    #[test]
    fn no_bytes_make_it_stumble(body in prop::collection::vec(any::<u8>(), 0..300)) {
        for call in [TRACK, Call::Batch, Call::Import, Call::Metrics] {
            let _answer = try_read(call, &body);
        }
    }
}
