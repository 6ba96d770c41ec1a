//! Signed checkpoints: the Merkle root over every entry so far, under the instance's Ed25519 key.

use std::fmt;

use aws_lc_rs::signature::{ED25519, Ed25519KeyPair, KeyPair, UnparsedPublicKey};
use base::Timestamp;
use store::{Checkpoint, JournalRow, Store, StoreError};

use crate::merkle::{Hash, Tree, leaf};

/// Rows read at a time while walking the journal.
pub(crate) const WALK_ROWS: usize = 1_000;

/// A checkpoint that could not be made.
#[derive(Debug)]
pub enum CheckpointError {
    /// The store failed.
    Store(StoreError),
    /// The signing key could not be used.
    Key,
    /// An entry is missing, so there is nothing whole to sign; verification says where.
    Gap,
}

impl fmt::Display for CheckpointError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Store(error) => write!(f, "the journal could not be read or written: {error}"),
            Self::Key => f.write_str("the ledger's signing key could not be used"),
            Self::Gap => f.write_str("an entry of the ledger is missing; no checkpoint was signed"),
        }
    }
}

impl std::error::Error for CheckpointError {}

impl From<StoreError> for CheckpointError {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

/// The leaf hash of one journal row: its own bytes and its place in the chain.
pub fn leaf_of(row: &JournalRow) -> Hash {
    let mut data = Vec::with_capacity(row.entry.len() + 48);
    data.extend_from_slice(&row.sequence.to_be_bytes());
    data.extend_from_slice(&row.chain);
    data.extend_from_slice(&row.entry);
    leaf(&data)
}

/// What is signed: a fixed label, then size, time and root.
fn message(size: u64, at: Timestamp, root: &Hash) -> Vec<u8> {
    let mut bytes = b"switchward ledger checkpoint v1\0".to_vec();
    bytes.extend_from_slice(&size.to_be_bytes());
    bytes.extend_from_slice(&at.micros().to_be_bytes());
    bytes.extend_from_slice(root);
    bytes
}

pub(crate) async fn key_pair(store: &Store) -> Result<Ed25519KeyPair, CheckpointError> {
    let seed = store.journal().signing_seed().await?;
    Ed25519KeyPair::from_seed_unchecked(seed.as_ref()).map_err(|_| CheckpointError::Key)
}

/// The public key that checkpoints of this instance verify under.
///
/// # Errors
/// [`CheckpointError`] when the key cannot be had.
pub async fn public_key(store: &Store) -> Result<Vec<u8>, CheckpointError> {
    Ok(key_pair(store).await?.public_key().as_ref().to_vec())
}

/// Signs the root over the whole journal, unless nothing was added since the last checkpoint.
/// `tree` is the state kept between calls: start with an empty one.
///
/// # Errors
/// [`CheckpointError`] when the journal has a gap, or cannot be read or written.
pub async fn checkpoint(store: &Store, tree: &mut Tree) -> Result<Option<Checkpoint>, CheckpointError> {
    loop {
        let rows = store.journal().read(tree.size(), WALK_ROWS).await?;
        for row in &rows {
            if row.sequence != tree.size() + 1 {
                return Err(CheckpointError::Gap);
            }
            tree.push(leaf_of(row));
        }
        if rows.len() < WALK_ROWS {
            break;
        }
    }
    let last = store.journal().checkpoints().await?.last().map(|last| last.size);
    if tree.size() == 0 || last == Some(tree.size()) {
        return Ok(None);
    }
    let at = store.clock().now();
    let root = tree.root();
    let signature = key_pair(store).await?.sign(&message(tree.size(), at, &root));
    let made = Checkpoint { size: tree.size(), root, at, signature: signature.as_ref().to_vec() };
    store.journal().add_checkpoint(&made).await?;
    Ok(Some(made))
}

/// Whether the checkpoint's signature is this key's.
pub(crate) fn is_signed_by(checkpoint: &Checkpoint, public_key: &[u8]) -> bool {
    UnparsedPublicKey::new(&ED25519, public_key)
        .verify(&message(checkpoint.size, checkpoint.at, &checkpoint.root), &checkpoint.signature)
        .is_ok()
}
