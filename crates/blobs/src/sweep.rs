//! Clearing away blobs that no document has: what was written for a document that was never committed, and what
//! was left when a document's key was destroyed.

use std::fs;
use std::future::Future;
use std::path::Path;
use std::time::SystemTime;

use base::Timestamp;
use futures_util::TryStreamExt;

use crate::limits::ORPHAN_AGE;
use crate::{BlobError, BlobName, Blobs};

/// What a sweep did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Swept {
    /// Blobs looked at.
    pub seen: u64,
    /// Blobs removed.
    pub removed: u64,
}

impl Blobs {
    /// Removes each blob that is older than [`ORPHAN_AGE`] at `now`, by the clock of the store, and that `is_wanted`
    /// does not want. What it cannot say is kept.
    ///
    /// # Errors
    /// [`BlobError::Unavailable`]; what `is_wanted` fails with ends the sweep.
    pub async fn sweep<F, E>(&self, now: Timestamp, is_wanted: impl Fn(BlobName) -> F) -> Result<Swept, E>
    where
        F: Future<Output = Result<bool, E>>,
        E: From<BlobError>,
    {
        let mut swept = Swept::default();
        let mut objects = self.objects.list(None);
        while let Some(meta) = objects.try_next().await.map_err(|error| E::from(error.into()))? {
            let Some(name) = BlobName::parse(meta.location.as_ref()) else { continue };
            swept.seen += 1;
            let written = Timestamp::from_micros(meta.last_modified.timestamp_micros());
            if now.since(written) < ORPHAN_AGE || is_wanted(name.clone()).await? {
                continue;
            }
            self.remove(&name).await.map_err(E::from)?;
            swept.removed += 1;
        }
        if let Some(folder) = &self.folder {
            clear_staged(folder, now);
        }
        Ok(swept)
    }
}

/// Removes what an upload left behind that was cut off: `object_store` stages under a name with a `#`.
fn clear_staged(folder: &Path, now: Timestamp) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    for entry in entries.flatten() {
        let Ok(meta) = entry.metadata() else { continue };
        if meta.is_dir() {
            clear_staged(&entry.path(), now);
            continue;
        }
        let is_staged = entry.file_name().to_string_lossy().contains('#');
        let written = meta.modified().ok().and_then(|at| at.duration_since(SystemTime::UNIX_EPOCH).ok());
        let written = written.and_then(|at| i64::try_from(at.as_micros()).ok()).map(Timestamp::from_micros);
        if is_staged && written.is_some_and(|at| now.since(at) >= ORPHAN_AGE) {
            // What cannot be removed now is removed by the next sweep.
            let _ = fs::remove_file(entry.path());
        }
    }
}
