//! Handlers of the IncomingPhoneNumbers resource.

use base::PhoneNumberSid;
use kit::{Answer, Created, Ctx, Deleted, Form, Found, Listing, PageRequest, Path};
use serde_json::Value;

use super::model::{Filter, PhoneNumber, Settings, Wanted};
use super::service;
use super::view::NumberView;

pub async fn create(ctx: Ctx, Form(wanted): Form<Wanted>) -> Answer<Created<NumberView>> {
    let number = service::create(&ctx, wanted).await?;
    Ok(Created(NumberView::new(ctx.account().sid(), &number)))
}

pub async fn fetch(ctx: Ctx, Path(sid): Path<PhoneNumberSid>) -> Answer<Found<NumberView>> {
    let number = service::get(&ctx, sid).await?;
    Ok(Found(NumberView::new(ctx.account().sid(), &number)))
}

pub async fn list(ctx: Ctx, page: PageRequest) -> Answer<Found<Value>> {
    let (filter, paging) = page.open::<Filter>(&ctx).await?;
    let listed = ctx.store().list::<PhoneNumber>(service::query(&ctx, filter, &paging)).await?;
    let account = ctx.account().sid();
    let path = format!("/2010-04-01/Accounts/{account}/IncomingPhoneNumbers.json");
    let listing = Listing::new(&ctx, paging, listed, |number| NumberView::new(account, &number)).await?;
    Ok(Found(listing.api2010(&path, "incoming_phone_numbers")))
}

pub async fn update(
    ctx: Ctx,
    Path(sid): Path<PhoneNumberSid>,
    Form(settings): Form<Settings>,
) -> Answer<Found<NumberView>> {
    let number = service::update(&ctx, sid, settings).await?;
    Ok(Found(NumberView::new(ctx.account().sid(), &number)))
}

pub async fn delete(ctx: Ctx, Path(sid): Path<PhoneNumberSid>) -> Answer<Deleted> {
    service::delete(&ctx, sid).await?;
    Ok(Deleted)
}
