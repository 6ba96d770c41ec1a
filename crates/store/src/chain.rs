//! Extending the journal's chain inside a writer's transaction.
//!
//! The end of the journal is one row, `journal_head`: its place, its chain value and a MAC of both
//! under a key derived from the system's. Every transaction that records something reads it,
//! appends, and writes it back, so places have no gaps and a removed end is noticed.
//!
//! On PostgreSQL a group's transaction adds its new rows first, side by side with other groups; then it locks that row,
//! changes what others can see, appends and commits (`postgres_group.rs`). One chain thus serves any number of processes,
//! and since a group holds up to [`crate::limits::POSTGRES_GROUP`] batches, it is groups that wait for each other, not
//! requests.
//!
//! A head whose MAC does not verify is never extended: that would make a forged end look genuine.
//! Batches with records then fail with [`StoreError::Sealed`] until the database is restored.

use aws_lc_rs::digest::{Context, SHA256};
use base::Timestamp;
use phi::{DigestKey, constant_time_eq};

use crate::StoreError;
use crate::bulk::Bulk;
use crate::sql::{Expect, Row, Statement, Value};

/// The purpose the MAC key is derived for, and the label of the MAC.
pub(crate) const MAC_PURPOSE: &str = "journal head";

const READ_HEAD: &str = "SELECT sequence, chain, mac FROM journal_head WHERE id = 1";
const LOCK_HEAD: &str = "SELECT sequence, chain, mac FROM journal_head WHERE id = 1 FOR UPDATE";
const WRITE_HEAD: &str = "UPDATE journal_head SET sequence = $1, chain = $2, mac = $3 WHERE id = 1";
const FIRST_HEAD: &str = "INSERT INTO journal_head (id, sequence, chain, mac) VALUES (1, $1, $2, $3)
    ON CONFLICT DO NOTHING";
const APPEND: &str = "INSERT INTO journal (sequence, at, scope, entry, chain) VALUES ($1, $2, $3, $4, $5)";

/// The end of the journal within one transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Tail {
    pub(crate) sequence: u64,
    pub(crate) chain: [u8; 32],
}

impl Tail {
    /// The end of an empty journal.
    pub(crate) const EMPTY: Self = Self { sequence: 0, chain: [0; 32] };

    /// Reads the head; the row goes to [`Tail::from_row`].
    pub(crate) fn read() -> Statement {
        Statement::new(READ_HEAD, Vec::new()).returning()
    }

    /// Reads the head and holds it until the transaction ends (PostgreSQL).
    pub(crate) fn lock() -> Statement {
        Statement::new(LOCK_HEAD, Vec::new()).returning()
    }

    /// The tail a head row says, and whether its MAC is genuine.
    pub(crate) fn from_row(mut row: Row, key: &DigestKey) -> Result<(Self, bool), StoreError> {
        let tail = Self { sequence: row.count()?, chain: row.hash()? };
        let genuine = constant_time_eq(&row.blob()?, &tail.mac(key));
        Ok((tail, genuine))
    }

    /// The tail to extend; anything but one genuine head row is refused.
    pub(crate) fn genuine(rows: Vec<Row>, key: &DigestKey) -> Result<Self, StoreError> {
        let row = rows.into_iter().next().ok_or(StoreError::Sealed)?;
        match Self::from_row(row, key)? {
            (tail, true) => Ok(tail),
            (_, false) => Err(StoreError::Sealed),
        }
    }

    /// Appends an entry: moves the tail and returns the statement that writes the row.
    pub(crate) fn append(&mut self, at: Timestamp, scope: &str, entry: &[u8]) -> Statement {
        self.sequence += 1;
        self.chain = link(self.chain, self.sequence, at, scope, entry);
        let arguments = vec![
            self.place(),
            at.micros().into(),
            scope.to_owned().into(),
            entry.to_vec().into(),
            self.chain.to_vec().into(),
        ];
        Statement::new(APPEND, arguments).bulk(Bulk::Entries)
    }

    /// Writes this tail back.
    pub(crate) fn write(&self, key: &DigestKey) -> Statement {
        Statement::new(WRITE_HEAD, self.arguments(key)).expecting(Expect::One(StoreError::Sealed))
    }

    /// Makes the head row of a new database.
    pub(crate) fn first(key: &DigestKey) -> Statement {
        Statement::new(FIRST_HEAD, Self::EMPTY.arguments(key)).expecting(Expect::One(StoreError::Exists))
    }

    fn arguments(&self, key: &DigestKey) -> Vec<Value> {
        vec![self.place(), self.chain.to_vec().into(), self.mac(key).into()]
    }

    fn place(&self) -> Value {
        i64::try_from(self.sequence).expect("no journal grows that long").into()
    }

    fn mac(&self, key: &DigestKey) -> Vec<u8> {
        let mut bytes = self.sequence.to_be_bytes().to_vec();
        bytes.extend_from_slice(&self.chain);
        key.digest(MAC_PURPOSE, &bytes).0.to_vec()
    }
}

/// SHA-256 of `0x01 ‖ place ‖ previous ‖ time ‖ length of scope ‖ scope ‖ entry`, numbers as 8 bytes
/// big-endian.
pub(crate) fn link(previous: [u8; 32], sequence: u64, at: Timestamp, scope: &str, entry: &[u8]) -> [u8; 32] {
    let mut context = Context::new(&SHA256);
    context.update(&[1]);
    context.update(&sequence.to_be_bytes());
    context.update(&previous);
    context.update(&at.micros().to_be_bytes());
    context.update(&(scope.len() as u64).to_be_bytes());
    context.update(scope.as_bytes());
    context.update(entry);
    let mut chain = [0; 32];
    chain.copy_from_slice(context.finish().as_ref());
    chain
}
