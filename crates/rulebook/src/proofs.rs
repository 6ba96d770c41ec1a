//! Which tests prove which rule: found by name in the test sources, kept in `data/proofs.txt`.
//!
//! A test belongs to a rule when it is called `<rule id in lower case, '-' as '_'>__<fact>`, for example
//! `sms_geo_1__refuses_canadian_number`. A rule is proven by at least one test that something is stopped
//! and one that something is let through: either alone is met by code that always says the same.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

/// First words of a fact that says something is stopped.
const NEGATIVE: [&str; 5] = ["refuses", "rejects", "denies", "masks", "hides"];
/// First words of a fact that says something is let through.
const POSITIVE: [&str; 4] = ["allows", "accepts", "permits", "keeps"];

/// Test names by rule id.
pub type Proofs = BTreeMap<String, BTreeSet<String>>;

/// A line of the proofs file that is not `RULE-ID test_name`, or whose test does not belong to its rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MalformedProof {
    /// Line, counted from 1.
    pub line: usize,
}

impl fmt::Display for MalformedProof {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "line {} is not a rule id and one of its tests", self.line)
    }
}

impl std::error::Error for MalformedProof {}

/// Reads the proofs file. Empty lines and lines that start with `#` are skipped.
pub fn parse(text: &str) -> Result<Proofs, MalformedProof> {
    let mut proofs = Proofs::new();
    for (index, line) in text.lines().enumerate() {
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let (rule, test) = line
            .split_once(' ')
            .filter(|(rule, test)| fact(rule, test).is_some())
            .ok_or(MalformedProof { line: index + 1 })?;
        proofs.entry(rule.to_owned()).or_default().insert(test.to_owned());
    }
    Ok(proofs)
}

/// Writes what [`parse`] reads, sorted, so that the file changes only when the tests do.
pub fn render(proofs: &Proofs) -> String {
    proofs.iter().flat_map(|(rule, tests)| tests.iter().map(move |test| format!("{rule} {test}\n"))).collect()
}

/// Whether these tests prove `rule`: two at least, in both directions.
pub fn is_proven(rule: &str, tests: &BTreeSet<String>) -> bool {
    let starts = |words: &[&str]| {
        tests.iter().filter_map(|test| fact(rule, test)).any(|fact| {
            words.iter().any(|word| {
                fact.strip_prefix(word).is_some_and(|rest| rest.is_empty() || rest.starts_with('_'))
            })
        })
    };
    // The two lists share no word, so two different tests stand behind a yes.
    starts(&NEGATIVE) && starts(&POSITIVE)
}

/// Adds the tests of a Rust source that are named after one of `rules`.
///
/// Counts only functions under a test attribute that are neither ignored nor commented out: a test that
/// does not run proves nothing.
pub fn collect<'a>(source: &str, rules: impl Iterator<Item = &'a str> + Clone, proofs: &mut Proofs) {
    let (mut is_test, mut is_ignored) = (false, false);
    for line in source.lines().map(str::trim) {
        if line.is_empty() || line.starts_with("//") {
            continue;
        }
        if let Some(attribute) = line.strip_prefix("#[") {
            let path = attribute.split(['(', ']', ' ']).next().unwrap_or_default();
            is_test |= path.rsplit("::").next() == Some("test");
            is_ignored |= path == "ignore";
            continue;
        }
        if is_test
            && !is_ignored
            && let Some(name) = function_name(line)
        {
            for rule in rules.clone().filter(|rule| fact(rule, name).is_some()) {
                proofs.entry(rule.to_owned()).or_default().insert(name.to_owned());
            }
        }
        (is_test, is_ignored) = (false, false);
    }
}

/// The part of a test's name after `<rule>__`, when the test is named after `rule`.
fn fact<'a>(rule: &str, test: &'a str) -> Option<&'a str> {
    let prefix = rule.to_ascii_lowercase().replace('-', "_");
    test.strip_prefix(&prefix)?.strip_prefix("__").filter(|fact| !fact.is_empty() && !fact.contains(' '))
}

fn function_name(line: &str) -> Option<&str> {
    let line = line.strip_prefix("pub ").unwrap_or(line);
    let line = line.strip_prefix("async ").unwrap_or(line);
    line.strip_prefix("fn ")?.split(['(', '<']).next()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn names(tests: &[&str]) -> BTreeSet<String> {
        tests.iter().map(|test| (*test).to_owned()).collect()
    }

    #[test]
    fn proof_needs_both_directions() {
        let check = |tests: &[&str]| is_proven("SMS-GEO-1", &names(tests));
        assert!(check(&["sms_geo_1__refuses_canada", "sms_geo_1__allows_us"]));
        assert!(check(&["sms_geo_1__masks_number", "sms_geo_1__keeps_own_number"]));
        assert!(!check(&["sms_geo_1__refuses_canada", "sms_geo_1__rejects_mexico"]));
        assert!(!check(&["sms_geo_1__allows_us"]));
        assert!(!check(&["sms_geo_1__refuses_what_it_allows__allows"]));
        assert!(!check(&["sms_geo_1__refusesnt_canada", "sms_geo_1__allows_us"]));
        assert!(!check(&["sms_geo_10__refuses_canada", "sms_geo_1__allows_us"]));
        assert!(!check(&[]));
    }

    #[test]
    fn file_round_trips_and_rejects_other_lines() {
        let text = "D-RED-3 d_red_3__allows_post\nSMS-GEO-1 sms_geo_1__allows_us\nSMS-GEO-1 sms_geo_1__refuses_canada\n";
        let proofs = parse(text).unwrap();
        assert_eq!(proofs["SMS-GEO-1"].len(), 2);
        assert_eq!(render(&proofs), text);
        assert_eq!(parse("# note\n\n"), Ok(Proofs::new()));
        for bad in [
            "SMS-GEO-1",
            "SMS-GEO-1 sms_geo_2__allows_us",
            "SMS-GEO-1 sms_geo_1__",
            "SMS-GEO-1 sms_geo_1__a b",
        ] {
            assert_eq!(parse(bad), Err(MalformedProof { line: 1 }), "{bad}");
        }
    }

    #[test]
    fn collects_only_tests_that_run() {
        let source = "
            #[test]
            fn sms_geo_1__refuses_canada() {}
            /// Says why.
            #[tokio::test(flavor = \"current_thread\")]
            // A comment between.
            async fn sms_geo_1__allows_us() {}
            #[test]
            #[ignore = \"slow\"]
            fn sms_geo_1__refuses_ignored() {}
            // #[test]
            // fn sms_geo_1__refuses_commented() {}
            fn sms_geo_1__refuses_helper() {}
            #[cfg(test)]
            fn sms_geo_1__refuses_configured() {}
            #[test]
            fn other_1__refuses() {}
        ";
        let mut proofs = Proofs::new();
        collect(source, ["SMS-GEO-1", "SMS-TAG-1"].into_iter(), &mut proofs);
        assert_eq!(
            proofs,
            Proofs::from([(
                "SMS-GEO-1".to_owned(),
                names(&["sms_geo_1__refuses_canada", "sms_geo_1__allows_us"])
            )])
        );
    }
}
