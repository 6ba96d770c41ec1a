//! Writing a blob as its bytes come: nothing is held but one chunk in the clear, and at most one part, sealed.

use std::sync::Arc;

use object_store::{MultipartUpload, ObjectStore, ObjectStoreExt, PutPayload};
use phi::DataKey;
use zeroize::Zeroizing;

use crate::limits::{CHUNK_BYTES, PART_BYTES};
use crate::sealed::{self, MARK};
use crate::{BlobError, BlobName};

/// A blob being written. Dropped before its end it leaves nothing but perhaps sealed parts, which are swept up.
pub struct Writer {
    objects: Arc<dyn ObjectStore>,
    name: BlobName,
    key: DataKey,
    limit: u64,
    size: u64,
    next: u64,
    plain: Zeroizing<Vec<u8>>,
    sealed: Vec<u8>,
    upload: Option<Box<dyn MultipartUpload>>,
}

impl Writer {
    pub(crate) fn new(objects: Arc<dyn ObjectStore>, name: BlobName, key: DataKey, limit: u64) -> Self {
        let plain = Zeroizing::new(Vec::with_capacity(CHUNK_BYTES));
        let sealed = MARK.to_vec();
        Self { objects, name, key, limit, size: 0, next: 0, plain, sealed, upload: None }
    }

    /// Adds bytes.
    ///
    /// # Errors
    /// [`BlobError::TooLarge`] beyond the limit; [`BlobError::Unavailable`].
    pub async fn write(&mut self, bytes: &[u8]) -> Result<(), BlobError> {
        let written = self.add(bytes).await;
        if written.is_err() {
            self.abandon().await;
        }
        written
    }

    async fn add(&mut self, mut bytes: &[u8]) -> Result<(), BlobError> {
        self.size += bytes.len() as u64;
        if self.size > self.limit {
            return Err(BlobError::TooLarge);
        }
        while !bytes.is_empty() {
            // A full chunk waits until more comes: only then is it not the last.
            if self.plain.len() == CHUNK_BYTES {
                self.seal(false)?;
                self.hand_over().await?;
            }
            let (now, later) = bytes.split_at(bytes.len().min(CHUNK_BYTES - self.plain.len()));
            self.plain.extend_from_slice(now);
            bytes = later;
        }
        Ok(())
    }

    /// Ends the blob, durably, and returns its size in bytes.
    ///
    /// # Errors
    /// [`BlobError::Unavailable`]: then there is no blob.
    pub async fn finish(mut self) -> Result<u64, BlobError> {
        let finished = self.hand_over_the_rest().await;
        if finished.is_err() {
            self.abandon().await;
        }
        finished.map(|()| self.size)
    }

    async fn hand_over_the_rest(&mut self) -> Result<(), BlobError> {
        self.seal(true)?;
        let rest = PutPayload::from(std::mem::take(&mut self.sealed));
        match &mut self.upload {
            None => drop(self.objects.put(&self.name.path(), rest).await?),
            Some(upload) => {
                upload.put_part(rest).await?;
                upload.complete().await?;
            }
        }
        Ok(())
    }

    /// Takes back the parts that were handed over; a store that cannot be asked keeps them for its own rule about them.
    async fn abandon(&mut self) {
        if let Some(mut upload) = self.upload.take()
            && upload.abort().await.is_err()
        {
            tracing::info!("parts of a blob that was not finished are left in the store");
        }
    }

    fn seal(&mut self, is_last: bool) -> Result<(), BlobError> {
        let chunk = sealed::seal(&self.key, &self.name, self.next, is_last, &self.plain)?;
        self.sealed.extend_from_slice(&chunk);
        self.next += 1;
        zeroize::Zeroize::zeroize(&mut *self.plain);
        Ok(())
    }

    async fn hand_over(&mut self) -> Result<(), BlobError> {
        if self.sealed.len() < PART_BYTES {
            return Ok(());
        }
        let part = PutPayload::from(std::mem::take(&mut self.sealed));
        let upload = match &mut self.upload {
            Some(upload) => upload,
            none => none.insert(self.objects.put_multipart(&self.name.path()).await?),
        };
        upload.put_part(part).await?;
        Ok(())
    }
}
