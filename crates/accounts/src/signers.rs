//! People whose signatures count: an attestation is taken when one of them signed it.

use auth::AccountContext;
use base::{PersonSid, Sid};
use data_encoding::BASE64;
use errors::{ApiError, Result, codes};
use kit::{Answer, Created, Ctx, Deleted, Found, Json, Path};
use serde::Serialize;
use statements::Signer;
use store::{Document, Kind, NewDocument, Query, Scope};

use crate::author::{Author, NOTHING};
use crate::limits;
use crate::subaccounts::sees_tokens;
use crate::text::wrong;

/// The kind of the documents; they live in the scope of their account.
#[derive(Debug)]
pub(crate) enum StoredSigner {}

impl Kind for StoredSigner {
    const NAME: &'static str = "signer";
    type Sid = PersonSid;
    type Facts = Signer;
    type Content = ();
}

/// A signer. The key is the public one.
#[derive(Serialize)]
pub(crate) struct SignerView {
    sid: String,
    name: String,
    role: String,
    key: String,
}

impl SignerView {
    fn new(document: &Document<StoredSigner>) -> Self {
        let Signer { name, role, key } = &document.facts;
        Self {
            sid: document.sid.to_string(),
            name: name.clone(),
            role: role.clone(),
            key: BASE64.encode(key),
        }
    }
}

/// An account's signers, newest first.
#[derive(Serialize)]
pub(crate) struct SignerList {
    signers: Vec<SignerView>,
}

/// `GET …/Signers`.
pub(crate) async fn list(ctx: Ctx) -> Answer<Found<SignerList>> {
    let signers = all(&ctx, ctx.scope()).await?;
    Ok(Found(SignerList { signers: signers.iter().map(SignerView::new).collect() }))
}

/// `POST …/Signers`. Who may add one could sign everything, so it takes full credentials.
pub(crate) async fn create(ctx: Ctx, Json(signer): Json<Signer>) -> Answer<Created<SignerView>> {
    require_full(&ctx)?;
    let facts = signer.checked().map_err(wrong)?;
    if all(&ctx, ctx.scope()).await?.len() >= limits::SIGNERS {
        return Err(ApiError::new(codes::CONFLICT).hint("there are as many signers as there may be").into());
    }
    let sid = PersonSid::generate(ctx.services.store.random().as_ref());
    let mut batch = ctx.batch();
    batch.insert::<StoredSigner>(NewDocument::of(sid, ctx.now(), facts));
    Author::of(&ctx).commit(batch, ctx.scope(), vec![sid.to_string()], NOTHING).await?;
    Ok(Created(SignerView::new(&find(&ctx, sid).await?)))
}

/// `DELETE …/Signers/{SignerSid}`: takes no more of this person's attestations. Those that were taken stay.
pub(crate) async fn delete(ctx: Ctx, Path(sid): Path<PersonSid>) -> Answer<Deleted> {
    require_full(&ctx)?;
    let signer = find(&ctx, sid).await?;
    let mut batch = ctx.batch();
    batch.delete(&signer);
    Author::of(&ctx).commit(batch, ctx.scope(), vec![sid.to_string()], NOTHING).await?;
    Ok(Deleted)
}

/// Whose attestations an account takes: of its own signers, and of its owner's.
pub(crate) async fn of(ctx: &Ctx, account: &AccountContext) -> Result<Vec<Signer>> {
    let owner = account.account.facts.owner.0;
    let mut signers = all(ctx, account.scope()).await?;
    if owner != account.sid() {
        signers.extend(all(ctx, Scope::account(owner)).await?);
    }
    Ok(signers.into_iter().map(|document| document.facts).collect())
}

async fn all(ctx: &Ctx, scope: Scope) -> Result<Vec<Document<StoredSigner>>> {
    let query = Query { limit: limits::SIGNERS, ..Query::default() };
    Ok(ctx.services.store.scope(scope).list::<StoredSigner>(query).await?.documents)
}

async fn find(ctx: &Ctx, sid: PersonSid) -> Result<Document<StoredSigner>> {
    ctx.store().get::<StoredSigner>(sid).await?.ok_or(ApiError::new(codes::NOT_FOUND))
}

/// Only who may do everything in the account.
pub(crate) fn require_full(ctx: &Ctx) -> Result<()> {
    if sees_tokens(ctx) { Ok(()) } else { Err(codes::FORBIDDEN.into()) }
}
