//! What happens to an account's numbers, and what messages ask about them.

use auth::AccountContext;
use base::PhoneNumberSid;
use errors::{ApiError, Result, codes};
use kit::Ctx;
use rulebook::guard::urls::query_looks_like_phi;
use rulebook::guard::{Action, UrlFact, UrlPurpose};
use store::{Document, Index, IndexValue, Query, Scope, Scoped, Store, StoreError};
use webhooks::{Method, WebhookUrl};

use super::inventory;
use super::model::{Filter, NumberFacts, PhoneNumber, Settings, Wanted};

/// The account's number with these digits.
///
/// # Errors
/// When the store cannot answer.
pub async fn by_number(
    scoped: &Scoped,
    number: &str,
) -> std::result::Result<Option<Document<PhoneNumber>>, StoreError> {
    scoped.find::<PhoneNumber>("number", IndexValue::Plain(number.to_owned())).await
}

/// Makes sure that the account owns this number.
///
/// # Errors
/// 21606 when it does not.
pub async fn owned(ctx: &Ctx, number: &str) -> Result<()> {
    let is_owned = has(&ctx.services.store, ctx.scope(), number).await?;
    if is_owned { Ok(()) } else { Err(codes::FROM_NOT_OWNED.into()) }
}

/// Whether this is a number of the account whose scope this is.
///
/// # Errors
/// When the store cannot answer.
pub async fn has(store: &Store, scope: Scope, number: &str) -> std::result::Result<bool, StoreError> {
    /// The answer that is remembered.
    struct IsOwned(bool);
    let query = number_query(number);
    let found = store.steady(format!("{scope} {number}"), |steady| async move {
        Ok(IsOwned(!steady.list::<PhoneNumber>(scope, query).await?.documents.is_empty()))
    });
    Ok(found.await?.0)
}

fn number_query(number: &str) -> Query {
    let filters = vec![Index { key: "number", value: IndexValue::Plain(number.to_owned()) }];
    Query { filters, limit: 1, ..Query::default() }
}

/// What the guard needs to know about a callback URL.
///
/// # Errors
/// 21609 when it is not a URL that a webhook can be sent to.
pub fn callback_fact(account: &AccountContext, field: &'static str, url: &str, get: bool) -> Result<UrlFact> {
    let parsed =
        WebhookUrl::parse(url).map_err(|_| ApiError::new(codes::CALLBACK_INVALID).parameter(field))?;
    let query = url.split('#').next().and_then(|url| url.split_once('?')).map_or("", |(_, query)| query);
    Ok(UrlFact {
        field,
        purpose: UrlPurpose::Callback,
        scheme_https: parsed.is_https(),
        host_registered: account.is_registered(parsed.host(), crate::PRODUCT.service),
        has_phi_like_query: query_looks_like_phi(query),
        get_message_webhook: get,
    })
}

/// Asks the guard about every URL of a number.
fn check(ctx: &Ctx, facts: &NumberFacts) -> Result<()> {
    let urls = [
        ("SmsUrl", &facts.sms_url, facts.sms_method),
        ("SmsFallbackUrl", &facts.sms_fallback_url, facts.sms_fallback_method),
        ("StatusCallback", &facts.status_callback, facts.status_callback_method),
    ];
    for (field, url, method) in urls {
        if let Some(url) = url {
            ctx.guard(&Action::ConfigureUrl(callback_fact(
                ctx.account(),
                field,
                url,
                method == Method::Get,
            )?))?;
        }
    }
    Ok(())
}

/// Takes a number from the inventory.
pub async fn create(ctx: &Ctx, wanted: Wanted) -> Result<Document<PhoneNumber>> {
    let store = &ctx.services.store;
    let free = match (&wanted.number, &wanted.area_code) {
        (Some(number), _) => inventory::free(store, number).await?,
        (None, Some(area_code)) => inventory::free_in(store, area_code).await?,
        (None, None) => return Err(codes::INVALID_PARAMETER.into()),
    };
    let mut facts = NumberFacts::new(free.facts.clone());
    wanted.settings.apply(&mut facts);
    check(ctx, &facts)?;
    let sid = free.sid;
    let mut batch = ctx.batch();
    inventory::take(store, &mut batch, ctx.account().sid(), &free, facts, ctx.now());
    ctx.commit(batch, vec![sid.to_string()]).await?;
    get(ctx, sid).await
}

/// One number.
pub async fn get(ctx: &Ctx, sid: PhoneNumberSid) -> Result<Document<PhoneNumber>> {
    ctx.store().get::<PhoneNumber>(sid).await?.ok_or(codes::NOT_FOUND.into())
}

/// The store's query for a list.
pub fn query(ctx: &Ctx, filter: Filter, paging: &kit::page::Paging) -> Query {
    let number = filter.number.map(|number| ("number", IndexValue::Plain(number)));
    let name = filter.friendly_name.map(|name| ("friendly_name", ctx.store().free_text(&name)));
    Query {
        filters: number.into_iter().chain(name).map(|(key, value)| Index { key, value }).collect(),
        limit: paging.size,
        cursor: paging.cursor.clone(),
        ..Query::default()
    }
}

/// Configures a number.
pub async fn update(ctx: &Ctx, sid: PhoneNumberSid, settings: Settings) -> Result<Document<PhoneNumber>> {
    let mut number = get(ctx, sid).await?;
    settings.apply(&mut number.facts);
    check(ctx, &number.facts)?;
    let mut batch = ctx.batch();
    batch.update::<PhoneNumber>(&number);
    let name = batch.free_text(&number.facts.friendly_name);
    batch.reindex::<PhoneNumber>(sid, "friendly_name", vec![name]);
    ctx.commit(batch, vec![sid.to_string()]).await?;
    get(ctx, sid).await
}

/// Gives a number back to the inventory.
pub async fn delete(ctx: &Ctx, sid: PhoneNumberSid) -> Result<()> {
    let number = get(ctx, sid).await?;
    let mut batch = ctx.batch();
    inventory::give_back(&ctx.services.store, &mut batch, &number, ctx.now());
    ctx.commit(batch, vec![sid.to_string()]).await?;
    Ok(())
}
