//! Bodies of tracking calls: read within limits or refused; what is read keeps its ids and reads back as JSON.

#![no_main]

use base::{SeededRandom, Timestamp};
use libfuzzer_sys::fuzz_target;
use tracking::{Arrival, Call, limits};

const CALLS: [&str; 7] = ["t", "i", "g", "a", "batch", "import", "m"];

fuzz_target!(|data: &[u8]| {
    let Some((first, body)) = data.split_first() else { return };
    let _inflated = tracking::inflate(body, limits::BODY_BYTES);
    let body = tracking::Body::new(body);
    let _key = body.write_key();
    let call = Call::parse(CALLS[usize::from(*first) % CALLS.len()]).expect("a call");
    let arrival = Arrival { call, received_at: Timestamp::from_seconds(1_700_000_000), address: "192.0.2.7" };
    let Ok(received) = body.read(&arrival, &SeededRandom::new(1)) else { return };
    assert!(received.events.len() + received.rejected.len() <= limits::BATCH_EVENTS);
    let mut bytes = 0;
    for event in &received.events {
        assert!(event.user_id.is_some() || event.anonymous_id.is_some());
        assert_eq!(format!("{:?}", event.body), "[phi]");
        event.body.learn(|json| {
            match serde_json::from_str::<serde_json::Value>(json.get()) {
                Ok(value) => assert_eq!(value["type"], event.kind.as_str()),
                // JSON has numbers that no reader of ours can hold; they are kept as they were sent.
                Err(error) => assert!(error.to_string().starts_with("number out of range"), "{error}"),
            }
        });
        bytes += event.size();
    }
    assert!(bytes <= limits::EXPANDED_BYTES);
});
