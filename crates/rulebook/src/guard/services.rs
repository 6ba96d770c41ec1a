//! Decisions about products and features, lookups and account settings.

use super::{AccountFacts, Check, refuse};
use crate::codes;
use crate::load::Rulebook;
use crate::records::{Eligibility, System};

/// What the guard needs to know about a product or feature someone wants to use.
#[derive(Clone, Copy, Debug)]
pub struct CapabilityFacts<'a> {
    /// Id of the system in the rulebook, for example `verify-push`.
    pub system: &'a str,
    /// The route or feature is tagged as AI or machine learning.
    pub ai_ml: bool,
    /// The use is declared to hold PHI.
    pub declared_phi: bool,
    /// An unexpired attestation says that its workflow holds no PHI.
    pub attested_phi_free: bool,
}

/// What the guard needs to know about a lookup.
#[derive(Clone, Copy, Debug)]
pub struct LookupFacts<'a> {
    /// `Fields` (v2) or `Type` (v1): the data packages asked for.
    pub packages: &'a [&'a str],
    /// `AddOns` is given.
    pub add_ons: bool,
}

/// A change to an account's settings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SettingChange {
    /// Redaction of bodies, on or off.
    BodyRedaction(bool),
    /// Redaction of counterparty numbers, on or off.
    AddressRedaction(bool),
    /// Whether media needs credentials.
    MediaAuthentication(bool),
    /// Whether callbacks check certificates.
    CertificateChecks(bool),
    /// The register of callback hosts: whether anything is left in it.
    HostRegister {
        /// There was something in it before.
        kept: bool,
        /// There is something in it afterwards.
        keeps: bool,
    },
    /// A country is opened or closed for messages.
    CountryPermission {
        /// It is the United States.
        united_states: bool,
        /// It is opened.
        enabled: bool,
    },
}

/// Families that keep conditions of their own under the AI ban: the specific beats the general.
const AI_EXCEPTIONS: [&str; 2] = ["UNI-PRED-", "ENG-SPA-"];

/// First rules of systems that have no relaxed reading, beside everything with AI.
const NEVER_RELAXED: [&str; 2] = ["VOI-MKT-1", "VOI-AUTOP-1"];

/// Data packages of both Lookup versions that the guide's eligibility covers.
const LOOKUP_PACKAGES: [&str; 5] =
    ["validation", "caller_name", "line_type_intelligence", "carrier", "caller-name"];

/// Packages that score a number with machine learning.
const LOOKUP_AI_PACKAGES: [&str; 2] = ["sms_pumping_risk", "phone_number_quality_score"];

pub(super) fn use_capability(account: &AccountFacts, facts: &CapabilityFacts<'_>) -> Check {
    if facts.declared_phi && !(account.protected && account.phi_permitted) {
        return Err(refuse("DES-SCOPE-1", codes::ACCOUNT_NOT_DESIGNATED, None));
    }
    if !account.protected {
        return Ok(());
    }
    let system = Rulebook::embedded().latest().system(facts.system);
    let is_ai = facts.ai_ml || system.is_some_and(|system| system.ai_ml);
    let ai_ban = Err(refuse("AI-GEN-1", codes::AI_NOT_ELIGIBLE, None));
    let Some(system) = system else {
        // AI-GEN-2: what nobody listed is judged by its tag.
        return if is_ai { ai_ban } else { Err(refuse("CON-NELIST-1", codes::NOT_ON_ELIGIBLE_LIST, None)) };
    };
    match system.verdict {
        Eligibility::NotEligible => refuse_system(account, facts, system, is_ai),
        _ if system.id == "verify-push" && !account.policy.verify_push => {
            Err(refuse("VER-PUSH-1", codes::VERIFY_PUSH_OFF, None))
        }
        _ if is_ai && !has_ai_exception(system) => ai_ban,
        Eligibility::Eligible | Eligibility::Conditions => Ok(()),
    }
}

fn refuse_system(account: &AccountFacts, facts: &CapabilityFacts<'_>, system: &System, is_ai: bool) -> Check {
    let rule = system.rules.first().map(String::as_str).unwrap_or_default();
    let may_relax = !is_ai && !NEVER_RELAXED.contains(&rule);
    if may_relax && !account.policy.strict && facts.attested_phi_free && !facts.declared_phi {
        return Ok(());
    }
    let (rule, code) = codes::of_system_rule(rule).unwrap_or(("CON-NELIST-1", codes::NOT_ON_ELIGIBLE_LIST));
    Err(refuse(rule, code, None))
}

fn has_ai_exception(system: &System) -> bool {
    system.rules.iter().any(|rule| AI_EXCEPTIONS.iter().any(|family| rule.starts_with(family)))
}

pub(super) fn use_bin(account: &AccountFacts, has_findings: bool) -> Check {
    if account.protected && has_findings {
        return Err(refuse("RT-BIN-1", codes::PHI_IN_BIN, Some("Twiml")));
    }
    Ok(())
}

pub(super) fn lookup(account: &AccountFacts, facts: &LookupFacts<'_>) -> Check {
    if !account.protected {
        return Ok(());
    }
    // A number is PHI, and in a HIPAA project it counts as such without being declared (CON-BAA-1).
    if !account.phi_permitted {
        return Err(refuse("DES-SCOPE-1", codes::ACCOUNT_NOT_DESIGNATED, None));
    }
    if !account.agreement_active {
        return Err(refuse("CON-BAA-1", codes::AGREEMENT_NOT_ACTIVE, None));
    }
    if facts.add_ons {
        return Err(refuse("LOOK-MKT-1", codes::LOOKUP_ADD_ONS_NOT_ELIGIBLE, Some("AddOns")));
    }
    for package in facts.packages {
        if LOOKUP_AI_PACKAGES.contains(package) {
            return Err(refuse("AI-GEN-1", codes::AI_NOT_ELIGIBLE, Some("Fields")));
        }
        if !LOOKUP_PACKAGES.contains(package) {
            return Err(refuse("CON-NELIST-1", codes::NOT_ON_ELIGIBLE_LIST, Some("Fields")));
        }
    }
    Ok(())
}

pub(super) fn change_setting(account: &AccountFacts, change: SettingChange) -> Check {
    if !account.protected {
        return Ok(());
    }
    let (rule, code) = match change {
        SettingChange::BodyRedaction(false) | SettingChange::AddressRedaction(false) => {
            ("SMS-REDACT-3", codes::REDACTION_LOCKED)
        }
        SettingChange::MediaAuthentication(false) => ("SMS-MMS-1", codes::MEDIA_AUTHENTICATION_LOCKED),
        SettingChange::CertificateChecks(false) => ("GEN-HTTPS-3", codes::CERTIFICATE_CHECK_LOCKED),
        SettingChange::CountryPermission { united_states: false, enabled: true } => {
            ("SMS-GEO-2", codes::COUNTRY_LOCKED)
        }
        SettingChange::HostRegister { kept: true, keeps: false } => {
            ("ART-CTRL-INTEG", codes::REGISTER_LOCKED)
        }
        SettingChange::BodyRedaction(true)
        | SettingChange::AddressRedaction(true)
        | SettingChange::MediaAuthentication(true)
        | SettingChange::CertificateChecks(true)
        | SettingChange::HostRegister { .. }
        | SettingChange::CountryPermission { .. } => return Ok(()),
    };
    Err(refuse(rule, code, None))
}
