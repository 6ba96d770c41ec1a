//! Which test proves which rule: a test's name begins with the rule's id, then two underscores.

use std::collections::BTreeSet;
use std::path::Path;

use crate::shell;
use crate::source::{Source, files_below};

/// How the tests of a rule begin: `SMS-GEO-1` gives `sms_geo_1__`.
pub(crate) fn prefix(rule: &str) -> String {
    format!("{}__", rule.to_lowercase().replace(['-', '.'], "_"))
}

/// Names of the test functions of these files.
pub(crate) fn test_functions(sources: &[Source]) -> Vec<String> {
    let mut names = Vec::new();
    for source in sources {
        let mut is_test = false;
        for line in source.code.lines().map(str::trim).filter(|line| !line.is_empty()) {
            if line.starts_with("#[") && !line.contains("fn ") {
                is_test |=
                    line.starts_with("#[test]") || line.contains("::test]") || line.contains("::test(");
                continue;
            }
            if let Some((_, rest)) = line.split_once("fn ").filter(|_| is_test) {
                let end = rest.find(|c: char| !(c.is_alphanumeric() || c == '_')).unwrap_or(rest.len());
                names.push(rest[..end].to_owned());
            }
            is_test = false;
        }
    }
    names
}

/// The ids of the rules in every edition's data files.
pub(crate) fn rule_ids(root: &Path) -> Result<BTreeSet<String>, String> {
    let mut files = Vec::new();
    files_below(&root.join("crates/rulebook/data"), "toml", &mut files)?;
    let mut ids = BTreeSet::new();
    for file in files {
        let table: toml::Table =
            shell::read(&file)?.parse().map_err(|e| format!("{}: {e}", file.display()))?;
        let rows = table.values().filter_map(toml::Value::as_array).flatten();
        for id in rows.filter_map(|row| row.get("id")?.as_str()) {
            // Rules have ids in capitals; systems and editions do not.
            if id.starts_with(|c: char| c.is_ascii_uppercase()) {
                ids.insert(id.to_owned());
            }
        }
    }
    Ok(ids)
}

/// The page of proofs: sorted lines of a rule and a test.
pub(crate) fn page(rules: &BTreeSet<String>, tests: &[String]) -> String {
    let mut lines = BTreeSet::new();
    for rule in rules {
        let prefix = prefix(rule);
        lines.extend(
            tests.iter().filter(|test| test.starts_with(&prefix)).map(|test| format!("{rule} {test}\n")),
        );
    }
    lines.into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_test_functions_prove_a_rule() {
        let text = "#[test]\n#[should_panic]\nfn sms_geo_1__refuses() {}\nfn sms_geo_1__helper() {}\n#[tokio::test(start_paused = true)]\nasync fn sms_geo_1__allows() {}\n// #[test]\nfn sms_geo_1__old() {}\n#[cfg(test)]\nfn sms_geo_1__shared() {}\n#[test]\nfn sms_geo_10__other() {}";
        let tests = test_functions(&[Source::new("crates/kit/tests/it/main.rs".to_owned(), text.to_owned())]);
        let page = page(&BTreeSet::from(["SMS-GEO-1".to_owned()]), &tests);
        assert_eq!(page, "SMS-GEO-1 sms_geo_1__allows\nSMS-GEO-1 sms_geo_1__refuses\n");
    }
}
