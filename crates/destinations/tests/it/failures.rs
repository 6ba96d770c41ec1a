//! What goes wrong: servers that refuse, fail or never answer, and processes that end in the middle.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use auth::AccountContext;
use destinations::Engine;
use destinations::records::Settings;
use destinations::transport::{HandedOver, Parcel, Sending, Transport};
use serde_json::{Value, json};
use test_kit::SinkReply;
use tokio::net::TcpListener;
use tokio::sync::watch;

use crate::world::{World, order};

const HOUR: Duration = Duration::from_secs(3_600);

#[tokio::test]
async fn a_server_that_fails_is_tried_again_with_the_same_ids() {
    let world = World::start().await;
    let place = world.hipaa_place().await;
    for status in [500, 503, 429, 408] {
        world.sink.answer_once("/events", SinkReply::status(status));
    }
    world.send(&place, json!([order("u", 1)])).await;
    world.send(&place, json!([order("u", 2)])).await;
    for attempt in 1..=4 {
        world.deliver().await;
        assert_eq!(world.sink.requests().len(), attempt);
        world.deliver().await;
        assert_eq!(world.sink.requests().len(), attempt, "it waits");
        let shown = world.show(&place, "/Deliveries").await.json;
        assert_eq!(shown["failures"], attempt);
        world.app.advance(Duration::from_secs(1 << (attempt - 1)));
    }
    world.deliver().await;
    let requests = world.sink.requests();
    assert_eq!(requests.len(), 6);
    let keys: BTreeSet<_> = requests[..5]
        .iter()
        .map(|request| request.headers["idempotency-key"].clone())
        .map(|key| key.to_str().unwrap().to_owned())
        .collect();
    assert_eq!(keys.len(), 1);
    assert!(requests[..5].iter().all(|request| request.body == requests[0].body));
    let counts = world.counts(&place).await;
    assert_eq!(counts, [("delivered".to_owned(), 2), ("retried".to_owned(), 4)]);
    let shown = world.show(&place, "/Deliveries").await.json;
    assert_eq!((&shown["failures"], &shown["waiting_since"]), (&json!(0), &json!(null)));
}

#[tokio::test]
async fn what_is_refused_is_recorded_without_what_it_says_and_holds_nothing_up() {
    let world = World::start().await;
    let place = world.hipaa_place().await;
    for status in [400, 302] {
        world.sink.answer_once("/events", SinkReply::status(status));
    }
    world.send(&place, json!([order("u-canary", 1), order("u-canary", 2), order("u-canary", 3)])).await;
    world.deliver().await;
    assert_eq!(world.sink.requests().len(), 3);
    let letters = world.show(&place, "/DeadLetters").await;
    let rows = letters.json["dead_letters"].as_array().unwrap();
    let of = |row: &Value| (row["reason"].clone(), row["status"].clone(), row["attempts"].clone());
    let mut statuses: Vec<_> = rows.iter().map(|row| row["status"].as_u64().unwrap()).collect();
    statuses.sort_unstable();
    assert_eq!(statuses, [302, 400]);
    assert_eq!((of(&rows[0]).0, of(&rows[0]).2), (json!("rejected"), json!(1)));
    assert!(!letters.text.contains("canary"));
    assert_eq!(world.count(&place, "delivered").await, 1);
}

#[tokio::test]
async fn events_are_given_up_after_four_hours_of_failure_and_younger_ones_are_not() {
    let world = World::start().await;
    let place = world.hipaa_place().await;
    world.sink.answer("/events", SinkReply::status(500));
    world.send(&place, json!([order("u", 1)])).await;
    world.deliver().await;
    world.app.advance(HOUR * 2);
    world.send(&place, json!([order("u", 2)])).await;
    world.deliver().await;
    assert_eq!(world.show(&place, "/DeadLetters").await.json["dead_letters"], json!([]));
    world.app.advance(HOUR * 2);
    world.deliver().await;
    let letters = world.show(&place, "/DeadLetters").await.json;
    assert_eq!(letters["dead_letters"].as_array().unwrap().len(), 1);
    assert_eq!(letters["dead_letters"][0]["reason"], "gave_up");
    assert_eq!(world.count(&place, "gave_up").await, 1);
    // It comes back: what is younger than that is delivered.
    world.sink.answer("/events", SinkReply::status(200));
    world.app.advance(HOUR);
    world.deliver().await;
    assert_eq!(world.received().last().unwrap(), &json!({"who": "u", "sum": 2}));
    assert_eq!(world.count(&place, "delivered").await, 1);
    // Records of what was given up go as well.
    world.app.advance(destinations::limits::DEAD_LETTERS_KEPT * 2);
    world.engine.sweep().await.unwrap();
    assert_eq!(world.show(&place, "/DeadLetters").await.json["dead_letters"], json!([]));
}

#[tokio::test]
async fn a_destination_that_never_answers_costs_the_others_nothing() {
    const EVENTS: u32 = 40;
    let world = World::start().await;
    let place = world.ordinary_place().await;
    // It accepts connections (the system does) and never says a word.
    let hole = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let url = format!("https://localhost:{}/", hole.local_addr().unwrap().port());
    let mut dead = place.clone();
    dead.destination = world.destination(&place, "Black hole", &url).await;
    world.switch(&dead, true).await.assert_status(201);
    for number in 0..EVENTS {
        world.send(&place, json!([order("u", number)])).await;
    }
    let stop = watch::Sender::new(false);
    let running = tokio::spawn(world.engine.clone().run(stop.subscribe()));
    let all = world.sink.wait_for(EVENTS as usize);
    let in_time = tokio::time::timeout(Duration::from_secs(4), all).await;
    assert!(in_time.is_ok(), "less than one connection to the other takes to fail");
    assert_eq!(world.count(&dead, "delivered").await, 0);
    running.abort();
}

/// Takes what it is given and then never comes back, as a process that ends at that moment.
#[derive(Default)]
struct EndsBehind {
    taken: Mutex<Vec<(String, Vec<Value>)>>,
    calls: AtomicUsize,
    /// Calls that come back before one does not.
    before: usize,
}

impl EndsBehind {
    async fn called(&self, times: usize) {
        let reached = async {
            while self.calls.load(Ordering::SeqCst) < times {
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(Duration::from_secs(20), reached).await.expect("it is given events");
    }
}

impl Transport for EndsBehind {
    fn hand_over<'a>(
        &'a self,
        _account: &'a AccountContext,
        _settings: &'a Settings,
        parcel: Parcel<'a>,
    ) -> Sending<'a> {
        self.taken.lock().unwrap().push((parcel.key.to_owned(), parcel.payloads.to_vec()));
        let call = self.calls.fetch_add(1, Ordering::SeqCst);
        Box::pin(async move {
            if call == self.before {
                std::future::pending::<()>().await;
            }
            HandedOver::Taken
        })
    }
}

#[tokio::test]
async fn after_an_end_in_the_middle_the_same_events_go_again_and_none_is_missing() {
    interrupted(&World::start().await).await;
}

#[tokio::test]
async fn after_an_end_in_the_middle_the_same_events_go_again_on_postgresql() {
    if let Some(world) = World::start_on_postgres().await {
        interrupted(&world).await;
    }
}

async fn interrupted(world: &World) {
    let place = world.hipaa_place().await;
    let events: Vec<_> = (0..6).map(|number| order("u", number)).collect();
    world.send(&place, json!(events)).await;
    let transport = Arc::new(EndsBehind { before: 3, ..EndsBehind::default() });
    let engine = Engine::new(Arc::clone(&world.app.services), Arc::clone(&transport) as Arc<dyn Transport>);
    let dying = engine.clone();
    let process = tokio::spawn(async move { dying.round().await });
    transport.called(4).await;
    process.abort();
    assert!(process.await.is_err());
    assert_eq!(engine.round().await.unwrap(), 0, "its lease is not over");
    world.send(&place, json!([order("u", 6)])).await;
    world.app.advance(destinations::limits::LEASE);
    while engine.round().await.unwrap() > 0 {}
    let taken = transport.taken.lock().unwrap().clone();
    let sums: Vec<_> = taken.iter().map(|(_, payloads)| payloads[0]["sum"].as_u64().unwrap()).collect();
    assert_eq!(sums, [0, 1, 2, 3, 0, 1, 2, 3, 4, 5, 6], "at least once, in order");
    for number in 0..4 {
        assert_eq!(taken[number], taken[number + 4], "under the same key");
    }
    assert_eq!(world.count(&place, "delivered").await, 7);
    // What was given twice was disclosed once, as far as the accounting goes.
    let path = format!("Workspaces/{}/Disclosures", place.workspace);
    let report = world.post(&place.account, &path, json!({"user_id": "u"})).await;
    assert_eq!(report.json["disclosures"][0]["events"], 7);
}

#[tokio::test]
async fn a_change_in_the_middle_stops_what_was_begun() {
    let world = World::start().await;
    let place = world.hipaa_place().await;
    world.sink.answer("/events", SinkReply::status(200).after(Duration::from_millis(300)));
    world.send(&place, json!([order("u", 1), order("u", 2), order("u", 3)])).await;
    let engine = world.engine.clone();
    let round = tokio::spawn(async move { engine.round().await });
    world.sink.wait_for(1).await;
    world.switch(&place, false).await.assert_status(201);
    round.await.unwrap().unwrap();
    assert_eq!(world.sink.requests().len(), 1, "switched off, the others stay");
}
