//! A group of batches as PostgreSQL writes it: what comes before the journal's head is locked and what after, and the
//! statements that do the work of many.
//!
//! Rows that are only added are invisible to everybody until the commit, so groups add them side by side. Then comes the
//! lock of the head, and under it whatever changes a row that others see: groups do that one after the other, always in
//! that order, and thus never wait for each other in a circle. What lets a held job go is among it, and needs to be: it
//! must see every job that was committed before it (`jobs_sql.rs`).

use std::collections::BTreeMap;

use tokio_postgres::types::{ToSql, Type};

use crate::bulk::Bulk;
use crate::sql::{Expect, Prepared, Statement, Step, Value};

/// A statement ready to be sent, and the batches that it does the work of.
pub(crate) struct Query<'a> {
    pub(crate) sql: &'a str,
    pub(crate) types: Vec<Type>,
    arguments: Vec<Argument<'a>>,
    pub(crate) wants_rows: bool,
    /// How many rows it must touch.
    pub(crate) expect: Expect,
    /// The place of its batch; `None` when it does the work of many.
    pub(crate) batch: Option<usize>,
}

enum Argument<'a> {
    One(&'a Value),
    Count(i64),
    Integers(Vec<Option<i64>>),
    Texts(Vec<Option<&'a str>>),
    Blobs(Vec<Option<&'a [u8]>>),
}

impl<'a> Query<'a> {
    /// A statement by itself.
    pub(crate) fn one(statement: &'a Statement, batch: Option<usize>) -> Self {
        Self {
            sql: &statement.sql,
            types: statement.arguments.iter().map(type_of).collect(),
            arguments: statement.arguments.iter().map(Argument::One).collect(),
            wants_rows: statement.wants_rows,
            expect: statement.expect.clone(),
            batch,
        }
    }

    /// The statements of one kind as one; `None` when there is none.
    pub(crate) fn many(bulk: Bulk, statements: &[&'a Statement]) -> Option<Self> {
        let first = statements.first()?;
        let columns = 0..first.arguments.len();
        let mut arguments: Vec<_> = columns.map(|column| Argument::column(statements, column)).collect();
        let count = statements.len();
        let expect = match &first.expect {
            _ if bulk.counts() => {
                arguments.push(Argument::Count(count as i64));
                Expect::Any
            }
            Expect::One(error) => Expect::Exactly(count as u64, error.clone()),
            other => other.clone(),
        };
        let types = arguments.iter().map(Argument::column_type).collect();
        Some(Self { sql: bulk.sql(), types, arguments, wants_rows: false, expect, batch: None })
    }

    /// The same, for rows that cannot be missing.
    pub(crate) fn unchecked(mut self) -> Self {
        self.expect = Expect::Any;
        self
    }

    pub(crate) fn arguments(&self) -> Vec<&(dyn ToSql + Sync)> {
        self.arguments.iter().map(Argument::as_sql).collect()
    }
}

impl<'a> Argument<'a> {
    /// The values of one parameter, in the order of the statements.
    fn column(statements: &[&'a Statement], column: usize) -> Self {
        let values = statements.iter().filter_map(|statement| statement.arguments.get(column));
        match statements[0].arguments[column] {
            Value::Integer(_) => Self::Integers(
                values.map(|value| if let Value::Integer(value) = value { *value } else { None }).collect(),
            ),
            Value::Text(_) => Self::Texts(
                values
                    .map(|value| if let Value::Text(text) = value { text.as_deref() } else { None })
                    .collect(),
            ),
            Value::Blob(_) => Self::Blobs(
                values
                    .map(|value| if let Value::Blob(bytes) = value { bytes.as_deref() } else { None })
                    .collect(),
            ),
        }
    }

    fn column_type(&self) -> Type {
        match self {
            Self::One(value) => type_of(value),
            Self::Count(_) => Type::INT8,
            Self::Integers(_) => Type::INT8_ARRAY,
            Self::Texts(_) => Type::TEXT_ARRAY,
            Self::Blobs(_) => Type::BYTEA_ARRAY,
        }
    }

    fn as_sql(&self) -> &(dyn ToSql + Sync) {
        match self {
            Self::One(Value::Integer(value)) => value,
            Self::One(Value::Text(value)) => value,
            Self::One(Value::Blob(value)) => value,
            Self::Count(count) => count,
            Self::Integers(values) => values,
            Self::Texts(values) => values,
            Self::Blobs(values) => values,
        }
    }
}

fn type_of(value: &Value) -> Type {
    match value {
        Value::Integer(_) => Type::INT8,
        Value::Text(_) => Type::TEXT,
        Value::Blob(_) => Type::BYTEA,
    }
}

/// The statements of a group, but for those of the journal.
#[derive(Default)]
pub(crate) struct Plan<'a> {
    /// Before the head is locked.
    pub(crate) before: Vec<Query<'a>>,
    /// Under its lock.
    pub(crate) after: Vec<Query<'a>>,
    /// How many documents are added.
    pub(crate) documents: u64,
}

/// Whether nothing is left to be looked at in the answers of these but whether they failed.
pub(crate) fn fail_by_themselves(queries: &[Query<'_>]) -> bool {
    queries.iter().all(|query| matches!(query.expect, Expect::Any))
}

impl<'a> Plan<'a> {
    /// Batch after batch, each statement by itself, all under the lock.
    pub(crate) fn in_order(batches: &[&'a Prepared]) -> Self {
        let after = batches.iter().enumerate().flat_map(|(place, batch)| one_by_one(place, batch)).collect();
        Self { before: Vec::new(), after, documents: 0 }
    }

    /// Batches of nothing but statements that run for many are written together; then come the others, in order.
    pub(crate) fn merged(batches: &[&'a Prepared]) -> Self {
        let mut many: BTreeMap<Bulk, Vec<&'a Statement>> = BTreeMap::new();
        let mut apart = Vec::new();
        for (place, batch) in batches.iter().enumerate() {
            if !statements(batch).all(|statement| statement.bulk.is_some()) {
                apart.extend(one_by_one(place, batch));
                continue;
            }
            for statement in statements(batch) {
                let Some(bulk) = statement.bulk else { continue };
                let together = many.entry(bulk).or_default();
                // Most batches of a group are of the same scope or two.
                let is_known = |known: &&Statement| known.arguments == statement.arguments;
                if bulk != Bulk::Scopes || !together.iter().any(is_known) {
                    together.push(statement);
                }
            }
        }
        let documents = many.get(&Bulk::Documents).map_or(0, Vec::len) as u64;
        let (adding, changing): (Vec<_>, Vec<_>) = many.into_iter().partition(|(bulk, _)| bulk.only_adds());
        let query = |(bulk, statements): (Bulk, Vec<&'a Statement>)| Query::many(bulk, &statements);
        let before = adding.into_iter().filter_map(query).collect();
        let after = changing.into_iter().filter_map(query).chain(apart).collect();
        Self { before, after, documents }
    }
}

fn statements<'a>(batch: &&'a Prepared) -> impl Iterator<Item = &'a Statement> {
    batch.steps.iter().filter_map(|step| match step {
        Step::Run(statement) => Some(statement),
        Step::Record { .. } => None,
    })
}

fn one_by_one<'a>(place: usize, batch: &&'a Prepared) -> impl Iterator<Item = Query<'a>> {
    statements(batch).map(move |statement| Query::one(statement, Some(place)))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a batch of an accepted message is made of.
    fn batch() -> Prepared {
        let bulk = [Bulk::Scopes, Bulk::Documents, Bulk::Keys, Bulk::Index, Bulk::Jobs, Bulk::Updates];
        let step = |bulk| Step::Run(Statement::new("", vec![1.into()]).bulk(bulk));
        Prepared::new(bulk.map(step).into())
    }

    /// Goal: what a group sends does not grow with the batches in it.
    #[test]
    fn many_batches_are_as_many_statements_as_one() {
        let batches: Vec<Prepared> = (0..100).map(|_| batch()).collect();
        let batches: Vec<&Prepared> = batches.iter().collect();
        let sent = |batches: &[&Prepared]| {
            let plan = Plan::merged(batches);
            (plan.before.len(), plan.after.len())
        };
        assert_eq!(sent(&batches), sent(&batches[..1]));
        assert_eq!(sent(&batches), (4, 2));
    }
}
