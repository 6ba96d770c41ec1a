//! Handlers of usage triggers.

use base::UsageTriggerSid;
use kit::{Answer, Created, Ctx, Deleted, Form, Found, PageRequest, Path};
use serde_json::Value;

use super::model::{CreateTrigger, UpdateTrigger};
use super::service;
use super::view::TriggerView;

pub(crate) async fn create(ctx: Ctx, Form(asked): Form<CreateTrigger>) -> Answer<Created<TriggerView>> {
    Ok(Created(service::create(&ctx, asked).await?))
}

pub(crate) async fn list(ctx: Ctx, page: PageRequest) -> Answer<Found<Value>> {
    let (filter, paging) = page.open(&ctx).await?;
    let path = format!("/2010-04-01/Accounts/{}/Usage/Triggers.json", ctx.account().sid());
    Ok(Found(service::list(&ctx, filter, paging).await?.api2010(&path, "usage_triggers")))
}

pub(crate) async fn fetch(ctx: Ctx, Path(sid): Path<UsageTriggerSid>) -> Answer<Found<TriggerView>> {
    Ok(Found(service::fetch(&ctx, sid).await?))
}

pub(crate) async fn update(
    ctx: Ctx,
    Path(sid): Path<UsageTriggerSid>,
    Form(changes): Form<UpdateTrigger>,
) -> Answer<Found<TriggerView>> {
    Ok(Found(service::update(&ctx, sid, changes).await?))
}

pub(crate) async fn delete(ctx: Ctx, Path(sid): Path<UsageTriggerSid>) -> Answer<Deleted> {
    service::delete(&ctx, sid).await?;
    Ok(Deleted)
}
