//! The IncomingPhoneNumber resource as JSON (`api.v2010.account.incoming_phone_number`).

use base::AccountSid;
use serde::Serialize;
use store::Document;

use super::model::PhoneNumber;

/// A number on the wire. Every key of the published schema, always.
#[derive(Serialize)]
pub struct NumberView {
    account_sid: String,
    address_requirements: &'static str,
    address_sid: Option<String>,
    api_version: &'static str,
    beta: bool,
    bundle_sid: Option<String>,
    capabilities: Capabilities,
    date_created: String,
    date_updated: String,
    emergency_address_sid: Option<String>,
    emergency_address_status: &'static str,
    emergency_status: &'static str,
    friendly_name: String,
    identity_sid: Option<String>,
    origin: &'static str,
    phone_number: String,
    sid: String,
    sms_application_sid: String,
    sms_fallback_method: &'static str,
    sms_fallback_url: String,
    sms_method: &'static str,
    sms_url: String,
    status: &'static str,
    status_callback: String,
    status_callback_method: &'static str,
    trunk_sid: Option<String>,
    r#type: Option<String>,
    uri: String,
    voice_application_sid: Option<String>,
    voice_caller_id_lookup: bool,
    voice_fallback_method: &'static str,
    voice_fallback_url: Option<String>,
    voice_method: &'static str,
    voice_receive_mode: &'static str,
    voice_url: Option<String>,
}

/// What a number can do here.
#[derive(Serialize)]
struct Capabilities {
    fax: bool,
    mms: bool,
    sms: bool,
    voice: bool,
}

impl NumberView {
    /// The view of one number.
    pub fn new(account: AccountSid, number: &Document<PhoneNumber>, can_mms: bool) -> Self {
        let facts = &number.facts;
        let url = |url: &Option<String>| url.clone().unwrap_or_default();
        Self {
            account_sid: account.to_string(),
            address_requirements: "none",
            address_sid: facts.address.map(|sid| sid.0.to_string()),
            api_version: "2010-04-01",
            beta: false,
            bundle_sid: None,
            capabilities: Capabilities { fax: false, mms: can_mms, sms: true, voice: false },
            date_created: number.created_at.rfc2822(),
            date_updated: number.updated_at.rfc2822(),
            emergency_address_sid: None,
            emergency_address_status: "unregistered",
            emergency_status: "Inactive",
            friendly_name: facts.friendly_name.clone(),
            identity_sid: None,
            origin: "twilio",
            phone_number: facts.number.clone(),
            sid: number.sid.to_string(),
            sms_application_sid: facts.sms_application.map(|sid| sid.0.to_string()).unwrap_or_default(),
            sms_fallback_method: facts.sms_fallback_method.as_str(),
            sms_fallback_url: url(&facts.sms_fallback_url),
            sms_method: facts.sms_method.as_str(),
            sms_url: url(&facts.sms_url),
            status: "in-use",
            status_callback: url(&facts.status_callback),
            status_callback_method: facts.status_callback_method.as_str(),
            trunk_sid: None,
            r#type: None,
            uri: format!("/2010-04-01/Accounts/{account}/IncomingPhoneNumbers/{}.json", number.sid),
            voice_application_sid: facts.voice_application.map(|sid| sid.0.to_string()),
            voice_caller_id_lookup: false,
            voice_fallback_method: facts.voice_fallback.method.as_str(),
            voice_fallback_url: facts.voice_fallback.url.clone(),
            voice_method: facts.voice.method.as_str(),
            voice_receive_mode: "voice",
            voice_url: facts.voice.url.clone(),
        }
    }
}
