//! The JSON shapes of alerts: every key of the published schemas is always there.

use base::AccountSid;
use serde::Serialize;
use store::Document;
use webhooks::alert::{generated_at, text};
use webhooks::{Alert, AlertContent, AlertFacts};

/// `monitor.v1.alert`: an alert in a list.
#[derive(Serialize)]
pub(crate) struct AlertView {
    sid: String,
    account_sid: String,
    alert_text: String,
    /// Alerts here are not tied to a version of the API.
    api_version: Option<&'static str>,
    date_created: String,
    date_generated: String,
    date_updated: String,
    error_code: String,
    log_level: &'static str,
    more_info: String,
    request_method: Option<&'static str>,
    request_url: Option<String>,
    resource_sid: Option<String>,
    /// No service raises alerts of its own yet.
    service_sid: Option<String>,
    url: String,
}

impl AlertView {
    pub(crate) fn new(account: AccountSid, alert: &Document<Alert>, url: String) -> Self {
        let facts = &alert.facts;
        Self {
            sid: alert.sid.to_string(),
            account_sid: account.to_string(),
            alert_text: alert_text(facts),
            api_version: None,
            date_created: alert.created_at.iso8601(),
            date_generated: generated_at(alert).iso8601(),
            date_updated: alert.updated_at.iso8601(),
            error_code: facts.error_code.to_string(),
            log_level: facts.log_level.as_str(),
            more_info: format!("https://www.twilio.com/docs/errors/{}", facts.error_code),
            request_method: facts.request_method.map(webhooks::Method::as_str),
            request_url: facts.request_url.clone(),
            resource_sid: facts.resource_sid.clone(),
            service_sid: None,
            url,
        }
    }
}

/// `monitor.v1.alert-instance`: an alert fetched alone.
#[derive(Serialize)]
pub(crate) struct AlertInstanceView {
    #[serde(flatten)]
    alert: AlertView,
    request_variables: Option<String>,
    response_body: Option<String>,
    /// Headers are not kept: they hold credentials and cookies.
    request_headers: Option<String>,
    response_headers: Option<String>,
}

impl AlertInstanceView {
    pub(crate) fn new(alert: AlertView, content: Option<AlertContent>) -> Self {
        let (request_variables, response_body) = match content {
            Some(content) => (Some(content.request_variables), content.response_body),
            None => (None, None),
        };
        Self { alert, request_variables, response_body, request_headers: None, response_headers: None }
    }
}

/// What is said of an alert. The schemas have no place for a count of its own.
pub(crate) fn alert_text(facts: &AlertFacts) -> String {
    match facts.repeats {
        0 => text(facts.error_code).to_owned(),
        count => format!("{} ({count} more like this were counted and not shown)", text(facts.error_code)),
    }
}
