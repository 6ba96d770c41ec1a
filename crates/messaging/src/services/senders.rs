//! What happens to the senders of a Messaging Service at the API.

use base::{AlphaSenderSid, MessagingServiceSid, PhoneNumberSid, ShortCodeSid, Sid};
use errors::{Result, codes};
use kit::Ctx;
use kit::page::Paging;
use rulebook::guard::Action;
use store::{Batch, Document, Index, IndexValue, Kind, Listed, NewDocument, Query};

use super::choice::members;
use super::model::{
    AlphaSender, BY_COUNTRY, DestinationFilter, JoiningCode, JoiningDestination, JoiningName, JoiningNumber,
    MessagingService, PoolCode, PoolNumber, SenderFacts,
};
use super::service;
use crate::limits::MAX_SENDERS;
use crate::messages::model::AddressClass;
use crate::{numbers, short_codes};

/// Puts a number of the account into a service.
pub async fn add_number(
    ctx: &Ctx,
    sid: MessagingServiceSid,
    JoiningNumber(number): JoiningNumber,
) -> Result<Document<PoolNumber>> {
    service::get(ctx, sid).await?;
    let sender = numbers::get(ctx, number).await?.facts.number;
    let batch = free::<PoolNumber>(ctx, sid, number).await?;
    join::<PoolNumber>(ctx, batch, sid, number, SenderFacts::of(sender)).await
}

/// Puts a short code of the account into a service.
pub async fn add_code(
    ctx: &Ctx,
    sid: MessagingServiceSid,
    JoiningCode(code): JoiningCode,
) -> Result<Document<PoolCode>> {
    service::get(ctx, sid).await?;
    let sender = short_codes::get(ctx, code).await?.facts.code;
    let batch = free::<PoolCode>(ctx, sid, code).await?;
    join::<PoolCode>(ctx, batch, sid, code, SenderFacts::of(sender)).await
}

/// A batch for a sender that is in no service.
async fn free<K: Kind>(ctx: &Ctx, sid: MessagingServiceSid, sender: K::Sid) -> Result<Batch> {
    let mut batch = ctx.batch();
    if let Some(member) = ctx.store().get::<K>(sender).await? {
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
    Ok(batch)
}

/// Puts a name into a service, for every country or for one. Unlike a number it may be in several.
pub async fn add_name(
    ctx: &Ctx,
    sid: MessagingServiceSid,
    JoiningDestination { name: JoiningName(name), country }: JoiningDestination,
) -> Result<Document<AlphaSender>> {
    service::get(ctx, sid).await?;
    let facts = SenderFacts { sender: name.into_string(), country };
    let there = ctx.store().list::<AlphaSender>(members(sid)).await?.documents;
    let is_same = |member: &SenderFacts| member.sender == facts.sender && member.country == facts.country;
    if there.iter().any(|member| is_same(&member.facts)) {
        return Err(codes::SENDER_IN_SERVICE.into());
    }
    let new = AlphaSenderSid::generate(ctx.services.store.random().as_ref());
    join::<AlphaSender>(ctx, ctx.batch(), sid, new, facts).await
}

/// One name of a service, if it is for every country.
pub async fn get_name(
    ctx: &Ctx,
    service: MessagingServiceSid,
    sid: AlphaSenderSid,
) -> Result<Document<AlphaSender>> {
    let name = get::<AlphaSender>(ctx, service, sid).await?;
    if name.facts.country.is_none() { Ok(name) } else { Err(codes::NOT_FOUND.into()) }
}

/// One page of the names for one country, or of all names.
pub async fn list_destinations(
    ctx: &Ctx,
    sid: MessagingServiceSid,
    filter: DestinationFilter,
    paging: &Paging,
) -> Result<Listed<AlphaSender>> {
    let country = filter.0.map(|country| Index { key: BY_COUNTRY, value: IndexValue::Plain(country) });
    page(ctx, sid, country.into_iter().collect(), paging).await
}

async fn join<K: Kind<Facts = SenderFacts>>(
    ctx: &Ctx,
    mut batch: Batch,
    service: MessagingServiceSid,
    sid: K::Sid,
    facts: SenderFacts,
) -> Result<Document<K>> {
    ctx.guard(&Action::AddSender(AddressClass::of_text(&facts.sender).0))?;
    if ctx.store().list::<K>(members(service)).await?.documents.len() >= MAX_SENDERS {
        return Err(codes::SENDER_POOL_FULL.into());
    }
    let country = facts.country.clone();
    let country = country.map(|country| Index { key: BY_COUNTRY, value: IndexValue::Plain(country) });
    batch.insert::<K>(NewDocument {
        parent: Some(service.to_string()),
        index: country.into_iter().collect(),
        ..NewDocument::of(sid, ctx.now(), facts)
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
    page(ctx, sid, Vec::new(), paging).await
}

async fn page<K: Kind>(
    ctx: &Ctx,
    sid: MessagingServiceSid,
    filters: Vec<Index>,
    paging: &Paging,
) -> Result<Listed<K>> {
    service::get(ctx, sid).await?;
    let (limit, cursor) = (paging.size, paging.cursor.clone());
    let query = Query { filters, limit, cursor, oldest_first: false, ..members(sid) };
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
    forget::<PoolNumber>(ctx, batch, sid).await
}

/// As [`forget_number`], a short code.
pub async fn forget_code(ctx: &Ctx, batch: &mut Batch, sid: ShortCodeSid) -> Result<()> {
    forget::<PoolCode>(ctx, batch, sid).await
}

async fn forget<K: Kind>(ctx: &Ctx, batch: &mut Batch, sid: K::Sid) -> Result<()> {
    if let Some(member) = ctx.store().get::<K>(sid).await? {
        batch.delete(&member);
    }
    Ok(())
}
