//! The table of bins, and its handlers.

use std::sync::Arc;

use auth::Permission;
use base::BinSid;
use kit::{
    Access, Answer, Created, Ctx, Deleted, Found, FromParams, Json, PageRequest, Params, Path, Product,
    Routes, Services, SignedWebhook, Twiml,
};
use serde_json::Value;

use crate::model::Asked;
use crate::view::BinView;
use crate::{answer, service};

/// The product, as it is routed and as agreements name it.
const PRODUCT: Product = Product { label: "switchward", service: "messaging" };
const BINS: &str = "/switchward/v1/Accounts/{AccountSid}/TwimlBins";
const BIN: &str = "/switchward/v1/Accounts/{AccountSid}/TwimlBins/{BinSid}";

/// Where bins answer: the first label of their host, and the path.
const HANDLER: Product = Product { label: "handler", service: "messaging" };
const SERVED: &str = "/twiml/{BinSid}";

const fn writes(operation: &'static str) -> Access {
    Access::new(Permission::NumbersWrite, operation)
}

const fn reads(operation: &'static str) -> Access {
    Access::new(Permission::NumbersRead, operation)
}

/// The routes.
pub fn routes(services: Arc<Services>) -> Routes {
    Routes::new(PRODUCT, services)
        .create(BINS, writes("create_twiml_bin"), create)
        .list(BINS, reads("list_twiml_bin"), list)
        .fetch(BIN, reads("fetch_twiml_bin"), fetch)
        .update(BIN, writes("update_twiml_bin"), update)
        .delete(BIN, writes("delete_twiml_bin"), delete)
}

/// Where bins answer what calls them over the network: webhooks of their account, and nobody else.
pub fn serving_routes(services: Arc<Services>) -> Routes {
    Routes::new(HANDLER, services).webhook(SERVED, reads("serve_twiml_bin"), serve)
}

/// `FriendlyName`: the whole name.
struct Filter(Option<String>);

impl FromParams for Filter {
    fn from_params(params: &mut Params) -> errors::Result<Self> {
        Ok(Self(params.text("FriendlyName")?.filter(|name| !name.is_empty())))
    }
}

async fn create(ctx: Ctx, Json(asked): Json<Asked>) -> Answer<Created<BinView>> {
    Ok(Created(service::create(&ctx, asked.seal()?).await?))
}

async fn list(ctx: Ctx, page: PageRequest) -> Answer<Found<Value>> {
    let (Filter(name), paging) = page.open::<Filter>(&ctx).await?;
    let path = format!("/switchward/v1/Accounts/{}/TwimlBins", ctx.account().sid());
    Ok(Found(service::list(&ctx, name, paging).await?.versioned(&ctx, &path, "twiml_bins")))
}

async fn fetch(ctx: Ctx, Path(sid): Path<BinSid>) -> Answer<Found<BinView>> {
    Ok(Found(service::fetch(&ctx, sid).await?))
}

async fn update(ctx: Ctx, Path(sid): Path<BinSid>, Json(asked): Json<Asked>) -> Answer<Found<BinView>> {
    Ok(Found(service::update(&ctx, sid, asked.seal()?).await?))
}

async fn delete(ctx: Ctx, Path(sid): Path<BinSid>) -> Answer<Deleted> {
    service::delete(&ctx, sid).await?;
    Ok(Deleted)
}

async fn serve(webhook: SignedWebhook, Path(sid): Path<BinSid>) -> Answer<Twiml> {
    Ok(Twiml(answer::serve(webhook, sid).await?))
}
