//! Destinations: made, shown, switched on and off, deleted.

use auth::Secret;
use base::{DestinationSid, Sid, SourceSid, WorkspaceSid};
use errors::{ApiError, Result, codes};
use http::{HeaderName, HeaderValue};
use kit::{Answer, Created, Ctx, Deleted, Found, Json, Path};
use rulebook::Action;
use rulebook::guard::DestinationFacts as Asked;
use segment::records::Workspace;
use serde::Deserialize;
use store::{Document, NewDocument, Query, Scope};
use webhooks::WebhookUrl;

use crate::limits;
use crate::pipeline::Pipeline;
use crate::records::{Destination, DestinationFacts, Settings, WebhookSettings, destination_name};
use crate::rules;
use crate::transport::is_settable;
use crate::view::{DestinationList, DestinationView, filled, invalid};

/// A destination of the caller's account, with its workspace.
pub(crate) struct Held {
    pub(crate) workspace: Document<Workspace>,
    pub(crate) document: Document<Destination>,
}

impl Held {
    pub(crate) fn is_hipaa(&self) -> bool {
        self.workspace.facts.is_hipaa()
    }

    pub(crate) fn scope(&self) -> Scope {
        Scope::workspace(self.workspace.sid)
    }

    /// How it is reached, and what leaves to it: both were read before they were saved.
    pub(crate) fn read(&self) -> Result<(WebhookUrl, Pipeline)> {
        let facts = &self.document.facts;
        let pipeline = Pipeline::of(facts, self.is_hipaa()).map_err(|unread| invalid(unread.0))?;
        Ok((rules::url(facts).ok_or_else(|| invalid("url"))?, pipeline))
    }
}

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

/// Writes a changed destination, and has it looked at when it is on.
pub(crate) async fn save(ctx: &Ctx, held: &Held) -> Answer<Created<DestinationView>> {
    let sid = held.document.sid;
    let mut batch = ctx.batch();
    batch.in_scope(held.scope()).update(&held.document);
    batch.wake_consumer(&sid.to_string(), ctx.now());
    batch.in_scope(ctx.scope());
    ctx.commit(batch, vec![held.workspace.sid.to_string(), sid.to_string()]).await?;
    Ok(Created(DestinationView::new(&find(ctx, sid).await?.document)))
}

/// `GET …/Workspaces/{WorkspaceSid}/Destinations`.
pub(crate) async fn list(ctx: Ctx, Path(sid): Path<WorkspaceSid>) -> Answer<Found<DestinationList>> {
    workspace(&ctx, sid).await?;
    let destinations = all(&ctx, sid).await?;
    Ok(Found(DestinationList { destinations: destinations.iter().map(DestinationView::new).collect() }))
}

async fn all(ctx: &Ctx, workspace: WorkspaceSid) -> Result<Vec<Document<Destination>>> {
    let query = Query { limit: limits::DESTINATIONS, ..Query::default() };
    let scoped = ctx.services.store.scope(Scope::workspace(workspace));
    Ok(scoped.list::<Destination>(query).await?.documents)
}

/// A new destination.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct CreateDestination {
    name: String,
    source_sid: String,
    kind: String,
    settings: WebhookRequest,
    /// `cloud`, which is the only one here, or `device`.
    mode: Option<String>,
}

/// How an HTTP server is reached. What is absent of a change stays as it is.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct WebhookRequest {
    url: Option<String>,
    headers: Option<std::collections::BTreeMap<String, String>>,
    secret: Option<String>,
    batch_size: Option<u32>,
}

/// `POST …/Workspaces/{WorkspaceSid}/Destinations`: switched off, with nothing granted.
pub(crate) async fn create(
    ctx: Ctx,
    Path(workspace_sid): Path<WorkspaceSid>,
    Json(request): Json<CreateDestination>,
) -> Answer<Created<DestinationView>> {
    let CreateDestination { name, source_sid, kind, settings, mode } = request;
    let held_by = workspace(&ctx, workspace_sid).await?;
    let is_hipaa = held_by.facts.is_hipaa();
    let mut webhook = WebhookSettings {
        url: Secret::new(String::new()),
        headers: Vec::new(),
        secret: None,
        batch_size: *limits::BATCH.start(),
    };
    let url = change_settings(&mut webhook, settings)?;
    let device_mode = mode.as_deref() == Some("device");
    ctx.guard(&Action::UseDestination(Asked { device_mode, ..rules::reached(&url, is_hipaa) }))?;
    if !matches!(mode.as_deref(), None | Some("cloud")) {
        return Err(invalid("mode").into());
    }
    if kind != "webhook" {
        return Err(invalid("kind").into());
    }
    let source: SourceSid = source_sid.parse().map_err(|_| invalid("source_sid"))?;
    let place = segment::reading::source(&ctx.services.store, source).await?;
    if place.is_none_or(|(workspace, ..)| workspace != workspace_sid) {
        return Err(invalid("source_sid").into());
    }
    let name = filled("name", &name, limits::NAME)?;
    let others = all(&ctx, workspace_sid).await?;
    // `integrations` of an event tells a source's destinations apart by their names.
    let is_taken = |it: &Document<Destination>| it.facts.source == source_sid && it.facts.name == name;
    if others.len() >= limits::DESTINATIONS || others.iter().any(is_taken) {
        let hint = "the source has a destination of this name, or the workspace has as many as it may have";
        return Err(ApiError::new(codes::CONFLICT).hint(hint).into());
    }
    let sid = DestinationSid::generate(ctx.services.store.random().as_ref());
    let facts = DestinationFacts {
        name,
        account: ctx.account().sid().to_string(),
        workspace: workspace_sid.to_string(),
        source: source.to_string(),
        settings: Settings::Webhook(webhook),
        enabled: false,
        max_per_second: None,
        consent_categories: Vec::new(),
        filters: Vec::new(),
        mappings: Vec::new(),
        grants: Vec::new(),
        approved: None,
    };
    let mut batch = ctx.batch();
    batch.in_scope(Scope::workspace(workspace_sid)).name(destination_name(sid), sid.to_string());
    batch.insert::<Destination>(NewDocument::of(sid, ctx.now(), facts));
    batch.in_scope(ctx.scope());
    ctx.commit(batch, vec![workspace_sid.to_string(), source.to_string(), sid.to_string()]).await?;
    Ok(Created(DestinationView::new(&find(&ctx, sid).await?.document)))
}

/// `GET …/Destinations/{DestinationSid}`.
pub(crate) async fn fetch(ctx: Ctx, Path(sid): Path<DestinationSid>) -> Answer<Found<DestinationView>> {
    Ok(Found(DestinationView::new(&find(&ctx, sid).await?.document)))
}

/// What changes about a destination.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Change {
    settings: Option<WebhookRequest>,
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
    let is_hipaa = held.is_hipaa();
    let facts = &mut held.document.facts;
    if let Some(settings) = change.settings {
        let Settings::Webhook(webhook) = &mut facts.settings;
        let url = change_settings(webhook, settings)?;
        ctx.guard(&Action::UseDestination(rules::reached(&url, is_hipaa)))?;
    }
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
    let is_enabled = facts.enabled;
    if is_enabled && !was_enabled {
        let (url, pipeline) = held.read()?;
        let asked = rules::asked(ctx.account(), &held.document.facts, &url, &pipeline, is_hipaa);
        ctx.guard(&Action::UseDestination(asked))?;
        if let Ok(source) = held.document.facts.source.parse() {
            segment::reading::refuse_quarantine(&ctx.services.store, &held.workspace, source).await?;
        }
    }
    if is_enabled == was_enabled {
        return save(&ctx, &held).await;
    }
    let mut batch = ctx.batch();
    batch.in_scope(held.scope()).update(&held.document);
    match is_enabled {
        true => batch.add_consumer(&sid.to_string(), &held.document.facts.source, ctx.now()),
        false => batch.remove_consumer(&sid.to_string()),
    }
    batch.in_scope(ctx.scope());
    ctx.commit(batch, vec![held.workspace.sid.to_string(), sid.to_string()]).await?;
    Ok(Created(DestinationView::new(&find(&ctx, sid).await?.document)))
}

/// `DELETE …/Destinations/{DestinationSid}`. What was approved and disclosed stays on record.
pub(crate) async fn delete(ctx: Ctx, Path(sid): Path<DestinationSid>) -> Answer<Deleted> {
    let held = find(&ctx, sid).await?;
    let mut batch = ctx.batch();
    batch.in_scope(held.scope()).delete(&held.document);
    batch.unname(destination_name(sid));
    batch.remove_consumer(&sid.to_string());
    batch.in_scope(ctx.scope());
    ctx.commit(batch, vec![held.workspace.sid.to_string(), sid.to_string()]).await?;
    Ok(Deleted)
}

/// Takes what was asked for; the URL that it comes to.
fn change_settings(webhook: &mut WebhookSettings, request: WebhookRequest) -> Result<WebhookUrl> {
    if let Some(url) = request.url {
        webhook.url = Secret::new(url);
    }
    if let Some(headers) = request.headers {
        webhook.headers = headers
            .into_iter()
            .map(|(name, value)| header(&name, value).ok_or_else(|| invalid("headers")))
            .collect::<Result<_>>()?;
        if webhook.headers.len() > limits::HEADERS {
            return Err(invalid("headers"));
        }
    }
    if let Some(secret) = request.secret {
        if secret.len() > limits::HEADER {
            return Err(invalid("secret"));
        }
        webhook.secret = (!secret.is_empty()).then(|| Secret::new(secret));
    }
    if let Some(size) = request.batch_size {
        if !limits::BATCH.contains(&size) {
            return Err(invalid("batch_size"));
        }
        webhook.batch_size = size;
    }
    WebhookUrl::parse(webhook.url.reveal()).map_err(|_| invalid("url"))
}

fn header(name: &str, value: String) -> Option<(String, Secret)> {
    let name = HeaderName::from_bytes(name.as_bytes()).ok().filter(is_settable)?;
    HeaderValue::from_str(&value).ok().filter(|value| value.len() <= limits::HEADER)?;
    Some((name.as_str().to_owned(), Secret::new(value)))
}
