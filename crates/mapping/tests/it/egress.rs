//! Goal: nothing leaves that the manifest does not say. Method: random events in which every text names its own
//! place, random grants, filters and mappings; each text found in a payload must be one that the manifest covers.

use std::collections::BTreeMap;

use fql::filter::{Action, Condition, Fields, Filter};
use mapping::{Disclosed, Manifest, Mapping, disclose};
use paths::{Path, PathSet};
use serde_json::{Map, Value, json};

const EVENTS: usize = 100_000;
/// Grants, filters and mappings are made anew after so many events.
const EVENTS_PER_SETTING: usize = 20;
const SEED: u64 = 0x5eed_2026;

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

    fn one_in(&mut self, bound: usize) -> bool {
        self.below(bound) == 0
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
    let roll = chance.below(if depth == 0 { 4 } else { 10 });
    match roll {
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

fn mapped_path(chance: &mut Chance) -> Value {
    let names: Vec<_> = chance.path(3).names().iter().map(|name| format!("['{name}']")).collect();
    json!(format!("$.{}", names.concat()))
}

/// A random mapping; brackets in paths so that every name but those with dots can be said.
fn mapping(chance: &mut Chance, depth: usize) -> Value {
    let inner = |chance: &mut Chance| mapping(chance, depth.saturating_sub(1));
    match chance.below(if depth == 0 { 4 } else { 16 }) {
        0..=2 => json!({"@path": mapped_path(chance)}),
        3 => json!({"@template": format!("x{{{{{}}}}}", chance.path(3).names().join("."))}),
        4 => {
            json!({"@if": {"exists": {"@path": mapped_path(chance)}, "then": inner(chance), "else": inner(chance)}})
        }
        5 => json!({"@case": {"operator": "upper", "value": {"@path": mapped_path(chance)}}}),
        6 => json!({"@arrayPath": [mapped_path(chance), {"f": inner(chance)}]}),
        7 => json!({"@arrayPath": [mapped_path(chance)]}),
        8 => json!({"@json": {"mode": "encode", "value": inner(chance)}}),
        9 => json!({"@flatten": {"separator": "_", "value": {"@path": mapped_path(chance)}}}),
        10 => {
            json!({"@merge": {"direction": "left", "objects": [{"m": inner(chance)}, {"n": inner(chance)}]}})
        }
        11 => {
            json!({"@transform": {"apply": {"properties": inner(chance)}, "mapping": {"t": inner(chance)}}})
        }
        12 => json!({"@excludeWhenNull": inner(chance)}),
        13 if chance.one_in(10) => json!({"@path": {"@path": mapped_path(chance)}}),
        14 => json!({"@replace": {"pattern": "z", "value": {"@path": mapped_path(chance)}}}),
        _ => json!({"f": inner(chance), "g": inner(chance)}),
    }
}

fn fields(chance: &mut Chance) -> Fields {
    let place = if chance.one_in(3) { Path::ROOT } else { chance.path(2) };
    let names: Vec<_> = (0..1 + chance.below(4)).map(|_| chance.name()).collect();
    Fields::parse(&json!({ place.to_string(): names })).expect("fields")
}

fn filter(chance: &mut Chance) -> Filter {
    let condition = match chance.below(4) {
        0 => format!("{} != null", chance.path(2)),
        1 => format!("typeof({}) = 'string'", chance.path(2)),
        _ => "all".to_owned(),
    };
    let action = match chance.below(12) {
        0 => Action::Drop,
        1 => Action::Sample { percent: 0.5, path: Some(chance.path(2)) },
        2..=5 => Action::AllowProperties(fields(chance)),
        _ => Action::DropProperties(fields(chance)),
    };
    Filter { condition: Condition::parse(&condition).expect("a condition"), actions: vec![action] }
}

/// The numbers of the texts `q<number>q` in a payload, in capitals or not.
fn found(payload: &str) -> Vec<usize> {
    let parts: Vec<_> = payload.split(['q', 'Q']).collect();
    parts.iter().filter_map(|part| part.parse().ok()).collect()
}

#[test]
fn seg_filter_1__refuses_every_place_outside_the_manifest() {
    let mut chance = Chance(SEED);
    let (mut left, mut payloads) = (0_usize, 0_usize);
    for _ in 0..EVENTS / EVENTS_PER_SETTING {
        let grants: PathSet = (0..1 + chance.below(6)).map(|_| chance.path(3)).collect();
        let filters: Vec<_> = (0..chance.below(3)).map(|_| filter(&mut chance)).collect();
        let mapping = (!chance.one_in(4)).then(|| {
            let fields: Map<_, _> =
                (0..4).map(|index| (index.to_string(), mapping(&mut chance, 3))).collect();
            Mapping::parse(&Value::Object(fields)).expect("a mapping")
        });
        let manifest = Manifest::of(&grants, &filters, mapping.as_ref());
        for _ in 0..EVENTS_PER_SETTING {
            let mut canaries = BTreeMap::new();
            let event = object(&mut chance, &Path::ROOT, 4, &mut canaries);
            let Disclosed::Payload(payload) =
                disclose(&grants, &filters, mapping.as_ref(), event.clone(), || 0.5)
            else {
                continue;
            };
            payloads += 1;
            for canary in found(&payload.to_string()) {
                let place = &canaries[&canary];
                assert!(manifest.covers(place), "{place} left: {event}\n{:?}\n{mapping:?}", manifest.lines());
                left += 1;
            }
        }
    }
    // It would prove nothing if little got through.
    assert!(payloads > EVENTS / 2 && left > EVENTS / 10, "{payloads} payloads, {left} texts in them");
}

#[test]
fn seg_filter_1__allows_what_is_granted_and_mapped() {
    let grants: PathSet = [Path::of(["properties", "total"]), Path::of(["userId"])].iter().collect();
    let mapping =
        Mapping::parse(&json!({"sum": {"@path": "$.properties.total"}, "mail": {"@path": "$.traits.email"}}))
            .expect("a mapping");
    let event = json!({"userId": "u", "properties": {"total": 3, "note": "n"}, "traits": {"email": "e"}});
    let sent = disclose(&grants, &[], Some(&mapping), event, || 0.0);
    assert_eq!(sent, Disclosed::Payload(json!({"sum": 3})));
    assert_eq!(Manifest::of(&grants, &[], Some(&mapping)).lines(), ["+ properties.total"]);
}

#[test]
fn a_filter_that_always_acts_narrows_the_manifest_and_one_that_may_not_does_not() {
    let grants: PathSet = [Path::of(["properties"])].iter().collect();
    let drops = |condition: &str| Filter {
        condition: Condition::parse(condition).expect("a condition"),
        actions: vec![Action::DropProperties(
            Fields::parse(&json!({"properties": ["note"]})).expect("fields"),
        )],
    };
    let note = Path::of(["properties", "note", "inner"]);
    assert!(!Manifest::of(&grants, &[drops("all")], None).covers(&note));
    assert!(Manifest::of(&grants, &[drops("type = 'track'")], None).covers(&note));
    assert_eq!(Manifest::of(&grants, &[drops("all")], None).lines(), ["+ properties", "- properties {note}"]);
}
