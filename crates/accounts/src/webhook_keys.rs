//! Shared keys that sign webhooks instead of the auth token: made, put to use, retired. The secret is shown once.
//!
//! Rotation without a gap: make a second key, teach the receiver both (the request names the key that signed it), let
//! the second one sign, delete the first.

use auth::{Account, WEBHOOK_KEYS, WebhookKey};
use base::Timestamp;
use errors::{ApiError, Result, codes};
use kit::{Answer, Created, Ctx, Deleted, Found, Json, Path};
use serde::{Deserialize, Serialize};
use store::Document;

use crate::author::{Author, Fields, NOTHING};
use crate::designation::service::update_account;
use crate::subaccounts::sees_tokens;
use crate::text::friendly_name;

/// What the ledger says when a secret is shown.
const SECRET: Fields = &["secret"];

/// The body of create.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct CreateWebhookKey {
    friendly_name: Option<String>,
}

/// The body of update; a member that is absent stays as it is.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct UpdateWebhookKey {
    friendly_name: Option<String>,
    signs: Option<bool>,
}

/// A shared key without its secret.
#[derive(Serialize)]
pub(crate) struct WebhookKeyView {
    id: String,
    account_sid: String,
    friendly_name: String,
    /// Whether webhooks are signed with it now.
    signs: bool,
    created_at: String,
}

/// A new key with its secret, which is never shown again. No Debug.
#[derive(Serialize)]
pub(crate) struct NewWebhookKeyView {
    #[serde(flatten)]
    key: WebhookKeyView,
    secret: String,
}

/// All keys of an account, oldest first.
#[derive(Serialize)]
pub(crate) struct WebhookKeyList {
    webhook_keys: Vec<WebhookKeyView>,
}

impl WebhookKeyView {
    fn new(ctx: &Ctx, key: &WebhookKey) -> Self {
        Self {
            id: key.id.clone(),
            account_sid: ctx.account().sid().to_string(),
            friendly_name: key.friendly_name.clone(),
            signs: key.signs,
            created_at: Timestamp::from_micros(key.created_at).iso8601(),
        }
    }
}

/// `GET …/WebhookKeys`.
pub(crate) async fn list(ctx: Ctx) -> Answer<Found<WebhookKeyList>> {
    let keys = &ctx.account().account.facts.webhook_keys;
    Ok(Found(WebhookKeyList {
        webhook_keys: keys.iter().map(|key| WebhookKeyView::new(&ctx, key)).collect(),
    }))
}

/// `POST …/WebhookKeys`: a key that signs nothing yet.
pub(crate) async fn create(
    ctx: Ctx,
    Json(request): Json<CreateWebhookKey>,
) -> Answer<Created<NewWebhookKeyView>> {
    require_full(&ctx)?;
    let name = request.friendly_name.map(|name| friendly_name("friendly_name", name)).transpose()?;
    let mut account = Document::clone(&ctx.account().account);
    if account.facts.webhook_keys.len() >= WEBHOOK_KEYS {
        return Err(ApiError::new(codes::CONFLICT)
            .hint("delete a webhook key first: four are the most")
            .into());
    }
    let key = WebhookKey::generate(ctx.services.store.random().as_ref(), name.unwrap_or_default(), ctx.now());
    account.facts.webhook_keys.push(key.clone());
    write(&ctx, &account, &key.id, SECRET).await?;
    Ok(Created(NewWebhookKeyView {
        key: WebhookKeyView::new(&ctx, &key),
        secret: key.secret.reveal().to_owned(),
    }))
}

/// `POST …/WebhookKeys/{Id}`: its name, and whether it signs. When it does, the one before it does no more.
pub(crate) async fn update(
    ctx: Ctx,
    Path(id): Path<String>,
    Json(request): Json<UpdateWebhookKey>,
) -> Answer<Found<WebhookKeyView>> {
    require_full(&ctx)?;
    let name = request.friendly_name.map(|name| friendly_name("friendly_name", name)).transpose()?;
    let mut account = Document::clone(&ctx.account().account);
    let at = position(&account, &id)?;
    let keys = &mut account.facts.webhook_keys;
    if let Some(name) = name {
        keys[at].friendly_name = name;
    }
    if let Some(signs) = request.signs {
        keys.iter_mut().filter(|_| signs).for_each(|key| key.signs = false);
        keys[at].signs = signs;
    }
    write(&ctx, &account, &id, NOTHING).await?;
    Ok(Found(WebhookKeyView::new(&ctx, &account.facts.webhook_keys[at])))
}

/// `DELETE …/WebhookKeys/{Id}`. The one that signs stays: receivers that know only it would refuse what follows.
pub(crate) async fn delete(ctx: Ctx, Path(id): Path<String>) -> Answer<Deleted> {
    require_full(&ctx)?;
    let mut account = Document::clone(&ctx.account().account);
    let at = position(&account, &id)?;
    if account.facts.webhook_keys[at].signs {
        let hint = "this key signs webhooks: let another one sign, or none, before it is deleted";
        return Err(ApiError::new(codes::CONFLICT).hint(hint).into());
    }
    account.facts.webhook_keys.remove(at);
    write(&ctx, &account, &id, NOTHING).await?;
    Ok(Deleted)
}

fn position(account: &Document<Account>, id: &str) -> Result<usize> {
    let found = account.facts.webhook_keys.iter().position(|key| key.id == id);
    found.ok_or(ApiError::new(codes::NOT_FOUND))
}

async fn write(ctx: &Ctx, account: &Document<Account>, id: &str, fields: Fields) -> Result<()> {
    let mut batch = ctx.batch();
    update_account(&mut batch, account);
    let sids = vec![account.sid.to_string(), id.to_owned()];
    Author::of(ctx).commit(batch, ctx.scope(), sids, fields).await
}

/// Who holds such a key can speak to the customer's servers in our name, so only who may do everything handles them.
fn require_full(ctx: &Ctx) -> Result<()> {
    if sees_tokens(ctx) { Ok(()) } else { Err(codes::FORBIDDEN.into()) }
}
