//! Verification: every link, every checkpoint, and the sealed head, from the first entry on.

use std::fmt;

use store::{Journal, Store, StoreError};

use crate::checkpoint::{CheckpointError, WALK_ROWS, is_signed_by, leaf_of, public_key};
use crate::merkle::Tree;

/// Faults listed in one report; the walk ends when there are as many.
pub const MAX_FAULTS: usize = 100;

/// What is wrong, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The entry expected here is missing; another sequence number follows.
    Gap {
        /// The sequence number that should have come.
        expected: u64,
        /// The one that came.
        found: u64,
    },
    /// The entry does not link to the one before it: it, or its predecessor, was altered.
    BrokenLink {
        /// The entry's sequence number.
        sequence: u64,
    },
    /// What follows this entry does not even have the shape of one.
    Unreadable {
        /// The sequence number of the last entry before it; 0 when there is none.
        after: u64,
    },
    /// The checkpoints do not have the shape of any.
    Checkpoints,
    /// The head says something else than the entries: the end was removed or added to.
    Head,
    /// A checkpoint's root is not that of the entries it covers.
    Root {
        /// How many entries the checkpoint covers.
        size: u64,
    },
    /// A checkpoint is not signed by this instance.
    Signature {
        /// How many entries the checkpoint covers.
        size: u64,
    },
    /// A checkpoint covers more entries than there are.
    Missing {
        /// How many entries the checkpoint covers.
        size: u64,
    },
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Gap { expected, found } => write!(f, "entry {expected} is missing; entry {found} follows"),
            Self::BrokenLink { sequence } => {
                write!(f, "entry {sequence} does not link to the one before: something was altered")
            }
            Self::Unreadable { after } => write!(f, "what follows entry {after} is no entry: it was altered"),
            Self::Checkpoints => f.write_str("the checkpoints cannot be read: they were altered"),
            Self::Head => f.write_str("the sealed head does not match the last entry"),
            Self::Root { size } => write!(f, "the checkpoint over {size} entries has another root"),
            Self::Signature { size } => {
                write!(f, "the checkpoint over {size} entries is not signed by this instance")
            }
            Self::Missing { size } => write!(f, "a checkpoint covers {size} entries, but there are fewer"),
        }
    }
}

/// The outcome of a verification.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// Entries read.
    pub entries: u64,
    /// Checkpoints checked.
    pub checkpoints: u64,
    /// What is wrong, at most [`MAX_FAULTS`].
    pub faults: Vec<Fault>,
    /// The Merkle root over everything read.
    pub root: [u8; 32],
}

impl Report {
    /// Whether nothing is wrong.
    pub fn is_intact(&self) -> bool {
        self.faults.is_empty()
    }
}

/// A verification that could not be carried out.
pub type VerifyError = CheckpointError;

/// Reads the whole journal and checks it.
///
/// What it cannot see: a data folder put back, as a whole, to an earlier state. Keep a checkpoint
/// elsewhere (its root is printed) and compare.
///
/// # Errors
/// [`VerifyError`] when the journal cannot be read at all.
pub async fn verify(store: &Store) -> Result<Report, VerifyError> {
    let journal = store.journal();
    let key = public_key(store).await?;
    let mut faults = Vec::new();
    let checkpoints = readable(journal.checkpoints().await)?.unwrap_or_else(|| {
        faults.push(Fault::Checkpoints);
        Vec::new()
    });
    let mut due = checkpoints.iter().peekable();
    let mut tree = Tree::default();
    let mut last = (0, [0; 32]);

    loop {
        let Some(rows) = readable(journal.read(last.0, WALK_ROWS).await)? else {
            faults.push(Fault::Unreadable { after: last.0 });
            break;
        };
        for row in &rows {
            if row.sequence != last.0 + 1 {
                faults.push(Fault::Gap { expected: last.0 + 1, found: row.sequence });
            }
            if Journal::link(last.1, row) != row.chain {
                faults.push(Fault::BrokenLink { sequence: row.sequence });
            }
            last = (row.sequence, row.chain);
            tree.push(leaf_of(row));
            while let Some(checkpoint) = due.next_if(|next| next.size == tree.size()) {
                if checkpoint.root != tree.root() {
                    faults.push(Fault::Root { size: checkpoint.size });
                }
            }
            if faults.len() >= MAX_FAULTS {
                break;
            }
        }
        if rows.len() < WALK_ROWS || faults.len() >= MAX_FAULTS {
            break;
        }
    }

    let head = readable(journal.head().await)?;
    if !head.is_some_and(|head| head.mac_valid && (head.sequence, head.chain) == last) {
        faults.push(Fault::Head);
    }
    faults.extend(due.map(|checkpoint| Fault::Missing { size: checkpoint.size }));
    faults.extend(
        checkpoints
            .iter()
            .filter(|checkpoint| !is_signed_by(checkpoint, &key))
            .map(|checkpoint| Fault::Signature { size: checkpoint.size }),
    );
    faults.truncate(MAX_FAULTS);
    Ok(Report { entries: tree.size(), checkpoints: checkpoints.len() as u64, faults, root: tree.root() })
}

/// `None` for rows that are there and are not what this program writes: a fault, not a failure.
fn readable<T>(read: Result<T, StoreError>) -> Result<Option<T>, StoreError> {
    match read {
        Ok(rows) => Ok(Some(rows)),
        Err(StoreError::Sealed) => Ok(None),
        Err(error) => Err(error),
    }
}
