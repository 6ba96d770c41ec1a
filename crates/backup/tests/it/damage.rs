//! A backup that is not whole is refused before anything is written, and nothing is ever overwritten.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use backup::{BackupError, KEYS_FILE, verify};
use phi::{KeyWrapper, LocalKey};
use store::Database;

use crate::site::{On, Site, account, block_on, body, kinds, remove, text};

async fn with_backup() -> (Site, backup::Created) {
    let site = Site::start(On::Sqlite).await;
    for number in 1..=200 {
        site.write(account(1), number).await;
    }
    let made = site.back_up().await;
    (site, made)
}

/// That the backup is refused, and that nothing of it is left in the target.
async fn refused(site: &Site) -> BackupError {
    let folder = tempfile::tempdir().unwrap();
    let database = Database::Sqlite(folder.path().join("new.db"));
    let error = site.restore(None, database).await.err().expect("refused");
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0, "nothing was made");
    assert_eq!(verify(&site.folder(), None, site.wrapper.as_ref(), |_| ()).err(), Some(error.clone()));
    error
}

#[test]
fn an_altered_or_shortened_backup_is_refused() {
    block_on(async {
        let (site, made) = with_backup().await;
        for path in [&made.content, &made.keys] {
            let whole = fs::read(path).unwrap();
            let length = whole.len();
            for at in [0, 9, 40, 400, length / 2, length - 1] {
                let mut altered = whole.clone();
                altered[at] ^= 1;
                fs::write(path, altered).unwrap();
                refused(&site).await;
            }
            for end in [0, 11, 300, length / 2, length - 1] {
                fs::write(path, &whole[..end]).unwrap();
                refused(&site).await;
            }
            fs::write(path, [&whole[..], b"more"].concat()).unwrap();
            refused(&site).await;
            fs::write(path, &whole).unwrap();
        }
        fs::remove_file(&made.content).unwrap();
        assert_eq!(refused(&site).await, BackupError::File(std::io::ErrorKind::NotFound));
        site.end().await;
    });
}

#[test]
fn halves_that_do_not_belong_together_are_refused() {
    block_on(async {
        let (site, first) = with_backup().await;
        let first_keys = fs::read(&first.keys).unwrap();
        let second = site.back_up().await;
        let newest_keys = fs::read(&second.keys).unwrap();

        fs::write(&second.keys, &first_keys).unwrap();
        let error = verify(&site.folder(), Some(&second.content), site.wrapper.as_ref(), |_| ()).err();
        let older = "the keys are older than the content: take the newest keys";
        assert_eq!(error, Some(BackupError::Mismatch(older)));
        fs::write(&second.keys, &newest_keys).unwrap();
        let error = verify(&site.folder(), Some(&second.keys), site.wrapper.as_ref(), |_| ()).err();
        assert_eq!(error, Some(BackupError::Mismatch("one file is the other half")));

        // The content of another database under the same master key.
        let other = Site::start(On::Sqlite).await;
        let made =
            backup::create(&other.store, Arc::clone(&site.wrapper), other.folder(), Vec::new(), None, |_| ());
        let made = made.await.unwrap();
        let error = verify(&site.folder(), Some(&made.content), site.wrapper.as_ref(), |_| ()).err();
        assert_eq!(error, Some(BackupError::Mismatch("they were made of two databases")));

        // A whole content of the right database, renamed to that of the newest backup.
        fs::copy(&first.content, &second.content).unwrap();
        assert!(matches!(refused(&site).await, BackupError::Damaged(_)));
        other.end().await;
        site.end().await;
    });
}

#[test]
fn a_target_with_anything_in_it_is_refused_and_stays_as_it_is() {
    block_on(async {
        for on in kinds() {
            let site = Site::start(on).await;
            site.write(account(1), 1).await;
            site.back_up().await;
            site.write(account(1), 2).await;
            let target = Site::start(on).await;
            target.write(account(1), 9).await;
            target.store.clone().close().await;
            let error = site.restore(None, target.database.clone()).await.err();
            assert_eq!(error, Some(BackupError::NotEmpty));
            let store = target.open(&target.database).await;
            assert_eq!(body(&store, account(1), 9).await, Some(Some(text(9))));
            store.close().await;
            remove(&target.database).await;
            site.end().await;
        }
    });
}

#[test]
fn nothing_readable_stands_in_a_backup() {
    block_on(async {
        let (site, made) = with_backup().await;
        for path in [&made.content, &made.keys] {
            let bytes = fs::read(path).unwrap();
            for needle in [
                text(7).as_bytes(),
                b"authority",
                b"queued",
                b"create_message",
                account(1).to_string().as_bytes(),
            ] {
                assert!(!bytes.windows(needle.len()).any(|part| part == needle));
            }
        }
        let leftovers = fs::read_dir(site.folder()).unwrap().count();
        assert_eq!(leftovers, 2, "nothing pending is left behind");
        site.end().await;
    });
}

#[test]
fn a_backup_that_fails_leaves_the_older_one_as_it_was() {
    block_on(async {
        let (site, made) = with_backup().await;
        let keys = fs::read(&made.keys).unwrap();
        let holder: Arc<dyn KeyWrapper> = Arc::new(Silent(LocalKey::generate()));
        let failed = backup::create(&site.store, holder, site.folder(), Vec::new(), None, |_| ()).await;
        assert!(matches!(failed.err(), Some(BackupError::Key { .. })));
        assert_eq!(fs::read(site.folder().join(KEYS_FILE)).unwrap(), keys);
        assert_eq!(fs::read_dir(site.folder()).unwrap().count(), 2);
        assert!(verify(&site.folder(), None, site.wrapper.as_ref(), |_| ()).is_ok());
        let absent: &Path = Path::new("/nonexistent/backups");
        assert!(verify(absent, None, site.wrapper.as_ref(), |_| ()).is_err());
        site.end().await;
    });
}

/// A holder that is down.
struct Silent(LocalKey);

impl KeyWrapper for Silent {
    fn key_id(&self) -> &str {
        self.0.key_id()
    }

    fn wrap(&self, _: &[u8], _: &phi::DataKey) -> Result<phi::WrappedKey, phi::WrapError> {
        Err(phi::WrapError::Unavailable("it does not answer"))
    }

    fn unwrap(&self, _: &str, _: &[u8], _: &phi::WrappedKey) -> Result<phi::DataKey, phi::WrapError> {
        Err(phi::WrapError::Unavailable("it does not answer"))
    }
}
