//! No answer is ever better than what stands behind it: what could not be read never passes.

use std::sync::atomic::{AtomicUsize, Ordering};

use audit::Provider;
use audit::judge;
use audit::report::Verdict;

use super::fixture::{GOOD, PAIRS, Pair, Sulking, TWILIO, files, observed, order, recorded, resumed, seen};

fn sulking(pair: Pair, status: Option<u16>, body: &'static str) -> Sulking {
    Sulking { recorded: pair.good_recorded(), status, body, asked: AtomicUsize::new(0) }
}

/// What a service may do instead of answering: a status (none: the connection breaks), a body, and what every rule then
/// comes to. A probe that was not made is not observed, whatever else fails.
const SULKS: [(Option<u16>, &str, &[Verdict]); 16] = [
    (Some(401), "{}", NOT_OBSERVED),
    (Some(403), "{}", NOT_OBSERVED),
    (Some(404), "{}", NOT_OBSERVED),
    (Some(405), "{}", NOT_OBSERVED),
    (Some(410), "{}", NOT_OBSERVED),
    (Some(429), "{}", NOT_OBSERVED),
    (Some(501), "{}", NOT_OBSERVED),
    (Some(500), "", ERROR),
    (Some(503), "", ERROR),
    (None, "", ERROR),
    (Some(200), "<html>", ERROR),
    (Some(200), "[]", ERROR),
    (Some(200), "", ERROR),
    (Some(200), "{}", ERROR),
    (Some(302), "", ERROR),
    (Some(400), r#"{"errors":[{"type":"bad-request"}]}"#, ERROR),
];
const NOT_OBSERVED: &[Verdict] = &[Verdict::NotObserved];
const ERROR: &[Verdict] = &[Verdict::Error, Verdict::NotObserved];

#[test]
fn no_provider_that_does_not_answer_passes() {
    for pair in PAIRS {
        let files = files(pair.good);
        for (status, body, allowed) in SULKS {
            let service = sulking(pair, status, body);
            let report = judge(&seen(&order(pair.provider, pair.good), &service, &files), &files);
            let mut errors = 0;
            for rule in pair.rules() {
                let what = format!("{} {rule} after {status:?} {body:?}", pair.provider.as_str());
                let observed = observed(&report, rule, pair.good).unwrap();
                assert!(allowed.contains(&observed), "{what}: {observed:?}");
                errors += usize::from(observed == Verdict::Error);
            }
            let passed = report.rules.iter().filter(|rule| pair.rules().contains(rule.id.as_str()));
            assert!(passed.flat_map(|rule| &rule.answers).all(|it| it.verdict != Verdict::Pass));
            assert_eq!(errors > 0, allowed == ERROR, "{} after {status:?} {body:?}", pair.provider.as_str());
        }
    }
}

#[test]
fn the_budget_is_never_exceeded() {
    let files = files(GOOD);
    for budget in [1, 7, 50] {
        let service = sulking(TWILIO, Some(403), "{}");
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
        let before = seen(&order, &sulking(TWILIO, status, ""), &files);
        let after = resumed(&order, &whole, &files, Some(before));
        let at_once = seen(&order, &whole, &files);
        assert_eq!(after.subjects, at_once.subjects, "after {status:?}");
    }
}

#[test]
fn what_nobody_wrote_down_is_not_asked() {
    let mut files = files(GOOD);
    files.designation.retention.clear();
    files.designation.organization = None;
    let report = judge(&seen(&order(Provider::Twilio, GOOD), &recorded("twilio-good"), &files), &files);
    for rule in ["ART-CTRL-RETAIN", "DES-SELF-1", "DES-SELF-2"] {
        assert_eq!(observed(&report, rule, GOOD), Some(Verdict::NotObserved), "{rule}");
    }
}
