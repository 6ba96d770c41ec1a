//! What the code really does about a rule, kept apart from what the data promises.
//!
//! Whoever makes a rule hold adds its row here; a row whose rule does not exist does not load.

use crate::codes;
use serde::Serialize;

/// What the code does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Effect {
    /// Answers with an error.
    Refuse,
    /// Sets something and keeps it set.
    Force,
    /// Lets something through that must not be stopped.
    Permit,
    /// Computes a state the rest relies on.
    Decide,
    /// Will not load or build otherwise.
    Load,
}

/// One thing the code does for one rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Enforced {
    /// Rule id, of the guide or derived.
    pub rule: &'static str,
    /// What is done.
    pub effect: Effect,
    /// Error number, for a refusal.
    pub code: Option<u32>,
    /// Where in the code: crate and module.
    pub place: &'static str,
}

const fn refuses(rule: &'static str, code: u32, place: &'static str) -> Enforced {
    Enforced { rule, effect: Effect::Refuse, code: Some(code), place }
}

const fn does(rule: &'static str, effect: Effect, place: &'static str) -> Enforced {
    Enforced { rule, effect, code: None, place }
}

const MESSAGE: &str = "rulebook::guard::message";
const URLS: &str = "rulebook::guard::urls";
const VOICE: &str = "rulebook::guard::voice";
const SERVICES: &str = "rulebook::guard::services";
const DESIGNATE: &str = "rulebook::guard::designate";
const TRUTH_TABLE: &str = "rulebook::designation";
const LOAD: &str = "rulebook::load";
const AGREEMENTS: &str = "accounts::agreements";
const DESIGNATION: &str = "accounts::designation";
const SETTINGS: &str = "accounts::settings";
const LEDGER: &str = "accounts::ledger_rows";
const VALIDATION: &str = "kit::validation";
const CARRIAGE: &str = "smpp_net::carrier";
const AUDIT: &str = "ledger";
const MEDIA: &str = "messaging::media";
const OPT_OUT: &str = "messaging::optout";
const POOL: &str = "messaging::services::pool";
const REVIEW: &str = "review";
const RETENTION: &str = "messaging::messages";
const TRUST: &str = "webhooks::trust";
const SIGNATURE: &str = "webhooks::signature";
const WORKSPACES: &str = "segment::workspaces";
const DESTINATIONS: &str = "rulebook::guard::destinations";
const EVENTS_KEPT: &str = "segment::retention";
const INGEST: &str = "segment::ingest";
const ENFORCE: &str = "segment::enforce";
const CLASSIFY: &str = "segment::classify";
const SCAN: &str = "segment::classify::scan";
const REGULATIONS: &str = "segment::regulations";
const WATCH: &str = "segment::watch";
const PRIVACY: &str = "privacy";

/// Every row, by rule id.
pub const ENFORCED: &[Enforced] = &[
    refuses("AI-GEN-1", codes::AI_NOT_ELIGIBLE, SERVICES),
    refuses("ART-BAA-1", codes::AGREEMENT_INCOMPLETE, AGREEMENTS),
    refuses("ART-BAA-2", codes::AGREEMENT_INCOMPLETE, AGREEMENTS),
    refuses("ART-BAA-3", codes::AGREEMENT_INCOMPLETE, AGREEMENTS),
    refuses("ART-BAA-4", codes::AGREEMENT_INCOMPLETE, AGREEMENTS),
    refuses("ART-BAA-4", codes::CARRIER_NOT_REGISTERED, MESSAGE),
    does("ART-CTRL-AUDIT", Effect::Force, AUDIT),
    refuses("ART-CTRL-INTEG", codes::HOST_NOT_REGISTERED, URLS),
    does("ART-CTRL-RETAIN", Effect::Force, EVENTS_KEPT),
    refuses("ART-CTRL-TRANS", codes::CARRIAGE_NOT_PRIVATE, CARRIAGE),
    refuses("ART-RESTR-TRACK", codes::PHI_IN_URL, URLS),
    does("CHG-MOD-1", Effect::Permit, REVIEW),
    refuses("CHG-MOD-2", codes::CONTENT_NEEDS_REVIEW, REVIEW),
    refuses("CHG-MOD-2", codes::REVIEW_WITHOUT_CAUSE, REVIEW),
    refuses("CHG-MOD-2", codes::REVIEW_NEEDS_TWO_PEOPLE, REVIEW),
    refuses("CHG-MOD-2", codes::REVIEW_NOT_OPEN, REVIEW),
    does("CHG-PROD-1", Effect::Force, DESIGNATION),
    refuses("CON-BAA-1", codes::AGREEMENT_NOT_ACTIVE, MESSAGE),
    does("CON-DEPR-1", Effect::Load, LOAD),
    does("CON-DEPR-2", Effect::Load, LOAD),
    does("CON-LABEL-1", Effect::Load, LOAD),
    does("CON-LIST-1", Effect::Load, LOAD),
    refuses("CON-NELIST-1", codes::NOT_ON_ELIGIBLE_LIST, SERVICES),
    does("D-RED-1", Effect::Permit, OPT_OUT),
    does("D-RED-2", Effect::Permit, POOL),
    refuses("D-RED-3", codes::GET_WEBHOOK_REFUSED, URLS),
    does("D-SEG-4", Effect::Permit, LEDGER),
    refuses("DES-EDITION-1", codes::ENTITLEMENT_MISSING, DESIGNATE),
    does("DES-INH-1", Effect::Decide, TRUTH_TABLE),
    does("DES-INH-2", Effect::Decide, TRUTH_TABLE),
    does("DES-INH-3", Effect::Decide, TRUTH_TABLE),
    does("DES-INH-4", Effect::Decide, TRUTH_TABLE),
    refuses("DES-SCOPE-1", codes::ACCOUNT_NOT_DESIGNATED, MESSAGE),
    refuses("DES-SELF-1", codes::ORGANIZATION_MISSING, DESIGNATE),
    refuses("DES-SELF-2", codes::ACCOUNT_NOT_LINKED, DESIGNATE),
    does("DES-SELF-3", Effect::Permit, DESIGNATION),
    refuses("DES-SUP-1", codes::SELF_SERVICE_NOT_OPEN, DESIGNATE),
    refuses("DES-SUP-2", codes::REQUEST_REFERENCE_MISSING, DESIGNATE),
    does("DES-SUP-3", Effect::Decide, TRUTH_TABLE),
    refuses("GEN-HTTPS-1", codes::REQUEST_NOT_HTTPS, URLS),
    refuses("GEN-HTTPS-2", codes::CALLBACK_NOT_HTTPS, URLS),
    does("GEN-HTTPS-3", Effect::Force, TRUST),
    refuses("GEN-PKCV-1", codes::CLIENT_VALIDATION_REQUIRED, VALIDATION),
    does("GEN-SIG-1", Effect::Force, SIGNATURE),
    does("LOG-NUM-1", Effect::Permit, MESSAGE),
    does("LOOK-ELIG-1", Effect::Permit, SERVICES),
    refuses("LOOK-MKT-1", codes::LOOKUP_ADD_ONS_NOT_ELIGIBLE, SERVICES),
    does("PRIV-CONSENT-1", Effect::Force, INGEST),
    does("PRIV-INBOX-1", Effect::Decide, WATCH),
    does("PRIV-INBOX-2", Effect::Permit, SCAN),
    does("PRIV-MATCH-1", Effect::Force, PRIVACY),
    does("PRIV-MATCH-2", Effect::Force, CLASSIFY),
    does("PRIV-SUPPR-1", Effect::Force, INGEST),
    does("PRIV-SUPPR-2", Effect::Force, REGULATIONS),
    does("PRO-PLAN-1", Effect::Force, ENFORCE),
    refuses("PRO-PLAN-1", codes::SCHEMA_CONTROLS_LOCKED, DESIGNATE),
    refuses("PRO-PLAN-2", codes::QUARANTINE_WITHOUT_OWNER, DESIGNATE),
    refuses("PRO-PLAN-2", codes::QUARANTINE_WITH_DESTINATION, DESIGNATE),
    does("PRO-PLAN-2", Effect::Decide, WATCH),
    refuses("RT-BIN-1", codes::PHI_IN_BIN, SERVICES),
    does("RT-BIN-2", Effect::Permit, SERVICES),
    refuses("SEG-DES-1", codes::WORKSPACE_ENTITLEMENT_MISSING, DESIGNATE),
    does("SEG-DES-3", Effect::Decide, WORKSPACES),
    refuses("SEG-DES-4", codes::WORKSPACE_REQUEST_MISSING, DESIGNATE),
    refuses("SEG-DEST-1", codes::DESTINATION_NOT_COVERED, DESTINATIONS),
    refuses("SEG-DEST-2", codes::DEVICE_MODE_REFUSED, DESTINATIONS),
    refuses("SEG-FILTER-1", codes::FIELDS_NOT_GRANTED, DESTINATIONS),
    refuses("SEG-FILTER-1", codes::MANIFEST_NOT_APPROVED, DESTINATIONS),
    refuses("SEG-SCHEMA-1", codes::EVENTS_NOT_NAMED, DESTINATIONS),
    refuses("SMS-BOT-1", codes::HOST_NOT_REGISTERED, URLS),
    refuses("SMS-CHAN-1", codes::CHANNEL_NOT_ELIGIBLE, MESSAGE),
    does("SMS-ELIG-1", Effect::Permit, MESSAGE),
    refuses("SMS-GEO-1", codes::REGION_NOT_PERMITTED, MESSAGE),
    refuses("SMS-GEO-2", codes::COUNTRY_LOCKED, SERVICES),
    does("SMS-MMS-1", Effect::Force, MEDIA),
    refuses("SMS-MMS-1", codes::MEDIA_AUTHENTICATION_LOCKED, SERVICES),
    does("SMS-REDACT-1", Effect::Force, RETENTION),
    does("SMS-REDACT-2", Effect::Force, RETENTION),
    refuses("SMS-REDACT-3", codes::REDACTION_LOCKED, MESSAGE),
    does("SMS-REDACT-4", Effect::Permit, SETTINGS),
    refuses("SMS-TAG-1", codes::TAGS_NOT_ELIGIBLE, MESSAGE),
    refuses("VOI-AUTOP-1", codes::AUTOPILOT_NOT_ELIGIBLE, SERVICES),
    refuses("VOI-DIALOG-1", codes::VIRTUAL_AGENT_NOT_ATTESTED, VOICE),
    refuses("VOI-GEO-1", codes::CALL_REGION_NOT_PERMITTED, VOICE),
    refuses("VOI-INTEL-1", codes::VOICE_INTELLIGENCE_NOT_ELIGIBLE, SERVICES),
    refuses("VOI-MKT-1", codes::MARKETPLACE_NOT_ELIGIBLE, SERVICES),
    refuses("VOI-SIP-1", codes::SIP_DOMAIN_OPEN, VOICE),
    refuses("VOI-SIPIF-1", codes::SIP_NOT_SECURE, VOICE),
    refuses("VOI-STREAM-1", codes::STREAM_RECEIVER_NOT_REGISTERED, VOICE),
    refuses("VOI-STREAM-2", codes::STREAM_AGREEMENT_NOT_ACTIVE, VOICE),
    refuses("VOI-TRANS-2", codes::MARKETPLACE_TRANSCRIPTION_NOT_ELIGIBLE, SERVICES),
];
