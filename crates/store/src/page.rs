//! The SQL of reading documents: one row, several rows, or a keyset page that is a range of an index.
//!
//! A page is walked along one index: a filter's entries, the parent's documents, all documents of the kind, or, when
//! the query has bounds of event time, all documents by that time. The other conditions are checked row by row, so it
//! matters which is walked: where there is a choice, [`Page::probe`] counts first, as far as [`limits::WALKED_ROWS`].
//!
//! Neither database may choose another walk by what it guesses. `CROSS JOIN` keeps the order of a join in SQLite. A
//! condition in an `EXISTS` with an `OFFSET` is asked for each row, and is no table that PostgreSQL could begin with.
//! `+d.event_at` is a value that no index has: where a filter is walked, documents are found by their key.

use std::fmt::Write;

use base::Timestamp;

use crate::sql::{Row, Statement, Value};
use crate::{Index, Query, Scope, StoreError, limits};

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

/// The statement that reads several documents, in no order. The list is filled up to a power of two, so that there is
/// a handful of statements to prepare.
pub(crate) fn get_all_statement(scope: Scope, kind: &'static str, mut sids: Vec<String>) -> Statement {
    if let Some(last) = sids.last().cloned() {
        sids.resize(sids.len().next_power_of_two(), last);
    }
    let mut sql = Text::new(COLUMNS, scope, kind);
    sql.push(" FROM documents d");
    sql.push(KEYS);
    sql.push(" WHERE d.scope = $1 AND d.kind = $2 AND d.sid IN (");
    for (place, sid) in sids.into_iter().enumerate() {
        sql.compare(if place == 0 { "" } else { ", " }, sid.into());
    }
    sql.push(")");
    Statement::new(sql.text, sql.arguments)
}

/// What a page is walked along.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Walk {
    /// The entries of the filter at this place.
    Filter(usize),
    /// Documents: by event time when the query has bounds of it, else by creation.
    Documents,
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

    /// Whether the page is ordered by event time.
    pub(crate) fn is_by_event(&self) -> bool {
        self.query.is_by_event()
    }

    /// What to walk along, when there is no choice.
    pub(crate) fn walk(&self) -> Option<Walk> {
        match self.query.filters.len() {
            0 => Some(Walk::Documents),
            1 if !self.is_by_event() => Some(Walk::Filter(0)),
            _ => None,
        }
    }

    /// Counts each filter's entries, as far as it matters.
    pub(crate) fn probe(&self) -> Statement {
        let mut sql = Text::new("SELECT ", self.scope, self.kind);
        for (place, filter) in self.query.filters.iter().enumerate() {
            sql.push(if place == 0 { "" } else { ", " });
            sql.push(
                "(SELECT count(*) FROM (SELECT 1 FROM document_index r WHERE r.scope = $1 AND r.kind = $2",
            );
            sql.entry("r", filter);
            sql.push(&format!(" LIMIT {}) counted)", limits::WALKED_ROWS));
        }
        Statement::new(sql.text, sql.arguments).point()
    }

    /// What to walk along, from the row of [`Page::probe`]: the filter with the fewest entries, unless there are so
    /// many that documents are better walked by event time.
    pub(crate) fn best_walk(&self, mut counts: Row) -> Result<Walk, StoreError> {
        let mut best = (limits::WALKED_ROWS, Walk::Filter(0));
        if self.is_by_event() {
            best.1 = Walk::Documents;
        }
        for place in 0..self.query.filters.len() {
            let count = counts.count()?;
            if count < best.0 {
                best = (count, Walk::Filter(place));
            }
        }
        Ok(best.1)
    }

    /// Reads one row more than the page holds, which tells whether there is another page.
    pub(crate) fn statement(&self, walk: Walk) -> Statement {
        let mut sql = Text::new("", self.scope, self.kind);
        if self.is_by_event() {
            // Which documents, and only then what is in them: some thousand may be looked at for a page.
            sql.push(COLUMNS);
            sql.push(" FROM (SELECT d.sid AS sid, d.event_at AS event_at");
            self.from(&mut sql, walk, "");
            let direction = self.rows(&mut sql, event_time(walk), "d.sid");
            sql.push(") w CROSS JOIN documents d");
            sql.push(KEYS);
            sql.push(" WHERE d.scope = $1 AND d.kind = $2 AND d.sid = w.sid");
            sql.push(&format!(" ORDER BY w.event_at {direction}, w.sid {direction}"));
        } else {
            sql.push(COLUMNS);
            self.from(&mut sql, walk, KEYS);
            match walk {
                Walk::Filter(_) => self.rows(&mut sql, "r.created_at", "r.sid"),
                Walk::Documents => self.rows(&mut sql, "d.created_at", "d.sid"),
            };
        }
        let statement = Statement::new(sql.text, sql.arguments);
        if self.limit == 1 { statement.point() } else { statement }
    }

    /// What is walked, and every condition but the cursor's.
    fn from(&self, sql: &mut Text, walk: Walk, keys: &str) {
        let walked = match walk {
            Walk::Filter(_) => {
                sql.push(" FROM document_index r CROSS JOIN documents d");
                "r"
            }
            Walk::Documents => {
                sql.push(" FROM documents d");
                "d"
            }
        };
        sql.push(keys);
        sql.push(" WHERE d.scope = $1 AND d.kind = $2");
        match walk {
            Walk::Filter(_) => sql.push(" AND r.scope = $1 AND r.kind = $2 AND d.sid = r.sid"),
            // The words of the index's own condition (migration 0004).
            Walk::Documents if !self.is_by_event() => sql.push(" AND d.sid <> ''"),
            Walk::Documents => {}
        }
        for (place, filter) in self.query.filters.iter().enumerate() {
            if walk == Walk::Filter(place) {
                sql.entry("r", filter);
                continue;
            }
            sql.push(" AND EXISTS (SELECT 1 FROM document_index f WHERE f.scope = $1 AND f.kind = $2 AND f.sid = d.sid");
            sql.entry("f", filter);
            sql.push(" LIMIT 1 OFFSET 0)");
        }
        if let Some(parent) = &self.query.parent {
            sql.compare(" AND d.parent = ", parent.clone().into());
        }
        let (created, event) = (self.query.created, self.query.event);
        sql.bound(&format!(" AND {walked}.created_at >= "), created.from);
        sql.bound(&format!(" AND {walked}.created_at < "), created.until);
        let at = event_time(walk);
        sql.bound(&format!(" AND {at} >= "), event.from);
        sql.bound(&format!(" AND {at} < "), event.until);
    }

    /// Where the page begins, its order and how long it is. Returns the direction.
    fn rows(&self, sql: &mut Text, at: &str, sid: &str) -> &'static str {
        let ascending = self.query.oldest_first != self.is_backward();
        let (after, direction) = if ascending { (">", "ASC") } else { ("<", "DESC") };
        if let Some(cursor) = &self.query.cursor {
            sql.compare(&format!(" AND ({at}, {sid}) {after} ("), cursor.at.micros().into());
            sql.compare(", ", cursor.sid.clone().into());
            sql.push(")");
        }
        sql.push(&format!(" ORDER BY {at} {direction}, {sid} {direction}"));
        let rows = i64::try_from(self.limit + 1).expect("a page is small");
        sql.compare(" LIMIT ", rows.into());
        direction
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

/// The event time of a document, found by an index only when documents are walked along.
const fn event_time(walk: Walk) -> &'static str {
    match walk {
        Walk::Documents => "d.event_at",
        Walk::Filter(_) => "+d.event_at",
    }
}

/// SQL under construction. Values only ever go in as parameters.
struct Text {
    text: String,
    arguments: Vec<Value>,
}

impl Text {
    fn new(text: &str, scope: Scope, kind: &'static str) -> Self {
        Self { text: text.to_owned(), arguments: vec![scope.to_string().into(), kind.into()] }
    }

    fn push(&mut self, sql: &str) {
        self.text.push_str(sql);
    }

    fn compare(&mut self, sql: &str, value: Value) {
        self.arguments.push(value);
        write!(self.text, "{sql}${}", self.arguments.len()).expect("writing to a string cannot fail");
    }

    /// The condition that a row of the index is this entry.
    fn entry(&mut self, row: &str, entry: &Index) {
        self.compare(&format!(" AND {row}.key = "), entry.key.into());
        self.compare(&format!(" AND {row}.value = "), entry.value.to_bytes().into());
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
    use crate::{Cursor, IndexValue, Range};

    /// SQLite's plan of a page, as text.
    fn plan(query: &Query, walk: Walk) -> String {
        let connection = rusqlite::Connection::open_in_memory().expect("a database");
        for migration in schema::pending(Vec::new(), Dialect::Sqlite).expect("all migrations") {
            connection.execute_batch(&migration.sql).expect("it applies");
        }
        let page = Page::new(Scope::SYSTEM, "message", query).expect("a good query");
        let mut explain = page.statement(walk).returning();
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

    fn filter(key: &'static str) -> Index {
        Index { key, value: IndexValue::Plain("x".into()) }
    }

    /// No place, and one in either direction.
    fn cursors() -> [Option<Cursor>; 3] {
        let cursor = |backward| {
            Some(Cursor {
                at: Timestamp::from_seconds(1),
                sid: "SM".into(),
                backward,
                kind: "message".into(),
            })
        };
        [None, cursor(false), cursor(true)]
    }

    fn instant() -> Range {
        let at = Some(Timestamp::from_seconds(1));
        Range { from: at, until: at }
    }

    #[test]
    fn every_page_is_a_range_of_an_index_and_nothing_is_sorted() {
        let parent = Some("P".to_owned());
        let bases = [
            (Query::default(), "documents_page"),
            (Query { parent: parent.clone(), ..Query::default() }, "documents_parent"),
            (Query { filters: vec![filter("a")], ..Query::default() }, "SEARCH r USING"),
            (Query { filters: vec![filter("a"), filter("b")], parent, ..Query::default() }, "SEARCH r USING"),
        ];
        for (base, index) in bases {
            for cursor in cursors() {
                for created in [Range::default(), instant()] {
                    let query = Query { cursor: cursor.clone(), created, ..base.clone() };
                    let walk = if query.filters.is_empty() { Walk::Documents } else { Walk::Filter(0) };
                    let plan = plan(&query, walk);
                    assert!(plan.contains(index), "{plan}");
                    assert!(!plan.contains("TEMP B-TREE") && !plan.contains("SCAN"), "{plan}");
                }
            }
        }
    }

    #[test]
    fn a_page_by_event_time_reads_documents_only_once_it_knows_which() {
        for filters in [vec![], vec![filter("a")], vec![filter("a"), filter("b")]] {
            for cursor in cursors() {
                let query = Query { filters: filters.clone(), cursor, event: instant(), ..Query::default() };
                let plan = plan(&query, Walk::Documents);
                assert!(plan.contains("SEARCH d USING COVERING INDEX documents_event"), "{plan}");
                assert_eq!(plan.matches("USING COVERING INDEX document_index_owner").count(), filters.len());
                assert!(!plan.contains("SCAN d") && !plan.contains("SCAN f"), "{plan}");
            }
        }
    }

    #[test]
    fn the_few_documents_of_a_rare_filter_are_found_by_their_keys_whatever_the_time() {
        for filters in [vec![filter("a")], vec![filter("a"), filter("b")]] {
            for cursor in cursors() {
                let query = Query { filters: filters.clone(), cursor, event: instant(), ..Query::default() };
                let plan = plan(&query, Walk::Filter(0));
                assert!(plan.contains("SEARCH r USING") && !plan.contains("documents_event"), "{plan}");
                assert!(plan.contains("SEARCH d USING INDEX sqlite_autoindex_documents_1"), "{plan}");
            }
        }
    }

    #[test]
    fn the_rarest_entry_is_walked_along_unless_all_are_frequent() {
        let many = i64::try_from(limits::WALKED_ROWS).expect("it is small");
        let both = vec![filter("a"), filter("b")];
        for (event, counts, walk) in [
            (Range::default(), [many, 3], Walk::Filter(1)),
            (Range::default(), [3, many], Walk::Filter(0)),
            (Range::default(), [many, many], Walk::Filter(0)),
            (instant(), [many, 3], Walk::Filter(1)),
            (instant(), [many, many], Walk::Documents),
        ] {
            let query = Query { filters: both.clone(), event, ..Query::default() };
            let page = Page::new(Scope::SYSTEM, "message", &query).expect("a good query");
            assert_eq!(page.walk(), None, "it is worth counting");
            let row = Row::new(counts.map(Into::into).into());
            assert_eq!(page.best_walk(row).expect("two counts"), walk, "{counts:?}");
        }
        let find = Query { filters: vec![filter("a")], ..Query::default() };
        let page = Page::new(Scope::SYSTEM, "message", &find).expect("a good query");
        assert_eq!(page.walk(), Some(Walk::Filter(0)), "looking for one entry costs one statement");
    }
}
