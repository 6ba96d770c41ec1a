//! Prints cases for `conformance/segment/compare.js`, one JSON object a line: expressions and filter actions with
//! events, what we make of them, and the known differences that each may touch (`docs/fql.md`). The same seed prints
//! the same cases.

use std::collections::BTreeSet;
use std::io::{self, Write};

use fql::filter::{Action, Condition, Fields, Filter, Outcome, apply};
use fql::{Comparison, Expression, Function};
use serde_json::{Map, Value, json};

const EXPRESSIONS: usize = 20_000;
const ACTIONS: usize = 4_000;
const SEED: u64 = 0xf91_2026;

const NAMES: &[&str] = &["event", "type", "userId", "properties", "traits", "kind", "list", "price"];
const TEXTS: &[&str] = &["track", "Seen", "lab result", "a", "ab", "", "1.2.3", "1.10", "ア"];
const PATTERNS: &[&str] = &["*", "a*", "*b", "?", "S[a-z]*n", "l?b*", "[^a]*", "track", "\\*", "*a*"];

/// A small generator of numbers (xorshift64*).
struct Chance(u64);

impl Chance {
    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33) as usize % bound
    }

    fn one_of<'a>(&mut self, all: &[&'a str]) -> &'a str {
        all[self.below(all.len())]
    }

    fn path(&mut self) -> String {
        let length = 1 + self.below(2);
        (0..length).map(|_| self.one_of(NAMES)).collect::<Vec<_>>().join(".")
    }

    fn literal(&mut self) -> String {
        match self.below(8) {
            0 => "null".to_owned(),
            1 => ["true", "false"][self.below(2)].to_owned(),
            2..=3 => ["0", "1", "2.5", "-3", "3"][self.below(5)].to_owned(),
            _ => format!("'{}'", self.one_of(TEXTS)),
        }
    }

    fn operand(&mut self) -> String {
        match self.below(10) {
            0..=3 => self.literal(),
            4..=7 => self.path(),
            8 => format!("length({})", self.path()),
            _ => format!("{}({})", self.one_of(&["lowercase", "typeof", "uppercase", "string"]), self.path()),
        }
    }

    fn condition(&mut self, depth: usize) -> String {
        let number = |chance: &mut Self| {
            if chance.below(2) == 0 { format!("length({})", chance.path()) } else { chance.path() }
        };
        match self.below(if depth == 0 { 6 } else { 10 }) {
            0..=1 => format!("{} {} {}", self.operand(), self.one_of(&["=", "!="]), self.operand()),
            2 => format!("{} {} {}", number(self), self.one_of(&["<", "<=", ">", ">="]), self.below(5)),
            3 => format!("contains({}, '{}')", self.path(), self.one_of(TEXTS)),
            4 => format!("match({}, '{}')", self.path(), self.one_of(PATTERNS)),
            5 => match self.below(4) {
                0 => format!("{} in {}", self.literal(), self.path()),
                1 => format!("semver({}, '{}', '1.2')", self.path(), self.one_of(&["=", "<", ">="])),
                _ => format!("{} in [{}, {}]", self.path(), self.literal(), self.literal()),
            },
            6 => format!("!({})", self.condition(depth - 1)),
            7 => format!("({} or {})", self.condition(depth - 1), self.condition(depth - 1)),
            _ => format!("({} and {})", self.condition(depth - 1), self.condition(depth - 1)),
        }
    }

    fn value(&mut self, depth: usize) -> Value {
        match self.below(if depth == 0 { 8 } else { 12 }) {
            0 => Value::Null,
            1 => json!(self.below(2) == 0),
            2..=3 => [json!(0), json!(1), json!(2.5), json!(-3)][self.below(4)].clone(),
            4..=7 => json!(self.one_of(TEXTS)),
            8 => Value::Array((0..self.below(3)).map(|_| self.value(depth - 1)).collect()),
            _ => self.object(depth - 1),
        }
    }

    fn object(&mut self, depth: usize) -> Value {
        let mut fields = Map::new();
        for _ in 0..1 + self.below(5) {
            fields.insert(self.one_of(NAMES).to_owned(), self.value(depth));
        }
        Value::Object(fields)
    }
}

/// The known differences between the engine of the browser and ours that an expression may touch on an event.
fn differences(expression: &Expression, event: &Value, found: &mut BTreeSet<&'static str>) {
    let is_absent = |part: &Expression| matches!(part, Expression::Path(path) if path.get(event).is_none());
    let is_null = |part: &Expression| part.value(event) == Ok(Value::Null);
    match expression {
        Expression::Compare(comparison, left, right) => {
            let is_equality = matches!(comparison, Comparison::Equal | Comparison::NotEqual);
            if is_equality && is_absent(left) != is_absent(right) && is_null(left) && is_null(right) {
                found.insert("absent-null");
            }
            each(&[left, right], event, found);
        }
        Expression::In(item, list) => {
            if !matches!(&**list, Expression::Literal(_) | Expression::List(_)) {
                found.insert("in-event-list");
            }
            if is_absent(item) {
                found.insert("absent-null");
            }
            if matches!(&**item, Expression::Call(..)) {
                found.insert("nested-functions");
            }
            each(&[item, list], event, found);
        }
        Expression::Call(function, arguments) => {
            let value = arguments.first().and_then(|argument| argument.value(event).ok()).unwrap_or_default();
            let is_missing = arguments.first().is_some_and(is_absent);
            match function {
                Function::Contains | Function::Match | Function::Lowercase | Function::Semver => {}
                Function::Typeof if value.is_string() || value.is_number() || value.is_object() => {}
                Function::Typeof => _ = found.insert("typeof"),
                Function::Length if is_missing => _ = found.insert("length-absent"),
                Function::Length if value.as_str().is_some_and(|text| !text.is_ascii()) => {
                    found.insert("length-bytes");
                }
                Function::Length => {}
                _ => _ = found.insert("missing-function"),
            }
            if arguments.iter().any(|argument| matches!(argument, Expression::Call(..))) {
                found.insert("nested-functions");
            }
            arguments.iter().for_each(|argument| differences(argument, event, found));
        }
        Expression::Not(inner) => differences(inner, event, found),
        Expression::And(parts) | Expression::Or(parts) | Expression::List(parts) => {
            parts.iter().for_each(|part| differences(part, event, found));
        }
        Expression::Literal(_) | Expression::Path(_) => {}
    }
}

fn each(parts: &[&Expression], event: &Value, found: &mut BTreeSet<&'static str>) {
    parts.iter().for_each(|part| differences(part, event, found));
}

fn case(text: &str, event: &Value) -> Value {
    let expression = Expression::parse(text).expect("the generator writes only what can be read");
    let mut found = BTreeSet::new();
    differences(&expression, event, &mut found);
    let ours = match expression.holds(event) {
        Ok(holds) => json!(holds),
        Err(_) => {
            found.insert("error");
            json!("error")
        }
    };
    json!({"kind": "fql", "fql": text, "ir": expression.ir(), "event": event, "ours": ours, "differences": found})
}

/// One case for each row of the table in `docs/fql.md`: what we say, and what the browser's engine does.
const ROWS: &[(&str, &str, &str, &str, &str)] = &[
    ("length-absent", "length(userId) < 1", "{}", "true", "false"),
    ("absent-null", "userId = null", "{}", "true", "false"),
    ("typeof", "typeof(a) = 'list'", r#"{"a":[1]}"#, "true", "false"),
    ("typeof", "typeof(a) = 'null'", "{}", "true", "false"),
    ("typeof", "typeof(a) = 'bool'", r#"{"a":true}"#, "true", "false"),
    ("length-bytes", "length(a) = 3", r#"{"a":"ア"}"#, "true", "false"),
    ("missing-function", "uppercase(a) = 'A'", r#"{"a":"a"}"#, "true", "false"),
    ("missing-function", "kebabcase(a) = 'a-b'", r#"{"a":"a b"}"#, "true", "false"),
    ("in-event-list", "'a' in list", r#"{"list":["a"]}"#, "true", "false"),
    ("in-event-list", "'a' in list", "{}", "false", "\"error\""),
    ("nested-functions", "contains(lowercase(a), 'x')", r#"{"a":"X"}"#, "true", "false"),
    ("error", "price > 3", r#"{"price":"4"}"#, "\"error\"", "false"),
    ("error", "!flag", "{}", "\"error\"", "true"),
    ("big-integers", "a = 9007199254740993", r#"{"a":9007199254740992}"#, "false", "true"),
];

fn action(chance: &mut Chance) -> Value {
    let event = chance.object(3);
    let place = if chance.below(3) == 0 { String::new() } else { chance.path() };
    let names: Vec<_> = (0..1 + chance.below(4)).map(|_| chance.one_of(NAMES)).collect();
    let fields = json!({ place.clone(): names });
    // The browser's engine looks through a list only where the path ends, and takes a list in it for an object.
    let names: Vec<_> = place.split('.').collect();
    let way = names.iter().scan(Some(&event), |value, name| {
        let current = *value;
        *value = current.and_then(|value| value.get(name));
        Some(current)
    });
    let mut differences = BTreeSet::new();
    if way.flatten().any(Value::is_array) {
        differences.insert("lists-on-the-way");
    }
    let end = names.iter().try_fold(&event, |value, name| value.get(name));
    if end.and_then(Value::as_array).is_some_and(|items| items.iter().any(Value::is_array)) {
        differences.insert("lists-in-lists");
    }
    let transformer = if chance.below(2) == 0 {
        json!({"type": "drop_properties", "config": {"drop": fields}})
    } else {
        json!({"type": "allow_properties", "config": {"allow": fields}})
    };
    let ours = acted(&transformer, &event);
    json!({"kind": "action", "transformer": transformer, "event": event, "ours": ours, "differences": differences})
}

/// Rows of the table about actions: what is left of the event, `null` for nothing.
const ACTION_ROWS: &[(&str, &str, &str, &str)] = &[
    (
        r#"{"type":"drop_properties","config":{"drop":{"properties.visits.patient":["name"]}}}"#,
        r#"{"properties":{"visits":[{"patient":{"name":"x"}}]}}"#,
        r#"{"properties":{"visits":[{"patient":{}}]}}"#,
        r#"{"properties":{"visits":[{"patient":{"name":"x"}}]}}"#,
    ),
    (
        r#"{"type":"sample_event","config":{"sample":{"percent":0.0001,"path":"userId"}}}"#,
        r#"{"userId":"u-1"}"#,
        "null",
        r#"{"userId":"u-1"}"#,
    ),
];

/// Reads the action that a transformer of the browser's engine stands for.
fn read(transformer: &Value) -> Action {
    let config = &transformer["config"];
    match transformer["type"].as_str() {
        Some("drop_properties") => Action::DropProperties(Fields::parse(&config["drop"]).expect("fields")),
        Some("allow_properties") => Action::AllowProperties(Fields::parse(&config["allow"]).expect("fields")),
        _ => Action::Sample {
            percent: config["sample"]["percent"].as_f64().expect("a number"),
            path: config["sample"]["path"].as_str().map(|path| path.parse().expect("a path")),
        },
    }
}

fn acted(transformer: &Value, event: &Value) -> Value {
    let mut event = event.clone();
    let filter = Filter { condition: Condition::Always, actions: vec![read(transformer)] };
    match apply(&[filter], &mut event, || 0.0) {
        Outcome::Passes => event,
        _ => Value::Null,
    }
}

fn main() -> io::Result<()> {
    let mut out = io::BufWriter::new(io::stdout().lock());
    for (row, fql, event, ours, theirs) in ROWS {
        let event: Value = serde_json::from_str(event)?;
        let mut case = case(fql, &event);
        assert_eq!(case["ours"].to_string(), *ours, "{fql}");
        case["row"] = json!(row);
        case["theirs"] = serde_json::from_str(theirs)?;
        writeln!(out, "{case}")?;
    }
    for (transformer, event, ours, theirs) in ACTION_ROWS {
        let (transformer, event) = (serde_json::from_str(transformer)?, serde_json::from_str(event)?);
        let acted = acted(&transformer, &event);
        assert_eq!(acted.to_string(), *ours);
        let theirs: Value = serde_json::from_str(theirs)?;
        let case = json!({"kind": "action", "transformer": transformer, "event": event, "ours": acted, "row": "action", "theirs": theirs});
        writeln!(out, "{case}")?;
    }
    let mut chance = Chance(SEED);
    for _ in 0..EXPRESSIONS {
        let (text, event) = (chance.condition(2), chance.object(2));
        writeln!(out, "{}", case(&text, &event))?;
    }
    for _ in 0..ACTIONS {
        writeln!(out, "{}", action(&mut chance))?;
    }
    out.flush()
}
