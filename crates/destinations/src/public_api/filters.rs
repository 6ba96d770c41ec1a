//! Destination filters, and what one makes of an event.

use segment::public::{Call, Failed, PageRequest, Reply};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::{find, not_found, save};
use crate::limits;
use crate::parts::{bounded, kept_or_new, readable};
use crate::pipeline::preview as previewed;
use crate::records::FilterRecord;
use crate::service::Held;
use crate::view::{filled, invalid};

fn view(held: &Held, filter: &FilterRecord) -> Value {
    json!({
        "id": filter.id,
        "sourceId": held.document.facts.source,
        "destinationId": held.document.sid.to_string(),
        "if": filter.condition,
        "actions": filter.actions,
        "title": filter.title,
        "description": filter.description,
        "enabled": filter.enabled,
        // The filters are a part of the destination: nobody keeps when one of them changed.
        "createdAt": held.document.created_at.iso8601(),
        "updatedAt": held.document.updated_at.iso8601(),
    })
}

/// Writes changed filters.
async fn written(call: &Call, held: Held) -> Result<Held, Failed> {
    bounded("actions", &held.document.facts.filters)?;
    readable(&held)?;
    save(call, held).await
}

fn shown(held: &Held, id: &str) -> Result<Value, Failed> {
    let found = held.document.facts.filters.iter().find(|filter| filter.id == id);
    found.map(|filter| json!({ "filter": view(held, filter) })).ok_or_else(not_found)
}

/// What is said about a filter; nothing when that is empty.
fn described(text: Option<String>) -> Result<Option<String>, Failed> {
    match text {
        Some(text) if text.chars().count() > limits::LINE => Err(invalid("description").into()),
        text => Ok(text.filter(|text| !text.is_empty())),
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Create {
    source_id: String,
    #[serde(rename = "if")]
    condition: String,
    actions: Vec<Value>,
    title: String,
    description: Option<String>,
    enabled: bool,
}

/// `POST /destination/{destinationId}/filters`.
pub(super) async fn create(mut call: Call) -> Result<Reply, Failed> {
    call.finish()?;
    let request: Create = call.json()?;
    let mut held = find(&call).await?;
    if request.source_id != held.document.facts.source {
        return Err(Failed::invalid("sourceId", "the source of the destination"));
    }
    let filters = &mut held.document.facts.filters;
    if filters.len() >= limits::FILTERS {
        return Err(Failed::conflict("the destination has as many filters as it may have"));
    }
    let id = kept_or_new(&call.ctx, None, &[])?;
    filters.push(FilterRecord {
        id: id.clone(),
        title: filled("title", &request.title, limits::TITLE)?,
        description: described(request.description)?,
        condition: request.condition,
        actions: request.actions,
        enabled: request.enabled,
    });
    let held = written(&call, held).await?;
    Ok(Reply::created(shown(&held, &id)?))
}

/// `GET /destination/{destinationId}/filters`.
pub(super) async fn list(mut call: Call) -> Result<Reply, Failed> {
    let request = PageRequest::read(&mut call.query)?;
    call.finish()?;
    let held = find(&call).await?;
    let (page, pagination) = request.of_list(&held.document.facts.filters)?;
    let filters: Vec<_> = page.iter().map(|filter| view(&held, filter)).collect();
    Ok(Reply::found(json!({ "filters": filters, "pagination": pagination })))
}

/// `GET /destination/{destinationId}/filters/{filterId}`.
pub(super) async fn fetch(mut call: Call) -> Result<Reply, Failed> {
    call.finish()?;
    let held = find(&call).await?;
    Ok(Reply::found(shown(&held, call.text(1))?))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Update {
    #[serde(rename = "if")]
    condition: Option<String>,
    actions: Option<Vec<Value>>,
    title: Option<String>,
    #[serde(default, deserialize_with = "present")]
    description: Option<Option<String>>,
    enabled: Option<bool>,
}

/// Tells `null` from what is absent.
fn present<'de, D: serde::Deserializer<'de>>(value: D) -> Result<Option<Option<String>>, D::Error> {
    Option::deserialize(value).map(Some)
}

/// `PATCH /destination/{destinationId}/filters/{filterId}`.
pub(super) async fn update(mut call: Call) -> Result<Reply, Failed> {
    call.finish()?;
    let request: Update = call.json()?;
    let mut held = find(&call).await?;
    let id = call.text(1).to_owned();
    let filters = &mut held.document.facts.filters;
    let filter = filters.iter_mut().find(|filter| filter.id == id).ok_or_else(not_found)?;
    if let Some(title) = request.title {
        filter.title = filled("title", &title, limits::TITLE)?;
    }
    if let Some(description) = request.description {
        filter.description = described(description)?;
    }
    filter.condition = request.condition.unwrap_or_else(|| filter.condition.clone());
    filter.actions = request.actions.unwrap_or_else(|| filter.actions.clone());
    filter.enabled = request.enabled.unwrap_or(filter.enabled);
    let held = written(&call, held).await?;
    Ok(Reply::found(shown(&held, &id)?))
}

/// `DELETE /destination/{destinationId}/filters/{filterId}`.
pub(super) async fn remove(mut call: Call) -> Result<Reply, Failed> {
    call.finish()?;
    let mut held = find(&call).await?;
    let filters = &mut held.document.facts.filters;
    let before = filters.len();
    filters.retain(|filter| filter.id != call.text(1));
    if filters.len() == before {
        return Err(not_found());
    }
    written(&call, held).await?;
    Ok(Reply::success())
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Preview {
    filter: Previewed,
    payload: Map<String, Value>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Previewed {
    #[serde(rename = "if")]
    condition: String,
    actions: Vec<Value>,
}

/// `POST /destination/filters/preview`: what a filter leaves of a payload, `null` when it does not pass. Nothing of it is
/// kept.
pub(super) async fn preview(mut call: Call) -> Result<Reply, Failed> {
    call.finish()?;
    let Preview { filter, payload } = call.json()?;
    let (id, title) = (String::new(), String::new());
    let Previewed { condition, actions } = filter;
    let record = FilterRecord { id, title, description: None, condition, actions, enabled: true };
    let payload = Value::Object(payload);
    let result = previewed(&record, payload.clone()).map_err(|unread| invalid(unread.0))?;
    Ok(Reply::found(json!({ "inputPayload": payload, "result": result })))
}
