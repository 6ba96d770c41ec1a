//! A stream sealed in chunks: no chunk can be altered, left out, moved, added or taken from another file.
//!
//! Each chunk is sealed under the file's key for its place: the digest of the file's header, the chunk's
//! number, and whether it is the last. A stream that ends early ends with a chunk that is not the last.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::sync::Arc;

use phi::DataKey;
use zeroize::Zeroizing;

use crate::BackupError;
use crate::limits::CHUNK_BYTES;

/// What sealing adds to a chunk: version, nonce and tag.
const SEAL_BYTES: usize = 1 + 12 + 16;

/// Whose chunks these are, and which comes next.
struct Places {
    header: [u8; 32],
    next: u64,
}

impl Places {
    fn take(&mut self, is_last: bool) -> Vec<u8> {
        let mut place = self.header.to_vec();
        place.extend_from_slice(&self.next.to_be_bytes());
        place.push(u8::from(is_last));
        self.next += 1;
        place
    }
}

/// Seals what is written to it.
pub(crate) struct SealedWriter<W> {
    to: W,
    key: DataKey,
    places: Places,
    pending: Zeroizing<Vec<u8>>,
}

impl<W: Write> SealedWriter<W> {
    /// A stream into `to`; `header` is the digest of what stands before it.
    pub(crate) fn new(to: W, key: DataKey, header: [u8; 32]) -> Self {
        let pending = Zeroizing::new(Vec::with_capacity(CHUNK_BYTES));
        Self { to, key, places: Places { header, next: 0 }, pending }
    }

    pub(crate) fn write(&mut self, mut bytes: &[u8]) -> Result<(), BackupError> {
        while !bytes.is_empty() {
            // A full chunk waits until more comes: only then is it not the last.
            if self.pending.len() == CHUNK_BYTES {
                self.seal(false)?;
            }
            let (now, later) = bytes.split_at(bytes.len().min(CHUNK_BYTES - self.pending.len()));
            self.pending.extend_from_slice(now);
            bytes = later;
        }
        Ok(())
    }

    /// Writes the last chunk and gives back what was written to.
    pub(crate) fn finish(mut self) -> Result<W, BackupError> {
        self.seal(true)?;
        Ok(self.to)
    }

    fn seal(&mut self, is_last: bool) -> Result<(), BackupError> {
        let sealed = self.key.seal(&self.places.take(is_last), &self.pending);
        let sealed = sealed.map_err(|_| BackupError::Damaged("a chunk could not be sealed"))?;
        self.to.write_all(&sealed)?;
        self.pending.clear();
        Ok(())
    }
}

/// Opens what a [`SealedWriter`] wrote.
pub(crate) struct SealedReader<R> {
    from: BufReader<R>,
    key: Arc<DataKey>,
    places: Places,
    chunk: Zeroizing<Vec<u8>>,
    /// How much of the chunk was read.
    read: usize,
    is_over: bool,
}

impl<R: Read> SealedReader<R> {
    pub(crate) fn new(from: BufReader<R>, key: Arc<DataKey>, header: [u8; 32]) -> Self {
        let places = Places { header, next: 0 };
        Self { from, key, places, chunk: Zeroizing::default(), read: 0, is_over: false }
    }

    /// Fills `to` completely.
    ///
    /// # Errors
    /// [`BackupError::Damaged`] when the stream was altered or ends before.
    pub(crate) fn read_exact(&mut self, mut to: &mut [u8]) -> Result<(), BackupError> {
        while !to.is_empty() {
            if self.read == self.chunk.len() && !self.open_next()? {
                return Err(BackupError::Damaged("it ends in the middle of a record"));
            }
            let count = to.len().min(self.chunk.len() - self.read);
            let (now, later) = to.split_at_mut(count);
            now.copy_from_slice(&self.chunk[self.read..self.read + count]);
            self.read += count;
            to = later;
        }
        Ok(())
    }

    /// Whether everything was read. An altered end is an error, not an end.
    pub(crate) fn is_at_end(&mut self) -> Result<bool, BackupError> {
        while self.read == self.chunk.len() {
            if !self.open_next()? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Opens the next chunk; false when the last one was opened before.
    fn open_next(&mut self) -> Result<bool, BackupError> {
        if self.is_over {
            return Ok(false);
        }
        let mut sealed = Vec::with_capacity(CHUNK_BYTES + SEAL_BYTES);
        let limit = u64::try_from(CHUNK_BYTES + SEAL_BYTES).expect("a chunk is small");
        self.from.by_ref().take(limit).read_to_end(&mut sealed)?;
        let is_last = at_end(&mut self.from)?;
        let opened = self.key.unseal(&self.places.take(is_last), &sealed);
        let damaged = |_| BackupError::Damaged("a part of it was altered, or its end is missing");
        self.chunk = Zeroizing::new(opened.map_err(damaged)?);
        self.read = 0;
        self.is_over = is_last;
        Ok(true)
    }
}

fn at_end(from: &mut impl BufRead) -> io::Result<bool> {
    from.fill_buf().map(<[u8]>::is_empty)
}

#[cfg(test)]
mod tests {
    use phi::SystemRandom;

    use super::*;

    const HEADER: [u8; 32] = [7; 32];

    fn copy(key: &DataKey) -> DataKey {
        let outer = DataKey::generate(&SystemRandom);
        outer.unwrap(b"", &outer.wrap(b"", key).unwrap()).unwrap()
    }

    fn sealed(key: &DataKey, plain: &[u8]) -> Vec<u8> {
        let mut writer = SealedWriter::new(Vec::new(), copy(key), HEADER);
        for part in plain.chunks(1000) {
            writer.write(part).unwrap();
        }
        writer.finish().unwrap()
    }

    fn opened(key: &DataKey, header: [u8; 32], sealed: &[u8]) -> Result<Vec<u8>, BackupError> {
        let mut reader = SealedReader::new(BufReader::new(sealed), Arc::new(copy(key)), header);
        let mut plain = Vec::new();
        while !reader.is_at_end()? {
            let mut byte = [0];
            reader.read_exact(&mut byte)?;
            plain.push(byte[0]);
        }
        Ok(plain)
    }

    #[test]
    fn reads_back_what_was_written() {
        let key = DataKey::generate(&SystemRandom);
        for length in [0, 1, CHUNK_BYTES - 1, CHUNK_BYTES, CHUNK_BYTES + 1, 3 * CHUNK_BYTES] {
            let plain: Vec<u8> = (0..length).map(|n| (n % 251) as u8).collect();
            assert_eq!(opened(&key, HEADER, &sealed(&key, &plain)).unwrap(), plain, "{length} bytes");
        }
    }

    #[test]
    fn any_change_is_noticed() {
        let key = DataKey::generate(&SystemRandom);
        let plain = vec![1; 3 * CHUNK_BYTES + 10];
        let whole = sealed(&key, &plain);
        let size = CHUNK_BYTES + SEAL_BYTES;
        let refused = |bytes: &[u8]| assert!(opened(&key, HEADER, bytes).is_err());
        for end in [0, 1, size - 1, size, 2 * size, 3 * size, whole.len() - 1] {
            refused(&whole[..end]);
        }
        refused(&[&whole[..], b"x"].concat());
        refused(&[&whole[size..2 * size], &whole[..size], &whole[2 * size..]].concat());
        refused(&[&whole[..size], &whole[2 * size..]].concat());
        refused(&[&whole[..], &whole[3 * size..]].concat());
        for at in [0, 5, size, whole.len() - 1] {
            let mut altered = whole.clone();
            altered[at] ^= 1;
            refused(&altered);
        }
        assert!(opened(&key, [8; 32], &whole).is_err(), "under another header");
        assert!(opened(&DataKey::generate(&SystemRandom), HEADER, &whole).is_err());
    }
}
