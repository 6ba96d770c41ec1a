//! Handlers of the Message resource.

use std::sync::Arc;

use base::MessageSid;
use kit::{Answer, Created, Ctx, Deleted, Extension, Form, Found, FromParams, PageRequest, Params, Path};
use serde_json::Value;

use super::model::{Change, Draft, Filter};
use super::service;
use super::view::MessageView;
use crate::carrier::AtHand;
use crate::services::Rotation;

/// The parameters of a create, still unread: reading them needs the present instant.
pub struct Creating(Params);

impl FromParams for Creating {
    fn from_params(params: &mut Params) -> errors::Result<Self> {
        Ok(Self(params.take()))
    }
}

pub async fn create(
    ctx: Ctx,
    carrier: Option<Extension<AtHand>>,
    Extension(rotation): Extension<Arc<Rotation>>,
    Form(Creating(mut params)): Form<Creating>,
) -> Answer<Created<MessageView>> {
    let draft = Draft::parse(&mut params, ctx.now())?;
    params.finish()?;
    let carrier = carrier.map_or_else(AtHand::default, |Extension(carrier)| carrier);
    Ok(Created(service::send(&ctx, &carrier, &rotation, draft).await?))
}

pub async fn fetch(ctx: Ctx, Path(sid): Path<MessageSid>) -> Answer<Found<MessageView>> {
    Ok(Found(service::fetch(&ctx, sid).await?))
}

pub async fn list(ctx: Ctx, page: PageRequest) -> Answer<Found<Value>> {
    let (filter, paging) = page.open::<Filter>(&ctx).await?;
    let path = format!("/2010-04-01/Accounts/{}/Messages.json", ctx.account().sid());
    Ok(Found(service::list(&ctx, filter, paging).await?.api2010(&path, "messages")))
}

pub async fn update(
    ctx: Ctx,
    Path(sid): Path<MessageSid>,
    Form(change): Form<Change>,
) -> Answer<Found<MessageView>> {
    Ok(Found(service::update(&ctx, sid, change).await?))
}

pub async fn delete(ctx: Ctx, Path(sid): Path<MessageSid>) -> Answer<Deleted> {
    service::delete(&ctx, sid).await?;
    Ok(Deleted)
}
