//! Handlers of the `SMS/ShortCodes` resource.

use base::ShortCodeSid;
use kit::{Answer, Ctx, Form, Found, Listing, PageRequest, Path};
use serde_json::Value;

use super::model::{Filter, Settings, ShortCode};
use super::service;
use super::view::CodeView;

pub async fn list(ctx: Ctx, page: PageRequest) -> Answer<Found<Value>> {
    let (filter, paging) = page.open::<Filter>(&ctx).await?;
    let listed = ctx.store().list::<ShortCode>(service::query(&ctx, &filter, &paging)).await?;
    let account = ctx.account().sid();
    let path = format!("/2010-04-01/Accounts/{account}/SMS/ShortCodes.json");
    let listing = Listing::new(&ctx, paging, listed, |code| CodeView::new(account, &code)).await?;
    Ok(Found(listing.api2010(&path, "short_codes")))
}

pub async fn fetch(ctx: Ctx, Path(sid): Path<ShortCodeSid>) -> Answer<Found<CodeView>> {
    let code = service::get(&ctx, sid).await?;
    Ok(Found(CodeView::new(ctx.account().sid(), &code)))
}

pub async fn update(
    ctx: Ctx,
    Path(sid): Path<ShortCodeSid>,
    Form(settings): Form<Settings>,
) -> Answer<Found<CodeView>> {
    let code = service::update(&ctx, sid, settings).await?;
    Ok(Found(CodeView::new(ctx.account().sid(), &code)))
}
