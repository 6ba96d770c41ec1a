//! Public keys that an account's requests are signed with (GEN-PKCV-1): `Credentials/PublicKeys` of
//! accounts v1. The key itself goes in and never comes out.

use auth::{PublicKey, PublicKeyFacts};
use base::{AccountSid, PublicKeySid, Sid};
use errors::{ApiError, Result, codes};
use kit::page::Unfiltered;
use kit::{
    Answer, Caller, Created, Ctx, Deleted, Form, Found, FromParams, Listing, PageRequest, Params, Path,
};
use serde::Serialize;
use serde_json::Value;
use store::{Document, Name, NewDocument, Query};

use crate::author::{Author, NOTHING};
use crate::text::friendly_name;

const MANY: &str = "/v1/Credentials/PublicKeys";

/// What names of public keys are kept under in the directory.
const DIRECTORY: &str = "public-key";

/// The form of create.
pub(crate) struct CreatePublicKey {
    /// The subaccount it is for, if it is for one.
    account: Option<AccountSid>,
    facts: PublicKeyFacts,
}

impl FromParams for CreatePublicKey {
    fn from_params(params: &mut Params) -> Result<Self> {
        let account = params.sid("AccountSid")?;
        let name = name_of(params)?.unwrap_or_default();
        let facts = PublicKeyFacts::from_pem(name, &params.required("PublicKey")?);
        Ok(Self { account, facts: facts.ok_or(ApiError::new(codes::PUBLIC_KEY_INVALID))? })
    }
}

/// The form of update.
pub(crate) struct NamedPublicKey(Option<String>);

impl FromParams for NamedPublicKey {
    fn from_params(params: &mut Params) -> Result<Self> {
        name_of(params).map(Self)
    }
}

fn name_of(params: &mut Params) -> Result<Option<String>> {
    let name = params.text("FriendlyName")?.filter(|name| !name.is_empty());
    name.map(|name| friendly_name("FriendlyName", name)).transpose()
}

/// A public key, as `accounts.v1.credential.credential_public_key` has it.
#[derive(Serialize)]
pub(crate) struct PublicKeyView {
    sid: String,
    account_sid: String,
    friendly_name: String,
    date_created: String,
    date_updated: String,
    url: String,
}

impl PublicKeyView {
    fn new(ctx: &Ctx, key: Document<PublicKey>) -> Self {
        Self {
            sid: key.sid.to_string(),
            account_sid: ctx.account().sid().to_string(),
            friendly_name: key.facts.friendly_name,
            date_created: key.created_at.iso8601(),
            date_updated: key.updated_at.iso8601(),
            url: ctx.link(&format!("{MANY}/{}", key.sid)),
        }
    }
}

/// `GET /v1/Credentials/PublicKeys`.
pub(crate) async fn list(ctx: Ctx, page: PageRequest) -> Answer<Found<Value>> {
    let (Unfiltered, paging) = page.open(&ctx).await?;
    let query = Query { limit: paging.size, cursor: paging.cursor.clone(), ..Query::default() };
    let listed = ctx.store().list::<PublicKey>(query).await?;
    let listing = Listing::new(&ctx, paging, listed, |key| PublicKeyView::new(&ctx, key)).await?;
    Ok(Found(listing.versioned(&ctx, MANY, "credentials")))
}

/// `POST /v1/Credentials/PublicKeys`.
pub(crate) async fn create(ctx: Ctx, Form(form): Form<CreatePublicKey>) -> Answer<Created<PublicKeyView>> {
    let ctx = match form.account {
        Some(account) => ctx.enter(account).await?,
        None => ctx,
    };
    let sid = PublicKeySid::generate(ctx.services.store.random().as_ref());
    let mut batch = ctx.batch();
    batch.name(name(sid), sid.to_string());
    batch.insert::<PublicKey>(NewDocument::of(sid, ctx.now(), form.facts));
    Author::of(&ctx).commit(batch, ctx.scope(), vec![sid.to_string()], NOTHING).await?;
    Ok(Created(PublicKeyView::new(&ctx, find(&ctx, sid).await?)))
}

/// `GET /v1/Credentials/PublicKeys/{Sid}`.
pub(crate) async fn fetch(caller: Caller, Path(sid): Path<PublicKeySid>) -> Answer<Found<PublicKeyView>> {
    let ctx = owner_of(&caller, sid).await?;
    Ok(Found(PublicKeyView::new(&ctx, find(&ctx, sid).await?)))
}

/// `POST /v1/Credentials/PublicKeys/{Sid}`: only its name can change.
pub(crate) async fn update(
    caller: Caller,
    Path(sid): Path<PublicKeySid>,
    Form(NamedPublicKey(name)): Form<NamedPublicKey>,
) -> Answer<Found<PublicKeyView>> {
    let ctx = owner_of(&caller, sid).await?;
    let mut key = find(&ctx, sid).await?;
    if let Some(name) = name {
        key.facts.friendly_name = name;
    }
    let mut batch = ctx.batch();
    batch.update(&key);
    Author::of(&ctx).commit(batch, ctx.scope(), vec![sid.to_string()], NOTHING).await?;
    key.updated_at = ctx.now();
    Ok(Found(PublicKeyView::new(&ctx, key)))
}

/// `DELETE /v1/Credentials/PublicKeys/{Sid}`: nothing signed with it is accepted from now on. The last
/// one stays while signatures are required, or nobody could come in and lift the requirement.
pub(crate) async fn delete(caller: Caller, Path(sid): Path<PublicKeySid>) -> Answer<Deleted> {
    let ctx = owner_of(&caller, sid).await?;
    let key = find(&ctx, sid).await?;
    if ctx.account().account.facts.settings.enforce_client_validation && count(&ctx, 2).await? < 2 {
        let hint = "the last public key stays while enforce_client_validation is on";
        return Err(ApiError::new(codes::CONFLICT).hint(hint).into());
    }
    let mut batch = ctx.batch();
    batch.delete(&key);
    batch.unname(name(sid));
    Author::of(&ctx).commit(batch, ctx.scope(), vec![sid.to_string()], NOTHING).await?;
    Ok(Deleted)
}

/// Refuses to require signatures of an account that has no key to make them with.
pub(crate) async fn require_one(ctx: &Ctx) -> Result<()> {
    if count(ctx, 1).await? > 0 {
        return Ok(());
    }
    let hint = "enforce_client_validation needs a public key, at accounts/v1/Credentials/PublicKeys";
    Err(ApiError::new(codes::CONFLICT).hint(hint))
}

/// How many keys the account has, counted up to `limit`.
async fn count(ctx: &Ctx, limit: usize) -> Result<usize> {
    let query = Query { limit, ..Query::default() };
    Ok(ctx.store().list::<PublicKey>(query).await?.documents.len())
}

fn name(sid: PublicKeySid) -> Name {
    Name::custom(DIRECTORY, &sid.to_string())
}

async fn find(ctx: &Ctx, sid: PublicKeySid) -> Result<Document<PublicKey>> {
    ctx.store().get::<PublicKey>(sid).await?.ok_or(ApiError::new(codes::NOT_FOUND))
}

/// The caller in the account that this key belongs to; the path does not name it.
async fn owner_of(caller: &Caller, sid: PublicKeySid) -> Result<Ctx> {
    let located = caller.services.store.locate(&name(sid)).await?;
    let account = located.and_then(|located| located.scope.to_string().parse().ok());
    caller.enter(account.ok_or(ApiError::new(codes::NOT_FOUND))?).await
}
