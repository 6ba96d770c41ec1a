//! JSON shapes of our own API.

use base::Timestamp;
use errors::{ApiError, Result, codes};
use serde::Serialize;
use serde_json::Value;
use store::{DeliveryCount, Document};

use crate::records::{
    ApprovedManifestFacts, DeadLetter, Destination, FieldEncryption, FilterRecord, Grant, MappingRecord,
};

/// A destination. Secrets are not in it.
#[derive(Serialize)]
pub(crate) struct DestinationView {
    sid: String,
    workspace_sid: String,
    source_sid: String,
    name: String,
    kind: &'static str,
    settings: Value,
    enabled: bool,
    max_per_second: Option<u32>,
    consent_categories: Vec<String>,
    filters: Vec<FilterRecord>,
    mappings: Vec<MappingRecord>,
    grants: Vec<GrantView>,
    /// The public key, and the fields that leave encrypted for it.
    encryption: Option<FieldEncryption>,
    date_created: String,
    date_updated: String,
}

#[derive(Serialize)]
struct GrantView {
    path: String,
    reason: String,
    signer: String,
    granted_by: String,
    granted_at: String,
}

impl GrantView {
    fn new(grant: &Grant) -> Self {
        let Grant { path, reason, signer, granted_by, granted_at } = grant.clone();
        let granted_at = Timestamp::from_micros(granted_at).iso8601();
        Self { path, reason, signer, granted_by, granted_at }
    }
}

impl DestinationView {
    pub(crate) fn new(document: &Document<Destination>) -> Self {
        let facts = &document.facts;
        Self {
            sid: document.sid.to_string(),
            workspace_sid: facts.workspace.clone(),
            source_sid: facts.source.clone(),
            name: facts.name.clone(),
            kind: facts.settings.kind(),
            settings: facts.settings.view(),
            enabled: facts.enabled,
            max_per_second: facts.max_per_second,
            consent_categories: facts.consent_categories.clone(),
            filters: facts.filters.clone(),
            mappings: facts.mappings.clone(),
            grants: facts.grants.iter().map(GrantView::new).collect(),
            encryption: facts.encryption.clone(),
            date_created: document.created_at.iso8601(),
            date_updated: document.updated_at.iso8601(),
        }
    }
}

/// All destinations of a workspace, newest first.
#[derive(Serialize)]
pub(crate) struct DestinationList {
    pub(crate) destinations: Vec<DestinationView>,
}

/// What can leave to a destination.
#[derive(Serialize)]
pub(crate) struct ManifestView {
    /// What can leave now: `>` to whom, `<` of which source, `?` the triggers, then `+` places that can leave, `-`
    /// fields in them that never do, `=` the only fields that objects keep.
    pub(crate) lines: Vec<String>,
    /// What an approval names, so that it is of these lines and no others.
    pub(crate) digest: String,
    /// Whether these lines are the approved ones.
    pub(crate) approved: bool,
    /// The approval in force before, with what was added to it and what is gone.
    pub(crate) last_approval: Option<ApprovalView>,
    /// Whose credentials changed what can leave since it was approved; in a HIPAA workspace they cannot approve it.
    pub(crate) changed_by: Vec<String>,
    /// The rule that keeps events from leaving now, if one does.
    pub(crate) refused_by: Option<&'static str>,
}

/// An approval.
#[derive(Serialize)]
pub(crate) struct ApprovalView {
    pub(crate) sid: String,
    pub(crate) signer: String,
    pub(crate) approved_by: String,
    /// Whether other credentials had changed what can leave.
    pub(crate) second_credentials: bool,
    pub(crate) date_created: String,
    pub(crate) added: Vec<String>,
    pub(crate) removed: Vec<String>,
}

impl ApprovalView {
    pub(crate) fn new(sid: String, at: Timestamp, facts: &ApprovedManifestFacts, now: &[String]) -> Self {
        let lacks = |all: &[String], some: &[String]| -> Vec<String> {
            all.iter().filter(|line| !some.contains(line)).cloned().collect()
        };
        Self {
            sid,
            signer: facts.signer.clone(),
            approved_by: facts.approved_by.clone(),
            second_credentials: facts.second,
            date_created: at.iso8601(),
            added: lacks(now, &facts.lines),
            removed: lacks(&facts.lines, now),
        }
    }
}

/// What became of events on a day.
#[derive(Serialize)]
pub(crate) struct DeliveryView {
    day: String,
    outcome: String,
    events: i64,
}

impl DeliveryView {
    pub(crate) fn new(count: DeliveryCount) -> Self {
        let day = Timestamp::from_seconds(count.day.saturating_mul(86_400)).iso8601();
        Self { day: day.chars().take(10).collect(), outcome: count.outcome, events: count.events }
    }
}

/// What became of events in the last days, and what waits.
#[derive(Serialize)]
pub(crate) struct DeliveryList {
    pub(crate) deliveries: Vec<DeliveryView>,
    /// When the oldest event was received that is still to be looked at.
    pub(crate) waiting_since: Option<String>,
    /// Events that wait for another attempt while others go on.
    pub(crate) set_aside: usize,
    /// Attempts in a row that failed.
    pub(crate) failures: u32,
    /// When the next attempt is.
    pub(crate) next_attempt: Option<String>,
}

/// Events that were given up.
#[derive(Serialize)]
pub(crate) struct DeadLetterView {
    sid: String,
    date_created: String,
    reason: String,
    status: u32,
    attempts: u32,
    row: u64,
    event_ids: Vec<String>,
}

impl DeadLetterView {
    pub(crate) fn new(document: &Document<DeadLetter>) -> Self {
        let facts = document.facts.clone();
        Self {
            sid: document.sid.to_string(),
            date_created: document.created_at.iso8601(),
            reason: facts.reason,
            status: facts.status,
            attempts: facts.attempts,
            row: facts.row,
            event_ids: facts.ids,
        }
    }
}

/// The newest of them.
#[derive(Serialize)]
pub(crate) struct DeadLetterList {
    pub(crate) dead_letters: Vec<DeadLetterView>,
}

/// To whom what of a person was given (45 CFR 164.528(b)).
#[derive(Serialize)]
pub(crate) struct DisclosureView {
    pub(crate) destination_sid: String,
    pub(crate) destination_name: String,
    pub(crate) recipient: String,
    pub(crate) host: String,
    /// What could leave of each event.
    pub(crate) what: Vec<String>,
    pub(crate) purpose: &'static str,
    pub(crate) first: String,
    pub(crate) last: String,
    pub(crate) events: u64,
}

/// The accounting for one person.
#[derive(Serialize)]
pub(crate) struct DisclosureReport {
    pub(crate) disclosures: Vec<DisclosureView>,
}

/// A text that must say something.
pub(crate) fn filled(parameter: &'static str, text: &str, limit: usize) -> Result<String> {
    let text = text.trim();
    if text.is_empty() || text.chars().count() > limit {
        return Err(invalid(parameter));
    }
    Ok(text.to_owned())
}

/// The error for a parameter that is missing or not acceptable.
pub(crate) fn invalid(parameter: &'static str) -> ApiError {
    ApiError::new(codes::INVALID_PARAMETER).parameter(parameter)
}
