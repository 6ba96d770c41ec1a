//! What an account's owner can set. In a HIPAA project redaction stays on (SMS-REDACT-3, through the
//! guard), and readings that the guide leaves open need a named person's statement.

pub(crate) mod model;
pub(crate) mod view;

use auth::{Account, Settings};
use kit::{Answer, Ctx, Found, Json, Result};
use rulebook::Action;
use rulebook::guard::SettingChange;
use store::Document;

use crate::author::{Author, NOTHING};
use crate::designation::service::update_account;
use crate::{public_keys, statement};
use model::UpdateSettings;
use view::SettingsView;

/// `GET …/Settings`.
pub(crate) async fn fetch(ctx: Ctx) -> Answer<Found<SettingsView>> {
    Ok(Found(SettingsView::new(&ctx.account().account.facts)))
}

/// `POST …/Settings`: changes what is given (SMS-REDACT-4).
pub(crate) async fn update(ctx: Ctx, Json(request): Json<UpdateSettings>) -> Answer<Found<SettingsView>> {
    let account = change(&ctx, request).await?;
    Ok(Found(SettingsView::new(&account.facts)))
}

async fn change(ctx: &Ctx, request: UpdateSettings) -> Result<Document<Account>> {
    let mut account = Document::clone(&ctx.account().account);
    let (settings, attestation) = request.apply(&account.facts.settings)?;
    for change in changes(&settings) {
        ctx.guard(&Action::ChangeSetting(change))?;
    }
    if settings.enforce_client_validation && !account.facts.settings.enforce_client_validation {
        public_keys::require_one(ctx).await?;
    }
    account.facts.settings = settings;
    let author = Author::of(ctx);
    let mut batch = ctx.batch();
    let mut sids = vec![account.sid.to_string()];
    if let Some(facts) = attestation {
        sids.push(statement::add(&mut batch, &author, facts).to_string());
    }
    update_account(&mut batch, &account);
    author.commit(batch, ctx.scope(), sids, NOTHING).await?;
    Ok(account)
}

/// The guard judges the settings as they would be, not only what the request names.
fn changes(wanted: &Settings) -> [SettingChange; 2] {
    [
        SettingChange::BodyRedaction(wanted.body_redaction),
        SettingChange::AddressRedaction(wanted.number_redaction),
    ]
}
