//! What happens to Messaging Services at the API.

use std::time::Duration;

use base::{MessagingServiceSid, Sid};
use errors::{ApiError, Result, codes};
use kit::Ctx;
use kit::page::Paging;
use store::{Batch, Document, Kind, NewDocument, Query, Scoped, StoreError};

use super::choice::members;
use super::model::{AlphaSender, MessagingService, NewService, PoolCode, PoolNumber, ServiceFacts, Settings};
use crate::limits::DEFAULT_VALIDITY;
use crate::numbers::{self, Configured};

/// Asks the guard about every URL of a service, and holds a HIPAA project's texts to the time they may wait
/// (ambiguity 15).
fn check(ctx: &Ctx, facts: &ServiceFacts, validity_period: Option<u32>) -> Result<()> {
    let [asked, fallback] = facts.inbound.urls("InboundRequestUrl", "FallbackUrl");
    let reported = Configured {
        field: "StatusCallback",
        url: facts.status_callback.as_deref(),
        method: webhooks::Method::Post,
    };
    numbers::check_urls(ctx, &[asked, fallback, reported])?;
    let waits = validity_period.map(|seconds| Duration::from_secs(u64::from(seconds)));
    let is_protected = ctx.account().account.facts.designation.protected;
    if is_protected && waits.is_some_and(|waits| waits > DEFAULT_VALIDITY) {
        return Err(ApiError::new(codes::INVALID_PARAMETER).parameter("ValidityPeriod").rule("SMS-REDACT-1"));
    }
    Ok(())
}

/// Makes a service without senders.
pub async fn create(ctx: &Ctx, NewService(settings): NewService) -> Result<Document<MessagingService>> {
    let mut facts = ServiceFacts::new(ctx.account().account.facts.designation.protected);
    let validity_period = settings.validity_period;
    settings.apply(&mut facts);
    check(ctx, &facts, validity_period)?;
    let sid = MessagingServiceSid::generate(ctx.services.store.random().as_ref());
    let mut batch = ctx.batch();
    batch.insert::<MessagingService>(NewDocument::of(sid, ctx.now(), facts));
    ctx.commit(batch, vec![sid.to_string()]).await?;
    get(ctx, sid).await
}

/// One service.
pub async fn get(ctx: &Ctx, sid: MessagingServiceSid) -> Result<Document<MessagingService>> {
    ctx.store().get::<MessagingService>(sid).await?.ok_or(codes::NOT_FOUND.into())
}

/// Whether the account whose scope this is has this service, for other products.
///
/// # Errors
/// When the store cannot answer.
pub async fn exists(scoped: &Scoped, sid: MessagingServiceSid) -> std::result::Result<bool, StoreError> {
    Ok(scoped.get::<MessagingService>(sid).await?.is_some())
}

/// The store's query for a list.
pub fn query(paging: &Paging) -> Query {
    Query { limit: paging.size, cursor: paging.cursor.clone(), ..Query::default() }
}

/// Configures a service.
pub async fn update(
    ctx: &Ctx,
    sid: MessagingServiceSid,
    settings: Settings,
) -> Result<Document<MessagingService>> {
    let mut service = get(ctx, sid).await?;
    let validity_period = settings.validity_period;
    settings.apply(&mut service.facts);
    check(ctx, &service.facts, validity_period)?;
    let mut batch = ctx.batch();
    batch.update::<MessagingService>(&service);
    ctx.commit(batch, vec![sid.to_string()]).await?;
    get(ctx, sid).await
}

/// Ends a service. Its numbers and short codes stay the account's; its names are gone with it.
pub async fn delete(ctx: &Ctx, sid: MessagingServiceSid) -> Result<()> {
    let service = get(ctx, sid).await?;
    let mut batch = ctx.batch();
    release::<PoolNumber>(ctx, &mut batch, sid).await?;
    release::<PoolCode>(ctx, &mut batch, sid).await?;
    release::<AlphaSender>(ctx, &mut batch, sid).await?;
    batch.delete(&service);
    ctx.commit(batch, vec![sid.to_string()]).await?;
    Ok(())
}

async fn release<K: Kind>(ctx: &Ctx, batch: &mut Batch, service: MessagingServiceSid) -> Result<()> {
    let listed = ctx.store().list::<K>(members(service)).await?;
    listed.documents.iter().for_each(|member| batch.delete(member));
    Ok(())
}
