//! SARIF and OSCAL: what each verdict becomes. Their schemas are asked in `conformance/audit`.

use audit::render;
use serde_json::Value;

use crate::fixture::{date, hostile, small};

fn sarif(report: &audit::report::Report) -> Value {
    serde_json::from_str(&render::sarif(report)).unwrap()
}

fn result<'a>(log: &'a Value, rule: &str, subject: &str) -> &'a Value {
    let results = log["runs"][0]["results"].as_array().unwrap();
    let wanted = |result: &&Value| {
        result["ruleId"] == rule && result["locations"][0]["logicalLocations"][0]["name"] == subject
    };
    results.iter().find(wanted).unwrap()
}

#[test]
fn sarif_has_a_kind_for_every_verdict_and_a_level_for_failures() {
    let log = sarif(&small());
    for (rule, subject, kind, level) in [
        ("SMS-GEO-1", "AC01", "fail", "error"),
        ("SMS-MEDIA-2", "AC02", "fail", "warning"),
        ("SMS-GEO-1", "WS01", "notApplicable", "none"),
        ("VOI-REC-1", "AC01", "review", "none"),
        ("VOI-REC-1", "AC02", "review", "none"),
        ("VOI-REC-1", "WS01", "open", "none"),
        ("SEG-KEY-1", "WS01", "open", "none"),
        ("GEN-HTTPS-1", "AC01", "pass", "none"),
    ] {
        let result = result(&log, rule, subject);
        assert_eq!((&result["kind"], &result["level"]), (&kind.into(), &level.into()), "{rule} {subject}");
    }
    assert_eq!(result(&log, "SMS-GEO-1", "WS01")["locations"][0]["logicalLocations"][0]["kind"], "workspace");
}

#[test]
fn sarif_suppresses_what_stands_under_an_exception_and_nothing_else() {
    let log = sarif(&small());
    for result in log["runs"][0]["results"].as_array().unwrap() {
        let excepted =
            result["locations"][0]["logicalLocations"][0]["name"] == "AC02" && result["kind"] == "fail";
        assert_eq!(result.get("suppressions").is_some(), excepted, "{result}");
    }
    let suppression = &result(&log, "SMS-GEO-1", "AC02")["suppressions"][0];
    assert_eq!(suppression["status"], "accepted");
    assert!(suppression["justification"].as_str().unwrap().contains("Head of Operations, until 2027-03-31"));
}

#[test]
fn a_dashboard_follows_a_finding_from_run_to_run() {
    let mut later = small();
    later.observed_on = date("2027-02-01");
    let (now, then) = (sarif(&small()), sarif(&later));
    let (now, then) = (result(&now, "SMS-GEO-1", "AC01"), result(&then, "SMS-GEO-1", "AC01"));
    assert_eq!(now["partialFingerprints"], then["partialFingerprints"]);
    assert_ne!(now["guid"], then["guid"]);
}

#[test]
fn a_message_of_sarif_has_no_placeholder_and_no_link() {
    let log = sarif(&hostile());
    for result in log["runs"][0]["results"].as_array().unwrap() {
        let text = result["message"]["text"].as_str().unwrap();
        assert!(text.contains("{{0}}\\[l\\](javascript:1)"), "{text}");
    }
}

#[test]
fn oscal_has_a_finding_per_rule_that_applies_and_a_risk_per_failure() {
    let document: Value = serde_json::from_str(&render::oscal_results(&small())).unwrap();
    let results = &document["assessment-results"]["results"][0];
    let findings = results["findings"].as_array().unwrap();
    let states: Vec<(&str, &str, &str)> = findings
        .iter()
        .map(|finding| {
            let target = &finding["target"];
            (
                target["target-id"].as_str().unwrap(),
                target["status"]["state"].as_str().unwrap(),
                target["status"]["reason"].as_str().unwrap(),
            )
        })
        .collect();
    assert_eq!(
        states,
        [
            ("SMS-GEO-1", "not-satisfied", "fail"),
            ("SMS-MEDIA-2", "not-satisfied", "fail"),
            ("VOI-REC-1", "not-satisfied", "other"),
            ("SEG-KEY-1", "not-satisfied", "other"),
            ("GEN-HTTPS-1", "satisfied", "pass"),
            ("CON-BAA-1", "satisfied", "other"),
        ]
    );
    let risks: Vec<(&str, Option<&str>)> = results["risks"]
        .as_array()
        .unwrap()
        .iter()
        .map(|risk| (risk["status"].as_str().unwrap(), risk["deadline"].as_str()))
        .collect();
    assert_eq!(risks, [("open", None), ("deviation-approved", Some("2027-03-31T00:00:00Z"))]);
    let controls = &results["reviewed-controls"]["control-selections"][0];
    assert_eq!(controls["exclude-controls"][0]["control-id"], "DOC-1");
    assert_eq!(controls["include-controls"].as_array().unwrap().len(), 6);
}

#[test]
fn an_attestation_is_an_interview_that_expires() {
    let document: Value = serde_json::from_str(&render::oscal_results(&small())).unwrap();
    let observations = &document["assessment-results"]["results"][0]["observations"];
    let interviews: Vec<&Value> =
        observations.as_array().unwrap().iter().filter(|item| item["methods"][0] == "INTERVIEW").collect();
    assert_eq!(interviews.len(), 4);
    assert!(interviews.iter().all(|item| item["expires"].is_string()));
}

#[test]
fn oscal_ids_follow_the_subject_and_the_content() {
    let mut later = small();
    later.observed_on = date("2027-02-01");
    let read = |report| -> Value { serde_json::from_str(&render::oscal_results(report)).unwrap() };
    let (now, then) = (read(&small()), read(&later));
    let results = |document: &Value| document["assessment-results"]["results"][0].clone();
    assert_eq!(results(&now)["local-definitions"], results(&then)["local-definitions"]);
    assert_ne!(now["assessment-results"]["uuid"], then["assessment-results"]["uuid"]);
    assert_ne!(results(&now)["findings"][0]["uuid"], results(&then)["findings"][0]["uuid"]);
}

#[test]
fn the_component_names_the_edition_and_every_rule() {
    let document: Value = serde_json::from_str(&render::oscal_component(&small())).unwrap();
    let definition = &document["component-definition"];
    let implementation = &definition["components"][0]["control-implementations"][0];
    let source = implementation["source"].as_str().unwrap().trim_start_matches('#');
    assert_eq!(definition["back-matter"]["resources"][0]["uuid"], source);
    assert_eq!(implementation["implemented-requirements"].as_array().unwrap().len(), small().rules.len());
}

#[test]
fn the_component_names_the_tests_that_prove_each_rule_and_the_state_of_the_ledger() {
    let read = |report: &audit::report::Report| -> Value {
        serde_json::from_str(&render::oscal_component(report)).unwrap()
    };
    let component = |document: &Value| document["component-definition"]["components"][0].clone();
    let own = component(&read(&small()));
    assert!(own["remarks"].as_str().unwrap().contains("The ledger verifies: 42 entries"), "{own}");
    let requirements = own["control-implementations"][0]["implemented-requirements"].clone();
    let of = |requirement: &Value, name: &str| -> Vec<String> {
        let properties = requirement["props"].as_array().unwrap().iter();
        let named = properties.filter(|property| property["name"] == name);
        named.map(|property| property["value"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(of(&requirements[0], "proving-test"), ["sms_geo_1__refuses_it"]);
    assert_eq!(of(&requirements[0], "implemented-in"), ["rulebook::guard"]);
    assert_eq!(of(&requirements[0], "implementation"), ["enforced, and proven by tests"]);
    // A report on somebody else says nothing of the kind.
    let mut other = small();
    other.inside = None;
    other.rules.iter_mut().for_each(|rule| rule.built = None);
    let other = component(&read(&other));
    assert!(other["remarks"].is_null());
    let first = &other["control-implementations"][0]["implemented-requirements"][0];
    assert!(of(first, "proving-test").is_empty());
}
