//! A folder of our own that disappears with its owner, for the demonstration and the documentation.

use std::fs;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use base::Random;
use data_encoding::HEXLOWER;
use phi::SystemRandom;

use crate::problem::{Problem, Result};

/// A temporary folder that only this user may enter; removed when dropped.
pub(crate) struct TemporaryFolder(PathBuf);

impl TemporaryFolder {
    /// Makes one in the system's temporary folder.
    ///
    /// # Errors
    /// When it cannot be made.
    pub(crate) fn create() -> Result<Self> {
        let mut suffix = [0; 8];
        SystemRandom.fill(&mut suffix);
        let path = std::env::temp_dir().join(format!("switchward-{}", HEXLOWER.encode(&suffix)));
        fs::DirBuilder::new()
            .mode(0o700)
            .create(&path)
            .map_err(|error| Problem::file("cannot create", &path, &error))?;
        Ok(Self(path))
    }

    /// Where it is.
    pub(crate) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for TemporaryFolder {
    fn drop(&mut self) {
        if let Err(error) = fs::remove_dir_all(&self.0) {
            tracing::warn!(kind = ?error.kind(), "a temporary folder could not be removed");
        }
    }
}
