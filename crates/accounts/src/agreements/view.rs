//! Agreements as they leave the building.

use auth::Agreement;
use base::{OrganizationSid, Timestamp};
use serde::Serialize;
use store::Document;

use crate::text::shown;

/// A business associate agreement.
#[derive(Serialize)]
pub(crate) struct AgreementView {
    sid: String,
    organization_sid: String,
    /// `active`, `pending` before its first day, `ended` after its last.
    status: &'static str,
    counterparty: String,
    signer: String,
    initiated_at: String,
    signed_at: String,
    effective_at: String,
    expires_at: Option<String>,
    services: Vec<String>,
    permitted_uses: Vec<String>,
    permitted_disclosures: Vec<String>,
    safeguards: String,
    breach_contact: String,
    breach_deadline_days: u32,
    subcontractors: Vec<String>,
    named_accounts: Vec<String>,
    migrated: bool,
    date_created: String,
    date_updated: String,
}

impl AgreementView {
    pub(crate) fn new(organization: OrganizationSid, document: Document<Agreement>, now: Timestamp) -> Self {
        let facts = document.facts;
        let status = match facts.expires_at {
            _ if facts.is_active(now) => "active",
            Some(end) if end <= now.micros() => "ended",
            _ => "pending",
        };
        Self {
            sid: document.sid.to_string(),
            organization_sid: organization.to_string(),
            status,
            counterparty: facts.counterparty,
            signer: facts.signer,
            initiated_at: shown(facts.initiated_at),
            signed_at: shown(facts.signed_at),
            effective_at: shown(facts.effective_at),
            expires_at: facts.expires_at.map(shown),
            services: facts.services,
            permitted_uses: facts.permitted_uses,
            permitted_disclosures: facts.permitted_disclosures,
            safeguards: facts.safeguards,
            breach_contact: facts.breach_contact,
            breach_deadline_days: facts.breach_deadline_days,
            subcontractors: facts.subcontractors,
            named_accounts: facts.named_accounts,
            migrated: facts.migrated,
            date_created: document.created_at.iso8601(),
            date_updated: document.updated_at.iso8601(),
        }
    }
}

/// An organization's agreements, newest first.
#[derive(Serialize)]
pub(crate) struct AgreementList {
    pub(crate) agreements: Vec<AgreementView>,
}
