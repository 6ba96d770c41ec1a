//! The journal: append-only entries, each chained to all before it.
//!
//! Entries are added by [`crate::Batch::record`], in the transaction of the change they tell of.
//! What makes a chain of any number of processes possible is told in `chain.rs`.

use base::Timestamp;
use zeroize::{Zeroize, Zeroizing};

use crate::chain::{Tail, link};
use crate::keys::FIRST_EPOCH;
use crate::sql::{Expect, Prepared, Row, Statement, Step};
use crate::{Scope, Store, StoreError, limits};

const READ: &str = "SELECT sequence, at, scope, entry, chain FROM journal
    WHERE sequence > $1 ORDER BY sequence LIMIT $2";
const READ_SCOPE: &str = "SELECT sequence, at, scope, entry, chain FROM journal
    WHERE scope = $3 AND sequence > $1 ORDER BY sequence LIMIT $2";
const ADD_CHECKPOINT: &str = "INSERT INTO checkpoints (size, root, at, signature)
    VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING";
const CHECKPOINTS: &str = "SELECT size, root, at, signature FROM checkpoints ORDER BY size";

/// No entry's place: those begin at 1.
const PROBE_PLACE: i64 = -1;
const PROBE: &str = "INSERT INTO journal (sequence, at, scope, entry, chain) VALUES ($1, 0, $2, $3, $3)";
const UNPROBE: &str = "DELETE FROM journal WHERE sequence = $1";

/// The purpose the ledger's signing secret is derived for.
const SIGNING_PURPOSE: &str = "journal signing";

/// One entry of the journal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JournalRow {
    /// Its place: from 1, without gaps.
    pub sequence: u64,
    /// When it was committed.
    pub at: Timestamp,
    /// The scope it was recorded in.
    pub scope: Scope,
    /// The entry itself.
    pub entry: Vec<u8>,
    /// What links it to all entries before it ([`Journal::link`]).
    pub chain: [u8; 32],
}

/// The end of the journal as the last writer left it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Head {
    /// The last entry's place; 0 when there is none.
    pub sequence: u64,
    /// The last entry's chain value; zeros when there is none.
    pub chain: [u8; 32],
    /// Whether this head was written by someone who holds the system's key.
    pub mac_valid: bool,
}

/// A signed statement of the journal's size and Merkle root.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checkpoint {
    /// How many entries it covers.
    pub size: u64,
    /// The Merkle root over them.
    pub root: [u8; 32],
    /// When it was made.
    pub at: Timestamp,
    /// The signature over the above.
    pub signature: Vec<u8>,
}

/// The journal of all scopes.
#[derive(Clone)]
pub struct Journal(pub(crate) Store);

impl Journal {
    /// Up to `limit` (at most [`limits::JOURNAL_ROWS`]) entries after the place `after`, in order.
    ///
    /// # Errors
    /// [`StoreError::Sealed`] when a row is not one of a journal; [`StoreError::Unavailable`].
    pub async fn read(&self, after: u64, limit: usize) -> Result<Vec<JournalRow>, StoreError> {
        read(&self.0, None, after, limit).await
    }

    /// The end of the journal. A head without its row, or with a MAC that does not verify, was
    /// tampered with; so was a journal whose last entry is not the head's.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn head(&self) -> Result<Head, StoreError> {
        let rows = self.0.engine().query(Tail::read()).await?;
        let (tail, mac_valid) = match rows.into_iter().next() {
            Some(row) => Tail::from_row(row, self.0.chain_key())?,
            None => (Tail::EMPTY, false),
        };
        Ok(Head { sequence: tail.sequence, chain: tail.chain, mac_valid })
    }

    /// Whether an entry can be made durable now: writes a row that is none and takes it away again, in one transaction,
    /// so that nobody ever reads it.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn probe(&self) -> Result<(), StoreError> {
        let place = || vec![PROBE_PLACE.into()];
        let row = [place(), vec![Scope::SYSTEM.to_string().into(), Vec::new().into()]].concat();
        let steps = [Statement::new(PROBE, row), Statement::new(UNPROBE, place())].map(Step::Run);
        self.0.engine().submit(Prepared::new(steps.into())).await?;
        self.0.measures().writing.probed();
        Ok(())
    }

    /// Keeps a checkpoint.
    ///
    /// # Errors
    /// [`StoreError::Exists`] when there is one of the same size; [`StoreError::Unavailable`].
    pub async fn add_checkpoint(&self, checkpoint: &Checkpoint) -> Result<(), StoreError> {
        let arguments = vec![
            i64::try_from(checkpoint.size).map_err(|_| StoreError::TooLarge)?.into(),
            checkpoint.root.to_vec().into(),
            checkpoint.at.micros().into(),
            checkpoint.signature.clone().into(),
        ];
        let add = Statement::new(ADD_CHECKPOINT, arguments).expecting(Expect::One(StoreError::Exists));
        self.0.engine().submit(Prepared::one(add)).await.map(drop)
    }

    /// All checkpoints, smallest first.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn checkpoints(&self) -> Result<Vec<Checkpoint>, StoreError> {
        let rows = self.0.engine().query(Statement::new(CHECKPOINTS, Vec::new())).await?;
        rows.into_iter()
            .map(|mut row| {
                Ok(Checkpoint {
                    size: row.count()?,
                    root: row.hash()?,
                    at: Timestamp::from_micros(row.integer()?),
                    signature: row.blob()?,
                })
            })
            .collect()
    }

    /// The chain value of `row`, given that of the row before it (zeros for the first): SHA-256 of
    /// `0x01 ‖ place ‖ previous ‖ time ‖ length of scope ‖ scope ‖ entry`, numbers as 8 bytes
    /// big-endian, time in microseconds.
    pub fn link(previous: [u8; 32], row: &JournalRow) -> [u8; 32] {
        link(previous, row.sequence, row.at, &row.scope.to_string(), &row.entry)
    }

    /// The secret the ledger's Ed25519 key is made from: derived from the system's first key, so it
    /// is the same for the life of the database.
    ///
    /// # Errors
    /// [`StoreError::Sealed`] when the system's key does not open; [`StoreError::Unavailable`].
    pub async fn signing_seed(&self) -> Result<Zeroizing<[u8; 32]>, StoreError> {
        let key = self.0.keys().at_epoch(self.0.engine(), Scope::SYSTEM, FIRST_EPOCH).await?;
        let mut derived = key.digest_key(SIGNING_PURPOSE).digest(SIGNING_PURPOSE, b"ed25519 seed");
        let seed = Zeroizing::new(derived.0);
        derived.0.zeroize();
        Ok(seed)
    }
}

/// Entries of one scope or of all.
pub(crate) async fn read(
    store: &Store,
    scope: Option<Scope>,
    after: u64,
    limit: usize,
) -> Result<Vec<JournalRow>, StoreError> {
    let limit = i64::try_from(limit.min(limits::JOURNAL_ROWS)).expect("the limit is small");
    let mut arguments = vec![i64::try_from(after).unwrap_or(i64::MAX).into(), limit.into()];
    let sql = match scope {
        None => READ,
        Some(scope) => {
            arguments.push(scope.to_string().into());
            READ_SCOPE
        }
    };
    let rows = store.engine().query(Statement::new(sql, arguments)).await?;
    rows.into_iter().map(journal_row).collect()
}

pub(crate) fn journal_row(mut row: Row) -> Result<JournalRow, StoreError> {
    Ok(JournalRow {
        sequence: row.count()?,
        at: Timestamp::from_micros(row.integer()?),
        scope: Scope::parse(&row.text()?).ok_or(StoreError::Sealed)?,
        entry: row.blob()?,
        chain: row.hash()?,
    })
}
