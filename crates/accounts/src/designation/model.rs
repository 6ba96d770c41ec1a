//! Designation without I/O: what truth table T1 needs to know, read from documents, and how a state is
//! put into them. There is no function that takes protection away.

use std::sync::Arc;

use auth::{AccountContext, AgreementFacts, Designation, DesignationMethod, Settings};
use base::{AccountSid, Timestamp};
use rulebook::designation::{Bits, Case, Created, Origin, ParentDesignation, Path, may_use, outcome};
use serde::Serialize;
use serde_json::{Map, Value};
use store::Document;

use crate::text::day;

/// One setting that a call has changed.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct Change {
    setting: String,
    before: Value,
    after: Value,
}

/// Every member that differs, in the order of names.
pub(crate) fn differences(before: &Map<String, Value>, after: &Map<String, Value>) -> Vec<Change> {
    after
        .iter()
        .filter(|(name, value)| before.get(*name) != Some(*value))
        .map(|(name, value)| Change {
            setting: name.clone(),
            before: before.get(name).cloned().unwrap_or_default(),
            after: value.clone(),
        })
        .collect()
}

/// Puts an account into a state. Protection is only ever added; permission for PHI may pause (row S5).
pub(crate) fn settle(designation: &mut Designation, settings: &mut Settings, bits: Bits) {
    designation.protected |= bits.protected;
    designation.phi_permitted = bits.phi_permitted && designation.protected;
    if designation.protected {
        settings.body_redaction = true;
        settings.number_redaction = true;
    }
}

/// Notes how, when and by whom.
pub(crate) fn note(designation: &mut Designation, method: DesignationMethod, at: Timestamp, by: String) {
    designation.method = Some(method);
    designation.at = Some(at.micros());
    designation.by = Some(by);
}

/// How the owner of subaccounts came to be a HIPAA project, for truth table T1. `named` are the accounts
/// that agreements in force name.
pub(crate) fn as_parent(
    sid: AccountSid,
    designation: &Designation,
    named: &[(String, &AgreementFacts)],
) -> Option<ParentDesignation> {
    let sid = sid.to_string();
    if !designation.protected {
        // With no parent designation and with only some subaccounts the table says the same for later ones.
        let names_others =
            named.iter().any(|(_, facts)| facts.named_accounts.iter().any(|name| *name != sid));
        return names_others.then_some(ParentDesignation::OnlySomeSubaccounts);
    }
    let at_signing = || {
        named.iter().any(|(agreement, facts)| {
            designation.by.as_ref() == Some(agreement) && facts.named_accounts.contains(&sid)
        })
    };
    Some(match designation.method {
        Some(DesignationMethod::SelfService) => ParentDesignation::SelfService,
        Some(DesignationMethod::Support) if at_signing() => ParentDesignation::AtSigning,
        // A state without a known origin is read as the row that protects without permitting.
        Some(DesignationMethod::Support | DesignationMethod::Inherited) | None => {
            ParentDesignation::LaterByRequest
        }
    })
}

/// The agreements of an account's context, with their SIDs.
pub(crate) fn agreements(account: &AccountContext) -> Vec<(String, &AgreementFacts)> {
    account.agreements.iter().map(|agreement| (agreement.sid.to_string(), &agreement.facts)).collect()
}

/// What a subaccount that is created now inherits (rows L3, L6, L9, S4). PHI is never permitted in it
/// while it is not permitted in its owner.
pub(crate) fn inherited(owner: &AccountContext) -> Bits {
    let designation = &owner.account.facts.designation;
    // The switch cannot be turned on without a named person's statement, so it is its own confirmation.
    let confirmed = owner.account.facts.settings.inherit_self_service;
    let bits = outcome(Case::Untouched(Origin {
        path: match designation.method {
            Some(DesignationMethod::SelfService) => Path::SelfService,
            Some(DesignationMethod::Support | DesignationMethod::Inherited) | None => Path::Support,
        },
        parent: as_parent(owner.sid(), designation, &agreements(owner)),
        created: Created::After,
        named_in_agreement: false,
        inherit_self_service: confirmed,
        confirmed: confirmed && designation.method == Some(DesignationMethod::SelfService),
    }));
    Bits { phi_permitted: bits.phi_permitted && designation.phi_permitted, ..bits }
}

/// The agreement a designation rests on: one that opens the path, or else any in force.
pub(crate) fn basis(agreements: &[Arc<Document<auth::Agreement>>], path: Path) -> Option<&AgreementFacts> {
    let opens = |facts: &&AgreementFacts| {
        day(Timestamp::from_micros(facts.initiated_at)).is_some_and(|day| may_use(path, day, facts.migrated))
    };
    let facts = || agreements.iter().map(|agreement| &agreement.facts);
    facts().find(opens).or_else(|| facts().next())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use serde_json::json;

    fn states() -> impl Iterator<Item = Bits> {
        [(false, false), (true, false), (true, true), (false, true)]
            .into_iter()
            .map(|(protected, phi_permitted)| Bits { protected, phi_permitted })
    }

    #[test]
    fn protection_is_never_taken_away() {
        for first in states() {
            for second in states() {
                let (mut designation, mut settings) = (Designation::default(), Settings::default());
                settle(&mut designation, &mut settings, first);
                let before = designation.protected;
                settle(&mut designation, &mut settings, second);
                assert!(designation.protected >= before, "{first:?} {second:?}");
                assert!(designation.protected || !designation.phi_permitted, "{first:?} {second:?}");
                assert_eq!(settings.body_redaction && settings.number_redaction, designation.protected);
            }
        }
    }

    #[test]
    fn differences_name_what_differs_and_nothing_else() {
        let map = |value: Value| value.as_object().unwrap().clone();
        let (before, after) = (map(json!({"a": false, "b": 1})), map(json!({"a": true, "b": 1})));
        let changes = differences(&before, &after);
        assert_eq!(json!(changes), json!([{"setting": "a", "before": false, "after": true}]));
        assert_eq!(differences(&after, &after), []);
    }

    #[test]
    fn reads_the_parent_of_every_row() {
        let sid: AccountSid = format!("AC{}", "1".repeat(32)).parse().unwrap();
        let mut facts = crate::setup::sample_agreement(Timestamp::from_seconds(0));
        facts.named_accounts = vec![sid.to_string()];
        let of = |protected, method, by: Option<&str>, facts: &AgreementFacts| {
            let by = by.map(str::to_owned);
            let designation = Designation { protected, method, by, ..Designation::default() };
            as_parent(sid, &designation, &[("BA1".to_owned(), facts)])
        };
        use DesignationMethod::{SelfService, Support};
        assert_eq!(of(false, None, None, &facts), None);
        assert_eq!(of(true, Some(SelfService), None, &facts), Some(ParentDesignation::SelfService));
        assert_eq!(of(true, Some(Support), Some("BA1"), &facts), Some(ParentDesignation::AtSigning));
        assert_eq!(of(true, Some(Support), Some("T-1"), &facts), Some(ParentDesignation::LaterByRequest));
        assert_eq!(of(true, None, None, &facts), Some(ParentDesignation::LaterByRequest));
        facts.named_accounts = vec!["another".into()];
        assert_eq!(of(false, None, None, &facts), Some(ParentDesignation::OnlySomeSubaccounts));
        assert_eq!(of(true, Some(Support), Some("BA1"), &facts), Some(ParentDesignation::LaterByRequest));
    }
}
