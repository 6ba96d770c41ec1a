//! What the columns of a table hold, and whether a value fits.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::layout::{OTHER, Row, TIMES, set_aside};
use crate::limits;

/// What a column holds. The first value that comes decides.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Type {
    Boolean,
    Integer,
    Float,
    Text,
    Time,
    Object,
    /// Somebody made the column otherwise: nothing of ours is written to it.
    Foreign,
}

impl Type {
    /// The type for a new column.
    pub(crate) fn of(column: &str, value: &Value) -> Self {
        match value {
            _ if TIMES.contains(&column) => Self::Time,
            _ if column == OTHER => Self::Object,
            Value::Bool(_) => Self::Boolean,
            Value::Number(number) if number.is_i64() => Self::Integer,
            Value::Number(_) => Self::Float,
            _ => Self::Text,
        }
    }

    /// The type that `information_schema` says.
    pub(crate) fn named(name: &str) -> Self {
        match name {
            "boolean" => Self::Boolean,
            "bigint" => Self::Integer,
            "double precision" | "numeric" => Self::Float,
            "text" | "character varying" => Self::Text,
            "timestamp with time zone" => Self::Time,
            "jsonb" => Self::Object,
            _ => Self::Foreign,
        }
    }

    /// The type's name in a statement.
    pub(crate) const fn sql(self) -> &'static str {
        match self {
            Self::Boolean => "boolean",
            Self::Integer => "bigint",
            Self::Float => "double precision",
            Self::Text | Self::Foreign => "text",
            Self::Time => "timestamptz",
            Self::Object => "jsonb",
        }
    }

    /// The value as the column takes it, where nothing of it is lost.
    fn fit(self, value: &Value) -> Option<Value> {
        match (self, value) {
            (Self::Boolean, Value::Bool(_))
            | (Self::Text | Self::Time, Value::String(_))
            | (Self::Float, Value::Number(_))
            | (Self::Object, Value::Object(_)) => Some(value.clone()),
            (Self::Integer, Value::Number(number)) if number.is_i64() => Some(value.clone()),
            (Self::Text, Value::Bool(_) | Value::Number(_)) => Some(Value::String(value.to_string())),
            _ => None,
        }
    }
}

/// The columns of a table.
pub(crate) type Columns = BTreeMap<String, Type>;

/// The columns that these rows need and the table does not have, as far as there is room for them.
pub(crate) fn missing(known: &Columns, rows: &[&Row]) -> Columns {
    let mut new = Columns::new();
    for (column, value) in rows.iter().flat_map(|row| &row.cells) {
        if known.contains_key(column) {
            continue;
        }
        // An integer and a fraction in one load are both fractions.
        match (new.get(column), Type::of(column, value)) {
            (None, found) if known.len() + new.len() < limits::COLUMNS => {
                new.insert(column.clone(), found);
            }
            (Some(Type::Integer), Type::Float) => {
                new.insert(column.clone(), Type::Float);
            }
            _ => {}
        }
    }
    new
}

/// A row as the table takes it: what does not fit is in the column `other`.
pub(crate) fn fitted(known: &Columns, row: &Row) -> BTreeMap<String, Value> {
    let (mut cells, mut aside) = (BTreeMap::new(), Vec::new());
    for (column, value) in &row.cells {
        match known.get(column).and_then(|found| found.fit(value)) {
            Some(value) => {
                cells.insert(column.clone(), value);
            }
            None => aside.push((column.clone(), value.clone())),
        }
    }
    for (column, value) in aside {
        set_aside(&mut cells, column, value);
    }
    cells
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use serde_json::json;

    fn row(cells: Value) -> Row {
        let cells = serde_json::from_value(cells).unwrap();
        Row { table: "t".to_owned(), cells, is_state: false }
    }

    #[test]
    fn the_first_value_decides_and_what_does_not_fit_is_kept() {
        let first =
            row(json!({"id": "1", "n": 1, "f": 1.5, "b": true, "t": "x", "sent_at": "2026-01-01T00:00:00Z"}));
        let known = missing(&Columns::new(), &[&first]);
        assert_eq!(known["n"], Type::Integer);
        assert_eq!(known["sent_at"], Type::Time);
        let mut known = known;
        known.insert(OTHER.to_owned(), Type::Object);
        let second = row(json!({"id": "2", "n": 1.5, "f": 2, "b": "no", "t": 5, "new": 1}));
        let expected = json!({"id": "2", "f": 2, "t": "5", "other": {"n": 1.5, "b": "no", "new": 1}});
        assert_eq!(json!(fitted(&known, &second)), expected);
    }

    #[test]
    fn a_column_that_is_new_with_a_fraction_holds_fractions() {
        let (one, two) = (row(json!({"n": 1})), row(json!({"n": 1.5})));
        assert_eq!(missing(&Columns::new(), &[&one, &two])["n"], Type::Float);
    }

    #[test]
    fn a_table_has_so_many_columns_and_no_more() {
        let cells: Value = (0..700).map(|number| (format!("c{number}"), json!(1))).collect();
        let known = Columns::from([("c0".to_owned(), Type::Integer)]);
        assert_eq!(missing(&known, &[&row(cells)]).len(), limits::COLUMNS - 1);
    }
}
