//! The Application resource as JSON (`api.v2010.account.application`).

use base::AccountSid;
use serde::Serialize;
use store::Document;

use super::model::Application;

/// An application on the wire. Every key of the published schema, always.
#[derive(Serialize)]
pub struct ApplicationView {
    account_sid: String,
    api_version: &'static str,
    date_created: String,
    date_updated: String,
    friendly_name: String,
    message_status_callback: Option<String>,
    public_application_connect_enabled: bool,
    sid: String,
    sms_fallback_method: &'static str,
    sms_fallback_url: Option<String>,
    sms_method: &'static str,
    sms_status_callback: Option<String>,
    sms_url: Option<String>,
    status_callback: Option<String>,
    status_callback_method: &'static str,
    uri: String,
    voice_caller_id_lookup: bool,
    voice_fallback_method: &'static str,
    voice_fallback_url: Option<String>,
    voice_method: &'static str,
    voice_url: Option<String>,
}

impl ApplicationView {
    /// The view of one application.
    pub fn new(account: AccountSid, application: &Document<Application>) -> Self {
        let facts = &application.facts;
        Self {
            account_sid: account.to_string(),
            api_version: "2010-04-01",
            date_created: application.created_at.rfc2822(),
            date_updated: application.updated_at.rfc2822(),
            friendly_name: facts.friendly_name.clone(),
            message_status_callback: facts.message_status_callback.clone(),
            public_application_connect_enabled: false,
            sid: application.sid.to_string(),
            sms_fallback_method: facts.sms_fallback.method.as_str(),
            sms_fallback_url: facts.sms_fallback.url.clone(),
            sms_method: facts.sms.method.as_str(),
            sms_status_callback: facts.message_status_callback.clone(),
            sms_url: facts.sms.url.clone(),
            status_callback: facts.status_callback.url.clone(),
            status_callback_method: facts.status_callback.method.as_str(),
            uri: format!("/2010-04-01/Accounts/{account}/Applications/{}.json", application.sid),
            voice_caller_id_lookup: facts.voice_caller_id_lookup,
            voice_fallback_method: facts.voice_fallback.method.as_str(),
            voice_fallback_url: facts.voice_fallback.url.clone(),
            voice_method: facts.voice.method.as_str(),
            voice_url: facts.voice.url.clone(),
        }
    }
}
