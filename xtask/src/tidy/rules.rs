//! Every enforced rule is proven twice: a test that shows what it refuses, and one that shows what stays
//! allowed.

use std::collections::BTreeSet;

use rulebook::enforced::ENFORCED;
use rulebook::proofs::is_proven;

use crate::proofs;
use crate::source::Source;

/// Rules of the table of enforced rules that lack a half of their proof.
pub(super) fn violations(sources: &[Source]) -> Vec<String> {
    let proofs = proofs::of(sources);
    let rules: BTreeSet<&str> = ENFORCED.iter().map(|row| row.rule).collect();
    rules
        .into_iter()
        .filter(|rule| !proofs.get(*rule).is_some_and(|tests| is_proven(rule, tests)))
        .map(|rule| {
            let prefix = rule.to_lowercase().replace('-', "_");
            format!("{rule}: needs a test `{prefix}__refuses_...` and a test `{prefix}__allows_...`")
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rule_needs_both_halves() {
        let one_half = "#[test]\nfn sms_geo_1__refuses_abroad() {}\n";
        let both = "#[test]\nfn sms_geo_1__refuses_abroad() {}\n#[tokio::test]\nasync fn sms_geo_1__allows_home() {}\n";
        let lacks = |text: &str| {
            let source = Source::new("crates/kit/tests/it/main.rs".to_owned(), text.to_owned());
            violations(&[source]).iter().any(|line| line.starts_with("SMS-GEO-1:"))
        };
        assert!(lacks(""));
        assert!(lacks(one_half));
        assert!(!lacks(both));
    }
}
