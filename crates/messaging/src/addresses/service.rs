//! What happens to addresses.

use base::{AddressSid, Sid};
use errors::{ApiError, Result, codes};
use kit::page::Paging;
use kit::{Ctx, Listing};
use phi::{DigestKey, Phi};
use store::{Document, Index, IndexValue, Listed, NewDocument, Query};

use super::model::{AddressFacts, AddressParts, Change, Filter, Given, NewAddress, PostalAddress};
use super::view::AddressView;
use crate::numbers::{BY_ADDRESS, PhoneNumber};

/// The protected fields, by their API names.
const SHOWN: &[&str] =
    &["city", "customer_name", "friendly_name", "postal_code", "region", "street", "street_secondary"];

const CUSTOMER: &str = "customer_name";
const NAME: &str = "friendly_name";
const COUNTRY: &str = "iso_country";

/// Refuses a parameter that names no address of the account.
///
/// # Errors
/// 20001 when there is none.
pub async fn refuse_unknown(ctx: &Ctx, field: &'static str, sid: AddressSid) -> Result<()> {
    match ctx.store().get::<PostalAddress>(sid).await? {
        Some(_) => Ok(()),
        None => Err(ApiError::new(codes::INVALID_PARAMETER).parameter(field)),
    }
}

fn digest(key: &DigestKey, label: &'static str, text: &Phi<String>) -> Index {
    Index { key: label, value: IndexValue::Digest(text.digest(key, label)) }
}

fn index(key: &DigestKey, facts: &AddressFacts, parts: &Phi<AddressParts>) -> Vec<Index> {
    vec![
        digest(key, CUSTOMER, &parts.map_ref(|parts| parts.customer_name.clone())),
        digest(key, NAME, &parts.map_ref(|parts| parts.friendly_name.clone())),
        Index { key: COUNTRY, value: IndexValue::Plain(facts.iso_country.clone()) },
    ]
}

/// Keeps a new address.
pub async fn create(ctx: &Ctx, new: NewAddress) -> Result<AddressView> {
    let facts = AddressFacts { iso_country: new.iso_country };
    let parts = Given::onto(new.given, None);
    parts.learn(|parts| parts.fault(&facts.iso_country)).into_result()?;
    let key = ctx.store().digest_key().await?;
    let sid = AddressSid::generate(ctx.services.store.random().as_ref());
    let index = index(&key, &facts, &parts);
    let mut batch = ctx.batch();
    let content = Some(parts);
    batch.insert::<PostalAddress>(NewDocument { content, index, ..NewDocument::of(sid, ctx.now(), facts) });
    ctx.commit(batch, vec![sid.to_string()]).await?;
    fetch(ctx, sid).await
}

/// One address.
pub async fn get(ctx: &Ctx, sid: AddressSid) -> Result<Document<PostalAddress>> {
    ctx.store().get::<PostalAddress>(sid).await?.ok_or(codes::NOT_FOUND.into())
}

/// Shows an address; the ledger has it first.
pub async fn fetch(ctx: &Ctx, sid: AddressSid) -> Result<AddressView> {
    let address = get(ctx, sid).await?;
    let proof = ctx.disclose(vec![sid.to_string()], SHOWN).await?;
    Ok(AddressView::new(ctx.account().sid(), address, &proof))
}

/// One page of addresses; the ledger has all their SIDs first.
pub async fn list(ctx: &Ctx, filter: Filter, paging: Paging) -> Result<Listing> {
    let scoped = ctx.store();
    let key = scoped.digest_key().await?;
    let customer = filter.customer_name.map(|name| digest(&key, CUSTOMER, &name));
    let name = filter.friendly_name.map(|name| digest(&key, NAME, &name));
    let country = filter.iso_country.map(|code| Index { key: COUNTRY, value: IndexValue::Plain(code) });
    let query = Query {
        filters: customer.into_iter().chain(name).chain(country).collect(),
        limit: paging.size,
        cursor: paging.cursor.clone(),
        ..Query::default()
    };
    let listed = match filter.emergency_only {
        true => Listed { documents: Vec::new(), next: None, previous: None },
        false => scoped.list::<PostalAddress>(query).await?,
    };
    let sids = listed.documents.iter().map(|address| address.sid.to_string()).collect();
    let proof = ctx.disclose(sids, SHOWN).await?;
    let account = ctx.account().sid();
    Listing::new(ctx, paging, listed, |address| AddressView::new(account, address, &proof)).await
}

/// Changes an address: what it was before is destroyed with its key.
pub async fn update(ctx: &Ctx, sid: AddressSid, change: Change) -> Result<AddressView> {
    let mut address = get(ctx, sid).await?;
    let parts = Given::onto(change.0, address.content.take());
    parts.learn(|parts| parts.fault(&address.facts.iso_country)).into_result()?;
    let key = ctx.store().digest_key().await?;
    let mut batch = ctx.batch();
    batch.delete(&address);
    batch.insert::<PostalAddress>(NewDocument {
        index: index(&key, &address.facts, &parts),
        content: Some(parts),
        ..NewDocument::of(sid, address.created_at, address.facts.clone())
    });
    // Content is written once, so the document is a new one; this makes it one that was changed now.
    address.revision = 1;
    batch.update::<PostalAddress>(&address);
    ctx.commit(batch, vec![sid.to_string()]).await?;
    fetch(ctx, sid).await
}

/// The numbers that name an address.
pub async fn dependent(ctx: &Ctx, sid: AddressSid, paging: &Paging) -> Result<Listed<PhoneNumber>> {
    get(ctx, sid).await?;
    let query = Query { cursor: paging.cursor.clone(), ..of_address(sid, paging.size) };
    Ok(ctx.store().list::<PhoneNumber>(query).await?)
}

fn of_address(sid: AddressSid, limit: usize) -> Query {
    let filters = vec![Index { key: BY_ADDRESS, value: IndexValue::Plain(sid.to_string()) }];
    Query { filters, limit, ..Query::default() }
}

/// Deletes an address that no number names.
pub async fn delete(ctx: &Ctx, sid: AddressSid) -> Result<()> {
    let address = get(ctx, sid).await?;
    if !ctx.store().list::<PhoneNumber>(of_address(sid, 1)).await?.documents.is_empty() {
        return Err(ApiError::new(codes::CONFLICT).hint("phone numbers name this address"));
    }
    let mut batch = ctx.batch();
    batch.delete(&address);
    ctx.commit(batch, vec![sid.to_string()]).await?;
    Ok(())
}
