//! What was deleted before the newest backup does not come back from an older one (ADR 0005).

use std::path::Path;

use base::Timestamp;
use store::{Database, Name};

use crate::site::{
    Message, On, Site, account, block_on, body, do_jobs, empty, kinds, remove, sid, take, text,
};

const REDACTED: u64 = 1;
const DELETED: u64 = 2;
const KEPT: u64 = 3;
const SHREDDED: u64 = 4;

/// Redacts one message, deletes another with its name, destroys a whole account, and does all jobs.
async fn delete_some(site: &Site) {
    let store = &site.store;
    let mut batch = store.batch(account(1));
    batch.shred::<Message>(sid(REDACTED));
    let found = store.scope(account(1)).get::<Message>(sid(DELETED)).await.unwrap().unwrap();
    batch.delete(&found);
    batch.unname(Name::custom("message", &DELETED.to_string()));
    store.commit(batch).await.unwrap();
    store.destroy_scope(account(2)).await.unwrap();
    for lease in take(store).await {
        let mut batch = store.batch(lease.scope);
        batch.finish(&lease);
        store.commit(batch).await.unwrap();
    }
}

async fn filled(on: On) -> Site {
    let site = Site::start(on).await;
    for number in [REDACTED, DELETED, KEPT] {
        site.write(account(1), number).await;
    }
    site.write(account(2), SHREDDED).await;
    site
}

fn contains(path: &Path, needle: &[u8]) -> bool {
    std::fs::read_dir(path).unwrap().any(|entry| {
        let path = entry.unwrap().path();
        path.is_file() && std::fs::read(path).unwrap().windows(needle.len()).any(|part| part == needle)
    })
}

async fn sealed_content(database: &Database, number: u64) -> Vec<u8> {
    match database {
        Database::Sqlite(path) => {
            let connection = rusqlite::Connection::open(path).unwrap();
            let sql = "SELECT content FROM documents WHERE sid = ?1";
            connection.query_row(sql, [sid(number).to_string()], |row| row.get(0)).unwrap()
        }
        Database::Postgres(_) => Vec::new(),
    }
}

#[test]
fn deleted_content_does_not_come_back_from_an_older_backup() {
    block_on(async {
        for on in kinds() {
            let site = filled(on).await;
            let old = site.back_up().await;
            let old_keys = site.folder.path().join("old-keys");
            std::fs::copy(&old.keys, &old_keys).unwrap();
            let redacted = sealed_content(&site.database, REDACTED).await;
            delete_some(&site).await;
            site.write(account(1), 5).await;
            let new = site.back_up().await;
            assert_eq!(old.keys, new.keys, "the newest keys replace the older ones");

            let folder = tempfile::tempdir().unwrap();
            let database = empty(on, folder.path()).await;
            let restored = site.restore(Some(old.content.clone()), database.clone()).await.unwrap();
            assert_eq!((restored.documents, restored.deleted, restored.redacted), (3, 1, 1));
            assert!(restored.ledger.is_intact());
            let store = site.open(&database).await;
            assert_eq!(body(&store, account(1), REDACTED).await, Some(None));
            assert_eq!(body(&store, account(1), DELETED).await, None);
            assert_eq!(body(&store, account(1), KEPT).await, Some(Some(text(KEPT))));
            assert_eq!(body(&store, account(1), 5).await, None, "it is newer than the content");
            assert!(store.scope(account(2)).get::<Message>(sid(SHREDDED)).await.is_err());
            for (number, is_named) in [(DELETED, false), (5, false), (KEPT, true)] {
                let found = store.locate(&Name::custom("message", &number.to_string())).await.unwrap();
                assert_eq!(found.is_some(), is_named, "{number}");
            }
            assert_eq!(do_jobs(&store).await, [text(DELETED), text(KEPT)], "what was done is not done again");
            store.close().await;
            if on == On::Sqlite {
                assert!(!redacted.is_empty() && !contains(folder.path(), &redacted), "not even sealed");
            }
            remove(&database).await;

            // The same content with the keys of its day: it is the keys that make the difference.
            std::fs::copy(&old_keys, site.folder().join(backup::KEYS_FILE)).unwrap();
            let database = empty(on, folder.path()).await;
            let restored = site.restore(None, database.clone()).await.unwrap();
            assert_eq!((restored.documents, restored.deleted, restored.redacted), (4, 0, 0));
            remove(&database).await;
            site.end().await;
        }
    });
}

#[test]
fn an_older_content_says_how_far_behind_it_is() {
    block_on(async {
        let site = filled(On::Sqlite).await;
        let old = site.back_up().await;
        delete_some(&site).await;
        let new = site.back_up().await;
        let verified =
            backup::verify(&site.folder(), Some(&old.content), site.wrapper.as_ref(), |_| ()).unwrap();
        assert_eq!(verified.ledger, old.ledger);
        assert_eq!(verified.keys_ledger, new.ledger);
        assert!(verified.content_made_at < verified.keys_made_at);
        assert!(verified.content_made_at > Timestamp::from_seconds(0));
        site.end().await;
    });
}

#[test]
fn blobs_come_back_only_for_documents_whose_keys_do() {
    block_on(async {
        let site = filled(On::Sqlite).await;
        let (blobs, key) = (site.blobs(), blobs::BlobKey::generate(&phi::SystemRandom));
        let name = blobs::BlobName::new("message", &sid(1).to_string(), &sid(1).to_string()).unwrap();
        let plain = b"a picture".repeat(20_000);
        blobs.put(name.clone(), &key, &plain).await.unwrap();
        let backup = site.back_up().await;
        assert!(!contains(&site.folder(), b"a picture"));
        assert!(!contains(&site.folder(), name.to_string().as_bytes()), "nor its name");
        backup::verify(&site.folder(), None, site.wrapper.as_ref(), |_| ()).unwrap();
        // Its document, and with it the key, is not this crate's: the blob comes back as it was, shut.
        blobs.remove(&name).await.unwrap();
        let folder = tempfile::tempdir().unwrap();
        let database = empty(On::Sqlite, folder.path()).await;
        site.restore(Some(backup.content), database.clone()).await.unwrap();
        let restored = site.restored_blobs();
        assert!(restored.open(name.clone(), &key, plain.len() as u64).whole().await.unwrap() == plain);
        let other = blobs::BlobKey::generate(&phi::SystemRandom);
        assert!(restored.open(name, &other, plain.len() as u64).whole().await.is_err());
        remove(&database).await;
        site.end().await;
    });
}
