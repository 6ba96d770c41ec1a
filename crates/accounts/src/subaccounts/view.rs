//! The account of the 2010 API: exactly the members of `api.v2010.account`.

use std::collections::BTreeMap;

use auth::Account;
use serde::Serialize;
use store::Document;

/// Collections below an account that are served, by their name in `subresource_uris`.
const SUBRESOURCES: [(&str, &str); 4] = [
    ("incoming_phone_numbers", "IncomingPhoneNumbers"),
    ("keys", "Keys"),
    ("messages", "Messages"),
    ("signing_keys", "SigningKeys"),
];

/// An account. No Debug: it may hold the auth token.
#[derive(Serialize)]
pub(crate) struct AccountView {
    auth_token: Option<String>,
    date_created: String,
    date_updated: String,
    friendly_name: String,
    owner_account_sid: String,
    sid: String,
    status: &'static str,
    subresource_uris: BTreeMap<&'static str, String>,
    #[serde(rename = "type")]
    kind: &'static str,
    uri: String,
}

impl AccountView {
    /// The view; the token is in it when the ledger says so already.
    pub(crate) fn new(account: &Document<Account>, with_token: bool) -> Self {
        let facts = &account.facts;
        let base = format!("/2010-04-01/Accounts/{}", account.sid);
        Self {
            auth_token: with_token.then(|| facts.primary_token.reveal().to_owned()),
            date_created: account.created_at.rfc2822(),
            date_updated: account.updated_at.rfc2822(),
            friendly_name: facts.friendly_name.clone(),
            owner_account_sid: facts.owner.0.to_string(),
            sid: account.sid.to_string(),
            status: facts.status.as_str(),
            subresource_uris: SUBRESOURCES
                .iter()
                .map(|(name, path)| (*name, format!("{base}/{path}.json")))
                .collect(),
            kind: "Full",
            uri: format!("{base}.json"),
        }
    }
}
