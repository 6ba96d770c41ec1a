//! Whether what is written comes to be on disk, as the writers of both databases saw it last.
//!
//! A small probe may succeed where batches of requests do not: only the journal cannot be written, or there is room for
//! little. So a failed write is remembered until one as good as it succeeds, or, when nobody writes, until the journal
//! has been probed with success a while later.

use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use crate::sql::Prepared;
use crate::{StoreError, limits};

/// What the writers saw last.
#[derive(Debug, Default)]
pub(crate) struct Writing(Mutex<Option<Failure>>);

#[derive(Clone, Copy, Debug)]
struct Failure {
    at: Instant,
    /// Whether the journal was among what was not written: then only a write of the journal shows that it is over.
    recording: bool,
}

impl Writing {
    /// How the writing of a batch ended. A refusal says nothing of the disk.
    pub(crate) fn note<T>(&self, batch: &Prepared, result: &Result<T, StoreError>) {
        let recording = batch.has_records();
        let mut failure = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match (result, *failure) {
            (Ok(_), Some(before)) if recording || !before.recording => *failure = None,
            (Err(StoreError::Unavailable(_)), before) => {
                let recording = recording || before.is_some_and(|before| before.recording);
                *failure = Some(Failure { at: Instant::now(), recording });
            }
            _ => {}
        }
    }

    /// The journal can be written. A failure of a moment ago weighs more: it was of something real.
    pub(crate) fn probed(&self) {
        let mut failure = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if failure.is_some_and(|failure| failure.at.elapsed() >= limits::WRITE_FAILURE_KEPT) {
            *failure = None;
        }
    }

    /// Whether what was to be written last was not.
    pub(crate) fn fails(&self) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::unavailable;
    use crate::sql::Step;

    fn batch(records: bool) -> Prepared {
        let record = Step::Record { scope: String::new(), entry: Vec::new() };
        Prepared::new(if records { vec![record] } else { Vec::new() })
    }

    fn failed() -> Result<(), StoreError> {
        Err(unavailable("no room"))
    }

    #[test]
    fn a_failure_ends_with_a_success_that_is_as_good() {
        let writing = Writing::default();
        assert!(!writing.fails());
        writing.note(&batch(false), &failed());
        assert!(writing.fails());
        writing.note(&batch(false), &Err::<(), _>(StoreError::Conflict));
        assert!(writing.fails(), "a refusal shows nothing");
        writing.note(&batch(false), &Ok(()));
        assert!(!writing.fails());

        writing.note(&batch(true), &failed());
        writing.note(&batch(false), &failed());
        writing.note(&batch(false), &Ok(()));
        assert!(writing.fails(), "the journal was not written again");
        writing.note(&batch(true), &Ok(()));
        assert!(!writing.fails());
    }

    #[test]
    fn a_probe_ends_only_a_failure_that_is_over_for_a_while() {
        let writing = Writing::default();
        writing.note(&batch(true), &failed());
        writing.probed();
        assert!(writing.fails(), "it was a moment ago");
        let long_ago =
            Instant::now().checked_sub(limits::WRITE_FAILURE_KEPT).expect("the machine runs longer");
        *writing.0.lock().expect("nobody else") = Some(Failure { at: long_ago, recording: true });
        writing.probed();
        assert!(!writing.fails());
    }
}
