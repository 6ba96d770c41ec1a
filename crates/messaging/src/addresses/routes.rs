//! Handlers of the Address resource.

use base::AddressSid;
use kit::page::Unfiltered;
use kit::{Answer, Created, Ctx, Deleted, Form, Found, Listing, PageRequest, Path};
use serde_json::Value;
use store::Document;

use super::model::{Change, Filter, NewAddress};
use super::service;
use super::view::{AddressView, DependentView};
use crate::carrier::{Shared, can_mms};
use crate::numbers::PhoneNumber;

pub async fn create(ctx: Ctx, Form(new): Form<NewAddress>) -> Answer<Created<AddressView>> {
    Ok(Created(service::create(&ctx, new).await?))
}

pub async fn fetch(ctx: Ctx, Path(sid): Path<AddressSid>) -> Answer<Found<AddressView>> {
    Ok(Found(service::fetch(&ctx, sid).await?))
}

pub async fn list(ctx: Ctx, page: PageRequest) -> Answer<Found<Value>> {
    let (filter, paging) = page.open::<Filter>(&ctx).await?;
    let path = format!("/2010-04-01/Accounts/{}/Addresses.json", ctx.account().sid());
    Ok(Found(service::list(&ctx, filter, paging).await?.api2010(&path, "addresses")))
}

pub async fn update(
    ctx: Ctx,
    Path(sid): Path<AddressSid>,
    Form(change): Form<Change>,
) -> Answer<Found<AddressView>> {
    Ok(Found(service::update(&ctx, sid, change).await?))
}

pub async fn delete(ctx: Ctx, Path(sid): Path<AddressSid>) -> Answer<Deleted> {
    service::delete(&ctx, sid).await?;
    Ok(Deleted)
}

pub async fn list_dependent(
    ctx: Ctx,
    carrier: Shared,
    Path(sid): Path<AddressSid>,
    page: PageRequest,
) -> Answer<Found<Value>> {
    let (_, paging) = page.open::<Unfiltered>(&ctx).await?;
    let listed = service::dependent(&ctx, sid, &paging).await?;
    let account = ctx.account().sid();
    let path = format!("/2010-04-01/Accounts/{account}/Addresses/{sid}/DependentPhoneNumbers.json");
    let view = |number: Document<PhoneNumber>| {
        DependentView::new(account, &number, can_mms(&carrier, &number.facts.number))
    };
    Ok(Found(Listing::new(&ctx, paging, listed, view).await?.api2010(&path, "dependent_phone_numbers")))
}
