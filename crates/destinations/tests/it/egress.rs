//! Goal: no byte leaves that the manifest does not cover. Method: random events in which every text names its own place,
//! sealed and opened as the log does it, through random destinations to the body of a request; each text found in a body
//! must be one that the manifest covers. And a hundred of them through the whole platform to a server.

use std::collections::BTreeMap;

use base::SeededRandom;
use destinations::Pipeline;
use destinations::records::{
    DestinationFacts, FilterRecord, Grant, MappingRecord, Settings, WebhookSettings,
};
use destinations::transport::encode;
use ledger::{Action, Actor, Entry, Purpose};
use paths::Path;
use phi::{DataKey, Phi, Proof};
use serde_json::value::RawValue;
use serde_json::{Map, Value, json};

use crate::world::World;

const EVENTS: usize = 100_000;
/// Destinations are made anew after so many events.
const EVENTS_PER_SETTING: usize = 20;
const SEED: u64 = 0x0027_2026;

const NAMES: &[&str] = &["userId", "properties", "traits", "items", "a b", "c.d", "email", "note", "0"];

/// A small generator of numbers (xorshift64*): the same seed gives the same run everywhere.
struct Chance(u64);

impl Chance {
    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33) as usize % bound
    }

    fn name(&mut self) -> &'static str {
        NAMES[self.below(NAMES.len())]
    }

    fn path(&mut self, longest: usize) -> Path {
        let length = 1 + self.below(longest);
        Path::of((0..length).map(|_| self.name()))
    }
}

/// A value in which every text is `q<number>q`; `canaries` learns the place of each.
fn value(chance: &mut Chance, at: &Path, depth: usize, canaries: &mut BTreeMap<usize, Path>) -> Value {
    match chance.below(if depth == 0 { 4 } else { 10 }) {
        0 => json!(chance.below(2)),
        1 => [Value::Null, json!(false), json!("")][chance.below(3)].clone(),
        2..=3 => {
            canaries.insert(canaries.len(), at.clone());
            json!(format!("q{}q", canaries.len() - 1))
        }
        4..=5 => Value::Array((0..chance.below(3)).map(|_| value(chance, at, depth - 1, canaries)).collect()),
        _ => object(chance, at, depth, canaries),
    }
}

fn object(chance: &mut Chance, at: &Path, depth: usize, canaries: &mut BTreeMap<usize, Path>) -> Value {
    let mut fields = Map::new();
    for _ in 0..1 + chance.below(4) {
        let name = chance.name();
        if !fields.contains_key(name) {
            fields.insert(name.to_owned(), value(chance, &at.child(name), depth - 1, canaries));
        }
    }
    Value::Object(fields)
}

fn mapping(chance: &mut Chance, depth: usize) -> Value {
    let inner = |chance: &mut Chance| mapping(chance, depth.saturating_sub(1));
    let path = |chance: &mut Chance| {
        let names: Vec<_> = chance.path(3).names().iter().map(|name| format!("['{name}']")).collect();
        json!(format!("$.{}", names.concat()))
    };
    match chance.below(if depth == 0 { 3 } else { 9 }) {
        0..=1 => json!({"@path": path(chance)}),
        2 => json!({"@template": format!("x{{{{{}}}}}", chance.path(3).names().join("."))}),
        3 => {
            json!({"@if": {"exists": {"@path": path(chance)}, "then": inner(chance), "else": inner(chance)}})
        }
        4 => json!({"@arrayPath": [path(chance), {"f": inner(chance)}]}),
        5 => json!({"@json": {"mode": "encode", "value": inner(chance)}}),
        6 => json!({"@flatten": {"separator": "_", "value": {"@path": path(chance)}}}),
        7 => json!({"@path": {"@path": path(chance)}}),
        _ => json!({"f": inner(chance), "g": inner(chance)}),
    }
}

fn condition(chance: &mut Chance) -> String {
    match chance.below(4) {
        0 => format!("{} != null", chance.path(2)),
        1 => format!("typeof({}) = 'string'", chance.path(2)),
        _ => "all".to_owned(),
    }
}

fn filter(chance: &mut Chance) -> FilterRecord {
    let fields = |chance: &mut Chance| {
        let place = if chance.below(3) == 0 { Path::ROOT } else { chance.path(2) };
        let names: Vec<_> = (0..1 + chance.below(4)).map(|_| chance.name()).collect();
        json!({ place.to_string(): names })
    };
    let action = match chance.below(12) {
        0 => json!({"type": "DROP"}),
        1 => json!({"type": "SAMPLE", "percent": 0.5, "path": ""}),
        2..=5 => json!({"type": "ALLOW_PROPERTIES", "fields": fields(chance)}),
        _ => json!({"type": "DROP_PROPERTIES", "fields": fields(chance)}),
    };
    FilterRecord {
        id: "f".to_owned(),
        title: "t".to_owned(),
        description: None,
        condition: condition(chance),
        actions: vec![action],
        enabled: chance.below(5) > 0,
    }
}

fn destination(chance: &mut Chance) -> DestinationFacts {
    let grant = |path: Path| Grant {
        path: path.to_string(),
        reason: "r".to_owned(),
        signer: "s".to_owned(),
        granted_by: "g".to_owned(),
        granted_at: 0,
    };
    let mut mappings = Vec::new();
    for number in 0..chance.below(4) {
        let fields: Map<_, _> = (0..3).map(|index| (index.to_string(), mapping(chance, 3))).collect();
        mappings.push(MappingRecord {
            id: number.to_string(),
            name: "n".to_owned(),
            trigger: condition(chance),
            mapping: Value::Object(fields),
            enabled: chance.below(5) > 0,
        });
    }
    DestinationFacts {
        name: "Any".to_owned(),
        account: String::new(),
        workspace: String::new(),
        source: String::new(),
        settings: Settings::Webhook(WebhookSettings {
            url: auth::Secret::new(String::new()),
            headers: Vec::new(),
            secret: None,
            batch_size: 1,
        }),
        enabled: true,
        max_per_second: None,
        consent_categories: Vec::new(),
        filters: (0..chance.below(3)).map(|_| filter(chance)).collect(),
        mappings,
        grants: (0..1 + chance.below(6)).map(|_| grant(chance.path(3))).collect(),
        encryption: None,
        approved: None,
        authors: Vec::new(),
    }
}

/// The numbers of the texts `q<number>q` in a body.
fn found(body: &str) -> Vec<usize> {
    body.split('q').filter_map(|part| part.parse().ok()).collect()
}

async fn proof(world: &World) -> Proof {
    let entry = Entry {
        actor: Actor::System,
        action: Action("test_opens_events"),
        sids: Vec::new(),
        fields: &["event"],
        purpose: Purpose::ApiRequest,
        source: None,
    };
    ledger::disclose(world.store(), store::Scope::SYSTEM, &entry).await.unwrap()
}

#[tokio::test]
async fn seg_filter_1__refuses_every_byte_outside_the_manifest_from_the_log_to_the_body() {
    let world = World::start().await;
    let (proof, mut chance) = (proof(&world).await, Chance(SEED));
    let key = DataKey::generate(&SeededRandom::new(SEED));
    let (mut left, mut bodies) = (0_usize, 0_usize);
    for round in 0..EVENTS / EVENTS_PER_SETTING {
        let facts = destination(&mut chance);
        let pipeline = Pipeline::of(&facts, round % 2 == 0).unwrap();
        let manifest = pipeline.manifest();
        for _ in 0..EVENTS_PER_SETTING {
            let mut canaries = BTreeMap::new();
            let event = object(&mut chance, &Path::ROOT, 4, &mut canaries);
            let body = Phi::new(RawValue::from_string(event.to_string()).unwrap());
            let sealed = body.seal(&key, b"event").unwrap();
            let opened: Phi<Box<RawValue>> = Phi::unseal(&key, b"event", &sealed).unwrap();
            let opened = serde_json::from_str(opened.open(&proof).get()).unwrap();
            let Ok(payloads) = pipeline.run(opened, chance.below(100) as f64 / 100.0) else { continue };
            let payloads: Vec<_> = payloads.into_iter().map(|payload| payload.value).collect();
            let body = String::from_utf8(encode(&payloads, 1)).unwrap();
            bodies += 1;
            for canary in found(&body) {
                let place = &canaries[&canary];
                assert!(manifest.covers(place), "{place} left: {event}\n{:?}\n{facts:?}", manifest.lines());
                left += 1;
            }
        }
    }
    // It would prove nothing if little got through.
    assert!(bodies > EVENTS / 3 && left > EVENTS / 20, "{bodies} bodies, {left} texts in them");
}

#[tokio::test]
async fn seg_filter_1__allows_what_the_manifest_covers_to_reach_a_server() {
    let world = World::start().await;
    let place = world.hipaa_place().await;
    world.grant(&place, &["properties.items.note", "properties.email"]).await;
    let mapping = json!({"mail": {"@path": "$.properties.email"},
        "notes": {"@arrayPath": ["$.properties.items", {"n": {"@path": "$.note"}}]}});
    world.map(&place, "event = 'Ordered'", mapping).await;
    world.approve(&place).await.assert_status(201);
    let lines = world.show(&place, "/Manifest").await.json["lines"].clone();
    let mut chance = Chance(SEED);
    let mut canaries = BTreeMap::new();
    for _ in 0..100 {
        let properties = object(&mut chance, &Path::of(["properties"]), 4, &mut canaries);
        let event = json!({"type": "track", "userId": "u", "event": "Ordered", "properties": properties});
        world.send(&place, json!([event])).await;
    }
    world.deliver().await;
    assert_eq!(world.sink.requests().len(), 100);
    let mut left = 0;
    for request in world.sink.requests() {
        for canary in found(&String::from_utf8_lossy(&request.body)) {
            let place = &canaries[&canary];
            let allowed = [Path::of(["properties", "email"]), Path::of(["properties", "items", "note"])];
            assert!(allowed.iter().any(|grant| place.is_within(grant)), "{place} left; {lines}");
            left += 1;
        }
    }
    assert!(left > 10, "{left}");
}
