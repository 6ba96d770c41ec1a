//! The report in NIST's Open Security Controls Assessment Language (OSCAL 1.1.3), as JSON.
//!
//! A rule of the guide is a control, an account is an inventory item, the audited service is a component. Prose is
//! a subset of Markdown there, so every character of a name that Markdown knows is escaped. The schema forbids empty
//! lists, so they are left out.

use std::collections::BTreeMap;
use std::rc::Rc;

use rulebook::Date;
use serde_json::{Map, Value, json};

use super::node::Node;
use super::{
    State, digest_of_report, evidence_line, headline, level_words, one_line, own_words, owner_words, pretty,
    status_words, tally, tally_words, uuid, version,
};
use crate::report::{Answer, Report, RuleReport, SubjectKind, Verdict};

const OSCAL: &str = "1.1.3";
/// The namespace of our properties: an identifier, not an address.
const NAMESPACE: &str = "https://github.com/switchward/switchward/ns/oscal";

/// What was found, as OSCAL assessment results: an observation per answer (those that pass share one), a finding
/// per rule that applies, a risk per rule that fails. Rules that apply to nobody are excluded controls.
pub(super) fn oscal_results(report: &Report) -> Node<'_> {
    let ids = Rc::new(Ids::of(report));
    let applying = move || report.rules.iter().filter(|rule| State::of_rule(rule) != State::NotApplicable);
    let metadata = metadata(report, "Evidence of a HIPAA configuration audit");
    let plan = ids.made(&["plan"]);
    let import = json!({
        "href": format!("#{plan}"),
        "remarks": "The plan is the edition of the rulebook: every rule is asked of every subject.",
    });
    let title = prose(&format!("Audit of {} on {}", report.host, report.observed_on));
    let result = Node::object([
        ("uuid", json!(ids.made(&["result"])).into()),
        ("title", title.into()),
        ("description", prose(&headline(report)).into()),
        ("start", json!(midnight(report.observed_on)).into()),
        ("remarks", json!("The report knows the day, not the hour.").into()),
        ("local-definitions", local_definitions(report).into()),
        ("reviewed-controls", reviewed_controls(report).into()),
    ]);
    let of_rule = |make: fn(&Report, &Ids, &RuleReport) -> Vec<Value>| {
        let ids = Rc::clone(&ids);
        move || {
            let ids = Rc::clone(&ids);
            applying().flat_map(move |rule| make(report, &ids, rule))
        }
    };
    let result = result
        .with_list("observations", of_rule(rule_observations))
        .with_list("risks", of_rule(risks))
        .with_list("findings", of_rule(|report, ids, rule| vec![finding(report, ids, rule)]));
    let document = Node::object([
        ("uuid", json!(ids.made(&["assessment results"])).into()),
        ("metadata", metadata.into()),
        ("import-ap", import.into()),
        ("results", Node::One(Box::new(result))),
        ("back-matter", json!({ "resources": [edition_resource(report, &plan)] }).into()),
    ]);
    Node::object([("assessment-results", document)])
}

fn related_observations(report: &Report, ids: &Ids, rule: &RuleReport) -> Vec<Value> {
    let seen = rule_observations(report, ids, rule);
    seen.iter().map(|observation| json!({ "observation-uuid": observation["uuid"] })).collect()
}

fn is_risk(state: State) -> bool {
    matches!(state, State::Fail | State::Excepted)
}

fn risks(report: &Report, ids: &Ids, rule: &RuleReport) -> Vec<Value> {
    let state = State::of_rule(rule);
    match is_risk(state) {
        true => vec![risk(ids, rule, state, related_observations(report, ids, rule))],
        false => Vec::new(),
    }
}

fn finding(report: &Report, ids: &Ids, rule: &RuleReport) -> Value {
    let state = State::of_rule(rule);
    let mut finding = Map::new();
    finding.insert("uuid".into(), json!(ids.made(&["finding", &rule.id])));
    finding.insert("title".into(), prose(&format!("{} {}", rule.id, rule.title)));
    finding.insert("description".into(), prose(&tally_words(&answers_by_state(rule))));
    finding.insert("props".into(), rule_properties(rule, state).into());
    finding.insert("target".into(), target(rule, state));
    insert_list(&mut finding, "related-observations", related_observations(report, ids, rule));
    if is_risk(state) {
        finding.insert("related-risks".into(), json!([{ "risk-uuid": risk_uuid(ids, rule) }]));
    }
    Value::Object(finding)
}

/// The audited service as an OSCAL component: what each rule of the edition asks of it, and what it came to.
pub fn oscal_component(report: &Report) -> String {
    let ids = Ids::of(report);
    let edition = ids.made(&["edition"]);
    let requirements: Vec<Value> = report
        .rules
        .iter()
        .map(|rule| {
            let state = State::of_rule(rule);
            let mut properties = rule_properties(rule, state);
            if let Some(built) = &rule.built {
                properties.push(property("implementation", status_words(built.status)));
                properties.extend(built.places.iter().map(|place| property("implemented-in", place)));
                properties.extend(built.tests.iter().map(|test| property("proving-test", test)));
            }
            json!({
                "uuid": ids.made(&["requirement", &rule.id]),
                "control-id": token(&rule.id),
                "description": prose(&format!("{} {}", rule.statement, rule.remedy)),
                "props": properties,
            })
        })
        .collect();
    let mut component = Map::new();
    component.insert("uuid".into(), json!(component_uuid(report)));
    component.insert("type".into(), json!("service"));
    component.insert("title".into(), prose(&format!("{} at {}", report.provider, report.host)));
    component.insert("description".into(), prose(&headline(report)));
    if let Some(own) = &report.inside {
        component.insert("remarks".into(), prose(&own_words(own)));
    }
    if !requirements.is_empty() {
        component.insert(
            "control-implementations".into(),
            json!([{
                "uuid": ids.made(&["implementation"]),
                "source": format!("#{edition}"),
                "description": prose(&report.edition_title),
                "implemented-requirements": requirements,
            }]),
        );
    }
    pretty(&json!({ "component-definition": {
        "uuid": ids.made(&["component definition"]),
        "metadata": metadata(report, "Configuration of an audited service"),
        "components": [component],
        "back-matter": { "resources": [edition_resource(report, &edition)] },
    }}))
}

/// OSCAL wants instants where the report has days: the first of the day, in UTC.
fn midnight(day: Date) -> String {
    format!("{day}T00:00:00Z")
}

/// Makes the UUIDs of one document: other content, other UUIDs.
struct Ids {
    report: String,
}

impl Ids {
    fn of(report: &Report) -> Ids {
        Ids { report: data_encoding::HEXLOWER.encode(&digest_of_report(report)) }
    }

    fn made(&self, parts: &[&str]) -> String {
        let mut all = vec!["oscal", self.report.as_str()];
        all.extend(parts);
        uuid(&all)
    }
}

/// The same in every report on this service, as OSCAL wants it of a component.
fn component_uuid(report: &Report) -> String {
    uuid(&["oscal component", &report.provider, &report.host])
}

/// The same in every report on this subject.
fn subject_uuid(report: &Report, subject: &str) -> String {
    uuid(&["oscal subject", &report.provider, &report.host, subject])
}

fn metadata(report: &Report, title: &str) -> Value {
    json!({
        "title": title,
        "last-modified": midnight(report.observed_on),
        "version": report.edition,
        "oscal-version": OSCAL,
        "props": [property("tool-version", version(report))],
    })
}

fn edition_resource(report: &Report, uuid: &str) -> Value {
    json!({
        "uuid": uuid,
        "title": prose(&format!("Rulebook, edition {}", report.edition)),
        "description": prose(&report.edition_title),
    })
}

fn local_definitions(report: &Report) -> Value {
    let items: Vec<Value> = report
        .subjects
        .iter()
        .map(|subject| {
            let kind = match subject.kind {
                SubjectKind::Account => "account",
                SubjectKind::Workspace => "workspace",
            };
            let mut properties = vec![
                property("subject-id", &subject.id),
                property("subject-kind", kind),
                property("designated", if subject.designated { "yes" } else { "no" }),
            ];
            if let Some(expected) = subject.expected {
                properties.push(property("expected", if expected { "yes" } else { "no" }));
            }
            json!({
                "uuid": subject_uuid(report, &subject.id),
                "description": prose(&format!("{kind} {}", subject.id)),
                "props": properties,
                "implemented-components": [{ "component-uuid": component_uuid(report) }],
            })
        })
        .collect();
    let mut definitions = Map::new();
    definitions.insert(
        "components".into(),
        json!([{
            "uuid": component_uuid(report),
            "type": "service",
            "title": prose(&format!("{} at {}", report.provider, report.host)),
            "description": "The service that was read.",
            "status": { "state": "operational" },
        }]),
    );
    insert_list(&mut definitions, "inventory-items", items);
    Value::Object(definitions)
}

fn reviewed_controls(report: &Report) -> Value {
    let (excluded, included): (Vec<&RuleReport>, Vec<&RuleReport>) =
        report.rules.iter().partition(|rule| State::of_rule(rule) == State::NotApplicable);
    let controls = |rules: Vec<&RuleReport>| -> Vec<Value> {
        rules.iter().map(|rule| json!({ "control-id": token(&rule.id) })).collect()
    };
    let mut selection = Map::new();
    selection.insert("description".into(), prose(&tally_words(&tally(&report.rules))));
    insert_list(&mut selection, "include-controls", controls(included));
    insert_list(&mut selection, "exclude-controls", controls(excluded));
    json!({ "control-selections": [selection] })
}

/// Answers that pass by observation share one observation: an edition of 250 rules over 1,000 accounts would
/// otherwise be a file that nothing opens.
fn rule_observations(report: &Report, ids: &Ids, rule: &RuleReport) -> Vec<Value> {
    let (passed, others): (Vec<&Answer>, Vec<&Answer>) = rule
        .answers
        .iter()
        .filter(|answer| answer.verdict != Verdict::NotApplicable)
        .partition(|answer| answer.verdict == Verdict::Pass);
    let mut observations: Vec<Value> =
        others.into_iter().map(|answer| observation(report, ids, rule, answer)).collect();
    if !passed.is_empty() {
        let subjects: Vec<Value> =
            passed.iter().map(|answer| subject_reference(report, &answer.subject)).collect();
        observations.push(json!({
            "uuid": ids.made(&["passes", &rule.id]),
            "description": prose(&format!("{}: observed, and as the rule wants it.", rule.id)),
            "methods": ["TEST"],
            "types": ["finding"],
            "subjects": subjects,
            "collected": midnight(report.observed_on),
        }));
    }
    observations
}

fn observation(report: &Report, ids: &Ids, rule: &RuleReport, answer: &Answer) -> Value {
    let state = State::of_answer(answer);
    let method = match state {
        State::Attested | State::AttestationExpired => "INTERVIEW",
        State::NotObserved | State::Error => "UNKNOWN",
        _ => "TEST",
    };
    let mut evidence: Vec<Value> = answer
        .evidence
        .iter()
        .map(|evidence| json!({ "description": prose(&evidence_line(evidence)) }))
        .collect();
    if answer.more > 0 {
        evidence.push(json!({ "description": format!("{} more, left out", answer.more) }));
    }
    let mut observation = Map::new();
    observation.insert("uuid".into(), json!(ids.made(&["observation", &rule.id, &answer.subject])));
    observation.insert("description".into(), prose(&format!("{}: {}", rule.id, answer.reason)));
    observation.insert("props".into(), json!([property("verdict", state.as_str())]));
    observation.insert("methods".into(), json!([method]));
    observation.insert("types".into(), json!(["finding"]));
    observation.insert("subjects".into(), json!([subject_reference(report, &answer.subject)]));
    observation.insert("collected".into(), json!(midnight(report.observed_on)));
    if let Some(word) = &answer.attestation {
        evidence.push(json!({ "description": prose(&format!(
            "Attested by {}, {}, on {}: {}", word.by, word.role, word.on, word.evidence
        )) }));
        observation.insert("expires".into(), json!(midnight(word.expires)));
    }
    insert_list(&mut observation, "relevant-evidence", evidence);
    Value::Object(observation)
}

fn subject_reference(report: &Report, subject: &str) -> Value {
    json!({ "subject-uuid": subject_uuid(report, subject), "type": "inventory-item" })
}

fn target(rule: &RuleReport, state: State) -> Value {
    let (satisfied, reason) = match state {
        State::Pass | State::NotApplicable => ("satisfied", "pass"),
        State::Attested => ("satisfied", "other"),
        State::Fail | State::Excepted => ("not-satisfied", "fail"),
        State::NotObserved | State::AttestationExpired | State::Error => ("not-satisfied", "other"),
    };
    json!({
        "type": "objective-id",
        "target-id": token(&rule.id),
        "title": prose(&rule.title),
        "status": { "state": satisfied, "reason": reason },
    })
}

fn risk_uuid(ids: &Ids, rule: &RuleReport) -> String {
    ids.made(&["risk", &rule.id])
}

fn risk(ids: &Ids, rule: &RuleReport, state: State, related: Vec<Value>) -> Value {
    let mut risk = Map::new();
    risk.insert("uuid".into(), json!(risk_uuid(ids, rule)));
    risk.insert("title".into(), prose(&format!("{} does not hold", rule.id)));
    risk.insert("description".into(), prose(&rule.title));
    risk.insert("statement".into(), prose(&rule.statement));
    risk.insert("props".into(), json!([property("severity", &rule.severity)]));
    let status = if state == State::Excepted { "deviation-approved" } else { "open" };
    risk.insert("status".into(), json!(status));
    let exceptions = || rule.answers.iter().filter_map(|answer| answer.exception.as_ref());
    // The first day on which somebody has to answer again.
    let first: Option<Date> = exceptions().map(|exception| exception.expires).min();
    if let Some(first) = first.filter(|_| state == State::Excepted) {
        risk.insert("deadline".into(), json!(midnight(first)));
    }
    let mut words: Vec<String> = exceptions()
        .map(|exception| {
            format!("{} answers for it until {}: {}", exception.owner, exception.expires, exception.reason)
        })
        .collect();
    words.dedup();
    let factors: Vec<Value> = words
        .iter()
        .enumerate()
        .map(|(index, text)| {
            json!({
                "uuid": ids.made(&["exception", &rule.id, &index.to_string()]),
                "description": prose(text),
            })
        })
        .collect();
    insert_list(&mut risk, "mitigating-factors", factors);
    risk.insert(
        "remediations".into(),
        json!([{
            "uuid": ids.made(&["remedy", &rule.id]),
            "lifecycle": "recommendation",
            "title": "What to do",
            "description": prose(&rule.remedy),
        }]),
    );
    insert_list(&mut risk, "related-observations", related);
    Value::Object(risk)
}

fn rule_properties(rule: &RuleReport, state: State) -> Vec<Value> {
    let mut properties = vec![
        property("verdict", state.as_str()),
        property("product", &rule.product),
        property("level", level_words(rule.level)),
        property("owner", owner_words(rule.owner)),
        property("severity", &rule.severity),
    ];
    properties.extend(rule.cfr.iter().map(|section| property("cfr", section)));
    properties.extend(rule.source.iter().map(|place| property("source", place)));
    properties
}

fn answers_by_state(rule: &RuleReport) -> BTreeMap<State, usize> {
    let mut counts = BTreeMap::new();
    for answer in &rule.answers {
        *counts.entry(State::of_answer(answer)).or_insert(0) += 1;
    }
    counts
}

fn property(name: &str, value: &str) -> Value {
    json!({ "name": name, "ns": NAMESPACE, "value": filled(one_line(value)) })
}

fn insert_list(object: &mut Map<String, Value>, key: &str, list: Vec<Value>) {
    if !list.is_empty() {
        object.insert(key.to_owned(), Value::Array(list));
    }
}

/// Text as `markup-line`: what Markdown would take for markup stands behind a backslash.
fn prose(text: &str) -> Value {
    let mut escaped = String::new();
    for character in one_line(text).chars() {
        if matches!(
            character,
            '\\' | '`'
                | '*'
                | '_'
                | '{'
                | '}'
                | '['
                | ']'
                | '<'
                | '>'
                | '&'
                | '#'
                | '~'
                | '^'
                | '|'
                | '!'
                | '$'
        ) {
            escaped.push('\\');
        }
        escaped.push(character);
    }
    json!(filled(escaped))
}

/// A rule's id as a `token`: every other character is written as its number, so that different ids stay so.
fn token(id: &str) -> String {
    let mut token = String::new();
    for character in id.chars() {
        let is_first = token.is_empty();
        if character.is_ascii_alphabetic()
            || (!is_first && (character.is_ascii_digit() || character == '-' || character == '.'))
        {
            token.push(character);
        } else {
            token.push_str(&format!("_{:x}_", u32::from(character)));
        }
    }
    if token.is_empty() { "_".to_owned() } else { token }
}

fn filled(text: String) -> String {
    if text.is_empty() { "-".to_owned() } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_has_letters_and_keeps_ids_apart() {
        assert_eq!(token("SMS-GEO-1"), "SMS-GEO-1");
        assert_eq!(token("1a"), "_31_a");
        assert_ne!(token("a b"), token("a_b"));
        assert_eq!(token(""), "_");
    }

    #[test]
    fn prose_is_not_markup() {
        assert_eq!(prose("<b>*x*\n[y](z)"), json!("\\<b\\>\\*x\\* \\[y\\](z)"));
        assert_eq!(prose(" "), json!("-"));
    }
}
