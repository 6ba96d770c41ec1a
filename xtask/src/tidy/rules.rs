//! Every enforced rule is proven twice: a test that shows what it refuses, and one that shows what stays
//! allowed.

use crate::proofs;
use crate::source::Source;

/// The table of rules that the program enforces.
const TABLE: &str = "crates/rulebook/src/enforced.rs";

/// Words of a test's fact that make it the refusing half of a proof.
const REFUSING: &[&str] = &[
    "refuses", "refused", "rejects", "rejected", "denies", "denied", "blocks", "blocked", "hides", "hidden",
    "removes", "removed", "stops", "stopped", "never", "no", "not", "cannot", "nothing", "without",
];

/// Rules of the table that lack a half of their proof.
pub(super) fn violations(sources: &[Source]) -> Vec<String> {
    let Some(table) = sources.iter().find(|source| source.path == TABLE) else {
        return vec![format!("{TABLE}: is missing")];
    };
    let rules = enforced(table);
    if rules.is_empty() {
        return vec![format!("{TABLE}: no rule found in it")];
    }
    let tests = proofs::test_functions(sources);
    let mut found = Vec::new();
    for rule in rules {
        let prefix = proofs::prefix(rule);
        let facts: Vec<&str> = tests.iter().filter_map(|name| name.strip_prefix(&prefix)).collect();
        if !facts.iter().any(|fact| refuses(fact)) {
            found.push(format!("{rule}: no test `{prefix}refuses_...`"));
        }
        if !facts.iter().any(|fact| !refuses(fact)) {
            found.push(format!("{rule}: no test `{prefix}allows_...`"));
        }
    }
    found
}

fn refuses(fact: &str) -> bool {
    fact.split('_').any(|word| REFUSING.contains(&word))
}

/// The rule ids of the table, each once, in its order: the strings of live code that look like one.
fn enforced(table: &Source) -> Vec<&str> {
    let mut rules: Vec<&str> = Vec::new();
    for (offset, text) in &table.strings {
        let is_id = text.contains('-')
            && text.starts_with(|c: char| c.is_ascii_uppercase())
            && text.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'-');
        // Outside live code the opening quote is blank.
        let is_live = table.live.as_bytes().get(offset.wrapping_sub(1)) == Some(&b'"');
        if is_id && is_live && !rules.contains(&text.as_str()) {
            rules.push(text);
        }
    }
    rules
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rule_needs_both_halves() {
        let table =
            Source::new(TABLE.to_owned(), "refuses(\"SMS-GEO-1\", \"a::b\"), Row { rule: \"ALL-2\" }\n#[cfg(test)] mod tests { const A: &str = \"NO-SUCH-3\"; }".to_owned());
        let tests = "#[test]\nfn sms_geo_1__refuses_abroad() {}\n#[tokio::test]\nasync fn sms_geo_1__allows_home() {}\n#[test]\nfn all_2__is_listed() {}";
        let tests = Source::new("crates/kit/tests/it/main.rs".to_owned(), tests.to_owned());
        assert_eq!(violations(&[table, tests]), ["ALL-2: no test `all_2__refuses_...`"]);
    }
}
