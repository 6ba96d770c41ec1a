//! The good account passes, the bad one fails, and the same observations give the same bytes.

use audit::report::Verdict;
use audit::{Provider, products, render};

use super::fixture::{BAD, GOOD, audited, observed};

/// Rules whose check looks for a member that the published schemas do not have (tags, subjects of mail): no account
/// made from them can fail there. The checks leave them to a person besides.
const CANNOT_FAIL: &[&str] = &["SMS-TAG-1", "SMS-TAG-2", "ART-RESTR-SUBJ"];

fn deviations(provider: Provider, name: &str, subject: &str, wanted: Verdict) -> Vec<String> {
    let report = audited(provider, name, subject);
    let mut rules: Vec<&str> = products::checks_of(provider).map(|check| check.rule).collect();
    rules.sort_unstable();
    rules.dedup();
    rules
        .into_iter()
        .filter(|rule| wanted != Verdict::Fail || !CANNOT_FAIL.contains(rule))
        .filter(|rule| observed(&report, rule, subject) != Some(wanted))
        .map(|rule| {
            let found = report.rules.iter().find(|it| it.id == rule).unwrap();
            let answer = found.answers.iter().find(|it| it.subject == subject).unwrap();
            format!("{rule}: {:?} {} {:?}", answer.observed, answer.reason, answer.evidence)
        })
        .collect()
}

#[test]
fn every_check_passes_on_the_good_account() {
    let deviations = deviations(Provider::Twilio, "twilio-good", GOOD, Verdict::Pass);
    assert!(deviations.is_empty(), "{}:\n{}", deviations.len(), deviations.join("\n"));
}

#[test]
fn every_check_fails_on_the_bad_account() {
    let deviations = deviations(Provider::Twilio, "twilio-bad", BAD, Verdict::Fail);
    assert!(deviations.is_empty(), "{}:\n{}", deviations.len(), deviations.join("\n"));
}

#[test]
fn the_same_observations_give_the_same_bytes() {
    let (one, other) =
        (audited(Provider::Twilio, "twilio-bad", BAD), audited(Provider::Twilio, "twilio-bad", BAD));
    assert_eq!(render::json(&one), render::json(&other));
    assert_eq!(render::html(&one, None), render::html(&other, None));
    assert_eq!(render::oscal_results(&one), render::oscal_results(&other));
}

#[test]
fn evidence_holds_nothing_of_the_content() {
    // Goal: no text of the audited account leaves the process. Method: the bad account's bodies, names and numbers are
    // looked for in every form of the report.
    let path = format!("{}/tests/fixtures/twilio-bad.json", env!("CARGO_MANIFEST_DIR"));
    let recorded: serde_json::Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    let mut texts = Vec::new();
    collect(&recorded, &mut texts);
    assert!(texts.len() > 10, "the control: there is content to look for ({})", texts.len());
    let report = audited(Provider::Twilio, "twilio-bad", BAD);
    for rendered in
        [render::json(&report), render::csv(&report), render::html(&report, None), render::sarif(&report)]
    {
        for text in &texts {
            assert!(!rendered.contains(text.as_str()), "{text}");
        }
    }
}

/// Texts with a space or a plus in front: bodies, names and numbers; what our own sentences could hold is left out.
fn collect(value: &serde_json::Value, texts: &mut Vec<String>) {
    match value {
        serde_json::Value::String(text) => {
            let is_number = text.starts_with('+') && text.len() > 8;
            let is_sentence = text.split(' ').count() > 3 && !text.contains(" +0000");
            if is_number || is_sentence {
                texts.push(text.clone());
            }
        }
        serde_json::Value::Array(items) => items.iter().for_each(|item| collect(item, texts)),
        serde_json::Value::Object(members) => members.values().for_each(|member| collect(member, texts)),
        _ => {}
    }
}
