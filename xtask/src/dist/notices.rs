//! The licences of what the binary is made of: a list, then the texts, each once.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::time::Duration;

use crate::metadata::{Metadata, Package};
use crate::shell;

const LIMIT: Duration = Duration::from_secs(300);
/// How the file names begin that hold licences and notices.
const NAMES: &[&str] = &["license", "licence", "copying", "notice", "unlicense"];

/// The page for everything that is linked into the binary on this platform.
pub(super) fn of(metadata: &Metadata) -> Result<String, String> {
    let tree = shell::output(
        &mut shell::cargo(
            &metadata.workspace_root,
            &[
                "tree",
                "--locked",
                "--package",
                "server",
                "--edges",
                "normal,no-proc-macro",
                "--prefix",
                "none",
                "--format",
                "{p}",
            ],
        ),
        LIMIT,
    )?;
    let linked = linked(&tree);
    let packages: Vec<&Package> = metadata
        .packages
        .iter()
        .filter(|package| package.source.is_some())
        .filter(|package| linked.contains(&(package.name.as_str(), package.version.as_str())))
        .collect();
    let mut texts: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for package in &packages {
        for text in texts_of(package)? {
            texts.entry(text).or_default().insert(format!("{} {}", package.name, package.version));
        }
    }
    Ok(page(&packages, &texts))
}

/// Names and versions in the output of `cargo tree`.
fn linked(tree: &str) -> BTreeSet<(&str, &str)> {
    let lines = tree.lines().filter_map(|line| {
        let mut words = line.split(' ');
        Some((words.next()?, words.next()?.strip_prefix('v')?))
    });
    lines.collect()
}

/// The licence files that a package brings.
fn texts_of(package: &Package) -> Result<Vec<String>, String> {
    let folder = package.manifest_path.parent().unwrap_or(Path::new("."));
    let cannot = |e| format!("cannot read {}: {e}", folder.display());
    let mut texts = Vec::new();
    for entry in fs::read_dir(folder).map_err(cannot)? {
        let entry = entry.map_err(cannot)?;
        let name = entry.file_name().to_string_lossy().to_lowercase();
        if NAMES.iter().any(|begin| name.starts_with(begin)) && entry.path().is_file() {
            texts.push(shell::read(&entry.path())?.replace("\r\n", "\n").trim().to_owned());
        }
    }
    Ok(texts)
}

fn page(packages: &[&Package], texts: &BTreeMap<String, BTreeSet<String>>) -> String {
    let mut lines: Vec<String> = packages
        .iter()
        .map(|package| {
            let licence = package.license.as_deref().unwrap_or("see its text");
            format!("{} {}: {licence}", package.name, package.version)
        })
        .collect();
    lines.sort();
    let mut page = format!(
        "switchward contains the following software. Where a licence offers a choice, any of them may be chosen.\n\n{}\n",
        lines.join("\n")
    );
    for (text, owners) in texts {
        let owners: Vec<&str> = owners.iter().map(String::as_str).collect();
        page.push_str(&format!("\n{}\n{}:\n\n{text}\n", "=".repeat(80), owners.join(", ")));
    }
    page
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tree_is_read_by_name_and_version() {
        let tree = "server v0.1.0 (/w/crates/server)\nserde v1.0.2\nserde v1.0.2 (*)\n";
        assert_eq!(linked(tree), BTreeSet::from([("server", "0.1.0"), ("serde", "1.0.2")]));
    }

    #[test]
    fn a_text_that_several_share_stands_once() {
        let package = |name: &str| Package {
            name: name.to_owned(),
            version: "1.0.0".to_owned(),
            license: Some("MIT".to_owned()),
            source: Some("registry".to_owned()),
            manifest_path: "Cargo.toml".into(),
            dependencies: Vec::new(),
            targets: Vec::new(),
        };
        let (b, a) = (package("b"), package("a"));
        let owners = BTreeSet::from(["a 1.0.0".to_owned(), "b 1.0.0".to_owned()]);
        let page = page(&[&b, &a], &BTreeMap::from([("The text".to_owned(), owners)]));
        assert!(page.contains("a 1.0.0: MIT\nb 1.0.0: MIT\n"));
        assert_eq!(page.matches("The text").count(), 1);
        assert!(page.contains("a 1.0.0, b 1.0.0:\n"));
    }
}
