//! Statements, values and rows, the same for both databases.
//!
//! A batch becomes a list of [`Step`]s with the number of rows each must touch, so that state
//! machines are conditional updates and a failed condition undoes its batch alone.

use std::borrow::Cow;

use crate::bulk::Bulk;
use crate::{StoreError, steady};

/// A value going in or coming out; `None` is SQL's `NULL`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Value {
    Integer(Option<i64>),
    Text(Option<Cow<'static, str>>),
    Blob(Option<Vec<u8>>),
}

impl Value {
    pub(crate) fn size(&self) -> usize {
        match self {
            Self::Integer(_) => size_of::<i64>(),
            Self::Text(text) => text.as_ref().map_or(0, |text| text.len()),
            Self::Blob(bytes) => bytes.as_ref().map_or(0, Vec::len),
        }
    }
}

impl From<i64> for Value {
    fn from(value: i64) -> Self {
        Self::Integer(Some(value))
    }
}

impl From<Option<i64>> for Value {
    fn from(value: Option<i64>) -> Self {
        Self::Integer(value)
    }
}

impl From<&'static str> for Value {
    fn from(value: &'static str) -> Self {
        Self::Text(Some(Cow::Borrowed(value)))
    }
}

impl From<String> for Value {
    fn from(value: String) -> Self {
        Self::Text(Some(Cow::Owned(value)))
    }
}

impl From<Option<String>> for Value {
    fn from(value: Option<String>) -> Self {
        Self::Text(value.map(Cow::Owned))
    }
}

impl From<Vec<u8>> for Value {
    fn from(value: Vec<u8>) -> Self {
        Self::Blob(Some(value))
    }
}

impl From<Option<Vec<u8>>> for Value {
    fn from(value: Option<Vec<u8>>) -> Self {
        Self::Blob(value)
    }
}

/// How many rows a statement must touch or return.
#[derive(Clone, Debug)]
pub(crate) enum Expect {
    Any,
    /// Exactly one, else the batch fails with this.
    One(StoreError),
    /// At least one, else the batch fails with this.
    Some(StoreError),
    /// So many, when a statement does the work of so many: else the group is written one by one.
    Exactly(u64, StoreError),
}

impl Expect {
    pub(crate) fn check(&self, rows: u64) -> Result<(), StoreError> {
        match self {
            Self::One(error) if rows != 1 => Err(error.clone()),
            Self::Some(error) if rows == 0 => Err(error.clone()),
            Self::Exactly(wanted, error) if rows != *wanted => Err(error.clone()),
            Self::Any | Self::One(_) | Self::Some(_) | Self::Exactly(..) => Ok(()),
        }
    }
}

/// One SQL statement; parameters are `$1`, `$2`, ... in both dialects.
#[derive(Clone, Debug)]
pub(crate) struct Statement {
    pub(crate) sql: Cow<'static, str>,
    pub(crate) arguments: Vec<Value>,
    pub(crate) expect: Expect,
    /// Whether the rows it returns are wanted; otherwise they are only counted.
    pub(crate) wants_rows: bool,
    /// Whether it reads a row or two by key, which is sooner done than handed to a thread.
    pub(crate) is_point: bool,
    /// How PostgreSQL runs many like it at once, if it does.
    pub(crate) bulk: Option<Bulk>,
}

impl Statement {
    pub(crate) fn new(sql: impl Into<Cow<'static, str>>, arguments: Vec<Value>) -> Self {
        Self {
            sql: sql.into(),
            arguments,
            expect: Expect::Any,
            wants_rows: false,
            is_point: false,
            bulk: None,
        }
    }

    pub(crate) fn expecting(mut self, expect: Expect) -> Self {
        self.expect = expect;
        self
    }

    pub(crate) fn returning(mut self) -> Self {
        self.wants_rows = true;
        self
    }

    pub(crate) fn point(mut self) -> Self {
        self.is_point = true;
        self
    }

    pub(crate) fn bulk(mut self, bulk: Bulk) -> Self {
        self.bulk = Some(bulk);
        self
    }

    /// Bytes of the arguments, for the bound on a batch.
    pub(crate) fn size(&self) -> usize {
        self.arguments.iter().map(Value::size).sum()
    }
}

/// One step of a batch.
#[derive(Clone, Debug)]
pub(crate) enum Step {
    Run(Statement),
    /// A journal entry: its place and chain value are known only when it is written.
    Record {
        scope: String,
        entry: Vec<u8>,
    },
}

/// A batch ready for the writer: everything in it is sealed.
#[derive(Clone, Debug, Default)]
pub(crate) struct Prepared {
    pub(crate) steps: Vec<Step>,
    /// Whether it touches something steady.
    pub(crate) moves_generation: bool,
}

impl Prepared {
    pub(crate) fn new(steps: Vec<Step>) -> Self {
        Self { steps, moves_generation: false }
    }

    pub(crate) fn one(statement: Statement) -> Self {
        Self::new(vec![Step::Run(statement)])
    }

    /// Makes everything steady be read anew.
    pub(crate) fn moving_generation(mut self) -> Self {
        self.steps.push(Step::Run(steady::moved()));
        self.moves_generation = true;
        self
    }

    pub(crate) fn has_records(&self) -> bool {
        self.steps.iter().any(|step| matches!(step, Step::Record { .. }))
    }
}

/// What a committed batch gave.
#[derive(Debug, Default)]
pub(crate) struct Outcome {
    /// Journal places of its records.
    pub(crate) sequences: Vec<u64>,
    /// The rows of its returning statements, one after the other.
    pub(crate) rows: Vec<Row>,
    /// How many batches were committed together.
    pub(crate) group: usize,
}

impl Outcome {
    /// The same, committed together with so many.
    pub(crate) fn in_group(self, group: usize) -> Self {
        Self { group, ..self }
    }
}

/// A row, read column by column from the left.
#[derive(Debug)]
pub(crate) struct Row(std::vec::IntoIter<Value>);

impl Row {
    pub(crate) fn new(values: Vec<Value>) -> Self {
        Self(values.into_iter())
    }

    pub(crate) fn integer(&mut self) -> Result<i64, StoreError> {
        self.optional_integer()?.ok_or_else(unexpected)
    }

    /// An integer that counts something.
    pub(crate) fn count(&mut self) -> Result<u64, StoreError> {
        u64::try_from(self.integer()?).map_err(|_| unexpected())
    }

    pub(crate) fn optional_integer(&mut self) -> Result<Option<i64>, StoreError> {
        match self.0.next() {
            Some(Value::Integer(value)) => Ok(value),
            Some(Value::Text(None) | Value::Blob(None)) => Ok(None),
            _ => Err(unexpected()),
        }
    }

    pub(crate) fn text(&mut self) -> Result<String, StoreError> {
        self.optional_text()?.ok_or_else(unexpected)
    }

    pub(crate) fn optional_text(&mut self) -> Result<Option<String>, StoreError> {
        match self.0.next() {
            Some(Value::Text(value)) => Ok(value.map(Cow::into_owned)),
            Some(Value::Integer(None) | Value::Blob(None)) => Ok(None),
            _ => Err(unexpected()),
        }
    }

    pub(crate) fn blob(&mut self) -> Result<Vec<u8>, StoreError> {
        self.optional_blob()?.ok_or_else(unexpected)
    }

    pub(crate) fn optional_blob(&mut self) -> Result<Option<Vec<u8>>, StoreError> {
        match self.0.next() {
            Some(Value::Blob(value)) => Ok(value),
            Some(Value::Integer(None) | Value::Text(None)) => Ok(None),
            _ => Err(unexpected()),
        }
    }

    /// A condition's outcome: SQLite has 0 and 1, PostgreSQL a type of its own (read as 0 and 1).
    pub(crate) fn truth(&mut self) -> Result<bool, StoreError> {
        Ok(self.integer()? != 0)
    }

    pub(crate) fn hash(&mut self) -> Result<[u8; 32], StoreError> {
        self.blob()?.try_into().map_err(|_| StoreError::Sealed)
    }
}

/// The first of the rows of a statement that always has one.
pub(crate) fn one_row(rows: Vec<Row>) -> Result<Row, StoreError> {
    rows.into_iter().next().ok_or_else(unexpected)
}

fn unexpected() -> StoreError {
    StoreError::Unavailable("a row has an unexpected shape".into())
}
