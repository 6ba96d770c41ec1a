//! Handlers of the IncomingPhoneNumbers resource.

use base::PhoneNumberSid;
use errors::{ApiError, codes};
use kit::{Answer, Created, Ctx, Deleted, Form, Found, Listing, PageRequest, Path};
use serde_json::Value;
use store::Document;

use super::kinds::NumberKind;
use super::model::{Filter, PhoneNumber, Settings, Wanted, WantedOfKind};
use super::service;
use super::view::NumberView;
use crate::carrier::{Shared, can_mms};

fn view(ctx: &Ctx, carrier: &Shared, number: &Document<PhoneNumber>) -> NumberView {
    NumberView::new(ctx.account().sid(), number, can_mms(carrier, &number.facts.number))
}

pub async fn create(ctx: Ctx, carrier: Shared, Form(wanted): Form<Wanted>) -> Answer<Created<NumberView>> {
    let number = service::create(&ctx, wanted).await?;
    Ok(Created(view(&ctx, &carrier, &number)))
}

pub async fn fetch(ctx: Ctx, carrier: Shared, Path(sid): Path<PhoneNumberSid>) -> Answer<Found<NumberView>> {
    let number = service::get(&ctx, sid).await?;
    Ok(Found(view(&ctx, &carrier, &number)))
}

pub async fn create_of_kind(
    ctx: Ctx,
    carrier: Shared,
    Form(WantedOfKind(wanted)): Form<WantedOfKind>,
    kind: NumberKind,
) -> Answer<Created<NumberView>> {
    let found = wanted.number.as_deref().and_then(NumberKind::of_text);
    if found != Some(kind) {
        let code = if found.is_some() { codes::NUMBER_NOT_AVAILABLE } else { codes::NUMBER_INVALID };
        return Err(ApiError::new(code).parameter("PhoneNumber").into());
    }
    let number = service::create(&ctx, wanted).await?;
    Ok(Created(view(&ctx, &carrier, &number)))
}

pub async fn list(ctx: Ctx, carrier: Shared, page: PageRequest) -> Answer<Found<Value>> {
    list_of_kind(ctx, carrier, page, None, "").await
}

/// The account's numbers of a kind. A page is one of all numbers without those of other kinds, so it may be short, and
/// the last one is where there is no next.
pub async fn list_of_kind(
    ctx: Ctx,
    carrier: Shared,
    page: PageRequest,
    kind: Option<NumberKind>,
    word: &str,
) -> Answer<Found<Value>> {
    let (filter, paging) = page.open::<Filter>(&ctx).await?;
    let mut listed = ctx.store().list::<PhoneNumber>(service::query(&ctx, &filter, &paging)).await?;
    listed.documents.retain(|number| filter.keeps(&number.facts, kind));
    let account = ctx.account().sid();
    let path = format!("/2010-04-01/Accounts/{account}/IncomingPhoneNumbers{word}.json");
    let listing = Listing::new(&ctx, paging, listed, |number| view(&ctx, &carrier, &number)).await?;
    Ok(Found(listing.api2010(&path, "incoming_phone_numbers")))
}

pub async fn update(
    ctx: Ctx,
    carrier: Shared,
    Path(sid): Path<PhoneNumberSid>,
    Form(settings): Form<Settings>,
) -> Answer<Found<NumberView>> {
    let number = service::update(&ctx, sid, settings).await?;
    Ok(Found(view(&ctx, &carrier, &number)))
}

pub async fn delete(ctx: Ctx, Path(sid): Path<PhoneNumberSid>) -> Answer<Deleted> {
    service::delete(&ctx, sid).await?;
    Ok(Deleted)
}
