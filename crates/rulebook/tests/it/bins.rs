//! TwiML Bins: what may stand in one.

use crate::guard::{assert_allowed, assert_refused, project, undesignated};
use rulebook::Action;

#[test]
fn rt_bin_1__refuses_findings_in_a_hipaa_project() {
    let action = Action::UseBin { has_findings: true };
    assert_refused(&project(), &action, "RT-BIN-1", 77179, Some("Twiml"));
}

#[test]
fn rt_bin_1__allows_findings_outside_hipaa_projects() {
    assert_allowed(&undesignated(), &Action::UseBin { has_findings: true });
}

#[test]
fn rt_bin_2__refuses_a_bin_with_findings_alone() {
    let refused = Action::UseBin { has_findings: true };
    assert_refused(&project(), &refused, "RT-BIN-1", 77179, Some("Twiml"));
    assert_allowed(&project(), &Action::UseBin { has_findings: false });
}

#[test]
fn rt_bin_2__allows_a_bin_without_findings_everywhere() {
    for account in [project(), undesignated()] {
        assert_allowed(&account, &Action::UseBin { has_findings: false });
    }
}
