//! What happens to the senders of a Messaging Service at the API.

use base::{AlphaSenderSid, MessagingServiceSid, PhoneNumberSid, Sid};
use errors::{Result, codes};
use kit::Ctx;
use kit::page::Paging;
use rulebook::guard::Action;
use store::{Batch, Document, Kind, Listed, NewDocument, Query};

use super::choice::members;
use super::model::{AlphaSender, JoiningName, JoiningNumber, MessagingService, PoolNumber, SenderFacts};
use super::service;
use crate::limits::MAX_SENDERS;
use crate::messages::model::AddressClass;
use crate::numbers;

/// Puts a number of the account into a service.
pub async fn add_number(
    ctx: &Ctx,
    sid: MessagingServiceSid,
    JoiningNumber(number): JoiningNumber,
) -> Result<Document<PoolNumber>> {
    service::get(ctx, sid).await?;
    let sender = numbers::get(ctx, number).await?.facts.number;
    let mut batch = ctx.batch();
    if let Some(member) = ctx.store().get::<PoolNumber>(number).await? {
        let other = member.parent.as_deref().and_then(|parent| parent.parse::<MessagingServiceSid>().ok());
        match other {
            Some(other) if other == sid => return Err(codes::SENDER_IN_SERVICE.into()),
            Some(other) if ctx.store().get::<MessagingService>(other).await?.is_some() => {
                return Err(codes::SENDER_IN_OTHER_SERVICE.into());
            }
            // It joined a service that was deleted in the same moment.
            _ => batch.delete(&member),
        }
    }
    join::<PoolNumber>(ctx, batch, sid, number, sender).await
}

/// Puts a name into a service. Unlike a number it may be in several.
pub async fn add_name(
    ctx: &Ctx,
    sid: MessagingServiceSid,
    JoiningName(name): JoiningName,
) -> Result<Document<AlphaSender>> {
    service::get(ctx, sid).await?;
    let name = name.into_string();
    let there = ctx.store().list::<AlphaSender>(members(sid)).await?.documents;
    if there.iter().any(|member| member.facts.sender == name) {
        return Err(codes::SENDER_IN_SERVICE.into());
    }
    let new = AlphaSenderSid::generate(ctx.services.store.random().as_ref());
    join::<AlphaSender>(ctx, ctx.batch(), sid, new, name).await
}

async fn join<K: Kind<Facts = SenderFacts>>(
    ctx: &Ctx,
    mut batch: Batch,
    service: MessagingServiceSid,
    sid: K::Sid,
    sender: String,
) -> Result<Document<K>> {
    ctx.guard(&Action::AddSender(AddressClass::of_text(&sender).0))?;
    if ctx.store().list::<K>(members(service)).await?.documents.len() >= MAX_SENDERS {
        return Err(codes::SENDER_POOL_FULL.into());
    }
    batch.insert::<K>(NewDocument {
        parent: Some(service.to_string()),
        ..NewDocument::of(sid, ctx.now(), SenderFacts { sender })
    });
    ctx.commit(batch, vec![service.to_string(), sid.to_string()]).await?;
    get::<K>(ctx, service, sid).await
}

/// One sender of a service.
pub async fn get<K: Kind>(ctx: &Ctx, service: MessagingServiceSid, sid: K::Sid) -> Result<Document<K>> {
    let member = ctx.store().get::<K>(sid).await?;
    let is_here = |member: &Document<K>| member.parent.as_deref() == Some(service.to_string().as_str());
    member.filter(is_here).ok_or(codes::NOT_FOUND.into())
}

/// One page of the senders of a service.
pub async fn list<K: Kind>(ctx: &Ctx, sid: MessagingServiceSid, paging: &Paging) -> Result<Listed<K>> {
    service::get(ctx, sid).await?;
    let query =
        Query { limit: paging.size, cursor: paging.cursor.clone(), oldest_first: false, ..members(sid) };
    Ok(ctx.store().list::<K>(query).await?)
}

/// Takes a sender out of a service.
pub async fn remove<K: Kind>(ctx: &Ctx, service: MessagingServiceSid, sid: K::Sid) -> Result<()> {
    let member = get::<K>(ctx, service, sid).await?;
    let mut batch = ctx.batch();
    batch.delete(&member);
    ctx.commit(batch, vec![service.to_string(), sid.to_string()]).await?;
    Ok(())
}

/// Takes a number that leaves the account out of its service, within the caller's batch.
pub async fn forget_number(ctx: &Ctx, batch: &mut Batch, sid: PhoneNumberSid) -> Result<()> {
    if let Some(member) = ctx.store().get::<PoolNumber>(sid).await? {
        batch.delete(&member);
    }
    Ok(())
}
