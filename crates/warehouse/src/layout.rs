//! Which rows an event makes. Source: "Warehouse Schemas" in Segment's documentation.
//!
//! | call | rows |
//! |---|---|
//! | track | one of `tracks`, and one with the properties in a table named after the event |
//! | identify | one of `identifies`; the person's row of `users` is brought up to date |
//! | page, screen | one of `pages` or `screens`, with name and properties |
//! | group | one of `groups`; the account's row of `accounts` is brought up to date |
//! | alias | one of `aliases` |
//! | anything else that a mapping made | one of `others`, whole in the column `other` |

use std::collections::BTreeMap;

use base::Timestamp;
use serde_json::{Map, Value};

use crate::limits;
use crate::names::{cut, identifier};

/// The column for what no other column can hold: an object by column name.
pub const OTHER: &str = "other";
/// The column that tells rows apart.
pub const ID: &str = "id";
/// When the row was written; the database sets it.
pub const WRITTEN: &str = "uuid_ts";
/// Columns that hold times, in every table.
pub const TIMES: [&str; 5] = ["received_at", "sent_at", "timestamp", "original_timestamp", WRITTEN];

/// Tables of calls; events that are called so get a table with `_` in front.
const TABLES: [&str; 9] =
    ["tracks", "identifies", "users", "pages", "screens", "groups", "accounts", "aliases", "others"];
/// Fields of an event that are columns of every table.
const COMMON: [&str; 6] = ["anonymousId", "userId", "receivedAt", "sentAt", "timestamp", "originalTimestamp"];

/// A row of a table. No Debug: it is full of protected data.
#[derive(Clone, PartialEq)]
pub struct Row {
    /// The table.
    pub table: String,
    /// What is in it, by column; `id` is always there. Objects stand in `other` alone.
    pub cells: BTreeMap<String, Value>,
    /// Whether the row of this id is brought up to date; otherwise the first one stays.
    pub is_state: bool,
}

/// The rows of an event, which has this id when it names none itself.
pub fn rows(event: &Value, id: &str) -> Vec<Row> {
    let text = |name: &str| event.get(name).and_then(Value::as_str).filter(|text| !text.is_empty());
    let id = text("messageId").unwrap_or(id).to_owned();
    let base = base(event, &id);
    match text("type") {
        Some("track") => track(event, &base),
        Some("identify") => {
            let row = with(&base, "identifies", "", event.get("traits"));
            let user = text("userId").map(|user| state(&row, "users", user, "user_id"));
            [Some(row), user].into_iter().flatten().collect()
        }
        Some(kind @ ("page" | "screen")) => {
            let mut base = base;
            for name in ["name", "category"] {
                base.extend(text(name).map(|text| (name.to_owned(), clean(text))));
            }
            let table = if kind == "page" { "pages" } else { "screens" };
            vec![with(&base, table, "", event.get("properties"))]
        }
        Some("group") => {
            let mut base = base;
            base.extend(text("groupId").map(|group| ("group_id".to_owned(), clean(group))));
            let row = with(&base, "groups", "", event.get("traits"));
            let account = text("groupId").map(|group| state(&row, "accounts", group, "group_id"));
            [Some(row), account].into_iter().flatten().collect()
        }
        Some("alias") => {
            let mut base = base;
            base.extend(text("previousId").map(|id| ("previous_id".to_owned(), clean(id))));
            vec![with(&base, "aliases", "", None)]
        }
        _ => {
            let mut cells = base;
            set_aside(&mut cells, "payload".to_owned(), without_nul(event.clone()));
            vec![Row { table: "others".to_owned(), cells, is_state: false }]
        }
    }
}

fn track(event: &Value, base: &BTreeMap<String, Value>) -> Vec<Row> {
    let name = event.get("event").and_then(Value::as_str).unwrap_or_default();
    let slug = identifier(name);
    let mut base = base.clone();
    base.insert("event_text".to_owned(), clean(name));
    base.extend(slug.clone().map(|slug| ("event".to_owned(), Value::String(slug))));
    let mut made = vec![with(&base, "tracks", "", None)];
    if let Some(slug) = slug {
        let table = if TABLES.contains(&slug.as_str()) { format!("_{slug}") } else { slug };
        made.push(with(&base, &table, "", event.get("properties")));
    }
    made
}

/// Ids, times and the context.
fn base(event: &Value, id: &str) -> BTreeMap<String, Value> {
    let mut cells = BTreeMap::from([(ID.to_owned(), clean(id))]);
    for name in COMMON {
        let Some(text) = event.get(name).and_then(Value::as_str) else { continue };
        let column = identifier(name).unwrap_or_default();
        // What is no time is no time: the others say when it was.
        if !TIMES.contains(&column.as_str()) || Timestamp::parse_iso8601(text).is_some() {
            cells.insert(column, clean(text));
        }
    }
    if let Some(context) = event.get("context").and_then(Value::as_object) {
        let mut other = Map::new();
        flatten("context", context, 1, &mut cells, &mut other);
        keep(&mut cells, other);
    }
    cells
}

fn with(base: &BTreeMap<String, Value>, table: &str, prefix: &str, fields: Option<&Value>) -> Row {
    let mut cells = base.clone();
    if let Some(fields) = fields.and_then(Value::as_object) {
        let (mut own, mut other) = (BTreeMap::new(), Map::new());
        flatten(prefix, fields, 0, &mut own, &mut other);
        for (column, value) in own {
            // A property that is called as a column of ours does not take its place.
            let is_taken = cells.contains_key(&column) || is_ours(&column);
            let column = if is_taken { cut(format!("properties_{column}")) } else { column };
            if cells.len() < limits::CELLS {
                cells.insert(column, value);
            } else {
                other.insert(column, value);
            }
        }
        keep(&mut cells, other);
    }
    Row { table: table.to_owned(), cells, is_state: false }
}

fn is_ours(column: &str) -> bool {
    column == ID
        || column == OTHER
        || TIMES.contains(&column)
        || matches!(column, "anonymous_id" | "user_id" | "event" | "event_text" | "group_id" | "previous_id")
}

/// The row that says how somebody, or an account, is now.
fn state(row: &Row, table: &str, id: &str, is_id: &str) -> Row {
    let mut cells = row.cells.clone();
    cells.insert(ID.to_owned(), clean(id));
    for column in [is_id, "anonymous_id", "sent_at", "timestamp", "original_timestamp"] {
        cells.remove(column);
    }
    Row { table: table.to_owned(), cells, is_state: true }
}

/// Objects become columns of their fields, lists and what lies deeper JSON in one.
fn flatten(
    prefix: &str,
    fields: &Map<String, Value>,
    depth: usize,
    cells: &mut BTreeMap<String, Value>,
    other: &mut Map<String, Value>,
) {
    for (name, value) in fields {
        let Some(name) = identifier(name) else { continue };
        let column = match prefix {
            "" => name,
            prefix => format!("{prefix}_{}", name.trim_start_matches('_')),
        };
        let value = match value {
            Value::Null => continue,
            Value::Object(inner) if depth < limits::DEPTH => {
                flatten(&column, inner, depth + 1, cells, other);
                continue;
            }
            Value::Object(_) | Value::Array(_) => clean(&value.to_string()),
            Value::String(text) => clean(text),
            Value::Bool(_) | Value::Number(_) => value.clone(),
        };
        let column = cut(column);
        if cells.len() < limits::CELLS {
            cells.insert(column, value);
        } else {
            other.insert(column, value);
        }
    }
}

/// Puts what found no column into the one for such.
fn keep(cells: &mut BTreeMap<String, Value>, other: Map<String, Value>) {
    for (column, value) in other {
        set_aside(cells, column, value);
    }
}

/// Moves a value into the column `other`.
pub(crate) fn set_aside(cells: &mut BTreeMap<String, Value>, column: String, value: Value) {
    let other = cells.entry(OTHER.to_owned()).or_insert_with(|| Value::Object(Map::new()));
    if let Some(other) = other.as_object_mut() {
        other.insert(column, value);
    }
}

/// A value as `jsonb` takes it.
fn without_nul(value: Value) -> Value {
    match value {
        Value::String(text) => clean(&text),
        Value::Array(items) => Value::Array(items.into_iter().map(without_nul).collect()),
        Value::Object(fields) => {
            let field = |(name, value): (String, Value)| (name.replace('\0', "\u{FFFD}"), without_nul(value));
            Value::Object(fields.into_iter().map(field).collect())
        }
        other => other,
    }
}

/// PostgreSQL's text has no NUL.
fn clean(text: &str) -> Value {
    Value::String(text.replace('\0', "\u{FFFD}"))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use serde_json::json;

    fn made(event: &Value) -> Vec<(String, Value)> {
        rows(event, "fallback").into_iter().map(|row| (row.table.clone(), json!(row.cells))).collect()
    }

    #[test]
    fn a_track_is_a_row_of_tracks_and_one_of_its_own_table() {
        let event = json!({
            "type": "track", "event": "Order Completed", "messageId": "m1", "userId": "u", "anonymousId": "a",
            "timestamp": "2026-01-15T12:00:00.000Z", "sentAt": "soon",
            "context": {"ip": "192.0.2.1", "page": {"path": "/x"}, "none": null},
            "properties": {"total": 1.5, "items": [1, {"a": 2}], "shipTo": {"zip": "1"}, "id": 7, "user_id": 8},
        });
        let common = json!({
            "id": "m1", "user_id": "u", "anonymous_id": "a", "timestamp": "2026-01-15T12:00:00.000Z",
            "context_ip": "192.0.2.1", "context_page_path": "/x",
            "event": "order_completed", "event_text": "Order Completed",
        });
        let mut own = common.clone();
        for (column, value) in [
            ("total", json!(1.5)),
            ("items", json!("[1,{\"a\":2}]")),
            ("ship_to_zip", json!("1")),
            ("properties_id", json!(7)),
            ("properties_user_id", json!(8)),
        ] {
            own[column] = value;
        }
        assert_eq!(made(&event), [("tracks".to_owned(), common), ("order_completed".to_owned(), own)]);
    }

    #[test]
    fn calls_have_their_tables() {
        let tables = |event: Value| -> Vec<String> { made(&event).into_iter().map(|it| it.0).collect() };
        for (event, expected) in [
            (json!({"type": "identify", "userId": "u"}), vec!["identifies", "users"]),
            (json!({"type": "identify", "anonymousId": "a"}), vec!["identifies"]),
            (json!({"type": "page"}), vec!["pages"]),
            (json!({"type": "screen"}), vec!["screens"]),
            (json!({"type": "group", "groupId": "g"}), vec!["groups", "accounts"]),
            (json!({"type": "alias"}), vec!["aliases"]),
            (json!({"type": "track", "event": "Users"}), vec!["tracks", "_users"]),
            (json!({"type": "track", "event": "?!"}), vec!["tracks"]),
            (json!({"type": "delete"}), vec!["others"]),
            (json!([]), vec!["others"]),
        ] {
            assert_eq!(tables(event.clone()), expected, "{event}");
        }
    }

    #[test]
    fn a_person_is_one_row() {
        let event = json!({"type": "identify", "userId": "u", "messageId": "m", "traits": {"firstName": "A", "id": 3},
            "receivedAt": "2026-01-15T12:00:00.000Z", "timestamp": "2026-01-15T11:00:00.000Z"});
        let users = rows(&event, "").remove(1);
        assert!(users.is_state);
        let expected = json!({"id": "u", "first_name": "A", "properties_id": 3,
            "received_at": "2026-01-15T12:00:00.000Z"});
        assert_eq!(json!(users.cells), expected);
    }

    #[test]
    fn rows_are_bounded_and_lose_nothing() {
        let many: Map<String, Value> = (0..900).map(|number| (format!("p{number}"), json!(number))).collect();
        let event = json!({"type": "track", "event": "x", "properties": many});
        let row = rows(&event, "m").remove(1);
        assert!(row.cells.len() <= limits::CELLS + 1);
        let other = row.cells[OTHER].as_object().unwrap();
        let columns = row.cells.keys().filter(|column| column.starts_with('p')).count();
        assert_eq!(columns + other.len(), 900);
        let mut deep = json!("x\0y");
        for _ in 0..limits::DEPTH + 3 {
            deep = json!({"a": deep});
        }
        let row = rows(&json!({"type": "page", "properties": deep}), "m").remove(0);
        let (column, value) = row.cells.iter().find(|(column, _)| column.starts_with('a')).unwrap();
        assert_eq!(column.as_str(), "a_a_a_a_a_a_a");
        assert!(!value.as_str().unwrap().contains('\0'));
    }
}
