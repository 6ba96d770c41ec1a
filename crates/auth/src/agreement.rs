//! Business associate agreements: the record that lets PHI in (rules CON-BAA-1, ART-BAA-1..4).

use base::{AgreementSid, Timestamp};
use serde::{Deserialize, Serialize};
use store::Kind;

/// A service an agreement can cover, by the name of the product that serves it.
pub type Service = String;

/// The kind of agreement documents; they live in the organization's scope.
#[derive(Debug)]
pub enum Agreement {}

impl Kind for Agreement {
    const NAME: &'static str = "agreement";
    type Sid = AgreementSid;
    type Facts = AgreementFacts;
    type Content = ();
    const STEADY: bool = true;
}

/// What an agreement says. Dates are microseconds since the epoch.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct AgreementFacts {
    /// The other party.
    pub counterparty: String,
    /// Who signed for the customer.
    pub signer: String,
    /// When it was initiated; decides between self-service and support (DES-SELF-1, DES-SUP-1).
    pub initiated_at: i64,
    /// When it was signed.
    pub signed_at: i64,
    /// From when it is in force.
    pub effective_at: i64,
    /// Until when, if it ends.
    pub expires_at: Option<i64>,
    /// Which services it covers.
    pub services: Vec<Service>,
    /// Uses of PHI it permits (ART-BAA-1).
    pub permitted_uses: Vec<String>,
    /// Disclosures of PHI it permits (ART-BAA-1).
    pub permitted_disclosures: Vec<String>,
    /// The safeguards it requires (ART-BAA-2).
    pub safeguards: String,
    /// Whom to tell of a breach (ART-BAA-3).
    pub breach_contact: String,
    /// Within how many days, at most 60 (ART-BAA-3).
    pub breach_deadline_days: u32,
    /// Subcontractors bound by it (ART-BAA-4).
    pub subcontractors: Vec<String>,
    /// Accounts it names (truth table T1).
    pub named_accounts: Vec<String>,
    /// Whether a legacy agreement was migrated to self-service (DES-SUP-3).
    pub migrated: bool,
}

impl AgreementFacts {
    /// Whether it is in force at `now`.
    pub fn is_active(&self, now: Timestamp) -> bool {
        self.signed_at <= now.micros()
            && self.effective_at <= now.micros()
            && self.expires_at.is_none_or(|end| now.micros() < end)
    }

    /// Whether it covers `service`.
    pub fn covers(&self, service: &str) -> bool {
        self.services.iter().any(|covered| covered == service)
    }
}
