//! The Call resource as JSON (`api.v2010.account.call`).

use base::{AccountSid, PhoneNumber, Timestamp};
use serde::Serialize;
use store::Document;

use super::model::{Call, Ends};

/// A call on the wire. Every key of the published schema, always. No `Debug`.
#[derive(Serialize)]
pub struct CallView {
    account_sid: String,
    answered_by: Option<String>,
    api_version: &'static str,
    caller_name: Option<String>,
    date_created: String,
    date_updated: String,
    direction: &'static str,
    duration: Option<String>,
    end_time: Option<String>,
    forwarded_from: Option<String>,
    from: String,
    from_formatted: String,
    group_sid: Option<String>,
    parent_call_sid: Option<String>,
    phone_number_sid: Option<String>,
    price: Option<String>,
    price_unit: &'static str,
    queue_time: String,
    sid: String,
    start_time: Option<String>,
    status: &'static str,
    subresource_uris: Subresources,
    to: String,
    to_formatted: String,
    trunk_sid: Option<String>,
    uri: String,
}

#[derive(Serialize)]
struct Subresources {
    events: String,
    notifications: String,
    payments: String,
    recordings: String,
    siprec: String,
    streams: String,
    transcriptions: String,
    user_defined_message_subscriptions: String,
    user_defined_messages: String,
}

/// How an end is written for people.
fn formatted(end: &str) -> String {
    PhoneNumber::parse(end).map_or_else(|_| end.to_owned(), |number| number.national_format())
}

impl CallView {
    /// The view of one call.
    pub fn new(account: AccountSid, call: &Document<Call>, ends: Ends) -> Self {
        let facts = &call.facts;
        let path = format!("/2010-04-01/Accounts/{account}/Calls/{}", call.sid);
        let below = |name: &str| format!("{path}/{name}.json");
        let time = |micros: i64| Timestamp::from_micros(micros).rfc2822();
        Self {
            account_sid: account.to_string(),
            answered_by: None,
            api_version: "2010-04-01",
            caller_name: None,
            date_created: call.created_at.rfc2822(),
            date_updated: call.updated_at.rfc2822(),
            direction: facts.direction.as_str(),
            duration: facts.duration().map(|seconds| seconds.to_string()),
            end_time: facts.ended_at.map(time),
            forwarded_from: ends.forwarded_from,
            from_formatted: formatted(&ends.from),
            from: ends.from,
            group_sid: None,
            parent_call_sid: call.parent.clone(),
            phone_number_sid: facts.number.map(|sid| sid.0.to_string()),
            price: None,
            price_unit: "USD",
            queue_time: "0".to_owned(),
            sid: call.sid.to_string(),
            start_time: call.event_at.map(Timestamp::rfc2822),
            status: facts.status.as_str(),
            subresource_uris: Subresources {
                events: below("Events"),
                notifications: below("Notifications"),
                payments: below("Payments"),
                recordings: below("Recordings"),
                siprec: below("Siprec"),
                streams: below("Streams"),
                transcriptions: below("Transcriptions"),
                user_defined_message_subscriptions: below("UserDefinedMessageSubscriptions"),
                user_defined_messages: below("UserDefinedMessages"),
            },
            to_formatted: formatted(&ends.to),
            to: ends.to,
            trunk_sid: None,
            uri: format!("{path}.json"),
        }
    }
}
