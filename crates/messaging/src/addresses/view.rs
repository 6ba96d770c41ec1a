//! The Address resource and its numbers as JSON (`api.v2010.account.address` and `….dependent_phone_number`).

use base::AccountSid;
use phi::Proof;
use serde::Serialize;
use store::Document;

use super::model::PostalAddress;
use crate::numbers::PhoneNumber;

/// An address on the wire. No Debug: it holds opened text.
#[derive(Serialize)]
pub struct AddressView {
    account_sid: String,
    city: String,
    customer_name: String,
    date_created: String,
    date_updated: String,
    emergency_enabled: bool,
    friendly_name: String,
    iso_country: String,
    postal_code: String,
    region: String,
    sid: String,
    street: String,
    street_secondary: Option<String>,
    uri: String,
    validated: bool,
    verified: bool,
}

impl AddressView {
    /// The view of one address; what was shredded is empty.
    pub fn new(account: AccountSid, address: Document<PostalAddress>, proof: &Proof) -> Self {
        let Document { sid, created_at, updated_at, facts, content, .. } = address;
        let parts = content.map(|content| content.into_open(proof));
        let part = |of: fn(&super::model::AddressParts) -> &String| {
            parts.as_ref().map(|parts| of(parts).clone()).unwrap_or_default()
        };
        Self {
            account_sid: account.to_string(),
            city: part(|parts| &parts.city),
            customer_name: part(|parts| &parts.customer_name),
            date_created: created_at.rfc2822(),
            date_updated: updated_at.rfc2822(),
            emergency_enabled: false,
            friendly_name: part(|parts| &parts.friendly_name),
            iso_country: facts.iso_country,
            postal_code: part(|parts| &parts.postal_code),
            region: part(|parts| &parts.region),
            sid: sid.to_string(),
            street: part(|parts| &parts.street),
            street_secondary: parts.as_ref().and_then(|parts| parts.street_secondary.clone()),
            uri: format!("/2010-04-01/Accounts/{account}/Addresses/{sid}.json"),
            validated: false,
            verified: false,
        }
    }
}

/// A number that names an address, on the wire.
#[derive(Serialize)]
pub struct DependentView {
    account_sid: String,
    address_requirements: &'static str,
    api_version: &'static str,
    capabilities: Capabilities,
    date_created: String,
    date_updated: String,
    emergency_address_sid: Option<String>,
    emergency_status: &'static str,
    friendly_name: String,
    phone_number: String,
    sid: String,
    sms_application_sid: String,
    sms_fallback_method: &'static str,
    sms_fallback_url: String,
    sms_method: &'static str,
    sms_url: String,
    status_callback: String,
    status_callback_method: &'static str,
    trunk_sid: Option<String>,
    uri: String,
    voice_application_sid: Option<String>,
    voice_caller_id_lookup: bool,
    voice_fallback_method: &'static str,
    voice_fallback_url: Option<String>,
    voice_method: &'static str,
    voice_url: Option<String>,
}

/// What a number can do here, as this resource writes it.
#[derive(Serialize)]
struct Capabilities {
    #[serde(rename = "Voice")]
    voice: bool,
    #[serde(rename = "SMS")]
    sms: bool,
    #[serde(rename = "MMS")]
    mms: bool,
}

impl DependentView {
    /// The view of one number.
    pub fn new(account: AccountSid, number: &Document<PhoneNumber>, can_mms: bool) -> Self {
        let facts = &number.facts;
        let url = |url: &Option<String>| url.clone().unwrap_or_default();
        Self {
            account_sid: account.to_string(),
            address_requirements: "none",
            api_version: "2010-04-01",
            capabilities: Capabilities { voice: false, sms: true, mms: can_mms },
            date_created: number.created_at.rfc2822(),
            date_updated: number.updated_at.rfc2822(),
            emergency_address_sid: None,
            emergency_status: "Inactive",
            friendly_name: facts.friendly_name.clone(),
            phone_number: facts.number.clone(),
            sid: number.sid.to_string(),
            sms_application_sid: facts.sms_application.map(|sid| sid.0.to_string()).unwrap_or_default(),
            sms_fallback_method: facts.sms_fallback_method.as_str(),
            sms_fallback_url: url(&facts.sms_fallback_url),
            sms_method: facts.sms_method.as_str(),
            sms_url: url(&facts.sms_url),
            status_callback: url(&facts.status_callback),
            status_callback_method: facts.status_callback_method.as_str(),
            trunk_sid: None,
            uri: format!("/2010-04-01/Accounts/{account}/IncomingPhoneNumbers/{}.json", number.sid),
            voice_application_sid: None,
            voice_caller_id_lookup: false,
            voice_fallback_method: "POST",
            voice_fallback_url: None,
            voice_method: "POST",
            voice_url: None,
        }
    }
}
