//! Sources, and the write keys by which events find them.

use std::collections::BTreeSet;

use auth::Permission;
use base::{Random, Sid, SourceSid, Timestamp, WorkspaceSid};
use errors::{ApiError, Result, codes};
use kit::{Answer, Created, Ctx, Found, FromParams, Json, Params, Path, Query};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use store::{Document, NewDocument, Scope};

use crate::classify::Sight;
use crate::limits;
use crate::records::{Source, SourceFacts, source_name, write_key_name};
use crate::view::{EventList, Named, SourceList, SourceView, filled, invalid};
use crate::{watch, workspaces};

/// Characters of a write key, as Segment's have them.
const WRITE_KEY_CHARACTERS: usize = 32;
const ALPHABET: &[u8; 62] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

/// `GET …/Workspaces/{WorkspaceSid}/Sources`.
pub(crate) async fn list(ctx: Ctx, Path(workspace): Path<WorkspaceSid>) -> Answer<Found<SourceList>> {
    workspaces::find(&ctx, workspace).await?;
    let sources = all(&ctx, workspace).await?;
    Ok(Found(SourceList { sources: sources.iter().map(SourceView::new).collect() }))
}

/// `POST …/Workspaces/{WorkspaceSid}/Sources`: a source with one write key.
pub(crate) async fn create(
    ctx: Ctx,
    Path(workspace): Path<WorkspaceSid>,
    Json(request): Json<Named>,
) -> Answer<Created<SourceView>> {
    let name = request.name()?;
    workspaces::find(&ctx, workspace).await?;
    if all(&ctx, workspace).await?.len() >= limits::SOURCES {
        let hint = "the workspace has as many sources as it may have";
        return Err(ApiError::new(codes::CONFLICT).hint(hint).into());
    }
    let random = ctx.services.store.random().as_ref();
    let (sid, key) = (SourceSid::generate(random), write_key(random));
    let facts = SourceFacts::new(name, workspace, ctx.account().sid(), key.clone());
    let mut batch = ctx.batch();
    batch.in_scope(Scope::workspace(workspace)).name(write_key_name(&key), sid.to_string());
    batch.name(source_name(sid), sid.to_string());
    batch.insert::<Source>(NewDocument::of(sid, ctx.now(), facts));
    batch.in_scope(ctx.scope());
    ctx.commit(batch, vec![workspace.to_string(), sid.to_string()]).await?;
    Ok(Created(SourceView::new(&find(&ctx, sid).await?.1)))
}

/// What changes about a source.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Change {
    enabled: Option<bool>,
    /// Adds a fresh one.
    #[serde(default)]
    add_write_key: bool,
    remove_write_key: Option<String>,
    /// Who reviews what it holds, for a quarantine.
    owner: Option<String>,
}

/// `POST …/Sources/{SourceSid}`.
pub(crate) async fn update(
    ctx: Ctx,
    Path(sid): Path<SourceSid>,
    Json(change): Json<Change>,
) -> Answer<Created<SourceView>> {
    let (workspace, mut source) = find(&ctx, sid).await?;
    let mut batch = ctx.batch();
    batch.in_scope(Scope::workspace(workspace));
    if let Some(enabled) = change.enabled {
        source.facts.enabled = enabled;
    }
    if let Some(owner) = change.owner {
        source.facts.owner = Some(filled("owner", owner, limits::LINE)?);
    }
    if let Some(key) = change.remove_write_key {
        let keys = source.facts.write_keys.len();
        source.facts.write_keys.retain(|known| *known != key);
        if source.facts.write_keys.len() == keys {
            return Err(invalid("remove_write_key").into());
        }
        batch.unname(write_key_name(&key));
    }
    if change.add_write_key {
        if source.facts.write_keys.len() >= limits::WRITE_KEYS {
            let hint = "the source has as many write keys as it may have";
            return Err(ApiError::new(codes::CONFLICT).hint(hint).into());
        }
        let key = write_key(ctx.services.store.random().as_ref());
        batch.name(write_key_name(&key), sid.to_string());
        source.facts.write_keys.push(key);
    }
    batch.update(&source);
    batch.in_scope(ctx.scope());
    ctx.commit(batch, vec![workspace.to_string(), sid.to_string()]).await?;
    Ok(Created(SourceView::new(&find(&ctx, sid).await?.1)))
}

/// What somebody has reviewed of what a quarantine holds.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Review {
    /// The last row of its log that was looked at: the `next_after` of its events.
    up_to: u64,
    /// Whose word it is.
    signer: String,
}

/// How a quarantine is looked after (`PRO-PLAN-2`).
#[derive(Serialize)]
pub(crate) struct ReviewView {
    owner: Option<String>,
    reviewed_at: Option<String>,
    reviewed_by: Option<String>,
    /// Since when the first event waits that nobody has reviewed.
    unreviewed_since: Option<String>,
    days_allowed: u64,
    /// `green`, or `red` when that is longer ago than allowed.
    posture: &'static str,
}

async fn review_view(ctx: &Ctx, workspace: WorkspaceSid, source: &Document<Source>) -> Result<ReviewView> {
    let since =
        watch::unreviewed_since(&ctx.services.store.scope(Scope::workspace(workspace)), source).await?;
    let is_late = since.is_some_and(|since| watch::is_overdue(since, ctx.now()));
    Ok(ReviewView {
        owner: source.facts.owner.clone(),
        reviewed_at: source.facts.reviewed_at.map(|at| Timestamp::from_micros(at).iso8601()),
        reviewed_by: source.facts.reviewed_by.clone(),
        unreviewed_since: since.map(Timestamp::iso8601),
        days_allowed: limits::QUARANTINE_REVIEW.as_secs() / 86_400,
        posture: if is_late { "red" } else { "green" },
    })
}

/// `GET …/Sources/{SourceSid}/Review`.
pub(crate) async fn fetch_review(ctx: Ctx, Path(sid): Path<SourceSid>) -> Answer<Found<ReviewView>> {
    let (workspace, source) = find(&ctx, sid).await?;
    Ok(Found(review_view(&ctx, workspace, &source).await?))
}

/// `POST …/Sources/{SourceSid}/Review`: somebody says that they have looked. It never goes back.
pub(crate) async fn review(
    ctx: Ctx,
    Path(sid): Path<SourceSid>,
    Json(review): Json<Review>,
) -> Answer<Created<ReviewView>> {
    let signer = filled("signer", review.signer, limits::LINE)?;
    let (workspace, mut source) = find(&ctx, sid).await?;
    // Nobody can have looked at what has not come in yet.
    if review.up_to > source.facts.reviewed_up_to {
        let scoped = ctx.services.store.scope(Scope::workspace(workspace));
        if scoped.events(&sid.to_string(), review.up_to - 1, 1).await?.is_empty() {
            return Err(invalid("up_to").into());
        }
    }
    source.facts.reviewed_up_to = source.facts.reviewed_up_to.max(review.up_to);
    source.facts.reviewed_at = Some(ctx.now().micros());
    source.facts.reviewed_by = Some(signer);
    source.facts.alerted_at = None;
    let mut batch = ctx.batch();
    batch.in_scope(Scope::workspace(workspace)).update(&source);
    batch.in_scope(ctx.scope());
    ctx.commit(batch, vec![workspace.to_string(), sid.to_string()]).await?;
    Ok(Created(review_view(&ctx, workspace, &find(&ctx, sid).await?.1).await?))
}

/// `GET …/Sources/{SourceSid}/Events`: the oldest events behind `After`. They are opened after the ledger has recorded
/// whose they are, and masked for who has no access to PII.
pub(crate) async fn events(
    ctx: Ctx,
    Path(sid): Path<SourceSid>,
    Query(After(after)): Query<After>,
) -> Answer<Found<EventList>> {
    let (workspace, source) = find(&ctx, sid).await?;
    let is_hipaa = workspaces::find(&ctx, workspace).await?.facts.is_hipaa();
    let sees_pii = ctx.principal.may(Permission::PiiRead);
    let sight = Sight::of(&ctx.services.store, workspace, is_hipaa, sees_pii).await?;
    let (scoped, stream) = (ctx.services.store.scope(Scope::workspace(workspace)), sid.to_string());
    let mut rows = Vec::new();
    let mut count = 0;
    for row in scoped.events(&stream, after, limits::EVENT_ROWS).await? {
        if count > 0 && count + row.events.len() > limits::EVENTS {
            break;
        }
        count += row.events.len();
        rows.push(row);
    }
    let people: BTreeSet<_> =
        rows.iter().flat_map(|row| &row.events).flat_map(|event| &event.subjects).collect();
    let sids = [workspace.to_string(), source.sid.to_string()].into_iter();
    let proof =
        ctx.disclose(sids.chain(people.iter().map(ToString::to_string)).collect(), sight.fields()).await?;
    let mut events = Vec::with_capacity(count);
    for row in &rows {
        for event in &row.events {
            let opened = scoped.open_event::<Box<RawValue>>(&stream, event).await?;
            events.push(opened.map(|body| sight.show(body.into_open(&proof))));
        }
    }
    Ok(Found(EventList { events, next_after: rows.last().map(|row| row.sequence) }))
}

/// The place behind which to read.
pub(crate) struct After(u64);

impl FromParams for After {
    fn from_params(params: &mut Params) -> Result<Self> {
        let after = params.integer("After", 0..=i64::MAX)?.unwrap_or(0);
        Ok(Self(u64::try_from(after).unwrap_or(0)))
    }
}

/// The source of a path and its workspace; one of another account is none.
async fn find(ctx: &Ctx, sid: SourceSid) -> Result<(WorkspaceSid, Document<Source>)> {
    let not_found = || ApiError::new(codes::NOT_FOUND);
    let store = &ctx.services.store;
    let located = store.locate(&source_name(sid)).await?.ok_or_else(not_found)?;
    let source = store.scope(located.scope).get::<Source>(sid).await?.ok_or_else(not_found)?;
    match source.facts.place() {
        Some((workspace, account)) if account == ctx.account().sid() => Ok((workspace, source)),
        _ => Err(not_found()),
    }
}

pub(crate) async fn all(ctx: &Ctx, workspace: WorkspaceSid) -> Result<Vec<Document<Source>>> {
    let query = store::Query { limit: limits::SOURCES, ..store::Query::default() };
    Ok(ctx.services.store.scope(Scope::workspace(workspace)).list::<Source>(query).await?.documents)
}

/// A fresh write key. Bytes that would make some characters likelier than others are thrown away.
pub(crate) fn write_key(random: &dyn Random) -> String {
    let mut key = String::with_capacity(WRITE_KEY_CHARACTERS);
    let mut bytes = [0; WRITE_KEY_CHARACTERS];
    while key.len() < WRITE_KEY_CHARACTERS {
        random.fill(&mut bytes);
        let usable = bytes.iter().filter(|byte| **byte < 4 * ALPHABET.len() as u8);
        let characters = usable.map(|byte| char::from(ALPHABET[usize::from(*byte) % ALPHABET.len()]));
        key.extend(characters.take(WRITE_KEY_CHARACTERS - key.len()));
    }
    key
}
