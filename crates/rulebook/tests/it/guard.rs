//! The vocabulary of the guard tests: accounts, an ordinary message, and what an answer is.

use rulebook::guard::{AddressKind, MessageFacts};
use rulebook::{AccountFacts, Action, Policy, Refusal, Settings, Verdict, decide};

/// A HIPAA project with an agreement in force, which keeps a register of callback hosts.
pub(crate) fn project() -> AccountFacts {
    AccountFacts {
        protected: true,
        phi_permitted: true,
        agreement_active: true,
        simulator: false,
        policy: Policy { registered_hosts_only: true, ..Policy::default() },
    }
}

/// An account nobody designated, beside a HIPAA project under the same agreement.
pub(crate) fn undesignated() -> AccountFacts {
    AccountFacts { protected: false, phi_permitted: false, ..project() }
}

/// A message from and to ordinary United States numbers that asks for nothing special.
pub(crate) const MESSAGE: MessageFacts<'static> = MessageFacts {
    to: AddressKind::Us,
    from: Some(AddressKind::Us),
    urls: &[],
    has_tags: false,
    content_retention: None,
    address_retention: None,
    uses_ai: false,
    declared_phi: false,
    attested_phi_free: false,
    carrier_registered: true,
};

pub(crate) fn settings(account: &AccountFacts, action: &Action<'_>) -> Settings {
    match decide(account, action) {
        Verdict::Allow(settings) => settings,
        Verdict::Refuse(refusal) => panic!("refused by {}", refusal.rule),
    }
}

pub(crate) fn refusal(account: &AccountFacts, action: &Action<'_>) -> Refusal {
    match decide(account, action) {
        Verdict::Refuse(refusal) => {
            assert!(!refusal.message().is_empty(), "{} has no text", refusal.code);
            refusal
        }
        Verdict::Allow(_) => panic!("allowed"),
    }
}

/// Asserts rule, number and field of a refusal.
#[track_caller]
pub(crate) fn assert_refused(
    account: &AccountFacts,
    action: &Action<'_>,
    rule: &str,
    code: u32,
    field: Option<&str>,
) {
    let refusal = refusal(account, action);
    assert_eq!((refusal.rule, refusal.code, refusal.field), (rule, code, field));
}

#[track_caller]
pub(crate) fn assert_allowed(account: &AccountFacts, action: &Action<'_>) {
    settings(account, action);
}
