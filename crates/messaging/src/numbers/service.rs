//! What happens to an account's numbers, and what messages ask about them.

use auth::AccountContext;
use base::{MessagingServiceSid, PhoneNumberSid};
use errors::{ApiError, Result, codes};
use kit::Ctx;
use rulebook::guard::urls::query_looks_like_phi;
use rulebook::guard::{Action, UrlFact, UrlPurpose};
use store::{Document, Index, IndexValue, Query, Scope, Scoped, Store, StoreError};
use webhooks::{Method, WebhookUrl};

use super::inventory;
use super::model::{Configured, Filter, NumberFacts, PhoneNumber, Settings, Wanted};
use crate::services::{self, PoolNumber};
use crate::{addresses, applications};

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

/// A number of an account.
#[derive(Clone, Copy, Debug)]
pub struct Owned {
    /// The Messaging Service it is in.
    pub service: Option<MessagingServiceSid>,
    /// Its SID, when it is a phone number.
    pub number: Option<PhoneNumberSid>,
}

/// The number of the account whose scope this is, if it is one.
///
/// # Errors
/// When the store cannot answer.
pub async fn owned(
    store: &Store,
    scope: Scope,
    number: &str,
) -> std::result::Result<Option<Owned>, StoreError> {
    /// The answer that is remembered.
    struct Answer(Option<Owned>);
    let query = number_query(number);
    let found = store.steady(format!("{scope} {number}"), |steady| async move {
        let found = steady.list::<PhoneNumber>(scope, query).await?.documents.into_iter().next();
        let Some(number) = found else { return Ok(Answer(None)) };
        let member = steady.get::<PoolNumber>(scope, number.sid).await?;
        let service = member.and_then(|member| member.parent?.parse().ok());
        Ok(Answer(Some(Owned { service, number: Some(number.sid) })))
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
        host_registered: parsed.is_hosted() || account.is_registered(parsed.host(), crate::PRODUCT.service),
        has_phi_like_query: query_looks_like_phi(query),
        get_message_webhook: get,
    })
}

/// Asks the guard about every URL that a resource is to be configured with.
///
/// # Errors
/// 21609 when one is not a URL that a webhook can be sent to, and the guard's refusals.
pub fn check_urls(ctx: &Ctx, urls: &[Configured<'_>]) -> Result<()> {
    for Configured { field, url, method } in urls {
        if let Some(url) = url {
            let fact = callback_fact(ctx.account(), field, url, *method == Method::Get)?;
            ctx.guard(&Action::ConfigureUrl(fact))?;
        }
    }
    Ok(())
}

fn check(ctx: &Ctx, facts: &NumberFacts) -> Result<()> {
    let hook = facts.hook();
    let [asked, fallback] = hook.urls("SmsUrl", "SmsFallbackUrl");
    let reported = Configured {
        field: "StatusCallback",
        url: facts.status_callback.as_deref(),
        method: facts.status_callback_method,
    };
    let voice = [facts.voice.configured("VoiceUrl"), facts.voice_fallback.configured("VoiceFallbackUrl")];
    check_urls(ctx, &[asked, fallback, reported])?;
    check_urls(ctx, &voice)
}

/// Refuses a number that would name what is not there.
async fn check_named(ctx: &Ctx, facts: &NumberFacts) -> Result<()> {
    if let Some(sid) = facts.sms_application {
        applications::refuse_unknown(ctx, "SmsApplicationSid", sid.0).await?;
    }
    if let Some(sid) = facts.voice_application {
        applications::refuse_unknown(ctx, "VoiceApplicationSid", sid.0).await?;
    }
    if let Some(sid) = facts.address {
        addresses::refuse_unknown(ctx, "AddressSid", sid.0).await?;
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
    check_named(ctx, &facts).await?;
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

/// The digits of a number of the account whose scope this is, for other products.
///
/// # Errors
/// When the store cannot answer.
pub async fn digits_of(
    scoped: &Scoped,
    sid: PhoneNumberSid,
) -> std::result::Result<Option<String>, StoreError> {
    Ok(scoped.get::<PhoneNumber>(sid).await?.map(|number| number.facts.number))
}

/// The store's query for a list.
pub fn query(ctx: &Ctx, filter: &Filter, paging: &kit::page::Paging) -> Query {
    let number = filter.number.clone().map(|number| ("number", IndexValue::Plain(number)));
    let name = filter.friendly_name.as_ref().map(|name| ("friendly_name", ctx.store().free_text(name)));
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
    check_named(ctx, &number.facts).await?;
    let mut batch = ctx.batch();
    batch.update::<PhoneNumber>(&number);
    let name = batch.free_text(&number.facts.friendly_name);
    batch.reindex::<PhoneNumber>(sid, "friendly_name", vec![name]);
    for (key, named) in number.facts.named() {
        batch.reindex::<PhoneNumber>(sid, key, named.map(IndexValue::Plain).into_iter().collect());
    }
    ctx.commit(batch, vec![sid.to_string()]).await?;
    get(ctx, sid).await
}

/// Gives a number back to the inventory.
pub async fn delete(ctx: &Ctx, sid: PhoneNumberSid) -> Result<()> {
    let number = get(ctx, sid).await?;
    let mut batch = ctx.batch();
    services::forget_number(ctx, &mut batch, sid).await?;
    inventory::give_back(&ctx.services.store, &mut batch, &number, ctx.now());
    ctx.commit(batch, vec![sid.to_string()]).await?;
    Ok(())
}
