//! One row per rule and subject, for a spreadsheet (RFC 4180).

use std::collections::BTreeMap;

use super::{State, evidence_line, level_words, owner_words};
use crate::report::{Answer, Report, RuleReport};

const COLUMNS: [&str; 27] = [
    "observed_on",
    "provider",
    "host",
    "edition",
    "rule",
    "title",
    "product",
    "level",
    "owner",
    "severity",
    "cfr",
    "source",
    "subject",
    "designated",
    "state",
    "verdict",
    "observed",
    "reason",
    "evidence",
    "evidence_left_out",
    "attested_by",
    "attested_on",
    "attestation_expires",
    "attestation_evidence",
    "exception_owner",
    "exception_expires",
    "remedy",
];

/// The report as CSV: a header, then one row per rule and subject. A rule that was asked of nobody has one row
/// without a subject. A cell that a spreadsheet would take for a formula begins with an apostrophe.
pub fn csv(report: &Report) -> String {
    let mut out = String::new();
    row(&mut out, &COLUMNS.map(str::to_owned));
    let designated: BTreeMap<&str, bool> =
        report.subjects.iter().map(|subject| (subject.id.as_str(), subject.designated)).collect();
    for rule in &report.rules {
        if rule.answers.is_empty() {
            row(&mut out, &cells(report, rule, None, None));
        }
        for answer in &rule.answers {
            let designated = designated.get(answer.subject.as_str()).copied();
            row(&mut out, &cells(report, rule, Some(answer), designated));
        }
    }
    out
}

fn cells(
    report: &Report,
    rule: &RuleReport,
    answer: Option<&Answer>,
    designated: Option<bool>,
) -> [String; COLUMNS.len()] {
    let attestation = answer.and_then(|answer| answer.attestation.as_ref());
    let exception = answer.and_then(|answer| answer.exception.as_ref());
    let evidence: Vec<String> =
        answer.map(|answer| answer.evidence.iter().map(evidence_line).collect()).unwrap_or_default();
    let text = |value: Option<String>| value.unwrap_or_default();
    [
        report.observed_on.to_string(),
        report.provider.clone(),
        report.host.clone(),
        report.edition.to_string(),
        rule.id.clone(),
        rule.title.clone(),
        rule.product.clone(),
        level_words(rule.level).to_owned(),
        owner_words(rule.owner).to_owned(),
        rule.severity.clone(),
        rule.cfr.join("; "),
        rule.source.join("; "),
        text(answer.map(|answer| answer.subject.clone())),
        text(designated.map(|designated| if designated { "yes" } else { "no" }.to_owned())),
        answer.map_or_else(|| State::of_rule(rule), State::of_answer).as_str().to_owned(),
        answer.map_or(rule.verdict, |answer| answer.verdict).as_str().to_owned(),
        text(answer.and_then(|answer| answer.observed).map(|verdict| verdict.as_str().to_owned())),
        text(answer.map(|answer| answer.reason.clone())),
        evidence.join("; "),
        text(answer.map(|answer| answer.more.to_string())),
        text(attestation.map(|word| word.by.clone())),
        text(attestation.map(|word| word.on.to_string())),
        text(attestation.map(|word| word.expires.to_string())),
        text(attestation.map(|word| word.evidence.clone())),
        text(exception.map(|exception| exception.owner.clone())),
        text(exception.map(|exception| exception.expires.to_string())),
        rule.remedy.clone(),
    ]
}

fn row(out: &mut String, cells: &[String]) {
    for (index, cell) in cells.iter().enumerate() {
        if index > 0 {
            out.push(',');
        }
        out.push_str(&quoted(&guarded(cell)));
    }
    out.push_str("\r\n");
}

/// A spreadsheet computes what begins like this, from a file as from a keyboard.
fn guarded(cell: &str) -> String {
    if cell.starts_with(['=', '+', '-', '@', '\t', '\r']) { format!("'{cell}") } else { cell.to_owned() }
}

fn quoted(cell: &str) -> String {
    if cell.contains(['"', ',', '\r', '\n']) {
        format!("\"{}\"", cell.replace('"', "\"\""))
    } else {
        cell.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_cell_is_a_formula() {
        for start in ["=", "+", "-", "@", "\t", "\r"] {
            assert!(guarded(&format!("{start}1+1")).starts_with('\''), "{start:?}");
        }
        assert_eq!(guarded("1-1"), "1-1");
    }

    #[test]
    fn quotes_what_would_end_a_cell() {
        assert_eq!(quoted("a\"b"), "\"a\"\"b\"");
        assert_eq!(quoted("a,b"), "\"a,b\"");
        assert_eq!(quoted("a\nb"), "\"a\nb\"");
        assert_eq!(quoted("a b"), "a b");
    }
}
