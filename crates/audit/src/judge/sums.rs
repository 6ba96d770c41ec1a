//! Rules that are met when others are: what was seen of those, added up.

use rulebook::Owner;

use super::Observation;
use crate::report::{Evidence, RuleReport, Verdict};

/// A rule that adds up others.
pub(super) struct Sum {
    /// The rule.
    pub(super) rule: &'static str,
    /// Which others.
    of: fn(&RuleReport) -> bool,
    /// What the others cannot show, and a person answers for.
    leaves: &'static str,
}

/// All of them. None adds up another.
pub(super) static SUMS: &[Sum] = &[
    Sum {
        rule: "CON-SHARED-2",
        of: |rule| matches!(rule.owner, Owner::Customer | Owner::Both),
        leaves: "that each workflow with PHI uses the safeguards that these rules are about",
    },
    Sum {
        rule: "ART-RULES-1",
        of: |rule| !rule.cfr.is_empty(),
        leaves: "the procedures by which all this is operated",
    },
    Sum {
        rule: "FLEX-INS-0",
        of: |rule| {
            ["FLEX-INS-1", "FLEX-INS-2", "FLEX-INS-3", "FLEX-INS-4", "FLEX-INS-5"].contains(&rule.id.as_str())
        },
        leaves: "that the waveform and the speech metrics of Flex Insights are off, which no API shows",
    },
    Sum {
        rule: "FLEX-INS-9",
        of: |rule| ["FLEX-INS-6", "FLEX-INS-7", "FLEX-INS-8"].contains(&rule.id.as_str()),
        leaves: "that no combination of attributes amounts to PHI, which no API shows",
    },
];

/// The sum that a rule is, if it is one.
pub(super) fn sum_of(rule: &str) -> Option<&'static Sum> {
    SUMS.iter().find(|sum| sum.rule == rule)
}

impl Sum {
    /// What is to be said of it for one subject (by its place in the report).
    pub(super) fn observe(&self, others: &[RuleReport], subject: usize) -> Observation {
        let mut faults = Vec::new();
        let (mut excepted, mut failed, mut unseen, mut passed) = (0, 0, 0, 0);
        for part in others.iter().filter(|other| (self.of)(other)) {
            let answer = &part.answers[subject];
            match answer.observed {
                Some(Verdict::Fail) if answer.exception.is_some() => excepted += 1,
                Some(Verdict::Fail) => faults.push(Evidence {
                    resource: "rule".to_owned(),
                    id: part.id.clone(),
                    field: String::new(),
                    note: "is not met".to_owned(),
                }),
                Some(Verdict::Error) => failed += 1,
                Some(Verdict::NotObserved) => unseen += 1,
                Some(Verdict::Pass) => passed += 1,
                // What does not apply adds nothing, and what nobody can see is left to a person there.
                _ => {}
            }
        }
        let observation = match (faults.len(), failed, unseen + excepted, passed) {
            (0, 0, 0, 0) => {
                Observation::of(Verdict::NotApplicable, "No rule that counts says anything here.")
            }
            (0, 0, 0, passed) => Observation::of(
                Verdict::Pass,
                format!("All {passed} rules that count and were looked at are met."),
            ),
            (0, 0, unseen, _) => Observation::of(
                Verdict::NotObserved,
                format!("{unseen} rules that count were not looked at, or stand under an exception."),
            ),
            (0, failed, _, _) => Observation::of(
                Verdict::Error,
                format!("{failed} rules that count could not be looked at: the service failed."),
            ),
            (count, _, _, _) => {
                Observation::of(Verdict::Fail, format!("{count} rules that count are not met."))
            }
        };
        Observation { evidence: faults, leaves: self.leaves, ..observation }
    }
}
