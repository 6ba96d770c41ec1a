//! Sources and their write keys.

use base::{Sid, SourceSid};
use errors::{ApiError, codes};
use serde::Deserialize;
use serde_json::{Map, Value, json};
use store::{Document, NewDocument};

use super::wire::{Failed, PageRequest, Reply};
use super::{Call, says};
use crate::limits;
use crate::records::{Source, SourceFacts, source_name, write_key_name};
use crate::sources::write_key;

/// The source with this id, in this workspace.
pub(super) async fn find(call: &Call, sid: SourceSid) -> Result<Document<Source>, Failed> {
    let found = call.scoped().get::<Source>(sid).await?;
    found.ok_or_else(|| ApiError::new(codes::NOT_FOUND).into())
}

/// All of the workspace, newest first.
pub(super) async fn all(call: &Call) -> Result<Vec<Document<Source>>, Failed> {
    let query = store::Query { limit: limits::SOURCES, ..store::Query::default() };
    Ok(call.scoped().list::<Source>(query).await?.documents)
}

/// A source in Segment's words. Nobody keeps Segment's catalogue here, so a kind is known by its id alone.
pub(super) fn view(source: &Document<Source>) -> Value {
    let facts = &source.facts;
    json!({
        "id": source.sid.to_string(),
        "slug": facts.slug(),
        "name": facts.name,
        "enabled": facts.enabled,
        "workspaceId": facts.workspace,
        "writeKeys": facts.write_keys,
        "settings": facts.settings,
        "labels": facts.labels,
        "metadata": {
            "id": facts.metadata_id,
            "name": "Source",
            "slug": "source",
            "description": "",
            "logos": { "default": "" },
            "options": [],
            "categories": [],
            "isCloudEventSource": false,
        },
    })
}

/// `GET /sources`.
pub(super) async fn list(mut call: Call) -> Result<Reply, Failed> {
    let request = PageRequest::read(&mut call.query)?;
    call.finish()?;
    let all = all(&call).await?;
    let (page, pagination) = request.of(&all)?;
    let sources: Vec<_> = page.iter().map(view).collect();
    Ok(Reply::found(json!({ "sources": sources, "pagination": pagination })))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Create {
    slug: String,
    enabled: bool,
    metadata_id: String,
    #[serde(default)]
    settings: Option<Map<String, Value>>,
}

/// `POST /sources`: its name is its slug until it has another.
pub(super) async fn create(mut call: Call) -> Result<Reply, Failed> {
    call.finish()?;
    let request: Create = call.json()?;
    if !says(&request.metadata_id, limits::WORD) {
        return Err(Failed::invalid("metadataId", "the id of the kind of source"));
    }
    let settings = acceptable(request.settings.unwrap_or_default())?;
    let others = all(&call).await?;
    let slug = free_slug(request.slug, None, &others)?;
    if others.len() >= limits::SOURCES {
        return Err(Failed::conflict("the workspace has as many sources as it may have"));
    }
    let random = call.ctx.services.store.random().as_ref();
    let (sid, key) = (SourceSid::generate(random), write_key(random));
    let facts = SourceFacts {
        slug: slug.clone(),
        enabled: request.enabled,
        metadata_id: request.metadata_id,
        settings,
        ..SourceFacts::new(slug, call.workspace.sid, call.ctx.account().sid(), key.clone())
    };
    let mut batch = call.batch();
    batch.name(write_key_name(&key), sid.to_string());
    batch.name(source_name(sid), sid.to_string());
    batch.insert::<Source>(NewDocument::of(sid, call.ctx.now(), facts));
    call.commit(batch, vec![sid.to_string()]).await?;
    Ok(Reply::created(json!({ "source": view(&find(&call, sid).await?) })))
}

/// `GET /sources/{sourceId}`.
pub(super) async fn fetch(mut call: Call) -> Result<Reply, Failed> {
    call.finish()?;
    let source = find(&call, call.source(0)?).await?;
    let plan = source.facts.plan().map(super::tracking_plans::id);
    Ok(Reply::found(json!({ "source": view(&source), "trackingPlanId": plan })))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Update {
    name: Option<String>,
    enabled: Option<bool>,
    slug: Option<String>,
    settings: Option<Map<String, Value>>,
}

/// `PATCH /sources/{sourceId}`.
pub(super) async fn update(mut call: Call) -> Result<Reply, Failed> {
    call.finish()?;
    let request: Update = call.json()?;
    let mut source = find(&call, call.source(0)?).await?;
    if let Some(slug) = request.slug {
        source.facts.slug = free_slug(slug, Some(source.sid), &all(&call).await?)?;
    } else if request.name.is_some() {
        // What programs call it does not change with what people call it.
        source.facts.slug = source.facts.slug();
    }
    if let Some(name) = request.name {
        if !says(&name, limits::NAME) {
            return Err(Failed::invalid("name", "the name of the source"));
        }
        source.facts.name = name;
    }
    if let Some(enabled) = request.enabled {
        source.facts.enabled = enabled;
    }
    if let Some(settings) = request.settings {
        source.facts.settings = acceptable(settings)?;
    }
    Ok(Reply::found(json!({ "source": view(&save(&call, source).await?) })))
}

/// `DELETE /sources/{sourceId}`. What it holds stays sealed in the log, and nobody reaches it any more.
pub(super) async fn delete(mut call: Call) -> Result<Reply, Failed> {
    call.finish()?;
    let source = find(&call, call.source(0)?).await?;
    let is_told = |other: &Document<Source>| {
        let schema = &other.facts.schema;
        other.sid != source.sid && [schema.violations_to(), schema.blocked_to()].contains(&Some(source.sid))
    };
    if all(&call).await?.iter().any(is_told) {
        return Err(Failed::conflict("another source forwards what violates its tracking plan to this one"));
    }
    let mut batch = call.batch();
    for key in &source.facts.write_keys {
        batch.unname(write_key_name(key));
    }
    batch.unname(source_name(source.sid));
    batch.delete(&source);
    call.commit(batch, vec![source.sid.to_string()]).await?;
    Ok(Reply::success())
}

/// `POST /sources/{sourceId}/writekey`.
pub(super) async fn create_write_key(mut call: Call) -> Result<Reply, Failed> {
    call.finish()?;
    let mut source = find(&call, call.source(0)?).await?;
    if source.facts.write_keys.len() >= limits::WRITE_KEYS {
        return Err(Failed::conflict("the source has as many write keys as it may have"));
    }
    let key = write_key(call.ctx.services.store.random().as_ref());
    source.facts.write_keys.push(key.clone());
    let mut batch = call.batch();
    batch.name(write_key_name(&key), source.sid.to_string());
    batch.update(&source);
    call.commit(batch, vec![source.sid.to_string()]).await?;
    Ok(Reply::found(json!({ "source": view(&find(&call, source.sid).await?) })))
}

/// `DELETE /sources/{sourceId}/writekey/{writeKey}`.
pub(super) async fn remove_write_key(mut call: Call) -> Result<Reply, Failed> {
    call.finish()?;
    let mut source = find(&call, call.source(0)?).await?;
    let (key, keys) = (call.text(1).to_owned(), source.facts.write_keys.len());
    source.facts.write_keys.retain(|known| *known != key);
    if source.facts.write_keys.len() == keys {
        return Err(ApiError::new(codes::NOT_FOUND).into());
    }
    let mut batch = call.batch();
    batch.unname(write_key_name(&key));
    batch.update(&source);
    call.commit(batch, vec![source.sid.to_string()]).await?;
    Ok(Reply::success())
}

/// Writes a source that was changed.
pub(super) async fn save(call: &Call, source: Document<Source>) -> Result<Document<Source>, Failed> {
    let mut batch = call.batch();
    batch.update(&source);
    call.commit(batch, vec![source.sid.to_string()]).await?;
    find(call, source.sid).await
}

/// A slug that no other source of the workspace has.
fn free_slug(slug: String, own: Option<SourceSid>, others: &[Document<Source>]) -> Result<String, Failed> {
    let is_usable = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    if slug.is_empty() || slug.len() > limits::WORD || !slug.bytes().all(is_usable) {
        return Err(Failed::invalid("slug", "letters, digits, hyphens and underscores"));
    }
    let is_taken = others
        .iter()
        .any(|source| Some(source.sid) != own && source.facts.slug().eq_ignore_ascii_case(&slug));
    if is_taken {
        return Err(Failed::conflict("another source of the workspace has this slug"));
    }
    Ok(slug)
}

fn acceptable(settings: Map<String, Value>) -> Result<Map<String, Value>, Failed> {
    match serde_json::to_vec(&settings) {
        Ok(bytes) if bytes.len() <= limits::SETTINGS => Ok(settings),
        _ => Err(Failed::invalid("settings", "the settings are too large")),
    }
}
