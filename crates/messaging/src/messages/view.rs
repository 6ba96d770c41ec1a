//! The Message resource as JSON (`api.v2010.account.message`).

use base::{AccountSid, Timestamp};
use serde::Serialize;
use store::Document;

use super::model::{Direction, Message};

/// The protected parts of a message, opened for one answer. No `Debug`.
pub struct Opened {
    /// The counterparty's number; masked when it is gone.
    pub counterparty: String,
    /// The text; empty when it is gone.
    pub body: String,
}

/// A message on the wire. Every key of the published schema, always.
#[derive(Serialize)]
pub struct MessageView {
    sid: String,
    account_sid: String,
    api_version: &'static str,
    body: String,
    date_created: String,
    date_updated: String,
    date_sent: Option<String>,
    direction: &'static str,
    error_code: Option<u32>,
    error_message: Option<&'static str>,
    from: String,
    to: String,
    messaging_service_sid: Option<String>,
    num_media: String,
    num_segments: String,
    price: Option<String>,
    price_unit: &'static str,
    status: &'static str,
    uri: String,
    subresource_uris: Subresources,
}

#[derive(Serialize)]
struct Subresources {
    media: String,
}

impl MessageView {
    /// The view of one message.
    pub fn new(account: AccountSid, message: &Document<Message>, opened: Opened) -> Self {
        let facts = &message.facts;
        let own = facts.own_number.clone();
        let (from, to) = match facts.direction {
            Direction::Inbound => (opened.counterparty, own),
            Direction::OutboundApi | Direction::OutboundReply => (own, opened.counterparty),
        };
        let path = format!("/2010-04-01/Accounts/{account}/Messages/{}", message.sid);
        Self {
            sid: message.sid.to_string(),
            account_sid: account.to_string(),
            api_version: "2010-04-01",
            body: opened.body,
            date_created: message.created_at.rfc2822(),
            date_updated: message.updated_at.rfc2822(),
            date_sent: message.event_at.map(Timestamp::rfc2822),
            direction: facts.direction.as_str(),
            error_code: facts.error_code,
            error_message: facts.error_code.map(error_text),
            from,
            to,
            messaging_service_sid: facts.service.map(|service| service.0.to_string()),
            num_media: facts.media.len().to_string(),
            num_segments: facts.segments.to_string(),
            price: None,
            price_unit: "USD",
            status: facts.status.as_str(),
            uri: format!("{path}.json"),
            subresource_uris: Subresources { media: format!("{path}/Media.json") },
        }
    }
}

/// What a delivery code means, in our words.
pub fn error_text(code: u32) -> &'static str {
    match code {
        21606 => "The From number is not this account's any more",
        21610 => "The recipient has opted out of messages from this sender",
        30001 => "The queue is full",
        30002 => "The account is suspended",
        30003 => "The handset cannot be reached",
        30004 => "The recipient blocks this message",
        30005 => "The number does not exist or is not in service",
        30006 => "The number is a landline or cannot receive messages",
        30007 => "The carrier filtered the message",
        30008 => "The carrier gave no reason",
        30011 => "The carrier takes no messages with media",
        30019 => "The content is larger than the carrier takes",
        11_751 => "The media are larger than 5 MB together",
        12_300 => "A medium is of no type that can be sent",
        11_200..=11_299 => "A medium could not be fetched",
        63019 => "A medium of the message is not there any more",
        30036 => "The validity period ended before the message could be sent",
        30032 => "The toll-free number is not verified",
        30034 => "The sender is not registered with the carrier",
        // A refusal of the guide when it was to be sent has its text beside its rule.
        _ => rulebook::codes::row(code).map_or("The carrier refused the message", |row| row.message),
    }
}
