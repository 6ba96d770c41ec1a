//! Files that no `mod` reaches: code that nobody compiles, or a test that never runs.

use std::collections::BTreeSet;
use std::path::Path;

use crate::metadata::Package;
use crate::source::{Source, relative};

/// Files under a crate's `src` and `tests` that none of its targets leads to.
pub(super) fn violations(root: &Path, packages: &[Package], sources: &[Source]) -> Vec<String> {
    let mut reached: BTreeSet<String> = BTreeSet::new();
    let mut waiting: Vec<(String, bool)> = packages
        .iter()
        .flat_map(|package| &package.targets)
        .map(|target| (relative(root, &target.src_path), true))
        .collect();
    while let Some((path, is_root)) = waiting.pop() {
        if !reached.insert(path.clone()) {
            continue;
        }
        let Some(source) = sources.iter().find(|source| source.path == path) else { continue };
        for name in modules(&source.code) {
            for candidate in candidates(&path, is_root, name) {
                if sources.iter().any(|source| source.path == candidate) {
                    waiting.push((candidate, false));
                }
            }
        }
    }
    let dead = |source: &&Source| !reached.contains(&source.path);
    sources.iter().filter(dead).map(|s| format!("{}: no `mod` reaches it", s.path)).collect()
}

/// Names declared as `mod name;`, public or not.
fn modules(code: &str) -> Vec<&str> {
    let mut names = Vec::new();
    for (at, _) in code.match_indices("mod ") {
        if crate::source::is_word(at.checked_sub(1).and_then(|i| code.as_bytes().get(i))) {
            continue;
        }
        let rest = code[at + 4..].trim_start();
        let end = rest.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_')).unwrap_or(rest.len());
        if rest[end..].trim_start().starts_with(';') {
            names.push(&rest[..end]);
        }
    }
    names
}

/// The two places where `mod name;` in this file may lead to.
fn candidates(path: &str, is_root: bool, name: &str) -> [String; 2] {
    let (folder, file) = path.rsplit_once('/').unwrap_or(("", path));
    let base = if is_root || file == "mod.rs" {
        folder.to_owned()
    } else {
        format!("{folder}/{}", file.trim_end_matches(".rs"))
    };
    [format!("{base}/{name}.rs"), format!("{base}/{name}/mod.rs")]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metadata::Target;

    #[test]
    fn finds_the_file_that_nothing_leads_to() {
        let file = |path: &str, text: &str| Source::new(format!("crates/x/{path}"), text.to_owned());
        let sources = [
            file("src/lib.rs", "pub mod a;\nmod c { }\n// mod lost;"),
            file("src/a.rs", "pub(crate) mod b;"),
            file("src/a/b.rs", ""),
            file("src/lost.rs", ""),
            file("src/a/lost.rs", ""),
            file("tests/it/main.rs", "mod one;"),
            file("tests/it/one.rs", ""),
            file("tests/it/lost.rs", ""),
        ];
        let package = Package {
            name: "x".to_owned(),
            version: String::new(),
            license: None,
            source: None,
            manifest_path: "/w/crates/x/Cargo.toml".into(),
            dependencies: Vec::new(),
            targets: vec![
                Target { src_path: "/w/crates/x/src/lib.rs".into() },
                Target { src_path: "/w/crates/x/tests/it/main.rs".into() },
            ],
        };
        let found = violations(Path::new("/w"), &[package], &sources);
        let expected: Vec<String> = ["src/lost.rs", "src/a/lost.rs", "tests/it/lost.rs"]
            .iter()
            .map(|path| format!("crates/x/{path}: no `mod` reaches it"))
            .collect();
        assert_eq!(found, expected);
    }
}
