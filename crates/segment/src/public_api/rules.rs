//! Rules of a tracking plan: listed, replaced, changed and taken out. A schema that could not judge an event is refused
//! here, so that every rule that is kept judges.

use std::collections::BTreeMap;

use base::{PlanRuleSid, Sid, TrackingPlanSid};
use phi::DigestKey;
use plans::Schema;
use serde::Deserialize;
use serde_json::{Value, json};
use store::{Batch, Document, NewDocument, Query, Scoped, StoreError};

use super::wire::{Failed, PageRequest, Reply};
use super::{Call, says, tracking_plans};
use crate::limits;
use crate::records::{PlanRule, RuleFacts, TrackingPlan};

/// The type of rule that is for one event by its name.
const TRACK: &str = "TRACK";
const TYPES: [&str; 6] = ["COMMON", "GROUP", "IDENTIFY", "PAGE", "SCREEN", TRACK];

/// All rules of a plan, newest first.
pub(crate) async fn all(
    scoped: &Scoped,
    plan: TrackingPlanSid,
) -> Result<Vec<Document<PlanRule>>, StoreError> {
    let (mut rules, mut cursor) = (Vec::new(), None);
    loop {
        let query = Query {
            parent: Some(plan.to_string()),
            limit: store::limits::PAGE_ROWS,
            cursor,
            ..Query::default()
        };
        let listed = scoped.list::<PlanRule>(query).await?;
        rules.extend(listed.documents);
        match listed.next {
            Some(next) if rules.len() <= limits::RULES => cursor = Some(next),
            _ => return Ok(rules),
        }
    }
}

fn view(rule: &Document<PlanRule>) -> Value {
    let facts = &rule.facts;
    let schema: Value = serde_json::from_str(&facts.schema).unwrap_or_default();
    let mut view = json!({
        "type": facts.rule_type,
        "jsonSchema": schema,
        "version": facts.version,
        "createdAt": rule.created_at.iso8601(),
        "updatedAt": rule.updated_at.iso8601(),
    });
    if let Some(key) = &facts.key {
        view["key"] = key.clone().into();
    }
    view
}

/// `GET /tracking-plans/{trackingPlanId}/rules`.
pub(super) async fn list(mut call: Call) -> Result<Reply, Failed> {
    let request = PageRequest::read(&mut call.query)?;
    call.finish()?;
    let plan = tracking_plans::find(&call).await?;
    let all = all(&call.scoped(), plan.sid).await?;
    let (page, pagination) = request.of(&all)?;
    let rules: Vec<_> = page.iter().map(view).collect();
    Ok(Reply::found(json!({ "rules": rules, "pagination": pagination })))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Given {
    #[serde(rename = "type")]
    rule_type: String,
    key: Option<String>,
    json_schema: Value,
    version: u32,
    /// What a track rule's event is called from now on.
    new_key: Option<String>,
    // Told by whoever sends a listed rule back.
    #[serde(rename = "createdAt")]
    _created_at: Option<String>,
    #[serde(rename = "updatedAt")]
    _updated_at: Option<String>,
    #[serde(rename = "deprecatedAt")]
    _deprecated_at: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Rules {
    rules: Vec<Given>,
}

/// What tells a rule from others of its plan.
fn identity(
    key: &DigestKey,
    plan: TrackingPlanSid,
    rule_type: &str,
    event: Option<&str>,
    version: u32,
) -> PlanRuleSid {
    let name = json!([plan.to_string(), rule_type, event, version]).to_string();
    let digest = key.digest("segment plan rule", name.as_bytes());
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&digest.0[..16]);
    PlanRuleSid::from_bytes(bytes)
}

/// The event that a rule is for: a track rule has one, and no other has.
fn event_of(rule_type: &str, key: Option<String>, at: usize) -> Result<Option<String>, Failed> {
    let key = key.filter(|key| !key.is_empty());
    let fits = match &key {
        Some(key) => rule_type == TRACK && says(key, limits::EVENT_NAME),
        None => rule_type != TRACK,
    };
    match fits && TYPES.contains(&rule_type) {
        true => Ok(key),
        false => {
            Err(wrong(at, "a rule has a type, and a rule of the type TRACK the name of an event as its key"))
        }
    }
}

fn wrong(at: usize, message: &'static str) -> Failed {
    Failed::invalid(format!("rules[{at}]"), message)
}

impl Given {
    /// The rule as it is kept, and what it was before when it has another name now.
    fn read(self, at: usize) -> Result<(RuleFacts, Option<String>), Failed> {
        let Self { rule_type, key, json_schema, version, new_key, .. } = self;
        let key = event_of(&rule_type, key, at)?;
        let schema = json_schema.to_string();
        if schema.len() > limits::RULE_BYTES {
            return Err(wrong(at, "the schema is too large"));
        }
        if Schema::compile(&json_schema).is_err() {
            return Err(wrong(at, "the schema is no JSON Schema (draft-07) that can be used here"));
        }
        match new_key {
            None => Ok((RuleFacts { rule_type, key, version, schema }, None)),
            Some(new_key) => {
                let new_key = event_of(&rule_type, Some(new_key), at)?;
                Ok((RuleFacts { rule_type, key: new_key, version, schema }, key))
            }
        }
    }
}

/// A plan whose rules change: the plan itself is written with them, so that its revision says that they did.
struct Change<'a> {
    call: &'a Call,
    plan: Document<TrackingPlan>,
    key: std::sync::Arc<DigestKey>,
    rules: BTreeMap<PlanRuleSid, Document<PlanRule>>,
    /// Bytes of the schemas, by rule.
    sizes: BTreeMap<PlanRuleSid, usize>,
    batch: Batch,
}

impl<'a> Change<'a> {
    async fn of(call: &'a Call) -> Result<Self, Failed> {
        let plan = tracking_plans::find(call).await?;
        let scoped = call.scoped();
        let rules = all(&scoped, plan.sid).await?;
        let sizes = rules.iter().map(|rule| (rule.sid, rule.facts.schema.len())).collect();
        let rules = rules.into_iter().map(|rule| (rule.sid, rule)).collect();
        Ok(Self { call, plan, key: scoped.digest_key().await?, rules, sizes, batch: call.batch() })
    }

    fn sid(&self, rule_type: &str, event: Option<&str>, version: u32) -> PlanRuleSid {
        identity(&self.key, self.plan.sid, rule_type, event, version)
    }

    fn put(&mut self, facts: RuleFacts) -> PlanRuleSid {
        let sid = self.sid(&facts.rule_type, facts.key.as_deref(), facts.version);
        self.sizes.insert(sid, facts.schema.len());
        match self.rules.remove(&sid) {
            Some(mut rule) if rule.facts.schema != facts.schema => {
                rule.facts = facts;
                self.batch.update(&rule);
            }
            Some(_) => {}
            None => {
                let parent = Some(self.plan.sid.to_string());
                let new = NewDocument { parent, ..NewDocument::of(sid, self.call.ctx.now(), facts) };
                self.batch.insert::<PlanRule>(new);
            }
        }
        sid
    }

    fn take_out(&mut self, sid: PlanRuleSid) -> bool {
        let Some(rule) = self.rules.remove(&sid) else { return false };
        self.sizes.remove(&sid);
        self.batch.delete(&rule);
        true
    }

    async fn finish(mut self) -> Result<Reply, Failed> {
        self.plan.facts.rules = self.sizes.len();
        self.plan.facts.bytes = self.sizes.values().sum();
        if self.plan.facts.rules > limits::RULES || self.plan.facts.bytes > limits::PLAN_BYTES {
            return Err(Failed::invalid("rules", "the tracking plan has as many rules as it may have"));
        }
        self.batch.update(&self.plan);
        self.call.commit(self.batch, vec![self.plan.sid.to_string()]).await?;
        Ok(Reply::success())
    }
}

/// The rules of a body; no rule stands in it twice.
async fn read(call: &Call, may_rename: bool) -> Result<Vec<(RuleFacts, Option<String>)>, Failed> {
    let Rules { rules } = call.json()?;
    if rules.len() > limits::RULES {
        return Err(Failed::invalid("rules", "more rules than a tracking plan may have"));
    }
    let mut read = Vec::with_capacity(rules.len());
    let mut names = std::collections::BTreeSet::new();
    for (at, given) in rules.into_iter().enumerate() {
        if given.new_key.is_some() && !may_rename {
            return Err(wrong(at, "a rule that replaces others has no new key"));
        }
        let (facts, before) = given.read(at)?;
        if !names.insert((facts.rule_type.clone(), facts.key.clone(), facts.version)) {
            return Err(wrong(at, "there is another rule for this event and version"));
        }
        read.push((facts, before));
        // A schema may take long to compile, and others are waiting.
        tokio::task::yield_now().await;
    }
    Ok(read)
}

/// `PUT /tracking-plans/{trackingPlanId}/rules`: these and no others.
pub(super) async fn replace(mut call: Call) -> Result<Reply, Failed> {
    call.finish()?;
    let rules = read(&call, false).await?;
    let mut change = Change::of(&call).await?;
    for (facts, _) in rules {
        change.put(facts);
    }
    for sid in change.rules.keys().copied().collect::<Vec<_>>() {
        change.take_out(sid);
    }
    change.finish().await
}

/// `PATCH /tracking-plans/{trackingPlanId}/rules`: adds these, or puts them in the place of those that were there.
pub(super) async fn update(mut call: Call) -> Result<Reply, Failed> {
    call.finish()?;
    let rules = read(&call, true).await?;
    let mut change = Change::of(&call).await?;
    for (at, (facts, before)) in rules.into_iter().enumerate() {
        if let Some(before) = before.filter(|before| facts.key.as_ref() != Some(before)) {
            let former = change.sid(&facts.rule_type, Some(&before), facts.version);
            let sid = change.sid(&facts.rule_type, facts.key.as_deref(), facts.version);
            if change.rules.contains_key(&sid) || !change.take_out(former) {
                return Err(wrong(at, "the rule cannot have the new key"));
            }
        }
        change.put(facts);
    }
    change.finish().await
}

/// `DELETE /tracking-plans/{trackingPlanId}/rules?rules[0][type]=…`: those that are not there are not missed.
pub(super) async fn remove(mut call: Call) -> Result<Reply, Failed> {
    let rules = removed(&mut call)?;
    call.finish()?;
    if rules.is_empty() {
        return Err(Failed::invalid("rules", "the rules that are to be taken out"));
    }
    let mut change = Change::of(&call).await?;
    for (rule_type, event, version) in rules {
        let sid = change.sid(&rule_type, event.as_deref(), version);
        change.take_out(sid);
    }
    change.finish().await
}

type Named = (String, Option<String>, u32);

fn removed(call: &mut Call) -> Result<Vec<Named>, Failed> {
    let mut rules = Vec::new();
    for at in 0..=limits::REMOVED_RULES {
        let mut text = |member: &str| call.query.all(&format!("rules[{at}][{member}]")).pop();
        let (rule_type, key, version) = (text("type"), text("key"), text("version"));
        let Some(rule_type) = rule_type else { break };
        let version = version.and_then(|version| version.parse().ok());
        let version = version.ok_or_else(|| wrong(at, "the version of the rule"))?;
        rules.push((rule_type.clone(), event_of(&rule_type, key, at)?, version));
    }
    if rules.len() > limits::REMOVED_RULES {
        return Err(Failed::invalid("rules", "more rules than one request takes out"));
    }
    Ok(rules)
}
