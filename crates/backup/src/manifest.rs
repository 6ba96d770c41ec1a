//! What a half says of itself at its end: how much there is in it, and which state of the ledger it is.

use std::collections::BTreeMap;

use data_encoding::HEXLOWER;
use ledger::merkle::Tree;
use serde::{Deserialize, Serialize};
use store::copy::Section;
use store::{Journal, JournalRow};

use crate::{BackupError, limits};

/// A state of the ledger.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LedgerState {
    /// How many entries.
    pub entries: u64,
    /// The Merkle root over them (RFC 6962 §2.1), in hexadecimal.
    pub root: String,
}

/// The last record of each half.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// Rows of each section, by its number.
    pub rows: BTreeMap<u8, u64>,
    /// How many blobs there are.
    #[serde(skip_serializing_if = "is_none", default)]
    pub blobs: u64,
    /// The ledger at the moment of the backup.
    pub ledger: LedgerState,
    /// In the keys: the SHA-256 of the content file that was made with them, in hexadecimal.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub content_sha256: Option<String>,
}

/// Whether there is none: a backup without blobs reads as before there were any.
fn is_none(count: &u64) -> bool {
    *count == 0
}

impl Manifest {
    /// Reads a manifest.
    ///
    /// # Errors
    /// [`BackupError::Damaged`] when it is none.
    pub fn parse(bytes: &[u8]) -> Result<Self, BackupError> {
        let damaged = BackupError::Damaged("its manifest cannot be read");
        if bytes.len() > limits::MANIFEST_BYTES {
            return Err(damaged);
        }
        serde_json::from_slice(bytes).map_err(|_| damaged)
    }

    /// How many rows of a section there are.
    pub fn rows_of(&self, section: Section) -> u64 {
        self.rows.get(&section.number()).copied().unwrap_or_default()
    }
}

/// Follows the ledger row by row: every link, and the root.
#[derive(Default)]
pub(crate) struct Ledger {
    tree: Tree,
    chain: [u8; 32],
}

impl Ledger {
    /// Takes the next entry.
    pub(crate) fn take(&mut self, row: &JournalRow) -> Result<(), BackupError> {
        let linked = Journal::link(self.chain, row) == row.chain;
        if !linked || row.sequence != self.tree.size() + 1 {
            return Err(BackupError::Damaged("its ledger has a gap or a broken link"));
        }
        self.chain = row.chain;
        self.tree.push(ledger::leaf_of(row));
        Ok(())
    }

    pub(crate) fn state(&self) -> LedgerState {
        LedgerState { entries: self.tree.size(), root: HEXLOWER.encode(&self.tree.root()) }
    }
}
