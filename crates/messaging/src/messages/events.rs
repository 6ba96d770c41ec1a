//! Status callbacks: what a sender's webhook is told when a message changes state.

use base::AccountSid;
use phi::Phi;
use store::{Batch, Document};
use webhooks::{Method, Webhook};

use super::model::{Message, MessageFacts};

/// Enqueues the callback for the state the message is in now, if a callback is wanted.
pub fn report(
    batch: &mut Batch,
    account: AccountSid,
    message: &Document<Message>,
    counterparty: Option<Phi<String>>,
    now: base::Timestamp,
) {
    let facts = &message.facts;
    let Some(url) = facts.status_callback.clone() else {
        return;
    };
    let number = counterparty.unwrap_or_else(|| Phi::new(facts.masked.clone()));
    let (sid, facts) = (message.sid.to_string(), facts.clone());
    let params = number.map(|to| parameters(sid, account, facts, to));
    webhooks::enqueue(
        batch,
        Webhook {
            resource_sid: message.sid.to_string(),
            url,
            method: Method::Post,
            params,
            event: "message-status",
        },
        now,
        Some(message.sid.to_string()),
    );
}

fn parameters(sid: String, account: AccountSid, facts: MessageFacts, to: String) -> Vec<(String, String)> {
    let mut parameters = vec![
        ("SmsSid", sid.clone()),
        ("SmsStatus", facts.status.as_str().to_owned()),
        ("MessageStatus", facts.status.as_str().to_owned()),
        ("To", to),
        ("MessageSid", sid),
        ("AccountSid", account.to_string()),
        ("From", facts.own_number),
        ("ApiVersion", "2010-04-01".to_owned()),
    ];
    if let Some(service) = facts.service {
        parameters.push(("MessagingServiceSid", service.0.to_string()));
    }
    if let Some(code) = facts.error_code {
        parameters.push(("ErrorCode", code.to_string()));
    }
    parameters.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}
