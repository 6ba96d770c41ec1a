//! Putting a backup back into a database that is empty.
//!
//! Both files are verified to their ends first. Then the content is put in row by row, each row only if the
//! newest keys still name it; what they do not name never reaches the new database.

use std::path::PathBuf;
use std::sync::Arc;

use base::Clock;
use blobs::Blobs;
use data_encoding::HEXLOWER;
use ledger::merkle::Tree;
use ledger::{Action, Actor, Entry, Purpose};
use phi::{KeyWrapper, SystemRandom};
use store::copy::{CopiedRow, CopyIn, Section, copy_in};
use store::{Database, Options, Scope, Store};

use crate::file::{Half, KEYS_FILE, OpenHalf, Record, Records, SecretFile};
use crate::verify::{Verified, verify};
use crate::{BackupError, Progress, limits};

/// Which backup is put back.
#[derive(Clone)]
pub struct Source {
    /// The backup's folder.
    pub folder: PathBuf,
    /// An older content in place of the newest; the keys are the folder's all the same.
    pub content: Option<PathBuf>,
    /// What holds the master key.
    pub wrapper: Arc<dyn KeyWrapper>,
}

/// Where it is put.
pub struct Target {
    /// A new file or an empty PostgreSQL database.
    pub database: Database,
    /// Where "now" comes from.
    pub clock: Arc<dyn Clock>,
    /// Where blobs are put; a backup that has some is not put back without.
    pub blobs: Option<Blobs>,
    /// A root of the ledger that is known from elsewhere, in hexadecimal.
    pub expected_root: Option<String>,
}

/// What was put back.
pub struct Restored {
    /// The backup.
    pub verified: Verified,
    /// Documents put back.
    pub documents: u64,
    /// Documents left out, because they were deleted after the content was made.
    pub deleted: u64,
    /// Documents put back without their content, whose key was destroyed after the content was made.
    pub redacted: u64,
    /// The ledger of the new database, from its first entry on.
    pub ledger: ledger::Report,
    /// How many entries the ledger had when it had the expected root; `None` when it never had: the content
    /// is older than that state, or of another database. Always `None` when no root was expected.
    pub expected_at: Option<u64>,
    /// The data folder's own files.
    pub files: Vec<SecretFile>,
}

/// Verifies a backup and puts it into an empty database.
///
/// # Errors
/// [`BackupError`]; the database is empty as before then, unless the error came from its verification at
/// the very end.
pub async fn restore(
    source: Source,
    target: Target,
    mut progress: impl FnMut(Progress) + Send + 'static,
) -> Result<Restored, BackupError> {
    let Target { database, clock, blobs, expected_root } = target;
    let wrapper = Arc::clone(&source.wrapper);
    let checked = source.clone();
    let verified =
        beside(move || verify(&checked.folder, checked.content.as_deref(), checked.wrapper.as_ref(), |_| ()))
            .await?;
    let into = copy_in(database.clone(), Arc::clone(&clock)).await?;
    let put = {
        let verified = verified.clone();
        beside(move || put_back(&source, &verified, into, blobs.as_ref(), &mut progress)).await?
    };
    let options = Options { database, wrapper, clock, random: Arc::new(SystemRandom) };
    let store = Store::open(options).await?;
    let finished = finish(&store, &verified, &put, expected_root.as_deref()).await;
    store.close().await;
    let (ledger, expected_at) = finished?;
    let Put { documents, deleted, redacted, files } = put;
    Ok(Restored { verified, documents, deleted, redacted, ledger, expected_at, files })
}

async fn beside<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, BackupError> + Send + 'static,
) -> Result<T, BackupError> {
    let interrupted = Err(BackupError::Store("it was interrupted".to_owned()));
    tokio::task::spawn_blocking(work).await.unwrap_or(interrupted)
}

/// What was put into the database.
#[derive(Default)]
struct Put {
    documents: u64,
    deleted: u64,
    redacted: u64,
    files: Vec<SecretFile>,
}

fn put_back(
    source: &Source,
    verified: &Verified,
    into: CopyIn,
    blobs: Option<&Blobs>,
    progress: &mut dyn FnMut(Progress),
) -> Result<Put, BackupError> {
    let keys_path = source.folder.join(KEYS_FILE);
    let keys = OpenHalf::open(&keys_path, Half::Keys, source.wrapper.as_ref())?;
    let content = OpenHalf::open(&verified.content, Half::Content, source.wrapper.as_ref())?;
    let mut put = Put::default();
    let mut to = Writer { into, pending: Vec::new(), done: 0, total: verified.rows, progress };
    let mut records = keys.records()?;
    while let Some(record) = records.next()? {
        match record {
            // What is named here only is put back as it is; the rest, with the content that names it too.
            Record::Row(row) if !is_matched(row.section()) => to.write(vec![row])?,
            Record::Row(_) => to.write(Vec::new())?,
            Record::File(file) => put.files.push(file),
            Record::Blob(..) | Record::Manifest(_) => {}
        }
    }
    let mut listed: Option<Listed> = None;
    let mut records = content.records()?;
    while let Some(record) = records.next()? {
        let row = match record {
            Record::Row(row) => row,
            Record::Blob(name, sealed) => {
                // Without its document's key it stays shut, and is swept up.
                let blobs =
                    blobs.ok_or(BackupError::Mismatch("it has blobs, and there is no place for them"))?;
                tokio::runtime::Handle::current().block_on(blobs.put_sealed(&name, sealed))?;
                continue;
            }
            Record::File(_) | Record::Manifest(_) => continue,
        };
        let section = row.section();
        if listed.as_ref().is_none_or(|listed| listed.for_section != section) {
            listed = Some(Listed::of(&keys, section)?);
        }
        let found = listed.as_mut().map(|listed| listed.find(&row)).transpose()?.flatten();
        let had_content = row.has_content();
        let admitted = row.admit(found.as_ref());
        if section == Section::Documents {
            match admitted.first() {
                None => put.deleted += 1,
                Some(document) => {
                    put.documents += 1;
                    put.redacted += u64::from(had_content && !document.has_content());
                }
            }
        }
        to.write(admitted)?;
    }
    to.finish()?;
    Ok(put)
}

/// Whether rows of a section of the keys are put back only together with rows of the content.
fn is_matched(section: Section) -> bool {
    Section::CONTENT.iter().any(|content| content.listed_in() == Some(section))
}

/// Walks one section of the keys along with a section of the content; both are in the order of their keys.
struct Listed {
    for_section: Section,
    in_section: Option<Section>,
    records: Records,
    current: Option<CopiedRow>,
}

impl Listed {
    fn of(keys: &OpenHalf<'_>, for_section: Section) -> Result<Self, BackupError> {
        let (in_section, records) = (for_section.listed_in(), keys.records()?);
        let mut listed = Self { for_section, in_section, records, current: None };
        listed.advance()?;
        Ok(listed)
    }

    /// The row of the keys with the same key.
    fn find(&mut self, row: &CopiedRow) -> Result<Option<CopiedRow>, BackupError> {
        while self.current.as_ref().is_some_and(|current| current.is_before(row)) {
            self.advance()?;
        }
        Ok(self.current.clone().filter(|current| current.is_same(row)))
    }

    fn advance(&mut self) -> Result<(), BackupError> {
        self.current = None;
        if self.in_section.is_none() {
            return Ok(());
        }
        while let Some(record) = self.records.next()? {
            if let Record::Row(row) = record
                && Some(row.section()) == self.in_section
            {
                self.current = Some(row);
                return Ok(());
            }
        }
        Ok(())
    }
}

/// Hands rows to the new database in chunks.
struct Writer<'a> {
    into: CopyIn,
    pending: Vec<CopiedRow>,
    done: u64,
    total: u64,
    progress: &'a mut dyn FnMut(Progress),
}

impl Writer<'_> {
    /// What was made of one row of the backup.
    fn write(&mut self, rows: Vec<CopiedRow>) -> Result<(), BackupError> {
        self.pending.extend(rows);
        self.done += 1;
        if self.pending.len() >= limits::RESTORED_ROWS {
            (self.progress)(Progress { done: self.done, total: self.total });
            self.into.write(std::mem::take(&mut self.pending))?;
        }
        Ok(())
    }

    fn finish(self) -> Result<(), BackupError> {
        let Self { mut into, pending, total, progress, .. } = self;
        into.write(pending)?;
        into.finish()?;
        progress(Progress { done: total, total });
        Ok(())
    }
}

/// Checks the new database's ledger and records in it where it came from.
async fn finish(
    store: &Store,
    verified: &Verified,
    put: &Put,
    expected_root: Option<&str>,
) -> Result<(ledger::Report, Option<u64>), BackupError> {
    let failed = |error: ledger::VerifyError| BackupError::Store(error.to_string());
    let report = ledger::verify(store).await.map_err(failed)?;
    if HEXLOWER.encode(&report.root) != verified.ledger.root || !report.is_intact() {
        return Err(BackupError::Damaged("the ledger that was put back is not intact: do not use it"));
    }
    let expected_at = match expected_root {
        Some(root) => when_root_was(store, root).await?,
        None => None,
    };
    let entry = Entry {
        actor: Actor::Operator,
        action: Action("restore_backup"),
        sids: vec![
            verified.backup.clone(),
            format!("deleted:{}", put.deleted),
            format!("redacted:{}", put.redacted),
        ],
        fields: &[],
        purpose: Purpose::Administration,
        source: None,
    };
    ledger::disclose(store, Scope::SYSTEM, &entry).await?;
    Ok((report, expected_at))
}

/// How many entries the ledger had when its root was `root`.
async fn when_root_was(store: &Store, root: &str) -> Result<Option<u64>, BackupError> {
    let mut tree = Tree::default();
    loop {
        let rows = store.journal().read(tree.size(), store::limits::JOURNAL_ROWS).await?;
        for row in &rows {
            tree.push(ledger::leaf_of(row));
            if HEXLOWER.encode(&tree.root()).eq_ignore_ascii_case(root) {
                return Ok(Some(tree.size()));
            }
        }
        if rows.len() < store::limits::JOURNAL_ROWS {
            return Ok(None);
        }
    }
}
