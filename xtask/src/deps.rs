//! Step `deps`: every licence is one we can ship under, no crate comes twice unnoticed, and the lock
//! file is current.

use std::collections::{BTreeMap, BTreeSet};

use crate::metadata::{Metadata, Package};
use crate::steps::{Context, Outcome, StepResult};
use crate::{shell, spdx};

/// Licences that put no duty on users of the binary beyond a notice. `deny.toml` repeats the list for
/// `cargo deny`; the test below holds the two together.
const ALLOWED: &[&str] = &[
    "MIT",
    "Apache-2.0",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "ISC",
    "Zlib",
    "Unicode-3.0",
    "Unicode-DFS-2016",
    "CC0-1.0",
    "0BSD",
    "MIT-0",
    "CDLA-Permissive-2.0",
    "BSL-1.0",
];

/// Licences allowed for one crate only.
const ALLOWED_FOR: &[(&str, &str)] = &[("aws-lc-sys", "OpenSSL"), ("aws-lc-fips-sys", "OpenSSL")];

/// Crates that may come in several versions, one `name reason` a line; it may only shrink.
const DUPLICATES: &str = "xtask/duplicates.txt";

pub(crate) fn run(context: &mut Context) -> StepResult {
    let lock = shell::read(&context.root.join("Cargo.lock"))?;
    let metadata = Metadata::of_everything(&context.root)?;
    // The fuzz targets ship nothing; only their lock file has to be current, which is checked by reading it.
    Metadata::of_everything(&context.root.join("fuzz"))?;
    let mut problems = licences(&metadata.packages);
    let duplicates = duplicates(&lock)?;
    for (name, versions) in &duplicates {
        println!("{name} comes in {} versions: {}", versions.len(), versions.join(", "));
    }
    problems.extend(unexpected(&duplicates, &shell::read(&context.root.join(DUPLICATES))?));
    for problem in &problems {
        println!("  {problem}");
    }
    match problems.len() {
        0 => {
            println!("{} packages", metadata.packages.len());
            Ok(Outcome::Passed)
        }
        count => Err(format!("{count} problems")),
    }
}

fn licences(packages: &[Package]) -> Vec<String> {
    let mut problems = Vec::new();
    for package in packages {
        let allowed = |id: &str| ALLOWED.contains(&id) || ALLOWED_FOR.contains(&(package.name.as_str(), id));
        let problem = match package.license.as_deref() {
            None => "names no licence".to_owned(),
            Some(expression) => match spdx::is_allowed(expression, &allowed) {
                Ok(true) => continue,
                Ok(false) => format!("licence `{expression}` is not allowed"),
                Err(problem) => format!("licence cannot be read: {problem}"),
            },
        };
        problems.push(format!("{} {}: {problem}", package.name, package.version));
    }
    problems
}

/// Crates of the lock file with more than one version.
fn duplicates(lock: &str) -> Result<BTreeMap<String, Vec<String>>, String> {
    let lock: toml::Table = lock.parse().map_err(|e| format!("cannot read Cargo.lock: {e}"))?;
    let mut versions: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for package in lock.get("package").and_then(toml::Value::as_array).into_iter().flatten() {
        let text = |key| package.get(key).and_then(toml::Value::as_str).unwrap_or_default().to_owned();
        versions.entry(text("name")).or_default().push(text("version"));
    }
    versions.retain(|_, versions| versions.len() > 1);
    Ok(versions)
}

/// Duplicates that the list lacks, and entries of the list that are not duplicates (any more).
fn unexpected(duplicates: &BTreeMap<String, Vec<String>>, list: &str) -> Vec<String> {
    let lines = list.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
    let listed: BTreeSet<&str> = lines.filter_map(|line| line.split_whitespace().next()).collect();
    let mut problems = Vec::new();
    for name in duplicates.keys().filter(|name| !listed.contains(name.as_str())) {
        problems.push(format!("{name}: a second version; drop it, or give the reason in {DUPLICATES}"));
    }
    for name in listed.iter().filter(|name| !duplicates.contains_key(**name)) {
        problems.push(format!("{name}: no duplicate any more; take it off {DUPLICATES}"));
    }
    problems
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_of_duplicates_is_exact() {
        let lock = "[[package]]\nname='a'\nversion='1'\n[[package]]\nname='a'\nversion='2'\n[[package]]\nname='b'\nversion='1'";
        let found = duplicates(lock).expect("valid");
        assert_eq!(unexpected(&found, "# why\na  two worlds\n"), Vec::<String>::new());
        assert_eq!(unexpected(&found, "").len(), 1);
        assert_eq!(unexpected(&found, "a x\nb y").len(), 1);
    }

    #[test]
    fn cargo_deny_is_given_the_same_licences() {
        let deny: toml::Table = include_str!("../../deny.toml").parse().expect("valid TOML");
        let listed = deny["licenses"]["allow"].as_array().expect("a list");
        let listed: Vec<&str> = listed.iter().filter_map(toml::Value::as_str).collect();
        assert_eq!(listed, ALLOWED);
    }

    #[test]
    fn a_licence_for_one_crate_is_not_one_for_all() {
        let package = |name: &str| Package {
            name: name.to_owned(),
            version: "1.0.0".to_owned(),
            license: Some("ISC AND OpenSSL".to_owned()),
            source: None,
            manifest_path: "Cargo.toml".into(),
            dependencies: Vec::new(),
            targets: Vec::new(),
        };
        assert_eq!(licences(&[package("aws-lc-sys")]), Vec::<String>::new());
        assert_eq!(licences(&[package("other")]), ["other 1.0.0: licence `ISC AND OpenSSL` is not allowed"]);
    }
}
