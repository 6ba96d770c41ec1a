//! Settings as they leave the building.

use auth::AccountFacts;
use serde::Serialize;
use serde_json::{Map, Value};

/// Everything that can be set, and what a HIPAA project forces beside it.
#[derive(Serialize)]
pub(crate) struct SettingsView {
    body_redaction: bool,
    number_redaction: bool,
    us_territories: bool,
    inherit_self_service: bool,
    webhook_authorities: Vec<String>,
    enforce_client_validation: bool,
    enforce_registration: bool,
    /// Callbacks must use https (GEN-HTTPS-2); forced, not a choice.
    https_only: bool,
    /// Media answers only to credentials (SMS-MMS-1); forced, not a choice.
    media_authentication: bool,
}

impl SettingsView {
    pub(crate) fn new(account: &AccountFacts) -> Self {
        let settings = account.settings.clone();
        Self {
            body_redaction: settings.body_redaction,
            number_redaction: settings.number_redaction,
            us_territories: settings.us_territories,
            inherit_self_service: settings.inherit_self_service,
            webhook_authorities: settings.webhook_authorities,
            enforce_client_validation: settings.enforce_client_validation,
            enforce_registration: settings.enforce_registration,
            https_only: account.designation.protected,
            media_authentication: account.designation.protected,
        }
    }
}

/// The view as members, to compare before and after.
pub(crate) fn members(account: &AccountFacts) -> Map<String, Value> {
    match serde_json::to_value(SettingsView::new(account)) {
        Ok(Value::Object(members)) => members,
        _ => unreachable!("a struct of flags and strings is an object"),
    }
}
