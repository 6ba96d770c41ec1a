//! What holds a master key, and what can go wrong when it is asked.
//!
//! A holder is a key in memory ([`LocalKey`]) or a key service (crate `kms`). A [`Keyring`] is several of
//! them: new keys are wrapped by the first, old ones are opened by whichever wrapped them, so that keys can
//! move from one holder to another while everything stays readable.

use std::fmt;
use std::sync::Arc;

use data_encoding::HEXLOWER;

use crate::{CipherError, DataKey, SystemRandom, WrappedKey};

/// Digits of a local key's id: enough to tell keys apart, too few to say anything about one.
const KEY_ID_BYTES: usize = 8;

/// Why a holder of a master key did not wrap or open a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WrapError {
    /// The holder says that this does not open: it was altered, or belongs to something else. Asking again
    /// is no use.
    Sealed,
    /// It was wrapped by a master key that this holder does not have. Nothing is lost: it opens where that
    /// master key is.
    OtherMasterKey,
    /// The holder cannot be used now (why, in words that carry no value). Nothing is lost, and asking later
    /// may help.
    Unavailable(&'static str),
}

impl fmt::Display for WrapError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sealed => CipherError.fmt(f),
            Self::OtherMasterKey => f.write_str("the key was wrapped by another master key"),
            Self::Unavailable(cause) => write!(f, "the master key's holder cannot be used: {cause}"),
        }
    }
}

impl std::error::Error for WrapError {}

impl From<CipherError> for WrapError {
    fn from(CipherError: CipherError) -> Self {
        Self::Sealed
    }
}

/// What holds a master key: a file, the environment or a key service.
///
/// The methods may wait for a network: call them beside async tasks (`spawn_blocking`).
pub trait KeyWrapper: Send + Sync + 'static {
    /// Which master key wraps new keys, for the record beside each wrapped key. Not a secret, and the same
    /// for the life of the master key.
    fn key_id(&self) -> &str;

    /// Wraps a key for what `identity` names.
    ///
    /// # Errors
    /// [`WrapError::Unavailable`] when the master key cannot be used now.
    fn wrap(&self, identity: &[u8], key: &DataKey) -> Result<WrappedKey, WrapError>;

    /// Opens a key that the master key `key_id` wrapped for `identity`.
    ///
    /// # Errors
    /// [`WrapError`].
    fn unwrap(&self, key_id: &str, identity: &[u8], wrapped: &WrappedKey) -> Result<DataKey, WrapError>;

    /// Wraps under the master key's newest version what an older version, or the master key `key_id`,
    /// wrapped. A service that can do so without showing the key does.
    ///
    /// # Errors
    /// [`WrapError`].
    fn rewrap(&self, key_id: &str, identity: &[u8], wrapped: &WrappedKey) -> Result<WrappedKey, WrapError> {
        self.wrap(identity, &self.unwrap(key_id, identity, wrapped)?)
    }
}

/// A master key in memory, from a file or the environment.
pub struct LocalKey {
    id: String,
    key: DataKey,
}

impl LocalKey {
    /// The master key with these bytes; its id is made from a digest of them.
    pub fn new(key: DataKey) -> Self {
        let digest = key.digest_key("master key id").digest("id", b"");
        Self { id: format!("file-{}", HEXLOWER.encode(&digest.0[..KEY_ID_BYTES])), key }
    }

    /// A fresh master key that lives as long as this value.
    pub fn generate() -> Self {
        Self::new(DataKey::generate(&SystemRandom))
    }
}

impl fmt::Debug for LocalKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.id)
    }
}

impl KeyWrapper for LocalKey {
    fn key_id(&self) -> &str {
        &self.id
    }

    fn wrap(&self, identity: &[u8], key: &DataKey) -> Result<WrappedKey, WrapError> {
        Ok(self.key.wrap(identity, key)?)
    }

    fn unwrap(&self, key_id: &str, identity: &[u8], wrapped: &WrappedKey) -> Result<DataKey, WrapError> {
        if key_id != self.id {
            return Err(WrapError::OtherMasterKey);
        }
        Ok(self.key.unwrap(identity, wrapped)?)
    }
}

/// Several holders: the first wraps, each opens what it wrapped.
pub struct Keyring {
    first: Arc<dyn KeyWrapper>,
    earlier: Vec<Arc<dyn KeyWrapper>>,
}

impl Keyring {
    /// A keyring that wraps with `first` and still opens what the `earlier` ones wrapped.
    pub fn new(first: Arc<dyn KeyWrapper>, earlier: Vec<Arc<dyn KeyWrapper>>) -> Self {
        Self { first, earlier }
    }

    fn holder(&self, key_id: &str) -> Result<&dyn KeyWrapper, WrapError> {
        std::iter::once(&self.first)
            .chain(&self.earlier)
            .find(|holder| holder.key_id() == key_id)
            .map(AsRef::as_ref)
            .ok_or(WrapError::OtherMasterKey)
    }
}

impl KeyWrapper for Keyring {
    fn key_id(&self) -> &str {
        self.first.key_id()
    }

    fn wrap(&self, identity: &[u8], key: &DataKey) -> Result<WrappedKey, WrapError> {
        self.first.wrap(identity, key)
    }

    fn unwrap(&self, key_id: &str, identity: &[u8], wrapped: &WrappedKey) -> Result<DataKey, WrapError> {
        self.holder(key_id)?.unwrap(key_id, identity, wrapped)
    }

    fn rewrap(&self, key_id: &str, identity: &[u8], wrapped: &WrappedKey) -> Result<WrappedKey, WrapError> {
        if key_id == self.first.key_id() {
            return self.first.rewrap(key_id, identity, wrapped);
        }
        self.first.wrap(identity, &self.unwrap(key_id, identity, wrapped)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_keyring_opens_what_each_holder_wrapped_and_wraps_with_the_first() {
        let (old, new) = (Arc::new(LocalKey::generate()), Arc::new(LocalKey::generate()));
        let key = DataKey::generate(&SystemRandom);
        let sealed = key.seal(b"row", b"x").unwrap();
        let wrapped = old.wrap(b"AC1", &key).unwrap();
        assert_eq!(new.unwrap(old.key_id(), b"AC1", &wrapped).err(), Some(WrapError::OtherMasterKey));

        let ring = Keyring::new(new.clone(), vec![old.clone()]);
        let moved = ring.rewrap(old.key_id(), b"AC1", &wrapped).unwrap();
        for (id, wrapped) in [(old.key_id(), &wrapped), (new.key_id(), &moved)] {
            let opened = ring.unwrap(id, b"AC1", wrapped).unwrap();
            assert_eq!(opened.unseal(b"row", &sealed).unwrap(), b"x");
            assert_eq!(ring.unwrap(id, b"AC2", wrapped).err(), Some(WrapError::Sealed));
        }
        assert_eq!(ring.unwrap("file-0", b"AC1", &moved).err(), Some(WrapError::OtherMasterKey));
        assert_eq!(ring.key_id(), new.key_id());
    }
}
