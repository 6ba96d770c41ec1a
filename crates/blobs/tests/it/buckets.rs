//! Blobs in a bucket: what the folder does, over S3, and every way in which a bucket fails.
//!
//! The first half runs against the bucket of these tests and, when `SWITCHWARD_S3_PEER` names one (`cargo xtask ci` starts
//! moto), against an S3 that is not ours.

use std::time::Duration;

use base::{Clock, SystemClock, Timestamp};
use blobs::limits::{CHUNK_BYTES, PART_BYTES, RETRIES};
use blobs::{BlobError, BlobKey, BlobName, Blobs, BucketConfig};
use bytes::Bytes;
use kms::{CredentialSource, Credentials};
use phi::SystemRandom;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::s3::{BUCKET, Bucket, Fault, KEY_ID, REGION, SECRET};
use crate::{bytes, name, part};

/// Long enough for whoever answers at all, on a busy machine.
const TIMEOUT: Duration = Duration::from_secs(20);
/// Short, because silence is waited for.
const IMPATIENT: Duration = Duration::from_millis(500);

fn config(endpoint: &str, prefix: &str) -> BucketConfig {
    BucketConfig {
        bucket: BUCKET.to_owned(),
        region: REGION.to_owned(),
        endpoint: Some(endpoint.to_owned()),
        prefix: prefix.to_owned(),
        roots: None,
        credentials: credentials(SECRET),
        timeout: TIMEOUT,
    }
}

fn credentials(secret: &str) -> CredentialSource {
    CredentialSource::Given(Credentials {
        access_key_id: KEY_ID.to_owned(),
        secret_access_key: secret.to_owned().into(),
        session_token: None,
    })
}

fn open(endpoint: &str, prefix: &str) -> Blobs {
    Blobs::in_bucket(config(endpoint, prefix)).expect("a bucket")
}

fn impatient(endpoint: &str) -> Blobs {
    Blobs::in_bucket(BucketConfig { timeout: IMPATIENT, ..config(endpoint, "") }).expect("a bucket")
}

/// The endpoints that the first half runs against.
async fn endpoints() -> Vec<String> {
    let mut all = vec![Bucket::start().await.endpoint()];
    if let Ok(peer) = std::env::var("SWITCHWARD_S3_PEER") {
        make_bucket(&peer).await;
        all.push(peer);
    }
    all
}

async fn make_bucket(endpoint: &str) {
    let address = endpoint.strip_prefix("http://").expect("a peer on this machine");
    let mut stream = tokio::net::TcpStream::connect(address).await.expect("the peer");
    // There every bucket is one of the first region.
    let request = format!(
        "PUT /{BUCKET} HTTP/1.1\r\nHost: {address}\r\nAuthorization: AWS4-HMAC-SHA256 Credential={KEY_ID}/20260115/us-east-1/s3/aws4_request, SignedHeaders=host, Signature=0\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"
    );
    stream.write_all(request.as_bytes()).await.expect("a request");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.expect("an answer");
    // Tests run side by side, and each makes it.
    let is_there = answer.starts_with("HTTP/1.1 200") || answer.contains("BucketAlreadyOwnedByYou");
    assert!(is_there, "{answer}");
}

/// A prefix of this test alone.
fn fresh() -> String {
    let mut bytes = [0; 8];
    base::Random::fill(&SystemRandom, &mut bytes);
    format!("tests/{}", data_encoding::HEXLOWER.encode(&bytes))
}

#[tokio::test]
async fn what_is_written_is_read_whole_and_in_ranges() {
    for endpoint in endpoints().await {
        let blobs = open(&endpoint, &fresh());
        let key = BlobKey::generate(&SystemRandom);
        for length in [0, 1, CHUNK_BYTES, CHUNK_BYTES + 1, 17 * CHUNK_BYTES + 5, PART_BYTES * 2 + 7] {
            let plain = bytes(length);
            let mut writer = blobs.create(name("ME1"), &key, length as u64);
            for piece in plain.chunks(100_003) {
                writer.write(piece).await.unwrap();
            }
            let size = length as u64;
            assert_eq!(writer.finish().await, Ok(size));
            assert!(part(&blobs, &key, size, 0..u64::MAX).await.unwrap() == plain, "{length} at {endpoint}");
            let chunk = CHUNK_BYTES as u64;
            for range in [0..1, chunk - 1..chunk + 1, size / 2..size, size..size + 9] {
                let within = |at: u64| usize::try_from(at.min(size)).unwrap();
                let wanted = &plain[within(range.start)..within(range.end)];
                assert!(
                    part(&blobs, &key, size, range.clone()).await.unwrap() == wanted,
                    "{range:?} of {length}"
                );
            }
        }
        assert_eq!(blobs.open(name("ME9"), &key, 5).whole().await, Err(BlobError::Missing));
    }
}

#[tokio::test]
async fn names_are_listed_swept_and_removed_under_their_prefix() {
    for endpoint in endpoints().await {
        let prefix = fresh();
        let (blobs, other) = (open(&endpoint, &prefix), open(&endpoint, &format!("{prefix}2")));
        let key = BlobKey::generate(&SystemRandom);
        for sid in ["ME1", "ME2", "ME3", "ME4", "ME5", "ME6", "ME7"] {
            blobs.put(name(sid), &key, b"x").await.unwrap();
        }
        other.put(name("ME8"), &key, b"x").await.unwrap();
        assert_eq!(blobs.names().await.unwrap().len(), 7, "of several pages");
        assert_eq!(other.names().await.unwrap().len(), 1, "a server does not see another's");
        let wanted = |name: BlobName| async move { Ok::<_, BlobError>(name.sid() == "ME1") };
        let written = Timestamp::parse_iso8601("2026-01-15T12:00:00Z").unwrap();
        let young = blobs.sweep(written.plus(Duration::from_secs(60)), wanted).await.unwrap();
        assert_eq!((young.seen, young.removed), (7, 0), "their documents may be on their way");
        // The peer goes by its own clock.
        let later = SystemClock.now().max(written).plus(Duration::from_secs(7_200));
        let old = blobs.sweep(later, wanted).await.unwrap();
        assert_eq!((old.seen, old.removed), (7, 6));
        assert_eq!(blobs.names().await.unwrap().len(), 1);
        assert_eq!(other.names().await.unwrap().len(), 1);
        for _ in 0..2 {
            blobs.remove(&name("ME1")).await.expect("doing it twice is fine");
        }
        assert!(blobs.names().await.unwrap().is_empty());
    }
}

#[tokio::test]
async fn a_backup_takes_it_as_it_is_and_puts_it_back_elsewhere() {
    for endpoint in endpoints().await {
        let (from, to) = (open(&endpoint, &fresh()), open(&endpoint, &fresh()));
        let dir = tempfile::tempdir().expect("a folder");
        let folder = Blobs::in_folder(dir.path()).unwrap();
        let key = BlobKey::generate(&SystemRandom);
        let plain = bytes(PART_BYTES + 9);
        from.put(name("ME1"), &key, &plain).await.unwrap();
        for to in [&to, &folder] {
            to.put_sealed(&name("ME1"), from.sealed(&name("ME1")).await.unwrap()).await.unwrap();
            assert!(to.open(name("ME1"), &key, plain.len() as u64).whole().await.unwrap() == plain);
        }
    }
}

#[tokio::test]
async fn nothing_leaves_in_the_clear_and_names_are_sids() {
    const CANARY: &[u8] = b"Mammography of Jane Canary";
    let bucket = Bucket::start().await;
    let blobs = open(&bucket.endpoint(), "clinic/media-store");
    let key = BlobKey::generate(&SystemRandom);
    let plain = CANARY.repeat(PART_BYTES / CANARY.len() + 10_000);
    blobs.put(name("ME1"), &key, &plain).await.unwrap();
    let objects = bucket.objects();
    let names: Vec<_> = objects.keys().map(String::as_str).collect();
    assert_eq!(names, ["clinic/media-store/media/AC1/ME1"]);
    for object in objects.values() {
        assert!(object.len() > plain.len());
        assert!(!object.windows(CANARY.len()).any(|window| window == CANARY));
    }
}

#[tokio::test]
async fn any_change_in_the_bucket_is_noticed() {
    let bucket = Bucket::start().await;
    let blobs = open(&bucket.endpoint(), "");
    let key = BlobKey::generate(&SystemRandom);
    let plain = bytes(3 * CHUNK_BYTES);
    let size = plain.len() as u64;
    blobs.put(name("ME1"), &key, &plain).await.unwrap();
    let whole = bucket.objects()["media/AC1/ME1"].clone();
    let mut altered = whole.to_vec();
    altered[100] ^= 1;
    for wrong in [Bytes::from(altered), whole.slice(..whole.len() - 1), whole.slice(..8), Bytes::new()] {
        bucket.replace("media/AC1/ME1", wrong);
        assert_eq!(part(&blobs, &key, size, 0..u64::MAX).await, Err(BlobError::Sealed));
    }
}

#[tokio::test]
async fn a_moment_of_trouble_is_lived_through() {
    let bucket = Bucket::start().await;
    let blobs = impatient(&bucket.endpoint());
    let key = BlobKey::generate(&SystemRandom);
    for fault in [Fault::Busy, Fault::Silent, Fault::Short] {
        bucket.fail(&[fault]);
        blobs.put(name("ME1"), &key, b"x").await.expect("written the second time");
        bucket.fail(&[fault]);
        assert_eq!(blobs.open(name("ME1"), &key, 1).whole().await.as_deref(), Ok(&b"x"[..]), "{fault:?}");
        bucket.fail(&[fault]);
        assert_eq!(blobs.names().await.map(|names| names.len()), Ok(1), "{fault:?}");
    }
}

#[tokio::test]
async fn a_bucket_that_fails_is_said_to_be_unavailable_and_keeps_nothing_half() {
    let bucket = Bucket::start().await;
    let blobs = impatient(&bucket.endpoint());
    let key = BlobKey::generate(&SystemRandom);
    blobs.put(name("ME1"), &key, b"x").await.unwrap();
    for fault in [Fault::Busy, Fault::Silent, Fault::Short] {
        bucket.fail_always(Some(fault));
        let (one, two) = (name("ME1"), name("ME2"));
        let failed = tokio::join!(
            async { blobs.put(two, &key, b"x").await.err() },
            async { blobs.open(name("ME1"), &key, 1).whole().await.err() },
            async { blobs.sealed(&one).await.err() },
            async { blobs.names().await.err() },
            async { blobs.remove(&one).await.err() },
        );
        let unavailable = Some(BlobError::Unavailable);
        assert_eq!(failed, (unavailable, unavailable, unavailable, unavailable, unavailable), "{fault:?}");
        bucket.fail_always(None);
        let size = blobs.open(name("ME1"), &key, 1).whole().await.map(|read| read.len());
        // The answer to a removal that was carried out may have been lost.
        assert!(size == Ok(1) || fault == Fault::Short, "{fault:?}: {size:?}");
        blobs.put(name("ME1"), &key, b"x").await.unwrap();
    }
    let before = bucket.asked();
    bucket.fail_always(Some(Fault::Busy));
    assert!(blobs.names().await.is_err());
    assert_eq!(bucket.asked() - before, RETRIES + 1, "and then no more");
}

#[tokio::test]
async fn an_upload_that_fails_is_taken_back() {
    let bucket = Bucket::start().await;
    let blobs = open(&bucket.endpoint(), "");
    let key = BlobKey::generate(&SystemRandom);
    let mut writer = blobs.create(name("ME1"), &key, u64::MAX);
    writer.write(&bytes(PART_BYTES + 2 * CHUNK_BYTES)).await.unwrap();
    assert_eq!(bucket.open_uploads(), 1, "a part is there");
    bucket.fail(&[Fault::Busy; RETRIES + 1]);
    assert_eq!(writer.finish().await, Err(BlobError::Unavailable));
    assert_eq!((bucket.open_uploads(), bucket.objects().len()), (0, 0));

    let mut writer = blobs.create(name("ME1"), &key, PART_BYTES as u64 * 2);
    writer.write(&bytes(PART_BYTES + 2 * CHUNK_BYTES)).await.unwrap();
    assert_eq!(writer.write(&bytes(PART_BYTES)).await, Err(BlobError::TooLarge));
    assert_eq!((bucket.open_uploads(), bucket.objects().len()), (0, 0));
}

#[tokio::test]
async fn a_bucket_that_is_not_there_or_does_not_know_us_is_unavailable() {
    let key = BlobKey::generate(&SystemRandom);
    let put = async |blobs: Blobs| blobs.put(name("ME1"), &key, b"x").await;
    let closed = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let endpoint = format!("http://{}", closed.local_addr().expect("an address"));
    drop(closed);
    assert_eq!(put(open(&endpoint, "")).await, Err(BlobError::Unavailable));
    let bucket = Bucket::start().await;
    let stranger = BucketConfig { credentials: credentials("other"), ..config(&bucket.endpoint(), "") };
    let stranger = Blobs::in_bucket(stranger).expect("a bucket");
    assert_eq!(put(stranger.clone()).await, Err(BlobError::Unavailable));
    assert_eq!(stranger.open(name("ME1"), &key, 1).whole().await, Err(BlobError::Unavailable), "not missing");
    let absent = BucketConfig { bucket: "another".to_owned(), ..config(&bucket.endpoint(), "") };
    assert!(put(Blobs::in_bucket(absent).expect("a bucket")).await.is_err());
    let path = "/nonexistent/credentials".into();
    let source = CredentialSource::File { path, profile: "default".to_owned() };
    let nobody = BucketConfig { credentials: source, ..config(&bucket.endpoint(), "") };
    assert_eq!(put(Blobs::in_bucket(nobody).expect("a bucket")).await, Err(BlobError::Unavailable));
    assert!(bucket.objects().is_empty());
}

#[tokio::test]
async fn the_certificate_is_checked() {
    let bucket = Bucket::start_with_tls().await;
    let key = BlobKey::generate(&SystemRandom);
    let known = BucketConfig { roots: bucket.authority.clone(), ..config(&bucket.endpoint(), "") };
    Blobs::in_bucket(known).expect("a bucket").put(name("ME1"), &key, b"x").await.expect("over TLS");
    let unknown = open(&bucket.endpoint(), "");
    assert_eq!(unknown.put(name("ME2"), &key, b"x").await, Err(BlobError::Unavailable));
    assert_eq!(bucket.objects().len(), 1);
}

#[tokio::test]
async fn credentials_are_read_anew_from_their_file() {
    let bucket = Bucket::start().await;
    let dir = tempfile::tempdir().expect("a folder");
    let path = dir.path().join("credentials");
    let write = |secret: &str| {
        let text = format!("[media]\naws_access_key_id = {KEY_ID}\naws_secret_access_key = {secret}\n");
        std::fs::write(&path, text).expect("a file");
    };
    write("old");
    let source = CredentialSource::File { path: path.clone(), profile: "media".to_owned() };
    let config = BucketConfig { credentials: source, ..config(&bucket.endpoint(), "") };
    let blobs = Blobs::in_bucket(config).expect("a bucket");
    let key = BlobKey::generate(&SystemRandom);
    assert_eq!(blobs.put(name("ME1"), &key, b"x").await, Err(BlobError::Unavailable));
    write(SECRET);
    blobs.put(name("ME1"), &key, b"x").await.expect("with the new ones");
}
