//! Rotating auth tokens: a second token that works beside the first, and takes its place.

use auth::{Account, Secret};
use errors::{ApiError, Result, codes};
use kit::{Answer, Caller, Created, Ctx, Deleted, Form, Found, FromParams, Params};
use serde::Serialize;
use store::Document;

use crate::author::{Author, Fields, NOTHING};
use crate::designation::service::update_account;
use crate::subaccounts::{TOKEN, sees_tokens};

const SECONDARY: &str = "/v1/AuthTokens/Secondary";
const PROMOTE: &str = "/v1/AuthTokens/Promote";

/// What the ledger says when the second token is shown.
const SECONDARY_TOKEN: Fields = &["secondary_auth_token"];

/// The calls of this page take no parameters.
pub(crate) struct Nothing;

impl FromParams for Nothing {
    fn from_params(params: &mut Params) -> Result<Self> {
        // The SDKs send it; nobody is emailed here.
        params.without_effect(&["SuppressEmailNotification"]);
        Ok(Self)
    }
}

/// `accounts.v1.secondary_auth_token`. No Debug.
#[derive(Serialize)]
pub(crate) struct SecondaryView {
    account_sid: String,
    date_created: String,
    date_updated: String,
    secondary_auth_token: String,
    url: String,
}

/// `accounts.v1.auth_token_promotion`. No Debug.
#[derive(Serialize)]
pub(crate) struct PromotionView {
    account_sid: String,
    auth_token: String,
    date_created: String,
    date_updated: String,
    url: String,
}

/// `POST /v1/AuthTokens/Secondary`.
pub(crate) async fn create(ctx: Ctx, Form(Nothing): Form<Nothing>) -> Answer<Created<SecondaryView>> {
    require_full(&ctx)?;
    let mut account = Document::clone(&ctx.account().account);
    if account.facts.secondary_token.is_some() {
        return Err(ApiError::new(codes::CONFLICT).hint("there is a secondary auth token already").into());
    }
    let token = Secret::generate(ctx.services.store.random().as_ref());
    account.facts.secondary_token = Some(token.clone());
    write(&ctx, &account, SECONDARY_TOKEN).await?;
    let now = ctx.now().iso8601();
    Ok(Created(SecondaryView {
        account_sid: account.sid.to_string(),
        date_created: now.clone(),
        date_updated: now,
        secondary_auth_token: token.reveal().to_owned(),
        url: ctx.link(SECONDARY),
    }))
}

/// `DELETE /v1/AuthTokens/Secondary`.
pub(crate) async fn delete(ctx: Ctx) -> Answer<Deleted> {
    require_full(&ctx)?;
    let mut account = Document::clone(&ctx.account().account);
    account.facts.secondary_token.take().ok_or(ApiError::new(codes::NOT_FOUND))?;
    write(&ctx, &account, NOTHING).await?;
    Ok(Deleted)
}

/// `POST /v1/AuthTokens/Promote`: the second token becomes the first, and the first opens nothing more.
pub(crate) async fn promote(ctx: Ctx, Form(Nothing): Form<Nothing>) -> Answer<Found<PromotionView>> {
    require_full(&ctx)?;
    let mut account = Document::clone(&ctx.account().account);
    let token =
        account.facts.secondary_token.take().ok_or_else(|| {
            ApiError::new(codes::CONFLICT).hint("there is no secondary auth token to promote")
        })?;
    account.facts.primary_token = token.clone();
    write(&ctx, &account, TOKEN).await?;
    Ok(Found(PromotionView {
        account_sid: account.sid.to_string(),
        auth_token: token.reveal().to_owned(),
        date_created: account.created_at.iso8601(),
        date_updated: ctx.now().iso8601(),
        url: ctx.link(PROMOTE),
    }))
}

async fn write(ctx: &Ctx, account: &Document<Account>, fields: Fields) -> Result<()> {
    let mut batch = ctx.batch();
    update_account(&mut batch, account);
    Author::of(ctx).commit(batch, ctx.scope(), vec![account.sid.to_string()], fields).await
}

/// An auth token may do everything, so only who may do everything handles it.
fn require_full(caller: &Caller) -> Result<()> {
    if sees_tokens(caller) { Ok(()) } else { Err(codes::FORBIDDEN.into()) }
}
