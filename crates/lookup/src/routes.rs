//! The table of Lookup, and its handlers.

use std::sync::Arc;

use auth::Permission;
use kit::{Access, Answer, Ctx, Extension, Found, Path, Product, Query, Routes, Services};

use crate::model::{GivenNumber, QueryV1, QueryV2};
use crate::provider::Provider;
use crate::service::look_up;
use crate::view::{PhoneNumberV1, PhoneNumberV2};

const LOOKUP: Product = Product { label: "lookups", service: "lookup" };
const FETCH: Access = Access::new(Permission::Lookup, "fetch_phone_number");

/// The routes of Lookup, answered from `provider`.
pub fn routes(services: Arc<Services>, provider: Arc<dyn Provider>) -> Routes {
    Routes::new(LOOKUP, services)
        .fetch("/v2/PhoneNumbers/{PhoneNumber}", FETCH, fetch_v2)
        .fetch("/v1/PhoneNumbers/{PhoneNumber}", FETCH, fetch_v1)
        .share(provider)
}

async fn fetch_v2(
    ctx: Ctx,
    Path(number): Path<GivenNumber>,
    Query(query): Query<QueryV2>,
    Extension(provider): Extension<Arc<dyn Provider>>,
) -> Answer<Found<PhoneNumberV2>> {
    let found = look_up(&ctx, number, query.0, &*provider).await?;
    Ok(Found(PhoneNumberV2::new(found, |path| ctx.link(path))))
}

async fn fetch_v1(
    ctx: Ctx,
    Path(number): Path<GivenNumber>,
    Query(query): Query<QueryV1>,
    Extension(provider): Extension<Arc<dyn Provider>>,
) -> Answer<Found<PhoneNumberV1>> {
    let found = look_up(&ctx, number, query.0, &*provider).await?;
    Ok(Found(PhoneNumberV1::new(found, |path| ctx.link(path))?))
}
