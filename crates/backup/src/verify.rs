//! Whether a backup is whole: every byte of it is read, opened and counted, before anything is put back.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};

use aws_lc_rs::digest::{Context, SHA256};
use base::Timestamp;
use data_encoding::HEXLOWER;
use phi::KeyWrapper;
use store::copy::Section;

use crate::file::{Half, KEYS_FILE, OpenHalf, Record};
use crate::manifest::{Ledger, LedgerState, Manifest};
use crate::{BackupError, Progress, limits};

/// A backup that is whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verified {
    /// Which backup the content is.
    pub backup: String,
    /// When the content was made.
    pub content_made_at: Timestamp,
    /// When the keys were made.
    pub keys_made_at: Timestamp,
    /// The content file.
    pub content: PathBuf,
    /// Documents in the content.
    pub documents: u64,
    /// The ledger in the content.
    pub ledger: LedgerState,
    /// The ledger when the keys were made: a later state, when the content is an older one.
    pub keys_ledger: LedgerState,
    /// Rows in both files.
    pub(crate) rows: u64,
}

/// Where the halves of a backup are.
pub(crate) struct Halves {
    pub(crate) content: PathBuf,
    pub(crate) keys: PathBuf,
}

impl Halves {
    /// The halves in a folder: its keys, and the content `chosen`, or the one made with the keys.
    pub(crate) fn find(folder: &Path, chosen: Option<&Path>) -> Result<Self, BackupError> {
        let keys = folder.join(KEYS_FILE);
        let content = match chosen {
            Some(content) => content.to_owned(),
            None => {
                let (header, _) = crate::Header::read(&mut File::open(&keys)?)?;
                if !crate::file::is_plain(&header.backup) {
                    return Err(BackupError::NotABackup("its header cannot be read"));
                }
                folder.join(format!("content-{}.swbackup", header.backup))
            }
        };
        Ok(Self { content, keys })
    }
}

/// Reads the backup in `folder` to its end: the newest, or the older content `chosen` with the newest keys.
/// Blocks.
///
/// # Errors
/// [`BackupError`] says what is missing, altered or does not belong together.
pub fn verify(
    folder: &Path,
    chosen: Option<&Path>,
    wrapper: &dyn KeyWrapper,
    mut progress: impl FnMut(Progress),
) -> Result<Verified, BackupError> {
    let halves = Halves::find(folder, chosen)?;
    let keys = OpenHalf::open(&halves.keys, Half::Keys, wrapper)?;
    let content = OpenHalf::open(&halves.content, Half::Content, wrapper)?;
    check_pair(&keys, &content)?;
    let (keys_size, content_size) = (size(&halves.keys)?, size(&halves.content)?);
    let total = keys_size + content_size;
    let keys_found = read(&keys)?;
    progress(Progress { done: keys_size, total });
    let content_found = read(&content)?;
    let is_newest = keys.header.backup == content.header.backup;
    let is_made_with =
        || Ok::<_, BackupError>(keys_found.manifest.content_sha256 == Some(digest_of(&halves.content)?));
    if (chosen.is_none() && !is_newest) || (is_newest && !is_made_with()?) {
        return Err(BackupError::Damaged("the content is not the one made with the keys"));
    }
    if content_found.manifest.ledger != content_found.ledger {
        return Err(BackupError::Damaged("its ledger is not the one it says"));
    }
    progress(Progress { done: total, total });
    let rows = keys_found.rows() + content_found.rows();
    Ok(Verified {
        backup: content.header.backup.clone(),
        content_made_at: Timestamp::from_micros(content.header.made_at),
        keys_made_at: Timestamp::from_micros(keys.header.made_at),
        content: halves.content,
        documents: content_found.manifest.rows_of(Section::Documents),
        ledger: content_found.ledger,
        keys_ledger: keys_found.manifest.ledger,
        rows,
    })
}

/// Whether two halves belong together.
fn check_pair(keys: &OpenHalf<'_>, content: &OpenHalf<'_>) -> Result<(), BackupError> {
    if keys.header.instance != content.header.instance {
        return Err(BackupError::Mismatch("they were made of two databases"));
    }
    if keys.header.made_at < content.header.made_at {
        return Err(BackupError::Mismatch("the keys are older than the content: take the newest keys"));
    }
    Ok(())
}

/// What stands in a half.
struct Found {
    manifest: Manifest,
    ledger: LedgerState,
}

impl Found {
    fn rows(&self) -> u64 {
        self.manifest.rows.values().sum()
    }
}

/// Reads a half to its end and counts.
fn read(half: &OpenHalf<'_>) -> Result<Found, BackupError> {
    let mut records = half.records()?;
    let mut counted: BTreeMap<u8, u64> = BTreeMap::new();
    let (mut manifest, mut ledger, mut files, mut blobs) = (None, Ledger::default(), 0, 0);
    while let Some(record) = records.next()? {
        match record {
            Record::Row(row) => {
                *counted.entry(row.section().number()).or_default() += 1;
                if row.section() == Section::Journal {
                    let entry = row.journal_row();
                    ledger.take(&entry.ok_or(BackupError::Damaged("its ledger cannot be read"))?)?;
                }
            }
            Record::File(_) => files += 1,
            Record::Blob(..) => blobs += 1,
            Record::Manifest(found) => manifest = Some(found),
        }
    }
    let manifest = manifest.ok_or(BackupError::Damaged("it has no end"))?;
    if manifest.rows != counted || manifest.blobs != blobs || files > limits::FILES {
        return Err(BackupError::Damaged("it does not hold what it says"));
    }
    Ok(Found { manifest, ledger: ledger.state() })
}

fn size(path: &Path) -> Result<u64, BackupError> {
    Ok(fs::metadata(path)?.len())
}

fn digest_of(path: &Path) -> Result<String, BackupError> {
    let mut file = File::open(path)?;
    let mut context = Context::new(&SHA256);
    let mut buffer = vec![0; limits::CHUNK_BYTES];
    loop {
        match file.read(&mut buffer)? {
            0 => return Ok(HEXLOWER.encode(context.finish().as_ref())),
            count => context.update(&buffer[..count]),
        }
    }
}
