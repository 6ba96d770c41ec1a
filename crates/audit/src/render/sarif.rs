//! The report in the Static Analysis Results Interchange Format (OASIS SARIF 2.1.0).
//!
//! One rule of the guide is one `reportingDescriptor`, one answer is one `result`. The kind is the verdict
//! (3.27.9); a level other than `none` belongs to failures alone (3.27.10). An account is a logical location.

use std::collections::BTreeMap;
use std::rc::Rc;

use serde_json::{Value, json};

use super::node::Node;
use super::{
    State, denied, digest_of, evidence_line, headline, level_words, one_line, owner_words, uuid, version,
};
use crate::report::{Answer, Evidence, Report, RuleReport, SubjectKind};

/// The report as a SARIF log with one run.
pub(super) fn sarif(report: &Report) -> Node<'_> {
    let rules: Vec<Value> = report.rules.iter().map(descriptor).collect();
    let kinds: Rc<BTreeMap<&str, SubjectKind>> =
        Rc::new(report.subjects.iter().map(|subject| (subject.id.as_str(), subject.kind)).collect());
    let notifications: Vec<Value> = denied(report)
        .map(|source| {
            json!({
                "level": "warning",
                "message": message(&format!(
                    "The key may not read {} ({}); give it: {}",
                    source.resource, source.request, source.permission
                )),
            })
        })
        .collect();
    let driver =
        json!({ "driver": { "name": "switchward audit", "version": version(report), "rules": rules } });
    let details = json!({
        "id": format!("{}/{}/{}", report.provider, report.host, report.observed_on),
        "description": message(&headline(report)),
    });
    let invocation = json!({ "executionSuccessful": true, "toolConfigurationNotifications": notifications });
    let properties =
        json!({ "edition": report.edition, "observed_on": report.observed_on, "policies": report.policies });
    let results = Node::list(move || {
        let kinds = kinds.clone();
        report.rules.iter().enumerate().flat_map(move |(index, rule)| {
            let kinds = kinds.clone();
            rule.answers.iter().map(move |answer| {
                let kind = kinds.get(answer.subject.as_str()).copied();
                result(report, index, rule, answer, kind)
            })
        })
    });
    let run = Node::object([
        ("tool", driver.into()),
        ("automationDetails", details.into()),
        ("invocations", json!([invocation]).into()),
        ("results", results),
        ("properties", properties.into()),
    ]);
    Node::object([
        ("$schema", json!("https://json.schemastore.org/sarif-2.1.0.json").into()),
        ("version", json!("2.1.0").into()),
        ("runs", Node::One(Box::new(run))),
    ])
}

fn descriptor(rule: &RuleReport) -> Value {
    let source = rule.source.join(", ");
    let cfr = if rule.cfr.is_empty() { "none".to_owned() } else { rule.cfr.join(", ") };
    json!({
        "id": rule.id,
        "shortDescription": { "text": filled(&rule.title) },
        "fullDescription": { "text": filled(&rule.statement) },
        "help": { "text": filled(&format!("{}\nSource: {source}. 45 CFR: {cfr}.", rule.remedy)) },
        "defaultConfiguration": { "level": severity_level(rule) },
        "properties": {
            "product": rule.product,
            "level": level_words(rule.level),
            "owner": owner_words(rule.owner),
            "severity": rule.severity,
            "source": rule.source,
            "cfr": rule.cfr,
        },
    })
}

fn result(
    report: &Report,
    index: usize,
    rule: &RuleReport,
    answer: &Answer,
    subject: Option<SubjectKind>,
) -> Value {
    let state = State::of_answer(answer);
    let (kind, level) = match state {
        State::Pass => ("pass", "none"),
        State::NotApplicable => ("notApplicable", "none"),
        State::Fail | State::Excepted => ("fail", severity_level(rule)),
        // Somebody's word: to be read by a person (3.27.9).
        State::Attested | State::AttestationExpired => ("review", "none"),
        // Asked, and not enough known to say.
        State::NotObserved | State::Error => ("open", "none"),
    };
    let mut text = format!("{}: {}", rule.title, answer.reason);
    if let Some(word) = &answer.attestation {
        text.push_str(&format!(
            " Attested by {}, {}, on {}, until {}.",
            word.by, word.role, word.on, word.expires
        ));
    }
    let mut result = json!({
        "ruleId": rule.id,
        "ruleIndex": index,
        "kind": kind,
        "level": level,
        "message": message(&text),
        "guid": guid(report, rule, answer),
        "locations": [{ "logicalLocations": [subject_location(report, &answer.subject, subject)] }],
        "partialFingerprints": { "ruleAndSubject/v1": fingerprint(report, rule, answer) },
        "properties": { "verdict": answer.verdict },
    });
    if !answer.evidence.is_empty() {
        let evidence = answer.evidence.iter();
        result["relatedLocations"] =
            evidence.map(|evidence| evidence_location(report, answer, evidence)).collect();
    }
    if answer.more > 0 {
        result["properties"]["evidence_left_out"] = json!(answer.more);
    }
    if let Some(exception) = &answer.exception {
        result["suppressions"] = json!([{
            "kind": "external",
            "status": "accepted",
            "justification": format!(
                "{} (answered for by {}, until {})",
                exception.reason, exception.owner, exception.expires
            ),
        }]);
    }
    result
}

fn subject_location(report: &Report, id: &str, kind: Option<SubjectKind>) -> Value {
    let kind = match kind {
        Some(SubjectKind::Workspace) => "workspace",
        Some(SubjectKind::Account) | None => "account",
    };
    json!({
        "name": id,
        "fullyQualifiedName": format!("{}/{}/{id}", report.provider, report.host),
        "kind": kind,
    })
}

fn evidence_location(report: &Report, answer: &Answer, evidence: &Evidence) -> Value {
    let mut name = format!(
        "{}/{}/{}/{}/{}",
        report.provider, report.host, answer.subject, evidence.resource, evidence.id
    );
    if !evidence.field.is_empty() {
        name.push('#');
        name.push_str(&evidence.field);
    }
    json!({
        "message": message(&evidence_line(evidence)),
        "logicalLocations": [{ "name": evidence.id, "fullyQualifiedName": name, "kind": "resource" }],
    })
}

/// Another one in every run: it names this result (3.27.3).
fn guid(report: &Report, rule: &RuleReport, answer: &Answer) -> String {
    let day = report.observed_on.to_string();
    uuid(&["sarif result", &report.provider, &report.host, &day, &rule.id, &answer.subject])
}

/// The same for the same rule and subject in every run, so that a dashboard follows it.
fn fingerprint(report: &Report, rule: &RuleReport, answer: &Answer) -> String {
    data_encoding::HEXLOWER.encode(&digest_of(&[
        "sarif fingerprint",
        &report.provider,
        &report.host,
        &rule.id,
        &answer.subject,
    ]))
}

fn severity_level(rule: &RuleReport) -> &'static str {
    match rule.severity.as_str() {
        "high" => "error",
        "medium" => "warning",
        _ => "note",
    }
}

/// A message in one line. In messages braces are placeholders (3.11.5) and brackets are links (3.11.6), unless
/// they are escaped.
fn message(text: &str) -> Value {
    let mut escaped = String::new();
    for character in one_line(text).chars() {
        match character {
            '{' => escaped.push_str("{{"),
            '}' => escaped.push_str("}}"),
            '[' | ']' | '\\' => {
                escaped.push('\\');
                escaped.push(character);
            }
            other => escaped.push(other),
        }
    }
    json!({ "text": filled(&escaped) })
}

/// SARIF wants something to read.
fn filled(text: &str) -> &str {
    if text.is_empty() { "-" } else { text }
}
