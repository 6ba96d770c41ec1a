//! Counters: how many events an account had on a day, and how much they came to.
//!
//! A counter is changed in the transaction of what it counts, so both are on disk or neither is. It is no hot row:
//! a group of batches adds what all of them count as one statement for each counter (SQLite folds in the writer,
//! PostgreSQL in the statement), under a lock that groups take one after the other anyway (ADR 0010).
//!
//! Counters hold numbers and words of ours in clear, because the database adds them up: nothing of a message is in
//! them that the number of its rows does not say as well.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;

use crate::bulk::Bulk;
use crate::sql::{Statement, Value};
use crate::{Scope, Scoped, StoreError, limits};

const ADD: &str = "INSERT INTO counters (scope, day, name, events, amount) VALUES ($1, $2, $3, $4, $5)
    ON CONFLICT (scope, day, name) DO UPDATE
    SET events = counters.events + excluded.events, amount = counters.amount + excluded.amount";
const DAYS: &str = "SELECT name, day, events, amount FROM counters
    WHERE scope = $1 AND day BETWEEN $2 AND $3 ORDER BY day, name LIMIT $4";
const TOTALS: &str = "SELECT name, min(day), CAST(sum(events) AS BIGINT), CAST(sum(amount) AS BIGINT)
    FROM counters WHERE scope = $1 AND day BETWEEN $2 AND $3 GROUP BY name ORDER BY name";

/// How many columns of [`ADD`] are a counter's key; the others are added.
const KEY_COLUMNS: usize = 3;

/// What is added to a counter of the batch's scope.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Count {
    /// What is counted, in a word of ours.
    pub name: &'static str,
    /// The day (UTC), in days since 1970-01-01.
    pub day: i64,
    /// How many events; negative takes back.
    pub events: i64,
    /// What they came to, in a unit that the name implies.
    pub amount: i64,
}

/// What a counter has come to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Counter {
    /// What was counted.
    pub name: String,
    /// The day; of a total, the first one.
    pub day: i64,
    /// How many events.
    pub events: i64,
    /// What they came to.
    pub amount: i64,
}

impl Count {
    pub(crate) fn statement(self, scope: Scope) -> Statement {
        let Self { name, day, events, amount } = self;
        let arguments = vec![scope.to_string().into(), day.into(), name.into(), events.into(), amount.into()];
        Statement::new(ADD, arguments).bulk(Bulk::Counts)
    }
}

/// What the batches of one group count, together.
#[derive(Clone, Debug, Default)]
pub(crate) struct Counts(BTreeMap<Vec<Value>, (i64, i64)>);

impl Counts {
    /// Takes a statement that counts; any other is not taken.
    pub(crate) fn take(&mut self, statement: &Statement) -> bool {
        if statement.bulk != Some(Bulk::Counts) {
            return false;
        }
        let (key, added) = statement.arguments.split_at(KEY_COLUMNS);
        let [Value::Integer(Some(events)), Value::Integer(Some(amount))] = added else { return false };
        let sum = self.0.entry(key.to_vec()).or_default();
        *sum = (sum.0.saturating_add(*events), sum.1.saturating_add(*amount));
        true
    }

    /// One statement for each counter.
    pub(crate) fn statements(self) -> impl Iterator<Item = Statement> {
        self.0.into_iter().map(|(mut arguments, (events, amount))| {
            arguments.extend([events.into(), amount.into()]);
            Statement::new(ADD, arguments).bulk(Bulk::Counts)
        })
    }
}

impl Scoped {
    /// What was counted on each of these days, oldest first; days without events are not there.
    ///
    /// # Errors
    /// [`StoreError::TooLarge`] when there are more than [`limits::COUNTERS`]; [`StoreError::Unavailable`].
    pub async fn counted(&self, days: RangeInclusive<i64>) -> Result<Vec<Counter>, StoreError> {
        let limit = (limits::COUNTERS + 1) as i64;
        let counters = self.counters(DAYS, &days, Some(limit)).await?;
        if counters.len() > limits::COUNTERS { Err(StoreError::TooLarge) } else { Ok(counters) }
    }

    /// What was counted on all of these days together.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn counted_in_all(&self, days: RangeInclusive<i64>) -> Result<Vec<Counter>, StoreError> {
        self.counters(TOTALS, &days, None).await
    }

    async fn counters(
        &self,
        sql: &'static str,
        days: &RangeInclusive<i64>,
        limit: Option<i64>,
    ) -> Result<Vec<Counter>, StoreError> {
        let mut arguments = vec![self.scope.to_string().into(), (*days.start()).into(), (*days.end()).into()];
        arguments.extend(limit.map(Value::from));
        let rows = self.store.engine().query(Statement::new(sql, arguments)).await?;
        let counter = |mut row: crate::sql::Row| {
            Ok(Counter {
                name: row.text()?,
                day: row.integer()?,
                events: row.integer()?,
                amount: row.integer()?,
            })
        };
        rows.into_iter().map(counter).collect()
    }
}
