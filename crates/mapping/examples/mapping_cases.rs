//! Prints cases for `conformance/segment/compare.js`, one JSON object a line: mappings with events, what we make of
//! them, and the known differences that each may touch (`docs/mapping.md`). The same seed prints the same cases.

use std::collections::BTreeSet;
use std::io::{self, Write};

use mapping::Mapping;
use paths::Path;
use serde_json::{Map, Value, json};

const CASES: usize = 10_000;
const SEED: u64 = 0x3a99_2026;

const NAMES: &[&str] = &["userId", "properties", "traits", "items", "a b", "email"];

/// A small generator of numbers (xorshift64*).
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

    fn names(&mut self) -> Vec<&'static str> {
        (0..1 + self.below(3)).map(|_| self.name()).collect()
    }

    /// A path in one of its forms, and sometimes the first element of what is there.
    fn at_path(&mut self) -> Value {
        let names = self.names();
        if self.below(6) == 0 {
            return json!({"@path": format!("$.{}[0]", names.join("."))});
        }
        self.at_field()
    }

    fn at_field(&mut self) -> Value {
        let names = self.names();
        match self.below(2) {
            0 => json!({"@path": format!("$.{}", names.join("."))}),
            _ => json!({"@path": format!("{}['{}']", names[0], names[names.len() - 1])}),
        }
    }

    fn template(&mut self) -> Value {
        json!({"@template": format!("x{{{{{}}}}}-{{{{{{ {} }}}}}}", self.names().join("."), self.names().join("."))})
    }

    /// Directives without `@arrayPath`, which only the outermost part of a mapping has.
    fn part(&mut self, depth: usize) -> Value {
        let inner = |chance: &mut Self| chance.part(depth - 1);
        match self.below(if depth == 0 { 5 } else { 16 }) {
            0..=2 => self.at_path(),
            3 => self.template(),
            4 => [json!("text"), json!(1), json!({"@literal": true})][self.below(3)].clone(),
            5 => json!({"@if": {"exists": self.at_path(), "then": inner(self), "else": inner(self)}}),
            6 => json!({"@if": {"blank": self.at_path(), "then": inner(self), "else": inner(self)}}),
            7 => json!({"@case": {"operator": (["upper", "lower"][self.below(2)]), "value": self.at_path()}}),
            8 => {
                json!({"@replace": {"pattern": (["T", ".", "1"][self.below(3)]), "replacement": "_", "ignorecase": self.below(2) == 0, "global": self.below(2) == 0, "value": self.at_path()}})
            }
            9 => json!({"@json": {"mode": "encode", "value": inner(self)}}),
            10 => json!({"@json": {"mode": "decode", "value": self.at_path()}}),
            11 => {
                json!({"@flatten": {"separator": "_", "omitArrays": self.below(2) == 0, "value": self.at_path()}})
            }
            12 => {
                json!({"@merge": {"direction": (["left", "right"][self.below(2)]), "objects": [{"m": inner(self), "n": 1}, {"m": inner(self)}]}})
            }
            13 => {
                json!({"@transform": {"apply": {"properties": inner(self)}, "mapping": {"t": self.at_field()}}})
            }
            14 => json!({"@excludeWhenNull": inner(self)}),
            _ => json!({"f": inner(self), "g": [inner(self)]}),
        }
    }

    fn value(&mut self, depth: usize, is_filled: bool) -> Value {
        match self.below(if depth == 0 { 6 } else { 10 }) {
            0 if !is_filled => [Value::Null, json!(0), json!(""), json!(false)][self.below(4)].clone(),
            0 => json!(true),
            1..=2 => [json!(1), json!(2.5), json!(-3), json!(1e21)][self.below(4)].clone(),
            3..=5 => json!(["text", "T.1", "{\"a\":[1]}", "tt"][self.below(4)]),
            6 => Value::Array((0..self.below(3)).map(|_| self.value(depth - 1, is_filled)).collect()),
            _ => self.object(depth - 1, is_filled),
        }
    }

    fn object(&mut self, depth: usize, is_filled: bool) -> Value {
        let mut fields = Map::new();
        for _ in 0..2 + self.below(4) {
            fields.insert(self.name().to_owned(), self.value(depth, is_filled));
        }
        Value::Object(fields)
    }
}

/// Whether a path of the mapping takes the first character of a text, which JavaScript gives like an element.
fn takes_a_character(mapping: &Value, event: &Value) -> bool {
    match mapping {
        Value::String(path) => path
            .strip_prefix("$.")
            .and_then(|path| path.strip_suffix("[0]"))
            .is_some_and(|path| Path::of(path.split('.')).get(event).is_some_and(Value::is_string)),
        Value::Array(parts) => parts.iter().any(|part| takes_a_character(part, event)),
        Value::Object(fields) => fields.values().any(|part| takes_a_character(part, event)),
        _ => false,
    }
}

fn case(mapping: &Value, event: &Value, differences: &BTreeSet<&str>) -> Value {
    let ours = match Mapping::parse(mapping).map(|mapping| mapping.apply(event)) {
        Ok(Ok(payload)) => json!({ "payload": payload }),
        _ => json!("error"),
    };
    json!({"kind": "mapping", "mapping": mapping, "event": event, "ours": ours, "differences": differences})
}

/// One case for each row of the table in `docs/mapping.md`: what we make, and what the published kit does.
const ROWS: &[(&str, &str, &str, &str, &str)] = &[
    (
        "injected-template",
        r#"{"a":{"@template":"{{{b}}}"}}"#,
        r#"{"b":"{{ssn}}","ssn":"canary"}"#,
        r#"{"payload":{"a":"{{ssn}}"}}"#,
        r#"{"payload":{"a":"canary"}}"#,
    ),
    (
        "empty-parent",
        r#"{"a":{"@path":"$.b.c"}}"#,
        r#"{"b":0}"#,
        r#"{"payload":{}}"#,
        r#"{"payload":{"a":0}}"#,
    ),
    (
        "bare-element",
        r#"{"a":{"@arrayPath":["$.b",{"c":{"@path":"$.c"}}]}}"#,
        r#"{"b":"canary"}"#,
        r#"{"payload":{}}"#,
        r#"{"payload":{"a":"canary"}}"#,
    ),
    (
        "replacement-signs",
        r#"{"a":{"@replace":{"pattern":"x","replacement":"$&$&","value":{"@path":"$.b"}}}}"#,
        r#"{"b":"x"}"#,
        r#"{"payload":{"a":"$&$&"}}"#,
        r#"{"payload":{"a":"xx"}}"#,
    ),
    ("not-served", r#"{"a":{"@liquid":"{{b}}"}}"#, r#"{"b":"x"}"#, r#""error""#, r#"{"payload":{"a":"x"}}"#),
    (
        "things-of-javascript",
        r#"{"a":{"@path":"$.b.length"}}"#,
        r#"{"b":"xyz"}"#,
        r#"{"payload":{}}"#,
        r#"{"payload":{"a":3}}"#,
    ),
    (
        "merged-lists",
        r#"{"a":{"@merge":{"direction":"right","objects":[{"@path":"$.b"}]}}}"#,
        r#"{"b":["x"]}"#,
        r#"{"payload":{"a":{}}}"#,
        r#"{"payload":{"a":{"0":"x"}}}"#,
    ),
];

fn main() -> io::Result<()> {
    let mut out = io::BufWriter::new(io::stdout().lock());
    for (row, mapping, event, ours, theirs) in ROWS {
        let (mapping, event) = (serde_json::from_str(mapping)?, serde_json::from_str(event)?);
        let mut case = case(&mapping, &event, &BTreeSet::from([*row]));
        assert_eq!(case["ours"], serde_json::from_str::<Value>(ours)?, "{row}");
        case["row"] = json!(row);
        case["theirs"] = serde_json::from_str(theirs)?;
        writeln!(out, "{case}")?;
    }
    let mut chance = Chance(SEED);
    for _ in 0..CASES {
        let is_filled = chance.below(4) > 0;
        let event = chance.object(3, is_filled);
        let mut differences = BTreeSet::new();
        let mapping = if chance.below(4) == 0 {
            let names = chance.names();
            let is_bare = Path::of(names.iter().copied())
                .get(&event)
                .is_some_and(|value| !value.is_array() && !value.is_object());
            if is_bare {
                differences.insert("bare-element");
            }
            json!({"a": {"@arrayPath": [format!("$.{}", names.join(".")), {"f": chance.at_field(), "g": chance.template()}]}})
        } else {
            json!({"a": chance.part(2), "b": chance.part(1)})
        };
        // A replacement that comes to nothing is an empty parent too, once a transformation reads into it.
        let text = mapping.to_string();
        if !is_filled || (text.contains("@transform") && text.contains("@replace")) {
            differences.insert("empty-parent");
        }
        if takes_a_character(&mapping, &event) {
            differences.insert("things-of-javascript");
        }
        writeln!(out, "{}", case(&mapping, &event, &differences))?;
    }
    out.flush()
}
