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
use crate::languages;
use crate::optout::{Keyword, Order, Variant, Words, WordsProblem};

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
    variants: Option<Vec<GivenVariant>>,
}

/// Words in another language. An order that is absent is that of the language, where it is known.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct GivenVariant {
    language: String,
    #[serde(default)]
    countries: Vec<String>,
    stop: Option<Order>,
    start: Option<Order>,
    help: Option<Order>,
}

impl GivenVariant {
    fn complete(self) -> Result<Variant> {
        let known = languages::words(&self.language);
        let [stop, start, help] = match (known, self.stop, self.start, self.help) {
            (_, Some(stop), Some(start), Some(help)) => [stop, start, help],
            (Some([a, b, c]), stop, start, help) => {
                [stop.unwrap_or(a), start.unwrap_or(b), help.unwrap_or(c)]
            }
            (None, ..) => {
                let error = ApiError::new(codes::INVALID_PARAMETER);
                return Err(error.hint("no words of this language are known: give stop, start and help"));
            }
        };
        Ok(Variant { language: self.language, countries: self.countries, stop, start, help })
    }
}

/// The words on the wire, with the answers as they are sent.
#[derive(Serialize)]
struct OptOutView {
    stop: Order,
    start: Order,
    help: Order,
    variants: Vec<Variant>,
}

impl OptOutView {
    fn new(words: &Words) -> Self {
        let shown = |keyword: Keyword, order: &Order| Order {
            keywords: order.keywords.clone(),
            reply: Some(order.reply.clone().unwrap_or(keyword.default_reply().to_owned())),
        };
        let variant = |variant: &Variant| Variant {
            stop: shown(Keyword::Stop, &variant.stop),
            start: shown(Keyword::Start, &variant.start),
            help: shown(Keyword::Help, &variant.help),
            ..variant.clone()
        };
        Self {
            variants: words.variants.iter().map(variant).collect(),
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
    if let Some(variants) = change.variants {
        words.variants = variants.into_iter().map(GivenVariant::complete).collect::<Result<_>>()?;
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
            WordsProblem::Variant => {
                "a language is two small letters, a country two capital ones, and there are limits to both"
            }
        })
    })
}
