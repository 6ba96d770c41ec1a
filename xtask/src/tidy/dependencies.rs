//! Dependencies that nobody uses: in the workspace's list, and in each crate's own.

use std::collections::BTreeSet;
use std::path::Path;

use crate::metadata::Package;
use crate::shell;
use crate::source::{Source, relative, words};

/// The tables of a manifest that hold dependencies.
const TABLES: &[&str] = &["dependencies", "dev-dependencies", "build-dependencies"];

/// Workspace dependencies that no crate asks for, and crates' dependencies that no file of theirs names.
pub(super) fn violations(
    root: &Path,
    packages: &[Package],
    sources: &[Source],
) -> Result<Vec<String>, String> {
    let mut found = Vec::new();
    let mut asked_for = BTreeSet::new();
    for package in packages {
        let manifest = manifest(&package.manifest_path)?;
        let folder = package.manifest_path.parent().unwrap_or(root);
        let prefix = format!("{}/", relative(root, folder));
        for name in declared(&manifest) {
            let word = name.replace('-', "_");
            let named = sources.iter().any(|s| s.path.starts_with(&prefix) && names(s, &word));
            if !named {
                found.push(format!("{}: declares `{name}`, which none of its files names", package.name));
            }
            asked_for.insert(name);
        }
    }
    let list = manifest(&root.join("Cargo.toml"))?;
    let list =
        list.get("workspace").and_then(|table| table.get("dependencies")).and_then(toml::Value::as_table);
    for name in list.into_iter().flat_map(|table| table.keys()) {
        if !asked_for.contains(name) && !packages.iter().any(|package| package.name == *name) {
            found.push(format!("Cargo.toml: `{name}` is used by no crate"));
        }
    }
    Ok(found)
}

/// Doc tests live in comments, so those count as well.
fn names(source: &Source, word: &str) -> bool {
    !words(&source.code, word).is_empty()
        || source.comments.iter().any(|(_, comment)| comment.contains(&format!("{word}::")))
}

fn manifest(path: &Path) -> Result<toml::Table, String> {
    shell::read(path)?.parse().map_err(|e| format!("cannot read {}: {e}", path.display()))
}

fn declared(manifest: &toml::Table) -> Vec<String> {
    let per_platform = manifest.get("target").and_then(toml::Value::as_table);
    let platforms =
        per_platform.into_iter().flat_map(|table| table.values()).filter_map(toml::Value::as_table);
    let mut names = Vec::new();
    for place in std::iter::once(manifest).chain(platforms) {
        for table in TABLES.iter().filter_map(|table| place.get(*table)?.as_table()) {
            names.extend(table.keys().cloned());
        }
    }
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_every_kind_of_dependency() {
        let manifest = "[dependencies]\na = '1'\n[dev-dependencies]\nb = '1'\n[target.'cfg(unix)'.dependencies]\nc = '1'"
            .parse()
            .expect("valid TOML");
        assert_eq!(declared(&manifest), ["a", "b", "c"]);
    }
}
