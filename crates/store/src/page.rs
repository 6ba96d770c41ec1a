//! The SQL of reading documents: one row, or a keyset page that is one range of an index.
//!
//! A page is walked along the first filter's index entries, or along the parent's documents, or
//! along all documents of the kind; the other conditions are checked row by row. `CROSS JOIN`
//! tells SQLite to keep that order; to PostgreSQL it is a plain join.

use std::fmt::Write;

use base::Timestamp;

use crate::sql::{Row, Statement, Value};
use crate::{Cursor, Query, Scope, StoreError, limits};

/// What is read of a document `d`: the row, whether its scope key still exists, its content's key and
/// whether that key's scope key still exists.
pub(crate) const COLUMNS: &str = "SELECT d.sid, d.parent, d.created_at, d.updated_at, d.event_at, d.revision,
    d.epoch, d.facts, k.wrapped IS NOT NULL, d.content, dk.epoch, dk.wrapped, ck.wrapped IS NOT NULL";
const KEYS: &str = " LEFT JOIN scope_keys k ON k.scope = d.scope AND k.epoch = d.epoch
    LEFT JOIN document_keys dk ON dk.scope = d.scope AND dk.kind = d.kind AND dk.sid = d.sid
    LEFT JOIN scope_keys ck ON ck.scope = dk.scope AND ck.epoch = dk.epoch";
const ONE: &str = "SELECT d.sid, d.parent, d.created_at, d.updated_at, d.event_at, d.revision,
    d.epoch, d.facts, k.wrapped IS NOT NULL, d.content, dk.epoch, dk.wrapped, ck.wrapped IS NOT NULL
    FROM documents d LEFT JOIN scope_keys k ON k.scope = d.scope AND k.epoch = d.epoch
    LEFT JOIN document_keys dk ON dk.scope = d.scope AND dk.kind = d.kind AND dk.sid = d.sid
    LEFT JOIN scope_keys ck ON ck.scope = dk.scope AND ck.epoch = dk.epoch
    WHERE d.scope = $1 AND d.kind = $2 AND d.sid = $3";

/// The statement that reads one document.
pub(crate) fn get_statement(scope: Scope, kind: &'static str, sid: String) -> Statement {
    Statement::new(ONE, vec![scope.to_string().into(), kind.into(), sid.into()]).point()
}

/// One page of a list.
pub(crate) struct Page<'a> {
    scope: Scope,
    kind: &'static str,
    query: &'a Query,
    limit: usize,
}

impl<'a> Page<'a> {
    pub(crate) fn new(scope: Scope, kind: &'static str, query: &'a Query) -> Result<Self, StoreError> {
        if query.filters.len() > limits::QUERY_FILTERS {
            return Err(StoreError::TooLarge);
        }
        if query.cursor.as_ref().is_some_and(|cursor| *cursor.kind != *kind) {
            return Err(StoreError::Sealed);
        }
        Ok(Self { scope, kind, query, limit: query.limit.clamp(1, limits::PAGE_ROWS) })
    }

    fn is_backward(&self) -> bool {
        self.query.cursor.as_ref().is_some_and(|cursor| cursor.backward)
    }

    /// Reads one row more than the page holds, which tells whether there is another page.
    pub(crate) fn statement(&self) -> Statement {
        let mut sql = Text::new(self.scope, self.kind);
        // `r` is the row whose (created_at, sid) the page is walked along.
        let (walked, others) = match self.query.filters.split_first() {
            Some((first, others)) => {
                sql.push(" FROM document_index r CROSS JOIN documents d");
                sql.push(KEYS);
                sql.push(
                    " WHERE r.scope = $1 AND r.kind = $2 AND d.scope = $1 AND d.kind = $2 AND d.sid = r.sid",
                );
                sql.compare(" AND r.key = ", first.key.into());
                sql.compare(" AND r.value = ", first.value.to_bytes().into());
                ("r", others)
            }
            None => {
                sql.push(" FROM documents d");
                sql.push(KEYS);
                sql.push(" WHERE d.scope = $1 AND d.kind = $2 AND d.sid <> ''");
                ("d", [].as_slice())
            }
        };
        for other in others {
            sql.push(
                " AND EXISTS (SELECT 1 FROM document_index f WHERE f.scope = $1 AND f.kind = $2
                AND f.created_at = d.created_at AND f.sid = d.sid",
            );
            sql.compare(" AND f.key = ", other.key.into());
            sql.compare(" AND f.value = ", other.value.to_bytes().into());
            sql.push(")");
        }
        if let Some(parent) = &self.query.parent {
            sql.compare(" AND d.parent = ", parent.clone().into());
        }
        let (created, event) = (self.query.created, self.query.event);
        sql.bound(&format!(" AND {walked}.created_at >= "), created.from);
        sql.bound(&format!(" AND {walked}.created_at < "), created.until);
        sql.bound(" AND d.event_at >= ", event.from);
        sql.bound(" AND d.event_at < ", event.until);

        let ascending = self.query.oldest_first != self.is_backward();
        let (after, direction) = if ascending { (">", "ASC") } else { ("<", "DESC") };
        if let Some(Cursor { at, sid, .. }) = &self.query.cursor {
            sql.compare(&format!(" AND ({walked}.created_at, {walked}.sid) {after} ("), at.micros().into());
            sql.compare(", ", sid.clone().into());
            sql.push(")");
        }
        sql.push(&format!(" ORDER BY {walked}.created_at {direction}, {walked}.sid {direction}"));
        let rows = i64::try_from(self.limit + 1).expect("a page is small");
        sql.compare(" LIMIT ", rows.into());
        let statement = Statement::new(sql.text, sql.arguments);
        if self.limit == 1 { statement.point() } else { statement }
    }

    /// The rows of the page in the order asked for, and whether there were more.
    pub(crate) fn trim(&self, mut rows: Vec<Row>) -> (Vec<Row>, bool) {
        let has_more = rows.len() > self.limit;
        rows.truncate(self.limit);
        if self.is_backward() {
            rows.reverse();
        }
        (rows, has_more)
    }

    pub(crate) fn has_next(&self, has_more: bool) -> bool {
        // Walking backward, the next page is where the walk came from.
        self.is_backward() || has_more
    }

    pub(crate) fn has_previous(&self, has_more: bool) -> bool {
        if self.is_backward() { has_more } else { self.query.cursor.is_some() }
    }
}

/// SQL under construction. Values only ever go in as parameters.
struct Text {
    text: String,
    arguments: Vec<Value>,
}

impl Text {
    fn new(scope: Scope, kind: &'static str) -> Self {
        Self { text: COLUMNS.to_owned(), arguments: vec![scope.to_string().into(), kind.into()] }
    }

    fn push(&mut self, sql: &str) {
        self.text.push_str(sql);
    }

    fn compare(&mut self, sql: &str, value: Value) {
        self.arguments.push(value);
        write!(self.text, "{sql}${}", self.arguments.len()).expect("writing to a string cannot fail");
    }

    fn bound(&mut self, sql: &str, at: Option<Timestamp>) {
        if let Some(at) = at {
            self.compare(sql, at.micros().into());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::{self, Dialect};
    use crate::{Index, IndexValue, Range};

    /// SQLite's plan of a page, as text.
    fn plan(query: &Query) -> String {
        let connection = rusqlite::Connection::open_in_memory().expect("a database");
        for migration in schema::pending(Vec::new(), Dialect::Sqlite).expect("all migrations") {
            connection.execute_batch(&migration.sql).expect("it applies");
        }
        let page = Page::new(Scope::SYSTEM, "message", query).expect("a good query");
        let mut explain = page.statement().returning();
        explain.sql = format!("EXPLAIN QUERY PLAN {}", explain.sql).into();
        let (rows, _) = crate::sqlite::run(&connection, &explain).expect("good SQL");
        let detail = |mut row: Row| {
            // Three numbers, then what is done.
            for _ in 0..3 {
                row.integer().expect("a number");
            }
            row.text().expect("a text")
        };
        rows.into_iter().map(detail).collect::<Vec<_>>().join("\n")
    }

    #[test]
    fn every_page_is_a_range_of_an_index_and_nothing_is_sorted() {
        let filter = |key| Index { key, value: IndexValue::Plain("x".into()) };
        let at = Some(Timestamp::from_seconds(1));
        let cursor = |backward| {
            Some(Cursor {
                at: Timestamp::from_seconds(1),
                sid: "SM".into(),
                backward,
                kind: "message".into(),
            })
        };
        let bases = [
            (Query::default(), "documents_page"),
            (Query { parent: Some("P".into()), ..Query::default() }, "documents_parent"),
            (Query { filters: vec![filter("a")], ..Query::default() }, "SEARCH r USING"),
            (
                Query {
                    filters: vec![filter("a"), filter("b")],
                    parent: Some("P".into()),
                    ..Query::default()
                },
                "SEARCH r USING",
            ),
        ];
        for (base, index) in bases {
            for cursor in [None, cursor(false), cursor(true)] {
                for created in [Range::default(), Range { from: at, until: at }] {
                    let query = Query { cursor: cursor.clone(), created, event: created, ..base.clone() };
                    let plan = plan(&query);
                    assert!(plan.contains(index), "{plan}");
                    assert!(!plan.contains("TEMP B-TREE") && !plan.contains("SCAN"), "{plan}");
                }
            }
        }
    }
}
