//! What a destination receives: in order, once, with ids, and nothing that it was not meant to have.

use std::time::Duration;

use aws_lc_rs::hmac;
use data_encoding::HEXLOWER;
use serde_json::{Value, json};

use crate::world::{World, body, order, text, track};

/// What only the sender and the platform may ever see.
const CANARIES: [&str; 9] = [
    "ungranted-canary",
    "e-canary",
    "x-canary",
    "m-canary",
    "a-canary",
    "k-canary",
    "t-canary",
    "d-canary",
    "c-canary",
];

#[tokio::test]
async fn nothing_that_is_not_granted_is_in_any_byte() {
    let world = World::start().await;
    let place = world.hipaa_place().await;
    let mut event = order("u-1", 7);
    event["messageId"] = json!("m-canary");
    event["anonymousId"] = json!("a-canary");
    event["properties"]["k-canary"] = json!("ungranted-canary");
    event["context"] = json!({"page": {"title": "t-canary"}, "ip": "x-canary"});
    event["c-canary"] = json!(["e-canary"]);
    world.send(&place, json!([event])).await;
    world.deliver().await;
    let requests = world.sink.requests();
    assert_eq!(requests.len(), 1);
    let everything = format!("{:?} {:?}", requests[0].path, requests[0].headers);
    let everything = everything + &String::from_utf8_lossy(&requests[0].body);
    for canary in CANARIES {
        assert!(!everything.contains(canary), "{canary} in {everything}");
    }
    for secret in ["u-1", "h-canary", "s-canary"].into_iter().chain(CANARIES) {
        assert!(!test_kit::contains_bytes(world.app.data_dir(), secret.as_bytes()), "{secret} at rest");
    }
    let shown = world.show(&place, "").await.text;
    assert!(!shown.contains("h-canary") && !shown.contains("s-canary"), "{shown}");
}

#[tokio::test]
async fn a_request_says_what_it_is_of_and_that_it_is_ours() {
    let world = World::start().await;
    let place = world.hipaa_place().await;
    world.send(&place, json!([order("u", 7)])).await;
    world.deliver().await;
    let request = world.sink.requests().remove(0);
    let header = |name: &str| request.headers[name].to_str().unwrap().to_owned();
    assert_eq!((request.method.as_str(), request.path.as_str()), ("POST", "/events"));
    assert_eq!(header("content-type"), "application/json");
    assert_eq!(header("authorization"), "Bearer h-canary");
    assert_eq!(header("idempotency-key"), header("x-switchward-event-ids"));
    let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, b"s-canary");
    assert_eq!(header("x-signature"), HEXLOWER.encode(hmac::sign(&key, &request.body).as_ref()));
    assert!(!request.headers.contains_key("x-twilio-signature"));
}

#[tokio::test]
async fn events_come_once_and_in_order() {
    order_of_events(&World::start().await).await;
}

#[tokio::test]
async fn events_come_once_and_in_order_on_postgresql() {
    if let Some(world) = World::start_on_postgres().await {
        order_of_events(&world).await;
    }
}

/// Requests of several events, each a row; batches that cut rows; two engines at once.
async fn order_of_events(world: &World) {
    let place = world.hipaa_place().await;
    world.change(&place, "", json!({"settings": {"batch_size": 3}})).await.assert_status(201);
    let mut total = 0;
    for _ in 0..6 {
        let events: Vec<_> = (0..7)
            .map(|_| {
                total += 1;
                order("u", total)
            })
            .collect();
        world.send(&place, json!(events)).await;
    }
    let second = destinations::Engine::new(
        std::sync::Arc::clone(&world.app.services),
        std::sync::Arc::new(destinations::Ways::new(crate::world::webhooks(&world.app, &world.sink))),
    );
    while {
        let (one, two) = tokio::join!(world.engine.round(), second.round());
        one.unwrap() + two.unwrap() > 0
    } {}
    let sums: Vec<u64> = world
        .received()
        .iter()
        .flat_map(|list| list.as_array().unwrap().clone())
        .map(|payload| payload["sum"].as_u64().unwrap())
        .collect();
    assert_eq!(sums, (1..=42).collect::<Vec<u64>>());
    assert!(world.received().iter().all(|list| list.as_array().unwrap().len() <= 3));
    assert_eq!(world.count(&place, "delivered").await, 42);
    // What comes later goes on from there.
    world.send(&place, json!([order("u", 99)])).await;
    world.deliver().await;
    assert_eq!(world.received().last().unwrap(), &json!([{"who": "u", "sum": 99}]));
}

#[tokio::test]
async fn filters_mappings_and_integrations_decide_what_goes() {
    let world = World::start().await;
    let place = world.ordinary_place().await;
    let filters = json!({"filters": [
        {"title": "No tests", "if": "event = 'Test'", "actions": [{"type": "DROP"}]},
        {"title": "No notes", "if": "all", "actions": [{"type": "DROP_PROPERTIES",
            "fields": {"properties": ["note"]}}]},
        {"title": "Nobody", "if": "event = 'Sampled'", "actions": [{"type": "SAMPLE", "percent": 0.0, "path": ""}]},
        {"title": "Off", "if": "all", "actions": [{"type": "DROP"}], "enabled": false},
        {"title": "Cannot be judged", "if": "event = 'Odd' and properties.flag > 'x'",
            "actions": [{"type": "DROP_PROPERTIES", "fields": {"properties": ["flag"]}}]},
    ]});
    let set = world.change(&place, "/Filters", filters).await;
    set.assert_status(201);
    let mut left_out = track("u", "Left out", json!({}));
    left_out["integrations"] = json!({"All": false, "Other": true});
    let mut named = track("u", "Named", json!({}));
    named["integrations"] = json!({"All": false, "Pharmacy": {"x": 1}});
    let events = json!([
        track("u", "Test", json!({})),
        track("u", "Seen", json!({"note": "n-canary", "page": 1})),
        track("u", "Sampled", json!({})),
        track("u", "Odd", json!({"flag": 3})),
        left_out,
        named,
    ]);
    world.send(&place, events).await;
    world.deliver().await;
    let received = world.received();
    let names: Vec<_> = received.iter().map(|event| text(&event["event"])).collect();
    assert_eq!(names, ["Seen", "Named"]);
    assert_eq!(received[0]["properties"], json!({"page": 1}));
    let counts = world.counts(&place).await;
    let expected = [
        ("delivered", 2),
        ("discarded_filter", 1),
        ("discarded_integrations", 1),
        ("discarded_sample", 1),
        ("discarded_unjudged", 1),
    ];
    assert_eq!(counts, expected.map(|(outcome, events)| (outcome.to_owned(), events)));
    // A filter keeps its id through a change that names it.
    let id = text(&set.json["filters"][0]["id"]);
    let again =
        json!({"filters": [{"id": id, "title": "No tests", "if": "all", "actions": [{"type": "DROP"}]}]});
    assert_eq!(world.change(&place, "/Filters", again).await.json["filters"][0]["id"], json!(id));
}

#[tokio::test]
async fn several_mappings_make_several_payloads_with_ids_of_their_own() {
    let world = World::start().await;
    let place = world.ordinary_place().await;
    let one = |name: &str, trigger: &str| json!({"name": name, "trigger": trigger, "mapping": {"n": name}});
    let mappings =
        json!({"mappings": [one("a", "all"), one("b", "event = 'Seen'"), one("c", "event = 'No'")]});
    world.change(&place, "/Mappings", mappings).await.assert_status(201);
    world.change(&place, "", json!({"settings": {"batch_size": 10}})).await.assert_status(201);
    world.send(&place, json!([track("u", "Seen", json!({}))])).await;
    world.deliver().await;
    let request = world.sink.requests().remove(0);
    assert_eq!(body(&request), json!([{"n": "a"}, {"n": "b"}]));
    let ids = request.headers["x-switchward-event-ids"].to_str().unwrap().to_owned();
    let ids: Vec<_> = ids.split(',').collect();
    assert_eq!((ids.len(), ids[0] == ids[1]), (2, false));
}

#[tokio::test]
async fn a_rate_is_kept() {
    let world = World::start().await;
    let place = world.ordinary_place().await;
    world.change(&place, "", json!({"max_per_second": 5})).await.assert_status(201);
    let events: Vec<Value> = (0..12).map(|number| order("u", number)).collect();
    world.send(&place, json!(events)).await;
    for expected in [5, 10, 12] {
        world.deliver().await;
        assert_eq!(world.received().len(), expected);
        world.deliver().await;
        assert_eq!(world.received().len(), expected, "the second is not over");
        world.app.advance(Duration::from_secs(1));
    }
}

#[tokio::test]
async fn what_came_while_it_was_off_is_not_its_affair() {
    let world = World::start().await;
    let place = world.place(&world.app.owner, false).await;
    world.send(&place, json!([order("u", 1)])).await;
    world.switch(&place, true).await.assert_status(201);
    world.send(&place, json!([order("u", 2)])).await;
    world.switch(&place, false).await.assert_status(201);
    world.deliver().await;
    world.switch(&place, true).await.assert_status(201);
    world.send(&place, json!([order("u", 3)])).await;
    world.deliver().await;
    let totals: Vec<_> = world.received().iter().map(|event| event["properties"]["total"].clone()).collect();
    assert_eq!(totals, [3]);
}

#[tokio::test]
async fn what_was_done_and_since_when_something_waits_is_measured_by_destination() {
    let world = World::start().await;
    let place = world.hipaa_place().await;
    let name = place.destination.to_string();
    let lag = async || {
        let lags = world.store().consumer_lags(destinations::limits::MEASURED).await.unwrap();
        lags.into_iter().find(|(known, _)| *known == name).unwrap().1
    };
    assert_eq!(lag().await, None);
    let received = world.app.now();
    world.send(&place, json!([order("u", 1), track("u", "Cancelled", json!({}))])).await;
    world.app.advance(Duration::from_secs(30));
    assert_eq!(lag().await, Some(received));
    world.deliver().await;
    assert_eq!(lag().await, None);
    let measured = world.engine.measures.by_destination();
    let expected = [(place.destination, "delivered", 1), (place.destination, "discarded_no_mapping", 1)];
    assert_eq!(measured, expected);
}

/// Goal: what is taken and cannot be read as numbers go holds up nobody else's events.
#[tokio::test]
async fn a_number_beyond_all_measures_is_left_out_and_holds_nothing_up() {
    let world = World::start().await;
    let place = world.place(&world.app.owner, false).await;
    world.switch(&place, true).await.assert_status(201);
    let event = |user: &str, total: &str| {
        format!(r#"{{"type":"track","event":"Seen","userId":"{user}","properties":{{"page":{total}}}}}"#)
    };
    world.send_text(&place, &format!("[{},{}]", event("a", "1e400"), event("b", "1"))).await;
    world.deliver().await;
    assert_eq!(world.received().len(), 1);
    let expected = [("delivered", 1), ("discarded_unjudged", 1)];
    assert_eq!(world.counts(&place).await, expected.map(|(outcome, events)| (outcome.to_owned(), events)));
}
