//! What a backup holds comes back, on either kind of database, also when it was made under load.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use backup::{BackupError, Progress, Source, Target, create, restore, verify};
use data_encoding::HEXLOWER;
use phi::{Digest, LocalKey, Phi};
use store::{
    EVENT_NAME_BYTES, EventPlace, IndexValue, Name, NewEvent, Place, Scope, SetAside, Store, Subject,
};

use crate::site::{Message, Site, account, block_on, body, do_jobs, empty, kinds, remove, sid, text, write};

#[test]
fn everything_comes_back_on_either_kind_of_database() {
    block_on(async {
        for from in kinds() {
            let site = Site::start(from).await;
            for number in 1..=300 {
                site.write(account(1 + number % 2), number).await;
            }
            site.clock.advance(Duration::from_secs(1));
            site.store.rotation().rotate(site.store.clock().now(), |_| b"{}".to_vec()).await.unwrap();
            site.write(account(1), 302).await;
            let mut tree = ledger::merkle::Tree::default();
            ledger::checkpoint(&site.store, &mut tree).await.unwrap();
            let made = site.back_up().await;
            assert_eq!(verify(&site.folder(), None, site.wrapper.as_ref(), |_| ()).unwrap().documents, 301);
            for to in kinds() {
                let database = empty(to, site.folder.path()).await;
                let restored = site.restore(None, database.clone()).await.unwrap();
                assert_eq!((restored.documents, restored.deleted, restored.redacted), (301, 0, 0));
                assert_eq!(restored.ledger.entries, made.ledger.entries);
                assert_eq!(HEXLOWER.encode(&restored.ledger.root), made.ledger.root);
                assert_eq!(restored.ledger.checkpoints, 1);
                let names: Vec<_> =
                    restored.files.iter().map(|file| (file.name.as_str(), &**file.bytes)).collect();
                assert_eq!(names, [("ca.pem", &b"authority"[..])]);

                let store = site.open(&database).await;
                for number in (1..=300).chain([302]) {
                    let found = body(&store, account(1 + number % 2), number).await;
                    assert_eq!(found, Some(Some(text(number))), "{from:?} to {to:?}");
                    let name = Name::custom("message", &number.to_string());
                    let located = store.locate(&name).await.unwrap().unwrap();
                    assert_eq!((located.scope, located.sid), (account(1 + number % 2), number.to_string()));
                }
                let queued = IndexValue::Plain("queued".into());
                let newest = store.scope(account(1)).find::<Message>("status", queued).await.unwrap();
                assert_eq!(newest.unwrap().sid, sid(302));
                assert_eq!(
                    store.scope(account(1)).digest_key().await.unwrap().digest("to", b"x"),
                    site.store.scope(account(1)).digest_key().await.unwrap().digest("to", b"x"),
                );
                assert!(ledger::verify(&store).await.unwrap().is_intact());
                write(&store, account(1), 400).await;
                let done = do_jobs(&store).await;
                assert_eq!(done.len(), 302);
                let evens: Vec<_> = (1..=150).map(|n| text(2 * n)).chain([text(302), text(400)]).collect();
                let ours = done.iter().filter(|payload| evens.contains(payload));
                assert!(ours.eq(&evens), "in the old order");
                store.close().await;
                remove(&database).await;
            }
            site.end().await;
        }
    });
}

#[test]
fn a_backup_made_under_load_is_one_moment() {
    block_on(async {
        for on in kinds() {
            let site = Site::start(on).await;
            for number in 1..=500 {
                site.write(account(1), number).await;
            }
            let stop = Arc::new(AtomicBool::new(false));
            let written = Arc::new(AtomicU64::new(500));
            let writer = {
                let (store, stop, written) = (site.store.clone(), Arc::clone(&stop), Arc::clone(&written));
                tokio::spawn(async move {
                    while !stop.load(Ordering::Relaxed) {
                        let number = written.load(Ordering::Relaxed) + 1;
                        write(&store, account(1), number).await;
                        written.store(number, Ordering::Relaxed);
                    }
                })
            };
            let before = written.load(Ordering::Relaxed);
            let made = site.back_up().await;
            let after = written.load(Ordering::Relaxed);
            stop.store(true, Ordering::Relaxed);
            writer.await.unwrap();

            let database = empty(on, site.folder.path()).await;
            let restored = site.restore(None, database.clone()).await.unwrap();
            // An entry for each message, and one for the backup itself.
            assert_eq!(restored.documents, made.ledger.entries - 1, "documents and ledger are of one moment");
            assert!((before..=after + 1).contains(&restored.documents), "{before} {after}");
            let store = site.open(&database).await;
            assert_eq!(do_jobs(&store).await.len() as u64, restored.documents);
            store.close().await;
            remove(&database).await;
            site.end().await;
        }
    });
}

#[test]
fn an_older_state_is_told_by_a_root_that_is_known_from_elsewhere() {
    block_on(async {
        let site = Site::start(kinds()[0]).await;
        site.write(account(1), 1).await;
        let first = site.back_up().await;
        site.write(account(1), 2).await;
        let second = site.back_up().await;
        for (content, root, expected) in [
            (None, &second.ledger, Some(second.ledger.entries)),
            (None, &first.ledger, Some(first.ledger.entries)),
            (Some(first.content.clone()), &first.ledger, Some(first.ledger.entries)),
            (Some(first.content.clone()), &second.ledger, None),
        ] {
            let source = Source { folder: site.folder(), content, wrapper: Arc::clone(&site.wrapper) };
            let database = empty(kinds()[0], site.folder.path()).await;
            let expected_root = Some(root.root.clone());
            let clock = site.clock.clone();
            let restored = restore(source, Target { database, clock, blobs: None, expected_root }, |_| ())
                .await
                .unwrap();
            assert_eq!(restored.expected_at, expected);
            assert_eq!(restored.verified.keys_ledger, second.ledger, "the keys know the newest state");
        }
        site.end().await;
    });
}

#[test]
fn progress_ends_at_its_total_and_another_master_key_is_named() {
    block_on(async {
        let site = Site::start(kinds()[0]).await;
        for number in 1..=1_000 {
            site.write(account(1), number).await;
        }
        let (sender, seen) = std::sync::mpsc::channel();
        let to = site.folder();
        let made = create(&site.store, Arc::clone(&site.wrapper), to, Vec::new(), None, move |progress| {
            sender.send(progress).unwrap();
        });
        let made = made.await.unwrap();
        let seen: Vec<Progress> = seen.iter().collect();
        assert!(seen.len() > 10 && seen.windows(2).all(|pair| pair[0].done < pair[1].done));
        assert_eq!(seen.last(), Some(&Progress { done: made.rows, total: made.rows }));

        let other = LocalKey::generate();
        let refused = verify(&site.folder(), None, &other, |_| ());
        let wanted = site.wrapper.key_id().to_owned();
        let error = phi::WrapError::OtherMasterKey;
        assert_eq!(refused.err(), Some(BackupError::Key { wanted, error }));
        let entries = site.store.scope(Scope::SYSTEM).journal(0, 10_000).await.unwrap();
        let told = entries.iter().filter(|row| row.entry.windows(13).any(|part| part == b"create_backup"));
        assert_eq!(told.count(), 1);
        site.end().await;
    });
}

/// Appends a row of one event to the log.
async fn log(site: &Site, number: u8) {
    let mut batch = site.store.batch(account(1));
    let now = site.store.clock().now();
    let key = batch.add_subject(Subject::sid(&Digest([number; 32])), now);
    let said = Phi::new(text(u64::from(number)));
    let event = NewEvent { name: [number; EVENT_NAME_BYTES], subjects: &[&key], body: &said };
    batch.append_events("SO1", now, &[], &[event]);
    site.store.commit(batch).await.unwrap();
}

#[test]
fn consumers_of_the_log_go_on_behind_the_same_event() {
    block_on(async {
        for from in kinds() {
            let site = Site::start(from).await;
            let scope = account(1);
            log(&site, 1).await;
            // The first rows are too old and gone, so that those that come back have other numbers.
            site.clock.advance(Duration::from_secs(60));
            assert_eq!(site.store.scope(scope).expire_events(site.store.clock().now(), 10).await.unwrap(), 1);
            log(&site, 2).await;
            let now = site.store.clock().now();
            let mut batch = site.store.batch(scope);
            batch.add_consumer("DT1", "SO1", now);
            site.store.commit(batch).await.unwrap();
            log(&site, 3).await;
            let consumer = site.store.due_consumers(now, 10).await.unwrap().remove(0);
            let mut batch = site.store.batch(scope);
            let claim = batch.claim(&consumer, now, Duration::from_secs(600));
            batch.begin(&claim, Place { row: consumer.place.row + 1, skip: 0 });
            batch.count_deliveries(&claim, 1, "delivered", 5);
            batch.note_disclosure(&claim, Subject::sid(&Digest([3; 32])), "MF1", now, 2);
            site.store.commit(batch).await.unwrap();
            site.back_up().await;
            for to in kinds() {
                let database = empty(to, site.folder.path()).await;
                site.restore(None, database.clone()).await.unwrap();
                let store = site.open(&database).await;
                let scoped = store.scope(scope);
                // Nobody holds it, and what was begun is begun anew.
                let found = store.due_consumers(now, 10).await.unwrap().remove(0);
                assert_eq!(found.tried, Place::default(), "{from:?} to {to:?}");
                let behind = scoped.events("SO1", found.place.row, 10).await.unwrap();
                let names: Vec<_> = behind.iter().flat_map(|row| &row.events).map(|it| it.name[0]).collect();
                assert_eq!(names, [3], "{from:?} to {to:?}");
                assert_eq!(scoped.delivery_counts("DT1", 0..=9).await.unwrap()[0].events, 5);
                assert_eq!(scoped.disclosures(Subject::sid(&Digest([3; 32]))).await.unwrap()[0].times, 2);
                store.close().await;
                remove(&database).await;
            }
            site.end().await;
        }
    });
}

#[test]
fn what_a_consumer_set_aside_is_behind_its_place_again() {
    block_on(async {
        for from in kinds() {
            let site = Site::start(from).await;
            let scope = account(1);
            let now = site.store.clock().now();
            let mut batch = site.store.batch(scope);
            batch.add_consumer("DT1", "SO1", now);
            site.store.commit(batch).await.unwrap();
            for number in 1..=3 {
                log(&site, number).await;
            }
            let rows = site.store.scope(scope).events("SO1", 0, 10).await.unwrap();
            let consumer = site.store.due_consumers(now, 10).await.unwrap().remove(0);
            let subjects = rows[1].events[0].subjects.clone();
            let aside = SetAside {
                events: vec![EventPlace { row: rows[1].sequence, index: 0, subjects }],
                due_at: now,
                failures: 1,
                failing_since: Some(now),
                is_disclosed: true,
            };
            let mut batch = site.store.batch(scope);
            let claim = batch.claim(&consumer, now, Duration::from_secs(60));
            batch.go_on(&claim, Place { row: rows[2].sequence, skip: 0 }, now, None);
            batch.set_aside(&claim, &[aside]);
            site.store.commit(batch).await.unwrap();
            site.back_up().await;
            for to in kinds() {
                let database = empty(to, site.folder.path()).await;
                site.restore(None, database.clone()).await.unwrap();
                let store = site.open(&database).await;
                let found = store.due_consumers(now, 10).await.unwrap().remove(0);
                assert_eq!(found.aside, [], "{from:?} to {to:?}");
                let behind = store.scope(scope).events("SO1", found.place.row, 10).await.unwrap();
                let names: Vec<_> = behind.iter().flat_map(|row| &row.events).map(|it| it.name[0]).collect();
                assert_eq!(names, [2, 3], "{from:?} to {to:?}");
                store.close().await;
                remove(&database).await;
            }
            site.end().await;
        }
    });
}

/// Whether each event of the log opens.
async fn open(store: &Store) -> Vec<bool> {
    let scoped = store.scope(account(1));
    let mut open = Vec::new();
    for row in scoped.events("SO1", 0, 10).await.unwrap() {
        for event in &row.events {
            open.push(scoped.open_event::<String>("SO1", event).await.unwrap().is_some());
        }
    }
    open
}

#[test]
fn priv_suppr_2__refuses_to_bring_back_who_was_deleted_from_an_older_backup() {
    block_on(async {
        for on in kinds() {
            let site = Site::start(on).await;
            log(&site, 1).await;
            log(&site, 2).await;
            let old = site.back_up().await;
            let mut batch = site.store.batch(account(1));
            batch.forget_subject(Subject::sid(&Digest([1; 32])));
            site.store.commit(batch).await.unwrap();
            site.back_up().await;
            let database = empty(on, site.folder.path()).await;
            site.restore(Some(old.content.clone()), database.clone()).await.unwrap();
            let store = site.open(&database).await;
            assert_eq!(open(&store).await, [false, true], "{on:?}");
            store.close().await;
            remove(&database).await;
            site.end().await;
        }
    });
}
