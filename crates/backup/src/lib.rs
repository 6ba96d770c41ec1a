//! Backups of a running database, and putting them back.
//!
//! A backup is two files (ADR 0005). The *content* file holds the documents, sealed as they are in the
//! database, and the ledger; any number of them may be kept. The *keys* file holds what opens them: the
//! wrapped keys of the documents that exist, the scope keys, the waiting jobs, the data folder's own
//! secrets. Each backup replaces it, and putting back needs it, so what was deleted before the newest backup
//! does not come back from any older one.
//!
//! Both files are sealed under keys of their own, which the master key's holder wraps: whoever finds a
//! backup without the master key reads the time it was made and nothing else, and cannot change a bit.
//!
//! In reading order: [`create()`], [`verify()`], [`restore()`]; then `file` (what stands in a file), `stream`
//! (how it is sealed) and `manifest` (what it says of itself).

mod create;
mod error;
mod file;
pub mod limits;
mod manifest;
mod restore;
mod stream;
mod verify;

pub use create::{Created, create};
pub use error::BackupError;
pub use file::{Header, KEYS_FILE, SecretFile};
pub use manifest::{LedgerState, Manifest};
pub use restore::{Restored, Source, Target, restore};
pub use verify::{Verified, verify};

/// How far it has got, in rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// Rows done.
    pub done: u64,
    /// Rows in all.
    pub total: u64,
}
