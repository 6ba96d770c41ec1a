//! What tests need of the data folder: a master key, and a look at every byte.

use std::path::Path;

use phi::{CipherError, DataKey, KeyWrapper, SystemRandom, WrappedKey};

/// A master key that lives as long as its test.
#[derive(Debug)]
pub struct TestWrapper(DataKey);

impl TestWrapper {
    /// A fresh master key.
    pub fn generate() -> Self {
        Self(DataKey::generate(&SystemRandom))
    }
}

impl KeyWrapper for TestWrapper {
    fn key_id(&self) -> &str {
        "test"
    }

    fn wrap(&self, identity: &[u8], key: &DataKey) -> Result<WrappedKey, CipherError> {
        self.0.wrap(identity, key)
    }

    fn unwrap(&self, identity: &[u8], wrapped: &WrappedKey) -> Result<DataKey, CipherError> {
        self.0.unwrap(identity, wrapped)
    }
}

/// Whether any file below `dir` (database, log, blobs) holds these bytes in the clear.
pub fn contains_bytes(dir: &Path, needle: &[u8]) -> bool {
    assert!(!needle.is_empty(), "every file holds the empty string");
    std::fs::read_dir(dir).expect("the folder can be listed").any(|entry| {
        let path = entry.expect("the folder can be listed").path();
        if path.is_dir() {
            return contains_bytes(&path, needle);
        }
        let bytes = std::fs::read(&path).expect("the file can be read");
        bytes.windows(needle.len()).any(|window| window == needle)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_bytes_in_any_file_below() {
        let dir = tempfile::tempdir().expect("a folder");
        std::fs::create_dir(dir.path().join("blobs")).expect("a folder");
        std::fs::write(dir.path().join("blobs/a"), b"\0\0canary\0").expect("a file");
        assert!(contains_bytes(dir.path(), b"canary"));
        assert!(!contains_bytes(dir.path(), b"parrot"));
    }
}
