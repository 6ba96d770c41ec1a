//! Capabilities, lookups and settings.

use crate::guard::{assert_allowed, assert_refused, project, refusal, undesignated};
use rulebook::guard::{CapabilityFacts, LookupFacts, SettingChange};
use rulebook::{AccountFacts, Action, Eligibility, Rulebook, decide};

fn capability(system: &str) -> CapabilityFacts<'_> {
    CapabilityFacts { system, ai_ml: false, declared_phi: false, attested_phi_free: false }
}

#[test]
fn con_nelist_1__refuses_what_is_not_on_the_list() {
    for system in ["fax", "notify", "", "VERIFY-PUSH"] {
        assert_refused(&project(), &Action::UseCapability(capability(system)), "CON-NELIST-1", 77253, None);
    }
    for package in ["sim_swap", "identity_match", "anything"] {
        let lookup = Action::Lookup(LookupFacts { packages: &["validation", package], add_ons: false });
        assert_refused(&project(), &lookup, "CON-NELIST-1", 77253, Some("Fields"));
    }
}

#[test]
fn con_nelist_1__allows_every_eligible_system_and_refuses_every_other() {
    for system in &Rulebook::embedded().latest().systems {
        let action = Action::UseCapability(capability(&system.id));
        assert_allowed(&undesignated(), &action);
        if system.id == "verify-push" {
            continue; // Behind a policy switch, tested below.
        }
        if system.verdict == Eligibility::NotEligible {
            let refusal = refusal(&project(), &action);
            assert_eq!(Some(refusal.rule), system.rules.first().map(String::as_str), "{}", system.id);
        } else {
            assert_allowed(&project(), &action);
        }
    }
}

#[test]
fn des_scope_1__refuses_phi_in_a_capability_of_an_undesignated_account() {
    let facts = CapabilityFacts { declared_phi: true, ..capability("sync") };
    assert_refused(&undesignated(), &Action::UseCapability(facts), "DES-SCOPE-1", 77064, None);
    assert_allowed(&project(), &Action::UseCapability(facts));
}

#[test]
fn ai_gen_1__refuses_by_tag_whatever_the_name() {
    for system in ["sync", "programmable-sms", "something-new"] {
        let facts = CapabilityFacts { ai_ml: true, ..capability(system) };
        assert_refused(&project(), &Action::UseCapability(facts), "AI-GEN-1", 77093, None);
    }
    for package in ["sms_pumping_risk", "phone_number_quality_score"] {
        let lookup = Action::Lookup(LookupFacts { packages: &[package], add_ons: false });
        assert_refused(&project(), &lookup, "AI-GEN-1", 77093, Some("Fields"));
    }
}

#[test]
fn ai_gen_1__allows_the_two_families_with_conditions_of_their_own() {
    for system in ["predictions-predictive-traits", "suggested-predictive-audiences"] {
        assert_allowed(
            &project(),
            &Action::UseCapability(CapabilityFacts { ai_ml: true, ..capability(system) }),
        );
    }
    assert_allowed(
        &undesignated(),
        &Action::UseCapability(CapabilityFacts { ai_ml: true, ..capability("agent-copilot") }),
    );
}

#[test]
fn relaxed_reading_needs_an_attestation_and_never_covers_ai_autopilot_or_marketplace() {
    let mut relaxed = project();
    relaxed.policy.strict = false;
    let is_allowed = |account: &AccountFacts, system: &str, attested_phi_free: bool, declared_phi: bool| {
        let facts = CapabilityFacts { attested_phi_free, declared_phi, ..capability(system) };
        matches!(decide(account, &Action::UseCapability(facts)), rulebook::Verdict::Allow(_))
    };
    assert!(is_allowed(&relaxed, "sendgrid-email", true, false));
    assert!(!is_allowed(&relaxed, "sendgrid-email", false, false));
    assert!(!is_allowed(&relaxed, "sendgrid-email", true, true));
    assert!(!is_allowed(&project(), "sendgrid-email", true, false));
    for system in [
        "autopilot",
        "marketplace-add-ons-and-third-party-apis",
        "agent-copilot",
        "voice-intelligence",
        "unlisted",
    ] {
        assert!(!is_allowed(&relaxed, system, true, false), "{system}");
    }
}

#[test]
fn ver_push_1__refuses_push_by_default() {
    assert_refused(&project(), &Action::UseCapability(capability("verify-push")), "VER-PUSH-1", 77401, None);
}

#[test]
fn ver_push_1__allows_push_when_policy_says_so() {
    let mut account = project();
    account.policy.verify_push = true;
    assert_allowed(&account, &Action::UseCapability(capability("verify-push")));
}

#[test]
fn look_mkt_1__refuses_add_ons() {
    let lookup = Action::Lookup(LookupFacts { packages: &[], add_ons: true });
    assert_refused(&project(), &lookup, "LOOK-MKT-1", 77435, Some("AddOns"));
}

#[test]
fn look_mkt_1__allows_add_ons_outside_hipaa_projects() {
    assert_allowed(&undesignated(), &Action::Lookup(LookupFacts { packages: &["anything"], add_ons: true }));
}

#[test]
fn con_baa_1__refuses_lookups_without_an_agreement_that_covers_them() {
    let lookup = Action::Lookup(LookupFacts { packages: &["validation"], add_ons: false });
    let account = AccountFacts { agreement_active: false, ..project() };
    assert_refused(&account, &lookup, "CON-BAA-1", 77058, None);
    let account = AccountFacts { phi_permitted: false, ..project() };
    assert_refused(&account, &lookup, "DES-SCOPE-1", 77064, None);
    assert_allowed(&AccountFacts { agreement_active: false, ..undesignated() }, &lookup);
}

#[test]
fn look_elig_1__allows_validation_carrier_and_caller_name() {
    for packages in [
        &[] as &[&str],
        &["validation", "caller_name", "line_type_intelligence"],
        &["carrier", "caller-name"],
    ] {
        assert_allowed(&project(), &Action::Lookup(LookupFacts { packages, add_ons: false }));
    }
}

#[test]
fn settings_of_a_hipaa_project_are_locked() {
    let cases = [
        (SettingChange::BodyRedaction(false), "SMS-REDACT-3", 77287),
        (SettingChange::AddressRedaction(false), "SMS-REDACT-3", 77287),
        (SettingChange::MediaAuthentication(false), "SMS-MMS-1", 77277),
        (SettingChange::CertificateChecks(false), "GEN-HTTPS-3", 77119),
        (SettingChange::CountryPermission { united_states: false, enabled: true }, "SMS-GEO-2", 77283),
    ];
    for (change, rule, code) in cases {
        assert_refused(&project(), &Action::ChangeSetting(change), rule, code, None);
        assert_allowed(&undesignated(), &Action::ChangeSetting(change));
    }
    for change in [
        SettingChange::BodyRedaction(true),
        SettingChange::AddressRedaction(true),
        SettingChange::MediaAuthentication(true),
        SettingChange::CertificateChecks(true),
        SettingChange::CountryPermission { united_states: true, enabled: true },
        SettingChange::CountryPermission { united_states: false, enabled: false },
    ] {
        assert_allowed(&project(), &Action::ChangeSetting(change));
    }
}

#[test]
fn sms_redact_3__refuses_switching_redaction_off() {
    assert_refused(
        &project(),
        &Action::ChangeSetting(SettingChange::BodyRedaction(false)),
        "SMS-REDACT-3",
        77287,
        None,
    );
}

#[test]
fn sms_geo_2__refuses_opening_another_country() {
    let change = SettingChange::CountryPermission { united_states: false, enabled: true };
    assert_refused(&project(), &Action::ChangeSetting(change), "SMS-GEO-2", 77283, None);
}

#[test]
fn sms_geo_2__allows_closing_another_country() {
    let change = SettingChange::CountryPermission { united_states: false, enabled: false };
    assert_allowed(&project(), &Action::ChangeSetting(change));
}

#[test]
fn art_ctrl_integ__refuses_emptying_a_register_that_was_kept() {
    let emptied = Action::ChangeSetting(SettingChange::HostRegister { kept: true, keeps: false });
    assert_refused(&project(), &emptied, "ART-CTRL-INTEG", 77302, None);
}

#[test]
fn art_ctrl_integ__allows_every_other_change_of_the_register() {
    for (kept, keeps) in [(false, false), (false, true), (true, true)] {
        assert_allowed(&project(), &Action::ChangeSetting(SettingChange::HostRegister { kept, keeps }));
    }
    let emptied = Action::ChangeSetting(SettingChange::HostRegister { kept: true, keeps: false });
    assert_allowed(&undesignated(), &emptied);
}
