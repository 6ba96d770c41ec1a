//! What happens to an account's short codes, and what messages ask about them.

use auth::Account;
use base::{AccountSid, MessagingServiceSid, ShortCodeSid, Sid};
use errors::{ApiError, Result, codes};
use kit::page::Paging;
use kit::{Ctx, Services};
use ledger::{Action, Actor, Entry, Purpose};
use store::{Batch, Document, Index, IndexValue, Name, NewDocument, Query, Scope, Scoped, Store, StoreError};

use super::model::{CodeFacts, Filter, Settings, ShortCode};
use crate::numbers::{self, OWNER, Owned};
use crate::services::{self, PoolCode};

const CODE: &str = "code";
const FRIENDLY_NAME: &str = "friendly_name";

/// The name under which the owner of a short code is found from outside: one list with phone numbers, since nothing is
/// both.
fn name_of(store: &Store, code: &str) -> Name {
    Name::number(store.system_digest(OWNER, code.as_bytes()))
}

fn by(code: &str) -> Index {
    Index { key: CODE, value: IndexValue::Plain(code.to_owned()) }
}

/// The account's short code with these digits.
///
/// # Errors
/// When the store cannot answer.
pub async fn by_code(
    scoped: &Scoped,
    code: &str,
) -> std::result::Result<Option<Document<ShortCode>>, StoreError> {
    scoped.find::<ShortCode>(CODE, IndexValue::Plain(code.to_owned())).await
}

/// The short code of the account whose scope this is, if it is one.
///
/// # Errors
/// When the store cannot answer.
pub async fn owned(
    store: &Store,
    scope: Scope,
    code: &str,
) -> std::result::Result<Option<Owned>, StoreError> {
    /// The answer that is remembered.
    struct Answer(Option<Owned>);
    let query = Query { filters: vec![by(code)], limit: 1, ..Query::default() };
    let found = store.steady(format!("{scope} {code}"), |steady| async move {
        let found = steady.list::<ShortCode>(scope, query).await?.documents.into_iter().next();
        let Some(code) = found else { return Ok(Answer(None)) };
        let member = steady.get::<PoolCode>(scope, code.sid).await?;
        let service = member.and_then(|member| member.parent?.parse::<MessagingServiceSid>().ok());
        Ok(Answer(Some(Owned { service, number: None })))
    });
    Ok(found.await?.0)
}

/// One short code.
pub async fn get(ctx: &Ctx, sid: ShortCodeSid) -> Result<Document<ShortCode>> {
    ctx.store().get::<ShortCode>(sid).await?.ok_or(codes::NOT_FOUND.into())
}

/// The store's query for a list.
pub fn query(ctx: &Ctx, filter: &Filter, paging: &Paging) -> Query {
    let name = filter.friendly_name.as_ref().map(|name| ctx.store().free_text(name));
    let name = name.map(|value| Index { key: FRIENDLY_NAME, value });
    Query {
        filters: filter.code.as_deref().map(by).into_iter().chain(name).collect(),
        limit: paging.size,
        cursor: paging.cursor.clone(),
        ..Query::default()
    }
}

/// Configures a short code.
pub async fn update(ctx: &Ctx, sid: ShortCodeSid, settings: Settings) -> Result<Document<ShortCode>> {
    let mut code = get(ctx, sid).await?;
    settings.apply(&mut code.facts);
    numbers::check_urls(ctx, &code.facts.hook.urls("SmsUrl", "SmsFallbackUrl"))?;
    let mut batch = ctx.batch();
    batch.update::<ShortCode>(&code);
    let name = batch.free_text(&code.facts.friendly_name);
    batch.reindex::<ShortCode>(sid, FRIENDLY_NAME, vec![name]);
    ctx.commit(batch, vec![sid.to_string()]).await?;
    get(ctx, sid).await
}

/// Gives a short code to an account, for the operator.
///
/// # Errors
/// 20404 when there is no such account, 21422 when somebody has the code; what the store fails with.
pub async fn give(services: &Services, account: AccountSid, code: String) -> Result<ShortCodeSid> {
    let store = &services.store;
    let located = store.locate(&Name::account(account)).await?.ok_or(ApiError::new(codes::NOT_FOUND))?;
    store.scope(located.scope).get::<Account>(account).await?.ok_or(ApiError::new(codes::NOT_FOUND))?;
    let name = name_of(store, &code);
    if store.locate(&name).await?.is_some() {
        return Err(codes::NUMBER_NOT_AVAILABLE.into());
    }
    let sid = ShortCodeSid::generate(store.random().as_ref());
    let mut batch = store.batch(Scope::account(account));
    insert(&mut batch, sid, name, CodeFacts::new(code), services.now());
    let entry = Entry {
        actor: Actor::Operator,
        action: Action("give_short_code"),
        sids: vec![sid.to_string()],
        fields: &[],
        purpose: Purpose::Administration,
        source: None,
    };
    ledger::commit(store, batch, &entry).await?;
    Ok(sid)
}

fn insert(batch: &mut Batch, sid: ShortCodeSid, name: Name, facts: CodeFacts, now: base::Timestamp) {
    batch.name(name, sid.to_string());
    let friendly = Index { key: FRIENDLY_NAME, value: batch.free_text(&facts.friendly_name) };
    let index = vec![by(&facts.code), friendly];
    batch.insert::<ShortCode>(NewDocument { index, ..NewDocument::of(sid, now, facts) });
}

/// Takes a short code from an account whose lease has ended, for the operator.
///
/// # Errors
/// 20404 when the account has none of this SID.
pub async fn take_back(ctx: &Ctx, sid: ShortCodeSid) -> Result<()> {
    let code = get(ctx, sid).await?;
    let mut batch = ctx.batch();
    services::forget_code(ctx, &mut batch, sid).await?;
    batch.delete(&code);
    batch.unname(name_of(&ctx.services.store, &code.facts.code));
    ctx.commit(batch, vec![sid.to_string()]).await?;
    Ok(())
}
