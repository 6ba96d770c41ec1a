//! Destinations: one is a kind of the catalogue with settings, behind a source.

use segment::public::{Call, Failed, PageRequest, Reply};
use serde::Deserialize;
use serde_json::{Map, Value, json};
use store::Document;

use super::{catalog, find};
use crate::limits;
use crate::records::Destination;
use crate::service::{self, New};
use crate::view::filled;

pub(super) fn view(document: &Document<Destination>) -> Value {
    let facts = &document.facts;
    json!({
        "id": document.sid.to_string(),
        "name": facts.name,
        "enabled": facts.enabled,
        "metadata": catalog::metadata(facts.settings.kind()),
        "sourceId": facts.source,
        // Secrets are not in it.
        "settings": facts.settings.view(),
    })
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Create {
    source_id: String,
    metadata_id: String,
    enabled: Option<bool>,
    name: Option<String>,
    settings: Map<String, Value>,
}

/// `POST /destinations`: off unless it is asked for otherwise.
pub(super) async fn create(mut call: Call) -> Result<Reply, Failed> {
    call.finish()?;
    let request: Create = call.json()?;
    let kind = catalog::kind(&request.metadata_id)
        .ok_or_else(|| Failed::invalid("metadataId", "a kind of GET /catalog/destinations"))?;
    let settings = Value::Object(request.settings);
    let name = request.name.unwrap_or_else(|| catalog::name(kind).to_owned());
    let new = New { name: &name, source: &request.source_id, kind, settings, device_mode: false };
    let mut held = service::create(&call.ctx, call.workspace.clone(), new).await?;
    if request.enabled == Some(true) {
        held.document.facts.enabled = true;
        held = service::save(&call.ctx, held, false).await?;
    }
    Ok(Reply::created(json!({ "destination": view(&held.document) })))
}

/// `GET /destinations`.
pub(super) async fn list(mut call: Call) -> Result<Reply, Failed> {
    let request = PageRequest::read(&mut call.query)?;
    call.finish()?;
    let all = service::all(&call.ctx, &call.workspace).await?;
    page(&request, &all)
}

/// `GET /sources/{sourceId}/connected-destinations`.
pub(super) async fn connected(mut call: Call) -> Result<Reply, Failed> {
    let request = PageRequest::read(&mut call.query)?;
    call.finish()?;
    let source = call.source(0)?;
    if call.scoped().get::<segment::records::Source>(source).await?.is_none() {
        return Err(super::not_found());
    }
    let mut all = service::all(&call.ctx, &call.workspace).await?;
    all.retain(|destination| destination.facts.source == source.to_string());
    page(&request, &all)
}

fn page(request: &PageRequest, all: &[Document<Destination>]) -> Result<Reply, Failed> {
    let (page, pagination) = request.of(all)?;
    let destinations: Vec<_> = page.iter().map(view).collect();
    Ok(Reply::found(json!({ "destinations": destinations, "pagination": pagination })))
}

/// `GET /destinations/{destinationId}`.
pub(super) async fn fetch(mut call: Call) -> Result<Reply, Failed> {
    call.finish()?;
    Ok(Reply::found(json!({ "destination": view(&find(&call).await?.document) })))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Update {
    name: Option<String>,
    enabled: Option<bool>,
    settings: Option<Map<String, Value>>,
}

/// `PATCH /destinations/{destinationId}`. Settings that are not named stay as they are.
pub(super) async fn update(mut call: Call) -> Result<Reply, Failed> {
    call.finish()?;
    let request: Update = call.json()?;
    let mut held = find(&call).await?;
    if let Some(name) = request.name {
        let name = filled("name", &name, limits::NAME)?;
        let others = service::all(&call.ctx, &call.workspace).await?;
        service::check_name(&others, &held.document.facts.source, &name, Some(held.document.sid))?;
        held.document.facts.name = name;
    }
    if let Some(settings) = request.settings {
        service::change_settings(&call.ctx, &mut held, Value::Object(settings))?;
    }
    let was_enabled = held.document.facts.enabled;
    held.document.facts.enabled = request.enabled.unwrap_or(was_enabled);
    let held = service::save(&call.ctx, held, was_enabled).await?;
    Ok(Reply::found(json!({ "destination": view(&held.document) })))
}

/// `DELETE /destinations/{destinationId}`.
pub(super) async fn delete(mut call: Call) -> Result<Reply, Failed> {
    call.finish()?;
    let held = find(&call).await?;
    service::delete(&call.ctx, held).await?;
    Ok(Reply::success())
}
