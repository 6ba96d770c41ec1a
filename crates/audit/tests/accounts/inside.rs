//! What Switchward's own store, ledger and tests say of its rules, without any API.

use audit::files::{Files, Method};
use audit::inside::{InForce, Inside, Keys, Ledger, Settings};
use audit::judge;
use audit::report::{Answer, Report, RuleReport, Verdict};
use rulebook::{Date, Status};

const SID: &str = "AC00000000000000000000000000000a11";

fn day(text: &str) -> Date {
    Date::parse(text).expect("a day")
}

/// A HIPAA project as `init --hipaa` makes it, with everything on that can be.
fn whole() -> Inside {
    Inside {
        ledger: Ledger { intact: true, entries: 9, checkpoints: 2, root: "00ff".to_owned(), faults: 0 },
        keys: Keys {
            master_key: "local:1".to_owned(),
            scopes: 3,
            under_others: 0,
            oldest: Some(day("2026-01-01")),
        },
        accounts: vec![Settings {
            sid: SID.to_owned(),
            parent: None,
            created: day("2026-01-01"),
            protected: true,
            phi_permitted: true,
            method: Some(Method::SelfService),
            designated_on: Some(day("2026-01-02")),
            linked: true,
            entitled: true,
            agreement: Some(InForce {
                sid: "BA1".to_owned(),
                initiated: day("2026-01-01"),
                signed: day("2026-01-01"),
                services: vec!["messaging".to_owned()],
            }),
            body_redaction: true,
            number_redaction: true,
            us_territories: false,
            registered_parties: 1,
            client_validation: true,
        }],
    }
}

fn report(inside: Inside) -> Report {
    let files = Files { designation: inside.designation(), ..Files::default() };
    judge(&inside.alone("this machine", day("2026-11-26")), &files)
}

fn rule<'a>(report: &'a Report, id: &str) -> &'a RuleReport {
    report.rules.iter().find(|rule| rule.id == id).expect("the rule")
}

fn answer<'a>(report: &'a Report, id: &str) -> &'a Answer {
    &rule(report, id).answers[0]
}

/// Goal: a rule passes for what the program enforces, proves, and has switched on; what is not built says so, and passes
/// nowhere by itself.
#[test]
fn passes_what_is_proven_and_nothing_that_is_not_built() {
    let report = report(whole());
    let mut passed = 0;
    for rule in &report.rules {
        let built = rule.built.as_ref().expect("every rule says how far it is built");
        let answer = &rule.answers[0];
        if answer.verdict == Verdict::Pass && !rule.id.starts_with("DES-") {
            passed += 1;
            assert_eq!(built.status, Status::Proven, "{}", rule.id);
            assert!(!built.tests.is_empty() && !answer.evidence.is_empty(), "{}", rule.id);
        }
        if built.status == Status::Declared
            && answer.verdict != Verdict::NotApplicable
            && !rule.id.starts_with("DES-")
        {
            assert_eq!(answer.verdict, Verdict::NotObserved, "{}", rule.id);
            assert!(answer.reason.starts_with("Not built"), "{}: {}", rule.id, answer.reason);
        }
    }
    assert!(passed > 25, "{passed}");
    for id in ["SMS-REDACT-1", "SMS-GEO-1", "GEN-HTTPS-2", "GEN-SIG-1", "ART-CTRL-AUDIT", "CON-BAA-1"] {
        assert_eq!(rule(&report, id).verdict, Verdict::Pass, "{id}: {}", answer(&report, id).reason);
    }
    let tests = &rule(&report, "SMS-GEO-1").built.as_ref().expect("it is").tests;
    assert!(tests.iter().all(|test| test.starts_with("sms_geo_1__")), "{tests:?}");
    assert_eq!(report.inside.expect("it is about itself").ledger.entries, 9);
}

/// A rule, what it comes to, and what is spoilt for that.
type Case = (&'static str, Verdict, fn(&mut Inside));

/// Goal: direct evidence speaks against a rule too. Method: one fact at a time is spoilt.
#[test]
fn what_the_store_says_otherwise_fails() {
    let cases: [Case; 9] = [
        ("ART-CTRL-AUDIT", Verdict::Fail, |it| it.ledger.intact = false),
        ("CON-BAA-1", Verdict::Fail, |it| it.accounts[0].agreement = None),
        ("SMS-REDACT-1", Verdict::Fail, |it| it.accounts[0].body_redaction = false),
        ("SMS-REDACT-2", Verdict::Fail, |it| it.accounts[0].number_redaction = false),
        ("SMS-REDACT-3", Verdict::Fail, |it| it.accounts[0].number_redaction = false),
        ("DES-EDITION-1", Verdict::Fail, |it| it.accounts[0].entitled = false),
        ("DES-SELF-2", Verdict::Fail, |it| it.accounts[0].linked = false),
        ("GEN-PKCV-1", Verdict::Fail, |it| it.accounts[0].client_validation = false),
        ("ART-CTRL-INTEG", Verdict::NotObserved, |it| it.accounts[0].registered_parties = 0),
    ];
    let good = report(whole());
    for (id, expected, spoil) in cases {
        assert_eq!(answer(&good, id).observed, Some(Verdict::Pass), "{id}");
        let mut inside = whole();
        spoil(&mut inside);
        let spoilt = report(inside);
        assert_eq!(answer(&spoilt, id).observed, Some(expected), "{id}");
        assert_eq!(answer(&spoilt, id).evidence.len(), 1, "{id}");
    }
}

#[test]
fn an_account_that_is_not_designated_is_not_judged_and_one_that_only_a_file_designates_fails() {
    let mut open = whole();
    open.accounts[0].protected = false;
    open.accounts[0].phi_permitted = false;
    assert_eq!(answer(&report(open.clone()), "SMS-REDACT-1").verdict, Verdict::NotApplicable);
    let files = Files { designation: whole().designation(), ..Files::default() };
    let judged = judge(&open.alone("this machine", day("2026-11-26")), &files);
    assert_eq!(answer(&judged, "SMS-REDACT-1").verdict, Verdict::Fail);
    assert_eq!(answer(&judged, "SMS-REDACT-1").evidence[0].field, "protected");
}

#[test]
fn is_kept_with_the_observations() {
    let seen = whole().alone("this machine", day("2026-11-26"));
    let text = serde_json::to_string(&seen).expect("JSON");
    let again: audit::observations::Observations = serde_json::from_str(&text).expect("what was written");
    assert_eq!(again, seen);
}
