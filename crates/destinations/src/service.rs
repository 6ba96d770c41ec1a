//! What happens to destinations, whoever's API asks for it: ours, or Segment's.

use auth::AccountContext;
use base::{DestinationSid, Sid, SourceSid};
use errors::{ApiError, Result, codes};
use kit::Ctx;
use rulebook::Action;
use rulebook::guard::DestinationFacts as Asked;
use segment::records::Workspace;
use serde_json::Value;
use store::{Document, NewDocument, Query, Scope};

use crate::kinds::{self, Reach};
use crate::limits;
use crate::pipeline::Pipeline;
use crate::records::{Destination, DestinationFacts, Settings, destination_name};
use crate::rules;
use crate::view::{filled, invalid};

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

    /// Where it is, and what leaves to it: both were read before they were saved.
    pub(crate) fn read(&self) -> Result<(Reach, Pipeline)> {
        let facts = &self.document.facts;
        let pipeline = Pipeline::of(facts, self.is_hipaa()).map_err(|unread| invalid(unread.0))?;
        Ok((kinds::reach(facts).ok_or_else(|| invalid("settings"))?, pipeline))
    }

    /// What the guard decides from before it is switched on.
    fn asked(&self, account: &AccountContext) -> Result<Asked> {
        let (reach, pipeline) = self.read()?;
        Ok(rules::asked(account, &self.document.facts, &reach, &pipeline, self.is_hipaa()))
    }
}

/// A destination that is to be made: switched off, with nothing granted.
pub(crate) struct New<'a> {
    pub(crate) name: &'a str,
    pub(crate) source: &'a str,
    pub(crate) kind: &'a str,
    pub(crate) settings: Value,
    /// Events would be sent by the visitor's browser, which nothing here could hold back.
    pub(crate) device_mode: bool,
}

/// All destinations of a workspace, newest first.
pub(crate) async fn all(ctx: &Ctx, workspace: &Document<Workspace>) -> Result<Vec<Document<Destination>>> {
    let query = Query { limit: limits::DESTINATIONS, ..Query::default() };
    let scoped = ctx.services.store.scope(Scope::workspace(workspace.sid));
    Ok(scoped.list::<Destination>(query).await?.documents)
}

/// A destination of a workspace.
pub(crate) async fn find(ctx: &Ctx, workspace: Document<Workspace>, sid: DestinationSid) -> Result<Held> {
    let scoped = ctx.services.store.scope(Scope::workspace(workspace.sid));
    let document = scoped.get::<Destination>(sid).await?.ok_or_else(|| ApiError::new(codes::NOT_FOUND))?;
    Ok(Held { workspace, document })
}

/// Makes a destination.
pub(crate) async fn create(ctx: &Ctx, workspace: Document<Workspace>, new: New<'_>) -> Result<Held> {
    let settings = Settings::new(new.kind, new.settings)?;
    let reach = settings.reach().ok_or_else(|| invalid("settings"))?;
    let asked = rules::reached(&reach, workspace.facts.is_hipaa());
    ctx.guard(&Action::UseDestination(Asked { device_mode: new.device_mode, ..asked }))?;
    if new.device_mode {
        return Err(invalid("mode"));
    }
    let source: SourceSid = new.source.parse().map_err(|_| invalid("source_sid"))?;
    let place = segment::reading::source(&ctx.services.store, source).await?;
    if place.is_none_or(|(owner, ..)| owner != workspace.sid) {
        return Err(invalid("source_sid"));
    }
    let name = filled("name", new.name, limits::NAME)?;
    let others = all(ctx, &workspace).await?;
    check_name(&others, &source.to_string(), &name, None)?;
    if others.len() >= limits::DESTINATIONS {
        let hint = "the workspace has as many destinations as it may have";
        return Err(ApiError::new(codes::CONFLICT).hint(hint));
    }
    let sid = DestinationSid::generate(ctx.services.store.random().as_ref());
    let facts = DestinationFacts {
        name,
        account: ctx.account().sid().to_string(),
        workspace: workspace.sid.to_string(),
        source: source.to_string(),
        settings,
        enabled: false,
        max_per_second: None,
        consent_categories: Vec::new(),
        filters: Vec::new(),
        mappings: Vec::new(),
        grants: Vec::new(),
        encryption: None,
        approved: None,
        authors: vec![ctx.principal.actor.to_string()],
    };
    let mut batch = ctx.batch();
    batch.in_scope(Scope::workspace(workspace.sid)).name(destination_name(sid), sid.to_string());
    batch.insert::<Destination>(NewDocument::of(sid, ctx.now(), facts));
    batch.in_scope(ctx.scope());
    ctx.commit(batch, vec![workspace.sid.to_string(), source.to_string(), sid.to_string()]).await?;
    find(ctx, workspace, sid).await
}

/// `integrations` of an event tells a source's destinations apart by their names.
pub(crate) fn check_name(
    others: &[Document<Destination>],
    source: &str,
    name: &str,
    own: Option<DestinationSid>,
) -> Result<()> {
    let is_taken = |it: &Document<Destination>| {
        it.facts.source == source && it.facts.name == name && Some(it.sid) != own
    };
    match others.iter().any(is_taken) {
        true => Err(ApiError::new(codes::CONFLICT).hint("the source has a destination of this name")),
        false => Ok(()),
    }
}

/// Takes other settings.
pub(crate) fn change_settings(ctx: &Ctx, held: &mut Held, settings: Value) -> Result<()> {
    held.document.facts.settings.change(settings)?;
    let reach = held.document.facts.settings.reach().ok_or_else(|| invalid("settings"))?;
    ctx.guard(&Action::UseDestination(rules::reached(&reach, held.is_hipaa())))?;
    Ok(())
}

/// Writes a changed destination, switched on or off. Switched on it is given what comes from then on; one that stays on
/// is looked at.
pub(crate) async fn save(ctx: &Ctx, mut held: Held, was_enabled: bool) -> Result<Held> {
    note_author(ctx, &mut held)?;
    let (sid, is_enabled) = (held.document.sid, held.document.facts.enabled);
    if is_enabled && !was_enabled {
        ctx.guard(&Action::UseDestination(held.asked(ctx.account())?))?;
        if let Ok(source) = held.document.facts.source.parse() {
            segment::reading::refuse_quarantine(&ctx.services.store, &held.workspace, source).await?;
        }
    }
    let mut batch = ctx.batch();
    batch.in_scope(held.scope()).update(&held.document);
    match (was_enabled, is_enabled) {
        (false, true) => batch.add_consumer(&sid.to_string(), &held.document.facts.source, ctx.now()),
        (true, false) => batch.remove_consumer(&sid.to_string()),
        _ => batch.wake_consumer(&sid.to_string(), ctx.now()),
    }
    batch.in_scope(ctx.scope());
    ctx.commit(batch, vec![held.workspace.sid.to_string(), sid.to_string()]).await?;
    find(ctx, held.workspace, sid).await
}

/// Removes a destination. What was approved and disclosed stays on record.
pub(crate) async fn delete(ctx: &Ctx, held: Held) -> Result<()> {
    let sid = held.document.sid;
    let mut batch = ctx.batch();
    batch.in_scope(held.scope()).delete(&held.document);
    batch.unname(destination_name(sid));
    batch.remove_consumer(&sid.to_string());
    batch.in_scope(ctx.scope());
    ctx.commit(batch, vec![held.workspace.sid.to_string(), sid.to_string()]).await?;
    Ok(())
}

/// Notes whose credentials changed what can leave, when they did.
fn note_author(ctx: &Ctx, held: &mut Held) -> Result<()> {
    let (reach, pipeline) = held.read()?;
    let facts = &mut held.document.facts;
    let digest = rules::digest_of(&rules::lines(facts, &reach, &pipeline));
    let author = ctx.principal.actor.to_string();
    let is_approved = facts.approved.as_ref().is_some_and(|approved| approved.digest == digest);
    if !is_approved && !facts.authors.contains(&author) {
        if facts.authors.len() >= limits::AUTHORS {
            let hint = "so many credentials changed what can leave that it has to be approved first";
            return Err(ApiError::new(codes::CONFLICT).hint(hint));
        }
        facts.authors.push(author);
    }
    Ok(())
}
