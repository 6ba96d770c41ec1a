//! What messaging keeps of media: documents in the database, bytes in the blob store.

use base::{MediaSid, MessageSid, Random, Sid, Timestamp};
use blobs::{BlobError, BlobKey, BlobName};
use kit::Services;
use phi::Phi;
use store::{Batch, Document, Kind, NewDocument, NewJob, Scope, Scoped, Store, StoreError};

use super::kind;
use super::model::{Media, MediaContent, MediaFacts, NewMedia};
use crate::carrier::ArrivedMedia;
use crate::dispatch::REDACTING;
use crate::limits::INBOUND_MEDIA_KEPT;

/// Where the bytes of a medium are.
pub fn blob(scope: Scope, sid: MediaSid) -> BlobName {
    BlobName::new(Media::NAME, &scope.to_string(), &sid.to_string()).expect("scopes and SIDs are plain text")
}

/// A medium that is still to be fetched.
pub fn wanted(random: &dyn Random, now: Timestamp, url: String) -> NewMedia {
    let key = BlobKey::generate(random);
    NewMedia {
        sid: MediaSid::generate_at(random, now),
        facts: MediaFacts::default(),
        content: Phi::new(MediaContent { key, url: Some(url) }),
    }
}

/// Writes the bytes of a medium that came in; its document is still to be written. Without one, they are swept up.
///
/// # Errors
/// [`StoreError::Unavailable`] when they are not on disk: the carrier must try again then.
pub async fn arrived(
    services: &Services,
    scope: Scope,
    arrived: ArrivedMedia,
) -> Result<NewMedia, StoreError> {
    let random = services.store.random();
    let sid = MediaSid::generate_at(random.as_ref(), services.now());
    let key = BlobKey::generate(random.as_ref());
    let found = kind::sniff(arrived.bytes.get(..kind::LOOKED_AT).unwrap_or(&arrived.bytes));
    services.blobs.put(blob(scope, sid), &key, &arrived.bytes).await.map_err(unavailable)?;
    let content_type = Some(found.unwrap_or(kind::UNKNOWN).to_owned());
    let facts = MediaFacts { content_type, size: arrived.bytes.len() as u64 };
    Ok(NewMedia { sid, facts, content: Phi::new(MediaContent { key, url: None }) })
}

/// Adds a medium of a message.
pub fn insert(batch: &mut Batch, message: MessageSid, new: NewMedia, now: Timestamp) {
    batch.insert::<Media>(NewDocument {
        sid: new.sid,
        parent: Some(message.to_string()),
        created_at: now,
        event_at: None,
        facts: new.facts,
        content: Some(new.content),
        index: Vec::new(),
    });
}

/// The media of a message, in its order; those that are deleted are missing.
///
/// # Errors
/// When the store cannot answer.
pub async fn of_message(
    scoped: &Scoped,
    sids: impl Iterator<Item = MediaSid>,
) -> Result<Vec<Document<Media>>, StoreError> {
    let mut media = Vec::new();
    for sid in sids {
        media.extend(scoped.get::<Media>(sid).await?);
    }
    Ok(media)
}

/// The job that destroys the media of a message that came in, once its webhook has had time to read them.
pub fn redaction(message: MessageSid, now: Timestamp) -> NewJob {
    NewJob {
        queue: REDACTING,
        lane: None,
        ordering_key: None,
        due_at: now.plus(INBOUND_MEDIA_KEPT),
        payload: message.to_string().into_bytes(),
    }
}

/// Whether a blob still has a document that can open it. The sweep asks.
///
/// # Errors
/// When the store cannot answer.
pub async fn is_wanted(store: &Store, name: &BlobName) -> Result<bool, StoreError> {
    if name.kind() != Media::NAME {
        return Ok(true);
    }
    let (Some(scope), Ok(sid)) = (Scope::parse(name.scope()), name.sid().parse::<MediaSid>()) else {
        return Ok(true);
    };
    Ok(store.scope(scope).get::<Media>(sid).await?.is_some_and(|document| document.content.is_some()))
}

/// The blob store's failure as the store's: either one is a reason to try again later.
pub fn unavailable(error: BlobError) -> StoreError {
    StoreError::Unavailable(error.to_string())
}
