//! The append-only, tamper-evident record of who did and who saw what, and why.
//!
//! - [`Entry`] says who, what, why and from where; *when* and the place in the chain are added by
//!   the journal in `store`, in the same transaction as the change itself.
//! - [`commit`] and [`disclose`] are the only ways to earn a [`phi::Proof`]: protected data is
//!   opened after its entry is on disk, or not at all (rules ART-CTRL-AUDIT, D-SEG-4).
//! - [`checkpoint()`] signs the Merkle root of everything so far (RFC 6962 §2.1, RFC 8032), and
//!   [`verify()`] finds any flipped, removed, reordered or inserted entry.
//!
//! Entries are kept for at least [`RETENTION`]; nothing in Switchward deletes one.

mod checkpoint;
mod entry;
pub mod merkle;
mod statement;
mod verify;

use std::time::Duration;

use base::Timestamp;
use phi::Proof;
use store::{Batch, Scope, Store, StoreError};

pub use checkpoint::{CheckpointError, checkpoint, leaf_of, public_key};
pub use entry::{Action, Actor, Entry, Purpose, RecordedEntry, Source};
pub use statement::{is_signed, sign};
pub use verify::{Fault, MAX_FAULTS, Report, VerifyError, verify};

/// How long entries are kept: six years (45 CFR 164.316(b)(2)(i)), as days of 24 hours.
pub const RETENTION: Duration = Duration::from_secs((6 * 365 + 2) * 86_400);

/// Commits `batch` together with `entry`, and returns the proof that the entry is on disk.
///
/// # Errors
/// What [`Store::commit`] fails with; nothing was written and nothing may be opened then.
pub async fn commit(store: &Store, mut batch: Batch, entry: &Entry) -> Result<Proof, StoreError> {
    batch.record(entry.to_bytes());
    let committed = store.commit(batch).await?;
    let sequence = committed.sequences.last().copied().ok_or(StoreError::Sealed)?;
    Ok(Proof::issue(sequence))
}

/// Records a disclosure that changes nothing else, and returns the proof that opens the data.
///
/// # Errors
/// What [`Store::commit`] fails with; nothing may be opened then.
pub async fn disclose(store: &Store, scope: Scope, entry: &Entry) -> Result<Proof, StoreError> {
    commit(store, store.batch(scope), entry).await
}

/// Whether an entry of this time must still be kept at `now`.
pub fn must_be_kept(at: Timestamp, now: Timestamp) -> bool {
    now.since(at) < RETENTION
}
