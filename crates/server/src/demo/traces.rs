//! The search for traces: every byte of the data folder, and one altered byte of the ledger.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use base::SystemClock;

use crate::app::StoreSettings;
use crate::config::{BucketSettings, Keys};
use crate::data_folder::DataFolder;
use crate::problem::{Problem, Result};

/// How many files below `folder` hold `needle`, and how many bytes were looked at.
pub(super) fn search(folder: &Path, needle: &str) -> Result<(usize, u64)> {
    let failed = |error| Problem::file("cannot search", folder, &error);
    let (mut hits, mut bytes) = (0, 0);
    for entry in fs::read_dir(folder).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        if path.is_dir() {
            let (more_hits, more_bytes) = search(&path, needle)?;
            (hits, bytes) = (hits + more_hits, bytes + more_bytes);
            continue;
        }
        let content = fs::read(&path).map_err(|error| Problem::file("cannot search", &path, &error))?;
        bytes += content.len() as u64;
        hits += usize::from(position(&content, needle.as_bytes()).is_some());
    }
    Ok((hits, bytes))
}

fn position(content: &[u8], needle: &[u8]) -> Option<usize> {
    content.windows(needle.len()).position(|window| window == needle)
}

/// What `switchward ledger verify` finds in a data folder that no server uses.
pub(super) async fn verify(data: &DataFolder) -> Result<ledger::Report> {
    let settings = StoreSettings {
        data: data.clone(),
        database: None,
        master_key: None,
        keys: Keys::default(),
        blobs: BucketSettings::default(),
    };
    let services = settings.open(Arc::new(SystemClock)).await?;
    let report = ledger::verify(&services.store).await;
    services.store.clone().close().await;
    report.map_err(|error| Problem::new(error.to_string()))
}

/// Copies the data folder to `target` and changes one byte of the copy: the first letter of `word`,
/// where it stands in the database. Everything else, keys included, stays right.
pub(super) fn tamper(data: &DataFolder, target: &Path, word: &str) -> Result<DataFolder> {
    let copy = DataFolder::create(target)?;
    let failed = |error| Problem::file("cannot copy", data.path(), &error);
    for entry in fs::read_dir(data.path()).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        if let Some(name) = path.file_name().filter(|_| path.is_file()) {
            fs::copy(&path, copy.path().join(name)).map_err(failed)?;
        }
    }
    let database = copy.database_file();
    let mut content = fs::read(&database).map_err(failed)?;
    let at = position(&content, word.as_bytes())
        .ok_or_else(|| Problem::new("the ledger entry to be altered was not found in the database"))?;
    content[at] ^= 0x20;
    fs::write(&database, content).map_err(failed)?;
    Ok(copy)
}
