//! API keys of the 2010 API: `Keys` and `SigningKeys` are two names for the same documents.

use auth::provision::add_key;
use auth::{ApiKey, KeyType, Permission};
use base::KeySid;
use errors::{ApiError, Result, codes};
use kit::page::Unfiltered;
use kit::{
    Answer, Caller, Created, Ctx, Deleted, Form, Found, FromParams, Listing, PageRequest, Params, Path,
};
use serde::Serialize;
use serde_json::Value;
use store::{Document, Name, Query};

use crate::author::{Author, NOTHING};
use crate::text::friendly_name;

/// The form of create and update.
pub(crate) struct NamedKey(Option<String>);

impl FromParams for NamedKey {
    fn from_params(params: &mut Params) -> Result<Self> {
        let name = params.text("FriendlyName")?.filter(|name| !name.is_empty());
        Ok(Self(name.map(|name| friendly_name("FriendlyName", name)).transpose()?))
    }
}

/// A key, as `api.v2010.account.key` and `…signing_key` have it.
#[derive(Serialize)]
pub(crate) struct KeyView {
    sid: String,
    friendly_name: String,
    date_created: String,
    date_updated: String,
}

impl KeyView {
    fn new(key: Document<ApiKey>) -> Self {
        Self {
            sid: key.sid.to_string(),
            friendly_name: key.facts.friendly_name,
            date_created: key.created_at.rfc2822(),
            date_updated: key.updated_at.rfc2822(),
        }
    }
}

/// A new key with its secret, which is never shown again. No Debug.
#[derive(Serialize)]
pub(crate) struct NewKeyView {
    #[serde(flatten)]
    key: KeyView,
    secret: String,
}

/// `GET …/Keys`.
pub(crate) async fn list_keys(ctx: Ctx, page: PageRequest) -> Answer<Found<Value>> {
    list(ctx, page, "Keys", "keys").await
}

/// `GET …/SigningKeys`.
pub(crate) async fn list_signing_keys(ctx: Ctx, page: PageRequest) -> Answer<Found<Value>> {
    list(ctx, page, "SigningKeys", "signing_keys").await
}

async fn list(ctx: Ctx, page: PageRequest, collection: &str, key: &str) -> Answer<Found<Value>> {
    let (Unfiltered, paging) = page.open(&ctx).await?;
    let query = Query { limit: paging.size, cursor: paging.cursor.clone(), ..Query::default() };
    let listed = ctx.store().list::<ApiKey>(query).await?;
    let listing = Listing::new(&ctx, paging, listed, KeyView::new).await?;
    let path = format!("/2010-04-01/Accounts/{}/{collection}.json", ctx.account().sid());
    Ok(Found(listing.api2010(&path, key)))
}

/// `POST …/Keys`: a standard key, as Twilio makes them here.
pub(crate) async fn create(ctx: Ctx, Form(NamedKey(name)): Form<NamedKey>) -> Answer<Created<NewKeyView>> {
    require_standard(&ctx)?;
    let mut batch = ctx.batch();
    let account = ctx.account().sid();
    let name = name.unwrap_or_default();
    let (sid, secret) =
        add_key(&ctx.services.store, &mut batch, account, name, KeyType::Standard, &[]).await?;
    Author::of(&ctx).commit(batch, ctx.scope(), vec![sid.to_string()], &["secret"]).await?;
    let key = find(&ctx, sid).await?;
    Ok(Created(NewKeyView { key: KeyView::new(key), secret: secret.reveal().to_owned() }))
}

/// `GET …/Keys/{Sid}`.
pub(crate) async fn fetch(ctx: Ctx, Path(sid): Path<KeySid>) -> Answer<Found<KeyView>> {
    Ok(Found(KeyView::new(find(&ctx, sid).await?)))
}

/// `POST …/Keys/{Sid}`.
pub(crate) async fn update(
    ctx: Ctx,
    Path(sid): Path<KeySid>,
    Form(NamedKey(name)): Form<NamedKey>,
) -> Answer<Found<KeyView>> {
    let mut key = find(&ctx, sid).await?;
    if let Some(name) = name {
        key.facts.friendly_name = name;
    }
    let mut batch = ctx.batch();
    batch.update(&key);
    Author::of(&ctx).commit(batch, ctx.scope(), vec![sid.to_string()], NOTHING).await?;
    key.updated_at = ctx.now();
    Ok(Found(KeyView::new(key)))
}

/// `DELETE …/Keys/{Sid}`: the key opens nothing from now on.
pub(crate) async fn delete(ctx: Ctx, Path(sid): Path<KeySid>) -> Answer<Deleted> {
    let key = find(&ctx, sid).await?;
    let mut batch = ctx.batch();
    batch.delete(&key);
    batch.unname(Name::key(sid));
    Author::of(&ctx).commit(batch, ctx.scope(), vec![sid.to_string()], NOTHING).await?;
    Ok(Deleted)
}

async fn find(ctx: &Ctx, sid: KeySid) -> Result<Document<ApiKey>> {
    ctx.store().get::<ApiKey>(sid).await?.ok_or(ApiError::new(codes::NOT_FOUND))
}

/// A key cannot make one that may do more than itself.
fn require_standard(caller: &Caller) -> Result<()> {
    let mut needed = Permission::ALL.iter().filter(|permission| !permission.is_administrative());
    if needed.all(|permission| caller.principal.may(*permission)) {
        Ok(())
    } else {
        Err(ApiError::new(codes::FORBIDDEN).hint("the new key could do more than these credentials"))
    }
}
