//! AES-256-GCM over a text that grows at its end and whose beginning is known last (NIST SP 800-38D).
//!
//! The provider seals in one piece only, and a recording must not wait in memory for its end. So the key stream is the
//! provider's, and what authenticates (GHASH) is here, without tables, so that its time says nothing of the key.
//! The beginning is the header of a WAV file, which says how long it is.

use aws_lc_rs::cipher::{AES_256, EncryptingKey, EncryptionContext, UnboundCipherKey};
use aws_lc_rs::iv::FixedLength;

use crate::wav::HEADER_BYTES;

/// Octets of an authentication tag.
pub(crate) const TAG_BYTES: usize = 16;
/// Octets of an initialization vector.
pub(crate) const IV_BYTES: usize = 12;
const BLOCK: usize = 16;

/// The provider failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct GcmFailed;

/// Seals a text piece by piece.
pub(crate) struct GrowingGcm {
    aes: EncryptingKey,
    iv: [u8; IV_BYTES],
    hash_key: u128,
    /// The hash of all whole blocks, as if those of the beginning were zero.
    hash: u128,
    /// The end of the text that is not a whole block yet, sealed.
    rest: Vec<u8>,
    /// The blocks that the beginning shares with what follows it, sealed.
    first: Vec<u8>,
    /// Octets of the text, its beginning included.
    length: u64,
}

/// Octets of the blocks that hold the beginning.
const FIRST_BYTES: usize = HEADER_BYTES.div_ceil(BLOCK) * BLOCK;

impl GrowingGcm {
    /// A text under this key. A key is for one text.
    pub(crate) fn new(key: &[u8; 32], iv: [u8; IV_BYTES]) -> Result<Self, GcmFailed> {
        let key = UnboundCipherKey::new(&AES_256, key).map_err(|_| GcmFailed)?;
        let aes = EncryptingKey::ctr(key).map_err(|_| GcmFailed)?;
        // The key of the hash is the cipher of zero: the key stream of the counter zero.
        let mut zero = [0; BLOCK];
        stream(&aes, [0; BLOCK], &mut zero)?;
        let hash_key = u128::from_be_bytes(zero);
        let first = vec![0; HEADER_BYTES];
        Ok(Self { aes, iv, hash_key, hash: 0, rest: Vec::new(), first, length: HEADER_BYTES as u64 })
    }

    /// Seals what follows, in place.
    pub(crate) fn seal(&mut self, text: &mut [u8]) -> Result<(), GcmFailed> {
        self.apply(self.length, text)?;
        self.length += text.len() as u64;
        let (into_first, others) = text.split_at(text.len().min(FIRST_BYTES - self.first.len()));
        self.first.extend_from_slice(into_first);
        self.rest.extend_from_slice(others);
        let whole = self.rest.len() / BLOCK * BLOCK;
        for block in self.rest.drain(..whole).as_slice().chunks_exact(BLOCK) {
            self.hash = multiply(self.hash ^ number(block), self.hash_key);
        }
        Ok(())
    }

    /// The sealed beginning, and the tag of the text as it is now. The beginning must be something that everybody may
    /// know; a tag must not be given to who could use several of them to forge one.
    pub(crate) fn finish(
        &self,
        beginning: &[u8; HEADER_BYTES],
    ) -> Result<([u8; HEADER_BYTES], [u8; 16]), GcmFailed> {
        let mut sealed = *beginning;
        self.apply(0, &mut sealed)?;
        let mut first = self.first.clone();
        first[..HEADER_BYTES].copy_from_slice(&sealed);
        let mut front = 0;
        for block in first.chunks(BLOCK) {
            front = multiply(front ^ number(block), self.hash_key);
        }
        // Both halves of the text go on as if the other were zero, and are added.
        let blocks = (self.length.saturating_sub(FIRST_BYTES as u64)) / BLOCK as u64;
        let mut hash = multiply(front, power(self.hash_key, blocks)) ^ self.hash;
        if !self.rest.is_empty() {
            hash = multiply(hash ^ number(&self.rest), self.hash_key);
        }
        hash = multiply(hash ^ u128::from(self.length * 8), self.hash_key);
        let mut mask = [0; BLOCK];
        stream(&self.aes, self.counter(1), &mut mask)?;
        Ok((sealed, (hash ^ u128::from_be_bytes(mask)).to_be_bytes()))
    }

    fn counter(&self, block: u32) -> [u8; BLOCK] {
        let mut counter = [0; BLOCK];
        counter[..IV_BYTES].copy_from_slice(&self.iv);
        counter[IV_BYTES..].copy_from_slice(&block.to_be_bytes());
        counter
    }

    /// Applies the key stream from this octet of the text on.
    fn apply(&self, from: u64, text: &mut [u8]) -> Result<(), GcmFailed> {
        let block = u32::try_from(from / BLOCK as u64 + 2).map_err(|_| GcmFailed)?;
        let into = (from % BLOCK as u64) as usize;
        let mut padded = zeroize::Zeroizing::new(vec![0; into + text.len()]);
        padded[into..].copy_from_slice(text);
        stream(&self.aes, self.counter(block), &mut padded)?;
        text.copy_from_slice(&padded[into..]);
        Ok(())
    }
}

fn stream(aes: &EncryptingKey, counter: [u8; BLOCK], text: &mut [u8]) -> Result<(), GcmFailed> {
    let context = EncryptionContext::Iv128(FixedLength::from(counter));
    aes.less_safe_encrypt(text, context).map(drop).map_err(|_| GcmFailed)
}

/// A block as a number; a short one ends in zeros.
fn number(block: &[u8]) -> u128 {
    let mut whole = [0; BLOCK];
    whole[..block.len()].copy_from_slice(block);
    u128::from_be_bytes(whole)
}

/// The product in GCM's field (SP 800-38D 6.3), in the same steps whatever the numbers.
fn multiply(x: u128, y: u128) -> u128 {
    let (mut product, mut v) = (0, y);
    for bit in (0..128).rev() {
        product ^= v & (x >> bit & 1).wrapping_neg();
        v = (v >> 1) ^ ((0xe1 << 120) & (v & 1).wrapping_neg());
    }
    product
}

/// `base` multiplied so often; the number one of the field has its highest bit alone.
fn power(base: u128, mut times: u64) -> u128 {
    let (mut result, mut square) = (1 << 127, base);
    while times > 0 {
        if times & 1 == 1 {
            result = multiply(result, square);
        }
        square = multiply(square, square);
        times >>= 1;
    }
    result
}

#[cfg(test)]
mod tests {
    use super::*;
    use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};

    proptest::proptest! {
        #[test]
        fn is_what_the_provider_seals_in_one_piece(
            key: [u8; 32],
            iv: [u8; 12],
            pieces in proptest::collection::vec(proptest::collection::vec(proptest::num::u8::ANY, 0..70), 0..8),
        ) {
            let mut growing = GrowingGcm::new(&key, iv).unwrap();
            let mut text = b"a beginning of forty-four octets, known last".to_vec();
            let mut sealed = vec![0; HEADER_BYTES];
            for mut piece in pieces {
                text.extend_from_slice(&piece);
                growing.seal(&mut piece).unwrap();
                sealed.extend_from_slice(&piece);
                // Asking for a tag on the way changes nothing.
                growing.finish(&[9; HEADER_BYTES]).unwrap();
            }
            let (beginning, tag) = growing.finish(text[..HEADER_BYTES].try_into().unwrap()).unwrap();
            sealed[..HEADER_BYTES].copy_from_slice(&beginning);
            sealed.extend_from_slice(&tag);
            let key = LessSafeKey::new(UnboundKey::new(&AES_256_GCM, &key).unwrap());
            key.seal_in_place_append_tag(Nonce::assume_unique_for_key(iv), Aad::empty(), &mut text).unwrap();
            assert_eq!(sealed, text);
        }
    }
}
