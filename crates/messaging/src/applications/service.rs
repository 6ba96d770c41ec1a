//! What happens to applications, and what numbers and messages ask about them.

use std::collections::BTreeMap;
use std::sync::Arc;

use base::{ApplicationSid, Sid};
use errors::{ApiError, Result, codes};
use kit::Ctx;
use store::{Document, Index, IndexValue, NewDocument, Query, Scope, Store, StoreError};

use super::model::{Application, ApplicationFacts, ApplicationText, Filter, Settings};
use crate::limits::MAX_APPLICATIONS;
use crate::numbers::{self, Hook, PhoneNumber};

const NAME: &str = "friendly_name";

/// An application of a scope. It is read with every message that names one, so from memory where that is up to date.
///
/// # Errors
/// When the store cannot answer.
pub async fn find(
    store: &Store,
    scope: Scope,
    sid: ApplicationSid,
) -> std::result::Result<Option<ApplicationFacts>, StoreError> {
    /// The answer that is remembered.
    struct Answer(Option<ApplicationFacts>);
    let found: Arc<Answer> = store
        .steady(format!("{scope} {sid}"), |steady| async move {
            let found = steady.get::<Application>(scope, sid).await?;
            Ok(Answer(found.map(|application| application.facts)))
        })
        .await?;
    Ok(found.0.clone())
}

/// Whom to ask about messages that come in to a number: the application it names, or itself.
///
/// # Errors
/// When the store cannot answer.
pub async fn hook(
    store: &Store,
    scope: Scope,
    number: &Document<PhoneNumber>,
) -> std::result::Result<Hook, StoreError> {
    match number.facts.sms_application {
        None => Ok(number.facts.hook()),
        // The number's own URLs count for nothing then (the published document).
        Some(sid) => Ok(find(store, scope, sid.0).await?.map(|facts| facts.hook()).unwrap_or_default()),
    }
}

/// Refuses a parameter that names no application of the account.
///
/// # Errors
/// 20001 when there is none.
pub async fn refuse_unknown(ctx: &Ctx, field: &'static str, sid: ApplicationSid) -> Result<ApplicationFacts> {
    let found = find(&ctx.services.store, ctx.scope(), sid).await?;
    found.ok_or(ApiError::new(codes::INVALID_PARAMETER).parameter(field))
}

/// Makes an application.
pub async fn create(ctx: &Ctx, settings: Settings) -> Result<Document<Application>> {
    let mut facts = ApplicationFacts::default();
    settings.apply(&mut facts);
    numbers::check_urls(ctx, &facts.urls())?;
    let all = Query { limit: MAX_APPLICATIONS, ..Query::default() };
    if ctx.store().list::<Application>(all).await?.documents.len() >= MAX_APPLICATIONS {
        let error = ApiError::new(codes::INVALID_PARAMETER);
        return Err(error.hint("the account has as many applications as it may have"));
    }
    let sid = ApplicationSid::generate(ctx.services.store.random().as_ref());
    let mut batch = ctx.batch();
    let index = vec![Index { key: NAME, value: batch.free_text(&facts.friendly_name) }];
    batch.insert::<Application>(NewDocument { index, ..NewDocument::of(sid, ctx.now(), facts) });
    ctx.commit(batch, vec![sid.to_string()]).await?;
    get(ctx, sid).await
}

/// One application.
pub async fn get(ctx: &Ctx, sid: ApplicationSid) -> Result<Document<Application>> {
    ctx.store().get::<Application>(sid).await?.ok_or(codes::NOT_FOUND.into())
}

/// The store's query for a list.
pub fn query(ctx: &Ctx, filter: Filter, paging: &kit::page::Paging) -> Query {
    let name = filter.friendly_name.map(|name| Index { key: NAME, value: ctx.store().free_text(&name) });
    Query {
        filters: name.into_iter().collect(),
        limit: paging.size,
        cursor: paging.cursor.clone(),
        ..Query::default()
    }
}

/// Configures an application.
pub async fn update(ctx: &Ctx, sid: ApplicationSid, settings: Settings) -> Result<Document<Application>> {
    let mut application = get(ctx, sid).await?;
    settings.apply(&mut application.facts);
    numbers::check_urls(ctx, &application.facts.urls())?;
    let mut batch = ctx.batch();
    batch.update::<Application>(&application);
    let name = batch.free_text(&application.facts.friendly_name);
    batch.reindex::<Application>(sid, NAME, vec![name]);
    ctx.commit(batch, vec![sid.to_string()]).await?;
    get(ctx, sid).await
}

/// Deletes an application, and takes it off the numbers that name it, whose own URLs count from then on.
pub async fn delete(ctx: &Ctx, sid: ApplicationSid) -> Result<()> {
    let application = get(ctx, sid).await?;
    let mut batch = ctx.batch();
    let mut touched = vec![sid.to_string()];
    // A number may name it for messages and for calls, and is written once.
    let mut naming = BTreeMap::new();
    for key in [numbers::BY_APPLICATION, numbers::BY_VOICE_APPLICATION] {
        let filters = vec![Index { key, value: IndexValue::Plain(sid.to_string()) }];
        let mut query = Query { filters, limit: kit::limits::MAX_PAGE_SIZE, ..Query::default() };
        loop {
            let listed = ctx.store().list::<PhoneNumber>(query.clone()).await?;
            naming.extend(listed.documents.into_iter().map(|number| (number.sid, number)));
            match listed.next {
                Some(cursor) => query.cursor = Some(cursor),
                None => break,
            }
        }
    }
    let others = |named: &mut Option<ApplicationText>| *named = named.filter(|named| named.0 != sid);
    for mut number in naming.into_values() {
        others(&mut number.facts.sms_application);
        others(&mut number.facts.voice_application);
        batch.update::<PhoneNumber>(&number);
        for (key, named) in number.facts.named() {
            batch.reindex::<PhoneNumber>(number.sid, key, named.map(IndexValue::Plain).into_iter().collect());
        }
        touched.push(number.sid.to_string());
    }
    batch.delete(&application);
    ctx.commit(batch, touched).await?;
    Ok(())
}
