//! Making a backup of a running database.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufWriter, Seek, SeekFrom, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use aws_lc_rs::digest::{Context, SHA256};
use blobs::{BlobError, Blobs};
use data_encoding::HEXLOWER;
use ledger::{Action, Actor, Entry, Purpose};
use phi::KeyWrapper;
use store::copy::{CopyOut, Section};
use store::{Scope, Store};

use crate::file::{Common, Half, HalfWriter, KEYS_FILE, SecretFile, is_plain};
use crate::manifest::{Ledger, LedgerState, Manifest};
use crate::{BackupError, Progress, limits};

/// Digits that tell two backups of the same second apart.
const SUFFIX_BYTES: usize = 4;
/// Bytes that are overwritten at a time.
static ZEROS: [u8; 64 * 1024] = [0; 64 * 1024];

/// A backup that was made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Created {
    /// Its content file.
    pub content: PathBuf,
    /// The keys file, which replaced the one before.
    pub keys: PathBuf,
    /// Rows in both.
    pub rows: u64,
    /// The ledger's state in it. Keep it elsewhere: it tells whether what is put back is the newest.
    pub ledger: LedgerState,
}

/// Makes a backup in the folder `to` (made when absent), while everything goes on. `files` are the data
/// folder's own secrets, `blobs` what documents have besides what is in the database. Both files are whole and on disk before they get their names.
///
/// # Errors
/// [`BackupError`]; what was in the folder is still there then.
pub async fn create(
    store: &Store,
    wrapper: Arc<dyn KeyWrapper>,
    to: PathBuf,
    files: Vec<SecretFile>,
    blobs: Option<Blobs>,
    mut progress: impl FnMut(Progress) + Send + 'static,
) -> Result<Created, BackupError> {
    if files.len() > limits::FILES
        || files.iter().any(|file| !is_plain(&file.name) || file.bytes.len() > limits::FILE_BYTES)
    {
        return Err(BackupError::Store("the data folder's files are not what they should be".to_owned()));
    }
    let now = store.clock().now();
    let mut suffix = [0; SUFFIX_BYTES];
    store.random().fill(&mut suffix);
    let time: String = now.iso8601().chars().filter(|c| !matches!(c, '-' | ':')).collect();
    let instance = store.system_digest("backup", b"instance").0;
    let common = Common {
        backup: format!("{time}-{}", HEXLOWER.encode(&suffix)),
        made_at: now.micros(),
        instance: HEXLOWER.encode(&instance[..8]),
    };
    // Before the rows are read, so that the backup tells of itself.
    let entry = Entry {
        actor: Actor::Operator,
        action: Action("create_backup"),
        sids: vec![common.backup.clone()],
        fields: &[],
        purpose: Purpose::Administration,
        source: None,
    };
    ledger::disclose(store, Scope::SYSTEM, &entry).await?;
    let copy = store.copy_out().await?;
    let work = move || write(copy, wrapper.as_ref(), &to, &common, &files, blobs.as_ref(), &mut progress);
    tokio::task::spawn_blocking(work)
        .await
        .unwrap_or_else(|_| Err(BackupError::Store("the backup was interrupted".to_owned())))
}

fn write(
    mut copy: CopyOut,
    wrapper: &dyn KeyWrapper,
    to: &Path,
    common: &Common,
    files: &[SecretFile],
    blobs: Option<&Blobs>,
    progress: &mut dyn FnMut(Progress),
) -> Result<Created, BackupError> {
    fs::DirBuilder::new().mode(0o700).recursive(true).create(to)?;
    let content_path = to.join(format!("content-{}.swbackup", common.backup));
    let keys_path = to.join(KEYS_FILE);
    let pending_content = Pending::create(&content_path)?;
    let pending_keys = Pending::create(&keys_path)?;

    let mut keys = HalfWriter::begin(pending_keys.hashed()?, Half::Keys, common, wrapper)?;
    let mut content = HalfWriter::begin(pending_content.hashed()?, Half::Content, common, wrapper)?;
    for file in files {
        keys.file(file)?;
    }
    let (mut done, total) = (0, copy.rows);
    let (mut in_keys, mut in_content) = (Counted::new(), Counted::new());
    let mut ledger = Ledger::default();
    while let Some(rows) = copy.next_chunk()? {
        for row in &rows {
            if Section::KEYS.contains(&row.section()) {
                *in_keys.entry(row.section().number()).or_default() += 1;
                keys.row(row)?;
            } else {
                *in_content.entry(row.section().number()).or_default() += 1;
                if row.section() == Section::Journal {
                    let entry = row.journal_row();
                    ledger.take(&entry.ok_or(BackupError::Damaged("the ledger cannot be read"))?)?;
                }
                content.row(row)?;
            }
        }
        done += rows.len() as u64;
        progress(Progress { done, total });
    }
    let state = ledger.state();
    // After the rows: what a document names was there before the document.
    let blobs = blobs.map_or(Ok(0), |blobs| add_blobs(blobs, &mut content))?;
    let manifest = Manifest { rows: in_content, blobs, ledger: state.clone(), content_sha256: None };
    let sha256 = content.finish(&manifest)?.finish()?;
    let content_sha256 = Some(HEXLOWER.encode(&sha256));
    let manifest = Manifest { rows: in_keys, blobs: 0, ledger: state.clone(), content_sha256 };
    keys.finish(&manifest)?.finish()?;
    // The keys last: they say which content belongs to them.
    pending_content.publish(&content_path)?;
    let replaced = File::options().write(true).open(&keys_path);
    pending_keys.publish(&keys_path)?;
    match replaced {
        Ok(old) => wipe(old)?,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(error.into()),
    }
    Ok(Created { content: content_path, keys: keys_path, rows: done, ledger: state })
}

/// Adds every blob, as it is stored: sealed under a key that stands in its document's content. Returns how many.
fn add_blobs<W: Write>(blobs: &Blobs, content: &mut HalfWriter<W>) -> Result<u64, BackupError> {
    let runtime = tokio::runtime::Handle::current();
    let mut count = 0;
    for (name, _) in runtime.block_on(blobs.names())? {
        match runtime.block_on(blobs.sealed(&name)) {
            Ok(sealed) => content.blob(&name, &sealed)?,
            // Deleted while the backup was made.
            Err(BlobError::Missing) => continue,
            Err(error) => return Err(error.into()),
        }
        count += 1;
    }
    Ok(count)
}

type Counted = std::collections::BTreeMap<u8, u64>;

/// Overwrites the keys that were replaced, as far as the file system lets us: they open what was deleted.
fn wipe(mut file: File) -> io::Result<()> {
    let mut left = file.metadata()?.len();
    file.seek(SeekFrom::Start(0))?;
    while left > 0 {
        let count = left.min(ZEROS.len() as u64);
        file.write_all(&ZEROS[..usize::try_from(count).expect("a few bytes")])?;
        left -= count;
    }
    file.sync_all()
}

/// A file that has no name yet; removed when it never gets one.
struct Pending {
    path: PathBuf,
    file: File,
}

impl Pending {
    fn create(path: &Path) -> io::Result<Self> {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let path = path.with_file_name(format!(".{name}.{}", std::process::id()));
        match fs::remove_file(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path)?;
        Ok(Self { path, file })
    }

    fn hashed(&self) -> io::Result<Hashed> {
        let to = BufWriter::with_capacity(limits::CHUNK_BYTES, self.file.try_clone()?);
        Ok(Hashed { to, digest: Context::new(&SHA256) })
    }

    /// Gives the file its name, durably.
    fn publish(&self, path: &Path) -> io::Result<()> {
        fs::rename(&self.path, path)?;
        match path.parent() {
            Some(folder) => File::open(folder)?.sync_all(),
            None => Ok(()),
        }
    }
}

impl Drop for Pending {
    fn drop(&mut self) {
        // Once it has its name there is nothing left to remove; else whoever comes next removes it.
        let _ = fs::remove_file(&self.path);
    }
}

/// Writes to a file and digests what it writes.
struct Hashed {
    to: BufWriter<File>,
    digest: Context,
}

impl Hashed {
    /// Makes everything durable and returns its digest.
    fn finish(mut self) -> io::Result<[u8; 32]> {
        self.to.flush()?;
        self.to.get_ref().sync_all()?;
        let mut hash = [0; 32];
        hash.copy_from_slice(self.digest.finish().as_ref());
        Ok(hash)
    }
}

impl Write for Hashed {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.to.write(bytes)?;
        self.digest.update(&bytes[..written]);
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.to.flush()
    }
}
