//! Keys and what they do: AES-256-GCM for sealing, HMAC-SHA-256 for index values.
//!
//! All primitives are aws-lc-rs's. A sealed value is `version ‖ nonce(12) ‖ ciphertext ‖ tag(16)`,
//! and the row's identity is its associated data, so a value moved to another row does not open.

use std::fmt;

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use aws_lc_rs::{hkdf, hmac, rand};
use base::Random;
use zeroize::{Zeroize, ZeroizeOnDrop};

/// Length of every symmetric key, in bytes.
pub const KEY_BYTES: usize = 32;

/// The only layout of a sealed value so far.
const SEALED_VERSION: u8 = 1;

/// Keys and bytes that do not belong together, or were altered. Says no more on purpose.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CipherError;

impl fmt::Display for CipherError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the sealed value does not open with this key")
    }
}

impl std::error::Error for CipherError {}

/// A 256-bit key that seals; wiped from memory when dropped.
#[derive(ZeroizeOnDrop)]
pub struct DataKey([u8; KEY_BYTES]);

impl DataKey {
    /// A fresh random key.
    pub fn generate(random: &dyn Random) -> Self {
        let mut bytes = [0; KEY_BYTES];
        random.fill(&mut bytes);
        Self(bytes)
    }

    /// The key with these bytes; the argument is wiped.
    pub fn from_bytes(mut bytes: [u8; KEY_BYTES]) -> Self {
        let key = Self(bytes);
        bytes.zeroize();
        key
    }

    /// Encrypts `plain` for the row named by `identity`, under a random nonce.
    ///
    /// # Errors
    /// [`CipherError`] when the provider fails.
    pub fn seal(&self, identity: &[u8], plain: &[u8]) -> Result<Vec<u8>, CipherError> {
        let mut nonce = [0; NONCE_LEN];
        rand::fill(&mut nonce).map_err(|_| CipherError)?;
        let mut sealed = Vec::with_capacity(1 + NONCE_LEN + plain.len() + AES_256_GCM.tag_len());
        sealed.push(SEALED_VERSION);
        sealed.extend_from_slice(&nonce);
        sealed.extend_from_slice(plain);
        let tag = self
            .aead()?
            .seal_in_place_separate_tag(
                Nonce::assume_unique_for_key(nonce),
                Aad::from(identity),
                &mut sealed[1 + NONCE_LEN..],
            )
            .map_err(|_| CipherError)?;
        sealed.extend_from_slice(tag.as_ref());
        Ok(sealed)
    }

    /// Decrypts what [`DataKey::seal`] made for the same `identity`.
    ///
    /// # Errors
    /// [`CipherError`] when the key, the identity or a byte is not the one sealed with.
    pub fn unseal(&self, identity: &[u8], sealed: &[u8]) -> Result<Vec<u8>, CipherError> {
        let (&version, rest) = sealed.split_first().ok_or(CipherError)?;
        if version != SEALED_VERSION {
            return Err(CipherError);
        }
        let (nonce, ciphertext) = rest.split_at_checked(NONCE_LEN).ok_or(CipherError)?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).map_err(|_| CipherError)?;
        let mut buffer = ciphertext.to_vec();
        let plain_length = self
            .aead()?
            .open_in_place(nonce, Aad::from(identity), &mut buffer)
            .map_err(|_| CipherError)?
            .len();
        buffer.truncate(plain_length);
        Ok(buffer)
    }

    /// The key itself, for a service that wraps it: the only way out of this type (`cargo xtask tidy`
    /// bans the call outside the holders of master keys).
    pub fn reveal_to_holder(&self) -> &[u8; KEY_BYTES] {
        &self.0
    }

    /// Encrypts another key under this one.
    ///
    /// # Errors
    /// [`CipherError`] when the provider fails.
    pub fn wrap(&self, identity: &[u8], key: &DataKey) -> Result<WrappedKey, CipherError> {
        self.seal(identity, &key.0).map(WrappedKey)
    }

    /// Decrypts a key wrapped by [`DataKey::wrap`].
    ///
    /// # Errors
    /// [`CipherError`] as for [`DataKey::unseal`].
    pub fn unwrap(&self, identity: &[u8], wrapped: &WrappedKey) -> Result<DataKey, CipherError> {
        let mut plain = self.unseal(identity, &wrapped.0)?;
        let bytes = <[u8; KEY_BYTES]>::try_from(plain.as_slice()).map_err(|_| CipherError);
        plain.zeroize();
        bytes.map(DataKey::from_bytes)
    }

    /// A digest key derived from this key (HKDF-SHA-256, RFC 5869) for one use.
    pub fn digest_key(&self, purpose: &str) -> DigestKey {
        let mut bytes = [0; KEY_BYTES];
        hkdf::Salt::new(hkdf::HKDF_SHA256, b"switchward digest key")
            .extract(&self.0)
            .expand(&[purpose.as_bytes()], hkdf::HKDF_SHA256)
            .and_then(|okm| okm.fill(&mut bytes))
            .expect("HKDF-SHA-256 gives 32 bytes for any input");
        let key = DigestKey(hmac::Key::new(hmac::HMAC_SHA256, &bytes));
        bytes.zeroize();
        key
    }

    fn aead(&self) -> Result<LessSafeKey, CipherError> {
        UnboundKey::new(&AES_256_GCM, &self.0).map(LessSafeKey::new).map_err(|_| CipherError)
    }
}

impl fmt::Debug for DataKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[key]")
    }
}

/// A key encrypted under another key: safe to store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WrappedKey(pub Vec<u8>);

/// A keyed digest: finds equal values without showing them.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Digest(pub [u8; 32]);

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[digest]")
    }
}

/// An HMAC-SHA-256 key for digests.
pub struct DigestKey(hmac::Key);

impl DigestKey {
    /// The digest of `value` for the index `label`; different labels never collide.
    pub fn digest(&self, label: &str, value: &[u8]) -> Digest {
        let mut context = hmac::Context::with_key(&self.0);
        context.update(&(label.len() as u64).to_be_bytes());
        context.update(label.as_bytes());
        context.update(value);
        let tag = context.sign();
        let mut bytes = [0; 32];
        bytes.copy_from_slice(tag.as_ref());
        Digest(bytes)
    }
}

impl fmt::Debug for DigestKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[key]")
    }
}

/// The operating system's cryptographic random source, through aws-lc-rs.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemRandom;

impl Random for SystemRandom {
    fn fill(&self, bytes: &mut [u8]) {
        rand::fill(bytes).expect("the system's random source works once started");
    }
}

/// Whether two byte strings are equal, in time that depends on their lengths only.
pub fn constant_time_eq(a: &[u8], b: &[u8]) -> bool {
    aws_lc_rs::constant_time::verify_slices_are_equal(a, b).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn opens_only_with_its_key_and_identity() {
        let key = DataKey::generate(&SystemRandom);
        let sealed = key.seal(b"row 1", b"secret").unwrap();
        assert_eq!(key.unseal(b"row 1", &sealed).unwrap(), b"secret");
        assert_eq!(key.unseal(b"row 2", &sealed), Err(CipherError));
        let other = DataKey::generate(&SystemRandom);
        assert_eq!(other.unseal(b"row 1", &sealed), Err(CipherError));
    }

    #[test]
    fn any_altered_byte_is_noticed() {
        let key = DataKey::generate(&SystemRandom);
        let sealed = key.seal(b"row", b"secret").unwrap();
        for position in 0..sealed.len() {
            let mut altered = sealed.clone();
            altered[position] ^= 1;
            assert_eq!(key.unseal(b"row", &altered), Err(CipherError), "byte {position}");
        }
        for length in 0..sealed.len() {
            assert_eq!(key.unseal(b"row", &sealed[..length]), Err(CipherError));
        }
    }

    #[test]
    fn keys_wrap_and_unwrap() {
        let outer = DataKey::generate(&SystemRandom);
        let inner = DataKey::generate(&SystemRandom);
        let wrapped = outer.wrap(b"AC1", &inner).unwrap();
        let sealed = inner.seal(b"row", b"x").unwrap();
        assert_eq!(outer.unwrap(b"AC1", &wrapped).unwrap().unseal(b"row", &sealed).unwrap(), b"x");
        assert!(outer.unwrap(b"AC2", &wrapped).is_err());
    }

    #[test]
    fn digests_depend_on_key_label_and_value() {
        let key = DataKey::generate(&SystemRandom).digest_key("index");
        let digest = key.digest("to", b"+14155550100");
        assert_eq!(digest, key.digest("to", b"+14155550100"));
        assert_ne!(digest, key.digest("from", b"+14155550100"));
        assert_ne!(digest, key.digest("to", b"+14155550101"));
        assert_ne!(key.digest("a", b"bc"), key.digest("ab", b"c"));
        let other = DataKey::generate(&SystemRandom).digest_key("index");
        assert_ne!(digest, other.digest("to", b"+14155550100"));
    }
}
