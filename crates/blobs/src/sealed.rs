//! The layout of a sealed blob: a mark, then chunks, each sealed for its place.
//!
//! ```text
//! blob  = "SWBLOB1\n" chunk+
//! chunk = version(1) nonce(12) ciphertext(1..=64 KiB; all but the last are full) tag(16)
//! ```
//! A chunk's associated data is the blob's name, the chunk's number and whether it is the last. So no chunk can be
//! altered, moved, left out or taken from another blob, and a blob that was cut off does not end as one.

use std::ops::Range;

use phi::DataKey;
use zeroize::Zeroizing;

use crate::limits::CHUNK_BYTES;
use crate::{BlobError, BlobName};

/// What a blob begins with.
pub(crate) const MARK: &[u8; 8] = b"SWBLOB1\n";
/// What sealing adds to a chunk: version, nonce and tag.
pub(crate) const SEAL_BYTES: usize = 1 + 12 + 16;

const CHUNK: u64 = CHUNK_BYTES as u64;
const SEALED_CHUNK: u64 = (CHUNK_BYTES + SEAL_BYTES) as u64;

fn place(name: &BlobName, number: u64, is_last: bool) -> Vec<u8> {
    let mut place = format!("switchward blob\n{name}\n").into_bytes();
    place.extend_from_slice(&number.to_be_bytes());
    place.push(u8::from(is_last));
    place
}

pub(crate) fn seal(
    key: &DataKey,
    name: &BlobName,
    number: u64,
    is_last: bool,
    plain: &[u8],
) -> Result<Vec<u8>, BlobError> {
    key.seal(&place(name, number, is_last), plain).map_err(|_| BlobError::Sealed)
}

pub(crate) fn open(
    key: &DataKey,
    name: &BlobName,
    number: u64,
    is_last: bool,
    sealed: &[u8],
) -> Result<Zeroizing<Vec<u8>>, BlobError> {
    let plain = key.unseal(&place(name, number, is_last), sealed);
    plain.map(Zeroizing::new).map_err(|_| BlobError::Sealed)
}

/// Where the parts of a blob of so many bytes are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Layout {
    size: u64,
}

impl Layout {
    pub(crate) const fn new(size: u64) -> Self {
        Self { size }
    }

    /// How many chunks there are; one at least.
    pub(crate) fn chunks(self) -> u64 {
        self.size.div_ceil(CHUNK).max(1)
    }

    pub(crate) fn is_last(self, number: u64) -> bool {
        number + 1 == self.chunks()
    }

    /// The chunks that hold these bytes of the blob.
    pub(crate) fn holding(self, bytes: &Range<u64>) -> Range<u64> {
        bytes.start / CHUNK..bytes.end.div_ceil(CHUNK).max(bytes.start / CHUNK + 1).min(self.chunks())
    }

    /// The bytes of the blob that a chunk holds.
    pub(crate) fn held(self, number: u64) -> Range<u64> {
        number * CHUNK..((number + 1) * CHUNK).min(self.size)
    }

    /// The bytes of the sealed object that these chunks are.
    pub(crate) fn sealed(self, chunks: &Range<u64>) -> Range<u64> {
        let mark = MARK.len() as u64;
        let end = match chunks.end == self.chunks() {
            true => self.sealed_size(),
            false => mark + chunks.end * SEALED_CHUNK,
        };
        mark + chunks.start * SEALED_CHUNK..end
    }

    /// Bytes of the whole sealed object.
    pub(crate) fn sealed_size(self) -> u64 {
        MARK.len() as u64 + self.size + self.chunks() * SEAL_BYTES as u64
    }
}
