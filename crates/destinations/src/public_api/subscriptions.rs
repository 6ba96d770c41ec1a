//! Subscriptions: a mapping with its trigger.

use segment::public::{Call, Failed, PageRequest, Reply};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::catalog::SEND;
use super::{find, not_found, save};
use crate::limits;
use crate::parts::{bounded, kept_or_new, readable};
use crate::records::MappingRecord;
use crate::service::Held;
use crate::view::filled;

fn view(held: &Held, mapping: &MappingRecord) -> Value {
    json!({
        "id": mapping.id,
        "name": mapping.name,
        "actionId": SEND,
        "actionSlug": SEND,
        "destinationId": held.document.sid.to_string(),
        "enabled": mapping.enabled,
        "settings": mapping.mapping,
        "trigger": mapping.trigger,
    })
}

/// Writes changed mappings.
async fn written(call: &Call, held: Held) -> Result<Held, Failed> {
    bounded("settings", &held.document.facts.mappings)?;
    readable(&held)?;
    save(call, held).await
}

fn shown(held: &Held, id: &str) -> Result<Value, Failed> {
    let found = held.document.facts.mappings.iter().find(|mapping| mapping.id == id);
    found.map(|mapping| json!({ "subscription": view(held, mapping) })).ok_or_else(not_found)
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Create {
    name: String,
    action_id: String,
    trigger: String,
    enabled: bool,
    settings: Option<Map<String, Value>>,
}

/// `POST /destinations/{destinationId}/subscriptions`.
pub(super) async fn create(mut call: Call) -> Result<Reply, Failed> {
    call.finish()?;
    let request: Create = call.json()?;
    let mut held = find(&call).await?;
    if request.action_id != SEND {
        return Err(Failed::invalid("actionId", "an action of the destination's metadata"));
    }
    let mappings = &mut held.document.facts.mappings;
    if mappings.len() >= limits::MAPPINGS {
        return Err(Failed::conflict("the destination has as many subscriptions as it may have"));
    }
    let id = kept_or_new(&call.ctx, None, &[])?;
    mappings.push(MappingRecord {
        id: id.clone(),
        name: filled("name", &request.name, limits::TITLE)?,
        trigger: request.trigger,
        mapping: Value::Object(request.settings.unwrap_or_default()),
        enabled: request.enabled,
    });
    let held = written(&call, held).await?;
    let shown = shown(&held, &id)?;
    Ok(Reply::created(json!({ "destinationSubscription": shown["subscription"] })))
}

/// `GET /destinations/{destinationId}/subscriptions`.
pub(super) async fn list(mut call: Call) -> Result<Reply, Failed> {
    let request = PageRequest::read(&mut call.query)?;
    call.finish()?;
    let held = find(&call).await?;
    let (page, pagination) = request.of_list(&held.document.facts.mappings)?;
    let subscriptions: Vec<_> = page.iter().map(|mapping| view(&held, mapping)).collect();
    Ok(Reply::found(json!({ "subscriptions": subscriptions, "pagination": pagination })))
}

/// `GET /destinations/{destinationId}/subscriptions/{id}`.
pub(super) async fn fetch(mut call: Call) -> Result<Reply, Failed> {
    call.finish()?;
    let held = find(&call).await?;
    Ok(Reply::found(shown(&held, call.text(1))?))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Update {
    input: Change,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Change {
    name: Option<String>,
    trigger: Option<String>,
    enabled: Option<bool>,
    settings: Option<Map<String, Value>>,
}

/// `PATCH /destinations/{destinationId}/subscriptions/{id}`.
pub(super) async fn update(mut call: Call) -> Result<Reply, Failed> {
    call.finish()?;
    let Update { input } = call.json()?;
    let mut held = find(&call).await?;
    let id = call.text(1).to_owned();
    let mappings = &mut held.document.facts.mappings;
    let mapping = mappings.iter_mut().find(|mapping| mapping.id == id).ok_or_else(not_found)?;
    if let Some(name) = input.name {
        mapping.name = filled("name", &name, limits::TITLE)?;
    }
    mapping.trigger = input.trigger.unwrap_or_else(|| mapping.trigger.clone());
    mapping.enabled = input.enabled.unwrap_or(mapping.enabled);
    if let Some(settings) = input.settings {
        mapping.mapping = Value::Object(settings);
    }
    let held = written(&call, held).await?;
    Ok(Reply::found(shown(&held, &id)?))
}

/// `DELETE /destinations/{destinationId}/subscriptions/{id}`.
pub(super) async fn remove(mut call: Call) -> Result<Reply, Failed> {
    call.finish()?;
    let mut held = find(&call).await?;
    let mappings = &mut held.document.facts.mappings;
    let before = mappings.len();
    mappings.retain(|mapping| mapping.id != call.text(1));
    if mappings.len() == before {
        return Err(not_found());
    }
    written(&call, held).await?;
    Ok(Reply::success())
}
