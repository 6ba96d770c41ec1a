//! What happens to usage triggers at the API.

use base::{Sid, UsageTriggerSid};
use errors::{ApiError, Result, codes};
use kit::Ctx;
use kit::page::Paging;
use rulebook::guard::urls::query_looks_like_phi;
use rulebook::guard::{Action, UrlFact, UrlPurpose};
use store::{Document, NewDocument, Query, Scope, Store};
use webhooks::{Method, WebhookUrl};

use super::model::{
    CreateTrigger, Filter, TriggerFacts, UpdateTrigger, UsageTrigger, Value, WatchedTrigger, index,
};
use super::view::TriggerView;
use crate::calendar::{Day, Every};
use crate::figures::{Figures, accounts};
use crate::limits::TRIGGERS;

/// What the figure that a trigger watches is now.
///
/// # Errors
/// When the store cannot answer.
pub(crate) async fn current(
    store: &Store,
    scopes: &[Scope],
    facts: &TriggerFacts,
    today: Day,
) -> Result<i64> {
    let Some(category) = facts.category() else { return Ok(0) };
    let periods = [facts.period(today)];
    let figures = Figures::read(store, scopes, &periods, Every::Whole).await?;
    Ok(facts.by.of(figures.of(0, category)))
}

async fn here(ctx: &Ctx, facts: &TriggerFacts) -> Result<i64> {
    let store = &ctx.services.store;
    let scopes = accounts(store, ctx.scope(), true).await?;
    current(store, &scopes, facts, Day::of(ctx.now())).await
}

/// Asks the guard about the webhook.
fn check(ctx: &Ctx, facts: &TriggerFacts) -> Result<()> {
    let url = WebhookUrl::parse(&facts.callback_url)
        .map_err(|_| ApiError::new(codes::CALLBACK_INVALID).parameter("CallbackUrl"))?;
    let fact = UrlFact {
        field: "CallbackUrl",
        purpose: UrlPurpose::Callback,
        scheme_https: url.is_https(),
        // Figures are no service's data: a registration for any will do, as at delivery.
        host_registered: ctx.account().is_registered(url.host(), ""),
        has_phi_like_query: query_looks_like_phi(url.query()),
        get_message_webhook: false,
    };
    ctx.guard(&Action::ConfigureUrl(fact)).map(drop)
}

/// Makes a trigger.
pub(crate) async fn create(ctx: &Ctx, asked: CreateTrigger) -> Result<TriggerView> {
    let CreateTrigger { category, by, value, recurring, changes } = asked;
    let mut facts = TriggerFacts {
        friendly_name: changes.friendly_name.unwrap_or_default(),
        callback_url: changes.callback_url.unwrap_or_default(),
        callback_method: changes.callback_method.unwrap_or(Method::Post),
        category: category.name.to_owned(),
        by,
        value: 0,
        recurring,
        fired_at: None,
    };
    check(ctx, &facts)?;
    let query = Query { limit: TRIGGERS, ..Query::default() };
    if ctx.store().list::<UsageTrigger>(query).await?.documents.len() >= TRIGGERS {
        return Err(
            ApiError::new(codes::INVALID_PARAMETER).hint("the account has as many triggers as it may")
        );
    }
    facts.value = match value {
        Value::At(value) => value,
        Value::More(more) => here(ctx, &facts).await?.saturating_add(more),
    };
    let now = ctx.now();
    let sid = UsageTriggerSid::generate(ctx.services.store.random().as_ref());
    let mut batch = ctx.batch();
    batch.insert::<UsageTrigger>(NewDocument {
        sid,
        parent: None,
        created_at: now,
        event_at: None,
        index: index(&facts),
        facts,
        content: None,
    });
    batch.in_scope(Scope::SYSTEM);
    batch.insert::<WatchedTrigger>(NewDocument {
        sid,
        parent: None,
        created_at: now,
        event_at: None,
        index: Vec::new(),
        facts: auth::SidText(ctx.account().sid()),
        content: None,
    });
    batch.in_scope(ctx.scope());
    ctx.commit(batch, vec![sid.to_string()]).await?;
    fetch(ctx, sid).await
}

async fn get(ctx: &Ctx, sid: UsageTriggerSid) -> Result<Document<UsageTrigger>> {
    ctx.store().get::<UsageTrigger>(sid).await?.ok_or(codes::NOT_FOUND.into())
}

/// One trigger.
pub(crate) async fn fetch(ctx: &Ctx, sid: UsageTriggerSid) -> Result<TriggerView> {
    let trigger = get(ctx, sid).await?;
    let current = here(ctx, &trigger.facts).await?;
    Ok(TriggerView::new(ctx.account().sid(), &trigger, current))
}

/// One page of triggers.
pub(crate) async fn list(ctx: &Ctx, filter: Filter, paging: Paging) -> Result<kit::Listing> {
    let query = Query {
        filters: filter.index(),
        limit: paging.size,
        cursor: paging.cursor.clone(),
        ..Query::default()
    };
    let listed = ctx.store().list::<UsageTrigger>(query).await?;
    let store = &ctx.services.store;
    let (scopes, today) = (accounts(store, ctx.scope(), true).await?, Day::of(ctx.now()));
    let mut figures = Vec::with_capacity(listed.documents.len());
    for trigger in &listed.documents {
        figures.push(current(store, &scopes, &trigger.facts, today).await?);
    }
    let (account, mut figures) = (ctx.account().sid(), figures.into_iter());
    kit::Listing::new(ctx, paging, listed, |trigger| {
        TriggerView::new(account, &trigger, figures.next().unwrap_or_default())
    })
    .await
}

/// Changes what a trigger is called, and whom it tells.
pub(crate) async fn update(ctx: &Ctx, sid: UsageTriggerSid, changes: UpdateTrigger) -> Result<TriggerView> {
    let mut trigger = get(ctx, sid).await?;
    let UpdateTrigger { friendly_name, callback_url, callback_method } = changes;
    let facts = &mut trigger.facts;
    facts.friendly_name = friendly_name.unwrap_or(std::mem::take(&mut facts.friendly_name));
    facts.callback_url = callback_url.unwrap_or(std::mem::take(&mut facts.callback_url));
    facts.callback_method = callback_method.unwrap_or(facts.callback_method);
    check(ctx, facts)?;
    let mut batch = ctx.batch();
    batch.update::<UsageTrigger>(&trigger);
    ctx.commit(batch, vec![sid.to_string()]).await?;
    fetch(ctx, sid).await
}

/// Removes a trigger.
pub(crate) async fn delete(ctx: &Ctx, sid: UsageTriggerSid) -> Result<()> {
    let trigger = get(ctx, sid).await?;
    let watched = ctx.services.store.scope(Scope::SYSTEM).get::<WatchedTrigger>(sid).await?;
    let mut batch = ctx.batch();
    batch.delete::<UsageTrigger>(&trigger);
    if let Some(watched) = watched {
        batch.in_scope(Scope::SYSTEM);
        batch.delete::<WatchedTrigger>(&watched);
        batch.in_scope(ctx.scope());
    }
    ctx.commit(batch, vec![sid.to_string()]).await?;
    Ok(())
}
