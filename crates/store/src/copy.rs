//! A whole database as rows: out of one in a single snapshot, into an empty one in a single transaction.
//!
//! Rows are copied as they are stored, so nothing is opened, and a database of one kind can become one of
//! the other. They come in two halves (ADR 0005): the *content*, which may be kept for long, and the *keys*,
//! which are to be kept in their newest version only: scope keys, the key of every document that exists,
//! every name and every job that is not done. What is put back is what both halves name ([`CopiedRow::admit`]), so
//! content whose key was destroyed after it was copied does not come back.

use std::sync::Arc;

use base::Clock;
use tokio::sync::{mpsc, oneshot};

use crate::sql::{Row, Statement, Value};
use crate::{
    Database, JournalRow, OpenError, Store, StoreError, journal, postgres, postgres_copy, sqlite_copy,
};

/// What kind of value a column holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Type {
    Integer,
    Text,
    Blob,
}

use Type::{Blob, Integer, Text};

/// A part of a database, in the order in which parts are copied.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Section {
    /// Scope keys, destroyed ones included.
    ScopeKeys,
    /// The documents that exist, each with its content's key if it has one.
    DocumentKeys,
    /// The names in use.
    Names,
    /// The waiting jobs.
    Jobs,
    /// The jobs that were taken out of their queues.
    ParkedJobs,
    /// Documents with their sealed facts and content.
    Documents,
    /// What documents are found by.
    Index,
    /// The names that were in use when the content was copied.
    ContentNames,
    /// The jobs that waited when the content was copied.
    ContentJobs,
    /// The journal.
    Journal,
    /// Its end.
    JournalHead,
    /// Its checkpoints.
    Checkpoints,
    /// What was counted.
    Counters,
    /// The log of events; its keys are among those of documents.
    Events,
    /// Who reads the log, and how far.
    Consumers,
    /// What became of events.
    DeliveryCounts,
    /// The accounting of disclosures.
    Disclosures,
}

/// How a section is read and written.
struct Layout {
    section: Section,
    /// What is read, without its order.
    from: &'static str,
    /// The columns as they are read, those of the key first.
    columns: &'static [(&'static str, Type)],
    /// How many columns are the key: rows are ordered by it.
    key: usize,
    /// The table that rows are put into; `None` for a section that only says what existed.
    table: Option<&'static str>,
    /// How many of the first columns are not put back.
    skipped: usize,
}

const DOCUMENT: [(&str, Type); 3] = [("scope", Text), ("kind", Text), ("sid", Text)];

/// All sections, in order.
const LAYOUTS: [Layout; 17] = [
    Layout {
        section: Section::ScopeKeys,
        from: "scope_keys t",
        columns: &[
            ("scope", Text),
            ("epoch", Integer),
            ("wrapped", Blob),
            ("master_key_id", Text),
            ("created_at", Integer),
        ],
        key: 2,
        table: Some("scope_keys"),
        skipped: 0,
    },
    Layout {
        section: Section::DocumentKeys,
        from: "(SELECT d.scope, d.kind, d.sid, k.epoch, k.wrapped FROM documents d LEFT JOIN document_keys k
            ON k.scope = d.scope AND k.kind = d.kind AND k.sid = d.sid) t",
        columns: &[DOCUMENT[0], DOCUMENT[1], DOCUMENT[2], ("epoch", Integer), ("wrapped", Blob)],
        key: 3,
        table: Some("document_keys"),
        skipped: 0,
    },
    Layout {
        section: Section::Names,
        from: "directory t",
        columns: &[("name", Blob), ("scope", Text), ("sid", Text)],
        key: 3,
        table: Some("directory"),
        skipped: 0,
    },
    Layout {
        section: Section::Jobs,
        from: "jobs t",
        columns: &[
            ("sequence", Integer),
            ("id", Text),
            ("queue", Text),
            ("lane", Blob),
            ("ordering_key", Blob),
            ("ordered_at", Integer),
            ("available_at", Integer),
            ("token", Blob),
            ("attempts", Integer),
            ("failures", Integer),
            ("created_at", Integer),
            ("scope", Text),
            ("epoch", Integer),
            ("payload", Blob),
        ],
        key: 2,
        table: Some("jobs"),
        // Jobs get new places in the old order.
        skipped: 1,
    },
    Layout {
        section: Section::ParkedJobs,
        from: "parked_jobs t",
        columns: &[
            ("id", Text),
            ("queue", Text),
            ("lane", Blob),
            ("ordering_key", Blob),
            ("attempts", Integer),
            ("failures", Integer),
            ("reason", Text),
            ("created_at", Integer),
            ("parked_at", Integer),
            ("scope", Text),
            ("epoch", Integer),
            ("payload", Blob),
        ],
        key: 1,
        table: Some("parked_jobs"),
        skipped: 0,
    },
    Layout {
        section: Section::Documents,
        from: "documents t",
        columns: &[
            DOCUMENT[0],
            DOCUMENT[1],
            DOCUMENT[2],
            ("parent", Text),
            ("created_at", Integer),
            ("updated_at", Integer),
            ("event_at", Integer),
            ("revision", Integer),
            ("epoch", Integer),
            ("facts", Blob),
            ("content", Blob),
        ],
        key: 3,
        table: Some("documents"),
        skipped: 0,
    },
    Layout {
        section: Section::Index,
        from: "document_index t",
        columns: &[
            DOCUMENT[0],
            DOCUMENT[1],
            DOCUMENT[2],
            ("key", Text),
            ("value", Blob),
            ("created_at", Integer),
        ],
        key: 3,
        table: Some("document_index"),
        skipped: 0,
    },
    Layout {
        section: Section::ContentNames,
        from: "directory t",
        columns: &[("name", Blob), ("scope", Text), ("sid", Text)],
        key: 3,
        table: None,
        skipped: 0,
    },
    Layout {
        section: Section::ContentJobs,
        from: "jobs t",
        columns: &[("sequence", Integer), ("id", Text)],
        key: 2,
        table: None,
        skipped: 0,
    },
    Layout {
        section: Section::Journal,
        from: "journal t",
        columns: &[("sequence", Integer), ("at", Integer), ("scope", Text), ("entry", Blob), ("chain", Blob)],
        key: 1,
        table: Some("journal"),
        skipped: 0,
    },
    Layout {
        section: Section::JournalHead,
        from: "journal_head t",
        columns: &[("id", Integer), ("sequence", Integer), ("chain", Blob), ("mac", Blob)],
        key: 1,
        table: Some("journal_head"),
        skipped: 0,
    },
    Layout {
        section: Section::Checkpoints,
        from: "checkpoints t",
        columns: &[("size", Integer), ("root", Blob), ("at", Integer), ("signature", Blob)],
        key: 1,
        table: Some("checkpoints"),
        skipped: 0,
    },
    Layout {
        section: Section::Counters,
        from: "counters t",
        columns: &[
            ("scope", Text),
            ("day", Integer),
            ("name", Text),
            ("events", Integer),
            ("amount", Integer),
        ],
        key: 3,
        table: Some("counters"),
        skipped: 0,
    },
    Layout {
        section: Section::Events,
        from: "events t",
        columns: &[
            ("sequence", Integer),
            ("scope", Text),
            ("stream", Text),
            ("at", Integer),
            ("names", Blob),
            ("records", Blob),
        ],
        key: 1,
        table: Some("events"),
        // Rows get new places in the old order.
        skipped: 1,
    },
    Layout {
        section: Section::Consumers,
        // A place is copied as its rank, because the rows of the log get new places from 1 on. What was begun is begun
        // anew, and nobody holds a lease.
        from: "(SELECT c.scope, c.name, c.stream,
            (SELECT count(*) FROM events e WHERE e.sequence <= CASE WHEN c.aside_from > 0
                AND c.aside_from <= c.position THEN c.aside_from - 1 ELSE c.position END) AS position,
            CASE WHEN c.aside_from > 0 AND c.aside_from <= c.position + 1 THEN 0 ELSE c.skip END AS skip,
            CAST(0 AS BIGINT) AS tried_position, CAST(0 AS BIGINT) AS tried_skip, c.due_at, c.failures,
            c.failing_since, CAST(0 AS BIGINT) AS leased_until, c.token FROM consumers c) t",
        columns: &[
            ("scope", Text),
            ("name", Text),
            ("stream", Text),
            ("position", Integer),
            ("skip", Integer),
            ("tried_position", Integer),
            ("tried_skip", Integer),
            ("due_at", Integer),
            ("failures", Integer),
            ("failing_since", Integer),
            ("leased_until", Integer),
            ("token", Blob),
        ],
        key: 2,
        table: Some("consumers"),
        skipped: 0,
    },
    Layout {
        section: Section::DeliveryCounts,
        from: "delivery_counts t",
        columns: &[("scope", Text), ("name", Text), ("day", Integer), ("outcome", Text), ("events", Integer)],
        key: 4,
        table: Some("delivery_counts"),
        skipped: 0,
    },
    Layout {
        section: Section::Disclosures,
        from: "disclosures t",
        columns: &[
            ("scope", Text),
            ("subject", Text),
            ("name", Text),
            ("what", Text),
            ("first_at", Integer),
            ("last_at", Integer),
            ("times", Integer),
        ],
        key: 4,
        table: Some("disclosures"),
        skipped: 0,
    },
];

impl Section {
    /// The half that is kept in its newest version only.
    pub const KEYS: [Self; 5] =
        [Self::ScopeKeys, Self::DocumentKeys, Self::Names, Self::Jobs, Self::ParkedJobs];
    /// The half that may be kept for long.
    pub const CONTENT: [Self; 12] = [
        Self::Documents,
        Self::Index,
        Self::ContentNames,
        Self::ContentJobs,
        Self::Journal,
        Self::JournalHead,
        Self::Checkpoints,
        Self::Counters,
        Self::Events,
        Self::Consumers,
        Self::DeliveryCounts,
        Self::Disclosures,
    ];

    /// Both halves, in the order in which they are copied.
    pub(crate) const ALL: [Self; 17] = {
        let mut all = [Self::ScopeKeys; 17];
        let mut place = 0;
        while place < all.len() {
            all[place] = LAYOUTS[place].section;
            place += 1;
        }
        all
    };

    /// The section's number in a file; never changed.
    pub const fn number(self) -> u8 {
        self as u8
    }

    /// The section with this number.
    pub fn from_number(number: u8) -> Option<Self> {
        LAYOUTS.get(usize::from(number)).map(|layout| layout.section)
    }

    /// The section of the keys that says which rows of this one are put back; `None` when all are.
    pub const fn listed_in(self) -> Option<Self> {
        match self {
            Self::Documents | Self::Index => Some(Self::DocumentKeys),
            Self::ContentNames => Some(Self::Names),
            Self::ContentJobs => Some(Self::Jobs),
            _ => None,
        }
    }

    fn layout(self) -> &'static Layout {
        &LAYOUTS[usize::from(self.number())]
    }

    /// Reads all rows, ordered by their key.
    pub(crate) fn select(self) -> String {
        let layout = self.layout();
        let names: Vec<_> = layout.columns.iter().map(|(name, _)| format!("t.{name}")).collect();
        format!(
            "SELECT {} FROM {} ORDER BY {}",
            names.join(", "),
            layout.from,
            names[..layout.key].join(", ")
        )
    }

    /// Counts the rows.
    pub(crate) fn count(self) -> String {
        format!("SELECT count(*) FROM {}", self.layout().from)
    }
}

/// A row of a section, as it is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CopiedRow {
    section: Section,
    values: Vec<Value>,
}

/// Bytes that are not a row of the section.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InvalidRow;

impl std::fmt::Display for InvalidRow {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("not a row of a database")
    }
}

impl std::error::Error for InvalidRow {}

/// In front of a value that is there; 0 stands for one that is not.
const PRESENT: u8 = 1;

impl CopiedRow {
    pub(crate) fn new(section: Section, mut row: Row) -> Result<Self, StoreError> {
        let read = |(_, kind): &(&str, Type)| match kind {
            Integer => row.optional_integer().map(Value::Integer),
            Text => row.optional_text().map(Value::from),
            Blob => row.optional_blob().map(Value::Blob),
        };
        let values = section.layout().columns.iter().map(read).collect::<Result<_, _>>()?;
        Ok(Self { section, values })
    }

    /// Which section it is of.
    pub fn section(&self) -> Section {
        self.section
    }

    /// Bytes of its values.
    pub(crate) fn size(&self) -> usize {
        self.values.iter().map(Value::size).sum()
    }

    /// What it is ordered by.
    fn key(&self) -> &[Value] {
        &self.values[..self.section.layout().key]
    }

    /// Whether it is a document with content.
    pub fn has_content(&self) -> bool {
        self.section == Section::Documents && matches!(self.values.last(), Some(Value::Blob(Some(_))))
    }

    /// Whether both have the same key.
    pub fn is_same(&self, other: &Self) -> bool {
        self.key() == other.key()
    }

    /// Whether its key comes before the other's.
    pub fn is_before(&self, other: &Self) -> bool {
        self.key() < other.key()
    }

    /// Its form in a file: each value with a byte that says whether it is there, texts and byte strings
    /// with their length (4 bytes, big-endian) in front.
    pub fn encode(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        let mut counted = |value: Option<&[u8]>| match value {
            None => bytes.push(0),
            Some(value) => {
                let length = u32::try_from(value.len()).expect("a batch is smaller than 4 GiB");
                bytes.push(PRESENT);
                bytes.extend_from_slice(&length.to_be_bytes());
                bytes.extend_from_slice(value);
            }
        };
        for value in &self.values {
            match value {
                Value::Text(text) => counted(text.as_ref().map(|text| text.as_bytes())),
                Value::Blob(blob) => counted(blob.as_deref()),
                Value::Integer(number) => counted(number.map(i64::to_be_bytes).as_ref().map(|b| &b[..])),
            }
        }
        bytes
    }

    /// Reads what [`CopiedRow::encode`] wrote.
    ///
    /// # Errors
    /// [`InvalidRow`] when it is anything else.
    pub fn decode(section: Section, mut bytes: &[u8]) -> Result<Self, InvalidRow> {
        let mut values = Vec::with_capacity(section.layout().columns.len());
        for (_, kind) in section.layout().columns {
            let value = take_counted(&mut bytes)?;
            values.push(match kind {
                Integer => {
                    let number = value.map(|value| <[u8; 8]>::try_from(value).map(i64::from_be_bytes));
                    Value::Integer(number.transpose().map_err(|_| InvalidRow)?)
                }
                Text => {
                    let text = value.map(|value| String::from_utf8(value.to_vec()));
                    text.transpose().map_err(|_| InvalidRow)?.into()
                }
                Blob => Value::Blob(value.map(<[u8]>::to_vec)),
            });
        }
        if bytes.is_empty() { Ok(Self { section, values }) } else { Err(InvalidRow) }
    }

    /// What is put back of a row of the content, given the row of the keys with the same key: nothing when
    /// there is none any more; a document without its content when its key is gone; else the row (of a name
    /// or a job: the newer one) and the document's key with it.
    pub fn admit(mut self, listed: Option<&Self>) -> Vec<Self> {
        if self.section.listed_in().is_none() {
            return vec![self];
        }
        let Some(listed) = listed else { return Vec::new() };
        match self.section {
            Section::Documents => {
                let has_key = matches!(listed.values.last(), Some(Value::Blob(Some(_))));
                match self.values.last_mut() {
                    Some(content @ Value::Blob(Some(_))) if !has_key => {
                        *content = Value::Blob(None);
                        vec![self]
                    }
                    Some(Value::Blob(Some(_))) => vec![self, listed.clone()],
                    _ => vec![self],
                }
            }
            Section::Index => vec![self],
            _ => vec![listed.clone()],
        }
    }

    /// The entry of the journal that it is, if it is one.
    pub fn journal_row(&self) -> Option<JournalRow> {
        (self.section == Section::Journal)
            .then(|| journal::journal_row(Row::new(self.values.clone())).ok())
            .flatten()
    }

    /// Puts it into its table; `None` for a row that only says what existed.
    pub(crate) fn insert(self) -> Option<Statement> {
        let layout = self.section.layout();
        let table = layout.table?;
        let names: Vec<_> = layout.columns[layout.skipped..].iter().map(|(name, _)| *name).collect();
        let places: Vec<_> = (1..=names.len()).map(|place| format!("${place}")).collect();
        let sql = format!("INSERT INTO {table} ({}) VALUES ({})", names.join(", "), places.join(", "));
        Some(Statement::new(sql, self.values.into_iter().skip(layout.skipped).collect()))
    }
}

fn take_counted<'a>(bytes: &mut &'a [u8]) -> Result<Option<&'a [u8]>, InvalidRow> {
    let (&tag, rest) = bytes.split_first().ok_or(InvalidRow)?;
    *bytes = rest;
    match tag {
        0 => Ok(None),
        PRESENT => {
            let (length, rest) = bytes.split_first_chunk::<4>().ok_or(InvalidRow)?;
            let length = usize::try_from(u32::from_be_bytes(*length)).map_err(|_| InvalidRow)?;
            let (value, rest) = rest.split_at_checked(length).ok_or(InvalidRow)?;
            *bytes = rest;
            Ok(Some(value))
        }
        _ => Err(InvalidRow),
    }
}

/// Rows on their way out or in. An empty chunk is the last one: it says that nothing broke off.
pub(crate) type Chunk = Vec<CopiedRow>;

/// The rows of a database as they were at one moment.
pub struct CopyOut {
    pub(crate) chunks: mpsc::Receiver<Result<Chunk, StoreError>>,
    /// How many rows there are in all sections, for showing progress.
    pub rows: u64,
}

impl CopyOut {
    /// The next rows; all of a section, in order, before the next section's. `None` at the end. Blocks.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] when the database cannot be read any further.
    pub fn next_chunk(&mut self) -> Result<Option<Vec<CopiedRow>>, StoreError> {
        let chunk = self.chunks.blocking_recv().unwrap_or_else(|| Err(broke_off()))?;
        Ok(Some(chunk).filter(|chunk| !chunk.is_empty()))
    }
}

/// A new database that rows are put into. Nothing of it is there before [`CopyIn::finish`].
pub struct CopyIn {
    pub(crate) chunks: mpsc::Sender<Chunk>,
    pub(crate) done: oneshot::Receiver<Result<(), StoreError>>,
}

impl CopyIn {
    /// Puts rows in. Blocks.
    ///
    /// # Errors
    /// Why an earlier row could not be put in; the database stays empty then.
    pub fn write(&mut self, rows: Vec<CopiedRow>) -> Result<(), StoreError> {
        if rows.is_empty() || self.chunks.blocking_send(rows).is_ok() {
            return Ok(());
        }
        let (_, nothing) = oneshot::channel();
        let done = std::mem::replace(&mut self.done, nothing);
        Err(done.blocking_recv().ok().and_then(Result::err).unwrap_or_else(broke_off))
    }

    /// Makes everything durable. Blocks.
    ///
    /// # Errors
    /// [`StoreError`]; the database is still empty then.
    pub fn finish(self) -> Result<(), StoreError> {
        // When it cannot be sent, the answer says why.
        let _ = self.chunks.blocking_send(Vec::new());
        self.done.blocking_recv().unwrap_or_else(|_| Err(broke_off()))
    }
}

/// Begins to put rows into a database that has none: a new file, or a PostgreSQL database.
///
/// # Errors
/// [`OpenError::NotEmpty`] when there is something in it; else as for [`Store::open`].
pub async fn copy_in(database: Database, clock: Arc<dyn Clock>) -> Result<CopyIn, OpenError> {
    match database {
        Database::Sqlite(path) => {
            tokio::task::spawn_blocking(move || sqlite_copy::copy_in(&path, clock.as_ref()))
                .await
                .map_err(|_| OpenError::Unavailable("opening the file was interrupted".into()))?
        }
        Database::Postgres(url) => postgres_copy::copy_in(postgres::pool(&url)?, clock.as_ref()).await,
    }
}

impl Store {
    /// Begins to copy the database as it is now, while everything goes on.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn copy_out(&self) -> Result<CopyOut, StoreError> {
        self.engine().copy_out().await
    }
}

fn broke_off() -> StoreError {
    crate::error::unavailable("the copy broke off")
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use super::*;
    use crate::schema::{self, Dialect};

    /// What stands in a database and is not copied, each with its reason.
    const NOT_COPIED: &[(&str, &[&str])] = &[
        // A restored database is migrated by the program that restores it.
        ("migrations", &["number", "name", "checksum", "applied_at"]),
        // Compared with what a running process remembers, and a restored database has none running.
        ("steady_generation", &["id", "value"]),
        // What is put back may be of an older version, so it is looked through when it is opened.
        ("conversions", &["name", "done_at"]),
        // Rows get new numbers, so a consumer is put back to before the first event that it had set aside.
        ("consumers", &["aside", "aside_due", "aside_from"]),
    ];

    fn columns_of(connection: &rusqlite::Connection, table: &str) -> BTreeSet<String> {
        let mut statement = connection.prepare("SELECT name FROM pragma_table_info(?1)").expect("valid");
        let names = statement.query_map([table], |row| row.get(0)).expect("valid");
        names.collect::<Result<_, _>>().expect("names")
    }

    #[test]
    fn every_table_and_column_is_copied_or_listed() {
        let connection = rusqlite::Connection::open_in_memory().expect("memory");
        connection.execute_batch(&schema::bootstrap(Dialect::Sqlite)).expect("valid");
        for migration in schema::pending(Vec::new(), Dialect::Sqlite).expect("nothing is applied") {
            connection.execute_batch(&migration.sql).expect("valid");
        }
        let mut covered: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
        for (table, columns) in NOT_COPIED {
            covered.entry(table).or_default().extend(columns.iter().map(|&name| name.to_owned()));
        }
        for layout in LAYOUTS {
            let columns = layout.columns.iter().map(|(name, _)| (*name).to_owned());
            if let Some(table) = layout.table {
                covered.entry(table).or_default().extend(columns);
            }
        }
        let mut statement = connection
            .prepare("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'")
            .expect("valid");
        let tables = statement.query_map([], |row| row.get::<_, String>(0)).expect("valid");
        for table in tables.map(|name| name.expect("a name")) {
            let columns = columns_of(&connection, &table);
            assert_eq!(covered.get(table.as_str()), Some(&columns), "of {table}: copy it or say why not");
        }
    }

    #[test]
    fn layouts_stand_at_their_numbers() {
        for (number, layout) in LAYOUTS.iter().enumerate() {
            assert_eq!(usize::from(layout.section.number()), number);
            assert_eq!(Section::from_number(layout.section.number()), Some(layout.section));
        }
        let all: Vec<_> = Section::KEYS.into_iter().chain(Section::CONTENT).collect();
        assert_eq!(all, LAYOUTS.map(|layout| layout.section));
        assert_eq!(Section::from_number(17), None);
    }

    fn name(sid: &str) -> CopiedRow {
        let values = vec![vec![7, 0].into(), "system".into(), sid.to_owned().into()];
        CopiedRow { section: Section::ContentNames, values }
    }

    #[test]
    fn rows_read_back_and_nothing_else_does() {
        let head = vec![1.into(), 0.into(), Value::Blob(None), Value::Blob(Some(Vec::new()))];
        for row in [name("x"), CopiedRow { section: Section::JournalHead, values: head }] {
            let bytes = row.encode();
            assert_eq!(CopiedRow::decode(row.section, &bytes), Ok(row.clone()));
            for length in 0..bytes.len() {
                assert_eq!(CopiedRow::decode(row.section, &bytes[..length]), Err(InvalidRow));
            }
            let mut longer = bytes.clone();
            longer.push(0);
            assert_eq!(CopiedRow::decode(row.section, &longer), Err(InvalidRow));
            assert_eq!(CopiedRow::decode(Section::ContentJobs, &bytes), Err(InvalidRow));
        }
        assert_eq!(CopiedRow::decode(Section::ContentNames, &[1, 0xff, 0xff, 0xff, 0xff]), Err(InvalidRow));
    }

    #[test]
    fn only_what_both_halves_name_is_admitted() {
        let document = |content: Option<Vec<u8>>| {
            let mut values: Vec<Value> = vec!["AC".into(), "message".into(), "SM".into()];
            values.extend([Value::Text(None), 1.into(), 1.into(), Value::Integer(None), 1.into(), 1.into()]);
            values.extend([vec![1].into(), Value::Blob(content)]);
            CopiedRow { section: Section::Documents, values }
        };
        let key = |wrapped: Option<Vec<u8>>| {
            let mut values: Vec<Value> = vec!["AC".into(), "message".into(), "SM".into()];
            values.extend([Value::Integer(wrapped.as_ref().map(|_| 1)), Value::Blob(wrapped)]);
            CopiedRow { section: Section::DocumentKeys, values }
        };
        let full = document(Some(vec![2]));
        assert!(full.is_same(&key(None)));
        assert_eq!(full.clone().admit(None), []);
        assert_eq!(full.clone().admit(Some(&key(None))), [document(None)], "its key was destroyed");
        assert_eq!(full.clone().admit(Some(&key(Some(vec![3])))), [full, key(Some(vec![3]))]);
        assert_eq!(document(None).admit(Some(&key(None))), [document(None)]);
        assert_eq!(name("x").admit(None), []);
        assert_eq!(name("x").admit(Some(&name("x"))), [name("x")]);
    }
}
