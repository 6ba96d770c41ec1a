//! Decisions about messages: on acceptance, on dispatch and on arrival.

use super::address::AddressKind;
use super::urls::{self, UrlFact};
use super::{AccountFacts, Check, Refusal, Settings, refuse};
use crate::codes;

/// What a request asks to happen to content after delivery.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Retention {
    /// `retain`: keep it.
    Retain,
    /// `discard` or `obfuscate`: remove it.
    Remove,
}

/// What the guard needs to know about an outbound message.
#[derive(Clone, Copy, Debug)]
pub struct MessageFacts<'a> {
    /// The counterparty.
    pub to: AddressKind<'a>,
    /// The sender; none while a Messaging Service has yet to choose it.
    pub from: Option<AddressKind<'a>>,
    /// Media and callback URLs of the request and of what it inherits.
    pub urls: &'a [UrlFact],
    /// `Tags` is given.
    pub has_tags: bool,
    /// `ContentRetention`, when given.
    pub content_retention: Option<Retention>,
    /// `AddressRetention`, when given.
    pub address_retention: Option<Retention>,
    /// A feature with AI or machine learning is asked for.
    pub uses_ai: bool,
    /// The caller, or the workflow the message belongs to, says that it holds PHI.
    pub declared_phi: bool,
    /// An unexpired attestation says that its workflow holds none.
    pub attested_phi_free: bool,
    /// Some carrier may take it: the account keeps no register, or has a carrier at hand in it.
    pub carrier_registered: bool,
}

/// What the guard needs to know about an inbound message.
#[derive(Clone, Copy, Debug)]
pub struct ReceiveFacts<'a> {
    /// The counterparty.
    pub from: AddressKind<'a>,
    /// The platform's own address.
    pub to: AddressKind<'a>,
}

pub(super) fn send(account: &AccountFacts, facts: &MessageFacts<'_>) -> Result<Settings, Refusal> {
    check_scope(account, facts)?;
    if !account.protected {
        return Ok(Settings::NONE);
    }
    check_addresses(account, facts)?;
    if facts.has_tags {
        return Err(refuse("SMS-TAG-1", codes::TAGS_NOT_ELIGIBLE, Some("Tags")));
    }
    if facts.uses_ai {
        return Err(refuse("AI-GEN-1", codes::AI_NOT_ELIGIBLE, None));
    }
    facts.urls.iter().try_for_each(|url| urls::check_message_url(account, url))?;
    if !facts.carrier_registered {
        return Err(refuse("ART-BAA-4", codes::CARRIER_NOT_REGISTERED, None));
    }
    for (retention, field) in
        [(facts.content_retention, "ContentRetention"), (facts.address_retention, "AddressRetention")]
    {
        if retention == Some(Retention::Retain) {
            return Err(refuse("SMS-REDACT-3", codes::REDACTION_LOCKED, Some(field)));
        }
    }
    Ok(Settings::PROTECTED)
}

/// As [`send`], and by now the sender must be known: unknown means no.
pub(super) fn dispatch(account: &AccountFacts, facts: &MessageFacts<'_>) -> Result<Settings, Refusal> {
    let settings = send(account, facts)?;
    if account.protected && facts.from.is_none() {
        return Err(refuse("SMS-GEO-1", codes::REGION_NOT_PERMITTED, Some("From")));
    }
    Ok(settings)
}

/// Nobody can stop a message from arriving. A refusal here means: store it without its body, flag it and
/// tell no webhook.
pub(super) fn receive(account: &AccountFacts, facts: &ReceiveFacts<'_>) -> Result<Settings, Refusal> {
    if !account.protected {
        return Ok(Settings::NONE);
    }
    check_agreement(account)?;
    if facts.from.is_channel() || facts.to.is_channel() {
        return Err(refuse("SMS-CHAN-1", codes::CHANNEL_NOT_ELIGIBLE, Some("From")));
    }
    let policy = &account.policy;
    if facts.from.is_permitted_counterparty(policy) && facts.to.is_permitted_own(policy) {
        return Ok(Settings::PROTECTED);
    }
    if policy.quarantine_foreign_inbound {
        return Ok(Settings { quarantine: true, ..Settings::PROTECTED });
    }
    Err(refuse("SMS-GEO-1", codes::REGION_NOT_PERMITTED, Some("From")))
}

/// What may never send must not wait in a pool either.
pub(super) fn add_sender(account: &AccountFacts, sender: AddressKind<'_>) -> Check {
    if !account.protected || sender.is_permitted_own(&account.policy) {
        return Ok(());
    }
    Err(match sender.is_channel() {
        true => refuse("SMS-CHAN-1", codes::CHANNEL_NOT_ELIGIBLE, None),
        false => refuse("SMS-GEO-1", codes::REGION_NOT_PERMITTED, None),
    })
}

/// PHI needs a designated account and an agreement in force. Messages of a HIPAA project count as PHI
/// without being declared; only in the simulator, where nobody is reached, may they be rehearsed before
/// the agreement is signed.
fn check_scope(account: &AccountFacts, facts: &MessageFacts<'_>) -> Check {
    if facts.declared_phi && !(account.protected && account.phi_permitted) {
        return Err(refuse("DES-SCOPE-1", codes::ACCOUNT_NOT_DESIGNATED, None));
    }
    let counts_as_phi = facts.declared_phi || (account.protected && !account.simulator);
    if counts_as_phi { check_agreement(account) } else { Ok(()) }
}

/// Without an agreement in force no PHI goes in or out.
fn check_agreement(account: &AccountFacts) -> Check {
    match account.agreement_active {
        true => Ok(()),
        false => Err(refuse("CON-BAA-1", codes::AGREEMENT_NOT_ACTIVE, None)),
    }
}

fn check_addresses(account: &AccountFacts, facts: &MessageFacts<'_>) -> Check {
    let policy = &account.policy;
    // The guide bans PHI on other channels, not the channels; the relaxed reading lets attested work through.
    let other_channels = !policy.strict && facts.attested_phi_free && !facts.declared_phi;
    let ends = [
        ("To", Some(facts.to), facts.to.is_permitted_counterparty(policy)),
        ("From", facts.from, facts.from.is_none_or(|from| from.is_permitted_own(policy))),
    ];
    for (field, address, _) in ends {
        if address.is_some_and(AddressKind::is_channel) && !other_channels {
            return Err(refuse("SMS-CHAN-1", codes::CHANNEL_NOT_ELIGIBLE, Some(field)));
        }
    }
    for (field, address, permitted) in ends {
        if !permitted && !address.is_some_and(AddressKind::is_channel) {
            return Err(refuse("SMS-GEO-1", codes::REGION_NOT_PERMITTED, Some(field)));
        }
    }
    Ok(())
}
