//! The shipped data: complete, countable, and consistent with the code.

use rulebook::enforced::{ENFORCED, Effect};
use rulebook::records::{Means, ObserveClass};
use rulebook::{Eligibility, Level, Owner, Policy, Rulebook, Status, codes};
use std::collections::BTreeSet;

#[test]
fn every_edition_loads() {
    let rulebook = Rulebook::load().unwrap();
    assert_eq!(rulebook.editions().len(), 1);
    assert!(rulebook.edition("2024-12-11").is_some());
    assert!(rulebook.edition("2024-12-12").is_none());
}

#[test]
fn counts_by_level_and_owner_equal_the_guides() {
    let rulebook = Rulebook::embedded();
    let counts = rulebook.counts();
    assert_eq!(counts.total, 246);
    assert_eq!(Level::ALL.map(|level| counts.by_level[&level]), [97, 10, 38, 34, 34, 18, 15]);
    assert_eq!(counts.by_status.values().sum::<usize>(), 246);
    let owned = |owner| rulebook.rules().iter().filter(|rule| rule.owner == owner).count();
    assert_eq!([Owner::Customer, Owner::Platform, Owner::Both].map(owned), [194, 43, 9]);
}

#[test]
fn counts_by_means_and_observation_equal_the_guides() {
    let rules = Rulebook::embedded().rules();
    let using = |means| rules.iter().filter(|rule| rule.means.contains(&means)).count();
    assert_eq!(
        [Means::Refuse, Means::Default, Means::Audit, Means::Attest, Means::Posture].map(using),
        [118, 87, 32, 57, 48]
    );
    let seen = |class| rules.iter().filter(|rule| rule.observe_classes.contains(&class)).count();
    let classes = [ObserveClass::Api, ObserveClass::Sample, ObserveClass::Probe, ObserveClass::NotObservable];
    assert_eq!(classes.map(seen), [138, 38, 21, 79]);
    let attestation_only =
        rules.iter().filter(|rule| rule.observe_classes == [ObserveClass::NotObservable]).count();
    assert_eq!(attestation_only, 54);
}

#[test]
fn every_rule_has_a_note_for_the_evidence_report() {
    const ROLES: [&str; 6] = [
        "Privacy officer",
        "Security officer",
        "Engineering lead",
        "Workforce training lead",
        "Contract owner",
        "Data owner",
    ];
    let edition = Rulebook::embedded().latest();
    for rule in &edition.rules {
        let note = edition.note(&rule.id).unwrap_or_else(|| panic!("{} has no note", rule.id));
        assert!(!note.title.is_empty() && note.title.len() <= 60, "{}", rule.id);
        assert!(note.remedy.ends_with('.') && note.remedy.len() <= 160, "{}", rule.id);
        assert!(note.question.ends_with('?') && note.question.len() <= 200, "{}", rule.id);
        assert!(ROLES.contains(&note.role.as_str()), "{}", rule.id);
        assert!([30, 90, 180, 365].contains(&note.attest_days), "{}", rule.id);
        for citation in &note.cfr {
            assert!(citation.starts_with("164.") || citation.starts_with("160."), "{}: {citation}", rule.id);
        }
    }
    assert_eq!(edition.notes.len(), edition.rules.len());
}

#[test]
fn ids_are_unique_and_no_text_is_empty() {
    let rulebook = Rulebook::embedded();
    let ids: Vec<&str> = rulebook.rule_ids().collect();
    assert_eq!(ids.iter().collect::<BTreeSet<_>>().len(), ids.len());
    for rule in rulebook.rules() {
        let texts = [&rule.product, &rule.statement, &rule.enforcement, &rule.observe, &rule.proof_wanted];
        assert!(texts.iter().all(|text| !text.trim().is_empty()), "{}", rule.id);
        assert!(!rule.source.is_empty(), "{}", rule.id);
        assert!(
            rule.source.iter().all(|source| source.starts_with("G:") || source.starts_with("A:")),
            "{}",
            rule.id
        );
    }
    assert_eq!(rulebook.latest().derived.len(), 22);
    assert!(rulebook.derived("D-RED-3").is_some());
}

#[test]
fn con_label_1__keeps_a_level_on_every_rule_and_a_verdict_on_every_system() {
    let systems = &Rulebook::embedded().latest().systems;
    assert_eq!(systems.len(), 101);
    let with = |verdict| systems.iter().filter(|system| system.verdict == verdict).count();
    assert_eq!(
        [Eligibility::Eligible, Eligibility::Conditions, Eligibility::NotEligible].map(with),
        [21, 56, 24]
    );
    assert!(systems.iter().all(|system| !system.rules.is_empty()));
}

#[test]
fn enforced_rows_name_rules_and_numbers_that_exist() {
    let rulebook = Rulebook::embedded();
    for row in ENFORCED {
        assert!(rulebook.status(row.rule).is_some_and(|status| status >= Status::Enforced), "{}", row.rule);
        assert_eq!(row.code.is_some(), row.effect == Effect::Refuse, "{}", row.rule);
        assert!(row.code.is_none_or(|code| codes::row(code).is_some()), "{}", row.rule);
    }
    assert!(ENFORCED.windows(2).all(|pair| pair[0].rule <= pair[1].rule), "rows are sorted by rule");
}

#[test]
fn status_of_an_unknown_rule_is_none() {
    assert_eq!(Rulebook::embedded().status("SMS-GEO-999"), None);
    assert_eq!(Rulebook::embedded().status("GEN-PROXY-1"), Some(Status::Declared));
    assert!(Rulebook::embedded().rule("SMS-GEO-1").is_some());
    assert!(Rulebook::embedded().rule("D-RED-3").is_none());
}

#[test]
fn listing_joins_rules_with_what_the_code_does() {
    let listing = Rulebook::embedded().listing();
    assert_eq!(listing.len(), 246);
    let geography = listing.iter().find(|row| row.rule.id == "SMS-GEO-1").unwrap();
    assert_eq!(geography.enforced.iter().filter_map(|row| row.code).collect::<Vec<_>>(), [21408]);
}

#[test]
fn default_policy_is_strict_but_for_a_register_nobody_keeps_yet() {
    let strict = Policy {
        us_territories: false,
        strict: true,
        quarantine_foreign_inbound: false,
        registered_hosts_only: false,
        verify_push: false,
        inherit_self_service: false,
    };
    assert_eq!(Policy::default(), strict);
}

#[test]
fn history_is_dated_and_newest_first() {
    let edition = Rulebook::embedded().latest();
    assert_eq!(edition.changes.len(), 22);
    assert!(edition.changes.windows(2).all(|pair| pair[0].date > pair[1].date));
    assert_eq!(edition.changes.first().map(|change| change.date), Some(edition.id));
}
