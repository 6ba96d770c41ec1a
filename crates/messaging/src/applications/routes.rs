//! Handlers of the Application resource.

use base::ApplicationSid;
use kit::{Answer, Created, Ctx, Deleted, Form, Found, Listing, PageRequest, Path};
use serde_json::Value;

use super::model::{Application, Filter, Settings};
use super::service;
use super::view::ApplicationView;

pub async fn create(ctx: Ctx, Form(settings): Form<Settings>) -> Answer<Created<ApplicationView>> {
    let application = service::create(&ctx, settings).await?;
    Ok(Created(ApplicationView::new(ctx.account().sid(), &application)))
}

pub async fn fetch(ctx: Ctx, Path(sid): Path<ApplicationSid>) -> Answer<Found<ApplicationView>> {
    let application = service::get(&ctx, sid).await?;
    Ok(Found(ApplicationView::new(ctx.account().sid(), &application)))
}

pub async fn list(ctx: Ctx, page: PageRequest) -> Answer<Found<Value>> {
    let (filter, paging) = page.open::<Filter>(&ctx).await?;
    let listed = ctx.store().list::<Application>(service::query(&ctx, filter, &paging)).await?;
    let account = ctx.account().sid();
    let path = format!("/2010-04-01/Accounts/{account}/Applications.json");
    let view = |application| ApplicationView::new(account, &application);
    Ok(Found(Listing::new(&ctx, paging, listed, view).await?.api2010(&path, "applications")))
}

pub async fn update(
    ctx: Ctx,
    Path(sid): Path<ApplicationSid>,
    Form(settings): Form<Settings>,
) -> Answer<Found<ApplicationView>> {
    let application = service::update(&ctx, sid, settings).await?;
    Ok(Found(ApplicationView::new(ctx.account().sid(), &application)))
}

pub async fn delete(ctx: Ctx, Path(sid): Path<ApplicationSid>) -> Answer<Deleted> {
    service::delete(&ctx, sid).await?;
    Ok(Deleted)
}
