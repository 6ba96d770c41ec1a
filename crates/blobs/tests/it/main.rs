//! Blobs in a real folder: what is read back, what is noticed, what is left on the disk. `buckets` is the same over S3.
#![allow(clippy::disallowed_methods, reason = "the peer is named by the environment")]

mod buckets;
mod s3;

use std::fs;
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use base::{Clock, SystemClock};
use blobs::limits::{CHUNK_BYTES, PART_BYTES};
use blobs::{BlobError, BlobKey, BlobName, Blobs};
use object_store::memory::InMemory;
use phi::SystemRandom;

fn name(sid: &str) -> BlobName {
    BlobName::new("media", "AC1", sid).expect("a plain name")
}

fn bytes(length: usize) -> Vec<u8> {
    (0..length).map(|n| (n % 251) as u8).collect()
}

async fn part(blobs: &Blobs, key: &BlobKey, size: u64, range: Range<u64>) -> Result<Vec<u8>, BlobError> {
    let mut part = blobs.open(name("ME1"), key, size).part(range);
    let mut read = Vec::new();
    while let Some(piece) = part.next().await? {
        read.extend_from_slice(&piece);
    }
    Ok(read)
}

fn stores() -> Vec<(Blobs, Option<tempfile::TempDir>)> {
    let dir = tempfile::tempdir().expect("a folder");
    let folder = Blobs::in_folder(&dir.path().join("blobs")).expect("a folder");
    vec![(folder, Some(dir)), (Blobs::in_objects(Arc::new(InMemory::new())), None)]
}

#[tokio::test]
async fn reads_back_every_range_of_what_was_written() {
    for (blobs, _dir) in stores() {
        let key = BlobKey::generate(&SystemRandom);
        for length in
            [0, 1, CHUNK_BYTES - 1, CHUNK_BYTES, CHUNK_BYTES + 1, 17 * CHUNK_BYTES + 5, PART_BYTES * 2 + 7]
        {
            let plain = bytes(length);
            let mut writer = blobs.create(name("ME1"), &key, length as u64);
            for piece in plain.chunks(10_007) {
                writer.write(piece).await.unwrap();
            }
            assert_eq!(writer.finish().await, Ok(length as u64));
            let size = length as u64;
            assert!(part(&blobs, &key, size, 0..u64::MAX).await.unwrap() == plain, "{length} bytes");
            let chunk = CHUNK_BYTES as u64;
            for range in
                [0..1, 5..10, chunk - 1..chunk + 1, chunk..2 * chunk, size / 2..size, size..size + 9, 3..3]
            {
                let within = |at: u64| usize::try_from(at.min(size)).unwrap();
                let wanted = &plain[within(range.start)..within(range.end)];
                assert!(
                    part(&blobs, &key, size, range.clone()).await.unwrap() == wanted,
                    "{range:?} of {length}"
                );
            }
        }
    }
}

#[tokio::test]
async fn any_change_and_any_other_place_is_noticed() {
    let dir = tempfile::tempdir().expect("a folder");
    let blobs = Blobs::in_folder(dir.path()).unwrap();
    let key = BlobKey::generate(&SystemRandom);
    let plain = bytes(3 * CHUNK_BYTES + 10);
    let size = plain.len() as u64;
    blobs.put(name("ME1"), &key, &plain).await.unwrap();
    let path = dir.path().join("media/AC1/ME1");
    let whole = fs::read(&path).unwrap();
    let sealed = CHUNK_BYTES + 29;

    let mut wrong = Vec::new();
    for end in [0, 8, 8 + sealed, 8 + 3 * sealed, whole.len() - 1] {
        wrong.push(whole[..end].to_vec());
    }
    wrong.push(
        [&whole[..8], &whole[8 + sealed..8 + 2 * sealed], &whole[8..8 + sealed], &whole[8 + 2 * sealed..]]
            .concat(),
    );
    for at in [8, 30, 8 + sealed, whole.len() - 1] {
        let mut altered = whole.clone();
        altered[at] ^= 1;
        wrong.push(altered);
    }
    for bytes in wrong {
        fs::write(&path, bytes).unwrap();
        assert_eq!(part(&blobs, &key, size, 0..u64::MAX).await, Err(BlobError::Sealed));
    }
    fs::write(&path, &whole).unwrap();
    assert_eq!(part(&blobs, &key, size - 1, 0..u64::MAX).await, Err(BlobError::Sealed), "another size");
    let other = BlobKey::generate(&SystemRandom);
    assert_eq!(part(&blobs, &other, size, 0..9).await, Err(BlobError::Sealed), "another key");
    fs::copy(&path, dir.path().join("media/AC1/ME2")).unwrap();
    let moved = blobs.open(name("ME2"), &key, size).whole().await;
    assert_eq!(moved, Err(BlobError::Sealed), "another blob's bytes");
    assert_eq!(blobs.open(name("ME3"), &key, size).whole().await, Err(BlobError::Missing));
}

#[tokio::test]
async fn a_blob_beyond_its_limit_is_not_written() {
    let dir = tempfile::tempdir().expect("a folder");
    let blobs = Blobs::in_folder(dir.path()).unwrap();
    let key = BlobKey::generate(&SystemRandom);
    let mut writer = blobs.create(name("ME1"), &key, 10);
    writer.write(&bytes(10)).await.unwrap();
    assert_eq!(writer.write(&[1]).await, Err(BlobError::TooLarge));
    drop(writer);
    assert!(blobs.names().await.unwrap().is_empty());
}

/// Every file under a folder.
fn files(folder: &Path) -> Vec<Vec<u8>> {
    let mut all = Vec::new();
    for entry in fs::read_dir(folder).expect("a folder").flatten() {
        match entry.path() {
            path if path.is_dir() => all.extend(files(&path)),
            path => all.push(fs::read(path).expect("a file")),
        }
    }
    all
}

#[tokio::test]
async fn nothing_is_on_the_disk_in_the_clear_not_even_while_it_is_written() {
    const CANARY: &[u8] = b"Mammography of Jane Canary";
    let dir = tempfile::tempdir().expect("a folder");
    let blobs = Blobs::in_folder(dir.path()).unwrap();
    let key = BlobKey::generate(&SystemRandom);
    let plain = CANARY.repeat(PART_BYTES / CANARY.len() + 10_000);
    let mut writer = blobs.create(name("ME1"), &key, u64::MAX);
    writer.write(&plain).await.unwrap();
    let has_canary = || {
        let found = |bytes: &Vec<u8>| bytes.windows(CANARY.len()).any(|window| window == CANARY);
        let all = files(dir.path());
        assert!(!all.is_empty(), "a part is on the disk");
        all.iter().any(found)
    };
    assert!(!has_canary(), "while it is written");
    writer.finish().await.unwrap();
    assert!(!has_canary(), "afterwards");
}

#[tokio::test]
async fn a_sweep_removes_what_is_old_and_unwanted_and_what_an_upload_left() {
    let dir = tempfile::tempdir().expect("a folder");
    let blobs = Blobs::in_folder(dir.path()).unwrap();
    let key = BlobKey::generate(&SystemRandom);
    for sid in ["ME1", "ME2"] {
        blobs.put(name(sid), &key, b"x").await.unwrap();
    }
    fs::write(dir.path().join("media/AC1/ME3#1"), b"staged").unwrap();
    let wanted = |name: BlobName| async move { Ok::<_, BlobError>(name.sid() == "ME1") };
    let now = SystemClock.now();
    let young = blobs.sweep(now, wanted).await.unwrap();
    assert_eq!((young.seen, young.removed), (2, 0), "its document may be on its way");
    let later = now.plus(Duration::from_secs(3_700));
    let old = blobs.sweep(later, wanted).await.unwrap();
    assert_eq!((old.seen, old.removed), (2, 1));
    assert_eq!(blobs.names().await.unwrap().len(), 1);
    assert!(!dir.path().join("media/AC1/ME3#1").exists());
}
