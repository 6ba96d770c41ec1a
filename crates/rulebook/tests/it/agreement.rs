//! Designation as an action: agreement, entitlement, path, Organization, and its end.

use crate::guard::{assert_allowed, assert_refused, project, refusal, settings, undesignated};
use rulebook::designation::{Clearance, Path, may_use};
use rulebook::guard::{DesignateFacts, Organization};
use rulebook::{AccountFacts, Action, Date};

fn day(text: &str) -> Date {
    Date::parse(text).unwrap()
}

fn by_self_service() -> DesignateFacts {
    DesignateFacts {
        path: Path::SelfService,
        agreement_initiated: day("2024-06-07"),
        migrated: false,
        organization: Organization::Linked,
        entitled: true,
        request_reference: false,
    }
}

fn by_support() -> DesignateFacts {
    DesignateFacts {
        path: Path::Support,
        agreement_initiated: day("2024-06-05"),
        organization: Organization::Absent,
        request_reference: true,
        ..by_self_service()
    }
}

#[track_caller]
fn assert_designation_refused(facts: DesignateFacts, rule: &str, code: u32) {
    assert_refused(&undesignated(), &Action::Designate(facts), rule, code, None);
}

#[test]
fn con_baa_1__refuses_designation_without_agreement() {
    let account = AccountFacts { agreement_active: false, ..undesignated() };
    for facts in [by_self_service(), by_support()] {
        assert_refused(&account, &Action::Designate(facts), "CON-BAA-1", 77058, None);
    }
}

#[test]
fn con_baa_1__allows_designation_under_an_agreement() {
    for facts in [by_self_service(), by_support()] {
        assert!(settings(&undesignated(), &Action::Designate(facts)).discard_body);
    }
}

#[test]
fn des_edition_1__refuses_designation_without_entitlement() {
    for facts in [by_self_service(), by_support()] {
        assert_designation_refused(DesignateFacts { entitled: false, ..facts }, "DES-EDITION-1", 77065);
    }
}

#[test]
fn des_edition_1__allows_designation_with_entitlement() {
    assert_allowed(&undesignated(), &Action::Designate(by_support()));
}

#[test]
fn des_self_1__refuses_new_agreement_without_organization_or_by_support() {
    assert_designation_refused(
        DesignateFacts { organization: Organization::Absent, ..by_self_service() },
        "DES-SELF-1",
        77068,
    );
    assert_designation_refused(
        DesignateFacts { agreement_initiated: day("2024-06-07"), ..by_support() },
        "DES-SELF-1",
        77068,
    );
}

#[test]
fn des_self_1__allows_either_path_on_the_day_itself() {
    for facts in [by_self_service(), by_support()] {
        assert_allowed(
            &undesignated(),
            &Action::Designate(DesignateFacts { agreement_initiated: day("2024-06-06"), ..facts }),
        );
    }
}

#[test]
fn des_self_2__refuses_unless_all_three_facts_hold() {
    assert_designation_refused(
        DesignateFacts { organization: Organization::NotLinked, ..by_self_service() },
        "DES-SELF-2",
        77069,
    );
    // Row S2 of the truth table: every other combination is refused by some rule.
    for combination in 0..7u8 {
        let [linked, agreement_active, entitled] = [1, 2, 4].map(|bit| combination & bit != 0);
        let organization = if linked { Organization::Linked } else { Organization::NotLinked };
        let account = AccountFacts { agreement_active, ..undesignated() };
        refusal(&account, &Action::Designate(DesignateFacts { organization, entitled, ..by_self_service() }));
    }
}

#[test]
fn des_self_2__allows_linked_account() {
    assert_allowed(&undesignated(), &Action::Designate(by_self_service()));
}

#[test]
fn des_sup_1__refuses_self_service_under_an_older_agreement() {
    assert_designation_refused(
        DesignateFacts { agreement_initiated: day("2024-06-05"), ..by_self_service() },
        "DES-SUP-1",
        77074,
    );
}

#[test]
fn des_sup_1__allows_older_agreement_by_support() {
    assert_allowed(&undesignated(), &Action::Designate(by_support()));
}

#[test]
fn des_sup_2__refuses_request_without_reference() {
    assert_designation_refused(
        DesignateFacts { request_reference: false, ..by_support() },
        "DES-SUP-2",
        77075,
    );
}

#[test]
fn des_sup_2__allows_request_with_reference() {
    assert_allowed(&undesignated(), &Action::Designate(by_support()));
}

#[test]
fn des_sup_3__allows_self_service_after_migration() {
    let facts =
        DesignateFacts { agreement_initiated: day("2020-01-01"), migrated: true, ..by_self_service() };
    assert_allowed(&undesignated(), &Action::Designate(facts));
}

#[test]
fn des_sup_3__refuses_self_service_before_migration() {
    assert!(!may_use(Path::SelfService, day("2020-01-01"), false));
    assert!(may_use(Path::Support, day("2020-01-01"), false));
    assert!(!may_use(Path::Support, day("2024-06-07"), false));
}

#[test]
fn des_scope_1__refuses_undesignation_while_phi_remains() {
    let done = Clearance { phi_remains: false, purge_report: true, signed: true };
    for clearance in [
        Clearance { phi_remains: true, ..done },
        Clearance { purge_report: false, ..done },
        Clearance { signed: false, ..done },
    ] {
        assert_refused(&project(), &Action::Undesignate(clearance), "DES-SCOPE-1", 77063, None);
        assert_eq!(refusal(&project(), &Action::Undesignate(clearance)).status, 409);
        assert_allowed(&undesignated(), &Action::Undesignate(clearance));
    }
    assert_allowed(&project(), &Action::Undesignate(done));
}
