//! Destinations in our own API: made, shown, switched on and off, deleted.

use base::{DestinationSid, WorkspaceSid};
use errors::{ApiError, Result, codes};
use kit::{Answer, Created, Ctx, Deleted, Found, Json, Path};
use segment::records::Workspace;
use serde::Deserialize;
use serde_json::Value;
use store::Document;

use crate::limits;
use crate::records::{Destination, destination_name};
use crate::service::{self, Held, New};
use crate::view::{DestinationList, DestinationView, filled, invalid};

async fn workspace(ctx: &Ctx, sid: WorkspaceSid) -> Result<Document<Workspace>> {
    let found = ctx.store().get::<Workspace>(sid).await?;
    found.ok_or_else(|| codes::NOT_FOUND.into())
}

/// The destination of a path; one of another account is none.
pub(crate) async fn find(ctx: &Ctx, sid: DestinationSid) -> Result<Held> {
    let not_found = || ApiError::new(codes::NOT_FOUND);
    let store = &ctx.services.store;
    let located = store.locate(&destination_name(sid)).await?.ok_or_else(not_found)?;
    let document = store.scope(located.scope).get::<Destination>(sid).await?.ok_or_else(not_found)?;
    match document.facts.place() {
        Some((account, sid, _)) if account == ctx.account().sid() => {
            Ok(Held { workspace: workspace(ctx, sid).await?, document })
        }
        _ => Err(not_found()),
    }
}

/// Writes what was changed besides whether it is on.
pub(crate) async fn save(ctx: &Ctx, held: Held) -> Answer<Created<DestinationView>> {
    let is_enabled = held.document.facts.enabled;
    Ok(Created(DestinationView::new(&service::save(ctx, held, is_enabled).await?.document)))
}

/// `GET …/Workspaces/{WorkspaceSid}/Destinations`.
pub(crate) async fn list(ctx: Ctx, Path(sid): Path<WorkspaceSid>) -> Answer<Found<DestinationList>> {
    let destinations = service::all(&ctx, &workspace(&ctx, sid).await?).await?;
    Ok(Found(DestinationList { destinations: destinations.iter().map(DestinationView::new).collect() }))
}

/// A new destination.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct CreateDestination {
    name: String,
    source_sid: String,
    kind: String,
    settings: Value,
    /// `cloud`, which is the only one here, or `device`.
    mode: Option<String>,
}

/// `POST …/Workspaces/{WorkspaceSid}/Destinations`: switched off, with nothing granted.
pub(crate) async fn create(
    ctx: Ctx,
    Path(sid): Path<WorkspaceSid>,
    Json(request): Json<CreateDestination>,
) -> Answer<Created<DestinationView>> {
    let CreateDestination { name, source_sid, kind, settings, mode } = request;
    let held_by = workspace(&ctx, sid).await?;
    let device_mode = match mode.as_deref() {
        None | Some("cloud") => false,
        Some("device") => true,
        Some(_) => return Err(invalid("mode").into()),
    };
    let new = New { name: &name, source: &source_sid, kind: &kind, settings, device_mode };
    Ok(Created(DestinationView::new(&service::create(&ctx, held_by, new).await?.document)))
}

/// `GET …/Destinations/{DestinationSid}`.
pub(crate) async fn fetch(ctx: Ctx, Path(sid): Path<DestinationSid>) -> Answer<Found<DestinationView>> {
    Ok(Found(DestinationView::new(&find(&ctx, sid).await?.document)))
}

/// What changes about a destination.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Change {
    settings: Option<Value>,
    enabled: Option<bool>,
    /// 0 for no limit.
    max_per_second: Option<u32>,
    consent_categories: Option<Vec<String>>,
}

/// `POST …/Destinations/{DestinationSid}`. Switched on it is given what comes from then on.
pub(crate) async fn update(
    ctx: Ctx,
    Path(sid): Path<DestinationSid>,
    Json(change): Json<Change>,
) -> Answer<Created<DestinationView>> {
    let mut held = find(&ctx, sid).await?;
    if let Some(settings) = change.settings {
        service::change_settings(&ctx, &mut held, settings)?;
    }
    let facts = &mut held.document.facts;
    match change.max_per_second {
        None => {}
        Some(0) => facts.max_per_second = None,
        Some(rate) if limits::PER_SECOND.contains(&rate) => facts.max_per_second = Some(rate),
        Some(_) => return Err(invalid("max_per_second").into()),
    }
    if let Some(categories) = change.consent_categories {
        let is_name = |it: &String| filled("consent_categories", it, limits::TITLE).is_ok();
        if categories.len() > limits::CATEGORIES || !categories.iter().all(is_name) {
            return Err(invalid("consent_categories").into());
        }
        facts.consent_categories = categories;
    }
    let was_enabled = facts.enabled;
    facts.enabled = change.enabled.unwrap_or(was_enabled);
    Ok(Created(DestinationView::new(&service::save(&ctx, held, was_enabled).await?.document)))
}

/// `DELETE …/Destinations/{DestinationSid}`. What was approved and disclosed stays on record.
pub(crate) async fn delete(ctx: Ctx, Path(sid): Path<DestinationSid>) -> Answer<Deleted> {
    let held = find(&ctx, sid).await?;
    service::delete(&ctx, held).await?;
    Ok(Deleted)
}
