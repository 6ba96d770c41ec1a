//! What classification costs an event whose fields are known, beside reading the same text into memory. The bounds are for
//! a debug build on a busy machine.

use std::time::{Duration, Instant};

use base::{SeededRandom, Sid, SourceSid};
use privacy::{Door, Fields, Matchers, State, limits, walk};
use serde_json::json;

#[test]
fn an_event_of_known_fields_is_cheap() {
    let event = json!({
        "type": "track", "messageId": "node-next-1700000000000-7d1c", "userId": "user-000123", "event": "Order Completed",
        "properties": {"order_id": "o-1", "total": 27.5, "currency": "USD", "coupon": "spring", "plan": "gold",
            "products": [{"sku": "a", "price": 1.5, "quantity": 2}, {"sku": "b", "price": 3.5, "quantity": 1}]},
        "context": {"library": {"name": "@segment/analytics-node", "version": "3.1.0"}, "locale": "en-US",
            "page": {"path": "/orders", "title": "Orders", "url": "https://www.example.org/orders"}},
        "integrations": {}, "timestamp": "2026-11-27T10:00:00.000Z", "receivedAt": "2026-11-27T10:00:00.000Z",
    })
    .to_string();
    let source = SourceSid::generate(&SeededRandom::new(1));
    let matchers = Matchers::default();
    let mut fields = Fields::default();
    for one in walk(&event, &fields, source, &matchers).unwrap().detected {
        fields.insert(&one.path, State::new(None, None, Door::Keep, vec![source]));
    }
    // The first values are looked at closely; what comes behind them is the ordinary case.
    for _ in 0..limits::FIRST_VALUES {
        walk(&event, &fields, source, &matchers).unwrap();
    }
    let rounds = 4 * limits::EVERY_VALUE;
    let time = |work: &dyn Fn()| {
        let before = Instant::now();
        (0..rounds).for_each(|_| work());
        before.elapsed() / rounds
    };
    let walked = time(&|| assert!(walk(&event, &fields, source, &matchers).unwrap().detected.is_empty()));
    let parsed = time(&|| assert!(serde_json::from_str::<serde_json::Value>(&event).is_ok()));
    assert!(
        walked < Duration::from_millis(1),
        "{} bytes: walked in {walked:?}, parsed in {parsed:?}",
        event.len()
    );
    // Reading the same text into memory is what it is to be cheaper than, give or take a busy machine.
    assert!(walked < 3 * parsed, "{} bytes: walked in {walked:?}, parsed in {parsed:?}", event.len());
}
