//! An agreement as it is sent, and everything it must say before it is kept (ART-BAA-1 to ART-BAA-4).

use auth::AgreementFacts;
use base::Timestamp;
use errors::{ApiError, Result};
use rulebook::codes;
use serde::Deserialize;

use crate::limits;
use crate::text::{are_lines, date, filled, invalid, is_filled, optional_date};

/// A business associate agreement as it is recorded. What a rule asks for may be absent from the JSON,
/// so that its absence is answered with that rule.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct CreateAgreement {
    counterparty: String,
    signer: String,
    initiated_at: String,
    signed_at: String,
    effective_at: Option<String>,
    expires_at: Option<String>,
    services: Vec<String>,
    #[serde(default)]
    permitted_uses: Vec<String>,
    #[serde(default)]
    permitted_disclosures: Vec<String>,
    #[serde(default)]
    safeguards: String,
    #[serde(default)]
    breach_contact: String,
    breach_deadline_days: Option<u32>,
    subcontractors: Option<Vec<String>>,
    #[serde(default)]
    named_accounts: Vec<String>,
}

impl CreateAgreement {
    /// Checks it and gives what is kept.
    ///
    /// # Errors
    /// 77002 with the rule where the article asks for what is missing, 20001 for anything else.
    pub(crate) fn parse(self, now: Timestamp) -> Result<AgreementFacts> {
        let dates = self.dates(now)?;
        for (name, purposes) in
            [("permitted_uses", &self.permitted_uses), ("permitted_disclosures", &self.permitted_disclosures)]
        {
            if purposes.is_empty() || !are_lines(purposes) {
                return Err(incomplete("ART-BAA-1", name));
            }
        }
        if !is_filled(&self.safeguards, limits::TEXT) {
            return Err(incomplete("ART-BAA-2", "safeguards"));
        }
        let breach_deadline_days = self
            .breach_deadline_days
            .filter(|days| (1..=limits::BREACH_DAYS).contains(days))
            .ok_or_else(|| incomplete("ART-BAA-3", "breach_deadline_days"))?;
        if !is_filled(&self.breach_contact, limits::LINE) {
            return Err(incomplete("ART-BAA-3", "breach_contact"));
        }
        // An empty list states that there are none; a missing one states nothing.
        let subcontractors = self
            .subcontractors
            .filter(|list| are_lines(list))
            .ok_or_else(|| incomplete("ART-BAA-4", "subcontractors"))?;
        if self.services.is_empty()
            || self.services.len() > limits::LIST
            || !self.services.iter().all(|name| is_service(name))
        {
            return Err(invalid("services"));
        }
        if self.named_accounts.len() > limits::LIST {
            return Err(invalid("named_accounts"));
        }
        Ok(AgreementFacts {
            counterparty: filled("counterparty", self.counterparty, limits::LINE)?,
            signer: filled("signer", self.signer, limits::LINE)?,
            initiated_at: dates.initiated.micros(),
            signed_at: dates.signed.micros(),
            effective_at: dates.effective.micros(),
            expires_at: dates.expires.map(Timestamp::micros),
            services: self.services,
            permitted_uses: self.permitted_uses,
            permitted_disclosures: self.permitted_disclosures,
            safeguards: self.safeguards,
            breach_contact: self.breach_contact,
            breach_deadline_days,
            subcontractors,
            named_accounts: self.named_accounts,
            migrated: false,
        })
    }

    /// Initiated, then signed, and signed by now; in force from the signing unless another day is given.
    fn dates(&self, now: Timestamp) -> Result<Dates> {
        let initiated = date("initiated_at", &self.initiated_at)?;
        let signed = date("signed_at", &self.signed_at)?;
        let effective = optional_date("effective_at", self.effective_at.as_deref())?.unwrap_or(signed);
        let expires = optional_date("expires_at", self.expires_at.as_deref())?;
        if initiated.micros() < 0 || initiated.start_of_day() > signed.start_of_day() {
            return Err(invalid("initiated_at"));
        }
        if signed > now {
            return Err(invalid("signed_at"));
        }
        if expires.is_some_and(|end| end <= effective) {
            return Err(invalid("expires_at"));
        }
        Ok(Dates { initiated, signed, effective, expires })
    }
}

struct Dates {
    initiated: Timestamp,
    signed: Timestamp,
    effective: Timestamp,
    expires: Option<Timestamp>,
}

/// What the article asks for is missing; the code stands in the rulebook's table.
fn incomplete(rule: &'static str, member: &'static str) -> ApiError {
    let code = codes::row(codes::AGREEMENT_INCOMPLETE).expect("the number is in the rulebook's table");
    ApiError::new(code).parameter(member).rule(rule)
}

/// The name of a product as routes know it: `messaging`, `lookup`.
fn is_service(name: &str) -> bool {
    is_filled(name, limits::FRIENDLY_NAME)
        && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-')
}
