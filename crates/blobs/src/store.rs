//! The store: a folder of ours, or a bucket that speaks S3.

use std::fs;
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bytes::Bytes;
use futures_util::TryStreamExt;
use object_store::local::LocalFileSystem;
use object_store::{ObjectStore, ObjectStoreExt};

use crate::{BlobError, BlobKey, BlobName, Reader, Writer};

/// Keeps blobs. Clones share it.
#[derive(Clone)]
pub struct Blobs {
    pub(crate) objects: Arc<dyn ObjectStore>,
    /// The folder, when it is one.
    pub(crate) folder: Option<PathBuf>,
}

impl Blobs {
    /// Blobs in this folder, made when absent, for nobody's eyes but the server's. What was written is on disk (file
    /// and folder are synchronised) before it counts as written.
    ///
    /// # Errors
    /// When the folder cannot be made or used.
    pub fn in_folder(folder: &Path) -> io::Result<Self> {
        fs::DirBuilder::new().mode(0o700).recursive(true).create(folder)?;
        let objects = LocalFileSystem::new_with_prefix(folder).map_err(io::Error::other)?;
        let objects = objects.with_fsync(true).with_automatic_cleanup(true);
        Ok(Self { objects: Arc::new(objects), folder: Some(folder.to_owned()) })
    }

    /// Blobs in any other store that `object_store` knows.
    pub fn in_objects(objects: Arc<dyn ObjectStore>) -> Self {
        Self { objects, folder: None }
    }

    /// Begins a blob of at most `limit` bytes. It exists once [`Writer::finish`] has said so.
    pub fn create(&self, name: BlobName, key: &BlobKey, limit: u64) -> Writer {
        Writer::new(Arc::clone(&self.objects), name, key.cipher(), limit)
    }

    /// Writes a whole blob.
    ///
    /// # Errors
    /// As for [`Writer::finish`].
    pub async fn put(&self, name: BlobName, key: &BlobKey, bytes: &[u8]) -> Result<(), BlobError> {
        let mut writer = self.create(name, key, bytes.len() as u64);
        writer.write(bytes).await?;
        writer.finish().await.map(drop)
    }

    /// A reader of a blob of `size` bytes, as its document has it.
    pub fn open(&self, name: BlobName, key: &BlobKey, size: u64) -> Reader {
        Reader::new(Arc::clone(&self.objects), name, key.cipher(), size)
    }

    /// Removes a blob; doing it twice is fine. Its key is to be destroyed first: that is what makes it unreadable.
    ///
    /// # Errors
    /// [`BlobError::Unavailable`].
    pub async fn remove(&self, name: &BlobName) -> Result<(), BlobError> {
        match self.objects.delete(&name.path()).await.map_err(BlobError::from) {
            Err(BlobError::Missing) => Ok(()),
            done => done,
        }
    }

    /// Every blob there is, in no order, with the bytes it takes.
    ///
    /// # Errors
    /// [`BlobError::Unavailable`].
    pub async fn names(&self) -> Result<Vec<(BlobName, u64)>, BlobError> {
        let found: Vec<_> = self.objects.list(None).try_collect().await?;
        let named = |meta: object_store::ObjectMeta| {
            BlobName::parse(meta.location.as_ref()).map(|name| (name, meta.size))
        };
        Ok(found.into_iter().filter_map(named).collect())
    }

    /// A blob as it is stored, for a backup.
    ///
    /// # Errors
    /// [`BlobError::Missing`]; [`BlobError::Unavailable`].
    pub async fn sealed(&self, name: &BlobName) -> Result<Bytes, BlobError> {
        Ok(self.objects.get(&name.path()).await?.bytes().await?)
    }

    /// Puts back what [`Blobs::sealed`] gave.
    ///
    /// # Errors
    /// [`BlobError::Unavailable`].
    pub async fn put_sealed(&self, name: &BlobName, sealed: Bytes) -> Result<(), BlobError> {
        self.objects.put(&name.path(), sealed.into()).await?;
        Ok(())
    }
}
