//! API keys of the 2010 API: `Keys` and `SigningKeys` are two names for the same documents.

use auth::provision::add_key;
use auth::{ApiKey, KeyType, Permission, Secret};
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
    let (key, secret) = make(&ctx, name.unwrap_or_default(), &Rights::Standard).await?;
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
    Ok(Found(KeyView::new(write(&ctx, key).await?)))
}

/// `DELETE …/Keys/{Sid}`: the key opens nothing from now on.
pub(crate) async fn delete(ctx: Ctx, Path(sid): Path<KeySid>) -> Answer<Deleted> {
    remove(&ctx, sid).await?;
    Ok(Deleted)
}

/// What a new key may do.
pub(crate) enum Rights {
    /// What the auth token may.
    Main,
    /// Everything but accounts and keys.
    Standard,
    /// These permissions.
    Restricted(Vec<Permission>),
}

/// Makes a key. A key cannot make one that may do more than itself.
pub(crate) async fn make(ctx: &Ctx, name: String, rights: &Rights) -> Result<(Document<ApiKey>, Secret)> {
    require(ctx, rights)?;
    let (key_type, permissions) = match rights {
        Rights::Main => (KeyType::Main, [].as_slice()),
        Rights::Standard => (KeyType::Standard, [].as_slice()),
        Rights::Restricted(list) => (KeyType::Restricted, list.as_slice()),
    };
    let mut batch = ctx.batch();
    let account = ctx.account().sid();
    let (sid, secret) =
        add_key(&ctx.services.store, &mut batch, account, name, key_type, permissions).await?;
    Author::of(ctx).commit(batch, ctx.scope(), vec![sid.to_string()], &["secret"]).await?;
    Ok((find(ctx, sid).await?, secret))
}

/// Writes a changed key.
pub(crate) async fn write(ctx: &Ctx, mut key: Document<ApiKey>) -> Result<Document<ApiKey>> {
    let mut batch = ctx.batch();
    batch.update(&key);
    Author::of(ctx).commit(batch, ctx.scope(), vec![key.sid.to_string()], NOTHING).await?;
    key.updated_at = ctx.now();
    Ok(key)
}

/// Deletes a key of this account.
pub(crate) async fn remove(ctx: &Ctx, sid: KeySid) -> Result<()> {
    let key = find(ctx, sid).await?;
    let mut batch = ctx.batch();
    batch.delete(&key);
    batch.unname(Name::key(sid));
    Author::of(ctx).commit(batch, ctx.scope(), vec![sid.to_string()], NOTHING).await
}

/// A key of this account.
pub(crate) async fn find(ctx: &Ctx, sid: KeySid) -> Result<Document<ApiKey>> {
    ctx.store().get::<ApiKey>(sid).await?.ok_or(ApiError::new(codes::NOT_FOUND))
}

/// Refuses to let a caller hand out rights that it has not itself.
pub(crate) fn require(caller: &Caller, rights: &Rights) -> Result<()> {
    let may = |permission: &Permission| caller.principal.may(*permission);
    let holds = match rights {
        // A main key also reaches subaccounts, which no list of permissions does.
        Rights::Main => caller.principal.reaches_subaccounts(),
        Rights::Standard => Permission::ALL.iter().filter(|one| !one.is_administrative()).all(may),
        Rights::Restricted(list) => list.iter().all(may),
    };
    if holds {
        Ok(())
    } else {
        Err(ApiError::new(codes::FORBIDDEN).hint("the key could do more than these credentials"))
    }
}
