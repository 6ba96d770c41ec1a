//! Bins as JSON, in our own API.

use base::AccountSid;
use phi::Proof;
use serde::Serialize;
use store::Document;
use webhooks::hosted::HOST;

use crate::answer::PATH;
use crate::model::Bin;

/// A bin in a list: without its text.
#[derive(Serialize)]
pub struct RowView {
    sid: String,
    account_sid: String,
    friendly_name: String,
    /// What numbers, applications and services name.
    url: String,
    findings: Vec<String>,
    date_created: String,
    date_updated: String,
}

impl RowView {
    /// The view of one bin.
    pub fn new(account: AccountSid, bin: &Document<Bin>) -> Self {
        Self {
            sid: bin.sid.to_string(),
            account_sid: account.to_string(),
            friendly_name: bin.facts.friendly_name.clone(),
            url: format!("https://{HOST}{PATH}{}", bin.sid),
            findings: bin.facts.findings.clone(),
            date_created: bin.created_at.iso8601(),
            date_updated: bin.updated_at.iso8601(),
        }
    }
}

/// A bin with its text. No Debug: it is opened.
#[derive(Serialize)]
pub struct BinView {
    #[serde(flatten)]
    row: RowView,
    twiml: Option<String>,
}

impl BinView {
    /// The view of one bin.
    pub fn new(account: AccountSid, bin: Document<Bin>, proof: &Proof) -> Self {
        let row = RowView::new(account, &bin);
        Self { row, twiml: bin.content.map(|twiml| twiml.into_open(proof)) }
    }
}
