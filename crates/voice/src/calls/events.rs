//! Status callbacks: what a call's webhook is told while it goes on, and what every voice request says of its call.

use base::{AccountSid, CallSid, Timestamp};
use phi::Phi;
use store::{Batch, Document};
use webhooks::{Parameters, Webhook};

use super::model::{Call, CallFacts, Ends, Progress, Status};

/// Enqueues the callback for what has happened, if it is wanted; counts it in the call, which the caller writes.
pub fn report(
    batch: &mut Batch,
    account: AccountSid,
    call: &mut Document<Call>,
    progress: Progress,
    now: Timestamp,
) {
    let (Some(url), Some(ends)) = (call.facts.hook.status_callback.url.clone(), call.content.clone()) else {
        return;
    };
    if !call.facts.events.contains(&progress) {
        return;
    }
    let (facts, sid, parent) = (call.facts.clone(), call.sid, call.parent.clone());
    call.facts.reports += 1;
    let params = ends.map(|ends| {
        let word = match progress {
            Progress::Initiated => "initiated",
            _ => facts.status.as_str(),
        };
        let mut parameters = of_call(account, sid, parent, &facts, ends, word);
        parameters.extend(of_progress(&facts, now));
        parameters
    });
    let sid = sid.to_string();
    let webhook = Webhook {
        resource_sid: sid.clone(),
        url,
        method: call.facts.hook.status_callback.method,
        params,
        event: "call-status",
    };
    webhooks::enqueue(batch, webhook, now, Some(sid));
}

/// What only status callbacks say.
fn of_progress(facts: &CallFacts, now: Timestamp) -> Parameters {
    let mut parameters = vec![
        ("Timestamp", now.rfc2822()),
        ("CallbackSource", "call-progress-events".to_owned()),
        ("SequenceNumber", facts.reports.to_string()),
    ];
    if let Some(seconds) = facts.duration() {
        parameters.push(("CallDuration", seconds.to_string()));
        if facts.status == Status::Completed {
            // Minutes that were begun, as they are charged for.
            parameters.push(("Duration", seconds.div_ceil(60).to_string()));
        }
    }
    if let Some(status) = facts.sip_response {
        parameters.push(("SipResponseCode", status.to_string()));
    }
    if let Some(code) = facts.error_code {
        parameters.push(("ErrorCode", code.to_string()));
    }
    parameters.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

/// The parameters of a voice request about this call.
pub fn of_request(account: AccountSid, call: &Document<Call>) -> Phi<Parameters> {
    let (facts, sid, parent) = (call.facts.clone(), call.sid, call.parent.clone());
    let ends = call
        .content
        .clone()
        .unwrap_or_else(|| Phi::new(Ends { from: String::new(), to: String::new(), forwarded_from: None }));
    ends.map(|ends| of_call(account, sid, parent, &facts, ends, facts.status.as_str()))
}

fn of_call(
    account: AccountSid,
    sid: CallSid,
    parent: Option<String>,
    facts: &CallFacts,
    ends: Ends,
    status: &str,
) -> Parameters {
    let Ends { from, to, forwarded_from } = ends;
    let mut parameters = vec![
        ("CallSid", sid.to_string()),
        ("AccountSid", account.to_string()),
        ("From", from.clone()),
        ("To", to.clone()),
        ("Caller", from),
        ("Called", to),
        ("CallStatus", status.to_owned()),
        ("ApiVersion", "2010-04-01".to_owned()),
        ("Direction", facts.direction.as_str().to_owned()),
    ];
    parameters.extend(parent.map(|parent| ("ParentCallSid", parent)));
    parameters.extend(forwarded_from.map(|number| ("ForwardedFrom", number)));
    parameters.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}
