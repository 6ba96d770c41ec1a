//! Advanced opt-out: the words of a Messaging Service, and what is answered to them. Twilio has it in its console
//! alone, so the routes are of our own API.

use std::sync::Arc;

use auth::Permission;
use base::MessagingServiceSid;
use errors::{ApiError, Result, codes};
use kit::{Access, Answer, Ctx, Found, Json, Path, Product, Routes, Services};
use serde::{Deserialize, Serialize};

use super::model::MessagingService;
use super::service;
use crate::optout::{Keyword, Order, Words, WordsProblem};

/// The product, as it is routed and as agreements name it.
const PRODUCT: Product = Product { label: "switchward", service: "messaging" };
const OPT_OUT: &str = "/switchward/v1/Accounts/{AccountSid}/MessagingServices/{MessagingServiceSid}/OptOut";

/// The routes.
pub fn routes(services: Arc<Services>) -> Routes {
    Routes::new(PRODUCT, services)
        .fetch(OPT_OUT, Access::new(Permission::ServicesRead, "fetch_service_opt_out"), fetch)
        .update(OPT_OUT, Access::new(Permission::ServicesWrite, "update_service_opt_out"), update)
}

/// What is to change; what is absent stays as it is.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct UpdateOptOut {
    stop: Option<Order>,
    start: Option<Order>,
    help: Option<Order>,
}

/// The words on the wire, with the answers as they are sent.
#[derive(Serialize)]
struct OptOutView {
    stop: Order,
    start: Order,
    help: Order,
}

impl OptOutView {
    fn new(words: &Words) -> Self {
        let shown = |keyword: Keyword, order: &Order| Order {
            keywords: order.keywords.clone(),
            reply: Some(words.reply(keyword).to_owned()),
        };
        Self {
            stop: shown(Keyword::Stop, &words.stop),
            start: shown(Keyword::Start, &words.start),
            help: shown(Keyword::Help, &words.help),
        }
    }
}

async fn fetch(ctx: Ctx, Path(sid): Path<MessagingServiceSid>) -> Answer<Found<OptOutView>> {
    Ok(Found(OptOutView::new(&service::get(&ctx, sid).await?.facts.words)))
}

async fn update(
    ctx: Ctx,
    Path(sid): Path<MessagingServiceSid>,
    Json(change): Json<UpdateOptOut>,
) -> Answer<Found<OptOutView>> {
    let mut service = service::get(&ctx, sid).await?;
    let words = &mut service.facts.words;
    let orders =
        [(change.stop, &mut words.stop), (change.start, &mut words.start), (change.help, &mut words.help)];
    for (given, order) in orders {
        if let Some(given) = given {
            *order = given;
        }
    }
    check(words)?;
    let mut batch = ctx.batch();
    batch.update::<MessagingService>(&service);
    ctx.commit(batch, vec![sid.to_string()]).await?;
    Ok(Found(OptOutView::new(&service.facts.words)))
}

fn check(words: &Words) -> Result<()> {
    words.check().map_err(|problem| {
        ApiError::new(codes::INVALID_PARAMETER).hint(match problem {
            WordsProblem::Keyword => {
                "a keyword is empty, too long or has blanks around it, or there are too many"
            }
            WordsProblem::Missing => "STOP, START and HELP cannot be taken away",
            WordsProblem::Ambiguous => "one keyword stands for two orders",
            WordsProblem::Reply => "a reply is empty, too long or a keyword itself",
        })
    })
}
