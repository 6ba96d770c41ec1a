//! Handlers of the Call resource.

use std::sync::Arc;

use base::CallSid;
use kit::{Answer, Created, Ctx, Deleted, Extension, Form, Found, PageRequest, Path};
use serde_json::Value;

use super::model::{Change, Draft, Filter};
use super::service;
use super::view::CallView;
use crate::line::AtHand;
use crate::neighbours::Neighbours;

pub async fn create(
    ctx: Ctx,
    Extension(neighbours): Extension<Arc<dyn Neighbours>>,
    Extension(line): Extension<AtHand>,
    Form(draft): Form<Draft>,
) -> Answer<Created<CallView>> {
    Ok(Created(service::place(&ctx, neighbours.as_ref(), &line, draft).await?))
}

pub async fn fetch(ctx: Ctx, Path(sid): Path<CallSid>) -> Answer<Found<CallView>> {
    Ok(Found(service::fetch(&ctx, sid).await?))
}

pub async fn list(ctx: Ctx, page: PageRequest) -> Answer<Found<Value>> {
    let (filter, paging) = page.open::<Filter>(&ctx).await?;
    let path = format!("/2010-04-01/Accounts/{}/Calls.json", ctx.account().sid());
    Ok(Found(service::list(&ctx, filter, paging).await?.api2010(&path, "calls")))
}

pub async fn update(
    ctx: Ctx,
    Path(sid): Path<CallSid>,
    Form(change): Form<Change>,
) -> Answer<Found<CallView>> {
    Ok(Found(service::update(&ctx, sid, change).await?))
}

pub async fn delete(ctx: Ctx, Path(sid): Path<CallSid>) -> Answer<Deleted> {
    service::delete(&ctx, sid).await?;
    Ok(Deleted)
}
