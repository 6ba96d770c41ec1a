//! What `cargo metadata` says: the packages, their dependencies, targets and licences.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use serde::Deserialize;

use crate::shell;

/// Fetching the index and the sources of every platform may take a while on a fresh machine.
const LIMIT: Duration = Duration::from_secs(600);

/// The part of the answer that the steps use.
#[derive(Deserialize)]
pub(crate) struct Metadata {
    pub(crate) packages: Vec<Package>,
    pub(crate) workspace_root: PathBuf,
    pub(crate) target_directory: PathBuf,
}

/// A package: ours when it has no `source`.
#[derive(Deserialize)]
pub(crate) struct Package {
    pub(crate) name: String,
    pub(crate) version: String,
    pub(crate) license: Option<String>,
    pub(crate) source: Option<String>,
    pub(crate) manifest_path: PathBuf,
    pub(crate) dependencies: Vec<Dependency>,
    pub(crate) targets: Vec<Target>,
}

/// A declared dependency.
#[derive(Deserialize)]
pub(crate) struct Dependency {
    pub(crate) name: String,
    /// `None` for a normal one, else `dev` or `build`.
    pub(crate) kind: Option<String>,
    /// Set for a package of this workspace.
    pub(crate) path: Option<PathBuf>,
}

/// Something cargo compiles on its own: a library, a binary, a test.
#[derive(Deserialize)]
pub(crate) struct Target {
    pub(crate) src_path: PathBuf,
}

impl Metadata {
    /// The workspace's own packages.
    pub(crate) fn of_workspace() -> Result<Self, String> {
        Self::from(&mut shell::cargo(Path::new("."), &["metadata", "--format-version", "1", "--no-deps"]))
    }

    /// Every package of the lock file, on all platforms; fails when the lock file is not current.
    pub(crate) fn of_everything(root: &Path) -> Result<Self, String> {
        Self::from(&mut shell::cargo(root, &["metadata", "--format-version", "1", "--locked"]))
    }

    fn from(command: &mut Command) -> Result<Self, String> {
        let text = shell::output(command, LIMIT)?;
        serde_json::from_str(&text).map_err(|e| format!("cannot read the answer of cargo metadata: {e}"))
    }
}
