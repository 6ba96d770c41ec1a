//! No answer is ever better than what stands behind it: what could not be read never passes.

use std::sync::atomic::{AtomicUsize, Ordering};

use audit::Provider;
use audit::judge;
use audit::report::Verdict;

use super::fixture::{GOOD, Sulking, files, observed, order, recorded, resumed, seen};

fn sulking(status: Option<u16>, body: &'static str) -> Sulking {
    Sulking { recorded: recorded("twilio-good"), status, body, asked: AtomicUsize::new(0) }
}

/// Every rule that a check looks at comes to one of these.
fn all_are(status: Option<u16>, body: &'static str, allowed: &[Verdict]) {
    let files = files(GOOD);
    let service = sulking(status, body);
    let report = judge(&seen(&order(Provider::Twilio, GOOD), &service, &files), &files);
    let mut looked_at = 0;
    for rule in &report.rules {
        for answer in rule.answers.iter().filter(|answer| answer.subject == GOOD) {
            if audit::products::checks_of(Provider::Twilio).any(|check| check.rule == rule.id) {
                looked_at += 1;
                let observed = answer.observed.unwrap();
                assert!(allowed.contains(&observed), "{} after {status:?}: {observed:?}", rule.id);
                assert_ne!(answer.verdict, Verdict::Pass, "{}", rule.id);
            }
        }
    }
    assert!(looked_at > 60, "{looked_at}");
}

#[test]
fn refusals_and_missing_apis_are_not_observed() {
    for status in [401, 403, 404, 410, 429, 501] {
        all_are(Some(status), "{}", &[Verdict::NotObserved]);
    }
}

#[test]
fn failures_and_nonsense_are_errors() {
    // A probe that was not made is not observed, whatever else fails.
    for (status, body) in [
        (Some(500), ""),
        (Some(503), ""),
        (None, ""),
        (Some(200), "<html>"),
        (Some(200), "[]"),
        (Some(302), ""),
    ] {
        all_are(status, body, &[Verdict::Error, Verdict::NotObserved]);
    }
}

#[test]
fn the_budget_is_never_exceeded() {
    let files = files(GOOD);
    for budget in [1, 7, 50] {
        let service = sulking(Some(403), "{}");
        let mut order = order(Provider::Twilio, GOOD);
        order.budget = budget;
        let seen = seen(&order, &service, &files);
        assert!(service.asked.load(Ordering::Relaxed) <= budget);
        assert!(seen.requests.made <= budget);
        let report = judge(&seen, &files);
        assert!(report.headline >= Verdict::NotObserved);
    }
}

#[test]
fn a_probe_that_the_budget_does_not_cover_is_not_made() {
    let files = files(GOOD);
    let mut order = order(Provider::Twilio, GOOD);
    let whole = judge(&seen(&order, &recorded("twilio-good"), &files), &files);
    assert_eq!(observed(&whole, "GEN-SIG-2", GOOD), Some(Verdict::Pass));
    order.budget = whole.requests.made;
    let report = judge(&seen(&order, &recorded("twilio-good"), &files), &files);
    assert_eq!(observed(&report, "GEN-SIG-2", GOOD), Some(Verdict::NotObserved));
}

#[test]
fn an_interrupted_audit_goes_on_and_ends_as_one_that_was_not() {
    let files = files(GOOD);
    let (order, whole) = (order(Provider::Twilio, GOOD), recorded("twilio-good"));
    for status in [Some(500), Some(429), None] {
        let before = seen(&order, &sulking(status, ""), &files);
        let after = resumed(&order, &whole, &files, Some(before));
        let at_once = seen(&order, &whole, &files);
        assert_eq!(after.subjects, at_once.subjects, "after {status:?}");
    }
}
