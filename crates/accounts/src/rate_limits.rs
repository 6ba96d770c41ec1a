//! How much an account may ask for: its operator sets it, the account reads it.

use auth::{Account, AccountLimits};
use kit::{Answer, Ctx, Found, Gate, Json};
use serde::Serialize;
use store::Document;

use crate::author::{Author, NOTHING};
use crate::designation::service::update_account;

/// What was set for the account, and what it is held to with the server's defaults.
#[derive(Serialize)]
pub(crate) struct LimitsView {
    account_sid: String,
    limits: AccountLimits,
    effective: AccountLimits,
}

impl LimitsView {
    fn new(account: &Document<Account>, gate: &Gate) -> Self {
        let limits = account.facts.limits;
        Self { account_sid: account.sid.to_string(), limits, effective: gate.limits(limits) }
    }
}

/// `GET …/Limits`.
pub(crate) async fn fetch(ctx: Ctx) -> Answer<Found<LimitsView>> {
    Ok(Found(LimitsView::new(&ctx.account().account, &ctx.services.gate)))
}

/// `POST …/Limits`: these and no others; what is absent is the server's default again.
pub(crate) async fn update(ctx: Ctx, Json(limits): Json<AccountLimits>) -> Answer<Found<LimitsView>> {
    let mut account = Document::clone(&ctx.account().account);
    account.facts.limits = limits;
    let mut batch = ctx.batch();
    update_account(&mut batch, &account);
    Author::of(&ctx).commit(batch, ctx.scope(), vec![account.sid.to_string()], NOTHING).await?;
    Ok(Found(LimitsView::new(&account, &ctx.services.gate)))
}
