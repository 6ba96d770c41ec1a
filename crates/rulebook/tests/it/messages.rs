//! Messages: scope, addresses, parameters and what is forced on them.

use crate::guard::{MESSAGE, assert_allowed, assert_refused, project, refusal, settings, undesignated};
use rulebook::guard::{AddressKind, MessageFacts, ReceiveFacts, Retention};
use rulebook::{AccountFacts, Action, Policy, Settings};

fn to(kind: AddressKind<'_>) -> MessageFacts<'_> {
    MessageFacts { to: kind, ..MESSAGE }
}

fn from(kind: AddressKind<'_>) -> MessageFacts<'_> {
    MessageFacts { from: Some(kind), ..MESSAGE }
}

fn with_policy(change: impl FnOnce(&mut Policy)) -> AccountFacts {
    let mut account = project();
    change(&mut account.policy);
    account
}

/// Asserts a refusal both on acceptance and on dispatch.
#[track_caller]
fn assert_message_refused(
    account: &AccountFacts,
    facts: MessageFacts<'_>,
    rule: &str,
    code: u32,
    field: Option<&str>,
) {
    assert_refused(account, &Action::SendMessage(facts), rule, code, field);
    assert_refused(account, &Action::DispatchMessage(facts), rule, code, field);
}

#[track_caller]
fn assert_message_allowed(account: &AccountFacts, facts: MessageFacts<'_>) {
    assert_allowed(account, &Action::SendMessage(facts));
    assert_allowed(account, &Action::DispatchMessage(facts));
}

#[test]
fn des_scope_1__refuses_phi_from_undesignated_account() {
    let facts = MessageFacts { declared_phi: true, ..MESSAGE };
    assert_message_refused(&undesignated(), facts, "DES-SCOPE-1", 77064, None);
    let guarded = AccountFacts { phi_permitted: false, ..project() };
    assert_message_refused(&guarded, facts, "DES-SCOPE-1", 77064, None);
    let unguarded = AccountFacts { protected: false, ..project() };
    assert_message_refused(&unguarded, facts, "DES-SCOPE-1", 77064, None);
    let no_agreement = AccountFacts { agreement_active: false, ..undesignated() };
    assert_eq!(refusal(&no_agreement, &Action::SendMessage(facts)).status, 403);
}

#[test]
fn des_scope_1__allows_phi_from_designated_account() {
    assert_message_allowed(&project(), MessageFacts { declared_phi: true, ..MESSAGE });
    assert_message_allowed(&undesignated(), MESSAGE);
}

#[test]
fn sms_geo_1__refuses_a_foreign_or_named_sender_in_a_pool() {
    for sender in [AddressKind::ForeignNanp, AddressKind::Foreign, AddressKind::Alphanumeric] {
        assert_refused(&project(), &Action::AddSender(sender), "SMS-GEO-1", 21408, None);
    }
    let channel = Action::AddSender(AddressKind::Channel("whatsapp"));
    assert_refused(&project(), &channel, "SMS-CHAN-1", 77305, None);
}

#[test]
fn sms_geo_1__allows_senders_of_the_united_states_in_a_pool() {
    for sender in [AddressKind::Us, AddressKind::UsTollFree, AddressKind::UsShortCode] {
        assert_allowed(&project(), &Action::AddSender(sender));
    }
    assert_allowed(&undesignated(), &Action::AddSender(AddressKind::Alphanumeric));
}

#[test]
fn con_baa_1__refuses_messages_once_the_agreement_has_lapsed() {
    let lapsed = AccountFacts { agreement_active: false, ..project() };
    assert_message_refused(&lapsed, MESSAGE, "CON-BAA-1", 77058, None);
    let simulated = AccountFacts { simulator: true, ..lapsed };
    assert_message_refused(
        &simulated,
        MessageFacts { declared_phi: true, ..MESSAGE },
        "CON-BAA-1",
        77058,
        None,
    );
}

#[test]
fn con_baa_1__allows_rehearsal_in_the_simulator_and_ordinary_accounts() {
    let rehearsal = AccountFacts { agreement_active: false, simulator: true, ..project() };
    assert_message_allowed(&rehearsal, MESSAGE);
    assert_message_allowed(&AccountFacts { agreement_active: false, ..undesignated() }, MESSAGE);
}

#[test]
fn sms_geo_1__refuses_canadian_number() {
    assert_message_refused(&project(), to(AddressKind::ForeignNanp), "SMS-GEO-1", 21408, Some("To"));
    assert_message_refused(&project(), from(AddressKind::ForeignNanp), "SMS-GEO-1", 21408, Some("From"));
}

#[test]
fn sms_geo_1__refuses_every_other_kind_of_address() {
    for kind in
        [AddressKind::Foreign, AddressKind::Premium, AddressKind::Alphanumeric, AddressKind::UsTerritory]
    {
        assert_message_refused(&project(), to(kind), "SMS-GEO-1", 21408, Some("To"));
        assert_message_refused(&project(), from(kind), "SMS-GEO-1", 21408, Some("From"));
    }
    assert_message_refused(&project(), to(AddressKind::UsShortCode), "SMS-GEO-1", 21408, Some("To"));
}

#[test]
fn sms_geo_1__refuses_dispatch_without_a_known_sender() {
    let facts = MessageFacts { from: None, ..MESSAGE };
    assert_allowed(&project(), &Action::SendMessage(facts));
    assert_refused(&project(), &Action::DispatchMessage(facts), "SMS-GEO-1", 21408, Some("From"));
    assert_message_allowed(&undesignated(), facts);
}

#[test]
fn sms_geo_1__allows_us_number() {
    for kind in [AddressKind::Us, AddressKind::UsTollFree] {
        assert_message_allowed(&project(), to(kind));
        assert_message_allowed(&project(), from(kind));
    }
    assert_message_allowed(&project(), from(AddressKind::UsShortCode));
}

#[test]
fn sms_geo_1__allows_territories_when_policy_includes_them() {
    let account = with_policy(|policy| policy.us_territories = true);
    assert_message_allowed(&account, to(AddressKind::UsTerritory));
    assert_message_refused(&account, to(AddressKind::ForeignNanp), "SMS-GEO-1", 21408, Some("To"));
}

#[test]
fn sms_geo_1__allows_the_world_outside_hipaa_projects() {
    for kind in [
        AddressKind::Foreign,
        AddressKind::ForeignNanp,
        AddressKind::Channel("whatsapp"),
        AddressKind::Alphanumeric,
    ] {
        assert_message_allowed(&undesignated(), to(kind));
    }
}

#[test]
fn sms_geo_1__rejects_inbound_from_abroad() {
    let inbound = Action::ReceiveMessage(ReceiveFacts { from: AddressKind::Foreign, to: AddressKind::Us });
    assert_refused(&project(), &inbound, "SMS-GEO-1", 21408, Some("From"));
    let quarantine = with_policy(|policy| policy.quarantine_foreign_inbound = true);
    assert!(settings(&quarantine, &inbound).quarantine);
    assert_eq!(settings(&undesignated(), &inbound), Settings::default());
}

#[test]
fn sms_geo_1__accepts_inbound_from_the_us() {
    for own in [AddressKind::Us, AddressKind::UsShortCode, AddressKind::UsTollFree] {
        let inbound = Action::ReceiveMessage(ReceiveFacts { from: AddressKind::Us, to: own });
        assert!(!settings(&project(), &inbound).quarantine);
    }
}

#[test]
fn sms_chan_1__refuses_every_scheme() {
    for scheme in ["whatsapp", "messenger", "rcs", "viber", ""] {
        assert_message_refused(&project(), to(AddressKind::Channel(scheme)), "SMS-CHAN-1", 77305, Some("To"));
        assert_message_refused(
            &project(),
            from(AddressKind::Channel(scheme)),
            "SMS-CHAN-1",
            77305,
            Some("From"),
        );
        let inbound =
            Action::ReceiveMessage(ReceiveFacts { from: AddressKind::Channel(scheme), to: AddressKind::Us });
        assert_refused(&project(), &inbound, "SMS-CHAN-1", 77305, Some("From"));
    }
}

#[test]
fn sms_chan_1__allows_attested_work_only_under_the_relaxed_reading() {
    let attested = MessageFacts { attested_phi_free: true, ..to(AddressKind::Channel("whatsapp")) };
    assert_message_refused(&project(), attested, "SMS-CHAN-1", 77305, Some("To"));
    let relaxed = with_policy(|policy| policy.strict = false);
    assert_message_allowed(&relaxed, attested);
    assert_message_refused(
        &relaxed,
        MessageFacts { declared_phi: true, ..attested },
        "SMS-CHAN-1",
        77305,
        Some("To"),
    );
    assert_message_refused(&relaxed, to(AddressKind::Channel("whatsapp")), "SMS-CHAN-1", 77305, Some("To"));
}

#[test]
fn sms_tag_1__refuses_tags() {
    assert_message_refused(
        &project(),
        MessageFacts { has_tags: true, ..MESSAGE },
        "SMS-TAG-1",
        77309,
        Some("Tags"),
    );
}

#[test]
fn sms_tag_1__allows_tags_outside_hipaa_projects() {
    assert_message_allowed(&undesignated(), MessageFacts { has_tags: true, ..MESSAGE });
}

#[test]
fn sms_redact_3__refuses_retention_of_body_and_address() {
    let body = MessageFacts { content_retention: Some(Retention::Retain), ..MESSAGE };
    assert_message_refused(&project(), body, "SMS-REDACT-3", 77287, Some("ContentRetention"));
    let address = MessageFacts { address_retention: Some(Retention::Retain), ..MESSAGE };
    assert_message_refused(&project(), address, "SMS-REDACT-3", 77287, Some("AddressRetention"));
}

#[test]
fn sms_redact_3__allows_removal_and_forces_it() {
    let facts = MessageFacts {
        content_retention: Some(Retention::Remove),
        address_retention: Some(Retention::Remove),
        ..MESSAGE
    };
    for facts in [facts, MESSAGE] {
        let forced = settings(&project(), &Action::SendMessage(facts));
        assert!(
            forced.discard_body
                && forced.obfuscate_address
                && forced.verify_certificates
                && forced.authenticate_media
        );
    }
    let retained = MessageFacts { content_retention: Some(Retention::Retain), ..MESSAGE };
    assert_eq!(settings(&undesignated(), &Action::SendMessage(retained)), Settings::default());
}

#[test]
fn ai_gen_1__refuses_messages_that_use_ai() {
    assert_message_refused(&project(), MessageFacts { uses_ai: true, ..MESSAGE }, "AI-GEN-1", 77093, None);
}

#[test]
fn sms_elig_1__allows_ordinary_message() {
    assert_message_allowed(&project(), MESSAGE);
}

#[test]
fn log_num_1__allows_ordinary_us_number_without_special_provisioning() {
    assert_message_allowed(&project(), from(AddressKind::Us));
}

#[test]
fn con_baa_1__refuses_to_pass_on_what_arrives_once_the_agreement_has_lapsed() {
    let arrived = Action::ReceiveMessage(ReceiveFacts { from: AddressKind::Us, to: AddressKind::Us });
    let lapsed = AccountFacts { agreement_active: false, ..project() };
    assert_refused(&lapsed, &arrived, "CON-BAA-1", 77058, None);
    assert_allowed(&project(), &arrived);
}

#[test]
fn art_baa_4__refuses_a_message_that_no_registered_carrier_takes() {
    let facts = MessageFacts { carrier_registered: false, ..MESSAGE };
    assert_refused(&project(), &Action::SendMessage(facts), "ART-BAA-4", 77006, None);
    assert_refused(&project(), &Action::DispatchMessage(facts), "ART-BAA-4", 77006, None);
}

#[test]
fn art_baa_4__allows_a_registered_carrier_and_ordinary_accounts() {
    assert_allowed(&project(), &Action::SendMessage(MESSAGE));
    let facts = MessageFacts { carrier_registered: false, ..MESSAGE };
    assert_allowed(&undesignated(), &Action::SendMessage(facts));
}
