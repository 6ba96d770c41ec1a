//! The journal: an append-only chain of entries.

use base::Timestamp;
use zeroize::Zeroizing;

use crate::{Scope, Store, StoreError};

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
    /// Up to `limit` entries after the place `after`, in order.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn read(&self, after: u64, limit: usize) -> Result<Vec<JournalRow>, StoreError> {
        let _ = (after, limit);
        unimplemented!()
    }

    /// The end of the journal.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn head(&self) -> Result<Head, StoreError> {
        unimplemented!()
    }

    /// Keeps a checkpoint.
    ///
    /// # Errors
    /// [`StoreError::Exists`] when there is one of the same size.
    pub async fn add_checkpoint(&self, checkpoint: &Checkpoint) -> Result<(), StoreError> {
        let _ = checkpoint;
        unimplemented!()
    }

    /// All checkpoints, smallest first.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn checkpoints(&self) -> Result<Vec<Checkpoint>, StoreError> {
        unimplemented!()
    }

    /// The chain value of `row`, given the one before it.
    pub fn link(previous: [u8; 32], row: &JournalRow) -> [u8; 32] {
        let _ = (previous, row);
        unimplemented!()
    }

    /// The secret the ledger's Ed25519 key is made from; the same for the life of the database.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn signing_seed(&self) -> Result<Zeroizing<[u8; 32]>, StoreError> {
        unimplemented!()
    }
}
