//! The ShortCode resource as JSON (`api.v2010.account.short_code`).

use base::AccountSid;
use serde::Serialize;
use store::Document;

use super::model::ShortCode;

/// A short code on the wire. Every key of the published schema, always.
#[derive(Serialize)]
pub struct CodeView {
    account_sid: String,
    api_version: &'static str,
    date_created: String,
    date_updated: String,
    friendly_name: String,
    short_code: String,
    sid: String,
    sms_fallback_method: &'static str,
    sms_fallback_url: Option<String>,
    sms_method: &'static str,
    sms_url: Option<String>,
    uri: String,
}

impl CodeView {
    /// The view of one short code.
    pub fn new(account: AccountSid, code: &Document<ShortCode>) -> Self {
        let facts = &code.facts;
        Self {
            account_sid: account.to_string(),
            api_version: "2010-04-01",
            date_created: code.created_at.rfc2822(),
            date_updated: code.updated_at.rfc2822(),
            friendly_name: facts.friendly_name.clone(),
            short_code: facts.code.clone(),
            sid: code.sid.to_string(),
            sms_fallback_method: facts.hook.fallback_method.as_str(),
            sms_fallback_url: facts.hook.fallback_url.clone(),
            sms_method: facts.hook.method.as_str(),
            sms_url: facts.hook.url.clone(),
            uri: format!("/2010-04-01/Accounts/{account}/SMS/ShortCodes/{}.json", code.sid),
        }
    }
}
