//! The organization an account is linked to (DES-SELF-1), and what leaving it means (truth table row S5).

use std::sync::Arc;

use auth::{Account, AccountContext, DesignationMethod, Grant, SidText, load_account};
use base::OrganizationSid;
use errors::{ApiError, Result, codes};
use kit::{Answer, Ctx, Deleted, Found, Json};
use rulebook::designation::{Case, Path, outcome};
use serde::{Deserialize, Serialize};
use store::{Document, IndexValue};

use crate::author::{Author, NOTHING};
use crate::designation::model::settle;
use crate::designation::service::{may_self_designate, update_account};
use crate::organizations;
use crate::text::invalid;

/// Where an account belongs.
#[derive(Serialize)]
pub(crate) struct LinkView {
    account_sid: String,
    organization_sid: Option<String>,
    protected: bool,
    phi_permitted: bool,
}

impl LinkView {
    fn new(account: &Document<Account>) -> Self {
        Self {
            account_sid: account.sid.to_string(),
            organization_sid: account.facts.organization.map(|organization| organization.0.to_string()),
            protected: account.facts.designation.protected,
            phi_permitted: account.facts.designation.phi_permitted,
        }
    }
}

/// The organization to link to.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct CreateLink {
    organization_sid: String,
}

/// `GET …/Organization`.
pub(crate) async fn fetch(ctx: Ctx) -> Answer<Found<LinkView>> {
    Ok(Found(LinkView::new(&ctx.account().account)))
}

/// `POST …/Organization`: the operator links to any organization, a customer a subaccount to its own.
pub(crate) async fn update(ctx: Ctx, Json(request): Json<CreateLink>) -> Answer<Found<LinkView>> {
    let sid: OrganizationSid = request.organization_sid.parse().map_err(|_| invalid("organization_sid"))?;
    require_reach(&ctx, sid).await?;
    if ctx.account().account.facts.organization == Some(SidText(sid)) {
        return Ok(Found(LinkView::new(&ctx.account().account)));
    }
    let account = link(&ctx, Some(sid)).await?;
    Ok(Found(LinkView::new(&account)))
}

/// `DELETE …/Organization`: what was protected stays protected, and PHI pauses until it is linked again.
pub(crate) async fn delete(ctx: Ctx) -> Answer<Deleted> {
    if !matches!(ctx.principal.grant, Grant::Full | Grant::Operator) {
        return Err(ApiError::new(codes::FORBIDDEN).into());
    }
    if ctx.account().organization.is_none() {
        return Err(ApiError::new(codes::NOT_FOUND).into());
    }
    link(&ctx, None).await?;
    Ok(Deleted)
}

/// An organization the caller may link this account to; every other one does not exist for it.
async fn require_reach(ctx: &Ctx, sid: OrganizationSid) -> Result<()> {
    organizations::reach(ctx, sid).await?;
    match ctx.principal.grant {
        Grant::Full | Grant::Operator => Ok(()),
        Grant::Standard | Grant::Only(_) => Err(codes::FORBIDDEN.into()),
    }
}

/// Links or unlinks, and settles what truth table row S5 says of a self-designated account.
async fn link(ctx: &Ctx, organization: Option<OrganizationSid>) -> Result<Document<Account>> {
    let author = Author::of(ctx);
    let now = ctx.now();
    let mut account = Document::clone(&ctx.account().account);
    account.facts.organization = organization.map(SidText);
    if account.facts.designation.method == Some(DesignationMethod::SelfService) {
        // Linked again means covered again only where the organization could designate it today.
        let linked = match organization {
            None => false,
            Some(sid) => may_self_designate(&linked_to(ctx, &account, sid).await?, now),
        };
        let bits = outcome(Case::Designated { path: Path::SelfService, linked });
        settle(&mut account.facts.designation, &mut account.facts.settings, bits);
    }
    let mut batch = ctx.batch();
    update_account(&mut batch, &account);
    let entries = organization.map(|sid| IndexValue::Plain(sid.to_string())).into_iter().collect();
    batch.reindex::<Account>(account.sid, "organization", entries);
    let sids = std::iter::once(account.sid.to_string()).chain(organization.map(|sid| sid.to_string()));
    author.commit(batch, ctx.scope(), sids.collect(), NOTHING).await?;
    let found = load_account(&ctx.services.store, account.sid, now).await?;
    Ok(Arc::unwrap_or_clone(found.ok_or(ApiError::new(codes::NOT_FOUND))?.account))
}

/// The account as it would be with this organization and its agreements in force.
async fn linked_to(ctx: &Ctx, account: &Document<Account>, sid: OrganizationSid) -> Result<AccountContext> {
    let store = &ctx.services.store;
    let agreements = crate::agreements::service::all(store, sid).await?;
    let in_force = agreements.into_iter().filter(|agreement| agreement.facts.is_active(ctx.now()));
    Ok(AccountContext {
        account: Arc::new(account.clone()),
        is_owner_active: ctx.account().is_owner_active,
        register: ctx.account().register.clone(),
        organization: Some(Arc::new(organizations::find(store, sid).await?)),
        agreements: in_force.map(Arc::new).collect(),
    })
}
