//! The delivery log: what became of each webhook of an account, in our own API. Nothing in it is protected.

use base::{AccountSid, WebhookDeliverySid};
use errors::{ApiError, Result, codes};
use kit::{Answer, Ctx, Found, FromParams, Listing, PageRequest, Params, Path};
use serde::Serialize;
use serde_json::Value;
use store::{Document, Index, IndexValue, Query, Range};
use webhooks::log::{BY_OUTCOME, BY_RESOURCE};
use webhooks::{DeliveryOutcome, WebhookDelivery};

/// What `Outcome` filters by; those that were delivered are the rest.
const OUTCOMES: &[&str] = &[DeliveryOutcome::Failed.as_str(), DeliveryOutcome::Waiting.as_str()];

/// The filters of the list.
pub(crate) struct DeliveryFilter {
    index: Vec<Index>,
    created: Range,
}

impl FromParams for DeliveryFilter {
    fn from_params(params: &mut Params) -> Result<Self> {
        let plain = |key, value: &str| Index { key, value: IndexValue::Plain(value.to_owned()) };
        let resource = params.text("ResourceSid")?.map(|sid| plain(BY_RESOURCE, &sid));
        let outcome = params.word("Outcome", OUTCOMES)?.map(|word| plain(BY_OUTCOME, word));
        let from = params.instant("StartDate")?.map(|(start, _)| start);
        let until = params.instant("EndDate")?.map(|(start, length)| start.plus(length));
        Ok(Self { index: resource.into_iter().chain(outcome).collect(), created: Range { from, until } })
    }
}

/// `GET …/WebhookDeliveries`: newest first.
pub(crate) async fn list(ctx: Ctx, page: PageRequest) -> Answer<Found<Value>> {
    let (filter, paging) = page.open::<DeliveryFilter>(&ctx).await?;
    let query = Query {
        filters: filter.index,
        created: filter.created,
        limit: paging.size,
        cursor: paging.cursor.clone(),
        ..Query::default()
    };
    let listed = ctx.store().list::<WebhookDelivery>(query).await?;
    let account = ctx.account().sid();
    let listing = Listing::new(&ctx, paging, listed, |row| DeliveryView::new(account, row)).await?;
    let path = format!("/switchward/v1/Accounts/{account}/WebhookDeliveries");
    Ok(Found(listing.versioned(&ctx, &path, "deliveries")))
}

/// `GET …/WebhookDeliveries/{Sid}`.
pub(crate) async fn fetch(ctx: Ctx, Path(sid): Path<WebhookDeliverySid>) -> Answer<Found<DeliveryView>> {
    let row = ctx.store().get::<WebhookDelivery>(sid).await?.ok_or(ApiError::new(codes::NOT_FOUND))?;
    Ok(Found(DeliveryView::new(ctx.account().sid(), row)))
}

/// One run of a webhook.
#[derive(Serialize)]
pub(crate) struct DeliveryView {
    sid: String,
    account_sid: String,
    resource_sid: String,
    event: String,
    method: &'static str,
    /// Masked: userinfo, the values of the query.
    url: String,
    outcome: &'static str,
    error_code: Option<u32>,
    run: u32,
    attempts: Vec<AttemptView>,
    parameters: Vec<String>,
    idempotency_token: String,
    date_created: String,
}

#[derive(Serialize)]
struct AttemptView {
    status: Option<u16>,
    error_code: Option<u32>,
    duration_ms: u64,
}

impl DeliveryView {
    fn new(account: AccountSid, row: Document<WebhookDelivery>) -> Self {
        let facts = row.facts;
        let attempt = |attempt: webhooks::AttemptFacts| AttemptView {
            status: attempt.status,
            error_code: attempt.error_code,
            duration_ms: attempt.duration_ms,
        };
        Self {
            sid: row.sid.to_string(),
            account_sid: account.to_string(),
            resource_sid: facts.resource_sid,
            event: facts.event,
            method: facts.method.as_str(),
            url: facts.url,
            outcome: facts.outcome.as_str(),
            error_code: facts.error_code,
            run: facts.run,
            attempts: facts.attempts.into_iter().map(attempt).collect(),
            parameters: facts.parameters,
            idempotency_token: facts.idempotency_token,
            date_created: row.created_at.iso8601(),
        }
    }
}
