//! The Media resource as JSON (`api.v2010.account.message.media`).

use base::AccountSid;
use serde::Serialize;
use store::Document;

use super::model::Media;

/// A medium on the wire. Every key of the published schema, always.
#[derive(Serialize)]
pub struct MediaView {
    sid: String,
    account_sid: String,
    parent_sid: String,
    content_type: Option<String>,
    date_created: String,
    date_updated: String,
    uri: String,
}

impl MediaView {
    /// The view of one medium.
    pub fn new(account: AccountSid, media: &Document<Media>) -> Self {
        let parent = media.parent.clone().unwrap_or_default();
        Self {
            sid: media.sid.to_string(),
            account_sid: account.to_string(),
            content_type: media.facts.content_type.clone(),
            date_created: media.created_at.rfc2822(),
            date_updated: media.updated_at.rfc2822(),
            uri: format!("/2010-04-01/Accounts/{account}/Messages/{parent}/Media/{}.json", media.sid),
            parent_sid: parent,
        }
    }
}
