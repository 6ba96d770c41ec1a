//! Decisions about calls: each leg, where its media go, and who may call in over SIP.

use super::address::AddressKind;
use super::urls::{self, UrlFact};
use super::{AccountFacts, Check, Policy, refuse};
use crate::codes;

/// What is at one end of a leg.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LegEnd<'a> {
    /// A phone.
    Phone(AddressKind<'a>),
    /// A SIP address.
    Sip {
        /// Signalling is over TLS and media are SRTP.
        secure: bool,
        /// Somebody attests that it is reached over a private interconnect.
        interconnect: bool,
    },
    /// A client of this platform, named by its identity.
    Client,
}

/// What the guard needs to know about a leg.
#[derive(Clone, Copy, Debug)]
pub struct CallFacts<'a> {
    /// Who is called.
    pub to: LegEnd<'a>,
    /// Who calls, as the other end is shown it; none when it is withheld.
    pub from: Option<LegEnd<'a>>,
    /// Whom an incoming call was forwarded from, when it says so.
    pub forwarded_from: Option<AddressKind<'a>>,
    /// The URLs of the request and of what it inherits.
    pub urls: &'a [UrlFact],
    /// A feature with AI or machine learning is asked for.
    pub uses_ai: bool,
    /// Some line may take it: the account keeps no register, or has a line at hand in it.
    pub line_registered: bool,
}

/// What the guard needs to know about a SIP domain.
#[derive(Clone, Copy, Debug)]
pub struct SipDomainFacts {
    /// `Secure`: it takes TLS and SRTP and nothing else.
    pub secure: bool,
    /// Somebody attests that it is reached over a private interconnect.
    pub interconnect: bool,
    /// It is configured to take calls or registrations.
    pub in_service: bool,
    /// An IP access control list or a credential list is mapped to it for what it takes.
    pub guarded: bool,
}

/// What the guard needs to know about a receiver of media.
#[derive(Clone, Copy, Debug)]
pub struct StreamFacts {
    /// Its scheme is `wss`.
    pub scheme_wss: bool,
    /// A party of the account's register has its host.
    pub host_known: bool,
    /// That party's agreement is in force and covers voice.
    pub agreement_in_force: bool,
}

/// A call in a HIPAA project counts as PHI, so it takes a designated account and an agreement in force; only in the
/// simulator, where nobody is reached, may it be rehearsed before that.
fn check_scope(account: &AccountFacts) -> Check {
    if account.simulator {
        return Ok(());
    }
    if !account.phi_permitted {
        return Err(refuse("DES-SCOPE-1", codes::ACCOUNT_NOT_DESIGNATED, None));
    }
    match account.agreement_active {
        true => Ok(()),
        false => Err(refuse("CON-BAA-1", codes::AGREEMENT_NOT_ACTIVE, None)),
    }
}

fn check_end(policy: &Policy, end: LegEnd<'_>, field: &'static str) -> Check {
    match end {
        LegEnd::Phone(number) if number.is_permitted_counterparty(policy) => Ok(()),
        LegEnd::Phone(_) => Err(refuse("VOI-GEO-1", codes::CALL_REGION_NOT_PERMITTED, Some(field))),
        LegEnd::Sip { secure: false, interconnect: false } => {
            Err(refuse("VOI-SIPIF-1", codes::SIP_NOT_SECURE, Some(field)))
        }
        LegEnd::Sip { .. } | LegEnd::Client => Ok(()),
    }
}

pub(super) fn place(account: &AccountFacts, facts: &CallFacts<'_>) -> Check {
    if !account.protected {
        return Ok(());
    }
    check_scope(account)?;
    check_end(&account.policy, facts.to, "To")?;
    if let Some(from) = facts.from {
        check_end(&account.policy, from, "From")?;
    }
    if facts.uses_ai {
        return Err(refuse("AI-GEN-1", codes::AI_NOT_ELIGIBLE, None));
    }
    facts.urls.iter().try_for_each(|url| urls::check_call_url(account, url))?;
    match facts.line_registered {
        true => Ok(()),
        false => Err(refuse("ART-BAA-4", codes::CARRIER_NOT_REGISTERED, None)),
    }
}

/// A call that comes in from elsewhere, or was forwarded from there, is rejected: it reaches no workflow. So is one that
/// does not say where it comes from, because unknown means no.
pub(super) fn receive(account: &AccountFacts, facts: &CallFacts<'_>) -> Check {
    if !account.protected {
        return Ok(());
    }
    check_scope(account)?;
    let Some(from) = facts.from else {
        return Err(refuse("VOI-GEO-1", codes::CALL_REGION_NOT_PERMITTED, Some("From")));
    };
    check_end(&account.policy, from, "From")?;
    check_end(&account.policy, facts.to, "To")?;
    match facts.forwarded_from.is_none_or(|number| number.is_permitted_counterparty(&account.policy)) {
        true => Ok(()),
        false => Err(refuse("VOI-GEO-1", codes::CALL_REGION_NOT_PERMITTED, Some("ForwardedFrom"))),
    }
}

pub(super) fn serve_domain(account: &AccountFacts, facts: SipDomainFacts) -> Check {
    if !account.protected {
        return Ok(());
    }
    if !facts.secure && !facts.interconnect {
        return Err(refuse("VOI-SIPIF-1", codes::SIP_NOT_SECURE, Some("Secure")));
    }
    match facts.guarded || !facts.in_service {
        true => Ok(()),
        false => Err(refuse("VOI-SIP-1", codes::SIP_DOMAIN_OPEN, None)),
    }
}

pub(super) fn stream(account: &AccountFacts, facts: StreamFacts) -> Check {
    if !account.protected {
        return Ok(());
    }
    if !facts.scheme_wss || !facts.host_known {
        return Err(refuse("VOI-STREAM-1", codes::STREAM_RECEIVER_NOT_REGISTERED, Some("url")));
    }
    match facts.agreement_in_force {
        true => Ok(()),
        false => Err(refuse("VOI-STREAM-2", codes::STREAM_AGREEMENT_NOT_ACTIVE, Some("url"))),
    }
}

pub(super) fn use_virtual_agent(account: &AccountFacts, attested: bool) -> Check {
    match attested || !account.protected {
        true => Ok(()),
        false => Err(refuse("VOI-DIALOG-1", codes::VIRTUAL_AGENT_NOT_ATTESTED, None)),
    }
}
