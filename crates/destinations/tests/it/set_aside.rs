//! A request that fails while others are taken: it waits with what comes later about the same people, and nobody else's
//! events do.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use auth::AccountContext;
use destinations::records::Settings;
use destinations::transport::{HandedOver, Parcel, Sending, Transport};
use destinations::{Engine, limits};
use serde_json::{Value, json};

use crate::world::{Place, World, order, text};

const HOUR: Duration = Duration::from_secs(3_600);

/// Fails whatever is about some people.
#[derive(Default)]
struct Picky {
    fails: Mutex<BTreeSet<String>>,
    /// What it was handed: whom about, which, and whether it took it.
    seen: Mutex<Vec<(String, u64, bool)>>,
}

impl Transport for Picky {
    fn hand_over<'a>(
        &'a self,
        _account: &'a AccountContext,
        _settings: &'a Settings,
        parcel: Parcel<'a>,
    ) -> Sending<'a> {
        let who = |payload: &Value| (text(&payload["who"]), payload["sum"].as_u64().unwrap());
        let all: Vec<_> = parcel.payloads.iter().map(who).collect();
        let fails = self.fails.lock().unwrap();
        let is_taken = !all.iter().any(|(who, _)| fails.contains(who) || fails.contains("everybody"));
        self.seen.lock().unwrap().extend(all.into_iter().map(|(who, sum)| (who, sum, is_taken)));
        let outcome = if is_taken { HandedOver::Taken } else { HandedOver::Later(500) };
        Box::pin(async move { outcome })
    }
}

struct Case {
    world: World,
    place: Place,
    picky: Arc<Picky>,
    engine: Engine,
}

impl Case {
    async fn start() -> Self {
        Self::of(World::start().await).await
    }

    async fn of(world: World) -> Self {
        Self::under(world, "2030-01-01").await
    }

    /// Under an agreement with the destination's host that is in force until then.
    async fn under(world: World, expires: &str) -> Self {
        world.app.register(&world.app.hipaa, &["localhost"], "segment", expires).await;
        let place = world.place(&world.app.hipaa, true).await;
        world.set_up(&place).await;
        let picky = Arc::new(Picky::default());
        let engine = Engine::new(Arc::clone(&world.app.services), Arc::clone(&picky) as Arc<dyn Transport>);
        Self { world, place, picky, engine }
    }

    fn fail(&self, people: &[&str]) {
        *self.picky.fails.lock().unwrap() = people.iter().map(|who| (*who).to_owned()).collect();
    }

    async fn send(&self, orders: &[(&str, u32)]) {
        let events: Vec<_> = orders.iter().map(|(who, sum)| order(who, *sum)).collect();
        self.world.send(&self.place, json!(events)).await;
    }

    async fn deliver(&self) {
        while self.engine.round().await.unwrap() > 0 {}
    }

    /// What was taken since the last time.
    fn taken(&self) -> Vec<(String, u64)> {
        let seen = std::mem::take(&mut *self.picky.seen.lock().unwrap());
        seen.into_iter().filter(|it| it.2).map(|(who, sum, _)| (who, sum)).collect()
    }

    async fn set_aside(&self) -> u64 {
        self.world.show(&self.place, "/Deliveries").await.json["set_aside"].as_u64().unwrap()
    }

    async fn disclosed(&self, who: &str) -> Value {
        let path = format!("Workspaces/{}/Disclosures", self.place.workspace);
        let report = self.world.post(&self.place.account, &path, json!({"user_id": who})).await;
        report.json["disclosures"][0]["events"].clone()
    }
}

fn of(all: &[(&str, u64)]) -> Vec<(String, u64)> {
    all.iter().map(|(who, sum)| ((*who).to_owned(), *sum)).collect()
}

#[tokio::test]
async fn what_fails_waits_with_what_is_about_the_same_person_and_nobody_else_does() {
    one_person(&Case::start().await).await;
}

#[tokio::test]
async fn what_fails_waits_with_what_is_about_the_same_person_on_postgresql() {
    if let Some(world) = World::start_on_postgres().await {
        one_person(&Case::of(world).await).await;
    }
}

async fn one_person(case: &Case) {
    case.fail(&["a"]);
    case.send(&[("a", 1), ("b", 1), ("a", 2), ("c", 1)]).await;
    case.deliver().await;
    assert_eq!(case.taken(), of(&[("b", 1), ("c", 1)]));
    assert_eq!(case.set_aside().await, 2);
    // What comes later goes on at once, and what is about that person waits.
    case.send(&[("a", 3), ("b", 2)]).await;
    case.deliver().await;
    assert_eq!(case.taken(), of(&[("b", 2)]));
    assert_eq!((case.set_aside().await, case.disclosed("b").await), (3, json!(2)));
    case.world.app.advance(Duration::from_secs(1));
    case.deliver().await;
    assert_eq!((case.taken(), case.set_aside().await), (of(&[]), 3), "it is tried again, and fails");
    case.fail(&[]);
    case.world.app.advance(Duration::from_secs(4));
    case.deliver().await;
    assert_eq!(case.taken(), of(&[("a", 1), ("a", 2), ("a", 3)]), "each person's events in their order");
    assert_eq!(case.set_aside().await, 0);
    // All attempts were disclosed once.
    assert_eq!((case.disclosed("a").await, case.disclosed("b").await), (json!(3), json!(2)));
    assert_eq!(case.world.count(&case.place, "delivered").await, 6);
}

#[tokio::test]
async fn in_a_request_of_several_only_the_others_of_the_person_wait() {
    let case = Case::start().await;
    case.world.change(&case.place, "", json!({"settings": {"batch_size": 2}})).await.assert_status(201);
    case.fail(&["a"]);
    case.send(&[("a", 1), ("b", 1), ("c", 1), ("a", 2), ("b", 2), ("d", 1)]).await;
    case.deliver().await;
    // The second request was made of what is left of c and a; b waits because it was in a's request.
    assert_eq!(case.taken(), of(&[("c", 1), ("d", 1)]));
    assert_eq!(case.set_aside().await, 4);
    case.fail(&[]);
    case.world.app.advance(Duration::from_secs(1));
    case.deliver().await;
    assert_eq!(case.taken(), of(&[("a", 1), ("b", 1), ("a", 2), ("b", 2)]));
    assert_eq!(case.world.count(&case.place, "delivered").await, 6);
}

#[tokio::test]
async fn when_nothing_is_taken_nothing_is_set_aside() {
    let case = Case::start().await;
    case.fail(&["everybody"]);
    case.send(&[("a", 1), ("b", 1), ("c", 1), ("d", 1), ("e", 1)]).await;
    case.deliver().await;
    assert_eq!(case.picky.seen.lock().unwrap().len(), 1 + limits::PROBES);
    assert_eq!(case.set_aside().await, 0);
    case.taken();
    case.fail(&["b"]);
    case.world.app.advance(limits::LONGEST_PAUSE);
    case.deliver().await;
    assert_eq!(case.taken(), of(&[("a", 1), ("c", 1), ("d", 1), ("e", 1)]), "in order, from the first on");
    assert_eq!(case.set_aside().await, 1);
    assert_eq!(case.disclosed("e").await, json!(1));
}

#[tokio::test]
async fn what_is_set_aside_is_given_up_after_four_hours() {
    let case = Case::start().await;
    case.fail(&["a"]);
    case.send(&[("a", 1), ("b", 1), ("a", 2)]).await;
    case.deliver().await;
    case.world.app.advance(HOUR * 3);
    case.send(&[("a", 3), ("b", 2)]).await;
    case.deliver().await;
    assert_eq!(case.set_aside().await, 3);
    case.world.app.advance(HOUR);
    case.deliver().await;
    assert_eq!(case.world.count(&case.place, "gave_up").await, 2, "the third is younger than that");
    let letters = case.world.show(&case.place, "/DeadLetters").await.json;
    assert_eq!(letters["dead_letters"].as_array().unwrap().len(), 2);
    case.fail(&[]);
    case.world.app.advance(HOUR);
    case.deliver().await;
    assert_eq!(case.taken(), of(&[("b", 1), ("b", 2), ("a", 3)]));
    assert_eq!(case.set_aside().await, 0);
}

#[tokio::test]
async fn no_more_is_set_aside_than_there_is_room_for() {
    let case = Case::start().await;
    let count = limits::SET_ASIDE as u32 + 6;
    let failing: Vec<String> = (0..count).map(|number| format!("bad {number}")).collect();
    case.fail(&failing.iter().map(String::as_str).collect::<Vec<_>>());
    for (number, bad) in failing.iter().enumerate() {
        case.send(&[(bad, 1), (&format!("good {number}"), 1)]).await;
    }
    case.deliver().await;
    assert_eq!(case.set_aside().await, limits::SET_ASIDE as u64);
    assert_eq!(case.taken().len(), limits::SET_ASIDE, "one more that fails holds the others up");
    case.fail(&[]);
    case.world.app.advance(limits::LONGEST_PAUSE);
    case.deliver().await;
    assert_eq!(case.set_aside().await, 0);
    assert_eq!(case.world.count(&case.place, "delivered").await, i64::from(count) * 2);
}

#[tokio::test]
async fn seg_dest_1__refuses_what_was_set_aside_when_the_agreement_is_over() {
    let case = Case::under(World::start().await, "2026-01-20").await;
    case.fail(&["a"]);
    case.send(&[("a", 1), ("b", 1)]).await;
    case.deliver().await;
    assert_eq!((case.taken(), case.set_aside().await), (of(&[("b", 1)]), 1));
    case.fail(&[]);
    case.world.app.advance(HOUR * 24 * 6);
    case.deliver().await;
    assert_eq!((case.taken(), case.set_aside().await), (of(&[]), 0));
    assert_eq!(case.world.count(&case.place, "discarded_refused").await, 1);
}
