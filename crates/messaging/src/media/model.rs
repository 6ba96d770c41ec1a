//! What is kept of a medium.

use base::MediaSid;
use blobs::BlobKey;
use phi::Phi;
use serde::{Deserialize, Serialize};
use store::Kind;

/// The kind of media documents. Their parent is their message.
#[derive(Debug)]
pub enum Media {}

impl Kind for Media {
    const NAME: &'static str = "media";
    type Sid = MediaSid;
    type Facts = MediaFacts;
    type Content = MediaContent;
}

/// What is known of a medium.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct MediaFacts {
    /// What it is, once its bytes are here.
    pub content_type: Option<String>,
    /// How many bytes it has.
    pub size: u64,
}

/// What is protected: the key of its blob, and where it was fetched from (a customer may have written anything into a
/// URL). No `Debug`.
#[derive(Serialize, Deserialize)]
pub struct MediaContent {
    /// Opens the blob.
    pub key: BlobKey,
    /// Where it is fetched from; none for what came in.
    pub url: Option<String>,
}

/// A medium whose document is to be written with its message.
pub struct NewMedia {
    /// Its SID.
    pub sid: MediaSid,
    /// What is known of it.
    pub facts: MediaFacts,
    /// Its key and its source.
    pub content: Phi<MediaContent>,
}
