//! What happens to media at the API: list, read, open, delete.

use base::{MediaSid, MessageSid};
use blobs::Reader;
use errors::{Result, codes};
use kit::page::Paging;
use kit::{Ctx, Listing, Services};
use phi::Proof;
use store::{Document, Query, Scope, Scoped};

use super::model::Media;
use super::store::blob;
use super::view::MediaView;
use crate::messages::service as messages;

/// The bytes of a medium, as the ledger names what is opened.
pub(super) const SHOWN: &[&str] = &["media"];

/// A medium whose bytes are here and were not destroyed.
pub(super) async fn get(ctx: &Ctx, message: MessageSid, sid: MediaSid) -> Result<Document<Media>> {
    find(&ctx.store(), message, sid).await?.ok_or(codes::NOT_FOUND.into())
}

/// The same for a caller without a context.
pub(super) async fn find(
    scoped: &Scoped,
    message: MessageSid,
    sid: MediaSid,
) -> Result<Option<Document<Media>>> {
    let media = scoped.get::<Media>(sid).await?.filter(is_shown);
    Ok(media.filter(|media| media.parent.as_deref() == Some(message.to_string().as_str())))
}

fn is_shown(media: &Document<Media>) -> bool {
    media.facts.content_type.is_some() && media.content.is_some()
}

/// One page of a message's media.
pub async fn list(ctx: &Ctx, message: MessageSid, created: store::Range, paging: Paging) -> Result<Listing> {
    messages::exists(ctx, message).await?;
    let query = Query {
        parent: Some(message.to_string()),
        created,
        limit: paging.size,
        cursor: paging.cursor.clone(),
        ..Query::default()
    };
    let mut listed = ctx.store().list::<Media>(query).await?;
    listed.documents.retain(is_shown);
    let account = ctx.account().sid();
    Listing::new(ctx, paging, listed, |media| MediaView::new(account, &media)).await
}

/// What is known of a medium.
pub async fn fetch(ctx: &Ctx, message: MessageSid, sid: MediaSid) -> Result<MediaView> {
    Ok(MediaView::new(ctx.account().sid(), &get(ctx, message, sid).await?))
}

/// A medium that may be read now.
pub struct Opened {
    /// What it is.
    pub content_type: String,
    /// Its bytes.
    pub reader: Reader,
}

/// Opens a medium: the ledger has its entry before a byte of it is opened.
pub async fn open(ctx: &Ctx, message: MessageSid, sid: MediaSid) -> Result<Opened> {
    let media = get(ctx, message, sid).await?;
    let proof = ctx.disclose(vec![message.to_string(), sid.to_string()], SHOWN).await?;
    open_with(&ctx.services, ctx.scope(), media, &proof).ok_or(codes::NOT_FOUND.into())
}

/// Opens a medium by the proof that the ledger has it; `None` when it was destroyed.
pub(super) fn open_with(
    services: &Services,
    scope: Scope,
    media: Document<Media>,
    proof: &Proof,
) -> Option<Opened> {
    let content = media.content?.into_open(proof);
    let reader = services.blobs.open(blob(scope, media.sid), &content.key, media.facts.size);
    Some(Opened { content_type: media.facts.content_type?, reader })
}

/// Deletes a medium: its key first, then its bytes.
pub async fn delete(ctx: &Ctx, message: MessageSid, sid: MediaSid) -> Result<()> {
    let media = get(ctx, message, sid).await?;
    let mut batch = ctx.batch();
    batch.delete::<Media>(&media);
    ctx.commit(batch, vec![message.to_string(), sid.to_string()]).await?;
    clear(ctx, sid).await;
    Ok(())
}

/// Removes bytes that nothing opens any more; what fails here the sweep does later.
pub async fn clear(ctx: &Ctx, sid: MediaSid) {
    if let Err(error) = ctx.services.blobs.remove(&blob(ctx.scope(), sid)).await {
        tracing::warn!(%error, media = %sid, "the bytes of a deleted medium are removed later");
    }
}
