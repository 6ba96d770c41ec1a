//! A usage trigger as JSON (`api.v2010.account.usage.usage_trigger`), and as its webhook tells it.

use base::{AccountSid, Timestamp};
use serde::Serialize;
use store::Document;

use super::model::{Recurring, TriggerFacts, UsageTrigger};
use crate::calendar::Day;

/// A trigger on the wire. Every key of the published schema, always.
#[derive(Serialize)]
pub(crate) struct TriggerView {
    account_sid: String,
    api_version: &'static str,
    callback_method: &'static str,
    callback_url: String,
    current_value: String,
    date_created: String,
    date_fired: Option<String>,
    date_updated: String,
    friendly_name: String,
    recurring: Option<&'static str>,
    sid: String,
    trigger_by: &'static str,
    trigger_value: String,
    uri: String,
    usage_category: String,
    usage_record_uri: String,
}

impl TriggerView {
    pub(crate) fn new(account: AccountSid, trigger: &Document<UsageTrigger>, current: i64) -> Self {
        let facts = &trigger.facts;
        Self {
            account_sid: account.to_string(),
            api_version: "2010-04-01",
            callback_method: facts.callback_method.as_str(),
            callback_url: facts.callback_url.clone(),
            current_value: current.to_string(),
            date_created: trigger.created_at.rfc2822(),
            date_fired: facts.fired_at.map(|at| Timestamp::from_micros(at).rfc2822()),
            date_updated: trigger.updated_at.rfc2822(),
            friendly_name: facts.friendly_name.clone(),
            recurring: facts.recurring.map(Recurring::as_str),
            sid: trigger.sid.to_string(),
            trigger_by: facts.by.as_str(),
            trigger_value: facts.value.to_string(),
            uri: format!("/2010-04-01/Accounts/{account}/Usage/Triggers/{}.json", trigger.sid),
            usage_category: facts.category.clone(),
            usage_record_uri: record_uri(account, facts),
        }
    }
}

/// The record whose figure the trigger watches.
fn record_uri(account: AccountSid, facts: &TriggerFacts) -> String {
    let list = match facts.recurring {
        Some(Recurring::Daily) => "/Today",
        Some(Recurring::Monthly) => "/ThisMonth",
        Some(Recurring::Yearly | Recurring::Alltime) | None => "",
    };
    format!("/2010-04-01/Accounts/{account}/Usage/Records{list}.json?Category={}", facts.category)
}

/// What the webhook says of a trigger that fires at this time.
pub(crate) fn told(
    account: AccountSid,
    trigger: &Document<UsageTrigger>,
    current: i64,
    at: Timestamp,
) -> Vec<(String, String)> {
    let facts = &trigger.facts;
    // The same for every telling of one firing, and another for each period.
    let fired = match facts.recurs() {
        true => facts.period(Day::of(at)).start.to_string(),
        false => "once".to_owned(),
    };
    let parameters = [
        ("UsageTriggerSid", trigger.sid.to_string()),
        ("Recurring", facts.recurring.map_or("", Recurring::as_str).to_owned()),
        ("CurrentValue", current.to_string()),
        ("TriggerValue", facts.value.to_string()),
        ("TriggerBy", facts.by.as_str().to_owned()),
        ("UsageCategory", facts.category.clone()),
        ("UsageRecordUri", record_uri(account, facts)),
        ("DateFired", at.rfc2822()),
        ("IdempotencyToken", format!("{account}-FIRES-{}-{fired}", trigger.sid)),
        ("AccountSid", account.to_string()),
    ];
    parameters.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}
