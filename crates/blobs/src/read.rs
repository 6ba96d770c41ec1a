//! Reading a blob, or a range of it: only the chunks that hold the range are fetched and opened.

use std::ops::Range;
use std::sync::Arc;

use bytes::Bytes;
use object_store::{ObjectStore, ObjectStoreExt};
use phi::DataKey;

use crate::limits::{CHUNK_BYTES, CHUNKS_AT_ONCE};
use crate::sealed::{self, Layout, SEAL_BYTES};
use crate::{BlobError, BlobName};

/// Reads one blob.
pub struct Reader {
    objects: Arc<dyn ObjectStore>,
    name: BlobName,
    key: DataKey,
    size: u64,
}

impl Reader {
    pub(crate) fn new(objects: Arc<dyn ObjectStore>, name: BlobName, key: DataKey, size: u64) -> Self {
        Self { objects, name, key, size }
    }

    /// Its bytes.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// The whole blob.
    ///
    /// # Errors
    /// As for [`Part::next`].
    pub async fn whole(self) -> Result<Vec<u8>, BlobError> {
        let mut part = self.part(0..u64::MAX);
        let mut whole = Vec::new();
        while let Some(bytes) = part.next().await? {
            whole.extend_from_slice(&bytes);
        }
        Ok(whole)
    }

    /// The bytes from `range.start` to `range.end`, as far as there are that many.
    pub fn part(self, range: Range<u64>) -> Part {
        let range = range.start.min(self.size)..range.end.min(self.size);
        let chunks = Layout::new(self.size).holding(&range);
        Part { reader: self, range, chunks }
    }
}

/// A range of a blob, read piece by piece.
pub struct Part {
    reader: Reader,
    range: Range<u64>,
    /// The chunks that were not read yet.
    chunks: Range<u64>,
}

impl Part {
    /// The next piece; `None` at the end.
    ///
    /// # Errors
    /// [`BlobError::Sealed`] when the blob was altered, cut off or is another one; [`BlobError::Missing`];
    /// [`BlobError::Unavailable`].
    pub async fn next(&mut self) -> Result<Option<Bytes>, BlobError> {
        if self.chunks.is_empty() {
            return Ok(None);
        }
        let Reader { objects, name, key, size } = &self.reader;
        let layout = Layout::new(*size);
        let now = self.chunks.start..self.chunks.end.min(self.chunks.start + CHUNKS_AT_ONCE);
        let wanted = layout.sealed(&now);
        let length = wanted.end - wanted.start;
        let sealed = match objects.get_range(&name.path(), wanted).await.map_err(BlobError::from) {
            // A range beyond the end: it was cut off.
            Err(BlobError::Unavailable) if self.is_short().await => return Err(BlobError::Sealed),
            read => read?,
        };
        if sealed.len() as u64 != length {
            return Err(BlobError::Sealed);
        }
        let mut piece = Vec::with_capacity(sealed.len());
        for (number, chunk) in now.clone().zip(sealed.chunks(CHUNK_BYTES + SEAL_BYTES)) {
            let plain = sealed::open(key, name, number, layout.is_last(number), chunk)?;
            let held = layout.held(number);
            let within = |at: u64| usize::try_from(at.clamp(held.start, held.end) - held.start).unwrap_or(0);
            piece.extend_from_slice(
                plain.get(within(self.range.start)..within(self.range.end)).ok_or(BlobError::Sealed)?,
            );
        }
        self.chunks.start = now.end;
        Ok(Some(Bytes::from(piece)))
    }

    async fn is_short(&self) -> bool {
        let Reader { objects, name, size, .. } = &self.reader;
        let stored = objects.head(&name.path()).await;
        stored.is_ok_and(|meta| meta.size < Layout::new(*size).sealed_size())
    }
}
