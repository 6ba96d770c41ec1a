//! What tests need of the data folder: a look at every byte.

use std::path::Path;

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
