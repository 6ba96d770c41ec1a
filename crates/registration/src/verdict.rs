//! The operator's word on registrations, of our own API: what waits for one, and the verdict.
//!
//! It goes before the registry's: it need not wait for a review to begin, and it turns a decision round, as a registry
//! takes back what it has registered.

use std::sync::Arc;

use auth::Permission;
use base::{BrandSid, BrandVettingSid, CampaignSid, Sid, TollfreeVerificationSid};
use errors::{ApiError, Result, codes};
use kit::{Access, Answer, Ctx, Found, Json, Path, Product, Routes, Services};
use serde::{Deserialize, Serialize};
use store::{Document, Index, Query};

use crate::failures;
use crate::limits::{MAX_REGISTRY_NAME, MAX_UNDECIDED};
use crate::model::{BY_STATUS, Brand, Campaign, Reviewed, Verification, Vetting, status};
use crate::review::settle;
use crate::stage::{Stage, Subject};

/// The product, as it is routed and as agreements name it.
const PRODUCT: Product = Product { label: "switchward", service: "messaging" };
const UNDECIDED: &str = "/switchward/v1/Accounts/{AccountSid}/Registrations";
const VERDICT: &str = "/switchward/v1/Accounts/{AccountSid}/Registrations/{RegistrationSid}/Verdict";

/// The operator's routes.
pub fn operator_routes(services: Arc<Services>) -> Routes {
    let access = |permission, operation| Access::new(permission, operation).operator_only().administrative();
    Routes::new(PRODUCT, services)
        .list(UNDECIDED, access(Permission::RegistrationsRead, "list_undecided_registration"), list)
        .update(VERDICT, access(Permission::RegistrationsWrite, "update_registration_verdict"), update)
}

/// Which way it goes.
#[derive(Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Word {
    Approved,
    Rejected,
}

/// A verdict on the wire.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct GivenVerdict {
    verdict: Word,
    /// Why it is turned down.
    error_code: Option<u32>,
    /// The registry's name for it.
    registry_id: Option<String>,
}

impl GivenVerdict {
    /// Why it is turned down, and the registry's name for what is not.
    fn check(self, subject: Subject) -> Result<(Option<u32>, Option<String>)> {
        let bad = |name| ApiError::new(codes::INVALID_PARAMETER).parameter(name);
        match (self.verdict, self.error_code, self.registry_id) {
            (Word::Approved, None, name) => {
                let is_name = |name: &String| {
                    (1..=MAX_REGISTRY_NAME).contains(&name.len())
                        && name.bytes().all(|byte| byte.is_ascii_alphanumeric())
                };
                name.as_ref().is_none_or(is_name).then_some((None, name)).ok_or(bad("registry_id"))
            }
            (Word::Rejected, Some(code), None) if failures::is_of(code, subject) => Ok((Some(code), None)),
            (Word::Rejected, _, Some(_)) => Err(bad("registry_id")),
            (Word::Approved | Word::Rejected, ..) => {
                Err(bad("error_code").hint("what is rejected, and nothing else, has a reason for its kind"))
            }
        }
    }
}

/// A registration as the operator sees it: where it is, and nothing of what is said in it.
#[derive(Serialize)]
struct RegistrationView {
    sid: String,
    kind: &'static str,
    status: &'static str,
    attempt: u32,
    error_code: Option<u32>,
    date_created: String,
    date_updated: String,
}

impl RegistrationView {
    fn new<K: Reviewed>(document: &mut Document<K>) -> Self {
        let review = *K::review(&mut document.facts);
        Self {
            sid: document.sid.to_string(),
            kind: match K::SUBJECT {
                Subject::Brand => "brand",
                Subject::Vetting => "vetting",
                Subject::Campaign => "campaign",
                Subject::Tollfree => "tollfree_verification",
            },
            status: review.stage.word(K::SUBJECT),
            attempt: review.attempt,
            error_code: review.failure,
            date_created: document.created_at.iso8601(),
            date_updated: document.updated_at.iso8601(),
        }
    }
}

/// What waits for a verdict in an account, oldest first within each kind.
#[derive(Serialize)]
struct UndecidedView {
    registrations: Vec<RegistrationView>,
}

async fn list(ctx: Ctx) -> Answer<Found<UndecidedView>> {
    let mut all = Vec::new();
    add::<Brand>(&ctx, &mut all).await?;
    add::<Vetting>(&ctx, &mut all).await?;
    add::<Campaign>(&ctx, &mut all).await?;
    add::<Verification>(&ctx, &mut all).await?;
    Ok(Found(UndecidedView { registrations: all }))
}

/// Adds those of one kind, at most [`MAX_UNDECIDED`] in each of its states: more are seen once these are decided.
async fn add<K: Reviewed>(ctx: &Ctx, all: &mut Vec<RegistrationView>) -> Result<()> {
    let mut words = Vec::new();
    for stage in Stage::ALL.into_iter().filter(|stage| stage.is_open()) {
        // A brand and a vetting have one word for both states.
        if words.contains(&stage.word(K::SUBJECT)) {
            continue;
        }
        words.push(stage.word(K::SUBJECT));
        let filters = vec![Index { key: BY_STATUS, value: status::<K>(stage) }];
        let query = Query { filters, limit: MAX_UNDECIDED, oldest_first: true, ..Query::default() };
        let listed = ctx.store().list::<K>(query).await?;
        all.extend(listed.documents.into_iter().map(|mut document| RegistrationView::new(&mut document)));
    }
    Ok(())
}

async fn update(
    ctx: Ctx,
    Path(sid): Path<String>,
    Json(given): Json<GivenVerdict>,
) -> Answer<Found<RegistrationView>> {
    let view = match sid.get(..2).unwrap_or_default() {
        BrandSid::PREFIX => rule::<Brand>(&ctx, &sid, given).await?,
        BrandVettingSid::PREFIX => rule::<Vetting>(&ctx, &sid, given).await?,
        CampaignSid::PREFIX => rule::<Campaign>(&ctx, &sid, given).await?,
        TollfreeVerificationSid::PREFIX => rule::<Verification>(&ctx, &sid, given).await?,
        _ => return Err(ApiError::new(codes::NOT_FOUND).into()),
    };
    Ok(Found(view))
}

async fn rule<K: Reviewed>(ctx: &Ctx, sid: &str, given: GivenVerdict) -> Result<RegistrationView> {
    let sid: K::Sid = sid.parse().map_err(|_| ApiError::new(codes::NOT_FOUND))?;
    let mut document = ctx.store().get::<K>(sid).await?.ok_or(ApiError::new(codes::NOT_FOUND))?;
    let (failure, name) = given.check(K::SUBJECT)?;
    let review = *K::review(&mut document.facts);
    let Some(ruled) = review.ruled(failure, ctx.now().micros()) else {
        return Err(ApiError::new(codes::CONFLICT).hint("it is decided like this already"));
    };
    let mut batch = ctx.batch();
    settle::<K>(&ctx.services, ctx.scope(), &mut batch, &mut document, failure, name).await?;
    *K::review(&mut document.facts) = ruled;
    batch.update::<K>(&document);
    batch.reindex::<K>(sid, BY_STATUS, vec![status::<K>(ruled.stage)]);
    ctx.commit(batch, vec![sid.to_string()]).await?;
    let mut ruled = ctx.store().get::<K>(sid).await?.ok_or(ApiError::new(codes::NOT_FOUND))?;
    Ok(RegistrationView::new(&mut ruled))
}
