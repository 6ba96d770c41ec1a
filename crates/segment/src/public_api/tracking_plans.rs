//! Tracking plans, and which sources they judge.

use base::{Sid, SourceSid, TrackingPlanSid};
use data_encoding::HEXLOWER;
use errors::{ApiError, codes};
use serde::Deserialize;
use serde_json::{Value, json};
use store::{Document, NewDocument};

use super::wire::{Failed, PageRequest, Reply};
use super::{Call, rules, says, sources};
use crate::limits;
use crate::records::{PlanFacts, PlanRule, Source, TrackingPlan, slug_of};

/// The type of plan that judges sources.
const LIVE: &str = "LIVE";
const TYPES: [&str; 5] = ["ENGAGE", LIVE, "PROPERTY_LIBRARY", "RULE_LIBRARY", "TEMPLATE"];
/// What ids of the Public API begin with.
const PREFIX: &str = "tp_";

/// The id of a plan in the Public API.
pub(super) fn id(sid: TrackingPlanSid) -> String {
    format!("{PREFIX}{}", HEXLOWER.encode(&sid.bytes()))
}

/// The plan that the path names.
pub(super) async fn find(call: &Call) -> Result<Document<TrackingPlan>, Failed> {
    let not_found = || Failed::from(ApiError::new(codes::NOT_FOUND));
    let digits = call.text(0).strip_prefix(PREFIX).ok_or_else(not_found)?;
    let sid = format!("{}{digits}", TrackingPlanSid::PREFIX).parse().map_err(|_| not_found())?;
    call.scoped().get::<TrackingPlan>(sid).await?.ok_or_else(not_found)
}

async fn all(call: &Call) -> Result<Vec<Document<TrackingPlan>>, Failed> {
    let query = store::Query { limit: limits::PLANS, ..store::Query::default() };
    Ok(call.scoped().list::<TrackingPlan>(query).await?.documents)
}

fn view(plan: &Document<TrackingPlan>) -> Value {
    json!({
        "id": id(plan.sid),
        "name": plan.facts.name,
        "slug": slug_of(&plan.facts.name),
        "description": plan.facts.description,
        "type": plan.facts.plan_type,
        "createdAt": plan.created_at.iso8601(),
        "updatedAt": plan.updated_at.iso8601(),
    })
}

/// `GET /tracking-plans?type=`.
pub(super) async fn list(mut call: Call) -> Result<Reply, Failed> {
    let request = PageRequest::read(&mut call.query)?;
    let wanted = call.query.text("type")?;
    call.finish()?;
    if wanted.as_ref().is_some_and(|wanted| !TYPES.contains(&wanted.as_str())) {
        return Err(wrong_type());
    }
    let mut all = all(&call).await?;
    all.retain(|plan| wanted.as_ref().is_none_or(|wanted| plan.facts.plan_type == *wanted));
    let (page, pagination) = request.of(&all)?;
    let plans: Vec<_> = page.iter().map(view).collect();
    Ok(Reply::found(json!({ "trackingPlans": plans, "pagination": pagination })))
}

fn wrong_type() -> Failed {
    Failed::invalid("type", "ENGAGE, LIVE, PROPERTY_LIBRARY, RULE_LIBRARY or TEMPLATE")
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Create {
    name: String,
    description: Option<String>,
    #[serde(rename = "type")]
    plan_type: String,
}

/// `POST /tracking-plans`.
pub(super) async fn create(mut call: Call) -> Result<Reply, Failed> {
    call.finish()?;
    let Create { name, description, plan_type } = call.json()?;
    if !TYPES.contains(&plan_type.as_str()) {
        return Err(wrong_type());
    }
    check_words(&name, description.as_deref())?;
    if all(&call).await?.len() >= limits::PLANS {
        return Err(Failed::conflict("the workspace has as many tracking plans as it may have"));
    }
    let sid = TrackingPlanSid::generate(call.ctx.services.store.random().as_ref());
    let facts = PlanFacts { name, description, plan_type, rules: 0, bytes: 0 };
    let mut batch = call.batch();
    batch.insert::<TrackingPlan>(NewDocument::of(sid, call.ctx.now(), facts));
    call.commit(batch, vec![sid.to_string()]).await?;
    let made = call.scoped().get::<TrackingPlan>(sid).await?;
    let made = made.ok_or_else(|| ApiError::new(codes::NOT_FOUND))?;
    Ok(Reply::found(json!({ "trackingPlan": view(&made) })))
}

fn check_words(name: &str, description: Option<&str>) -> Result<(), Failed> {
    if !says(name, limits::NAME) {
        return Err(Failed::invalid("name", "the name of the tracking plan"));
    }
    if description.is_some_and(|text| text.chars().count() > limits::DESCRIPTION) {
        return Err(Failed::invalid("description", "the description is too long"));
    }
    Ok(())
}

/// `GET /tracking-plans/{trackingPlanId}`.
pub(super) async fn fetch(mut call: Call) -> Result<Reply, Failed> {
    call.finish()?;
    Ok(Reply::found(json!({ "trackingPlan": view(&find(&call).await?) })))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Update {
    name: Option<String>,
    description: Option<String>,
}

/// `PATCH /tracking-plans/{trackingPlanId}`.
pub(super) async fn update(mut call: Call) -> Result<Reply, Failed> {
    call.finish()?;
    let Update { name, description } = call.json()?;
    let mut plan = find(&call).await?;
    if let Some(name) = name {
        plan.facts.name = name;
    }
    if description.is_some() {
        plan.facts.description = description;
    }
    check_words(&plan.facts.name, plan.facts.description.as_deref())?;
    let mut batch = call.batch();
    batch.update(&plan);
    call.commit(batch, vec![plan.sid.to_string()]).await?;
    Ok(Reply::success())
}

/// `DELETE /tracking-plans/{trackingPlanId}`: with its rules, and disconnected from all sources. In a HIPAA workspace
/// those take nothing until they have another.
pub(super) async fn delete(mut call: Call) -> Result<Reply, Failed> {
    call.finish()?;
    let plan = find(&call).await?;
    let mut batch = call.batch();
    for rule in rules::all(&call.scoped(), plan.sid).await? {
        batch.delete::<PlanRule>(&rule);
    }
    let mut sids = vec![plan.sid.to_string()];
    for mut source in connected(&call, plan.sid).await? {
        source.facts.tracking_plan = None;
        batch.update(&source);
        sids.push(source.sid.to_string());
    }
    batch.delete(&plan);
    call.commit(batch, sids).await?;
    Ok(Reply::success())
}

async fn connected(call: &Call, plan: TrackingPlanSid) -> Result<Vec<Document<Source>>, Failed> {
    let mut all = sources::all(call).await?;
    all.retain(|source| source.facts.plan() == Some(plan));
    Ok(all)
}

/// `GET /tracking-plans/{trackingPlanId}/sources`.
pub(super) async fn list_sources(mut call: Call) -> Result<Reply, Failed> {
    let request = PageRequest::read(&mut call.query)?;
    call.finish()?;
    let connected = connected(&call, find(&call).await?.sid).await?;
    let (page, pagination) = request.of(&connected)?;
    let sources: Vec<_> = page.iter().map(sources::view).collect();
    Ok(Reply::found(json!({ "sources": sources, "pagination": pagination })))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Connect {
    source_id: String,
}

/// `POST /tracking-plans/{trackingPlanId}/sources`: a source has one plan.
pub(super) async fn add_source(mut call: Call) -> Result<Reply, Failed> {
    call.finish()?;
    let Connect { source_id } = call.json()?;
    let plan = find(&call).await?;
    if plan.facts.plan_type != LIVE {
        return Err(Failed::conflict("only a plan of the type LIVE judges sources"));
    }
    let mut source = named(&call, &source_id).await?;
    match source.facts.plan() {
        Some(own) if own == plan.sid => return Ok(Reply::success()),
        Some(_) => return Err(Failed::conflict("the source has another tracking plan")),
        None => source.facts.tracking_plan = Some(plan.sid.to_string()),
    }
    connect(&call, plan.sid, source).await
}

/// `DELETE /tracking-plans/{trackingPlanId}/sources?sourceId=`.
pub(super) async fn remove_source(mut call: Call) -> Result<Reply, Failed> {
    let source_id = call.query.text("sourceId")?.unwrap_or_default();
    call.finish()?;
    let plan = find(&call).await?;
    let mut source = named(&call, &source_id).await?;
    if source.facts.plan() != Some(plan.sid) {
        return Err(ApiError::new(codes::NOT_FOUND).into());
    }
    source.facts.tracking_plan = None;
    connect(&call, plan.sid, source).await
}

async fn connect(call: &Call, plan: TrackingPlanSid, source: Document<Source>) -> Result<Reply, Failed> {
    let mut batch = call.batch();
    batch.update(&source);
    call.commit(batch, vec![plan.to_string(), source.sid.to_string()]).await?;
    Ok(Reply::success())
}

async fn named(call: &Call, id: &str) -> Result<Document<Source>, Failed> {
    let unknown = || Failed::invalid("sourceId", "a source of this workspace");
    let sid: SourceSid = id.parse().map_err(|_| unknown())?;
    call.scoped().get::<Source>(sid).await?.ok_or_else(unknown)
}
