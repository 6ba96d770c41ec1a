//! What changed between two reports.

use audit::diff::{Diff, Direction, FormatMismatch, compare, json, text};
use audit::render::State;

use crate::fixture::{earlier, hostile, large, small};

#[test]
fn says_what_got_worse_first() {
    let diff = compare(&earlier(), &small()).unwrap();
    let changes: Vec<(&str, &str, State, State, Direction)> = diff
        .changes
        .iter()
        .map(|change| {
            (change.rule.as_str(), change.subject.as_str(), change.from, change.to, change.direction)
        })
        .collect();
    assert_eq!(
        changes,
        [
            ("SMS-GEO-1", "AC01", State::Pass, State::Fail, Direction::Worse),
            ("GEN-HTTPS-1", "AC01", State::Fail, State::Pass, Direction::Better),
        ]
    );
    assert_eq!(diff.rules_new[0].id, "CON-BAA-1");
    assert_eq!(diff.rules_gone[0].id, "CON-OLD-1");
    assert_eq!(diff.subjects_new, ["WS01"]);
    assert!(diff.subjects_gone.is_empty());
}

#[test]
fn an_exception_is_a_change_for_the_better() {
    let (mut old, new) = (small(), small());
    old.rules[0].answers[1].exception = None;
    let diff = compare(&old, &new).unwrap();
    assert_eq!(diff.changes.len(), 1);
    assert_eq!((diff.changes[0].from, diff.changes[0].to), (State::Fail, State::Excepted));
    assert_eq!(diff.changes[0].direction, Direction::Better);
}

#[test]
fn what_gets_worse_stands_in_order_of_what_it_became() {
    let diff = compare(&large(6, 5), &large(6, 0)).unwrap();
    let keys: Vec<_> = diff.changes.iter().map(|c| (c.direction, std::cmp::Reverse(c.to))).collect();
    assert!(keys.is_sorted() && keys.len() > 100);
}

#[test]
fn a_report_does_not_differ_from_itself() {
    let diff = compare(&small(), &small()).unwrap();
    assert!(diff.is_empty());
    assert!(text(&diff).ends_with("\nNothing changed.\n"));
}

#[test]
fn refuses_reports_of_another_format() {
    let mut old = small();
    old.format = 2;
    let problem = compare(&old, &small()).unwrap_err();
    assert_eq!(problem, FormatMismatch { old: 2, new: 1 });
    assert_eq!(
        problem.to_string(),
        "the older report has format 2, the newer one 1, and this program compares format 1 only: audit again \
         with this version, or compare with the version that wrote both"
    );
    // Both alike, and unknown here.
    let mut new = small();
    new.format = 2;
    assert!(compare(&old, &new).is_err());
}

#[test]
fn is_read_back_and_steers_no_terminal() {
    let diff = compare(&small(), &hostile()).unwrap();
    let read_back: Diff = serde_json::from_str(&json(&diff)).unwrap();
    assert_eq!(read_back, diff);
    let shown = text(&diff);
    assert!(shown.contains("two different services"));
    assert!(!shown.contains(|c: char| c.is_control() && c != '\n'));
}
